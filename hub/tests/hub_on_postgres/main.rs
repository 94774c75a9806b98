//! The tests of `hub` once more, with a real PostgreSQL, and those of several processes on one.
//!
//! Each module of `hub` is here as well, but for what there is only on a file, and for the store of
//! creatives, which has nothing to do with the database.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;

mod background;
mod folders_elsewhere;
mod keys;
mod outages;
mod together;

#[path = "../hub/abuse.rs"]
mod abuse;
#[path = "../hub/acme/mod.rs"]
mod acme;
#[path = "../hub/agents.rs"]
mod agents;
#[path = "../hub/alerts/mod.rs"]
mod alerts;
#[path = "../hub/backups.rs"]
mod backups;
#[path = "../hub/changes.rs"]
mod changes;
#[path = "../hub/console/mod.rs"]
mod console;
#[path = "../hub/content.rs"]
mod content;
#[path = "../hub/conversions.rs"]
mod conversions;
#[path = "../hub/device_keys.rs"]
mod device_keys;
#[path = "../hub/encrypted.rs"]
mod encrypted;
#[path = "../hub/enrolment.rs"]
mod enrolment;
#[path = "../hub/event_hooks.rs"]
mod event_hooks;
#[path = "../hub/films.rs"]
mod films;
#[path = "../hub/folders.rs"]
mod folders;
#[path = "../hub/followers/mod.rs"]
mod followers;
#[path = "../hub/frames.rs"]
mod frames;
#[path = "../hub/grades.rs"]
mod grades;
#[path = "../hub/landing.rs"]
mod landing;
#[path = "../hub/limits.rs"]
mod limits;
#[path = "../hub/link_tails.rs"]
mod link_tails;
#[path = "../hub/looked_at.rs"]
mod looked_at;
#[path = "../hub/lost_databases.rs"]
mod lost_databases;
#[path = "../hub/moments.rs"]
mod moments;
#[path = "../hub/monitoring.rs"]
mod monitoring;
#[path = "../hub/networks.rs"]
mod networks;
#[path = "../hub/plays.rs"]
mod plays;
#[path = "../hub/previews.rs"]
mod previews;
#[path = "../hub/previews_in_store.rs"]
mod previews_in_store;
#[path = "../hub/processes/mod.rs"]
mod processes;
#[path = "../hub/prune.rs"]
mod prune;
#[path = "../hub/report.rs"]
mod report;
#[path = "../hub/scans.rs"]
mod scans;
#[path = "../hub/shops.rs"]
mod shops;
#[path = "../hub/sources/mod.rs"]
mod sources;
#[path = "../hub/stand.rs"]
mod stand;
#[path = "../hub/startup.rs"]
mod startup;
#[path = "../hub/tallies.rs"]
mod tallies;
#[path = "../hub/test_certificates.rs"]
mod test_certificates;
#[path = "../hub/thumbnails.rs"]
mod thumbnails;
#[path = "../hub/token_keys.rs"]
mod token_keys;
#[path = "../hub/verdicts.rs"]
mod verdicts;
#[path = "../hub/voices/mod.rs"]
mod voices;

#[test]
fn each_module_of_hub_is_here_too_but_for_what_there_is_only_on_a_file() {
    let modules = |main: &'static str| -> BTreeSet<&str> {
        let lines = main.lines().filter_map(|line| line.strip_prefix("mod "));
        lines.collect()
    };
    let (hub, here) = (include_str!("../hub/main.rs"), include_str!("main.rs"));
    let missing: Vec<_> = modules(hub).difference(&modules(here)).copied().collect();
    // Which database there is makes no difference to a store of creatives.
    assert_eq!(missing, ["blobs;", "on_a_file;"]);
}
