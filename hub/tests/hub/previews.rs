//! What screens would show, drawn by a process of its own: for people, for programs, and of files
//! that are broken.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use passerby_hub::people::{Actor, Right, Role, Scope};
use passerby_hub::publish::preview::{
    Asked, Drawers, MEMORY_BYTES_MAX, Preview, RefusalOf, Subject, View,
};
use passerby_hub::system::clock;
use passerby_protocol::token::SAMPLE;
use passerby_testing::required_file;
use reqwest::blocking::Response;
use serde_json::Value;

use crate::console::{Visitor, token};
use crate::stand::{Stand, png};

const SHOP: &str = "title = 'Shop'\ntarget = 'https://shop.example/'\n\
    [[placement]]\ncreative = '0.png'\nseconds = 9\n\
    [[placement]]\ncreative = '1.png'\nseconds = 9\nheadline = 'Half price'\n";

/// A hub with a campaign of two placements.
fn shop() -> Stand {
    let stand = Stand::start();
    let folder = stand.campaign("shop", SHOP, &[[9; 3], [120, 30, 60]]);
    stand.publish(&folder);
    stand
}

/// Asks again while it is being drawn.
pub(crate) fn at_last(mut ask: impl FnMut() -> Response) -> Response {
    loop {
        let response = ask();
        let headers = response.headers();
        if !headers.contains_key("refresh") && !headers.contains_key("retry-after") {
            return response;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn size_of(png: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(png).unwrap();
    (picture.width(), picture.height())
}

#[test]
fn a_page_shows_a_placement_as_a_screen_would_and_says_whether_its_code_can_be_scanned() {
    let stand = shop();
    let mut owner = Visitor::signed_in(&stand, "owner", Role::Owner, &Scope::ALL);
    let campaign = owner.get("/console/campaigns/shop").text().unwrap();
    assert!(campaign.contains("/console/campaigns/shop/preview/2"));
    let page = at_last(|| owner.get("/console/campaigns/shop/preview/2"));
    let page = page.text().unwrap();
    assert!(
        page.contains("it was read back from this very picture"),
        "{page}"
    );
    owner.language = "zh";
    let page = at_last(|| owner.get("/console/campaigns/shop/preview/2"));
    assert!(page.text().unwrap().contains("码扫得出来"));
    let path = "/console/campaigns/shop/preview/2/picture.png";
    let answer = at_last(|| owner.get(path));
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert!(
        answer.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("private")
    );
    let lying = answer.bytes().unwrap();
    assert_eq!(size_of(&lying), (1_920, 1_080));
    let standing = at_last(|| owner.get(&format!("{path}?shape=portrait")));
    assert_eq!(size_of(&standing.bytes().unwrap()), (1_080, 1_920));

    // The command draws the same.
    let file = stand.data().join("preview.png");
    let folder = stand.campaign("shop", "", &[]);
    let own = stand.address("/");
    let arguments = [
        "--placement",
        "2",
        "--public-url",
        own.trim_end_matches('/'),
    ];
    let output = stand
        .hub_command()
        .args(["preview", &folder])
        .arg(&file)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(file).unwrap(), lying);
}

#[test]
fn programs_get_the_same_picture_and_its_facts() {
    let stand = shop();
    let bearer = token(&stand, "owner", Role::Owner, &Right::ALL);
    let base = "/api/v1/campaigns/shop/placements/1/preview";
    let ask = |path: &str| {
        at_last(|| {
            let request = stand.client.get(stand.address(path));
            request.bearer_auth(&bearer).send().unwrap()
        })
    };
    let facts = ask(&format!("{base}?width=640&height=360")).text().unwrap();
    let facts: Value = serde_json::from_str(&facts).unwrap();
    assert_eq!(facts["width_px"], 640, "{facts}");
    assert_eq!(facts["refusal"], Value::Null);
    assert!(facts["code"]["modules"].as_u64().unwrap() >= 21);
    assert_eq!(facts["code"]["seconds"], 9.0);
    let picture = ask(&format!("{base}.png?width=640&height=360"));
    assert_eq!(size_of(&picture.bytes().unwrap()), (640, 360));
    let picture = ask(&format!("{base}.png?width=640&height=360&turned=1"));
    assert_eq!(size_of(&picture.bytes().unwrap()), (360, 640));
    for (path, status) in [
        (format!("{base}?width=0&height=9"), 422),
        (format!("{base}?width=9999&height=9999"), 422),
        (format!("{base}?screen=77"), 404),
        (
            "/api/v1/campaigns/shop/placements/3/preview".to_owned(),
            404,
        ),
        (
            "/api/v1/campaigns/shop/placements/0/preview".to_owned(),
            404,
        ),
        (
            "/api/v1/campaigns/shop/placements/x/preview".to_owned(),
            404,
        ),
    ] {
        assert_eq!(ask(&path).status(), status, "{path}");
    }
    // A screen that was never heard of has no size.
    stand.terminal("one");
    assert_eq!(ask(&format!("{base}?screen=1")).status(), 409);
}

#[test]
fn nobody_sees_a_preview_of_a_campaign_or_a_screen_that_is_none_of_theirs() {
    let stand = shop();
    stand.terminal("one");
    let store = stand.hub().store;
    let id = "shop".parse().unwrap();
    let group = |name| store.group_campaign(&Actor::COMMAND_LINE, &id, name, clock::now_ms());
    group(Some("east")).unwrap();
    let of = |campaigns: &str| Scope {
        campaigns: Some([campaigns.to_owned()].into()),
        ..Scope::ALL
    };
    let paths = [
        "/console/campaigns/shop/preview/1",
        "/console/campaigns/shop/preview/1/picture.png",
    ];
    let mut west = Visitor::signed_in(&stand, "west", Role::Publisher, &of("west"));
    let mut east = Visitor::signed_in(&stand, "east", Role::Publisher, &of("east"));
    for path in paths {
        assert_eq!(at_last(|| east.get(path)).status(), 200, "{path}");
        assert_eq!(west.get(path).status(), 404, "{path}");
    }
    // Who may not see screens learns of none, also not how large it is.
    let mut contributor = Visitor::signed_in(&stand, "c", Role::Contributor, &of("east"));
    assert_eq!(at_last(|| contributor.get(paths[0])).status(), 200);
    let one = format!("{}?screen=1", paths[0]);
    assert_eq!(contributor.get(&one).status(), 404);
}

#[test]
fn the_code_of_a_preview_says_what_it_is_and_counts_nothing() {
    let stand = shop();
    for token in [SAMPLE.to_owned(), SAMPLE.to_lowercase()] {
        let page = stand.visit(1, &format!("/q/{token}"));
        assert_eq!(page.status(), 200);
        assert!(page.text().unwrap().contains("the code of a preview"));
    }
    let report = stand.report();
    assert_eq!(report["scans"]["total"], 0, "{report}");
    assert_eq!(report["refused"]["malformed"].as_u64().unwrap_or(0), 0);
}

fn drawers() -> Drawers {
    Drawers::new(env!("CARGO_BIN_EXE_passerby-hub").into())
}

fn asked(subject: Subject, width_px: u32, height_px: u32) -> Asked {
    Asked {
        subject,
        view: View::of_size(width_px, height_px),
        scan_base: "HTTPS://HUB.EXAMPLE".to_owned(),
        token: SAMPLE.to_owned(),
        now_ms: 1_767_225_600_000,
    }
}

/// Draws the only placement of a folder with one file.
fn drawn(name: &str, bytes: &[u8], toml: &str, size: (u32, u32)) -> Option<Preview> {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("shop");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
    let head = "title = 'Shop'\ntarget = 'https://shop.example/'\n";
    let toml = format!("{head}[[placement]]\ncreative = '{name}'\n{toml}");
    std::fs::write(folder.join("campaign.toml"), toml).unwrap();
    let subject = Subject::of_folder(&folder, 0).ok()?;
    // A machine that is busy takes long.
    let drawers = drawers().within(Duration::from_secs(600), MEMORY_BYTES_MAX);
    let preview = drawers.draw(&folder, &asked(subject, size.0, size.1));
    Some(preview.unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn what_screens_would_skip_is_said_with_what_is_at_fault() {
    let picture = png([60; 3]);
    let at = |toml: &str, size| {
        let preview = drawn("0.png", &picture, toml, size).unwrap();
        let of = preview.facts.refusal.map(|refusal| refusal.of);
        (of, preview.png.is_empty())
    };
    assert_eq!(at("seconds = 9\n", (640, 360)), (None, false));
    // Too small for a code: it is drawn without.
    assert_eq!(at("", (120, 90)), (Some(RefusalOf::Code), false));
    let preview = drawn("0.png", &picture[..2_000], "", (640, 360)).unwrap();
    let refusal = preview.facts.refusal.unwrap();
    assert_eq!(refusal.of, RefusalOf::Creative);
    assert!(refusal.reason.starts_with("0.png"), "{}", refusal.reason);
    assert!(preview.png.is_empty());
    let page = "url = 'https://shop.example/'\n";
    let preview = drawn("shop.page.toml", page.as_bytes(), "", (640, 360)).unwrap();
    assert_eq!(preview.facts.refusal.unwrap().of, RefusalOf::Page);
    assert!(!preview.png.is_empty(), "a card with its address");
}

/// Damages a file in a way that is the same every time.
fn damaged(bytes: &[u8], way: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = bytes.len();
    match way % 4 {
        0 => bytes.truncate(length / 2),
        1 => (8..length.min(64))
            .step_by(5)
            .for_each(|at| bytes[at] ^= 0x55),
        2 => (length / 3..length)
            .step_by(97)
            .for_each(|at| bytes[at] = !bytes[at]),
        _ => bytes.rotate_left(length / 7),
    }
    bytes
}

#[test]
fn broken_and_hostile_files_cost_their_own_preview_and_no_process_breaks_off() {
    let folder = passerby_testing::package_folder().join("../compose/tests/media");
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path: &std::path::PathBuf| path.extension().is_some_and(|end| end != "py"))
        .map(|path| {
            let name = Path::file_name(&path)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() >= 34, "{}", files.len());
    let (next, shown) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((name, bytes)) = files.get(at / 2) else {
                return;
            };
            let bytes = match at % 2 {
                0 => bytes.clone(),
                _ => damaged(bytes, at / 2),
            };
            let preview = drawn(name, &bytes, "", (320, 180));
            let is_shown = preview.is_some_and(|preview| {
                assert!(
                    !preview.png.is_empty() || preview.facts.refusal.is_some(),
                    "{name}"
                );
                !preview.png.is_empty()
            });
            shown.fetch_add(usize::from(is_shown), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    let shown = shown.into_inner();
    println!("{shown} of {} files were drawn", files.len() * 2);
    assert!(shown > 20, "{shown}");
}

#[test]
fn a_preview_is_set_in_the_fonts_that_the_screens_have() {
    let fonts = tempfile::tempdir().unwrap();
    let fonts = fonts.path();
    let hebrew = "NotoSansHebrew-Regular.ttf";
    let font = format!("/usr/share/fonts/truetype/noto/{hebrew}");
    std::fs::copy(required_file(&font), fonts.join(hebrew)).unwrap();
    let fonts = fonts.to_str().unwrap();
    let toml = "title = 'Shop'\n[[placement]]\ncreative = '0.png'\nheadline = 'שלום'\ncode = { call = 'x' }\n";
    let picture = |stand: &Stand| {
        let folder = stand.campaign("shop", toml, &[[9; 3]]);
        stand.publish(&folder);
        let bearer = token(stand, "owner", Role::Owner, &Right::ALL);
        let path = "/api/v1/campaigns/shop/placements/1/preview.png?width=640&height=360";
        let answer = at_last(|| {
            let request = stand.client.get(stand.address(path));
            request.bearer_auth(&bearer).send().unwrap()
        });
        (folder, answer.bytes().unwrap())
    };
    let drawn_with = |stand: &Stand, folder: &str, fonts: &[&str]| {
        let file = stand.data().join("preview.png");
        let own = stand.address("/");
        let own = own.trim_end_matches('/');
        let arguments = ["--size", "640x360", "--public-url", own];
        let mut command = stand.hub_command();
        command.args(["preview", folder]).arg(&file).args(arguments);
        let output = command.args(fonts).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let drawn = output
            .status
            .success()
            .then(|| std::fs::read(file).unwrap());
        (drawn, said)
    };
    let with = Stand::start_in(Vec::new(), &["--fonts", fonts]);
    let (folder, drawn) = picture(&with);
    let (own, said) = drawn_with(&with, &folder, &["--fonts", fonts]);
    assert_eq!(own.as_deref(), Some(&drawn[..]), "{said}");
    // Without them a screen would skip it.
    let (drawn, said) = drawn_with(&with, &folder, &[]);
    assert_eq!(drawn, None);
    assert!(said.contains("which the fonts lack"), "{said}");
    let nowhere = with.data().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    let output = with.command(&["serve", "--listen", "127.0.0.1:0", "--fonts", nowhere]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("--fonts") && said.contains("cannot be read"),
        "{said}"
    );
}
