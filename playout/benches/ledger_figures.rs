//! Prints what the ledger writes to the memory card for each play, by setting, and how fast it is,
//! beside raw SQLite that does the same inserts at the same durability: name, value, unit, compared
//! with, ratio.
//!
//! The first argument is a folder on a real disk: on a file system in memory nothing is written.
//! After it may come settings of `commit_seconds`, to measure these alone. Bytes are those of this
//! process that went to the block layer (`write_bytes` of /proc/self/io), and those that it handed
//! to the kernel (`wchar`). Speed is a goal for `scripts/bench`, never a test: machines differ, so
//! both sides take turns in one run.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "figures of small numbers"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use passerby_playout::content::catalog::ItemKey;
use passerby_playout::content::catalog::{Catalog, CatalogItem};
use passerby_playout::ledger::{Entry, Ledger, NewPlay};
use passerby_playout::schedule::live_context::Facts;
use passerby_playout::schedule::rotation::{
    Airings, Booked, Decision, History, PickSurroundings, Rotation,
};
use passerby_playout::settings::config::Config;
use passerby_playout::system::clock::Moment;
use passerby_protocol::campaign::{Campaign, CreativeKind};
use passerby_protocol::plays::{Display, Outcome, PlayContent};
use passerby_protocol::{Assignment, Digest, PlayNumber};
use rusqlite::{Connection, params};

/// One play in so many seconds.
const SLOT_SECONDS: usize = 10;
/// Campaigns on the screen, each of an advertiser of its own.
const CAMPAIGNS: usize = 6;
/// Rounds in which both sides take their turn.
const ROUNDS: usize = 20;

fn main() {
    let base = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from)
        .join(format!("ledger-figures-{}", std::process::id()));
    std::fs::create_dir_all(&base).expect("a folder that can be written");
    let chosen: Vec<usize> = std::env::args()
        .skip(2)
        .map(|seconds| seconds.parse().expect("a number of seconds"))
        .collect();
    let all = chosen.is_empty();
    for commit_seconds in if all { vec![0, 10, 60, 600] } else { chosen } {
        let group = (commit_seconds / SLOT_SECONDS).max(1);
        let name = format!("commit_seconds = {commit_seconds}");
        let groups = if group == 1 { 1_000 } else { 24_000 / group };
        compare(&base, &name, group, groups);
    }
    if all {
        compare(&base, "commits of 1000 plays", 1_000, 40);
    }
    std::fs::remove_dir_all(base).expect("removes its own folder");
}

/// Lets the ledger and raw SQLite record the same plays in groups, in turns, and prints what each
/// of them took.
fn compare(base: &Path, name: &str, group: usize, groups: usize) {
    let folder = base.join(name.replace(' ', "-"));
    let mut screen = SimulatedScreen::new();
    let all: Vec<Group> = (0..groups).map(|_| screen.group(group)).collect();
    let mut ours = Ours::open(&folder.join("ledger"));
    let mut raw = Raw::open(&folder.join("raw"));
    let (mut own, mut other) = (Spent::default(), Spent::default());
    let part = groups.div_ceil(ROUNDS);
    for (at, round) in all.chunks(part).enumerate() {
        // The player has its history at hand.
        let mut histories: Vec<History> = round.iter().map(|group| group.history.clone()).collect();
        let mut ours_next = || {
            own.measure(|| {
                for (group, history) in round.iter().zip(&mut histories) {
                    ours.record(group, history);
                }
            });
        };
        let mut raw_next = || other.measure(|| round.iter().for_each(|plays| raw.record(plays)));
        if at % 2 == 0 {
            ours_next();
            raw_next();
        } else {
            raw_next();
            ours_next();
        }
    }
    // What still waits in the logs goes into the files, so that it is counted as well.
    own.measure_bytes(|| drop(ours));
    other.measure_bytes(|| drop(raw));
    let count = (group * groups) as f64;
    let line = |what: &str, value: f64, unit: &str, against: &str, other: f64| {
        println!(
            "{what}, {name}\t{value:.0}\t{unit}\t{against} {other:.0}\t{:.4}",
            value / other
        );
    };
    line(
        "bytes to the memory card a play",
        own.written as f64 / count,
        "B",
        "raw SQLite",
        other.written as f64 / count,
    );
    line(
        "bytes handed to the kernel a play",
        own.handed as f64 / count,
        "B",
        "raw SQLite",
        other.handed as f64 / count,
    );
    line(
        "ledger throughput",
        own.throughput(group * part),
        "plays/s",
        "raw SQLite (goal: ratio 0.8)",
        other.throughput(group * part),
    );
}

/// What one side took.
#[derive(Default)]
struct Spent {
    /// Of each round.
    times: Vec<Duration>,
    written: u64,
    handed: u64,
}

impl Spent {
    fn measure(&mut self, work: impl FnOnce()) {
        let started = Instant::now();
        let mut time = Duration::ZERO;
        self.measure_bytes(|| {
            work();
            time = started.elapsed();
        });
        self.times.push(time);
    }

    /// Plays a second in the middle one of the rounds: a disk that others use as well has bad ones.
    fn throughput(&self, plays_a_round: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort();
        plays_a_round as f64 / times[times.len() / 2].as_secs_f64()
    }

    fn measure_bytes(&mut self, work: impl FnOnce()) {
        let (written, handed) = io();
        work();
        let after = io();
        self.written += after.0 - written;
        self.handed += after.1 - handed;
    }
}

/// `write_bytes` and `wchar` of this process so far.
fn io() -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/self/io").expect("Linux counts input and output");
    let of = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.trim().parse().ok())
            .expect("a counter")
    };
    (of("write_bytes:"), of("wchar:"))
}

/// A play with the distances that are saved with it.
struct Shown {
    play: NewPlay,
    booked: Booked,
}

/// Plays of one commit.
struct Group {
    plays: Vec<Shown>,
    /// What the rotation remembers after the last of them.
    history: History,
    /// The same as rows: the zone, and the accounts that these plays changed.
    virtual_times: String,
    accounts: Vec<(String, String)>,
    /// When whose plays ended last.
    ended: BTreeMap<(String, String), String>,
}

/// A screen on which everything airs at once: the rotation without pixels.
struct SimulatedScreen {
    rotation: Rotation,
    history: History,
    airings: Airings,
    now: Moment,
    number: u32,
    noise: u64,
}

impl SimulatedScreen {
    fn new() -> Self {
        let mut history = History::default();
        let rules = Config::default().rules();
        let rotation = Rotation::new(rules, catalog(), &mut history.accounts);
        Self {
            rotation,
            history,
            airings: Airings::default(),
            now: Moment {
                boot: "5d3f8a1c-0b7e-4f0a-9c56-2f4be1a2c3d4".into(),
                boot_ms: 60_000,
                wall_ms: Some(1_795_435_200_000),
            },
            number: 1_000_000,
            noise: 1,
        }
    }

    fn next(&mut self) -> Shown {
        let facts = Facts::default();
        let around = PickSurroundings {
            history: &self.history,
            airings: &self.airings,
            facts: &facts,
        };
        let Decision::Item(pick) = self.rotation.next(&self.now, around, |_| false).decision else {
            panic!("something may air");
        };
        let item = &self.rotation.catalog()[pick.index];
        let content = PlayContent {
            assignment: item.assignment,
            campaign: item.campaign_id.to_string(),
            creative: item.creative,
        };
        // Real plays miss their planned time by some milliseconds.
        self.noise = self
            .noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let visible_ms = pick.dwell_ms + (self.noise >> 40) % 60;
        let end = self.now.plus_ms(visible_ms);
        let booked = pick.booking.book(
            self.rotation.rules(),
            &mut self.history,
            &mut self.airings,
            (&self.now, &end),
            pick.dwell_ms,
        );
        self.number += 1;
        Shown {
            play: NewPlay {
                number: PlayNumber::new(self.number).expect("in range"),
                content,
                start: std::mem::replace(&mut self.now, end),
                visible_ms,
                outcome: Outcome::Complete,
                display: Display::On,
            },
            booked,
        }
    }

    fn group(&mut self, plays: usize) -> Group {
        let plays: Vec<Shown> = (0..plays).map(|_| self.next()).collect();
        let ended = plays.iter().flat_map(|shown| &shown.booked.ended);
        let ended = ended.map(|(party, ended)| {
            let category = party.category.as_deref().unwrap_or_default().to_owned();
            ((party.advertiser.to_string(), category), json(ended))
        });
        let ended = ended.collect();
        let accounts = &self.history.accounts;
        let changed = accounts
            .unsaved()
            .map(|(ItemKey(key), account)| (key.to_string(), json(account)));
        let group = Group {
            plays,
            ended,
            virtual_times: json(&accounts.virtual_times()),
            accounts: changed.collect(),
            history: self.history.clone(),
        };
        self.history.accounts.saved();
        group
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("serialises")
}

/// The ledger, as the player uses it.
struct Ours(Ledger);

impl Ours {
    fn open(folder: &Path) -> Self {
        Self(Ledger::open(folder).expect("a ledger").0)
    }

    fn record(&mut self, group: &Group, history: &mut History) {
        let entries = group.plays.iter().map(|shown| Entry {
            play: &shown.play,
            zone: "main",
            booked: &shown.booked,
        });
        let kept = self.0.record_all(entries, &mut [("main", history)]);
        assert_eq!(kept.expect("records").rows, group.plays.len() as u64);
    }
}

/// SQLite with the same tables and nothing around it.
struct Raw {
    connection: Connection,
    seq: u64,
}

impl Raw {
    fn open(folder: &Path) -> Self {
        // The tables are the ledger's own.
        drop(Ledger::open(folder).expect("a ledger"));
        let connection = Connection::open(folder.join("ledger.sqlite")).expect("opens");
        for (pragma, value) in [
            ("journal_mode", "WAL"),
            ("synchronous", "FULL"),
            ("wal_autocheckpoint", "4096"),
        ] {
            connection
                .pragma_update(None, pragma, value)
                .expect("is set");
        }
        Self { connection, seq: 0 }
    }

    fn record(&mut self, group: &Group) {
        let transaction = self.connection.transaction().expect("begins");
        for shown in &group.plays {
            self.seq += 1;
            let (seq, play) = (self.seq, &shown.play);
            let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
                let mut statement = transaction.prepare_cached(sql).expect("prepares");
                statement.execute(values).expect("inserts");
            };
            if seq == 1 {
                run(
                    "INSERT INTO boots(id, text) VALUES (1, ?1)",
                    &[&play.start.boot],
                );
                for id in 1..=CAMPAIGNS as i64 {
                    let content = PlayContent {
                        campaign: format!("campaign-{id}"),
                        ..play.content.clone()
                    };
                    let text = serde_json::to_string(&content).expect("serialises");
                    run(
                        "INSERT INTO contents(id, text) VALUES (?1, ?2)",
                        params![id, text],
                    );
                }
            }
            run(
                "INSERT INTO plays(seq, number, content, boot, start_boot_ms, visible_ms, outcome, display) VALUES (?1, ?2, ?3, 1, ?4, ?5, 0, 1)",
                params![
                    seq,
                    play.number.get(),
                    1 + seq % CAMPAIGNS as u64,
                    play.start.boot_ms,
                    play.visible_ms
                ],
            );
        }
        // The rotation's rows once a transaction, like the ledger.
        transaction
            .prepare_cached("INSERT OR REPLACE INTO zones(zone, presents) VALUES ('main', ?1)")
            .and_then(|mut zone| zone.execute([&group.virtual_times]))
            .expect("inserts");
        for ((advertiser, category), ended) in &group.ended {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO airings(advertiser, category, ended) VALUES (?1, ?2, ?3)")
                .and_then(|mut save| save.execute([advertiser, category, ended]))
                .expect("inserts");
        }
        for (item, account) in &group.accounts {
            transaction
                .prepare_cached(
                    "INSERT INTO accounts(zone, item, account) VALUES ('main', ?1, ?2) ON CONFLICT(zone, item) DO UPDATE SET account = excluded.account",
                )
                .and_then(|mut save| save.execute([item, account]))
                .expect("inserts");
        }
        transaction.commit().expect("commits");
    }
}

fn catalog() -> Catalog {
    let of_campaign = |at: usize| {
        let toml = format!(
            "title = 'x'\nadvertiser = 'advertiser {at}'\napart_seconds = 5\n[[placement]]\ncreative = 'a.png'\n"
        );
        let campaign = Campaign::parse("campaign.toml", &toml, &["a.png".to_owned()]);
        CatalogItem {
            key: format!("local campaign-{at}/0").into(),
            campaign_id: format!("campaign-{at}").parse().expect("an id"),
            campaign: Arc::new(campaign.expect("good")),
            placement: 0,
            assignment: Assignment::new(at as u32).expect("in range"),
            kind: CreativeKind::Picture,
            creative: Digest::of(&[at as u8]),
            path: "a.png".into(),
            parts: Arc::default(),
        }
    };
    (1..=CAMPAIGNS).map(of_campaign).collect()
}
