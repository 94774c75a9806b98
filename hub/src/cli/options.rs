//! Options that several commands have, and what they come to.

use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use passerby_protocol::foreign;
use passerby_protocol::limits::LINE_CHARS_MAX;

use crate::Hub;
use crate::blobs::BucketAddress;
use crate::cli::failure::Failure;
use crate::hub::Places;

/// The database's address, which holds a password that nobody should see in a list of processes.
pub(crate) const DATABASE_VARIABLE: &str = "PASSERBY_HUB_DATABASE";

/// Where the files of creatives are.
pub(crate) const BLOBS_VARIABLE: &str = "PASSERBY_HUB_BLOBS";

/// Names folders by absolute paths, for processes that work elsewhere.
pub(super) fn whole_paths(folders: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    folders.iter().map(std::path::absolute).collect()
}

#[derive(Args)]
pub(crate) struct Data {
    /// The hub's data folder; `serve`, `screen add` and `publish` make it, and begin a new hub,
    /// where there is none
    #[arg(long = "data", value_name = "DIR", default_value = "hub-data")]
    folder: PathBuf,
    /// Keep everything but keys and files in a database of PostgreSQL, 15 or newer, such as
    /// `postgres://hub:secret@db.example/hub`. Default: in the file `hub.db` of the data folder
    #[arg(
        long,
        value_name = "URL",
        env = DATABASE_VARIABLE,
        hide_env = true,
        hide_env_values = true
    )]
    database: Option<String>,
    /// Keep the files of creatives in a store that speaks S3, such as `s3://BUCKET/PREFIX`. Where
    /// it is, and the key to it, say the variables `AWS_…`. Default: in the folder `blobs` of the
    /// data folder
    #[arg(long, value_name = "S3-URL", env = BLOBS_VARIABLE, hide_env = true)]
    blobs: Option<BucketAddress>,
}

#[derive(Args)]
pub(crate) struct Output {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Data {
    /// Opens the folder of a hub that there is.
    pub(super) fn open(&self) -> Result<Hub, Failure> {
        Ok(Hub::open_existing(&self.folder, self.places())?)
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What of the hub is not in the folder.
    pub(super) fn places(&self) -> Places<'_> {
        Places {
            database: self.database.as_deref(),
            blobs: self.blobs.as_ref(),
        }
    }

    /// Opens the folder, and begins a new hub where there is none.
    pub(super) fn open_or_begin(&self) -> Result<Hub, Failure> {
        Ok(Hub::open_at(&self.folder, self.places())?)
    }
}

impl Output {
    /// The form of JSON.
    pub(super) const fn json() -> Self {
        Self { json: true }
    }

    /// Prints what a command found, in the form that was asked for.
    ///
    /// # Errors
    /// Standard output takes it not. What the command did is done.
    pub(super) fn print(&self, json: &serde_json::Value, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        let written = if self.json {
            writeln!(out, "{json}")
        } else {
            out.write_all(text.as_bytes())
        };
        match written.and_then(|()| out.flush()) {
            // Whoever closed the pipe has read enough.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Unprinted(error)),
            _ => Ok(()),
        }
    }
}

/// Says how many there are of something whose name takes an s: "1 scan", "2 scans".
pub(super) fn counted(count: u64, one: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {one}{s}")
}

/// Reads the name of a screen or the like.
pub(super) fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let fits = (1..=LINE_CHARS_MAX).contains(&name.chars().count());
    if fits && !foreign::has_hidden(name) {
        Ok(name.to_owned())
    } else {
        Err(format!(
            "use a name of 1 to {LINE_CHARS_MAX} characters, all of which can be seen"
        ))
    }
}
