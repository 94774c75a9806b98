//! Takes the pictures.

use std::path::Path;

use passerby_testing::browser::{Browser, Look};
use serde_json::json;

use crate::console::guide::chain::{BEGUN, Chain, NOW_MS, PASSWORD, clock_at, wanted_folder};
use crate::console::guide::{PICTURE_BYTES_MAX, name_of, routes};
use crate::console::ways_in::first_link;
use crate::stand::Stand;

const PHONE_PX: u32 = 390;
const DESK_PX: u32 = 1_280;
/// Tallest picture, in CSS pixels; what is below is more of the same.
const HEIGHT_PX: u32 = 1_500;
/// The code that a screen shows which waits to be paired.
const CODE: &str = "CAFE2026";

/// What happens to a page before its picture is taken: what is made at random, or is another at
/// each start, gives way to what is always the same.
const CALM: &str = "(() => {
    const swap = text => text.replace(/https?:\\/\\/127\\.0\\.0\\.1:\\d+/g, 'https://hub.cafe.example')
        .replace(/[0-9a-hjkmnp-tv-z]{32,}/g, '…');
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) walk.currentNode.nodeValue = swap(walk.currentNode.nodeValue);
    for (const field of document.querySelectorAll('input[value], textarea'))
        if (field.type !== 'hidden') field.value = swap(field.value);
    if (document.activeElement) document.activeElement.blur();
})()";

/// The pages for somebody who is in: the route, an address of it, and whether it is shown at a
/// desk as well.
const PAGES: &[(&str, &str, bool)] = &[
    ("/console", "/console", true),
    ("/console/screens", "/console/screens", true),
    ("/console/screens/{screen}", "/console/screens/1", true),
    ("/console/times", "/console/times", true),
    ("/console/pair", "/console/pair?code=CAFE2026", false),
    ("/console/campaigns", "/console/campaigns", true),
    (
        "/console/campaigns/{campaign}",
        "/console/campaigns/friday-night-jazz",
        true,
    ),
    (
        "/console/campaigns/{campaign}/preview/{placement}",
        "/console/campaigns/friday-night-jazz/preview/1",
        false,
    ),
    (
        "/console/campaigns/{campaign}/moments",
        "/console/campaigns/after-the-last-train/moments",
        false,
    ),
    (
        "/console/campaigns/{campaign}/voices",
        "/console/campaigns/after-the-last-train/voices",
        false,
    ),
    ("/console/privacy", "/console/privacy", false),
    (
        "/console/campaigns/{campaign}/followers",
        "/console/campaigns/friday-night-jazz/followers",
        false,
    ),
    (
        "/console/campaigns/{campaign}/news",
        "/console/campaigns/friday-night-jazz/news",
        false,
    ),
    (
        "/console/campaigns/{campaign}/news/{news}",
        "/console/campaigns/friday-night-jazz/news/1",
        false,
    ),
    (
        "/console/campaigns/{campaign}/conversions",
        "/console/campaigns/after-the-last-train/conversions",
        false,
    ),
    ("/console/hooks", "/console/hooks", false),
    ("/console/hooks/{hook}", "/console/hooks/1", false),
    ("/console/new", "/console/new", false),
    ("/console/drafts", "/console/drafts", false),
    (
        "/console/drafts/{campaign}",
        "/console/drafts/friday-night-jazz",
        true,
    ),
    (
        "/console/drafts/{campaign}/placements/{place}",
        "/console/drafts/friday-night-jazz/placements/0",
        false,
    ),
    (
        "/console/drafts/{campaign}/preview/{place}",
        "/console/drafts/friday-night-jazz/preview/0",
        false,
    ),
    (
        "/console/drafts/{campaign}/versions",
        "/console/drafts/friday-night-jazz/versions",
        false,
    ),
    (
        "/console/drafts/{campaign}/films",
        "/console/drafts/christmas-window/films",
        false,
    ),
    ("/console/slots", "/console/slots", false),
    ("/console/slots/{slot}", "/console/slots/1", false),
    ("/console/sources", "/console/sources", false),
    ("/console/sources/{source}", "/console/sources/menu", true),
    ("/console/report", "/console/report?by=hour", true),
    (
        "/console/report/chains",
        "/console/report/chains?campaign=after-the-last-train",
        true,
    ),
    ("/console/alerts", "/console/alerts", true),
    ("/console/alerts/{alert}", "/console/alerts/1", false),
    ("/console/mail", "/console/mail", false),
    ("/console/emergency", "/console/emergency", false),
    ("/console/people", "/console/people", false),
    ("/console/people/{person}", "/console/people/2", false),
    ("/console/audit", "/console/audit", false),
    ("/console/quotas", "/console/quotas", false),
    ("/console/account", "/console/account", false),
    (
        "/console/account/second-step",
        "/console/account/second-step",
        false,
    ),
];

/// Those that are shown in the dark too.
const DARK: [&str; 2] = ["/console", "/console/screens/{screen}"];

struct Photographer<'f> {
    browser: Browser,
    folder: Option<&'f Path>,
    seen: Vec<String>,
}

impl Photographer<'_> {
    /// Takes a page in both languages.
    fn take(&mut self, stand: &Stand, name: &str, address: &str, looks: &[(&str, u32, bool)]) {
        for (language, tag) in [("en", "en"), ("zh", "zh-CN")] {
            for &(suffix, width_px, is_dark) in looks {
                self.browser.look(Look {
                    width_px,
                    is_dark,
                    language: tag,
                });
                self.browser.open(&stand.address(address));
                self.wait_for_previews(stand, address);
                self.browser.evaluate(CALM);
                let said = self.browser.evaluate("document.documentElement.lang");
                let said = said.as_str().unwrap_or_default();
                // A page for passers-by has both languages.
                let is_theirs = !address.starts_with("/console") && !address.contains("/join/");
                assert!(
                    is_theirs || said.starts_with(language),
                    "{address} is in {said}"
                );
                if let Some(folder) = self.folder {
                    let file = folder.join(format!("{name}{suffix}-{language}.webp"));
                    self.browser
                        .small_picture(&file, HEIGHT_PX, PICTURE_BYTES_MAX);
                }
            }
        }
        self.seen.push(name.to_owned());
    }

    /// Pages come again by themselves while something is drawn for them.
    fn wait_for_previews(&mut self, stand: &Stand, address: &str) {
        let is_waiting = "document.body.innerText.includes('being drawn') || document.body.innerText.includes('正在画')";
        while self.browser.evaluate(is_waiting) == true {
            std::thread::sleep(std::time::Duration::from_millis(200));
            self.browser.open(&stand.address(address));
        }
    }
}

#[test]
fn the_guide_walks_through_every_page_of_a_chain_that_is_at_work() {
    let folder = wanted_folder();
    let environment = clock_at(BEGUN);
    let mut stand = Stand::start_in(environment, &[]);
    let looks = [("", PHONE_PX, false)];
    let mut photographer = Photographer {
        browser: Browser::start(Look {
            width_px: PHONE_PX,
            is_dark: false,
            language: "en",
        }),
        folder: folder.as_deref(),
        seen: Vec::new(),
    };
    let link = first_link(&stand);
    photographer.take(&stand, &name_of("/console/join/{link}"), &link, &looks);
    photographer.browser.open(&link);
    photographer.browser.fill("name", "陈路 Chen Lu");
    photographer.browser.fill("password", PASSWORD);
    photographer.browser.press("main form button");
    photographer.take(&stand, "first-steps", "/console", &looks);

    Chain::open(&mut stand).fill();
    let asks = json!({ "code": CODE, "secret": "cd".repeat(32), "name": "虹桥店 Hongqiao" });
    assert_eq!(stand.enrol(&asks).status(), 202);
    photographer.take(&stand, "claim", &format!("/claim/{CODE}"), &looks);
    sign_in(&stand, &mut photographer.browser, "陈路 Chen Lu");
    for (route, address, at_desk) in PAGES {
        let mut looks = looks.to_vec();
        if *at_desk {
            looks.push(("-wide", DESK_PX, false));
        }
        if DARK.contains(route) {
            looks.push(("-dark", PHONE_PX, true));
        }
        photographer.take(&stand, &name_of(route), address, &looks);
    }

    // Who has a second step stands between the two.
    photographer
        .browser
        .open(&stand.address("/console/account"));
    photographer.browser.press("main form.actions button");
    photographer.take(
        &stand,
        &name_of("/console/sign-in"),
        "/console/sign-in",
        &looks,
    );
    let store = stand.hub().store;
    let person = store.person_named("王敏 Wang Min").unwrap().unwrap().0.id;
    let (session, is_whole) = store.begin_session(person, "phone", NOW_MS).unwrap();
    assert!(!is_whole);
    let cookie = format!("document.cookie = 'passerby={}; path=/'", session.as_str());
    photographer.browser.evaluate(&cookie);
    photographer.take(
        &stand,
        &name_of("/console/second-step"),
        "/console/second-step",
        &looks,
    );

    let missing: Vec<String> = routes()
        .into_iter()
        .filter(|route| !photographer.seen.contains(&name_of(route)))
        .collect();
    assert!(missing.is_empty(), "add to PAGES: {missing:?}");
}

/// Comes in as somebody, at the time that the hub has now.
fn sign_in(stand: &Stand, browser: &mut Browser, name: &str) {
    let store = stand.hub().store;
    let person = store.person_named(name).unwrap().unwrap().0.id;
    let (session, _) = store
        .begin_session(person, "iPhone, Safari", NOW_MS)
        .unwrap();
    browser.open(&stand.address("/console/sign-in"));
    let cookie = format!("document.cookie = 'passerby={}; path=/'", session.as_str());
    browser.evaluate(&cookie);
}
