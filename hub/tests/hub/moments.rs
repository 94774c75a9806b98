//! Moments that people pass on: what they type, the card, what a friend sees, and how it goes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use passerby_hub::people::Actor;
use passerby_hub::store::ScreenChange;
use passerby_protocol::Assignment;
use passerby_testing::browser::{Browser, Look};
use reqwest::blocking::Response;
use serde_json::json;

use crate::stand::{PHONE, ROBOT, Stand, Terminal, location};

const TOML: &str = "title = '三体'\ntarget = 'https://shop.example/book'\nlanding = 'page'\n";
const SENTENCE: &str = "下雨天遇见一本书！";

fn on_air() -> (Stand, Terminal, Assignment) {
    let stand = Stand::start();
    let terminal = stand.terminal("internal-7");
    stand.publish(&stand.campaign("book", TOML, &[[200, 80, 40]]));
    let change = ScreenChange {
        place: Some("地铁2号线 B口".to_owned()),
        ..ScreenChange::default()
    };
    let (store, screen) = (stand.hub().store, terminal.credentials.screen);
    store
        .change_screen(&Actor::COMMAND_LINE, screen, &change, 1)
        .unwrap();
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    (stand, terminal, assignment)
}

fn send(stand: &Stand, visitor: u8, path: &str, fields: &[(&str, &str)]) -> Response {
    let request = stand.client.post(stand.address(path));
    let request = request.header("user-agent", PHONE);
    let request = request.header("x-forwarded-for", format!("192.0.2.{visitor}"));
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, text)| {
            let text: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("{name}={text}")
        })
        .collect();
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(fields.join("&")).send().unwrap()
}

/// A link that its owner has opened.
fn opened(stand: &Stand, terminal: &Terminal, assignment: Assignment, visitor: u8) -> String {
    let link = location(&stand.visit(visitor, &terminal.scan_path(assignment, 5)));
    assert_eq!(stand.visit(visitor, &link).status(), 200);
    link
}

/// The key of whoever typed something, in the address that they were led to.
fn key_of(page: &str) -> &str {
    page.split("?k=").nth(1).expect("a key")
}

/// The key that the form of a page has.
fn key_in(page: &str) -> &str {
    let rest = page.split("name=\"k\" value=\"").nth(1);
    &rest.unwrap_or_else(|| panic!("{page}"))[..32]
}

/// What another program than ours reads in a picture.
fn code_in(jpeg: &[u8]) -> String {
    let mut file = tempfile::Builder::new().suffix(".jpg").tempfile().unwrap();
    file.write_all(jpeg).unwrap();
    let read = Command::new("zbarimg")
        .args(["--raw", "--quiet"])
        .arg(file.path())
        .stderr(Stdio::null())
        .output()
        .expect("zbarimg runs; install zbar-tools");
    String::from_utf8(read.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_moment_is_passed_on_with_words_a_friend_sees_them_and_the_card_leads_to_the_same_chain() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    let form = stand.visit(1, &format!("{link}/moment"));
    assert_eq!(form.status(), 200);
    let form = form.text().unwrap();
    assert!(
        form.contains("地铁2号线 B口") && form.contains("name=\"agree\""),
        "{form}"
    );
    let fields = [("sentence", SENTENCE), ("name", "李雷"), ("agree", "yes")];
    let kept = send(&stand, 1, &format!("{link}/moment"), &fields);
    assert_eq!(kept.status(), 303);
    let told = stand
        .visit(1, kept.headers()["location"].to_str().unwrap())
        .text()
        .unwrap();
    assert!(
        told.contains("/card.jpg") && told.contains("/share.js"),
        "{told}"
    );
    let card = stand.visit(1, &format!("{link}/card.jpg"));
    assert_eq!(card.headers()["content-type"], "image/jpeg");
    let jpeg = card.bytes().unwrap();
    assert!(jpeg.len() <= 300_000, "{}", jpeg.len());
    let pixels = image::load_from_memory(&jpeg).unwrap();
    assert_eq!((pixels.width(), pixels.height()), (1_080, 1_440));
    let code = code_in(&jpeg);
    assert_eq!(
        code.to_lowercase(),
        format!("{}{link}", stand.base).to_lowercase()
    );
    let again = stand.visit(1, &format!("{link}/card.jpg")).bytes().unwrap();
    assert_eq!(again, jpeg, "drawn once");

    // A chat program's fetcher sees the moment, and leaves no trace.
    let preview = stand.open(9, ROBOT, &link).text().unwrap();
    assert!(preview.contains("李雷: 下雨天遇见一本书！"), "{preview}");
    let friends = location(&stand.visit(2, &link));
    let page = stand.visit(2, &friends).text().unwrap();
    for words in [SENTENCE, "李雷", "地铁2号线 B口", "/report\""] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("internal-7"), "{page}");
    // Their own page of it is empty, and the sharer's is none of theirs.
    let own = stand.visit(2, &format!("{friends}/moment")).text().unwrap();
    assert!(!own.contains(SENTENCE), "{own}");
    assert_eq!(location(&stand.visit(2, &format!("{link}/moment"))), link);
    let report = stand.report();
    let shares = &report["shares"];
    assert_eq!(
        [
            &shares["with_postcard"],
            &shares["with_sentence"],
            &shares["with_name"]
        ],
        [&json!(1), &json!(1), &json!(1)]
    );
    assert_eq!(
        (&shares["total"], &report["visits"]["total"]),
        (&json!(1), &json!(2))
    );
}

#[test]
fn nothing_is_kept_without_words_and_consent_and_a_moment_counts_once() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    let path = format!("{link}/moment");
    assert_eq!(
        stand.visit(1, &format!("{link}/card.jpg")).status(),
        404,
        "not yet"
    );
    let refused = send(&stand, 1, &path, &[("sentence", SENTENCE)]);
    assert_eq!(refused.status(), 422);
    assert!(
        refused.text().unwrap().contains(SENTENCE),
        "typed words stay"
    );
    for bad in ["see www.x.example", "傻 逼"] {
        let refused = send(&stand, 1, &path, &[("sentence", bad), ("agree", "yes")]);
        assert_eq!(refused.status(), 422, "{bad}");
    }
    assert_eq!(stand.report()["shares"]["with_postcard"], 0);
    for _ in 0..2 {
        assert_eq!(send(&stand, 1, &path, &[]).status(), 303);
    }
    let shares = stand.report()["shares"].clone();
    assert_eq!(
        (&shares["with_postcard"], &shares["with_sentence"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(stand.visit(1, &format!("{link}/card.jpg")).status(), 200);
    let preview = stand.open(9, ROBOT, &link).text().unwrap();
    assert!(preview.contains("地铁2号线 B口"), "{preview}");
    // Strangers change nothing.
    let stranger = send(&stand, 2, &path, &[("sentence", "mine"), ("agree", "yes")]);
    assert_eq!(location(&stranger), link);
    assert!(!stand.visit(1, &path).text().unwrap().contains("mine"));
    assert_eq!(send(&stand, 1, "/s/nothing/moment", &[]).status(), 404);
}

#[test]
fn words_are_erased_by_one_press_or_by_the_private_link_and_taken_down_by_the_publisher() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    let fields = [("sentence", SENTENCE), ("name", "李雷"), ("agree", "yes")];
    let keep = || {
        let kept = send(&stand, 1, &format!("{link}/moment"), &fields);
        assert_eq!(kept.status(), 303);
        kept.headers()["location"].to_str().unwrap().to_owned()
    };
    let is_gone = || {
        let preview = stand.open(9, ROBOT, &link).text().unwrap();
        !preview.contains(SENTENCE) && !preview.contains("李雷")
    };
    let page = keep();
    let card = || stand.visit(1, &format!("{link}/card.jpg")).bytes().unwrap();
    let with_words = card();
    assert!(!is_gone());
    assert_eq!(send(&stand, 2, &format!("{link}/erase"), &[]).status(), 302);
    assert!(!is_gone(), "not theirs");
    let key = key_of(&page);
    let erased = || send(&stand, 1, &format!("{link}/erase"), &[("k", key)]);
    assert_eq!(erased().status(), 200);
    assert!(is_gone());
    assert_ne!(card(), with_words);
    assert_eq!(erased().status(), 200, "pressed twice");

    let page = stand.visit(1, &keep()).text().unwrap();
    let secret = page.split("mine?k=").nth(1).unwrap()[..32].to_owned();
    let mine = |secret: &str| stand.visit(7, &format!("{link}/mine?k={secret}"));
    assert_eq!(mine(&"0".repeat(32)).status(), 404);
    assert!(mine(&secret).text().unwrap().contains(SENTENCE));
    let erased = send(&stand, 7, &format!("{link}/erase"), &[("k", &secret)]);
    assert_eq!(erased.status(), 200);
    assert!(is_gone());

    keep();
    let private = format!("{}/mine?k={secret}", stand.address(&link));
    let nothing = serde_json::json!({ "campaigns": 0, "voices": 0, "moments": 0 });
    let mut one = nothing.clone();
    one["moments"] = 1.into();
    assert_eq!(stand.json(&["erase", &private]), one);
    assert!(is_gone());
    assert_eq!(stand.json(&["erase", &private]), nothing);
    let public = stand.command(&["erase", &stand.address(&link)]);
    assert_eq!(public.status.code(), Some(2), "anybody may have it");

    keep();
    let friends = location(&stand.visit(2, &link));
    for _ in 0..3 {
        assert_eq!(
            send(&stand, 2, &format!("{friends}/report"), &[]).status(),
            200,
            "pressed thrice, and one reader"
        );
    }
    let store = stand.hub().store;
    let campaign = "book".parse().unwrap();
    let now_ms = passerby_hub::system::clock::now_ms();
    let everything = passerby_hub::people::Scope::default();
    let rows = store
        .campaign_moments(&campaign, &everything, now_ms)
        .unwrap()
        .unwrap();
    assert_eq!((rows.len(), rows[0].reports), (1, 1));
    let name = &rows[0].moment.link;
    assert!(
        store
            .remove_moment(&Actor::COMMAND_LINE, &campaign, name, now_ms)
            .unwrap()
    );
    assert!(is_gone());
    assert_eq!(
        stand.report()["shares"]["with_sentence"],
        1,
        "that it was said is counted"
    );
    // What is at its end goes by itself.
    keep();
    store.forget_moments(now_ms + 91 * 86_400_000).unwrap();
    assert!(is_gone());
}

#[test]
fn two_phones_that_share_a_link_see_change_and_erase_nothing_of_each_other() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    // One of the same model, behind the same address.
    assert_eq!(opened(&stand, &terminal, assignment, 1), link);
    let path = format!("{link}/moment");
    let fields = [("sentence", SENTENCE), ("name", "李雷"), ("agree", "yes")];
    let kept = send(&stand, 1, &path, &fields);
    let own = kept.headers()["location"].to_str().unwrap().to_owned();
    let key = key_of(&own);
    assert!(stand.visit(1, &own).text().unwrap().contains(SENTENCE));
    let wrong = "0".repeat(32);
    for other in [
        path.clone(),
        format!("{path}?edit=1"),
        format!("{path}?k={wrong}"),
        format!("{path}?k="),
        format!("{path}?edit=1&k={wrong}"),
    ] {
        let page = stand.visit(1, &other);
        assert_eq!(page.status(), 200);
        let page = page.text().unwrap();
        for words in [SENTENCE, "李雷", key, "mine?k=", "<form", "card.jpg"] {
            assert!(!page.contains(words), "{words} in {other}: {page}");
        }
        assert!(page.contains("已经写了话"), "{page}");
    }
    for others in [&[][..], &[("k", wrong.as_str())]] {
        let typed = [("sentence", "mine"), ("agree", "yes")];
        let typed: Vec<_> = typed.iter().chain(others).copied().collect();
        let refused = send(&stand, 1, &path, &typed);
        assert_eq!(refused.status(), 409);
        assert!(!refused.text().unwrap().contains(SENTENCE));
        let refused = send(&stand, 1, &format!("{link}/erase"), others);
        assert_eq!(refused.headers()["location"], path);
    }
    // Whoever has the address of that page, and another phone, is led to their own link.
    assert_eq!(location(&stand.visit(2, &own)), link);
    let erased = send(&stand, 2, &format!("{link}/erase"), &[("k", key)]);
    assert_eq!(erased.status(), 302);
    let page = stand.visit(1, &own).text().unwrap();
    assert!(page.contains(SENTENCE) && page.contains(key), "{page}");
    // Who typed it changes it, also by a form that is sent twice.
    let edit = stand.visit(1, &format!("{path}?edit=1&k={key}"));
    assert_eq!(key_in(&edit.text().unwrap()), key);
    for sentence in ["再来一本", "再来一本", ""] {
        let fields = [("sentence", sentence), ("agree", "yes"), ("k", key)];
        assert_eq!(send(&stand, 1, &path, &fields).status(), 303, "{sentence}");
    }
    // Then the link is free for the words of either.
    let page = stand.visit(1, &format!("{path}?edit=1")).text().unwrap();
    assert_ne!(key_in(&page), key);
    let fields = [("sentence", "mine"), ("agree", "yes"), ("k", key_in(&page))];
    assert_eq!(send(&stand, 1, &path, &fields).status(), 303);
    assert!(!stand.visit(1, &own).text().unwrap().contains("mine?k="));
}

#[test]
fn a_card_that_many_ask_for_at_once_is_drawn_once_and_all_get_it() {
    let (stand, terminal, assignment) = on_air();
    let link = opened(&stand, &terminal, assignment, 1);
    let fields = [("sentence", SENTENCE), ("agree", "yes")];
    assert_eq!(
        send(&stand, 1, &format!("{link}/moment"), &fields).status(),
        303
    );
    let path = format!("{link}/card.jpg");
    let cards: Vec<_> = std::thread::scope(|scope| {
        let ask = |visitor| {
            let (stand, path) = (&stand, &path);
            scope.spawn(move || {
                let card = stand.visit(visitor, path);
                (card.status().as_u16(), card.bytes().unwrap())
            })
        };
        let asked: Vec<_> = (10..70).map(ask).collect();
        asked.into_iter().map(|card| card.join().unwrap()).collect()
    });
    for (status, card) in &cards {
        assert_eq!((*status, card), (200, &cards[0].1));
    }
}

/// What must hold of every page that a browser shows.
fn looks_right(browser: &mut Browser, name: &str) {
    assert_eq!(browser.hindrances(), Vec::<String>::new(), "{name}");
    assert!(browser.overflow_px() <= 0, "{name}");
    if let Some(folder) = std::env::var_os("PASSERBY_PICTURES") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::create_dir_all(&folder).unwrap();
        browser.picture(&folder.join(format!("phone-{name}.png")));
    }
}

#[test]
fn in_browsers_somebody_scans_passes_it_on_with_words_and_a_friend_gets_to_the_button() {
    let stand = Stand::start();
    let terminal = stand.terminal("internal-7");
    let toml = format!(
        "title = '三体'\ntarget = '{}/'\nlanding = 'page'\nstory = '四百光年之外。'\n[words.en]\ntitle = 'The Three-Body Problem'\nstory = 'Four hundred light years away.'\n",
        stand.base
    );
    stand.publish(&stand.campaign("book", &toml, &[[200, 80, 40]]));
    let change = ScreenChange {
        place: Some("地铁2号线 B口".to_owned()),
        way: Some("31.2304, 121.4737".to_owned()),
        ..ScreenChange::default()
    };
    let (store, screen) = (stand.hub().store, terminal.credentials.screen);
    store
        .change_screen(&Actor::COMMAND_LINE, screen, &change, 1)
        .unwrap();
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    let look = |is_dark, language| Look {
        width_px: 390,
        is_dark,
        language,
    };
    let mut sharer = Browser::start(look(false, "zh-CN"));
    sharer.call_itself(PHONE);
    sharer.open(&stand.address(&terminal.scan_path(assignment, 5)));
    let text = sharer.text();
    assert!(
        text.contains("地铁2号线 B口") && text.contains("四百光年之外。"),
        "{text}"
    );
    looks_right(&mut sharer, "landing-zh");
    let link = sharer
        .evaluate("location.href")
        .as_str()
        .unwrap()
        .to_owned();
    sharer.press("aside a.go");
    looks_right(&mut sharer, "form-zh");
    sharer.fill("sentence", SENTENCE);
    sharer.fill("name", "李雷");
    sharer.evaluate("document.querySelector('[name=agree]').click()");
    sharer.press("form button.go");
    assert!(sharer.text().contains("你的卡片"), "{}", sharer.text());
    let width = "document.querySelector('.card img').decode().then(() => document.querySelector('.card img').naturalWidth)";
    assert_eq!(sharer.evaluate(width), 1_080);
    looks_right(&mut sharer, "card-zh");

    let mut friend = Browser::start(look(true, "en"));
    friend.call_itself(PHONE);
    friend.open(&link);
    let text = friend.text();
    for words in [
        SENTENCE,
        "Passed on to you by",
        "李雷",
        "Four hundred light years away.",
        "How to go there",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    looks_right(&mut friend, "friend-en-dark");
    assert_ne!(friend.evaluate("location.href"), link.as_str());
    friend.press("a.go");
    assert_eq!(friend.evaluate("location.pathname"), "/");
    let report = stand.report();
    assert_eq!(report["visits"]["by_generation"], json!({ "0": 1, "1": 1 }));
    assert_eq!(
        (&report["visits"]["clicks"], &report["shares"]["with_name"]),
        (&json!(1), &json!(1))
    );
}
