//! Small pictures of screens: who may bring one, how large, who sees it, and how somebody asks for
//! a new one.

use std::time::{Duration, Instant};

use passerby_hub::people::{Right, Role, Scope};
use passerby_protocol::changes::{ChangesReply, ChangesRequest};
use passerby_protocol::last_frame::{FrameNote, FrameReply};
use passerby_protocol::limits::{FRAME_BYTES_MAX, HOLD_MS_MAX};
use passerby_protocol::wire::Heartbeat;
use reqwest::blocking::{Client, RequestBuilder, Response};

use crate::console::{Visitor, location, token};
use crate::stand::{Stand, Terminal};

/// Longest wait for something that should come.
const PATIENCE: Duration = Duration::from_secs(300);

fn jpeg(colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(48, 27, image::Rgb(colour));
    picture
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

fn note(play: u32) -> FrameNote {
    FrameNote {
        age_ms: 0,
        width: 48,
        height: 27,
        play: Some(play),
        campaign: "jazz".to_owned(),
        creative: "ab".repeat(32),
    }
}

fn put(stand: &Stand, terminal: &Terminal, query: &str, body: Vec<u8>) -> RequestBuilder {
    let screen = terminal.credentials.screen;
    let path = format!("/v1/terminals/{screen}/frame?{query}");
    stand
        .client
        .put(stand.address(&path))
        .bearer_auth(&terminal.credentials.bearer)
        .header("content-type", "image/jpeg")
        .body(body)
}

fn bring(stand: &Stand, terminal: &Terminal, note: &FrameNote, body: &[u8]) -> FrameReply {
    let answer = put(stand, terminal, &note.query(), body.to_vec())
        .send()
        .unwrap();
    assert_eq!(answer.status(), 200);
    serde_json::from_slice(&answer.bytes().unwrap()).unwrap()
}

/// Says that the terminal is in touch and sends pictures.
fn say(stand: &Stand, terminal: &Terminal) {
    let heartbeat = Heartbeat {
        software: "0.1.0".to_owned(),
        sends_frames: true,
        ..Heartbeat::default()
    };
    let path = format!("/v1/terminals/{}/heartbeat", terminal.credentials.screen);
    let said = stand.client.post(stand.address(&path));
    let said = said.bearer_auth(&terminal.credentials.bearer);
    let said = said.body(serde_json::to_vec(&heartbeat).unwrap());
    assert_eq!(said.send().unwrap().status(), 200);
}

fn text(response: Response) -> String {
    assert_eq!(response.status(), 200);
    response.text().unwrap()
}

#[test]
fn a_picture_is_on_its_screens_page_for_whoever_may_look_and_nobody_else() {
    let stand = Stand::start();
    let terminal = stand.terminal("Exit B");
    say(&stand, &terminal);
    let mut owner = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let page = text(owner.get("/console/screens/1"));
    assert!(page.contains("No picture of this screen has come yet"));
    assert_eq!(owner.get("/console/screens/1/frame.jpg").status(), 404);

    let (red, blue) = (jpeg([200, 10, 10]), jpeg([10, 10, 200]));
    let told = bring(&stand, &terminal, &note(7), &red);
    assert!(told.next_after_ms >= 900_000, "{told:?}");
    let page = text(owner.get("/console/screens/1"));
    assert!(page.contains("As of") && page.contains("play 7"), "{page}");
    assert!(page.contains("just now") && page.contains("jazz"), "{page}");
    let address = page.split("src=\"").find(|rest| rest.contains("frame.jpg"));
    let address = address.unwrap().split('"').next().unwrap();
    let shown = owner.get(address);
    assert_eq!(shown.headers()["content-type"], "image/jpeg");
    assert_eq!(shown.headers()["x-content-type-options"], "nosniff");
    let keeping = shown.headers()["cache-control"].to_str().unwrap();
    assert!(keeping.starts_with("private"), "{keeping}");
    let policy = shown.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert_eq!(shown.bytes().unwrap(), red);
    let list = text(owner.get("/console/screens"));
    assert!(!list.contains("frame.jpg"), "a list has no pictures");

    bring(&stand, &terminal, &note(8), &blue);
    bring(
        &stand,
        &terminal,
        &FrameNote {
            age_ms: 60_000,
            ..note(7)
        },
        &red,
    );
    let newest = owner.get("/console/screens/1/frame.jpg");
    assert_eq!(newest.headers()["cache-control"], "no-store");
    assert_eq!(
        newest.bytes().unwrap(),
        blue,
        "a late retry changes nothing"
    );

    let of_north = Scope {
        screens: Some(["north".to_owned()].into()),
        campaigns: None,
    };
    let mut other = Visitor::signed_in(&stand, "Bo", Role::Operator, &of_north);
    assert_eq!(other.get("/console/screens/1/frame.jpg").status(), 404);
    assert_eq!(other.post("/console/screens/1/frame", &[]).status(), 404);
    let mut viewer = Visitor::signed_in(&stand, "Cy", Role::Viewer, &Scope::ALL);
    assert_eq!(viewer.get("/console/screens/1/frame.jpg").status(), 200);

    let bearer = token(&stand, "Ada", Role::Owner, &[Right::SeeScreens]);
    let call = |path: &str| {
        let request = stand.client.get(stand.address(&format!("/api/v1{path}")));
        request.bearer_auth(&bearer).send().unwrap()
    };
    assert_eq!(call("/screens/1/frame").bytes().unwrap(), blue);
    let facts: serde_json::Value = serde_json::from_str(&text(call("/screens/1"))).unwrap();
    assert_eq!(facts["frame"]["play"], 8);
    assert_eq!(facts["frame"]["campaign"], "jazz");

    stand.json(&["screen", "revoke", "1"]);
    assert_eq!(owner.get("/console/screens/1/frame.jpg").status(), 404);
    assert_eq!(call("/screens/1/frame").status(), 404);
    let late = put(&stand, &terminal, &note(9).query(), red).send();
    assert_eq!(late.unwrap().status(), 410);
}

#[test]
fn what_is_no_small_jpeg_of_this_screen_is_refused() {
    let stand = Stand::start();
    let (one, two) = (stand.terminal("one"), stand.terminal("two"));
    let good = jpeg([1, 2, 3]);
    let status = |request: RequestBuilder| request.send().unwrap().status().as_u16();
    let query = note(7).query();
    for wrong in ["", "width=48", "width=0&height=1", "width=481&height=1"] {
        let answer = put(&stand, &one, wrong, good.clone());
        assert_eq!(status(answer), 400, "{wrong}");
    }
    let old = FrameNote {
        age_ms: 600_001,
        ..note(7)
    }
    .query();
    assert_eq!(status(put(&stand, &one, &old, good.clone())), 400);
    for other in [&b""[..], b"GIF89a", b"<svg onload=alert(1)>", &[0xFF, 0xD8]] {
        assert_eq!(status(put(&stand, &one, &query, other.to_vec())), 415);
    }
    let mut large = good.clone();
    large.resize(FRAME_BYTES_MAX + 1, 0);
    assert_eq!(status(put(&stand, &one, &query, large.clone())), 413);
    large.truncate(FRAME_BYTES_MAX);
    assert_eq!(status(put(&stand, &one, &query, large)), 200);
    let path = stand.address(&format!("/v1/terminals/2/frame?{query}"));
    let stranger = || {
        let request = stand.client.put(&path).header("content-type", "image/jpeg");
        request.body(good.clone())
    };
    assert_eq!(status(stranger()), 401);
    assert_eq!(status(stranger().bearer_auth(&one.credentials.bearer)), 403);
    assert_eq!(status(stranger().bearer_auth(&two.credentials.bearer)), 200);
    let page = stand
        .client
        .put(stand.address(&format!("/v1/terminals/1/frame?{query}")));
    let page = page.bearer_auth(&one.credentials.bearer).body(good);
    assert_eq!(status(page.header("content-type", "text/html")), 415);
}

#[test]
fn a_terminal_that_sends_pictures_without_end_is_slowed_down_and_no_other_is() {
    let stand = Stand::start();
    let (one, two) = (stand.terminal("one"), stand.terminal("two"));
    let picture = jpeg([1, 2, 3]);
    let send = |terminal: &Terminal, play: u32| {
        let answer = put(&stand, terminal, &note(play).query(), picture.clone());
        answer.send().unwrap()
    };
    let answers: Vec<_> = (0..60).map(|play| send(&one, play)).collect();
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status() == 429)
        .collect();
    assert!(refused.len() >= 20, "{}", refused.len());
    assert!(refused[0].headers().contains_key("retry-after"));
    assert_eq!(send(&two, 1).status(), 200);
}

#[test]
fn whoever_presses_the_button_has_the_terminal_asked_within_seconds() {
    let stand = Stand::start();
    let terminal = stand.terminal("Exit B");
    let client = Client::builder().timeout(PATIENCE).build().unwrap();
    let path = format!("/v1/terminals/{}/changes", terminal.credentials.screen);
    let ask = |request: &ChangesRequest| -> ChangesReply {
        let asked = client.post(stand.address(&path));
        let asked = asked.bearer_auth(&terminal.credentials.bearer);
        let answer = asked.body(serde_json::to_vec(request).unwrap()).send();
        serde_json::from_slice(&answer.unwrap().bytes().unwrap()).unwrap()
    };
    let first = ask(&ChangesRequest::default());
    assert_eq!(first.frame, Some(0), "it takes pictures, and nobody waits");
    let holds = |frame: u64, sends_frames: bool| ChangesRequest {
        manifest: Some(first.manifest),
        key_generation: Some(first.key_generation),
        hold_ms: HOLD_MS_MAX,
        frame,
        heartbeat: Heartbeat {
            sends_frames,
            ..Heartbeat::default()
        },
    };
    say(&stand, &terminal);
    let mut viewer = Visitor::signed_in(&stand, "Cy", Role::Viewer, &Scope::ALL);
    let (wished, took) = std::thread::scope(|scope| {
        let held = scope.spawn(|| {
            let begun = Instant::now();
            let mut reply = ask(&holds(0, true));
            // One that was held for its whole time says nothing.
            while reply.frame == Some(0) {
                assert!(begun.elapsed() < PATIENCE);
                reply = ask(&holds(0, true));
            }
            (reply.frame.unwrap(), reply.held_ms)
        });
        let pressed = viewer.post("/console/screens/1/frame", &[]);
        assert_eq!(location(&pressed), "/console/screens/1#frame");
        held.join().unwrap()
    });
    assert!(wished > 0 && took < HOLD_MS_MAX, "{took}");
    let waiting = viewer.get("/console/screens/1");
    assert!(
        waiting.headers().contains_key("refresh"),
        "it comes again by itself"
    );
    assert!(text(waiting).contains("The screen was asked for one"));
    // Who has heard of it is held again, and so is who sends none.
    for quiet in [holds(wished, true), holds(0, false)] {
        let reply = ask(&ChangesRequest {
            hold_ms: 300,
            ..quiet
        });
        assert!(reply.held_ms >= 300, "{reply:?}");
    }
    bring(&stand, &terminal, &note(7), &jpeg([9, 9, 9]));
    assert_eq!(ask(&ChangesRequest::default()).frame, Some(0));
    say(&stand, &terminal);
    let done = viewer.get("/console/screens/1");
    assert!(!done.headers().contains_key("refresh"));
    assert!(text(done).contains("Show me now"));
}
