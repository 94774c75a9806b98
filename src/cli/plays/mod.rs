//! `passerby plays`: proof of play from the ledger.

mod output;
mod records;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use passerby_folder::durable_file::{SHARED_MODE, UnfinishedFile};
use passerby_playout::identity::device_key;
use passerby_playout::ledger::{DatedPlay, ExportError, Ledger, LedgerError};
use passerby_playout::settings::config::Config;
use passerby_playout::system::clock::SystemClock;
use passerby_protocol::toml_fields::Problem;

use crate::cli::failure::Failure;
use crate::cli::options::{ConfigFile, timestamp};
use crate::cli::plays::output::Output;
use crate::cli::plays::records::Records;
use crate::cli::unplayed;

/// Print what was played, from the ledger; also while the terminal runs
#[derive(clap::Args)]
pub(super) struct Plays {
    #[command(flatten)]
    config: ConfigFile,
    /// Only plays that began at or after this moment, such as `2026-12-01T08:00:00+08:00`; plays
    /// without a date are kept if they may have been after it. A proof starts at the nearest
    /// thousand plays before it
    #[arg(long, value_name = "RFC3339", value_parser = timestamp)]
    since: Option<Timestamp>,
    /// In which form
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// Print what is missing instead: how many plays at least, between which, and why. As JSON or
    /// CSV
    #[arg(long, conflicts_with_all = ["failed", "since", "out"])]
    gaps: bool,
    /// Print what could not be shown instead, and why. As JSON or CSV
    #[arg(long, conflicts_with_all = ["since", "out"])]
    failed: bool,
    /// Write to this file, as a whole or not at all. Default: standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Copy the whole ledger to this file instead. The device key stays here
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "format", "out", "gaps", "failed"])]
    backup: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// One JSON object a line
    Json,
    /// For spreadsheets: UTF-8 with a byte order mark and a header, and an apostrophe before what a
    /// spreadsheet would run, such as a campaign called `=1+2`
    Csv,
    /// The industry's Playout Reporting Standard 1.7 (Outsmart), CSV without a header; plays that
    /// cannot be written in this form are listed with the reason
    Outsmart,
    /// Signed by this terminal, for `passerby verify`
    Proof,
}

impl Plays {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let ledger = Ledger::open_to_read(&config.data_dir)
            .map_err(|error| Failure::Start(error.to_string()))?;
        if let Some(copy) = &self.backup {
            return back_up(&ledger, copy);
        }
        if self.gaps || self.failed {
            return self.print_unplayed(&ledger);
        }
        unplayed::tell(&ledger.gaps().map_err(unreadable)?);
        let mut out = Output::open(self.out.as_deref())?;
        let since_ms = self.since.map(Timestamp::as_millisecond);
        match self.format {
            Format::Json => each(&ledger, since_ms, |play| {
                records::json(&mut out, &ledger, play)
            })?,
            Format::Csv => {
                records::csv_head(&mut out)?;
                each(&ledger, since_ms, |play| {
                    records::csv(&mut out, &ledger, play)
                })?;
            }
            Format::Outsmart => {
                let mut records = Records::new(&config, &ledger)?;
                each(&ledger, since_ms, |play| records.write(&mut out, play))?;
                records.tell_what_is_missing();
            }
            Format::Proof => proof(&config, &ledger, since_ms, &mut out)?,
        }
        out.finish()
    }

    fn print_unplayed(&self, ledger: &Ledger) -> Result<(), Failure> {
        let is_csv = match self.format {
            Format::Json => false,
            Format::Csv => true,
            Format::Outsmart | Format::Proof => {
                return Err(Failure::Input(vec![Problem::with_file(
                    "--format",
                    "this form has plays only; use --format json or csv",
                )]));
            }
        };
        if self.gaps {
            let gaps = ledger.gaps().map_err(unreadable)?;
            unplayed::print_gaps(ledger, &gaps, is_csv)
        } else {
            let failures = ledger.failures().map_err(unreadable)?;
            unplayed::print_failures(&failures, is_csv)
        }
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "an error is told once and ends here"
)]
fn unreadable(error: LedgerError) -> Failure {
    Failure::Start(error.to_string())
}

fn each(
    ledger: &Ledger,
    since_ms: Option<i64>,
    mut write: impl FnMut(&DatedPlay) -> Result<(), Failure>,
) -> Result<(), Failure> {
    ledger
        .each_play(since_ms, |play| write(&play))
        .map_err(|error| match error {
            ExportError::Taker(failure) => failure,
            ExportError::Ledger(error) => Failure::Start(error.to_string()),
        })
}

fn proof(
    config: &Config,
    ledger: &Ledger,
    since_ms: Option<i64>,
    out: &mut Output,
) -> Result<(), Failure> {
    let key = device_key::load_or_make(&config.data_dir)
        .map_err(|error| Failure::Start(error.to_string()))?;
    let clock = SystemClock::new(config.trust_clock);
    let exported = ledger.export_proof(&config.data_dir, &key, &clock, since_ms, out);
    let exported = exported.map_err(|error| match error {
        ExportError::Taker(error) => out.failure(&error),
        ExportError::Ledger(error) => Failure::Start(error.to_string()),
    })?;
    eprintln!(
        "{} plays in {} segments, signed by device key {}",
        exported.plays,
        exported.segments,
        key.public()
    );
    for (first, last) in exported.changed {
        eprintln!(
            "plays {first} to {last} are no longer as they were when they were signed; somebody or a fault of the disk changed the ledger, and `passerby verify` will say so"
        );
    }
    Ok(())
}

/// Copies the ledger beside the file's final name, so that nobody finds half a copy under it.
fn back_up(ledger: &Ledger, copy: &Path) -> Result<(), Failure> {
    if copy.exists() {
        return Err(Failure::Input(vec![Problem::with_file(
            copy.display().to_string(),
            "there is a file of this name; choose another, or remove it first",
        )]));
    }
    let copied = UnfinishedFile::create(copy, SHARED_MODE)
        .map_err(|error| error.to_string())
        .and_then(|unfinished| {
            let plays = ledger.back_up(unfinished.temporary_path());
            let plays = plays.map_err(|error| error.to_string())?;
            unfinished.finish_new().map_err(|error| error.to_string())?;
            Ok(plays)
        });
    match copied {
        Ok(plays) => {
            eprintln!(
                "{}: ledger {} with {plays} plays up to {}",
                copy.display(),
                ledger.epoch(),
                ledger.last_seq()
            );
            Ok(())
        }
        Err(reason) => Err(Failure::Start(format!(
            "{}: the copy cannot be written: {reason}; choose a folder that exists, on a disk with room",
            copy.display()
        ))),
    }
}
