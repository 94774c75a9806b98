//! Whether people can read the codes of what airs, on this screen and from where they stand.
//!
//! The same gate that refuses a code before it airs is asked here, with the same link but for the digits of its token.

use std::time::Duration;

use passerby_compose as compose;
use passerby_playout::catalog::{Catalog, CatalogItem};
use passerby_playout::code_order::{Door, Stamp};
use passerby_playout::config::Config;
use passerby_playout::credentials::Enrolment;
use passerby_playout::layout::PlacedZone;
use passerby_playout::legibility::{DWELL_ADVISED, MODULES_ADVISED, pixels_per_cm};
use passerby_protocol::PlayNumber;
use passerby_protocol::campaign;
use passerby_protocol::toml_fields::{Problem, line_of};

use super::Findings;
use crate::cli::of_hub;

/// Looks at the codes of local items and of those that the hub sent.
pub(super) fn look_at(config: &Config, size: (u32, u32), local: &Catalog, found: &mut Findings) {
    let output = config.geometry(size.0, size.1);
    let places = config.layout.place(&output);
    let enrolment = Enrolment::load(&config.data_dir).ok().flatten();
    let hubs = enrolment
        .as_ref()
        .map(|enrolment| of_hub(&config.data_dir, enrolment))
        .unwrap_or_default();
    let look = Look {
        config,
        places: &places,
        door: Door {
            screen: &config.name,
            languages: &config.languages,
            enrolment: enrolment.as_ref(),
        },
    };
    let mut codes = 0;
    for item in local.iter().chain(&hubs) {
        codes += usize::from(look.at_item(item, found).is_some());
    }
    if codes > 0 && config.is_distance_told && pixels_per_cm(&output).is_none() {
        found.note(Problem::with_file(
            "kiosk.toml",
            "screen.viewing_distance_m says nothing as long as screen.size_cm is not set: measure what is lit, such as size_cm = [122, 69], and codes are sized for that distance",
        ));
    }
}

struct Look<'a> {
    config: &'a Config,
    places: &'a [PlacedZone],
    door: Door<'a>,
}

impl Look<'_> {
    /// Looks at one item; none when it has no code here.
    fn at_item(&self, item: &CatalogItem, found: &mut Findings) -> Option<()> {
        let place = self.places.iter().find(|place| place.name == item.zone())?;
        let slot_ms = self.config.rules().slot_ms(item)?;
        // The longest link: whatever the hub opens, and every digit of a token is as wide as any other.
        let stamp = Stamp {
            play: PlayNumber::new(PlayNumber::MAX)?,
            minutes: u32::MAX,
            lands_on_hub: true,
        };
        let code = self.door.order(item, &stamp)?;
        let dwell = Duration::from_millis(slot_ms);
        let judged = compose::inspect_code(&code.url, code.corner, &place.geometry, dwell);
        let which = format!(
            "placement {} ({})",
            item.placement + 1,
            item.placement().creative
        );
        let (file, line) = written_in(item);
        let problem = |message: String| Problem {
            file: file.clone(),
            line,
            message: format!("{which}: {message}"),
        };
        match judged {
            Err(error) => found.problem(problem(error.to_string())),
            Ok(seen) => {
                let legible = seen.legible;
                if let (Some(width_cm), Some(reach_m)) = (legible.width_cm, legible.reach_m) {
                    found.note(problem(format!(
                        "its code has {} modules a side, is {width_cm:.1} cm wide and can be read from up to {reach_m:.1} m",
                        seen.modules
                    )));
                }
                if seen.modules > MODULES_ADVISED {
                    found.note(problem(format!(
                        "its code has {} modules a side, and some phones read no more than {MODULES_ADVISED} well; a shorter link makes a smaller code",
                        seen.modules
                    )));
                }
                if dwell < DWELL_ADVISED {
                    found.note(problem(format!(
                        "its code is on the screen for {} s, and most people need {} s to take out a phone and scan",
                        dwell.as_secs_f64(),
                        DWELL_ADVISED.as_secs()
                    )));
                }
            }
        }
        Some(())
    }
}

/// The file of an item's campaign, and the line of its placement; 0 where it has none of its own.
fn written_in(item: &CatalogItem) -> (String, usize) {
    if item.assignment.get() != 0 {
        return (format!("{} (from the hub)", item.campaign_id), 0);
    }
    let path = item.path.with_file_name(campaign::FILE_NAME);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let line = line_of(&written, &["placement", &item.placement.to_string()]);
    (path.display().to_string(), line)
}
