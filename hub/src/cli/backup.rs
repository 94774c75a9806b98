//! `backup`, `restore`, `move` and `move-blobs`.

use std::path::PathBuf;

use clap::Args;
use passerby_protocol::foreign;
use serde_json::json;

use crate::backup;
use crate::backup::{BackupError, Creatives};
use crate::blobs::BlobsAddress;
use crate::cli::failure::Failure;
use crate::cli::options::{BLOBS_VARIABLE, DATABASE_VARIABLE, Data, Output, counted};
use crate::system::clock;

/// Where a backup goes.
#[derive(Args)]
pub(super) struct Backup {
    /// The folder of the backup
    #[arg(value_name = "DIR")]
    backup: PathBuf,
    /// Leave the files of creatives in their store (`--blobs`), which must then keep them for as
    /// long as this backup is to be of use
    #[arg(long)]
    without_creatives: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

/// Where a backup comes from.
#[derive(Args)]
pub(super) struct Restore {
    /// The folder of the backup
    #[arg(value_name = "DIR")]
    backup: PathBuf,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

/// From where to where the files of creatives move.
#[derive(Args)]
pub(super) struct MoveBlobs {
    /// Where they are: a folder, such as `hub-data/blobs`, or `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "PLACE")]
    from: BlobsAddress,
    /// Where they go: a folder, or `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "PLACE")]
    to: BlobsAddress,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

/// From where to where a database moves.
#[derive(Args)]
pub(super) struct Move {
    /// The data folder whose `hub.db` is moved
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// An empty database of PostgreSQL, 15 or newer, such as
    /// `postgres://hub:secret@db.example/hub`
    #[arg(
        long,
        value_name = "URL",
        env = DATABASE_VARIABLE,
        hide_env = true,
        hide_env_values = true
    )]
    to: String,
    #[command(flatten)]
    output: Output,
}

/// Makes a backup.
pub(super) fn make(
    Backup {
        backup: folder,
        without_creatives,
        output,
        data,
    }: &Backup,
) -> Result<(), Failure> {
    let hub = data.open()?;
    let (creatives, where_they_are) = match without_creatives {
        false => (Creatives::Within, ""),
        true => (Creatives::InStore, ", which stay in their store"),
    };
    let made = backup::make(&hub, data.folder(), folder, creatives, clock::now_ms())?;
    let text = format!(
        "{}: {}, of these {} and {}; {}, {} MB{where_they_are}; and the keys: keep it where nobody else reads it\n",
        folder.display(),
        counted(made.rows, "row"),
        counted(made.plays, "play"),
        counted(made.scans, "scan"),
        counted(made.creatives as u64, "creative"),
        made.creatives_bytes / 1_000_000,
    );
    output.print(&json!({ "backup": folder, "made": made }), &text)?;
    Ok(())
}

/// Makes a hub of a backup.
pub(super) fn restore(
    Restore {
        backup: folder,
        output,
        data,
    }: &Restore,
) -> Result<(), Failure> {
    let restored = backup::restore(folder, data.folder(), data.places())?;
    let text = format!(
        "{} has the hub as it was at {}: {}, {}, {}. Start it with `passerby-hub serve`; \
         retire again what was retired since\n",
        data.folder().display(),
        clock::rfc3339(restored.made_ms),
        counted(restored.plays, "play"),
        counted(restored.scans, "scan"),
        counted(restored.creatives as u64, "creative"),
    );
    output.print(&json!({ "restored": restored }), &text)?;
    Ok(())
}

/// Moves a database.
pub(super) fn move_to_server(Move { from, to, output }: &Move) -> Result<(), Failure> {
    let mut say = |text: &str| eprintln!("{}", foreign::plain(text));
    let moved = backup::move_to_server(from, to, &mut say)?;
    let rows: u64 = moved.tables.iter().map(|table| table.rows).sum();
    let text = format!(
        "the database of {} is in PostgreSQL, {rows} rows, the same on both sides. Start the hub anew with --database, or with {DATABASE_VARIABLE} set; what was hub.db is hub.db.moved\n",
        from.display()
    );
    output.print(&json!({ "moved": moved }), &text)?;
    Ok(())
}

/// Moves the files of creatives.
pub(super) fn move_blobs(
    MoveBlobs {
        from,
        to,
        output,
        data,
    }: &MoveBlobs,
) -> Result<(), Failure> {
    let mut say = |text: &str| eprintln!("{}", foreign::plain(text));
    let (folder, database) = (data.folder(), data.places().database);
    let moved = backup::move_blobs(folder, database, from, to, &mut say)?;
    let next = match (to, moved.is_settled) {
        (BlobsAddress::Bucket(_), true) => {
            format!("Start the hub anew with --blobs {to}, or with {BLOBS_VARIABLE} set")
        }
        (BlobsAddress::Folder(_), true) => {
            format!("Start the hub anew without --blobs and {BLOBS_VARIABLE}")
        }
        (_, false) => "It is a copy: the hub keeps its creatives where they were".to_owned(),
    };
    let text = format!(
        "{} creatives are in {to}, of these {} that campaigns name; {} were copied now, {} MB, and all were compared with their digests. {next}; nothing was deleted\n",
        moved.creatives,
        moved.named,
        moved.copied,
        moved.copied_bytes / 1_000_000,
    );
    output.print(&json!({ "moved": moved }), &text)?;
    Ok(())
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::File { .. }
            | BackupError::Keys(_)
            | BackupError::Blobs(_)
            | BackupError::Open(_)
            | BackupError::Place(_)
            | BackupError::Store(_)
            | BackupError::NoHub(_)
            | BackupError::FileInUse(_) => Self::Start(error.to_string()),
            BackupError::Damaged(problems) => Self::Input(problems),
            refused => Self::Input(vec![refused.to_string()]),
        }
    }
}
