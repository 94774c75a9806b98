//! Prints figures of the parts without a screen, one a line: name, value, unit, compared with,
//! ratio.
//!
//! Speed is a goal for `scripts/bench`, never a test: machines differ.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "figures of small numbers"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use passerby_playout::code::qr::QrMatrix;
use passerby_playout::content::catalog::{Catalog, CatalogItem};
use passerby_playout::ledger::{Ledger, NewPlay};
use passerby_playout::schedule::live_context::Facts;
use passerby_playout::schedule::rotation::{
    Airings, Booked, Decision, History, PickSurroundings, Rotation,
};
use passerby_playout::schedule::timeline::Timeline;
use passerby_playout::settings::config::Config;
use passerby_playout::system::clock::{Clock, Moment, SystemClock};
use passerby_protocol::campaign::{Campaign, CreativeKind};
use passerby_protocol::daypart;
use passerby_protocol::opening::Opening;
use passerby_protocol::plays::{Display, Outcome, PlayBatch, PlayContent};
use passerby_protocol::recurrence::{Recurrence, RecurrenceText};
use passerby_protocol::token::{Token, TokenContents, TokenKey};
use passerby_protocol::{Assignment, CampaignId, Digest, PlayNumber, ScreenNumber};

fn main() {
    let contents = TokenContents {
        generation: 0,
        screen: ScreenNumber::new(7).expect("in range"),
        assignment: Assignment::new(3).expect("in range"),
        play: PlayNumber::new(1_000_000).expect("in range"),
        minutes: 500_000,
    };
    let key = TokenKey::derive(&[7; 32], contents.screen, 0);
    let token = Token::mint(contents, &key);
    let link = format!("HTTPS://HUB.EXAMPLE/Q/{token}");
    compare(
        "token mint",
        per_call_us(20_000, || {
            Token::mint(black_box(contents), &key).to_string()
        }),
        "µs",
        2.0,
    );
    compare(
        "token parse and verify",
        per_call_us(20_000, || {
            Token::parse(black_box(&link[22..])).map(|token| token.verify(&key).is_some())
        }),
        "µs",
        2.0,
    );
    compare(
        "code encode",
        per_call_us(200, || QrMatrix::encode(black_box(&link))),
        "µs",
        1_500.0,
    );

    windows();
    rotation();

    let folder = std::env::temp_dir().join(format!("passerby-figures-{}", std::process::id()));
    let mut ledger = Ledger::open(&folder).expect("a ledger").0;
    let clock = SystemClock::new(true);
    let mut history = History::default();
    let contents: Vec<PlayContent> = (0..5)
        .map(|at| PlayContent {
            assignment: Assignment::new(at + 1).expect("in range"),
            campaign: format!("campaign {at}"),
            creative: Digest::of(&[at as u8]),
        })
        .collect();
    let (mut at, mut noise) = (0u64, 1u64);
    let record_us = per_call_us(1_000, || {
        at += 1;
        let number = ledger.next_number().expect("a number");
        let mut start = clock.now();
        // Real plays miss their planned time by some milliseconds, and not always the same item is
        // next.
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        start.boot_ms += at * 10_000 + (noise >> 40) % 60;
        let visible_ms = 10_000 + (noise >> 50) % 60;
        let play = NewPlay {
            number,
            content: contents[(noise >> 60) as usize % 5].clone(),
            start,
            visible_ms,
            outcome: Outcome::Complete,
            display: Display::Unknown,
        };
        ledger
            .record(&play, "main", &mut history, &Booked::default())
            .expect("records")
    });
    compare(
        "ledger record, with its own COMMIT",
        record_us,
        "µs",
        10_000_000.0,
    );
    let (plays, anchors) = ledger.waiting_plays(1_000).expect("reads");
    let json =
        serde_json::to_vec(&PlayBatch::pack(ledger.epoch(), &plays, anchors)).expect("serialises");
    let packed = zstd::bulk::compress(&json, 6).expect("packs").len();
    compare(
        "bytes a play on the wire",
        packed as f64 / plays.len() as f64,
        "B",
        16.0,
    );
    drop(ledger);
    std::fs::remove_dir_all(folder).expect("removes its own folder");
}

/// What the scheduler asks at each edge of time.
fn windows() {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").expect("zone");
    let now: jiff::Timestamp = "2026-11-24T12:00:00Z".parse().expect("instant");
    let parts = [
        "mon-fri 07:00-10:00",
        "mon-fri 17:00-20:00",
        "sat,sun 10:00-24:00",
    ];
    let parts = parts.map(|part| part.parse().expect(part));
    compare(
        "window of three dayparts",
        per_call_us(20_000, || daypart::window(black_box(&parts), now, &zone)),
        "µs",
        3.0,
    );
    let closed = ["12-25", "2026-02-16..2026-02-22"].map(|days| days.parse().expect(days));
    let opening = Opening::new(parts.to_vec(), closed.to_vec());
    compare(
        "window of opening hours",
        per_call_us(20_000, || opening.at(black_box(now), &zone)),
        "µs",
        5.0,
    );
    for (name, rule, ask_us, read_us) in [
        ("weekly rule", "FREQ=WEEKLY;BYDAY=FR", 5.0, 2_000.0),
        (
            "yearly rule",
            "FREQ=YEARLY;BYMONTH=6;BYDAY=MO,TU;BYSETPOS=-1",
            100.0,
            2_000.0,
        ),
        (
            "dense rule",
            "FREQ=HOURLY;BYMINUTE=0,15,30,45;COUNT=10000",
            100.0,
            2_000.0,
        ),
        (
            "rule that never comes true",
            "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
            0.0,
            2_000.0,
        ),
    ] {
        let text = || RecurrenceText {
            start: "2026-01-02T18:00:00".parse().expect("time"),
            minutes: 5,
            rule: Some(rule.to_owned()),
            except: Vec::new(),
            also: Vec::new(),
        };
        let read = per_call_us(50, || Recurrence::new(black_box(text())));
        compare(&format!("read a {name}"), read, "µs", read_us);
        if let Ok(recurrence) = Recurrence::new(text()) {
            let ask = per_call_us(5_000, || recurrence.at(black_box(now), &zone));
            compare(&format!("window of a {name}"), ask, "µs", ask_us);
        }
    }
}

fn per_call_us<T>(calls: u32, mut call: impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(call());
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

fn compare(name: &str, value: f64, unit: &str, goal: f64) {
    println!(
        "{name}\t{value:.2}\t{unit}\tgoal {goal}\t{:.4}",
        value / goal
    );
}

/// What it costs to pick, and to run a screen a month ahead.
fn rotation() {
    for (placements, goal_us) in [(100, 20.0), (10_000, 1_000.0)] {
        let rounds = if placements > 1_000 { 200 } else { 5_000 };
        let mut history = History::default();
        let mut airings = Airings::default();
        let rules = Config::default().rules();
        let mut rotation = Rotation::new(rules, catalog(placements), &mut history.accounts);
        let facts = Facts::default();
        let mut now = Moment {
            boot: "figures".into(),
            boot_ms: 0,
            wall_ms: Some(1_795_435_200_000),
        };
        // Everything is booked along the way; only the question is timed.
        let mut spent = std::time::Duration::ZERO;
        for _ in 0..rounds {
            let around = PickSurroundings {
                history: &history,
                airings: &airings,
                facts: &facts,
            };
            let started = Instant::now();
            let next = black_box(rotation.next(&now, around, |_| false));
            spent += started.elapsed();
            let Decision::Item(pick) = next.decision else {
                panic!("something may air");
            };
            let end = now.plus_ms(pick.dwell_ms);
            let span = (&now, &end);
            pick.booking.book(
                rotation.rules(),
                &mut history,
                &mut airings,
                span,
                pick.dwell_ms,
            );
            history.accounts.saved();
            now = end;
        }
        compare(
            &format!("rotation's next with {placements} placements"),
            spent.as_secs_f64() * 1e6 / f64::from(rounds),
            "µs",
            goal_us,
        );
    }
    let from = Moment {
        boot: "figures".into(),
        boot_ms: 0,
        wall_ms: Some(1_795_435_200_000),
    };
    let started = Instant::now();
    let zones = [("main".to_owned(), History::default())];
    let rules = Config::default().rules();
    let timeline = Timeline::new(
        &rules,
        &catalog(100),
        zones,
        Airings::default(),
        Facts::default().into(),
        &from,
    );
    let month_ms = 30 * 86_400_000;
    let plays = timeline
        .take_while(|slot| slot.start.boot_ms < month_ms)
        .count();
    compare(
        &format!("a month of one screen, {plays} plays"),
        started.elapsed().as_secs_f64(),
        "s",
        10.0,
    );
}

/// Placements of many kinds, a hundred or fewer a campaign.
fn catalog(placements: usize) -> Catalog {
    let campaigns = placements.div_ceil(100);
    let of_campaign = |campaign: usize| {
        let mut toml = format!(
            "title = 'x'\nadvertiser = 'a{campaign}'\ncategory = 'c{}'\nrivals_apart_seconds = 5\n",
            campaign % 7
        );
        for at in 0..placements.min(100) {
            let more = match at % 5 {
                0 => "dayparts = ['mon-fri 06:00-22:00', 'sat,sun 08:00-24:00']",
                1 => "per_hour = 30",
                2 => "sequence = 'story'",
                3 => "when = \"venue.tags.size() == 0\"",
                _ => "weight = 7",
            };
            toml.push_str(&format!("[[placement]]\ncreative = 'a.png'\n{more}\n"));
        }
        let campaign_id: CampaignId = format!("campaign-{campaign}").parse().expect("an id");
        let campaign = Campaign::parse("campaign.toml", &toml, &["a.png".to_owned()]);
        let campaign = Arc::new(campaign.expect("good"));
        let item = move |placement| CatalogItem {
            key: format!("{campaign_id}/{placement}").into(),
            campaign_id: campaign_id.clone(),
            campaign: campaign.clone(),
            placement,
            assignment: Assignment::NONE,
            kind: CreativeKind::Picture,
            creative: Digest([0; 32]),
            path: "a.png".into(),
            parts: Arc::default(),
        };
        (0..placements.min(100)).map(item)
    };
    (0..campaigns).flat_map(of_campaign).collect()
}
