//! Prints what passers-by wait for after a scan, over HTTP and on both databases, one figure a
//! line: name, value, unit, compared with, ratio. Landing pages that are opened for the first time,
//! at an even pace, beside links that are opened by somebody else; the postcard of a moment; and
//! what is said of chains over many shares.
//!
//! The first argument is a folder on the disk that is measured. `PASSERBY_LANDING_PAGES` and
//! `PASSERBY_LANDING_SHARES` say how many of each come in a second, `PASSERBY_LANDING_SECONDS` for
//! how long, `PASSERBY_LANDING_CARDS` how many postcards are drawn, `PASSERBY_LANDING_LINKS` over
//! how many shares chains are told. `PASSERBY_LANDING_PARTS` names those of `pages`, `cards` and
//! `chains` that are wanted, `PASSERBY_LANDING_ON` which of `sqlite` and `postgres`.
//!
//! Speed is a goal for `scripts/bench`, never a test: machines differ.

mod chains;
#[path = "../load/figures.rs"]
mod figures;
#[path = "../load/fill.rs"]
mod fill;
mod pace;
mod phone;
#[allow(dead_code, reason = "the bench of load asks for more")]
#[path = "../load/stand.rs"]
mod stand;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use passerby_hub::system::clock;
use passerby_testing::postgres::PostgresServer;

use crate::pace::{Answered, Asked};
use crate::phone::Phone;
use crate::stand::{SCREENS, Stand};

/// Phones that open pages at one time, and those that open what others passed on.
const PHONES: [u64; 2] = [48, 24];
/// The first address of those who open a link of their own, and of those who open another's.
const FIRST_VISITOR: [u32; 2] = [1 << 20, 1 << 29];
/// What a page may take at the 99th percentile, in milliseconds.
const PAGE_MS: f64 = 20.0;
/// What a postcard may take whose process is there, in milliseconds.
const CARD_MS: f64 = 100.0;

fn main() {
    // reqwest asks for a provider even when it only speaks http.
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("the first one");
    let folder = std::env::args().nth(1);
    let folder = folder.map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("passerby-landing-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let parts = word_from("PASSERBY_LANDING_PARTS", "pages cards chains");
    let on = word_from("PASSERBY_LANDING_ON", "sqlite postgres");
    if on.contains("sqlite") {
        measure(&folder, None, &parts);
    }
    if on.contains("postgres") {
        // It waits for the disk, as one that serves does.
        let options = ["-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB"];
        measure(&folder, Some(&PostgresServer::start(&options)), &parts);
    }
    std::fs::remove_dir_all(folder).expect("removes its own folder");
}

fn measure(folder: &Path, server: Option<&PostgresServer>, parts: &str) {
    let stand = Stand::new(folder, server);
    let [pages, shares] = ["PAGES", "SHARES"].map(|name| format!("PASSERBY_LANDING_{name}"));
    let (pages, shares) = (number_from(&pages, 1_000), number_from(&shares, 200));
    let seconds = number_from("PASSERBY_LANDING_SECONDS", 30);
    let cards = number_from("PASSERBY_LANDING_CARDS", 20);
    // As many links that nobody has opened as there are pages; what is cold is no figure.
    let warm = 3;
    let links = pages * (seconds + warm) + cards + 100;
    make_links(&stand, server, links);
    if parts.contains("pages") || parts.contains("cards") {
        let serving = stand.serve();
        if parts.contains("pages") {
            open_pages(&stand, &serving.url, [pages, shares], [warm, seconds]);
        }
        if parts.contains("cards") {
            draw_cards(&stand, &serving.url, links - cards, cards);
        }
    }
    if parts.contains("chains") {
        chains::figures(
            &stand,
            server,
            number_from("PASSERBY_LANDING_LINKS", 1_000_000),
        );
    }
    let started = Instant::now();
    let differences = stand.hub().store.recount().expect("counts");
    assert_eq!(differences, [], "{}", stand.name);
    eprintln!("{}: counted anew in {:?}", stand.name, started.elapsed());
}

/// Writes scans of so many people of whom nobody has opened the page yet: `link-1` and so on, and
/// `first-1` of others who have opened theirs, one a screen.
fn make_links(stand: &Stand, server: Option<&PostgresServer>, links: u64) {
    let now_ms = clock::now_ms();
    let (visitor, no_owner) = if server.is_some() {
        (
            "convert_to(lpad(to_hex(i), 16, '0'), 'UTF8')",
            "NULL::bytea",
        )
    } else {
        ("CAST(printf('%016x', i) AS BLOB)", "NULL")
    };
    let screens = u64::from(SCREENS);
    let all = links + screens;
    let statements = [
        format!(
            "INSERT INTO scans (id, screen, play, visitor, grade, assignment, campaign, creative, minted_ms, scanned_ms,
                                standing, settled)
             WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {all})
             SELECT i, screen, i, {visitor}, 0, number, campaign, creative, {now_ms}, {now_ms}, 0, TRUE
             FROM numbers JOIN assignments ON screen = 1 + i % {screens} AND number = 1"
        ),
        format!(
            "INSERT INTO shares (name, scan, generation, made_for, owner, created_ms)
             SELECT CASE WHEN id <= {links} THEN 'link-' || id ELSE 'first-' || (id - {links}) END, id, 0, visitor,
                    CASE WHEN id <= {links} THEN {no_owner} ELSE visitor END, scanned_ms FROM scans"
        ),
    ];
    let mut statements = statements.to_vec();
    statements.extend(chains::figures_of_rows(server.is_some()));
    fill::run(
        server.zip(stand.database.as_deref()),
        &stand.data,
        &statements,
    );
    if server.is_some() {
        let after = format!("SELECT setval(pg_get_serial_sequence('scans', 'id'), {all})");
        fill::run(server.zip(stand.database.as_deref()), &stand.data, &[after]);
    }
}

/// Opens pages and what others passed on, at an even pace, and prints how long each took.
fn open_pages(stand: &Stand, url: &str, [pages, shares]: [u64; 2], [warm, seconds]: [u64; 2]) {
    let screens = u64::from(SCREENS);
    let run = |from: u64, seconds: u64| -> [Answered; 2] {
        let begins = Instant::now() + Duration::from_millis(200);
        let asked = [
            Asked {
                a_second: pages,
                first: from * pages,
                path: |number| format!("/s/link-{}", number + 1),
                first_visitor: FIRST_VISITOR[0],
                status: 200,
            },
            Asked {
                a_second: shares,
                first: from * shares,
                path: |number| format!("/s/first-{}", 1 + number % u64::from(SCREENS)),
                first_visitor: FIRST_VISITOR[1],
                status: 302,
            },
        ];
        std::thread::scope(|scope| {
            let running = [0, 1].map(|at| {
                let asked = &asked[at];
                scope.spawn(move || pace::run(url, asked, PHONES[at], seconds, begins))
            });
            // Both are borrowed until they have ended.
            running.map(|running| running.join().expect("opens"))
        })
    };
    run(0, warm);
    let [of_pages, of_shares] = run(warm, seconds);
    let name = stand.name;
    let beside = format!("at {pages}/s beside {shares} shares/s of {screens} screens, {name}");
    figure(
        &format!("landing pages {beside}"),
        of_pages.a_second,
        "/s",
        "wanted",
        as_f64(pages),
    );
    figure(
        &format!("their p50, {name}"),
        of_pages.ms(50),
        "ms",
        "goal",
        PAGE_MS,
    );
    figure(
        &format!("their p99, {name}"),
        of_pages.ms(99),
        "ms",
        "goal",
        PAGE_MS,
    );
    figure(
        &format!("the p99 of the shares, {name}"),
        of_shares.ms(99),
        "ms",
        "goal",
        PAGE_MS,
    );
    for (of, answered) in [("pages", &of_pages), ("shares", &of_shares)] {
        assert_eq!(answered.others, 0, "{name}: {of} had other answers");
    }
}

/// Has postcards drawn, one a link, once the process that draws them is there.
fn draw_cards(stand: &Stand, url: &str, first: u64, cards: u64) {
    let mut drawn = Vec::new();
    let mut kept = Vec::new();
    for number in first + 1..=first + cards {
        let address = FIRST_VISITOR[0] + u32::try_from(number).expect("few");
        let mut phone = Phone::new(url);
        let page = format!("/s/link-{number}");
        let status = phone.get(&page, address).expect("a page");
        assert_eq!(status, 200, "{page}");
        let typed = "sentence=Out+shopping%2C+and+still+buying+books%21&name=Lin&agree=yes";
        let status = phone.post(&format!("{page}/moment"), address, typed);
        assert_eq!(status.expect("keeps it"), 303, "{page}");
        for times in [&mut drawn, &mut kept] {
            let started = Instant::now();
            let status = phone.get(&format!("{page}/card.jpg"), address);
            assert_eq!(status.expect("a card"), 200, "{page}");
            times.push(started.elapsed());
        }
    }
    // The first one starts the process.
    let cold = drawn.remove(0);
    let name = stand.name;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    figure(
        &format!("a postcard, the first one, {name}"),
        ms(cold),
        "ms",
        "goal",
        3_000.0,
    );
    for (of, times) in [("drawn", &mut drawn), ("kept", &mut kept)] {
        times.sort();
        let (middle, worst) = (times[times.len() / 2], times[times.len() - 1]);
        figure(
            &format!("a postcard, {of}, p50, {name}"),
            ms(middle),
            "ms",
            "goal",
            CARD_MS,
        );
        figure(
            &format!("a postcard, {of}, slowest, {name}"),
            ms(worst),
            "ms",
            "goal",
            CARD_MS,
        );
    }
}

/// A number from a variable.
fn number_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

fn word_from(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn as_f64(number: u64) -> f64 {
    number as f64
}

/// Prints a figure.
fn figure(name: &str, value: f64, unit: &str, against: &str, goal: f64) {
    println!(
        "{name}\t{value:.1}\t{unit}\t{against} {goal:.1}\t{:.4}",
        value / goal
    );
}
