//! Whether web pages would air: each is opened once, as the terminal will.
//!
//! Also pages that the hub has sent, since what they may open is this terminal's matter.

use std::collections::HashSet;

use passerby_compose::creative::web_page;
use passerby_compose::creative::web_page::{Trial, TrialPicture};
use passerby_folder::text::read_toml_within;
use passerby_playout::content::catalog::{Catalog, CatalogItem};
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::settings::config::Config;
use passerby_protocol::campaign::CreativeKind;
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::web_page::WebPage;

use crate::cli::check::findings::Findings;
use crate::cli::hub_content::of_hub;

/// Looks at the pages of local items and of those that the hub sent.
pub(super) fn look_at(config: &Config, size: (u32, u32), local: &Catalog, found: &mut Findings) {
    let hubs = Enrolment::load(&config.data_dir)
        .ok()
        .flatten()
        .map(|enrolment| of_hub(&config.data_dir, &enrolment))
        .unwrap_or_default();
    let is_page = |item: &&CatalogItem| item.kind == CreativeKind::Page;
    let pages: Vec<&CatalogItem> = local.iter().chain(&hubs).filter(is_page).collect();
    let Some(first) = pages.first() else { return };
    let places = config.layout.place(&config.geometry(size.0, size.1));
    match web_page::runs_as(&config.pages) {
        Ok(None) => {}
        Ok(Some(user)) => found.note(Problem::with_file(
            "pages",
            format!(
                "this terminal runs as root, so web pages are opened as user {user}; \
                 [pages] of kiosk.toml names another: user = \"…\""
            ),
        )),
        Err(reason) => {
            let message = format!("its picture cannot be taken: {reason}");
            found.problem(Problem::with_file(named(first), message));
            return;
        }
    }
    let mut seen = HashSet::new();
    for item in pages {
        let Some(place) = places.iter().find(|place| place.name == item.zone()) else {
            continue;
        };
        let (width_px, height_px) = (place.geometry.width_px, place.geometry.height_px);
        let size_px = match place.geometry.rotation {
            90 | 270 => (height_px, width_px),
            _ => (width_px, height_px),
        };
        if seen.insert((item.path.clone(), size_px)) {
            look_at_page(config, item, size_px, found);
        }
    }
}

fn look_at_page(config: &Config, item: &CatalogItem, size_px: (u32, u32), found: &mut Findings) {
    let file = named(item);
    // What is written wrong is told elsewhere.
    let Some(page) = read_toml_within(&item.path)
        .ok()
        .and_then(|text| WebPage::parse(&file, &text).ok())
    else {
        return;
    };
    let trial = Trial {
        rules: &config.pages,
        page: &page,
        is_own: config.folders.iter().any(|own| item.path.starts_with(own)),
        time_zone: &config.time_zone,
        size_px,
    };
    match trial.run() {
        Ok(TrialPicture { doubt, notes }) => {
            for note in notes {
                found.note(Problem::with_file(&file, note));
            }
            if let Some(doubt) = doubt {
                found.problem(Problem::with_file(&file, no_good_picture(&doubt)));
            }
        }
        Err(reason) => {
            let message = format!("no picture of the page can be taken now: {reason}");
            found.problem(Problem::with_file(&file, message));
        }
    }
}

/// Says that the picture is not one to show, and what to do.
fn no_good_picture(doubt: &str) -> String {
    format!(
        "no good picture of the page can be taken now: {doubt}, and such a one does not air where there is a better one; \
         open the page in a browser in a window of this size, and mend it, or let what comes late have settle_seconds = 10"
    )
}

fn named(item: &CatalogItem) -> String {
    if item.assignment.get() != 0 {
        return format!(
            "{} (from the hub): {}",
            item.campaign_id,
            item.placement().creative
        );
    }
    item.path.display().to_string()
}
