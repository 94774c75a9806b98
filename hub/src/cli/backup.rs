//! `backup`, `restore` and `move`.

use std::path::PathBuf;

use clap::Args;
use passerby_protocol::foreign;
use serde_json::json;

use crate::backup;
use crate::backup::BackupError;
use crate::cli::failure::Failure;
use crate::cli::options::{DATABASE_VARIABLE, Data, Output};
use crate::system::clock;

/// Where a backup goes, or comes from.
#[derive(Args)]
pub(super) struct Backup {
    /// The folder of the backup
    #[arg(value_name = "DIR")]
    backup: PathBuf,
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
        output,
        data,
    }: &Backup,
) -> Result<(), Failure> {
    let hub = data.open()?;
    let made = backup::make(&hub, data.folder(), folder, clock::now_ms())?;
    let text = format!(
        "{}: {} rows, of these {} plays and {} scans; {} creatives, {} MB; and the keys: keep it where nobody else reads it\n",
        folder.display(),
        made.rows,
        made.plays,
        made.scans,
        made.creatives,
        made.creatives_bytes / 1_000_000,
    );
    output.print(&json!({ "backup": folder, "made": made }), &text);
    Ok(())
}

/// Makes a hub of a backup.
pub(super) fn restore(
    Backup {
        backup: folder,
        output,
        data,
    }: &Backup,
) -> Result<(), Failure> {
    let restored = backup::restore(folder, data.folder(), data.database())?;
    let text = format!(
        "{} has the hub as it was at {}: {} plays, {} scans, {} creatives. Start it with `passerby-hub serve`; \
         retire again what was retired since\n",
        data.folder().display(),
        clock::rfc3339(restored.made_ms),
        restored.plays,
        restored.scans,
        restored.creatives,
    );
    output.print(&json!({ "restored": restored }), &text);
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
    output.print(&json!({ "moved": moved }), &text);
    Ok(())
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::File { .. }
            | BackupError::Keys(_)
            | BackupError::Store(_)
            | BackupError::NoHub(_)
            | BackupError::FileInUse(_) => Self::Start(error.to_string()),
            BackupError::Damaged(problems) => Self::Input(problems),
            refused => Self::Input(vec![refused.to_string()]),
        }
    }
}
