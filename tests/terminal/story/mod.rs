//! The story with which the project began, whole: somebody passes a poster in the metro and scans
//! it, passes on the moment with a sentence, a friend buys the book and follows, and is known again
//! a week later at another screen.
//!
//! All that takes part is real: two terminals that draw, the hub's own program, browsers as wide as
//! a phone, codes that another program reads off the glass and off the card, a shop, a mail server.
//! The play that began it reaches the hub last.

mod shop;
mod stand;

use std::path::PathBuf;

use passerby_protocol::ScreenNumber;
use passerby_testing::browser::{Browser, Look};
use passerby_testing::postgres::PostgresServer;
use serde_json::{Value, json};

use crate::frames::zbarimg;
use crate::parts::run_until;
use crate::story::shop::PRICE;
use crate::story::stand::Story;

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const ANDROID: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";
const PLACE: &str = "地铁2号线 B口";
const SENTENCE: &str = "逛街呢，居然还在买书！";
const NAME: &str = "李雷";
const ADDRESS: &str = "mei@friends.example";
fn phone(agent: &str, language: &'static str, is_dark: bool) -> Browser {
    let mut phone = Browser::start(Look {
        width_px: 390,
        is_dark,
        language,
    });
    phone.call_itself(agent);
    phone
}

/// What must hold of every page that somebody sees.
fn looks_right(phone: &mut Browser, name: &str) {
    assert_eq!(phone.hindrances(), Vec::<String>::new(), "{name}");
    assert!(phone.overflow_px() <= 0, "{name}");
    if let Some(folder) = std::env::var_os("PASSERBY_PICTURES") {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        phone.picture(&folder.join(format!("story-{name}.png")));
    }
}

fn says(phone: &mut Browser, words: &[&str]) {
    let said = phone.text();
    for words in words {
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// Passes the moment on with a sentence; returns what the code on the card says.
fn pass_on(phone: &mut Browser) -> String {
    phone.press("a[href$='/moment']");
    looks_right(phone, "moment");
    phone.fill("sentence", SENTENCE);
    phone.fill("name", NAME);
    phone.evaluate("document.querySelector('[name=agree]').click()");
    phone.press("form button.go");
    looks_right(phone, "card");
    // The card as a phone keeps it that is pressed long on it.
    let card = phone.evaluate(
        "fetch(document.querySelector('img[src*=\"/card.jpg\"]').src).then(card => card.arrayBuffer())
            .then(card => Array.from(new Uint8Array(card)))",
    );
    let card: Vec<u8> = serde_json::from_value(card).expect("bytes");
    let card = image::load_from_memory(&card)
        .expect("a picture")
        .to_rgba8();
    let codes = zbarimg(card.width(), &card);
    codes.first().expect("a code on the card").clone()
}

/// Follows by mail and wants to be known on this phone.
fn follow(story: &Story, phone: &mut Browser) {
    phone.press("a[href$='/follow']");
    looks_right(phone, "follow");
    phone.fill("mail", ADDRESS);
    for tick in ["agree", "remember"] {
        phone.evaluate(&format!("document.querySelector('[name={tick}]').click()"));
    }
    phone.press("form button.go");
    let mail = story.mail.next();
    assert_eq!(mail["to"], json!([ADDRESS]));
    let words = mail["text"].as_str().expect("a text");
    let link = words.split_whitespace().find(|word| word.contains("/fan/"));
    phone.open(link.expect("a link"));
    looks_right(phone, "confirm");
    phone.press("form button.go");
    looks_right(phone, "followed");
}

/// What the report says of the chain that a play began.
fn chain_of(report: &Value, screen: ScreenNumber, play: u64) -> &Value {
    let mut chains = report["chains"].as_array().expect("a list").iter();
    chains
        .find(|chain| chain["screen"] == screen.get() && chain["play"] == play)
        .unwrap_or_else(|| panic!("no chain of play {play}: {}", report["chains"]))
}

fn tell(database: Option<String>) {
    let mut story = Story::begin(database);
    let (first, metro) = story.screen("metro", PLACE);
    let (second, airport) = story.screen("airport", "机场 T2");
    // The poster gets to the screen in the metro, and then the network there goes.
    story.poster(&metro, "before");
    story.stop();
    let (code, play) = story.poster(&metro, "glass");
    story.serve();

    let mut sharer = phone(IPHONE, "zh-CN", false);
    sharer.open(&code);
    says(&mut sharer, &["三体", PLACE, "四百光年之外。"]);
    looks_right(&mut sharer, "landing");
    let card = pass_on(&mut sharer);

    let mut friend = phone(ANDROID, "en", true);
    friend.open(&card);
    let words = [SENTENCE, NAME, PLACE, "The Three-Body Problem"];
    says(&mut friend, &words);
    looks_right(&mut friend, "friend");
    let own = friend.evaluate("location.href");
    let own = own.as_str().expect("an address").to_owned();
    friend.press("a[href$='/go']");
    says(&mut friend, &["The book", PRICE]);
    friend.press("button");
    says(&mut friend, &["Thank you"]);
    let (status, taken) = story.shop.told();
    assert_eq!(status, 201, "{taken}");
    friend.open(&own);
    follow(&story, &mut friend);

    // What of it is the hub's to tell is told before the play has come.
    let report = story.report();
    let told = |report: &Value| {
        let chain = chain_of(report, first, play);
        assert_eq!(chain["campaign"], "book");
        assert_eq!(
            chain["generations"],
            json!([1, 1]),
            "the sharer, the friend"
        );
        assert_eq!(
            (&chain["conversions"], &chain["fans"]),
            (&json!(1), &json!(1))
        );
        let shares = &report["shares"];
        assert_eq!(shares["by_generation"], json!({ "1": 1 }));
        assert_eq!(shares["with_sentence"], 1);
        assert_eq!(report["visits"]["clicks"], 1);
        let bought = &report["conversions"];
        assert_eq!(
            (&bought["total"], &bought["value"]),
            (&json!(1), &json!({ "CNY": PRICE }))
        );
        assert_eq!(bought["by_generation"], json!({ "1": 1 }));
        assert_eq!(bought["by_screen"], json!({ first.to_string(): 1 }));
    };
    told(&report);
    assert_eq!(report["scans"]["total"], 1);
    let plays = metro.plays();
    let row = plays.iter().find(|row| row["play"] == play);
    let row = row.expect("the play is kept")["seq"]
        .as_u64()
        .expect("a number");
    let has_come = |report: &Value| {
        let mut screens = report["screens"].as_array().expect("a list").iter();
        let line = screens.find(|line| line["screen"] == first.get());
        line.and_then(|line| line["acked_through"].as_u64()) >= Some(row)
    };
    assert!(!has_come(&report), "the play waits on its screen");

    // A week later, at the airport.
    story.stop();
    story.is_a_week_later = true;
    story.serve();
    let (code, _) = story.poster(&airport, "airport-glass");
    friend.open(&code);
    says(&mut friend, &["Good to see you again"]);
    looks_right(&mut friend, "known");
    let report = story.report();
    told(&report);
    assert!(!has_come(&report));
    assert_eq!(
        report["scans"]["by_screen"],
        json!({ first.to_string(): 1, second.to_string(): 1 })
    );
    assert_eq!(
        report["fans"]["by_campaign"]["book"],
        json!({ "total": 1, "new": 1, "gone": 0, "returns": 1 })
    );

    // The network in the metro is back; the play that began it all comes last.
    let frames = story.folder.path().join("after");
    run_until(
        &mut story.on_air(&metro, &frames),
        "the plays have come",
        |_| has_come(&story.hub(&["report"])),
    );
    let report = story.report();
    told(&report);
    let scans = &report["scans"];
    assert_eq!(
        (&scans["total"], &scans["fresh"]),
        (&json!(2), &json!(2)),
        "{scans}"
    );
    let conversions = story.call("/campaigns/book/conversions", None);
    let bought = &conversions["conversions"][0];
    assert_eq!(
        (&bought["screen"], &bought["play"]),
        (&json!(first), &json!(play))
    );
    let asked = ["report", "--by", "screen", "--campaign", "book"];
    let by_screen = story.hub(&asked);
    let figures = by_screen["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let named = ["scans", "visits", "presses", "shares", "conversions"];
            (
                row["screen"].clone(),
                named.map(|name| row[name].clone()),
                row["fans"].clone(),
            )
        });
    assert_eq!(
        figures.collect::<Vec<_>>(),
        [
            (
                json!(first),
                [1, 2, 1, 1, 1].map(Value::from),
                json!({ "new": 1, "gone": 0, "returns": 0 })
            ),
            (
                json!(second),
                [1, 1, 0, 0, 0].map(Value::from),
                json!({ "new": 0, "gone": 0, "returns": 1 })
            ),
        ]
    );
    assert_eq!(by_screen["kind"]["followers"]["returned"], 1);
    assert_eq!(
        story.mail.waiting(),
        None,
        "nothing went out but the one that asks"
    );
}

#[test]
fn a_poster_is_scanned_passed_on_bought_from_followed_and_known_again_a_week_later() {
    tell(None);
}

#[test]
fn the_same_story_is_told_from_a_database_on_a_server() {
    tell(Some(PostgresServer::shared().new_database()));
}
