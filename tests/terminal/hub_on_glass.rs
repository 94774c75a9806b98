//! What people do at the hub is on the glass, and gone from it again: cards of a source, and an
//! emergency.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use passerby_hub::Hub;
use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::system::clock;
use serde_json::{Value, json};

use crate::parts::{HubProcess, Terminal, captured, hub, picture, run_until};

/// Plays of other content in a row after which what is taken off has gone.
const PLAYS_WITHOUT: usize = 4;

/// A hub, and a screen that is enrolled there and captures what it shows.
struct Glass {
    folder: tempfile::TempDir,
    hub: HubProcess,
    screen: Terminal,
}

impl Glass {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("hub");
        let hub = HubProcess::start(&data, "127.0.0.1:0");
        let url = hub.url();
        let settings = format!("[hub]\nurl = '{url}'\n[screen]\ndraw = 'cpu'\n");
        let screen = Terminal::with_settings(folder.path(), &settings);
        screen.enrol(&data, &url);
        Self {
            folder,
            hub,
            screen,
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("hub")
    }

    fn capture(&self) -> Command {
        let mut command = self.screen.run();
        command
            .args(["--capture-every", "200", "--capture"])
            .arg(self.frames());
        command
    }

    fn frames(&self) -> PathBuf {
        self.folder.path().join("frames")
    }

    /// What was on the screen so far and did not move.
    fn steady(&self) -> Vec<Value> {
        let frames = captured(&self.frames()).into_iter();
        frames
            .filter(|frame| frame["transition"] == false)
            .collect()
    }
}

fn text_of<'a>(frame: &'a Value, name: &str) -> &'a str {
    frame[name].as_str().unwrap_or_default()
}

/// The page that a code leads to, as a phone sees it.
fn page_of(url: &str) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = reqwest::blocking::Client::new().get(url).send();
    let answer = answer.and_then(reqwest::blocking::Response::error_for_status);
    answer.expect("the hub answers").text().expect("reads")
}

#[test]
fn cards_of_a_source_are_on_the_glass_until_they_are_taken_down() {
    let glass = Glass::new();
    let table = glass.folder.path().join("menu.csv");
    std::fs::write(
        &table,
        "id,title,link,price\nsoup,Soup of the day,https://cafe.example/soup,¥18\n\
         cake,苹果派 Apple pie,https://cafe.example/cake,¥22\n",
    )
    .expect("writes");
    let add = [
        "source",
        "add",
        "menu",
        "--file",
        table.to_str().expect("text"),
    ];
    hub(&glass.data(), &add);
    hub(&glass.data(), &["source", "fetch", "menu"]);

    let mut codes: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: Option<(usize, String)> = None;
    run_until(&mut glass.capture(), "one card of two is gone", |_| {
        let frames = glass.steady();
        let Some((before, campaign)) = &taken else {
            for frame in &frames {
                let campaign = text_of(frame, "campaign");
                if campaign.starts_with("menu:") {
                    codes.insert(campaign.to_owned(), text_of(frame, "url").to_owned());
                }
            }
            if codes.len() == 2 {
                let campaign = codes.keys().next().expect("there are two").clone();
                let number = campaign.rsplit(':').next().expect("a number").to_owned();
                hub(
                    &glass.data(),
                    &["source", "take-down", "menu", "--item", &number],
                );
                taken = Some((frames.len(), campaign));
            }
            return false;
        };
        let after = frames[*before..].iter().rev();
        let others = after.take_while(|frame| text_of(frame, "campaign") != campaign);
        let plays: BTreeSet<u64> = others.filter_map(|frame| frame["play"].as_u64()).collect();
        plays.len() >= PLAYS_WITHOUT
    });
    // Also the code of a card that is gone goes on leading to its item.
    let pages: Vec<String> = codes.values().map(|url| page_of(url)).collect();
    for title in ["Soup of the day", "苹果派 Apple pie"] {
        let with = pages.iter().filter(|page| page.contains(title)).count();
        assert_eq!(with, 1, "{title}: {codes:?}");
    }
}

/// A program's way into the calls of a hub.
fn bearer(data: &Path) -> String {
    let store = Hub::open(data).expect("opens").store;
    let (actor, now_ms) = (Actor::COMMAND_LINE, clock::now_ms());
    let link = store.invite(&actor, Role::Owner, &Scope::ALL, now_ms);
    let person = store.join(&link.expect("a link"), "Ada", "a long password", now_ms);
    let rights = [Right::RaiseEmergency].into_iter().collect();
    let token = store.make_token(
        &actor,
        (person.expect("a person"), "alarm"),
        &rights,
        now_ms + 3_600_000,
        now_ms,
    );
    token.expect("a token").as_str().to_owned()
}

#[test]
fn an_emergency_covers_the_glass_and_what_aired_comes_back() {
    let glass = Glass::new();
    let campaign = glass.folder.path().join("cafe");
    picture(&campaign.join("cup.png"), [[60, 40, 30], [240, 220, 190]]);
    let toml = "title = 'Café'\n[[placement]]\ncreative = 'cup.png'\nseconds = 2\n";
    std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
    hub(
        &glass.data(),
        &["publish", campaign.to_str().expect("text")],
    );
    let bearer = bearer(&glass.data());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::blocking::Client::new();
    let calls = format!("{}/api/v1/emergencies", glass.hub.url());

    let is_cafe = |frame: &Value| text_of(frame, "campaign") == "cafe";
    let is_notice = |frame: &Value| text_of(frame, "creative") == "notice";
    let mut begun: Option<(usize, i64)> = None;
    let mut ended: Option<usize> = None;
    run_until(&mut glass.capture(), "an emergency that is over", |_| {
        let frames = glass.steady();
        match (begun, ended) {
            (None, _) => {
                if frames.iter().any(is_cafe) {
                    let rule =
                        json!({ "headline": "Leave by exit B 请从B口离开", "everywhere": true });
                    let begin = client
                        .post(&calls)
                        .bearer_auth(&bearer)
                        .header("content-type", "application/json")
                        .body(rule.to_string());
                    let answer = begin.send().expect("the hub answers").text();
                    let answer: Value =
                        serde_json::from_str(&answer.expect("reads")).expect("JSON");
                    assert_eq!(answer["screens"], 1);
                    begun = Some((
                        frames.len(),
                        answer["emergency"].as_i64().expect("a number"),
                    ));
                }
                false
            }
            (Some((before, number)), None) => {
                if frames[before..].iter().any(is_notice) {
                    let call = format!("{calls}/{number}");
                    let answer = client.delete(call).bearer_auth(&bearer).send();
                    assert!(answer.expect("the hub answers").status().is_success());
                    ended = Some(frames.len());
                }
                false
            }
            (_, Some(before)) => frames[before..].iter().any(is_cafe),
        }
    });
    // Nothing of the café was to be seen beneath it.
    let frames = glass.steady();
    let notice = frames.iter().find(|frame| is_notice(frame)).expect("seen");
    let cafe = frames.iter().find(|frame| is_cafe(frame)).expect("seen");
    let [notice, cafe] = [notice, cafe].map(|frame| {
        let file = glass.frames().join(text_of(frame, "file"));
        image::open(file).expect("a picture").to_rgb8()
    });
    let same = notice.pixels().zip(cafe.pixels());
    let same = same.filter(|(a, b)| a == b).count();
    assert!(
        same * 20 < notice.pixels().len(),
        "{same} pixels are as before"
    );
}
