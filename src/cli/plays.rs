//! `passerby plays`: proof of play from the ledger.

use std::io::Write;

use jiff::Timestamp;
use passerby_playout::ledger::{DatedPlay, Ledger};

use super::{ConfigFile, Failure, print_json_line, timestamp};

/// Print proof of play from the ledger.
#[derive(clap::Args)]
pub(super) struct Plays {
    #[command(flatten)]
    config: ConfigFile,
    /// Only plays that began at or after this moment; plays without a date are left out then.
    #[arg(long, value_name = "RFC3339", value_parser = timestamp)]
    since: Option<Timestamp>,
    /// One JSON object a line, or CSV with a header.
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Json,
    Csv,
}

impl Plays {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let ledger = Ledger::open_to_read(&config.data_dir)
            .map_err(|error| Failure::Start(error.to_string()))?;
        let since_ms = self.since.map(Timestamp::as_millisecond);
        let plays = ledger
            .plays_since(since_ms)
            .map_err(|error| Failure::Start(error.to_string()))?;
        let epoch = ledger.epoch().to_string();
        match self.format {
            Format::Json => plays
                .iter()
                .try_for_each(|play| print_json_line(&json(&epoch, play))),
            Format::Csv => csv(&epoch, &plays).map_err(|error| {
                Failure::Start(format!("standard output cannot be written: {error}"))
            }),
        }
    }
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
        "visible_ms": play.visible_ms,
        "outcome": play.outcome.word(),
    })
}

fn csv(epoch: &str, plays: &[DatedPlay]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "epoch,seq,play,campaign,creative,assignment,start,visible_ms,outcome"
    )?;
    for dated in plays {
        let play = &dated.play;
        // RFC 4180: a field with a comma or a quote stands in quotes, quotes are doubled.
        let campaign = format!("\"{}\"", play.content.campaign.replace('"', "\"\""));
        let (creative, assignment) = (play.content.creative, play.content.assignment);
        let start = start(dated).unwrap_or_default();
        let (seq, number, visible_ms, outcome) =
            (play.seq, play.number, play.visible_ms, play.outcome.word());
        writeln!(
            out,
            "{epoch},{seq},{number},{campaign},{creative},{assignment},{start},{visible_ms},{outcome}"
        )?;
    }
    Ok(())
}

fn start(dated: &DatedPlay) -> Option<String> {
    Timestamp::from_millisecond(dated.wall_ms?)
        .ok()
        .map(|start| start.to_string())
}
