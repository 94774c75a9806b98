//! `passerby timeline`: what will air, if nothing interferes.

use jiff::{SignedDuration, Timestamp};
use passerby_playout::cache::Cache;
use passerby_playout::catalog::{self, Catalog};
use passerby_playout::clock::Moment;
use passerby_playout::config::Config;
use passerby_playout::credentials::Enrolment;
use passerby_playout::fairness::FairShare;
use passerby_playout::ledger::Ledger;
use passerby_playout::rotation::{Decision, Rules};
use passerby_playout::uplink;

use super::{ConfigFile, Failure, print_json_line, timestamp};

/// Longest span, so that a slip of the finger does not print for a day.
const SPAN_HOURS_MAX: i64 = 31 * 24;
/// How long a house creative stands in a timeline when nothing is known to end it.
const HOUSE_MS: u64 = 3_600_000;

/// Print what will air.
#[derive(clap::Args)]
pub(super) struct Timeline {
    #[command(flatten)]
    config: ConfigFile,
    /// From when on; now, when absent.
    #[arg(long, value_name = "RFC3339", value_parser = timestamp)]
    from: Option<Timestamp>,
    /// For how long, such as 24h; at most 31 days.
    #[arg(long = "for", value_name = "SPAN", value_parser = span, default_value = "1h")]
    span: SignedDuration,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

fn span(text: &str) -> Result<SignedDuration, String> {
    let span: SignedDuration = text
        .parse()
        .map_err(|error| format!("{error}; use a span such as 24h or 90m"))?;
    if span.is_positive() && span.as_hours() <= SPAN_HOURS_MAX {
        Ok(span)
    } else {
        Err("use a span from 1s to 744h".to_owned())
    }
}

impl Timeline {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.config.load()?;
        let from = self.from.unwrap_or_else(Timestamp::now);
        let catalog = catalog_of(&config, from)?;
        let ledger = Ledger::open_to_read(&config.data_dir).ok();
        let rules = Rules {
            time_zone: config.time_zone.clone(),
            venue: config.venue.clone(),
            dwell_ms: config.dwell_ms,
        };
        let zones: Vec<ZoneTimeline> = config
            .layout
            .names()
            .map(|zone| ZoneTimeline {
                zone: zone.to_owned(),
                catalog: catalog::of_zone(&catalog, zone),
                shares: ledger
                    .as_ref()
                    .and_then(|ledger| ledger.shares(zone).ok())
                    .unwrap_or_default(),
                now: Moment {
                    boot: "timeline".into(),
                    boot_ms: 0,
                    wall_ms: Some(from.as_millisecond()),
                },
            })
            .collect();
        self.print(&rules, zones)
    }

    /// Prints the zones' timelines as one, by the moments at which plays start.
    fn print(&self, rules: &Rules, mut zones: Vec<ZoneTimeline>) -> Result<(), Failure> {
        let span_ms = u64::try_from(self.span.as_millis()).unwrap_or(u64::MAX);
        let has_zones = zones.len() > 1;
        while let Some(zone) = zones
            .iter_mut()
            .filter(|zone| zone.now.boot_ms < span_ms)
            .min_by_key(|zone| zone.now.boot_ms)
        {
            let line = zone.next(rules);
            if self.json {
                print_json_line(&line)?;
            } else {
                let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
                let name = if has_zones {
                    format!("{}  ", text("zone"))
                } else {
                    String::new()
                };
                println!(
                    "{}  {name}{}  {}",
                    text("start"),
                    text("campaign"),
                    text("reason")
                );
            }
        }
        Ok(())
    }
}

/// What will air in one zone.
struct ZoneTimeline {
    zone: String,
    catalog: Catalog,
    shares: FairShare,
    now: Moment,
}

impl ZoneTimeline {
    /// Moves on by one play and describes it.
    fn next(&mut self, rules: &Rules) -> serde_json::Value {
        let decision = rules.next(&self.now, &self.catalog, &self.shares, |_| false);
        let (line, length_ms) = match decision {
            Decision::Item {
                index,
                dwell_ms,
                class,
            } => {
                let item = &self.catalog[index];
                rules.book(&self.now, &self.catalog, &mut self.shares, item, dwell_ms);
                let reason = format!("{}, furthest behind its share", class.word());
                let line = self.line(
                    dwell_ms,
                    item.campaign_id.as_str(),
                    Some(item.placement),
                    &item.creative.to_string(),
                    &reason,
                );
                (line, dwell_ms)
            }
            Decision::House { until_change_ms } => {
                let length_ms = until_change_ms.unwrap_or(HOUSE_MS).max(1_000);
                let line = self.line(length_ms, "", None, "house", "nothing else may air");
                (line, length_ms)
            }
        };
        self.now = self.now.plus_ms(length_ms);
        line
    }

    fn line(
        &self,
        length_ms: u64,
        campaign: &str,
        placement: Option<usize>,
        creative: &str,
        reason: &str,
    ) -> serde_json::Value {
        let at = |moment: &Moment| {
            moment
                .wall_ms
                .and_then(|wall| Timestamp::from_millisecond(wall).ok())
                .map(|at| at.to_string())
        };
        serde_json::json!({
            "start": at(&self.now),
            "end": at(&self.now.plus_ms(length_ms)),
            "zone": self.zone,
            "campaign": campaign,
            "placement": placement,
            "creative": creative,
            "reason": reason,
        })
    }
}

fn catalog_of(config: &Config, from: Timestamp) -> Result<Catalog, Failure> {
    let (mut catalog, mut problems) = (Catalog::new(), Vec::new());
    for folder in &config.folders {
        let (items, found) = catalog::read_folder(folder);
        catalog.extend(items);
        problems.extend(found);
    }
    if !problems.is_empty() {
        return Err(Failure::Input(problems));
    }
    if let Ok(Some(enrolment)) = Enrolment::load(&config.data_dir) {
        let cache = Cache::new(&config.data_dir);
        let kept = uplink::kept_manifest(
            &config.data_dir,
            &enrolment,
            &cache,
            0,
            Some(from.as_millisecond()),
        );
        catalog.extend(
            kept.map(|manifest| catalog::of_manifest(&manifest, &cache))
                .unwrap_or_default(),
        );
    }
    catalog::interleave(&mut catalog);
    Ok(catalog)
}
