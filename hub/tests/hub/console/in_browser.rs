//! The console in a real Chromium: from the first link to a report, on a phone and on a desk; and
//! every page in both languages, dark and light, for everybody.
//!
//! `PASSERBY_PICTURES=DIR` keeps a picture of each.

use std::path::PathBuf;

use passerby_hub::people::Scope;
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
use passerby_protocol::{Assignment, PlayNumber};
use passerby_testing::browser::{Browser, Look};
use serde_json::json;

use crate::console::ways_in::first_link;
use crate::stand::Stand;

const PHONE_PX: u32 = 390;

pub(super) fn look(width_px: u32) -> Look {
    Look {
        width_px,
        is_dark: false,
        language: "en",
    }
}

/// Comes in as the first owner.
pub(super) fn begin(stand: &Stand, browser: &mut Browser) {
    browser.open(&first_link(stand));
    browser.fill("name", "Ada");
    browser.fill("password", "correct horse battery");
    browser.press("main form button");
    assert!(browser.text().contains("Hello, Ada"), "{}", browser.text());
}

/// Pairs the screen that shows a code, the way the code leads.
fn pair(stand: &Stand, browser: &mut Browser, code: &str, name: &str) {
    let shown = stand.enrol(&json!({ "code": code, "secret": "ab".repeat(32), "name": "kiosk" }));
    assert_eq!(shown.status(), 202);
    browser.open(&stand.address(&format!("/claim/{code}")));
    browser.press("a.go");
    assert_eq!(
        browser.evaluate("document.querySelector('[name=code]').value"),
        code
    );
    browser.fill("name", name);
    browser.press("main form button");
    assert!(browser.text().contains("Paired."), "{}", browser.text());
    let collected =
        stand.enrol(&json!({ "code": code, "secret": "ab".repeat(32), "name": "kiosk" }));
    assert_eq!(collected.status(), 200);
}

#[test]
fn a_person_with_a_phone_or_at_a_desk_comes_in_pairs_a_screen_and_reads_the_report() {
    for width_px in [PHONE_PX, 1_280] {
        let stand = Stand::start();
        let mut browser = Browser::start(look(width_px));
        begin(&stand, &mut browser);
        assert!(browser.text().contains("What is next"));
        pair(&stand, &mut browser, "ABCD1234", "Café, window");
        browser.open(&stand.address("/console/screens"));
        assert!(browser.text().contains("Café, window"));
        let toml = "title = \"Jazz night\"\ntarget = \"https://shop.example\"\n";
        stand.publish(&stand.campaign("jazz", toml, &[[200, 40, 10]]));
        browser.open(&stand.address("/console/campaigns"));
        browser.press("main a.row");
        assert!(browser.text().contains("May air now"), "{}", browser.text());
        browser.press("main a.button.main");
        assert!(browser.text().contains("From play to purchase"));
        browser.open(&stand.address("/console/account"));
        browser.press("main form.actions button");
        browser.fill("name", "ada");
        browser.fill("password", "correct horse battery");
        browser.press("main form button");
        assert!(browser.text().contains("Hello, Ada"));
    }
}

#[test]
fn an_owner_has_pictures_of_a_phone_on_the_screen_within_twelve_presses_and_two_fields() {
    for width_px in [PHONE_PX, 1_280] {
        let stand = Stand::start();
        let mut browser = Browser::start(look(width_px));
        let mut presses = 0;
        let mut typed = 0;
        let mut fill = |browser: &mut Browser, name: &str, text: &str| {
            typed += 1;
            browser.fill(name, text);
        };
        let mut press = |browser: &mut Browser, selector: &str| {
            presses += 1;
            browser.press(selector);
        };
        browser.open(&first_link(&stand));
        fill(&mut browser, "name", "Ada");
        fill(&mut browser, "password", "correct horse battery");
        press(&mut browser, "main form button");
        let code = "ABCD1234";
        let asks = json!({ "code": code, "secret": "ab".repeat(32), "name": "Café, window" });
        assert_eq!(stand.enrol(&asks).status(), 202);
        // Where the screen's code leads. What its settings call it is there already.
        browser.open(&stand.address(&format!("/claim/{code}")));
        press(&mut browser, "a.go");
        press(&mut browser, "main form button");
        let collected = stand.enrol(&asks);
        assert_eq!(collected.status(), 200);
        press(&mut browser, "a.brand");
        press(&mut browser, "a.button.main");
        let folder = tempfile::tempdir().unwrap();
        let pictures = ["jazz-night.png", "two.png"].map(|name| folder.path().join(name));
        for (picture, colour) in pictures.iter().zip([[200, 40, 10], [20, 60, 160]]) {
            std::fs::write(picture, crate::stand::png(colour)).unwrap();
        }
        // The field, the gallery, and what closes it.
        presses += 3;
        let chosen: Vec<_> = pictures.iter().map(PathBuf::as_path).collect();
        browser.choose("files", &chosen);
        browser.press("main form button.main");
        presses += 1;
        assert!(
            browser.text().contains("The draft is made"),
            "{}",
            browser.text()
        );
        assert_eq!(
            browser.evaluate("document.querySelectorAll('.thumbs img').length"),
            2
        );
        browser.press("main form button.main");
        presses += 1;
        assert!(browser.text().contains("Published."), "{}", browser.text());
        assert!(presses <= 12, "{presses}");
        assert_eq!(typed, 2);
        let store = stand.hub().store;
        let screens = store.screens().unwrap();
        assert_eq!(screens[0].name, "Café, window");
        let manifest = store.manifest(screens[0].screen).unwrap();
        let campaign = &manifest.campaigns[0].campaign;
        assert_eq!(campaign.placements.len(), 2);
        assert_eq!(campaign.title, "jazz night");
        // The first campaign leads nowhere unless somebody says where; the next one is offered it.
        assert_eq!(campaign.target, None);
        let toml = "title = \"Jazz\"\ntarget = \"https://shop.example/jazz\"\n";
        stand.publish(&stand.campaign("later", toml, &[[1, 2, 3]]));
        browser.open(&stand.address("/console/new"));
        let value = browser.evaluate("document.querySelector('[name=target]').value");
        assert_eq!(value, "https://shop.example/jazz");
    }
}

#[test]
fn a_contributor_has_pieces_on_the_screens_once_a_publisher_approves_them_in_few_steps() {
    for width_px in [PHONE_PX, 1_280] {
        let stand = Stand::start();
        let terminal = stand.terminal("Exit B");
        let mut browser = Browser::start(look(width_px));
        begin(&stand, &mut browser);
        // The owner opens a slot, with the days that the form suggests.
        let mut presses = 0;
        browser.open(&stand.address("/console/slots"));
        browser.fill("name", "Agency, December");
        press(&mut browser, &mut presses, "main form button.main");
        assert!(
            browser.text().contains("The slot is open"),
            "{}",
            browser.text()
        );
        press(&mut browser, &mut presses, "form[action$='/invite'] button");
        let link = browser.evaluate("document.querySelector('code.secret').textContent");
        assert_eq!(presses, 2);
        // The agency comes in by the link, and hands in.
        let mut agency = Browser::start(look(width_px));
        let (mut presses, mut typed) = (0, 0);
        agency.open(link.as_str().unwrap());
        for (field, text) in [("name", "Agency"), ("password", "correct horse battery")] {
            agency.fill(field, text);
            typed += 1;
        }
        press(&mut agency, &mut presses, "main form button");
        press(&mut agency, &mut presses, "main a.row");
        let folder = tempfile::tempdir().unwrap();
        let picture = folder.path().join("poster.png");
        std::fs::write(&picture, crate::stand::png([200, 40, 10])).unwrap();
        // The field, the gallery, and what closes it.
        presses += 3;
        agency.choose("files", &[&picture]);
        press(&mut agency, &mut presses, "main form button.main");
        assert!(
            agency.text().contains("It waits for approval now"),
            "{}",
            agency.text()
        );
        assert_eq!((presses, typed), (6, 2));
        let found = agency.hindrances();
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(agency.overflow_px(), 0);
        assert!(stand.manifest(&terminal).campaigns.is_empty());
        // The owner approves it from the first page.
        let mut presses = 0;
        browser.open(&stand.address("/console"));
        press(&mut browser, &mut presses, "p.notice.warn a");
        press(&mut browser, &mut presses, "main a.row");
        while browser.text().contains("are being looked at") {
            browser.press("main section a.button");
        }
        assert!(
            browser.text().contains("Approve and publish"),
            "{}",
            browser.text()
        );
        press(&mut browser, &mut presses, "main form button.main");
        assert!(browser.text().contains("Published."), "{}", browser.text());
        assert_eq!(presses, 3);
        let manifest = stand.manifest(&terminal);
        let campaign = &manifest.campaigns[0].campaign;
        assert_eq!(campaign.title, "Agency, December");
        assert!(campaign.phases[0].until.is_some());
    }
}

fn press(browser: &mut Browser, presses: &mut u32, selector: &str) {
    *presses += 1;
    browser.press(selector);
}

/// Gives a screen something to show and to report.
pub(super) fn fill(stand: &Stand) {
    let terminal = stand.terminal("Metro line 2, exit B");
    let toml = "title = \"爵士之夜 Jazz night\"\ntarget = \"https://shop.example\"\nheadline = \"今晚八点\"\n[[phase]]\nname = \"warm-up\"\nfrom = 2020-01-01\n";
    stand.publish(&stand.campaign("jazz", toml, &[[200, 40, 10], [20, 60, 160]]));
    let manifest = stand.manifest(&terminal);
    let item = &manifest.campaigns[0].items[0];
    let heartbeat = json!({ "software": "0.1.0", "manifest_version": manifest.version, "clock_trusted": true,
        "plays_waiting": 3, "screen_px": [1920, 1080], "disk_free_bytes": 20_u64 << 30 });
    let path = format!("/v1/terminals/{}/heartbeat", terminal.credentials.screen);
    let said = stand
        .client
        .post(stand.address(&path))
        .bearer_auth(&terminal.credentials.bearer);
    assert_eq!(
        said.body(heartbeat.to_string()).send().unwrap().status(),
        200
    );
    let now_ms = passerby_hub::system::clock::now_ms();
    let content = PlayContent {
        assignment: item.assignment,
        campaign: "jazz".into(),
        creative: item.creative,
    };
    let plays: Vec<Play> = (0..150_u32)
        .map(|n| Play {
            seq: u64::from(n) + 1,
            number: PlayNumber::new(n).unwrap(),
            content: content.clone(),
            boot: "boot".into(),
            start_boot_ms: 10_000 * u64::from(n),
            visible_ms: 9_500,
            outcome: Outcome::Complete,
            display: Display::On,
        })
        .collect();
    let anchors = vec![Anchor {
        boot: "boot".into(),
        boot_ms: 0,
        wall_ms: now_ms - 3_000_000,
    }];
    assert_eq!(stand.send_plays(&terminal, &plays, anchors).status(), 200);
    for visitor in 1..8 {
        let assignment: Assignment = item.assignment;
        stand.visit(visitor, &terminal.scan_path(assignment, u32::from(visitor)));
    }
    for (name, group) in [
        ("Café, window", "Cafés"),
        ("Harbour", ""),
        ("图书馆", "城东"),
    ] {
        stand.json(&["screen", "add", name]);
        let store = stand.hub().store;
        let screen = store.screens().unwrap().last().unwrap().screen;
        let change = passerby_hub::store::ScreenChange {
            group: Some(Some(group.to_owned()).filter(|group| !group.is_empty())),
            tags: Some(["4K".to_owned()].into()),
            ..Default::default()
        };
        let actor = passerby_hub::people::Actor::COMMAND_LINE;
        store
            .change_screen(&actor, screen, &change, now_ms)
            .unwrap();
    }
}

/// Has a page passed on by many, ten days ago.
pub(super) fn pass_on(stand: &Stand) {
    let links = crate::console::chains::passed_on(stand);
    let open = |visitor: u8, path: &str| {
        let own = crate::stand::location(&stand.visit(visitor, path));
        assert_eq!(stand.visit(visitor, &own).status(), 200);
        own
    };
    let mut last = links[4].clone();
    for visitor in 20..=26 {
        last = open(visitor, &last);
        if visitor % 2 == 0 {
            open(visitor + 60, &last);
        }
    }
    for visitor in 30..=55 {
        open(visitor, &links[3]);
    }
}

/// Fills the form of an emergency, and goes on to what confirms it.
fn write_emergency(browser: &mut Browser) {
    browser.fill("headline", "请立即离开大楼 Leave the building now");
    browser.fill("body", "Use the stairs.");
    browser.evaluate("document.querySelector('[name=which][value=all]').click()");
    browser.press("main form button.main");
}

#[test]
fn an_emergency_is_on_chosen_screens_after_two_steps_and_gone_after_one_press() {
    let stand = Stand::start();
    let terminal = stand.terminal("Exit B");
    let mut browser = Browser::start(look(PHONE_PX));
    begin(&stand, &mut browser);
    browser.open(&stand.address("/console/screens"));
    browser.press("main .actions a.danger");
    write_emergency(&mut browser);
    let text = browser.text();
    assert!(
        text.contains("Exit B") && text.contains("Use the stairs."),
        "{text}"
    );
    assert_eq!(
        stand.manifest(&terminal).notice,
        None,
        "it was not confirmed yet"
    );
    browser.press("main form.actions button.main");
    let notice = stand.manifest(&terminal).notice.expect("a message");
    assert_eq!(notice.headline, "请立即离开大楼 Leave the building now");
    for path in ["/console", "/console/campaigns", "/console/account"] {
        browser.open(&stand.address(path));
        assert!(
            browser.text().contains("on 0 / 1 screens"),
            "{}",
            browser.text()
        );
    }
    browser.press("aside.alarm button");
    assert!(
        !browser.text().contains("on 0 / 1 screens"),
        "{}",
        browser.text()
    );
    assert_eq!(stand.manifest(&terminal).notice, None);
}

/// Makes a source with items of which somebody has to approve one.
pub(super) fn make_source(stand: &Stand) {
    let add = [
        "source",
        "add",
        "cafe-news",
        "--hook",
        "--approval",
        "--must-not",
        "casino",
    ];
    let added = stand.json(&add);
    let items = json!([
        { "id": "1", "title": "今日例汤 Soup of the day", "text": "玉米排骨汤，售完为止。", "price": "¥18", "link": "https://shop.example/soup" },
        { "id": "2", "title": "Jazz on Friday", "text": "Three players, forty seats.", "link": "https://shop.example/jazz" },
    ]);
    let sent = stand
        .client
        .post(stand.address("/v1/sources/cafe-news/items"));
    let sent = sent.bearer_auth(added["secret"].as_str().unwrap());
    assert_eq!(sent.body(items.to_string()).send().unwrap().status(), 201);
    stand.json(&["source", "approve", "cafe-news", "--item", "1"]);
    let begun = std::time::Instant::now();
    let is_airing = || {
        let shown = stand.json(&["source", "show", "cafe-news"]);
        let items = shown["items"].as_array().unwrap();
        items.iter().any(|item| item["state"] == "airing")
    };
    while !is_airing() {
        assert!(begun.elapsed().as_secs() < 120, "{}", stand.log());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Makes rules for alerts, of which one finds something wrong and has told it in vain.
pub(super) fn make_rules(stand: &Stand) {
    use passerby_hub::alerts::check;
    use passerby_hub::store::{AlertKind, AlertWords, HookKind};
    let (store, now_ms) = (stand.hub().store, passerby_hub::system::clock::now_ms());
    let actor = passerby_hub::people::Actor::COMMAND_LINE;
    let mut rule = check::new_rule(AlertWords::Chinese);
    rule.name = "地铁屏幕 Metro".to_owned();
    rule.mails = vec!["ops@hub.example".to_owned(), "night@hub.example".to_owned()];
    rule.kinds = [AlertKind::Full].into();
    rule.free_mib = 100_000;
    rule.gather_s = 0;
    store.add_alert_rule(&actor, &rule, None, now_ms).unwrap();
    rule.name = "Cafés".to_owned();
    rule.group = Some("Cafés".to_owned());
    rule.hook = Some(HookKind::Wecom);
    rule.hook_host = Some("qyapi.weixin.example".to_owned());
    let paused = passerby_hub::store::AlertSettings {
        paused: true,
        ..rule
    };
    store.add_alert_rule(&actor, &paused, None, now_ms).unwrap();
    let begun = std::time::Instant::now();
    // The hub that serves looks at once, or this one does.
    while store
        .alert_messages(&Scope::ALL, None, 9)
        .unwrap()
        .is_empty()
    {
        store
            .judge_alerts(0, passerby_hub::system::clock::now_ms())
            .unwrap();
        assert!(begun.elapsed().as_secs() < 120);
    }
}

#[test]
fn every_page_can_be_used_by_everybody_and_fits_a_phone() {
    let stand = Stand::start();
    let mut browser = Browser::start(look(PHONE_PX));
    let pictures = std::env::var_os("PASSERBY_PICTURES").map(PathBuf::from);
    let pictures_too = pictures.clone();
    let link = first_link(&stand);
    let mut problems = Vec::new();
    let mut look_at = |browser: &mut Browser, name: &str, path: &str| {
        for language in ["zh-CN", "en"] {
            for is_dark in [false, true] {
                browser.look(Look {
                    width_px: PHONE_PX,
                    is_dark,
                    language,
                });
                browser.open(&stand.address(path));
                let found = browser.hindrances();
                let at = format!(
                    "{name} in {language}, {}",
                    if is_dark { "dark" } else { "light" }
                );
                problems.extend(found.into_iter().map(|problem| format!("{at}: {problem}")));
                if let Some(folder) = &pictures {
                    let tone = if is_dark { "dark" } else { "light" };
                    browser.picture(&folder.join(format!("{name}-{language}-{tone}.png")));
                }
            }
            for width_px in [360, 1_280] {
                browser.look(Look {
                    width_px,
                    is_dark: false,
                    language,
                });
                let over = browser.overflow_px();
                if over > 0 {
                    problems.push(format!(
                        "{name} in {language} is {over} px wider than {width_px} px"
                    ));
                }
                if let Some(folder) = pictures.as_ref().filter(|_| width_px > 1_000) {
                    browser.picture(&folder.join(format!("{name}-{language}-wide.png")));
                }
            }
        }
    };
    look_at(&mut browser, "begin", "/console/sign-in");
    look_at(&mut browser, "join", &link);
    begin(&stand, &mut browser);
    look_at(&mut browser, "first-steps", "/console");
    look_at(&mut browser, "alerts-none", "/console/alerts");
    look_at(&mut browser, "sources-none", "/console/sources");
    look_at(&mut browser, "new", "/console/new");
    fill(&stand);
    make_rules(&stand);
    make_source(&stand);
    pass_on(&stand);
    browser.open(&stand.address("/console/campaigns/jazz"));
    browser.press("main .actions form button");
    for (name, path) in [
        ("overview", "/console"),
        ("screens", "/console/screens"),
        ("screens-none", "/console/screens?q=nothing"),
        ("screen", "/console/screens/1"),
        ("screen-waiting", "/console/screens/2"),
        ("times", "/console/times"),
        ("pair", "/console/pair?code=ABCD1234"),
        ("campaigns", "/console/campaigns"),
        ("campaign", "/console/campaigns/jazz"),
        ("drafts", "/console/drafts"),
        ("slots", "/console/slots"),
        ("draft", "/console/drafts/jazz"),
        ("draft-placement", "/console/drafts/jazz/placements/0"),
        ("draft-versions", "/console/drafts/jazz/versions"),
        ("report", "/console/report?by=hour"),
        ("report-by-screen", "/console/report?by=screen"),
        ("report-of-one", "/console/report?campaign=book"),
        ("chains", "/console/report/chains?campaign=book"),
        ("chains-none", "/console/report/chains?campaign=jazz"),
        (
            "report-wrong",
            "/console/report?from=2026-12-02&until=2026-12-01",
        ),
        ("sources", "/console/sources"),
        ("source", "/console/sources/cafe-news"),
        ("alerts", "/console/alerts"),
        ("alert", "/console/alerts/1"),
        ("alert-added", "/console/alerts/1?done=alert-added"),
        ("mail", "/console/mail"),
        ("emergency", "/console/emergency"),
        ("people", "/console/people"),
        ("person", "/console/people/1"),
        ("audit", "/console/audit"),
        ("account", "/console/account"),
        ("second-step", "/console/account/second-step"),
        ("saved", "/console/screens/1?done=saved"),
        ("nothing-here", "/console/screens/99"),
    ] {
        look_at(&mut browser, name, path);
    }
    browser.open(&stand.address("/console/emergency"));
    write_emergency(&mut browser);
    let found = browser.hindrances();
    assert!(found.is_empty(), "{found:?}");
    if let Some(folder) = &pictures_too {
        browser.picture(&folder.join("emergency-confirm.png"));
    }
    browser.press("main form.actions button.main");
    look_at(&mut browser, "emergency-airs", "/console/screens");
    browser.open(&stand.address("/console/account"));
    browser.press("main form.actions button");
    look_at(&mut browser, "sign-in", "/console/sign-in");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
