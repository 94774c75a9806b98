//! What the hub shows of a screen is what was on its glass, without codes that could be scanned.

use std::path::Path;

use image::{GrayImage, RgbImage, imageops};
use passerby_hub::Hub;
use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::system::clock;
use reqwest::blocking::Client;
use serde_json::Value;

use crate::parts::{HubProcess, Terminal, captured, hub, picture, run_until};

/// Mean difference that a JPEG of this size may make, in steps of 255.
const MEAN_MAX: f64 = 6.0;
/// How far a code's quiet zone reaches around it, in modules of at least 21.
const QUIET: f64 = 4.0 / 21.0;

/// A program's way into the calls of a hub.
fn bearer(data: &Path) -> String {
    let store = Hub::open(data).expect("opens").store;
    let (actor, now_ms) = (Actor::COMMAND_LINE, clock::now_ms());
    let link = store.invite(&actor, Role::Owner, &Scope::ALL, now_ms);
    let person = store.join(&link.expect("a link"), "Ada", "a long password", now_ms);
    let rights = [Right::SeeScreens].into_iter().collect();
    let token = store.make_token(
        &actor,
        (person.expect("a person"), "look"),
        &rights,
        now_ms + 3_600_000,
        now_ms,
    );
    token.expect("a token").as_str().to_owned()
}

/// Where codes are on a picture, with what is white around them: left, top, right, bottom.
fn codes(picture: &RgbImage) -> Vec<[f64; 4]> {
    let grey: GrayImage = imageops::grayscale(picture);
    let mut prepared = rqrr::PreparedImage::prepare(grey);
    let grids = prepared.detect_grids();
    let read = grids.iter().filter(|grid| grid.decode().is_ok());
    read.map(|grid| {
        let xs = grid.bounds.map(|point| f64::from(point.x));
        let ys = grid.bounds.map(|point| f64::from(point.y));
        let [left, top] = [xs, ys].map(|all| all.into_iter().fold(f64::MAX, f64::min));
        let [right, bottom] = [xs, ys].map(|all| all.into_iter().fold(0.0, f64::max));
        let quiet = (right - left) * QUIET + 4.0;
        [left - quiet, top - quiet, right + quiet, bottom + quiet]
    })
    .collect()
}

/// The mean difference of two pictures of one size but for where the codes are.
fn difference(seen: &RgbImage, glass: &RgbImage, without: &[[f64; 4]]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (x, y, pixel) in seen.enumerate_pixels() {
        let (at_x, at_y) = (f64::from(x), f64::from(y));
        let is_code = without.iter().any(|[left, top, right, bottom]| {
            (*left..*right).contains(&at_x) && (*top..*bottom).contains(&at_y)
        });
        if !is_code {
            for (a, b) in pixel.0.iter().zip(glass.get_pixel(x, y).0) {
                sum += f64::from(a.abs_diff(b));
                count += 1.0;
            }
        }
    }
    sum / count
}

#[test]
fn the_hub_shows_what_is_on_the_glass_within_seconds_of_a_wish_and_no_code_of_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for draw in ["cpu", "gpu"] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("hub");
        let server = HubProcess::start(&data, "127.0.0.1:0");
        let url = server.url();
        let settings = format!("[hub]\nurl = '{url}'\n[screen]\ndraw = '{draw}'\n");
        let screen = Terminal::with_settings(folder.path(), &settings);
        screen.enrol(&data, &url);
        let campaign = folder.path().join("cafe");
        picture(&campaign.join("cup.png"), [[60, 40, 30], [240, 220, 190]]);
        let toml = "title = 'Café'\ntarget = 'https://cafe.example/'\n[[placement]]\ncreative = 'cup.png'\nseconds = 6\n";
        std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
        hub(&data, &["publish", campaign.to_str().expect("text")]);
        let bearer = bearer(&data);
        let client = Client::new();
        let calls = format!("{url}/api/v1/screens/1");
        let facts = || -> Value {
            let answer = client.get(&calls).bearer_auth(&bearer).send();
            let text = answer.expect("the hub answers").text().expect("reads");
            serde_json::from_str(&text).expect("JSON")
        };

        let frames = folder.path().join("frames");
        let mut command = screen.run();
        command.args(["--capture-every", "100", "--capture"]);
        command.arg(&frames);
        let mut wished = false;
        let mut kept: Option<(u64, Vec<u8>)> = None;
        run_until(&mut command, "a picture of the café", |_| {
            let is_cafe = |frame: &Value| frame["campaign"] == "cafe" && frame["play"].is_u64();
            if !wished {
                if captured(&frames).iter().any(is_cafe) {
                    let path = format!("{calls}/frame");
                    let asked = client.post(path).bearer_auth(&bearer).send();
                    wished = asked.expect("the hub answers").status().is_success();
                    assert!(wished);
                }
                return false;
            }
            if kept.is_none() {
                let frame = facts()["frame"].clone();
                if frame["campaign"] != "cafe" {
                    return false;
                }
                assert!(frame["wished_ms"].is_null(), "{frame}");
                let play = frame["play"].as_u64().expect("a play");
                let answer = client.get(format!("{calls}/frame")).bearer_auth(&bearer);
                let answer = answer.send().expect("the hub answers");
                kept = Some((play, answer.bytes().expect("reads").to_vec()));
            }
            // The glass at rest during that play is captured by now, or soon.
            let play = kept.as_ref().map(|(play, _)| *play);
            captured(&frames)
                .iter()
                .any(|frame| frame["play"].as_u64() == play && frame["transition"] == false)
        });

        let (play, jpeg) = kept.expect("a picture");
        assert!(jpeg.len() <= 40 << 10, "{draw}: {} bytes", jpeg.len());
        let seen = image::load_from_memory(&jpeg).expect("a picture").to_rgb8();
        assert_eq!(seen.dimensions(), (480, 270));
        let notes = captured(&frames);
        let of_play = |frame: &&Value| frame["play"] == play && frame["transition"] == false;
        let note = notes.iter().find(of_play).expect("captured");
        let file = frames.join(note["file"].as_str().expect("a file"));
        let glass = image::open(file).expect("a picture").to_rgb8();
        let on_glass = codes(&glass);
        assert_eq!(on_glass.len(), 1, "{draw}: the glass has a code");
        let scale = 480.0 / f64::from(glass.width());
        let on_small: Vec<_> = on_glass
            .iter()
            .map(|all| all.map(|at| at * scale))
            .collect();
        let small = imageops::thumbnail(&glass, 480, 270);
        let mean = difference(&seen, &small, &on_small);
        assert!(mean < MEAN_MAX, "{draw}: it differs by {mean:.1} of 255");
        // The code is covered, and no phone finds it however large it is shown.
        let code = on_small[0];
        let [x, y] = [(code[0] + code[2]) / 2.0, (code[1] + code[3]) / 2.0];
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is on the picture"
        )]
        let middle = seen.get_pixel(x as u32, y as u32).0;
        assert!(
            middle.iter().all(|&level| level.abs_diff(200) < 12),
            "{middle:?}"
        );
        for times in [1, 2, 4] {
            let large = imageops::resize(
                &seen,
                480 * times,
                270 * times,
                imageops::FilterType::CatmullRom,
            );
            assert!(codes(&large).is_empty(), "{draw}: {times} times as large");
        }
    }
}

#[test]
fn a_terminal_that_is_told_so_or_has_a_small_cap_says_that_it_sends_no_pictures() {
    for (extra, sends) in [
        ("", true),
        ("send_frames = false\n", false),
        ("daily_mb = 19\n", false),
        ("daily_mb = 20\n", true),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("hub");
        let server = HubProcess::start(&data, "127.0.0.1:0");
        let url = server.url();
        let settings = format!("[hub]\nurl = '{url}'\n{extra}[screen]\ndraw = 'cpu'\n");
        let screen = Terminal::with_settings(folder.path(), &settings);
        screen.enrol(&data, &url);
        let store = Hub::open(&data).expect("opens").store;
        let number = "1".parse().expect("a number");
        let heard = || {
            let facts = store.screen_facts(number, &Scope::ALL, (0, 1));
            facts.expect("reads").expect("a screen").heartbeat
        };
        run_until(&mut screen.run(), "it is heard of", |_| heard().is_some());
        assert_eq!(
            heard().map(|said| said.sends_frames),
            Some(sends),
            "{extra}"
        );
    }
}
