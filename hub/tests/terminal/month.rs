//! A terminal that was offline for a month: what it holds arrives exactly, in few bytes, and in
//! little memory.
//!
//! `PASSERBY_MONTH_PLAYS` says how many plays that is; a month of one play in ten seconds is
//! 260,000. `scripts/bench` runs it for its figures.

use std::path::Path;
use std::time::{Duration, Instant};

use passerby_hub::store::Store;
use passerby_playout::ledger::{DatedPlay, Ledger, NewPlay};
use passerby_playout::schedule::rotation::{Booked, History};
use passerby_playout::system::clock::Moment;
use passerby_protocol::ScreenNumber;
use passerby_protocol::plays::{Display, Outcome, PlayContent};

use crate::parts::{HubProcess, TerminalProcess, enrol, hub, number_from, settings};
use crate::relay::Relay;

/// Longest wait for all of it; a bound on the test, not a goal.
const PATIENCE: Duration = Duration::from_secs(600);
/// What a play may cost on the wire, with headers and answers.
const BYTES_A_PLAY_MAX: f64 = 16.0;
/// What each side may hold at its peak, however many plays wait, in KiB; without the pages of its
/// program, which are as many as its code is long, and more in a build for development.
const TERMINAL_KB_MAX: u64 = 32 << 10;
const HUB_KB_MAX: u64 = 32 << 10;
/// 2026-12-01T00:00Z.
const START_MS: i64 = 1_796_083_200_000;

/// Numbers that look like chance and are the same in each run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Publishes ten campaigns of four pictures and takes them off again: what a screen was given once
/// it may report for ever.
fn given(folder: &Path, data: &Path, screen: ScreenNumber) -> Vec<PlayContent> {
    let names: Vec<String> = (0..10).map(|at| format!("campaign-{at}")).collect();
    for (campaign, at) in names.iter().zip(0u8..) {
        let campaign = folder.join(campaign);
        std::fs::create_dir_all(&campaign).expect("folder");
        for picture in 0..4u8 {
            image::GrayImage::from_pixel(8, 8, image::Luma([4 * at + picture]))
                .save(campaign.join(format!("{picture}.png")))
                .expect("a picture");
        }
        hub(data, &["publish", campaign.to_str().expect("text")]);
    }
    let manifest = Store::open(data).expect("opens").manifest(screen);
    let campaigns = manifest.expect("reads").campaigns;
    for campaign in &names {
        hub(data, &["unpublish", campaign]);
    }
    let contents = campaigns.iter().flat_map(|entry| {
        entry.items.iter().map(|item| PlayContent {
            assignment: item.assignment,
            campaign: entry.id.to_string(),
            creative: item.creative,
        })
    });
    contents.collect()
}

/// Records a month as a screen has it: forty contents in no order, plays of ten seconds with the
/// jitter of frames, some cut short, a restart every three days, one of the boots without a known
/// time.
fn record(folder: &Path, plays: u64, contents: &[PlayContent]) {
    let mut ledger = Ledger::open(folder).expect("opens").0;
    let (mut noise, mut history) = (Noise(7), History::default());
    let (mut boot, mut boot_ms, mut wall_ms) = (0, 20_000, START_MS);
    for at in 0..plays {
        if at % 26_000 == 25_999 {
            (boot, boot_ms, wall_ms) = (boot + 1, 20_000 + noise.below(9_000), wall_ms + 60_000);
        }
        let cut = noise.below(200) == 0;
        let visible_ms = if cut {
            noise.below(9_000) + 500
        } else {
            9_992 + noise.below(34)
        };
        let play = NewPlay {
            number: ledger.next_number().expect("a number"),
            content: contents[usize::try_from(noise.below(40)).expect("small")].clone(),
            start: Moment {
                boot: format!("0f5c4e3a-{boot:04}-4b1e-9d55-2f1f6d3f9f10").into(),
                boot_ms,
                wall_ms: (boot != 3).then_some(wall_ms),
            },
            visible_ms,
            display: Display::On,
            outcome: if cut {
                Outcome::CutShort
            } else {
                Outcome::Complete
            },
        };
        ledger
            .record(&play, "main", &mut history, &Booked::default())
            .expect("records");
        let span = visible_ms + noise.below(17);
        (boot_ms, wall_ms) = (boot_ms + span, wall_ms.saturating_add_unsigned(span));
    }
}

/// The most memory that a process ever had, in KiB.
struct Peak {
    all: u64,
    /// Without the pages of files, its program above all, that are in memory now.
    own: u64,
}

impl Peak {
    fn of(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("runs");
        let value = |name: &str| -> u64 {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|value| value.trim().trim_end_matches(" kB").parse().ok())
                .expect("the kernel says so")
        };
        let all = value("VmHWM:");
        Self {
            all,
            own: all.saturating_sub(value("RssFile:")),
        }
    }
}

/// Waits until a hub has so many plays of its only ledger. A look at its cursor costs it nothing; a
/// report would.
fn wait_for(data: &Path, plays: u64) {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = rusqlite::Connection::open_with_flags(data.join("hub.db"), flags);
    let database = database.expect("opens");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let cursor =
            database.query_row("SELECT ifnull(max(last_seq), 0) FROM ledgers", [], |row| {
                row.get::<_, u64>(0)
            });
        let there = cursor.expect("reads");
        if there >= plays {
            assert_eq!(there, plays);
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{there} of {plays} plays arrived"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn ratio(value: u64, by: u64) -> f64 {
    value as f64 / by as f64
}

fn figure(name: &str, value: f64, unit: &str, goal: f64) {
    println!(
        "{name}\t{value:.2}\t{unit}\tgoal {goal}\t{:.4}",
        value / goal
    );
}

#[test]
fn a_month_offline_arrives_exactly_in_few_bytes_and_flat_memory() {
    let plays = number_from("PASSERBY_MONTH_PLAYS", 60_000);
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let relay = Relay::to(&process.address);
    let (terminal, enrolment) = enrol(folder.path(), &data, &relay.url());
    let contents = given(folder.path(), &data, enrolment.credentials.screen);
    assert_eq!(contents.len(), 40);
    // In memory, where a commit costs little; the copy lies on the disk as a terminal's does.
    let in_memory = tempfile::tempdir_in("/dev/shm").expect("memory");
    record(in_memory.path(), plays, &contents);
    std::fs::copy(
        in_memory.path().join("ledger.sqlite"),
        terminal.join("ledger.sqlite"),
    )
    .expect("copies");
    let settings = settings(folder.path(), &relay.url());

    let (up_before, down_before) = relay.bytes();
    let started = Instant::now();
    let running = TerminalProcess::start(&settings, 3_600_000);
    wait_for(&data, plays);
    let seconds = started.elapsed().as_secs_f64();
    let (up, down) = relay.bytes();
    let (of_terminal, of_hub) = (Peak::of(running.id()), Peak::of(process.id()));
    // The last answer is still on its way into the ledger.
    while Ledger::open_to_read(&terminal).expect("reads").waiting() > 0 {
        std::thread::yield_now();
    }
    running.kill();

    let bytes = ratio(up - up_before + down - down_before, plays);
    figure(
        &format!("drain of {plays} plays over loopback"),
        seconds,
        "s",
        5.0,
    );
    figure(
        "bytes a play on the wire, all told",
        bytes,
        "B",
        BYTES_A_PLAY_MAX,
    );
    figure(
        "memory of the terminal while draining (peak RSS)",
        ratio(of_terminal.all, 1 << 10),
        "MB",
        48.0,
    );
    figure(
        "memory of the hub while draining (peak RSS)",
        ratio(of_hub.all, 1 << 10),
        "MB",
        64.0,
    );

    assert!(bytes <= BYTES_A_PLAY_MAX, "{bytes} bytes a play");
    let ledger = Ledger::open(&terminal).expect("opens").0;
    let dated: Vec<DatedPlay> = ledger.plays_since(None).expect("reads");
    assert_eq!((dated.len() as u64, ledger.waiting()), (plays, 0));
    let report = hub(&data, &["report"]);
    assert_eq!(report["plays"]["total"].as_u64(), Some(plays));
    for content in &contents {
        let creative = content.creative;
        let here = dated.iter().filter(|play| play.play.content == *content);
        assert_eq!(
            report["plays"]["by_creative"][creative.to_string()].as_u64(),
            Some(here.count() as u64),
            "{content:?}"
        );
    }
    for (name, own, most) in [
        ("terminal", of_terminal.own, TERMINAL_KB_MAX),
        ("hub", of_hub.own, HUB_KB_MAX),
    ] {
        assert!(
            (1 << 10..most).contains(&own),
            "memory of the {name}: {own} KiB"
        );
    }
}
