//! Prints figures of the hub's own work, one a line: name, value, unit, compared with, ratio.
//!
//! Speed is a goal for `scripts/bench`, never a test: machines differ.

use std::hint::black_box;
use std::time::Instant;

use passerby_hub::Hub;
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::token::{MasterKey, Token, TokenContents, TokenKey};
use passerby_protocol::{Assignment, PlayNumber, ScreenNumber};

fn main() {
    let folder = std::env::temp_dir().join(format!("passerby-hub-figures-{}", std::process::id()));
    let hub = Hub::open(&folder).expect("a hub");
    for number in 0..100 {
        let screen = hub.store.add_screen(
            &passerby_hub::people::Actor::COMMAND_LINE,
            &format!("screen {number}"),
            0,
        );
        let (screen, _) = screen.expect("a screen");
        hub.store
            .rotate_key(&passerby_hub::people::Actor::COMMAND_LINE, screen, false, 0)
            .expect("a key");
    }
    let screen = ScreenNumber::new(50).expect("in range");
    let key = hub.token_key(screen).expect("reads").expect("there");
    let contents = TokenContents {
        generation: key.generation,
        screen,
        assignment: Assignment::new(3).expect("in range"),
        play: PlayNumber::new(1_000_000).expect("in range"),
        minutes: 500_000,
    };
    let secret = unhex32(&key.token_key).expect("a key");
    let good = Token::mint(contents, &TokenKey::from_bytes(secret)).to_string();
    let forged = Token::mint(contents, &TokenKey::from_bytes([0; 32])).to_string();
    let nowhere = ScreenNumber::new(1_000).expect("in range");
    let stranger = TokenContents {
        screen: nowhere,
        ..contents
    };
    let stranger = Token::mint(stranger, &TokenKey::from_bytes([0; 32])).to_string();
    assert!(hub.verified(&good, 0).expect("answers").is_ok());
    assert!(hub.verified(&forged, 0).expect("answers").is_err());

    let master = MasterKey::new(&[7; 32]);
    compare("token key derived", || {
        master.token_key(black_box(screen), 1)
    });
    for (name, token) in [
        ("a token", &good),
        ("a forged token", &forged),
        ("a token of no screen", &stranger),
    ] {
        compare(&format!("the hub verifies {name}"), || {
            hub.verified(black_box(token), 1)
        });
    }
    compare("generations of a screen looked up", || {
        hub.store.key_generations(black_box(screen), 1)
    });
    drop(hub);
    std::fs::remove_dir_all(folder).expect("removes its own folder");
}

fn compare<T>(name: &str, mut call: impl FnMut() -> T) {
    const CALLS: u32 = 50_000;
    const GOAL_US: f64 = 2.0;
    let start = Instant::now();
    for _ in 0..CALLS {
        black_box(call());
    }
    let value = start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS);
    println!(
        "{name}\t{value:.2}\tµs\tgoal {GOAL_US}\t{:.4}",
        value / GOAL_US
    );
}
