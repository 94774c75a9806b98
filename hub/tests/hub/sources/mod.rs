//! Sources by the real program: feeds on real servers of loopback, pictures, web hooks, files.

mod console;
mod feeds;
mod hooks;
mod kills;
mod strangers;
mod tables;
mod templates;
mod web_server;

use std::time::{Duration, Instant};

use passerby_protocol::Manifest;
use passerby_protocol::manifest::ManifestCampaign;
use serde_json::Value;

use crate::stand::{Stand, Terminal};

/// Whatever a test waits for has come by then, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts a hub that lets sources open a server of this test's.
fn stand_with(server: &web_server::WebServer) -> Stand {
    Stand::start_with(&["--source-host", &server.host()], None)
}

/// Waits until a screen's manifest is as it should be.
fn wait_for(stand: &Stand, terminal: &Terminal, is_right: impl Fn(&Manifest) -> bool) -> Manifest {
    let begun = Instant::now();
    loop {
        let manifest = stand.manifest(terminal);
        if is_right(&manifest) {
            return manifest;
        }
        assert!(begun.elapsed() < PATIENCE, "{manifest:?}\n{}", stand.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until what the hub says of a source is as it should be.
fn wait_for_source(stand: &Stand, name: &str, is_right: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let shown = stand.json(&["source", "show", name]);
        if is_right(&shown) {
            return shown;
        }
        assert!(begun.elapsed() < PATIENCE, "{shown}\n{}", stand.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The titles of what airs, in the order of their numbers.
fn titles(manifest: &Manifest) -> Vec<&str> {
    let campaigns = manifest.campaigns.iter();
    campaigns
        .map(|campaign| campaign.campaign.title.as_str())
        .collect()
}

/// The campaign of a title.
fn of_title<'a>(manifest: &'a Manifest, title: &str) -> &'a ManifestCampaign {
    manifest
        .campaigns
        .iter()
        .find(|campaign| campaign.campaign.title == title)
        .unwrap_or_else(|| panic!("{title} is not among {:?}", titles(manifest)))
}

/// The states of a source's items, the newest first.
fn states(shown: &Value) -> Vec<&str> {
    let items = shown["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["state"].as_str().unwrap())
        .collect()
}
