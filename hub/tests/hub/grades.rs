//! How far a visit got: hit, seen, confirmed. The last one in a real browser.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use passerby_protocol::Assignment;
use passerby_testing::required_program;
use serde_json::Value;

use crate::stand::{PHONE, ROBOT, Stand, Terminal, location};

fn on_air() -> (Stand, Terminal, Assignment) {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = "title = 'Book'\ntarget = 'https://shop.example/book'\nlanding = 'page'\nstory = 'A long way from home.'\n";
    stand.publish(&stand.campaign("book", toml, &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    (stand, terminal, assignment)
}

/// Total, seen and confirmed, of scans and of visits.
fn grades(report: &Value) -> ([u64; 3], [u64; 3]) {
    let of = |kind: &str| {
        ["total", "seen", "confirmed"].map(|name| report[kind][name].as_u64().unwrap())
    };
    (of("scans"), of("visits"))
}

fn attribute<'a>(page: &'a str, before: &str) -> &'a str {
    page.split(before)
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
}

#[test]
fn a_get_is_a_hit_a_loaded_picture_is_seen_and_what_a_preview_takes_is_neither() {
    let (stand, terminal, assignment) = on_air();
    let own = location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    let page = stand.visit(1, &own).text().unwrap();
    assert_eq!(grades(&stand.report()), ([1, 0, 0], [1, 0, 0]));

    let for_previews = attribute(&page, "property=\"og:image\" content=\"").to_owned();
    assert!(for_previews.starts_with(&format!("{}/p/", stand.base)));
    assert_eq!(stand.visit(1, &for_previews).status(), 200);
    let picture = attribute(&page, "img src=\"").to_owned();
    assert_eq!(picture, format!("{own}/picture.jpg"));
    assert_eq!(stand.open(1, ROBOT, &picture).status(), 200);
    assert_eq!(
        stand.visit(2, &picture).status(),
        200,
        "but it is not theirs"
    );
    assert_eq!(grades(&stand.report()), ([1, 0, 0], [1, 0, 0]));

    let answer = stand.visit(1, &picture);
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_eq!(answer.headers()["cache-control"], "private, max-age=86400");
    let bytes = answer.bytes().unwrap();
    assert_eq!(bytes, stand.visit(1, &for_previews).bytes().unwrap());
    assert_eq!(grades(&stand.report()), ([1, 1, 0], [1, 1, 0]));
}

#[test]
fn a_press_is_counted_on_its_visit_and_confirms_nothing_by_itself() {
    let (stand, terminal, assignment) = on_air();
    let own = location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    stand.visit(1, &own);
    let friends = location(&stand.visit(2, &own));
    stand.visit(2, &friends);
    location(&stand.visit(2, &format!("{friends}/go")));
    location(&stand.visit(1, &format!("{own}/go")));
    let report = stand.report();
    assert_eq!(grades(&report), ([1, 0, 0], [2, 0, 0]));
    assert_eq!(report["visits"]["clicks"], 2);
    stand.visit(1, &format!("{own}/here.gif"));
    stand.visit(2, &format!("{friends}/here.gif"));
    assert_eq!(
        grades(&stand.report()),
        ([1, 1, 1], [2, 2, 2]),
        "a friend's is no scan's"
    );
}

#[test]
fn a_page_that_a_browser_had_fetched_ahead_is_a_visit_once_it_is_shown() {
    let (stand, terminal, assignment) = on_air();
    let own = location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    let ahead = |path: &str| {
        let request = stand
            .client
            .get(stand.address(path))
            .header("user-agent", PHONE);
        let request = request.header("x-forwarded-for", "192.0.2.1");
        request.header("sec-purpose", "prefetch").send().unwrap()
    };
    ahead(&own);
    let kept = ahead(&format!("{own}/picture.jpg"));
    assert_eq!(kept.headers()["cache-control"], "private, no-store");
    assert_eq!(grades(&stand.report()), ([1, 0, 0], [0, 0, 0]));
    let point = stand.visit(1, &format!("{own}/here.gif"));
    assert_eq!(point.headers()["cache-control"], "no-store");
    image::load_from_memory_with_format(&point.bytes().unwrap(), image::ImageFormat::Gif).unwrap();
    assert_eq!(grades(&stand.report()), ([1, 1, 1], [1, 1, 1]));
}

/// A phone's browser, without its phone.
struct Browser {
    process: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    fn open(address: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let process = Command::new(required_program("chromium"))
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
                "--window-size=390,844",
            ])
            .arg(format!("--user-agent={PHONE}"))
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(address)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium starts");
        Self {
            process,
            _profile: profile,
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_page_that_is_visible_in_a_real_browser_is_confirmed_without_any_script() {
    let (stand, terminal, assignment) = on_air();
    let browser = Browser::open(&stand.address(&terminal.scan_path(assignment, 5)));
    let deadline = Instant::now() + Duration::from_secs(600);
    let mut report = stand.report();
    while report["scans"]["confirmed"] != 1 {
        assert!(Instant::now() < deadline, "{report:#}");
        report = stand.report();
    }
    drop(browser);
    assert_eq!(grades(&report), ([1, 1, 1], [1, 1, 1]));
    assert_eq!(report["scans"]["fresh"], 1);
    assert_eq!(report["visits"]["clicks"], 0);
}
