//! The console without a pointer, and twice as large: every page is reached key by key in the order
//! of its text, whoever does so sees where they are, and nothing is cut off.

use std::collections::BTreeSet;

use passerby_hub::server;
use passerby_testing::browser::{Browser, Look};
use serde_json::{Value, json};

use crate::console::in_browser::{begin, fill, look, make_rules, make_source};
use crate::stand::Stand;

const DESK_PX: u32 = 1_280;
/// A page of 1,280 pixels at 200 %, and a phone's at as much.
const ZOOMED_PX: [u32; 3] = [640, 320, 360];

/// Each route of a page for people, and an address of it.
const PAGES: &[(&str, &str)] = &[
    ("/console", "/console"),
    ("/console/screens", "/console/screens"),
    ("/console/screens/{screen}", "/console/screens/1"),
    ("/console/times", "/console/times"),
    ("/console/pair", "/console/pair?code=ABCD1234"),
    ("/console/campaigns", "/console/campaigns"),
    ("/console/campaigns/{campaign}", "/console/campaigns/jazz"),
    (
        "/console/campaigns/{campaign}/preview/{placement}",
        "/console/campaigns/jazz/preview/1",
    ),
    (
        "/console/campaigns/{campaign}/moments",
        "/console/campaigns/jazz/moments",
    ),
    (
        "/console/campaigns/{campaign}/voices",
        "/console/campaigns/jazz/voices",
    ),
    ("/console/privacy", "/console/privacy"),
    (
        "/console/campaigns/{campaign}/followers",
        "/console/campaigns/jazz/followers",
    ),
    (
        "/console/campaigns/{campaign}/news",
        "/console/campaigns/jazz/news",
    ),
    (
        "/console/campaigns/{campaign}/news/{news}",
        "/console/campaigns/jazz/news/1",
    ),
    (
        "/console/campaigns/{campaign}/conversions",
        "/console/campaigns/jazz/conversions",
    ),
    ("/console/hooks", "/console/hooks"),
    ("/console/hooks/{hook}", "/console/hooks/1"),
    ("/console/new", "/console/new"),
    ("/console/drafts", "/console/drafts"),
    ("/console/drafts/{campaign}", "/console/drafts/jazz"),
    (
        "/console/drafts/{campaign}/placements/{place}",
        "/console/drafts/jazz/placements/0",
    ),
    (
        "/console/drafts/{campaign}/preview/{place}",
        "/console/drafts/jazz/preview/0",
    ),
    (
        "/console/drafts/{campaign}/versions",
        "/console/drafts/jazz/versions",
    ),
    (
        "/console/drafts/{campaign}/films",
        "/console/drafts/jazz/films",
    ),
    ("/console/slots", "/console/slots"),
    ("/console/slots/{slot}", "/console/slots/1"),
    ("/console/sources", "/console/sources"),
    ("/console/sources/{source}", "/console/sources/cafe-news"),
    ("/console/report", "/console/report?by=hour"),
    (
        "/console/report/chains",
        "/console/report/chains?campaign=jazz",
    ),
    ("/console/alerts", "/console/alerts"),
    ("/console/alerts/{alert}", "/console/alerts/1"),
    ("/console/mail", "/console/mail"),
    ("/console/emergency", "/console/emergency"),
    ("/console/people", "/console/people"),
    ("/console/people/{person}", "/console/people/1"),
    ("/console/audit", "/console/audit"),
    ("/console/quotas", "/console/quotas"),
    ("/console/account", "/console/account"),
    (
        "/console/account/second-step",
        "/console/account/second-step",
    ),
];
/// Pages for whoever is not in, or that are no page of their own.
const ELSEWHERE: &[&str] = &[
    "/console/sign-in",
    "/console/join/{link}",
    "/console/second-step",
];

/// What the tabulator must reach, in the order of the page: of radio buttons that belong together
/// only one is.
const REACHABLE: &str = "
    window.reachable = (() => {
        const groups = new Set();
        return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')].filter(one => {
            if (one.disabled || one.tabIndex < 0 || one.type === 'hidden') return false;
            if (!one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })) return false;
            if (one.type !== 'radio') return true;
            const of = [...document.querySelectorAll(`input[type=radio][name=\"${one.name}\"]`)].filter(other => other.form === one.form);
            const chosen = of.find(other => other.checked);
            if (chosen) return chosen === one;
            const key = one.name + (one.form ? [...document.forms].indexOf(one.form) : '');
            if (groups.has(key)) return false;
            groups.add(key);
            return true;
        });
    })();
    window.reachable.length";

/// Where somebody is, whether they see it, and whether something lies over it.
const HERE: &str = "(() => {
    const one = document.activeElement;
    const style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    const at = document.elementFromPoint(
        Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1), Math.min(Math.max(box.y + box.height / 2, 0), innerHeight - 1));
    return {
        at: window.reachable.indexOf(one),
        is_marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        is_in_sight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        is_on_top: !at || at === one || one.contains(at) || at.contains(one),
        is_date: ['date', 'time', 'datetime-local'].includes(one.type),
        html: one.outerHTML.slice(0, 120),
    };
})()";
/// Most places inside one field of a date and a time.
const DATE_PLACES_MAX: usize = 6;

/// Walks through a page from its start to its end, and tells what was in the way.
fn walk(browser: &mut Browser, name: &str, problems: &mut Vec<String>) {
    let count = browser.evaluate(REACHABLE).as_i64().unwrap();
    let mut wrong = |problem: String| problems.push(format!("{name}: {problem}"));
    for expected in 0..count {
        browser.tab(false);
        let mut here = browser.evaluate(HERE);
        // A date has a place for each of its parts, and one for its calendar.
        for _ in 0..DATE_PLACES_MAX {
            if here["is_date"] == json!(true) && here["at"] == json!(expected - 1) {
                browser.tab(false);
                here = browser.evaluate(HERE);
            }
        }
        let is = |key: &str| here[key] == json!(true);
        if here["at"] != json!(expected) {
            wrong(format!(
                "place {expected} of {count} is at {}: {}",
                here["at"], here["html"]
            ));
            return;
        }
        for (key, problem) in [
            ("is_marked", "nobody sees that it has the focus"),
            ("is_in_sight", "it is out of sight"),
            ("is_on_top", "something lies over it"),
        ] {
            if !is(key) {
                wrong(format!("{problem}: {}", here["html"]));
            }
        }
    }
    browser.tab(true);
    let back = browser.evaluate(HERE)["at"].clone();
    if count > 1 && back != json!(count - 2) {
        wrong(format!("a step back from {} leads to {back}", count - 1));
    }
}

/// What is cut off in a box that does not scroll, twice as large; words that end in dots on purpose
/// are said elsewhere.
const CUT_OFF: &str = "[...document.querySelectorAll('main *')].filter(one => {
    const style = getComputedStyle(one);
    const hides = ['hidden', 'clip'].includes(style.overflowX);
    return hides && style.textOverflow !== 'ellipsis' && style.position !== 'absolute'
        && one.clientWidth > 1 && one.scrollWidth > one.clientWidth + 1 && one.innerText;
}).map(one => one.outerHTML.slice(0, 120))";

#[test]
fn every_page_is_reached_by_keys_alone_and_stays_whole_at_twice_its_size() {
    let stand = Stand::start();
    let mut browser = Browser::start(look(DESK_PX));
    begin(&stand, &mut browser);
    fill(&stand);
    make_rules(&stand);
    make_source(&stand);
    let token = crate::console::token(
        &stand,
        "Grace",
        passerby_hub::people::Role::Owner,
        &passerby_hub::people::Right::ALL,
    );
    for (path, body) in [
        ("/drafts/jazz/begin", Value::Null),
        (
            "/campaigns/jazz/news",
            json!({ "subject": "One more Friday", "body": "x", "link": "https://cafe.example" }),
        ),
        (
            "/campaigns/jazz/conversion-keys",
            json!({ "name": "Tickets" }),
        ),
        (
            "/hooks",
            json!({ "name": "Members", "kind": "json", "events": ["share"], "url": "https://members.example/in",
                "secret": "a secret of theirs" }),
        ),
        (
            "/slots",
            json!({ "name": "December", "first": "2036-12-10", "last": "2036-12-24", "pieces_max": 3,
                "kinds": ["picture"] }),
        ),
    ] {
        let request = stand.client.post(stand.address(&format!("/api/v1{path}")));
        let request = request.bearer_auth(&token);
        let request = match body {
            Value::Null => request,
            body => request.body(body.to_string()),
        };
        let answer = request.send().unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().unwrap()
        );
    }
    let is_page = |path: &str| {
        let end = path.rsplit('/').next().unwrap_or_default();
        path.starts_with("/console") && !end.contains('.')
    };
    let known: BTreeSet<&str> = PAGES.iter().map(|(route, _)| *route).collect();
    let forgotten: Vec<String> = server::rules()
        .into_iter()
        .filter(|(method, path, _)| *method == "GET" && is_page(path))
        .map(|(_, path, _)| path)
        .filter(|path| !known.contains(path.as_str()) && !ELSEWHERE.contains(&path.as_str()))
        .collect();
    assert_eq!(forgotten, Vec::<String>::new());
    let mut problems = Vec::new();
    for (_, path) in PAGES {
        for language in ["zh-CN", "en"] {
            let name = format!("{path} in {language}");
            browser.look(Look {
                language,
                ..look(DESK_PX)
            });
            browser.open(&stand.address(path));
            let hindrances = browser.hindrances().into_iter();
            problems.extend(hindrances.map(|problem| format!("{name}: {problem}")));
            walk(&mut browser, &name, &mut problems);
            for width_px in ZOOMED_PX {
                browser.look(Look {
                    language,
                    ..look(width_px)
                });
                let over = browser.overflow_px();
                if over > 0 {
                    problems.push(format!("{name} is {over} px wider than {width_px} px"));
                }
                let cut = browser.evaluate(CUT_OFF);
                for one in cut.as_array().unwrap() {
                    problems.push(format!("{name} at {width_px} px cuts off {one}"));
                }
            }
            // Letters alone, twice as large, on a phone.
            browser.look(Look {
                language,
                ..look(390)
            });
            browser.evaluate("document.documentElement.style.fontSize = '200%'");
            let over = browser.overflow_px();
            if over > 0 {
                problems.push(format!(
                    "{name} is {over} px too wide with letters of 200 %"
                ));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn somebody_without_a_pointer_comes_in_and_raises_an_emergency() {
    let stand = Stand::start();
    let terminal = stand.terminal("Exit B");
    let mut browser = Browser::start(look(DESK_PX));
    browser.open(&crate::console::ways_in::first_link(&stand));
    // The fields come one behind the other, and enter sends the form.
    browser.fill("name", "Ada");
    browser.tab(false);
    let named = browser.evaluate("document.activeElement.name");
    assert_eq!(named, json!("password"));
    browser.fill("password", "correct horse battery");
    browser.enter();
    assert!(browser.text().contains("Hello, Ada"), "{}", browser.text());
    // The first key leads past everything that is on each page.
    browser.tab(false);
    let skips = browser.evaluate("document.activeElement.getAttribute('href')");
    assert_eq!(skips, json!("#main"));
    browser.open(&stand.address("/console/emergency"));
    browser.fill("headline", "Leave now");
    browser.evaluate("document.querySelector('[name=which][value=all]').click()");
    browser.evaluate("document.querySelector('main form button.main').focus()");
    browser.enter();
    browser.evaluate("document.querySelector('main form.actions button.main').focus()");
    browser.enter();
    let notice = stand.manifest(&terminal).notice.expect("a message");
    assert_eq!(notice.headline, "Leave now");
}
