//! New scans over HTTP, with wrk: how many a second, and how long each takes; alone, and while
//! reports are made beside them.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use passerby_hub::system::clock;
use passerby_protocol::hexadecimal::unhex32;
use passerby_protocol::token::{Token, TokenContents, TokenKey};
use passerby_protocol::{Assignment, PlayNumber};

use crate::stand::{CAMPAIGNS, Serving, Stand, screens};
use crate::{figure, number_from};

/// wrk and the hub share two cores.
const THREADS: u32 = 2;
/// Phones at one time, unless the environment says another number.
const CONNECTIONS: u64 = 64;
/// How often each is measured; odd, so that one is in the middle.
const TURNS: u32 = 3;
/// Most scans that are hoped for in a second; so many codes are there.
const A_SECOND_MAX: u32 = 20_000;
/// Most codes of one run.
const ROUND_CODES: u32 = 4_000_000;
/// The numbers of plays that are in no ledger yet.
const FIRST_PLAY: u32 = 1_000_000;

/// What wrk found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scanned {
    a_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    count: u64,
}

/// Opens codes that nobody has opened for so many seconds.
fn open(stand: &Stand, serving: &Serving, folder: &Path, seconds: u32) -> Scanned {
    let codes = folder.join("codes.txt");
    write_codes(stand, &codes, seconds * A_SECOND_MAX, stand.next_round());
    let script = folder.join("scans.lua");
    std::fs::write(&script, include_str!("scans.lua")).expect("writes");
    let output = Command::new("wrk")
        .args(["--threads", &THREADS.to_string()])
        .args(["--connections", &connections().to_string()])
        .args([
            "--duration",
            &format!("{seconds}s"),
            "--timeout",
            "10s",
            "--script",
        ])
        .arg(&script)
        .args([&serving.url, "--"])
        .arg(&codes)
        .arg(THREADS.to_string())
        .output()
        .expect("wrk, which scripts/bench installs");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("figures "));
    let numbers: Vec<f64> = line
        .unwrap_or_else(|| panic!("{text}"))
        .split(' ')
        .map(|number| number.parse().expect("a number"))
        .collect();
    assert!(
        numbers[4] < 1.0,
        "{} answers were no scans: {text}",
        numbers[4]
    );
    let found = Scanned {
        a_second: numbers[0],
        p50_ms: numbers[1] / 1e3,
        p99_ms: numbers[2] / 1e3,
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count"
        )]
        count: numbers[3] as u64,
    };
    std::fs::remove_file(codes).expect("removes its own file");
    found
}

fn connections() -> u64 {
    number_from("PASSERBY_LOAD_CONNECTIONS", CONNECTIONS)
}

/// Mints codes of plays that air now, each with an address of its own.
fn write_codes(stand: &Stand, file: &Path, count: u32, round: u32) {
    let hub = stand.hub();
    let keys: Vec<_> = screens()
        .map(|screen| {
            let key = hub.token_key(screen).expect("reads").expect("there");
            let secret = unhex32(&key.token_key).expect("a key");
            (screen, key.generation, TokenKey::from_bytes(secret))
        })
        .collect();
    let minutes = TokenContents::minutes_at(Some(clock::now_ms()));
    let mut lines = String::new();
    for (number, (screen, generation, key)) in (0..count).zip(keys.iter().cycle()) {
        let contents = TokenContents {
            generation: *generation,
            screen: *screen,
            assignment: Assignment::new(1 + number % CAMPAIGNS).expect("in range"),
            play: PlayNumber::new(FIRST_PLAY + round * ROUND_CODES + number).expect("in range"),
            minutes,
        };
        // Spread over all networks, by a multiplier that is prime to their number.
        let visitor = round * ROUND_CODES + number;
        let address = Ipv4Addr::from_bits(visitor.wrapping_mul(2_654_435_761));
        let _ = writeln!(lines, "/Q/{} {address}", Token::mint(contents, key));
    }
    std::fs::write(file, lines).expect("writes");
}

/// Prints how many scans are recorded, without and with reports beside them, and how many an older
/// build records.
///
/// All are measured by turns, and each figure is that of its middle turn: a disk that is slow for a
/// moment is slow for one of them only.
pub(crate) fn figures(stand: &Stand, folder: &Path, seconds: u32, older: Option<&Stand>) {
    let serving = stand.serve();
    let older = older.map(|older| (older, older.serve()));
    let recorded = stand.hub().store.report().expect("a report").scans.openings;
    // What is cold is no figure.
    let warm = open(stand, &serving, folder, 2);
    if let Some((older, serving)) = &older {
        open(older, serving, folder, 2);
    }
    let seconds = seconds.div_ceil(TURNS);
    let reports = AtomicU32::new(0);
    let (mut before, mut alone, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        if let Some((older, serving)) = &older {
            before.push(open(older, serving, folder, seconds));
        }
        alone.push(open(stand, &serving, folder, seconds));
        let ends = AtomicBool::new(false);
        beside.push(std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ends.load(Ordering::Relaxed) {
                    let report = stand
                        .command(&["report", "--json"])
                        .stdout(Stdio::null())
                        .status();
                    assert!(report.expect("reports").success());
                    reports.fetch_add(1, Ordering::Relaxed);
                }
            });
            let beside = open(stand, &serving, folder, seconds);
            ends.store(true, Ordering::Relaxed);
            beside
        }));
    }
    let answered = |turns: &[Scanned]| turns.iter().map(|turn| turn.count).sum::<u64>();
    let answered = warm.count + answered(&alone) + answered(&beside);
    let (alone, beside) = (middle(&alone), middle(&beside));
    let after = stand.hub().store.report().expect("a report").scans.openings;
    // Requests that were under way at the end are recorded and not counted by wrk.
    let under_way = (1 + 2 * u64::from(TURNS)) * connections();
    assert!(
        (answered..=answered + under_way).contains(&(after - recorded)),
        "{answered} scans were answered and {} recorded",
        after - recorded
    );
    let name = stand.name;
    figure(
        &format!("new scans over HTTP, {name}"),
        alone.a_second,
        "/s",
        "goal at least",
        5_000.0,
    );
    if let Some((older, _)) = &older {
        let before = middle(&before);
        figure(
            &format!("new scans over HTTP, {name}"),
            alone.a_second,
            "/s",
            "2.5 times those of the older build",
            2.5 * before.a_second,
        );
        figure(
            &format!("p99 of new scans, {}", older.name),
            before.p99_ms,
            "ms",
            "goal",
            20.0,
        );
    }
    figure(
        &format!("their p50, {name}"),
        alone.p50_ms,
        "ms",
        "goal",
        20.0,
    );
    figure(
        &format!("their p99, {name}"),
        alone.p99_ms,
        "ms",
        "goal",
        20.0,
    );
    let reports = reports.into_inner();
    let with = format!("with {reports} reports beside them, {name}");
    figure(
        &format!("new scans over HTTP {with}"),
        beside.a_second,
        "/s",
        "without",
        alone.a_second,
    );
    figure(
        &format!("their p99 {with}"),
        beside.p99_ms,
        "ms",
        "without",
        alone.p99_ms,
    );
}

/// Each figure of the middle turn.
fn middle(turns: &[Scanned]) -> Scanned {
    let of = |figure: fn(&Scanned) -> f64| {
        let mut all: Vec<f64> = turns.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Scanned {
        a_second: of(|turn| turn.a_second),
        p50_ms: of(|turn| turn.p50_ms),
        p99_ms: of(|turn| turn.p99_ms),
        count: turns.iter().map(|turn| turn.count).sum(),
    }
}
