//! The project's main story: a screen plays, a phone scans, everything is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::frames;
use crate::parts::{HubProcess, Terminal, captured, hub, picture, run_until};

/// The steady frames of a capture so far that show a campaign.
fn steady_frames(folder: &Path) -> Vec<Value> {
    captured(folder)
        .into_iter()
        .filter(|frame| frame["transition"] == false && frame["creative"] != "house")
        .collect()
}

fn open(client: &reqwest::blocking::Client, url: &str) -> reqwest::blocking::Response {
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.54";
    client
        .get(url)
        .header("user-agent", phone)
        .send()
        .expect("the hub answers")
}

fn publish(folder: &Path, data: &Path) {
    picture(
        &folder.join("book/tunnel.png"),
        [[20, 60, 70], [230, 150, 60]],
    );
    picture(
        &folder.join("book/window.jpg"),
        [[90, 20, 30], [250, 230, 200]],
    );
    std::fs::write(
        folder.join("book/campaign.toml"),
        "title = '末班车之后 After the Last Train'\ntarget = 'https://shop.example/book'\nlanding = 'page'\nstory = 'A book.'\n\
         [[placement]]\ncreative = 'tunnel.png'\nseconds = 2\nheadline = '末班车走了，故事刚上车'\ncode = { call = '扫码购书 Scan to buy' }\n\
         [[placement]]\ncreative = 'window.jpg'\nseconds = 2\n",
    )
    .expect("writes");
    picture(
        &folder.join("cafe/cup.webp"),
        [[60, 40, 30], [240, 220, 190]],
    );
    std::fs::write(
        folder.join("cafe/campaign.toml"),
        "title = 'Jazz'\ntarget = 'https://cafe.example/friday?x=1'\n[[placement]]\ncreative = 'cup.webp'\nseconds = 2\n",
    )
    .expect("writes");
    for campaign in ["book", "cafe"] {
        hub(
            data,
            &["publish", folder.join(campaign).to_str().expect("text")],
        );
    }
}

#[test]
fn every_code_on_the_screen_leads_back_to_its_play_also_while_the_screen_is_cut_off() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let hub_process = HubProcess::start(&data, "127.0.0.1:0");
    let address = hub_process.address.clone();
    publish(folder.path(), &data);
    let screen = Terminal::with_settings(
        folder.path(),
        &format!("[hub]\nurl = '{}'\n", hub_process.url()),
    );
    screen.enrol(&data, &hub_process.url());

    // First with the hub, which brings the content; then cut off: these plays have not arrived when
    // they are scanned.
    let online = folder.path().join("online");
    let mut command = screen.run();
    command
        .args(["--capture-every", "250", "--capture"])
        .arg(&online);
    run_until(&mut command, "both campaigns", |_| {
        let frames = steady_frames(&online);
        let is_shown = |name: &str| frames.iter().any(|frame| frame["campaign"] == name);
        frames.len() >= 4 && is_shown("book") && is_shown("cafe")
    });
    drop(hub_process);
    let before = screen.plays().len();
    let cut_off = folder.path().join("cut-off");
    let mut command = screen.run();
    command
        .args(["--capture-every", "250", "--capture"])
        .arg(&cut_off);
    run_until(&mut command, "more plays", |_| {
        steady_frames(&cut_off).len() >= 4 && screen.plays_so_far().len() > before
    });
    let hub_process = HubProcess::start(&data, &address);
    let played = screen.plays();
    assert!(played.len() > before, "the screen plays without its hub");

    let _ = rustls_provider();
    let client = reqwest::blocking::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let mut scanned: BTreeMap<u64, (String, String)> = BTreeMap::new();
    let mut campaigns = BTreeSet::new();
    for capture in [&online, &cut_off] {
        let frames = steady_frames(capture);
        assert!(frames.len() >= 4, "{} steady frames", frames.len());
        let tally = frames::read_capture(capture);
        assert!(tally.codes >= frames.len() as u64, "{tally}");
        for frame in frames {
            let url = frame["url"].as_str().expect("every campaign has a target");
            let (campaign, creative) = (
                frame["campaign"].as_str().expect("text"),
                frame["creative"].as_str().expect("text"),
            );
            campaigns.insert(campaign.to_owned());
            let first = scanned
                .insert(
                    frame["play"].as_u64().expect("a play"),
                    (campaign.to_owned(), creative.to_owned()),
                )
                .is_none();
            // Some readers lower-case what they open.
            let opened = open(
                &client,
                &if first {
                    url.to_owned()
                } else {
                    url.to_lowercase()
                },
            );
            assert_eq!(opened.status(), 302);
            let location = opened.headers()["location"]
                .to_str()
                .expect("text")
                .to_owned();
            match campaign {
                "cafe" => assert_eq!(location, "https://cafe.example/friday?x=1"),
                _ => assert!(location.contains("/s/"), "{location}"),
            }
        }
    }
    assert_eq!(campaigns.len(), 2, "both campaigns were on the screen");

    let report = hub(&data, &["report"]);
    let count = |kind: &str, by: &str, key: &str| report[kind][by][key].as_u64().unwrap_or(0);
    assert_eq!(
        report["scans"]["total"],
        scanned.len() as u64,
        "one scan a play, however often it was opened"
    );
    assert_eq!(count("scans", "by_screen", "1"), scanned.len() as u64);
    for campaign in &campaigns {
        let expected = scanned.values().filter(|(of, _)| of == campaign).count() as u64;
        assert_eq!(
            count("scans", "by_campaign", campaign),
            expected,
            "{campaign}"
        );
    }
    for creative in scanned
        .values()
        .map(|(_, creative)| creative)
        .collect::<BTreeSet<_>>()
    {
        let expected = scanned.values().filter(|(_, of)| of == creative).count() as u64;
        assert_eq!(
            count("scans", "by_creative", creative),
            expected,
            "{creative}"
        );
    }
    let arrived = report["plays"]["total"].as_u64().expect("a total");
    assert!(
        arrived <= before as u64,
        "plays of the cut-off screen have not arrived yet"
    );

    // The network is back: everything arrives, and every scanned play is one that was recorded.
    run_until(&mut screen.run(), "all plays have arrived", |_| {
        let arrived = hub(&data, &["report"])["plays"]["total"].as_u64();
        arrived.expect("a total") >= played.len() as u64
    });
    let recorded: BTreeSet<u64> = screen
        .plays()
        .iter()
        .filter_map(|play| play["play"].as_u64())
        .collect();
    for play in scanned.keys() {
        assert!(
            recorded.contains(play),
            "play {play} was scanned and is in the ledger"
        );
    }
    drop(hub_process);
}

#[test]
fn a_story_is_passed_on_and_counted_back_to_the_screen_generation_by_generation() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let hub_process = HubProcess::start(&data, "127.0.0.1:0");
    publish(folder.path(), &data);
    let screen = Terminal::with_settings(
        folder.path(),
        &format!("[hub]\nurl = '{}'\n", hub_process.url()),
    );
    screen.enrol(&data, &hub_process.url());
    let capture = folder.path().join("frames");
    let mut command = screen.run();
    command
        .args(["--capture-every", "400", "--capture"])
        .arg(&capture);
    run_until(&mut command, "the book", |_| {
        let mut frames = steady_frames(&capture).into_iter();
        frames.any(|frame| frame["campaign"] == "book")
    });
    frames::read_capture(&capture);
    let frame = steady_frames(&capture)
        .into_iter()
        .find(|frame| frame["campaign"] == "book")
        .expect("the book was on the screen");

    let _ = rustls_provider();
    let client = reqwest::blocking::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client");
    let as_person = |url: &str, model: u32| {
        let agent = format!(
            "Mozilla/5.0 (Linux; Android 15; Model {model}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
        );
        client
            .get(url)
            .header("user-agent", agent)
            .send()
            .expect("the hub answers")
    };
    let landing = |response: &reqwest::blocking::Response| {
        let location = response.headers()["location"]
            .to_str()
            .expect("text")
            .to_owned();
        if location.starts_with('/') {
            format!("{}{location}", hub_process.url())
        } else {
            location
        }
    };
    // The passer-by scans and reads; friends open what was passed on, one after the other.
    let mut address = landing(&as_person(frame["url"].as_str().expect("a code"), 0));
    let page = as_person(&address, 0);
    assert_eq!(page.status(), 200);
    let html = page.text().expect("a page");
    assert!(html.contains("og:title") && html.contains("/go"), "{html}");
    for friend in 1..=2 {
        let passed_on = as_person(&address, friend);
        assert_eq!(
            passed_on.status(),
            302,
            "a friend gets a share of their own"
        );
        address = landing(&passed_on);
        assert_eq!(as_person(&address, friend).status(), 200);
    }
    let report = hub(&data, &["report"]);
    let by_generation = &report["visits"]["by_generation"];
    assert_eq!(
        (
            &by_generation["0"],
            &by_generation["1"],
            &by_generation["2"]
        ),
        (&1.into(), &1.into(), &1.into()),
        "{report:#}"
    );
    assert_eq!(report["chains"][0]["play"], frame["play"]);
    assert_eq!(report["chains"][0]["screen"], 1);
    assert_eq!(report["scans"]["total"], 1);
}

/// reqwest asks for a provider even when it only speaks http.
fn rustls_provider() -> Result<(), std::sync::Arc<rustls::crypto::CryptoProvider>> {
    rustls::crypto::ring::default_provider().install_default()
}
