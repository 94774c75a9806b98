//! Any text as a `campaign.toml`: it airs as it says, or every problem has its line.

use std::sync::LazyLock;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use passerby_protocol::Campaign;
use passerby_protocol::campaign::FILE_NAME;
use passerby_protocol::limits::{PLACEMENTS_MAX, TOML_BYTES_MAX};

/// Creatives that lie beside the file.
static CREATIVES: LazyLock<[String; 4]> =
    LazyLock::new(|| ["a.png", "b.jpg", "c.mp4", "d.card.toml"].map(str::to_owned));
/// Most problems of one text that are looked at; each is one line of a list that a person reads.
const PROBLEMS_MAX: usize = 10_000;

/// Reads the bytes as a campaign, and asks what came out when it airs.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if text.len() as u64 > TOML_BYTES_MAX {
        return;
    }
    match Campaign::parse(FILE_NAME, text, &CREATIVES[..]) {
        Ok(campaign) => check(&campaign),
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            assert!(problems.len() < PROBLEMS_MAX, "{} problems", problems.len());
            let lines = text.split('\n').count();
            for problem in problems {
                assert_eq!(problem.file, FILE_NAME);
                assert!((1..=lines).contains(&problem.line), "{problem:?}");
                assert!(!problem.message.trim().is_empty(), "{problem:?}");
            }
        }
    }
}

fn check(campaign: &Campaign) {
    assert!((1..=PLACEMENTS_MAX).contains(&campaign.placements.len()));
    assert_eq!(
        campaign.check_bounds(),
        Ok(()),
        "what a file may say, a manifest may"
    );
    let json = serde_json::to_string(campaign).expect("JSON");
    let read: Campaign =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(&read, campaign, "{json}");
    let zone = TimeZone::UTC;
    let start: Timestamp = "2026-12-01T08:00:00Z".parse().expect("a time");
    for placement in campaign.placements.iter().take(8) {
        let mut now = start;
        // From one change to the next: each lies ahead.
        for _ in 0..8 {
            let window = campaign.window(placement, now, &zone);
            let Some(until) = window.until else { break };
            assert!(until > now, "{until} does not follow {now}: {json}");
            let same = campaign.window(placement, until - 1.millisecond(), &zone);
            assert_eq!(same.open, window.open, "{json}: before {until}, from {now}");
            now = until;
        }
    }
}
