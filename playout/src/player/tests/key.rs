//! A new key comes while something is on the screen and something else on its way.

use std::sync::atomic::{AtomicU32, Ordering};

use parts::{Manner, PATIENCE, SteppedClock};
use passerby_protocol::hexadecimal;
use passerby_protocol::manifest::{Item, ManifestCampaign};
use passerby_protocol::token::Token;
use passerby_protocol::token::TokenKey;
use passerby_protocol::wire::{Credentials, KeyReply};
use passerby_protocol::{Assignment, Campaign, Digest, Manifest, PlayNumber, ScreenNumber};

use super::*;

/// Slides with a play number that the stage has loaded.
static LOADED: AtomicU32 = AtomicU32::new(0);

fn counted(order: &SlideOrder) -> Manner {
    if order.play.is_some() {
        LOADED.fetch_add(1, Ordering::SeqCst);
    }
    Manner::Good
}

fn key(generation: u8) -> KeyReply {
    KeyReply {
        generation,
        token_key: format!("{generation:02x}").repeat(32),
    }
}

fn generation_of(order: &SlideOrder) -> Option<u8> {
    let url = &order.code.as_ref()?.url;
    let token = Token::parse(url.strip_prefix("HTTPS://HUB.EXAMPLE/Q/")?)?;
    let contents = *token.unverified();
    let minted_with = key(contents.generation).token_key;
    let secret = hexadecimal::unhex32(&minted_with)?;
    token.verify(&TokenKey::from_bytes(secret))?;
    Some(contents.generation)
}

#[test]
fn the_next_code_after_a_new_key_is_minted_with_it_even_if_its_slide_was_ready() {
    let folder = tempfile::tempdir().expect("folder");
    let clock = SteppedClock::standing();
    let setup = PlayerSetup {
        clock: clock.clone(),
        manner: counted,
        ..PlayerSetup::in_folder(folder.path())
    };
    let running = setup.start();
    let screen = ScreenNumber::new(7).expect("in range");
    let KeyReply {
        generation,
        token_key,
    } = key(0);
    let enrolment = Enrolment {
        hub: "https://hub.example".to_owned(),
        credentials: Credentials {
            screen,
            token_key,
            generation,
            bearer: String::new(),
            manifest_key: "00".repeat(32),
            manifest_key_generation: 0,
            scan_base: "HTTPS://HUB.EXAMPLE".to_owned(),
            play_floor: PlayNumber::new(0).expect("in range"),
        },
        kept_manifests: Vec::new(),
    };
    let toml = "title = 'x'\n[[placement]]\ncreative = 'a.png'\nseconds = 2\n";
    let manifest = Manifest {
        version: 1,
        screen,
        expires_ms: i64::MAX,
        scan_base: enrolment.credentials.scan_base.clone(),
        campaigns: vec![ManifestCampaign {
            id: "x".parse().expect("an id"),
            campaign: Campaign::parse("campaign.toml", toml, &["a.png".to_owned()])
                .expect("a good campaign"),
            items: vec![Item {
                assignment: Assignment::new(3).expect("in range"),
                creative: Digest([0; 32]),
                parts: Vec::new(),
            }],
        }],
        assets: Vec::new(),
        notice: None,
    };
    for request in [
        PlayerRequest::Enrolled(Box::new(enrolment)),
        PlayerRequest::Content(Arc::new(manifest.into())),
    ] {
        running.requests.send(request).expect("the player lives");
    }
    let is_old = |seen: &parts::Seen| seen.order().and_then(generation_of) == Some(0);
    // The time of the house creative is over; that of the code is not.
    clock.pass_ms(40);
    running.wait_for("a code of the first key", is_old);
    let deadline = std::time::Instant::now() + PATIENCE;
    while LOADED.load(Ordering::SeqCst) < 2 {
        assert!(std::time::Instant::now() < deadline, "no second slide");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    assert_eq!(running.status().key_generation, Some(0));
    let request = PlayerRequest::Key(key(1));
    running.requests.send(request).expect("the player lives");
    assert_eq!(running.status().key_generation, Some(1));
    clock.pass_ms(2_000);
    let next = running.wait_for("the next slide with a code", |seen| {
        seen.order().is_some_and(|order| order.play.is_some())
    });
    assert_eq!(next.order().and_then(generation_of), Some(1));
    running.stop();
}
