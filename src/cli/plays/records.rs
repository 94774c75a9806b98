//! The forms in which a play is written, each one at a time.

use std::collections::BTreeMap;
use std::io::Write;

use jiff::Timestamp;
use passerby_playout::content::catalog::{Catalog, LocalContent};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::outsmart::{Frame, Unreported};
use passerby_playout::ledger::{DatedPlay, Ledger};
use passerby_playout::settings::config::Config;
use passerby_protocol::csv::{self, Cell};
use passerby_protocol::file_names;
use passerby_protocol::toml_fields::Problem;

use crate::cli::failure::Failure;
use crate::cli::hub_content::of_hub;
use crate::cli::json_output::json_line;
use crate::cli::plays::output::Output;

/// Outsmart's records, and why some plays have none.
pub(super) struct Records {
    frame: Frame,
    items: Catalog,
    unreported: BTreeMap<Unreported, usize>,
}

impl Records {
    pub(super) fn new(config: &Config, ledger: &Ledger) -> Result<Self, Failure> {
        let Some(id) = config.frame else {
            return Err(Failure::Input(vec![Problem::with_file(
                "kiosk.toml",
                "screen.frame is missing, and each record names it; add frame = the screen's number in SPACE",
            )]));
        };
        let enrolment = Enrolment::load(&config.data_dir).ok().flatten();
        Ok(Self {
            items: known_items(config, enrolment.as_ref()),
            frame: Frame {
                id,
                time_zone: config.time_zone.clone(),
                player: enrolment
                    .map(|enrolment| format!("screen {}", enrolment.credentials.screen))
                    .unwrap_or_default(),
                epoch: ledger.epoch(),
            },
            unreported: BTreeMap::new(),
        })
    }

    /// Writes the play's record if it can have one.
    pub(super) fn write(&mut self, out: &mut Output, dated: &DatedPlay) -> Result<(), Failure> {
        let content = &dated.play.content;
        let item = self.items.iter().find(|item| {
            item.assignment == content.assignment
                && item.creative == content.creative
                && file_names::is_same(item.campaign_id.as_str(), &content.campaign)
        });
        match self.frame.record(dated, item) {
            Ok(record) => write(out, &record),
            Err(why) => {
                *self.unreported.entry(why).or_default() += 1;
                Ok(())
            }
        }
    }

    /// Says which plays have no record, and why.
    pub(super) fn tell_what_is_missing(&self) {
        for (why, count) in &self.unreported {
            eprintln!("{count} plays are not among them: {why}");
        }
    }
}

/// What this screen could air, local and from the hub.
fn known_items(config: &Config, enrolment: Option<&Enrolment>) -> Catalog {
    let local = config
        .folders
        .iter()
        .map(|folder| LocalContent::read(folder));
    let mut items: Catalog = local.flat_map(|content| content.catalog).collect();
    if let Some(enrolment) = enrolment {
        items.extend(of_hub(&config.data_dir, enrolment));
    }
    items
}

pub(super) fn json(out: &mut Output, ledger: &Ledger, dated: &DatedPlay) -> Result<(), Failure> {
    let play = &dated.play;
    let value = serde_json::json!({
        "epoch": ledger.epoch().to_string(),
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
    });
    write(out, &format!("{}\n", json_line(&value)))
}

pub(super) fn csv_head(out: &mut Output) -> Result<(), Failure> {
    let names = [
        "epoch",
        "seq",
        "play",
        "campaign",
        "creative",
        "assignment",
        "start",
        "visible_ms",
        "outcome",
        "display",
        "not_before",
        "not_after",
    ];
    write(out, &csv::head(&names))
}

pub(super) fn csv(out: &mut Output, ledger: &Ledger, dated: &DatedPlay) -> Result<(), Failure> {
    let play = &dated.play;
    let row = csv::row(&[
        Cell::Text(&ledger.epoch().to_string()),
        Cell::Number(play.seq),
        Cell::Number(play.number.get().into()),
        Cell::Text(&play.content.campaign),
        Cell::Text(&play.content.creative.to_string()),
        Cell::Number(play.content.assignment.get().into()),
        Cell::Text(&start(dated).unwrap_or_default()),
        Cell::Number(play.visible_ms),
        Cell::Text(play.outcome.word()),
        Cell::Text(play.display.word()),
        Cell::Text(&not_before(dated).unwrap_or_default()),
        Cell::Text(&not_after(dated).unwrap_or_default()),
    ]);
    write(out, &row)
}

fn write(out: &mut Output, text: &str) -> Result<(), Failure> {
    out.write_all(text.as_bytes())
        .map_err(|error| out.failure(&error))
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
