//! Whether people can read the codes and the words of what airs, on this screen and from where they
//! stand.
//!
//! The same rule of legibility that refuses a code before it airs is asked here, with the same link
//! but for the digits of its token; the words are set by the composer.

use std::time::Duration;

use passerby_compose as compose;
use passerby_folder::text::read_toml_within;
use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::code::issuer::{CodeIssuer, PlayStamp};
use passerby_playout::code::legibility::{DWELL_ADVISED, MODULES_ADVISED, pixels_per_cm};
use passerby_playout::content::catalog::{Catalog, CatalogItem};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::screen::layout::PlacedZone;
use passerby_playout::settings::config::Config;
use passerby_protocol::PlayNumber;
use passerby_protocol::campaign::{self, CreativeKind};
use passerby_protocol::card::{BODY_DWELL_ADVISED, Card};
use passerby_protocol::toml_fields::{Problem, line_of};

use crate::cli::check::findings::Findings;
use crate::cli::check::word_check::WordCheck;
use crate::cli::hub_content::of_hub;

/// Looks at the codes and words of local items and of those that the hub sent.
pub(super) fn look_at(config: &Config, size: (u32, u32), local: &Catalog, found: &mut Findings) {
    let output = config.geometry(size.0, size.1);
    let places = config.layout.place(&output);
    let enrolment = Enrolment::load(&config.data_dir).ok().flatten();
    let hubs = enrolment
        .as_ref()
        .map(|enrolment| of_hub(&config.data_dir, enrolment))
        .unwrap_or_default();
    let mut word_check = WordCheck::new(config);
    let look = CodeCheck {
        config,
        places: &places,
        issuer: CodeIssuer {
            screen: &config.name,
            languages: &config.languages,
            enrolment: enrolment.as_ref(),
        },
    };
    let mut codes = 0;
    for item in local.iter().chain(&hubs) {
        codes += usize::from(look.at_item(item, &mut word_check, found) == Some(true));
    }
    if codes > 0 && config.is_distance_told && pixels_per_cm(&output).is_none() {
        found.note(Problem::with_file(
            "kiosk.toml",
            "screen.viewing_distance_m says nothing as long as screen.size_cm is not set: measure what is lit, such as size_cm = [122, 69], and codes are sized for that distance",
        ));
    }
}

struct CodeCheck<'a> {
    config: &'a Config,
    places: &'a [PlacedZone],
    issuer: CodeIssuer<'a>,
}

impl CodeCheck<'_> {
    /// Looks at one item and tells whether it has a code; none when it does not air here.
    fn at_item(
        &self,
        item: &CatalogItem,
        word_check: &mut WordCheck,
        found: &mut Findings,
    ) -> Option<bool> {
        let place = self.places.iter().find(|place| place.name == item.zone())?;
        let slot_ms = self.config.rules().slot_ms(item)?;
        // The longest link: whatever the hub opens, and every digit of a token is as wide as any
        // other.
        let stamp = PlayStamp {
            play: PlayNumber::new(PlayNumber::MAX)?,
            minutes: u32::MAX,
            lands_on_hub: true,
        };
        let dwell = Duration::from_millis(slot_ms);
        let code = self.issuer.order(item, &stamp);
        let asked = item.placement().code.asked;
        if asked && code.is_none() {
            found.problem(told(
                item,
                "its code is not shown, since it leads nowhere on this screen; add target = \"https://…\" to the campaign, or take code out",
            ));
        }
        if let Some(code) = &code
            && !look_at_code(item, code, place, dwell, found)
        {
            return Some(true);
        }
        let has_code = code.is_some();
        look_at_words(item, word_check, place, code, dwell, found);
        Some(has_code)
    }
}

/// Looks at a code and tells whether it airs.
fn look_at_code(
    item: &CatalogItem,
    code: &CodeOrder,
    place: &PlacedZone,
    dwell: Duration,
    found: &mut Findings,
) -> bool {
    let judged = compose::inspect_code(&code.url, code.corner, &place.geometry, dwell);
    let problem = |message: String| told(item, &message);
    match judged {
        Err(error) => {
            found.problem(problem(error.to_string()));
            false
        }
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
            true
        }
    }
}

/// Looks at the words of an item as they will be set.
fn look_at_words(
    item: &CatalogItem,
    word_check: &mut WordCheck,
    place: &PlacedZone,
    code: Option<CodeOrder>,
    dwell: Duration,
    found: &mut Findings,
) {
    match word_check.of_item(item, place, code, dwell) {
        None => {}
        Some(Ok(remarks)) => {
            for remark in remarks {
                found.problem(told(item, &remark));
            }
        }
        // What is wrong with its files was said already.
        Some(Err(_)) if is_named(item, found) => {}
        Some(Err(error)) => {
            let name = format!("{}: ", item.placement().creative);
            let reason = error.to_string();
            let reason = reason.strip_prefix(&name).unwrap_or(&reason);
            found.problem(told(item, reason));
        }
    }
    let seconds = BODY_DWELL_ADVISED.as_secs();
    if dwell < BODY_DWELL_ADVISED && has_body(item) {
        found.note(told(
            item,
            &format!(
                "its body is on the screen for {} s, and most people need {seconds} s to read one; give its placement seconds = {seconds}",
                dwell.as_secs_f64()
            ),
        ));
    }
}

/// Tells whether something is wrong with the files of an item, or with the letters of its
/// campaign's words.
fn is_named(item: &CatalogItem, found: &Findings) -> bool {
    let parts = item.parts.iter().map(|part| &part.path);
    let files: Vec<String> = parts
        .chain([&item.path])
        .map(|path| path.display().to_string())
        .collect();
    let (campaign_file, _) = written_in(item);
    found.problems.iter().any(|problem| {
        let is_letter = problem.message.contains("which no font here has");
        files.contains(&problem.file) || (problem.file == campaign_file && is_letter)
    })
}

fn has_body(item: &CatalogItem) -> bool {
    if item.kind != CreativeKind::Card {
        return false;
    }
    let written = std::fs::read_to_string(&item.path).unwrap_or_default();
    Card::parse("", &written).is_ok_and(|card| card.body.is_some())
}

/// Says something about an item with its campaign's file and its placement.
fn told(item: &CatalogItem, message: &str) -> Problem {
    let (file, line) = written_in(item);
    let placement = item.placement();
    Problem {
        file,
        line,
        message: format!(
            "placement {} ({}): {message}",
            item.placement + 1,
            placement.creative
        ),
        fault: None,
    }
}

/// The file of an item's campaign, and the line of its placement; 0 where it has none of its own.
fn written_in(item: &CatalogItem) -> (String, usize) {
    if item.assignment.get() != 0 {
        return (format!("{} (from the hub)", item.campaign_id), 0);
    }
    let path = item.path.with_file_name(campaign::FILE_NAME);
    let written = read_toml_within(&path).unwrap_or_default();
    let line = line_of(&written, &["placement", &item.placement.to_string()]);
    (path.display().to_string(), line)
}
