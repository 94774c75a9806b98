//! `passerby timeline`: what will air, if nothing interferes.

use std::sync::Arc;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use passerby_playout::content::cache::Cache;
use passerby_playout::content::catalog;
use passerby_playout::content::catalog::{Catalog, LocalContent};
use passerby_playout::hub_link;
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_playout::schedule::live_context::{Facts, LiveContext};
use passerby_playout::schedule::timeline;
use passerby_playout::schedule::timeline::Slot;
use passerby_playout::settings::config::Config;
use passerby_playout::system::clock::Moment;
use passerby_protocol::foreign;

use crate::cli::failure::Failure;
use crate::cli::json_output::print_json_line;
use crate::cli::options::{ConfigFile, timestamp};

/// Longest span, so that a slip of the finger does not print for a day.
const SPAN_DAYS_MAX: i64 = 31;

/// Print what will air, and why
///
/// It warns of content that can never air, of goals that will be missed and of hours with the house
/// creative alone.
#[derive(clap::Args)]
pub(super) struct TimelineCommand {
    #[command(flatten)]
    config: ConfigFile,
    /// From when on, such as `2026-12-01T08:00:00+08:00`. Default: now
    #[arg(long, value_name = "RFC3339", value_parser = timestamp)]
    from: Option<Timestamp>,
    #[arg(long = "for", value_name = "SPAN", value_parser = span, default_value = "1h",
        help = format!("For how long, such as `90m`, `24h`, `7d` or `2w`; at most `{SPAN_DAYS_MAX}d`"))]
    span: SignedDuration,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Print a picture, as an SVG document: one row for each zone, one colour for each campaign
    #[arg(long, conflicts_with = "json")]
    svg: bool,
}

fn span(text: &str) -> Result<SignedDuration, String> {
    let span: Option<Span> = text.trim().parse().ok();
    // A day here is 24 hours, whatever the clock does meanwhile. Months and years have no length of
    // their own.
    let span = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let longest = SignedDuration::from_hours(SPAN_DAYS_MAX * 24);
    span.filter(|span| span.is_positive() && *span <= longest)
        .ok_or_else(|| format!("use a span such as 90m, 24h, 7d or 2w, at most {SPAN_DAYS_MAX}d"))
}

impl TimelineCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let from = self.from.unwrap_or_else(Timestamp::now);
        let catalog = catalog_of(&config, from)?;
        let ledger = Ledger::open_to_read(&config.data_dir).ok();
        let history = |zone: &str| {
            let ledger = ledger.as_ref();
            ledger.and_then(|ledger| ledger.history(zone).ok())
        };
        let zones = config.layout.names().map(|zone| {
            let history = history(zone).unwrap_or_default();
            (zone.to_owned(), history)
        });
        let airings = ledger.as_ref().and_then(|ledger| ledger.airings().ok());
        let start = Moment {
            boot: "timeline".into(),
            boot_ms: 0,
            wall_ms: Some(from.as_millisecond()),
        };
        let mut ahead = timeline::Timeline::new(
            &config.rules(),
            &catalog,
            zones,
            airings.unwrap_or_default(),
            facts_of(&config, &start),
            &start,
        );
        let span_ms = u64::try_from(self.span.as_millis()).unwrap_or(u64::MAX);
        let slots: Vec<Slot> = ahead
            .by_ref()
            .take_while(|slot| slot.start.boot_ms < span_ms)
            .collect();
        for warning in timeline::warnings(&ahead, from, span_ms, &slots) {
            eprintln!("passerby: {warning}");
        }
        if self.svg {
            print!("{}", timeline::svg(&slots, &config.time_zone));
            return Ok(());
        }
        let has_zones = config.layout.names().count() > 1;
        slots
            .iter()
            .try_for_each(|slot| self.print(slot, has_zones))
    }

    fn print(&self, slot: &Slot, has_zones: bool) -> Result<(), Failure> {
        if self.json {
            return print_json_line(&record(slot));
        }
        println!("{}", line(slot, has_zones));
        Ok(())
    }
}

/// A slot for programs.
fn record(slot: &Slot) -> serde_json::Value {
    let item = slot.item.as_ref();
    serde_json::json!({
        "start": at(&slot.start),
        "end": at(&slot.start.plus_ms(slot.length_ms)),
        "zone": slot.zone,
        "campaign": item.map_or("", |item| &item.campaign),
        "placement": item.map(|item| item.placement),
        "creative": item.map_or("house", |item| &item.creative),
        "file": item.map(|item| &item.file),
        "class": item.map(|item| item.class.word()),
        "reason": slot.reason,
    })
}

/// A slot for people.
fn line(slot: &Slot, has_zones: bool) -> String {
    let zone = if has_zones {
        format!("{}  ", slot.zone)
    } else {
        String::new()
    };
    let what = slot
        .item
        .as_ref()
        .map(|item| format!("{}  {}", item.campaign, item.file))
        .unwrap_or_default();
    let what = foreign::escaped(&what);
    format!("{}  {zone}{what}  {}", at(&slot.start), slot.reason)
}

fn at(moment: &Moment) -> String {
    moment
        .wall_ms
        .and_then(|wall| Timestamp::from_millisecond(wall).ok())
        .map(|at| at.to_string())
        .unwrap_or_default()
}

/// What the screen knows of scans. Readings and triggers are nobody's to foresee.
fn facts_of(config: &Config, start: &Moment) -> Arc<Facts> {
    let context = LiveContext::default();
    if let Ok(Some(enrolment)) = Enrolment::load(&config.data_dir)
        && let Some(kept) = hub_link::kept_tallies(&config.data_dir, enrolment.credentials.screen)
        && let Err(error) = context.learn_scans(&kept)
    {
        eprintln!("passerby: the hub's counts of scans are not taken: {error}");
    }
    context.facts(start)
}

fn catalog_of(config: &Config, from: Timestamp) -> Result<Catalog, Failure> {
    let (mut catalog, mut problems) = (Catalog::new(), Vec::new());
    for folder in &config.folders {
        let content = LocalContent::read(folder);
        catalog.extend(content.catalog);
        problems.extend(content.problems);
    }
    if !problems.is_empty() {
        return Err(Failure::Input(problems));
    }
    if let Ok(Some(enrolment)) = Enrolment::load(&config.data_dir) {
        let cache = Cache::new(&config.data_dir);
        let kept = hub_link::kept_content(
            &config.data_dir,
            &enrolment,
            &cache,
            0,
            Some(from.as_millisecond()),
        );
        catalog.extend(
            kept.map(|content| catalog::of_hub(&content, &cache))
                .unwrap_or_default(),
        );
    }
    catalog::interleave(&mut catalog);
    Ok(catalog)
}

#[cfg(test)]
mod tests {
    use passerby_playout::schedule::rotation::Class;
    use passerby_playout::schedule::timeline::SlotItem;

    use super::*;

    #[test]
    fn each_line_names_the_file_that_airs() {
        let slot = |file: &str| Slot {
            zone: "main".to_owned(),
            start: Moment {
                boot: "timeline".into(),
                boot_ms: 0,
                wall_ms: Some(1_800_000_000_000),
            },
            length_ms: 10_000,
            item: Some(SlotItem {
                campaign: "shop".to_owned(),
                placement: 0,
                creative: "d1".to_owned(),
                file: file.to_owned(),
                class: Class::Scheduled,
            }),
            reason: "its turn".to_owned(),
        };
        let begin = "2027-01-15T08:00:00Z";
        assert_eq!(
            line(&slot("a.png"), false),
            format!("{begin}  shop  a.png  its turn")
        );
        assert_eq!(
            line(&slot("b\u{202e}gnp"), true),
            format!("{begin}  main  shop  b{}  its turn", "\\u{202e}gnp")
        );
        assert_eq!(record(&slot("a.png"))["file"], "a.png");
        assert_eq!(record(&slot("a.png"))["creative"], "d1");
        let house = Slot {
            item: None,
            ..slot("")
        };
        assert!(record(&house)["file"].is_null());
    }

    #[test]
    fn spans_may_be_in_days_and_weeks_and_other_ones_are_refused_in_plain_words() {
        for (text, hours) in [
            ("24h", 24),
            ("31d", 744),
            ("2w", 336),
            ("1d 12h", 36),
            ("P1D", 24),
        ] {
            assert_eq!(span(text), Ok(SignedDuration::from_hours(hours)), "{text}");
        }
        for text in [
            "32d", "745h", "31d 1ms", "5w", "1mo", "1y", "0h", "-1d", "soon", "",
        ] {
            let refused = span(text).expect_err(text);
            assert_eq!(
                refused,
                "use a span such as 90m, 24h, 7d or 2w, at most 31d"
            );
        }
    }
}
