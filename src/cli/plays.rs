//! `passerby plays`: proof of play from the ledger.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use passerby_playout::catalog::{self, Catalog};
use passerby_playout::config::Config;
use passerby_playout::credentials::Enrolment;
use passerby_playout::ledger::{DatedPlay, Ledger, LedgerError};
use passerby_playout::outsmart::{Frame, Unreported};
use passerby_protocol::toml_fields::Problem;

use super::unplayed;
use super::{ConfigFile, Failure, print_json_line, timestamp};

/// Print proof of play from the ledger.
#[derive(clap::Args)]
pub(super) struct Plays {
    #[command(flatten)]
    config: ConfigFile,
    /// Only plays that began at or after this moment, or may have: a play without a date is left out when a dated play that
    /// came later shows that it was before.
    #[arg(long, value_name = "RFC3339", value_parser = timestamp)]
    since: Option<Timestamp>,
    /// One JSON object a line; CSV with a header; or Outsmart's Playout Reporting Standard 1.7, CSV without one.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// Print what is missing instead: how many plays are in no row at least, between which, and why. Not for outsmart.
    #[arg(long, conflicts_with_all = ["failed", "since"])]
    gaps: bool,
    /// Print what could not be shown instead, and why. Not for outsmart.
    #[arg(long, conflicts_with = "since")]
    failed: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Json,
    Csv,
    Outsmart,
}

impl Plays {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let ledger = Ledger::open_to_read(&config.data_dir)
            .map_err(|error| Failure::Start(error.to_string()))?;
        let unreadable = |error: LedgerError| Failure::Start(error.to_string());
        let is_csv = match self.format {
            Format::Json => false,
            Format::Csv => true,
            Format::Outsmart if self.gaps || self.failed => {
                return Err(Failure::Input(vec![Problem::with_file(
                    "--format outsmart",
                    "the standard has plays only; use --format json or csv",
                )]));
            }
            Format::Outsmart => false,
        };
        let gaps = ledger.gaps().map_err(unreadable)?;
        if self.gaps {
            return unplayed::print_gaps(&ledger, &gaps, is_csv);
        }
        if self.failed {
            let failures = ledger.failures().map_err(unreadable)?;
            return unplayed::print_failures(&failures, is_csv);
        }
        unplayed::tell(&gaps);
        let since_ms = self.since.map(Timestamp::as_millisecond);
        let plays = ledger
            .plays_since(since_ms)
            .map_err(|error| Failure::Start(error.to_string()))?;
        let epoch = ledger.epoch().to_string();
        match self.format {
            Format::Json => plays
                .iter()
                .try_for_each(|play| print_json_line(&json(&epoch, play))),
            Format::Csv => csv(&epoch, &plays).map_err(unwritable),
            Format::Outsmart => outsmart(&config, &ledger, &plays),
        }
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "an error is told once and ends here"
)]
pub(super) fn unwritable(error: std::io::Error) -> Failure {
    Failure::Start(format!("standard output cannot be written: {error}"))
}

/// Prints the records that can be made, and says which plays have none, and why.
fn outsmart(config: &Config, ledger: &Ledger, plays: &[DatedPlay]) -> Result<(), Failure> {
    let Some(id) = config.frame else {
        return Err(Failure::Input(vec![Problem::with_file(
            "kiosk.toml",
            "screen.frame is missing, and each record names it; add frame = the screen's number in SPACE",
        )]));
    };
    let enrolment = Enrolment::load(&config.data_dir).ok().flatten();
    let items = known_items(config, enrolment.as_ref());
    let frame = Frame {
        id,
        time_zone: config.time_zone.clone(),
        player: enrolment
            .map(|enrolment| format!("screen {}", enrolment.credentials.screen))
            .unwrap_or_default(),
        epoch: ledger.epoch(),
    };
    let mut out = std::io::stdout().lock();
    let mut unreported: BTreeMap<Unreported, usize> = BTreeMap::new();
    for dated in plays {
        let content = &dated.play.content;
        let item = items.iter().find(|item| {
            item.assignment == content.assignment
                && item.creative == content.creative
                && item.campaign_id.as_str() == content.campaign
        });
        match frame.record(dated, item) {
            Ok(record) => out.write_all(record.as_bytes()).map_err(unwritable)?,
            Err(why) => *unreported.entry(why).or_default() += 1,
        }
    }
    for (why, count) in unreported {
        eprintln!("{count} plays are not among them: {why}");
    }
    Ok(())
}

/// What this screen could air, local and from the hub.
fn known_items(config: &Config, enrolment: Option<&Enrolment>) -> Catalog {
    let local = config
        .folders
        .iter()
        .map(|folder| catalog::read_folder(folder));
    let mut items: Catalog = local.flat_map(|(items, _)| items).collect();
    if let Some(enrolment) = enrolment {
        items.extend(super::of_hub(&config.data_dir, enrolment));
    }
    items
}

fn json(epoch: &str, dated: &DatedPlay) -> serde_json::Value {
    let play = &dated.play;
    serde_json::json!({
        "epoch": epoch,
        "seq": play.seq,
        "play": play.number.get(),
        "campaign": play.content.campaign,
        "creative": play.content.creative.to_string(),
        "assignment": play.content.assignment.get(),
        "start": start(dated),
        "not_before": not_before(dated),
        "not_after": not_after(dated),
        "visible_ms": play.visible_ms,
        "outcome": play.outcome.word(),
        "display": play.display.word(),
    })
}

fn csv(epoch: &str, plays: &[DatedPlay]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "epoch,seq,play,campaign,creative,assignment,start,visible_ms,outcome,display,not_before,not_after"
    )?;
    for dated in plays {
        let play = &dated.play;
        // RFC 4180: a field with a comma or a quote stands in quotes, quotes are doubled.
        let campaign = format!("\"{}\"", play.content.campaign.replace('"', "\"\""));
        let (creative, assignment) = (play.content.creative, play.content.assignment);
        let start = start(dated).unwrap_or_default();
        let not_before = not_before(dated).unwrap_or_default();
        let not_after = not_after(dated).unwrap_or_default();
        let (seq, number, visible_ms) = (play.seq, play.number, play.visible_ms);
        let (outcome, display) = (play.outcome.word(), play.display.word());
        writeln!(
            out,
            "{epoch},{seq},{number},{campaign},{creative},{assignment},{start},{visible_ms},{outcome},{display},{not_before},{not_after}"
        )?;
    }
    Ok(())
}

fn start(dated: &DatedPlay) -> Option<String> {
    written(dated.wall_ms)
}

fn not_before(dated: &DatedPlay) -> Option<String> {
    written(dated.between.not_before_ms)
}

fn not_after(dated: &DatedPlay) -> Option<String> {
    written(dated.between.not_after_ms)
}

fn written(wall_ms: Option<i64>) -> Option<String> {
    let at = Timestamp::from_millisecond(wall_ms?).ok()?;
    Some(at.to_string())
}
