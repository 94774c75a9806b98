//! The ways in, under attack: guesses, fixed sessions, forms of other sites, names.

use std::time::{Duration, Instant};

use passerby_hub::people::{Actor, OneTimeKey, Role, Scope};
use passerby_hub::system::clock;

use crate::console::{Visitor, location};
use crate::stand::Stand;

const PASSWORD: &str = "correct horse battery";

/// Waits until the hub has said where the first owner comes in.
pub(crate) fn first_link(stand: &Stand) -> String {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let log = stand.log();
        if let Some(link) = log.lines().find(|line| line.contains("/console/join/")) {
            return link.trim().to_owned();
        }
        assert!(Instant::now() < until, "{log}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Comes in by a link.
fn join(visitor: &mut Visitor<'_>, link: &str, name: &str) {
    let joined = visitor.post_plain(link, &[("name", name), ("password", PASSWORD)]);
    assert_eq!(
        (joined.status().as_u16(), location(&joined).as_str()),
        (303, "/console")
    );
}

fn invited(stand: &Stand, role: Role) -> String {
    let link = stand
        .hub()
        .store
        .invite(&Actor::COMMAND_LINE, role, &Scope::ALL, clock::now_ms());
    format!("/console/join/{}", link.unwrap().as_str())
}

#[test]
fn a_new_hub_lets_its_owner_in_by_a_link_that_works_once() {
    let stand = Stand::start();
    let link = first_link(&stand);
    let mut owner = Visitor::new(&stand);
    assert!(
        owner
            .get("/console/sign-in")
            .text()
            .unwrap()
            .contains("owner-link")
    );
    for _ in 0..2 {
        assert!(owner.get(&link).text().unwrap().contains("Welcome"));
    }
    let short = owner.post_plain(&link, &[("name", "Ada"), ("password", "short")]);
    assert_eq!(short.status(), 422);
    join(&mut owner, &link, "Ada");
    assert!(owner.get("/console").text().unwrap().contains("Hello, Ada"));
    assert_eq!(Visitor::new(&stand).get(&link).status(), 410);
    let again = Visitor::new(&stand).post_plain(&link, &[("name", "Eve"), ("password", PASSWORD)]);
    assert_eq!(again.status(), 410);
    let printed = stand.json(&["owner-link"])["link"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(printed.starts_with(&stand.base), "{printed}");
    let reset = stand.json(&["owner-link", "--person", "ada"])["link"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        owner
            .get(&reset)
            .text()
            .unwrap()
            .contains("Choose a new password")
    );
    assert!(
        !stand
            .command(&["owner-link", "--person", "nobody"])
            .status
            .success()
    );
}

#[test]
fn a_wrong_name_and_a_wrong_password_are_answered_alike_and_guesses_have_an_end() {
    let stand = Stand::start();
    join(
        &mut Visitor::new(&stand),
        &invited(&stand, Role::Owner),
        "Ada",
    );
    let sign_in = |name: &str, password: &str| {
        let mut visitor = Visitor::new(&stand);
        let answer = visitor.post_plain(
            "/console/sign-in",
            &[("name", name), ("password", password)],
        );
        (
            answer.status().as_u16(),
            location(&answer),
            answer.text().unwrap(),
            visitor.session,
        )
    };
    let (status, to, _, session) = sign_in(" ADA", PASSWORD);
    assert_eq!(
        (status, to.as_str(), session.is_some()),
        (303, "/console", true)
    );
    let wrong = sign_in("Ada", "wrong password");
    let nobody = sign_in("Eve", "wrong password");
    assert_eq!((wrong.0, nobody.0), (403, 403));
    assert_eq!(wrong.2.replace("Ada", "?"), nobody.2.replace("Eve", "?"));
    assert!(wrong.3.is_none());
    let guesses: Vec<u16> = (0..25)
        .map(|n| sign_in("ada", &format!("guess {n} of many")).0)
        .collect();
    assert_eq!(guesses.last(), Some(&429), "{guesses:?}");
    assert_eq!(sign_in("Ada", PASSWORD).0, 429, "even the right one waits");
    assert_eq!(
        sign_in("Somebody else", "wrong password").0,
        403,
        "others do not"
    );
}

#[test]
fn a_session_is_never_one_that_the_browser_came_with() {
    let stand = Stand::start();
    join(
        &mut Visitor::new(&stand),
        &invited(&stand, Role::Owner),
        "Ada",
    );
    let fixed = "0123456789abcdefghjkmnpqrstvwxyz";
    let mut visitor = Visitor::new(&stand);
    visitor.session = Some(fixed.to_owned());
    let sign_in = [("name", "Ada"), ("password", PASSWORD)];
    assert_eq!(
        visitor.post_plain("/console/sign-in", &sign_in).status(),
        303
    );
    assert_ne!(visitor.session.as_deref(), Some(fixed));
    let mut attacker = Visitor::new(&stand);
    attacker.session = Some(fixed.to_owned());
    assert_eq!(attacker.get("/console").status(), 303);
    let first = visitor.session.clone();
    visitor.post_plain("/console/sign-in", &sign_in);
    assert_ne!(
        visitor.session, first,
        "signing in again is another session"
    );
    assert_eq!(
        location(&visitor.post_plain("/console/sign-out", &[])),
        "/console/sign-in"
    );
    assert!(visitor.session.is_none());
    assert_eq!(visitor.get("/console").status(), 303);
}

#[test]
fn forms_of_other_sites_change_nothing() {
    let stand = Stand::start();
    let mut owner = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    stand.json(&["screen", "add", "exit B"]);
    let fields = [("name", "taken over"), ("group", ""), ("tags", "")];
    assert_eq!(
        owner.post_plain("/console/screens/1", &fields).status(),
        403
    );
    let mut other = Visitor::signed_in(&stand, "Eve", Role::Owner, &Scope::ALL);
    let foreign = other.csrf();
    let with_foreign = [fields.as_slice(), &[("csrf", &foreign)]].concat();
    assert_eq!(
        owner
            .post_plain("/console/screens/1", &with_foreign)
            .status(),
        403
    );
    let csrf = owner.csrf();
    let with_own = [fields.as_slice(), &[("csrf", &csrf)]].concat();
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "null"),
    ] {
        let request = stand.client.post(stand.address("/console/screens/1"));
        let request = request
            .header(name, value)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(super::encoded(&with_own));
        assert_eq!(owner.send(request).status(), 403, "{name}: {value}");
        let login = stand
            .client
            .post(stand.address("/console/sign-in"))
            .header(name, value);
        assert_eq!(
            Visitor::new(&stand).send(login).status(),
            403,
            "{name}: {value}"
        );
    }
    assert_eq!(stand.json(&["screen", "list"])[0]["name"], "exit B");
    assert_eq!(
        owner.post_plain("/console/screens/1", &with_own).status(),
        303
    );
    assert_eq!(stand.json(&["screen", "list"])[0]["name"], "taken over");
    let large = "x".repeat(20_000);
    assert_eq!(
        owner
            .post_plain("/console/screens/1", &[("name", &large)])
            .status(),
        413
    );
}

#[test]
fn a_new_password_ends_the_other_sessions_and_asks_for_the_old_one() {
    let stand = Stand::start();
    let mut here = Visitor::new(&stand);
    join(&mut here, &invited(&stand, Role::Owner), "Ada");
    let mut there = Visitor::new(&stand);
    let sign_in = [("name", "Ada"), ("password", PASSWORD)];
    there.post_plain("/console/sign-in", &sign_in);
    assert_eq!(there.get("/console").status(), 200);
    let change = |visitor: &mut Visitor<'_>, old: &str| {
        let answer = visitor.post(
            "/console/account/password",
            &[("old", old), ("new", "another long one")],
        );
        (answer.status().as_u16(), location(&answer))
    };
    assert_eq!(change(&mut there, "wrong").0, 422);
    assert_eq!(
        change(&mut here, PASSWORD),
        (303, "/console/account?done=password".into())
    );
    assert_eq!(here.get("/console").status(), 200);
    assert_eq!(there.get("/console").status(), 303);
    assert_eq!(there.post_plain("/console/sign-in", &sign_in).status(), 403);
}

#[test]
fn whoever_is_in_is_told_when_a_password_was_tried_too_often_and_not_that_it_is_wrong() {
    let stand = Stand::start();
    let mut ada = Visitor::signed_in(&stand, "Ada", Role::Owner, &Scope::ALL);
    let fields = [("old", "wrong wrong wrong"), ("new", PASSWORD)];
    let first = ada.post("/console/account/password", &fields);
    assert_eq!(first.status(), 422);
    assert!(
        first
            .text()
            .unwrap()
            .contains("The password of now is wrong")
    );
    let spent = (0..40).find_map(|_| {
        let answer = ada.post("/console/account/password", &fields);
        (answer.status() != 422).then_some(answer)
    });
    let spent = spent.unwrap();
    assert_eq!(spent.status(), 429);
    assert!(spent.headers().contains_key("retry-after"));
    assert!(spent.text().unwrap().contains("too many tries"));
    assert_eq!(ada.get("/console").status(), 200, "and stays in");
}

#[test]
fn with_a_second_step_the_password_alone_opens_nothing() {
    let stand = Stand::start();
    let mut visitor = Visitor::new(&stand);
    join(&mut visitor, &invited(&stand, Role::Owner), "Ada");
    let page = visitor.get("/console/account/second-step").text().unwrap();
    let (_, rest) = page.split_once("<code class=\"secret\">").unwrap();
    let key = OneTimeKey::from_bytes(from_base32(rest.split('<').next().unwrap()));
    let now_ms = clock::now_ms();
    let wrong = [("code", "000000"), ("password", "not it at all")];
    assert_eq!(
        visitor
            .post("/console/account/second-step", &wrong)
            .status(),
        422
    );
    let code = key.code_at(now_ms);
    let done = visitor.post(
        "/console/account/second-step",
        &[("code", &code), ("password", PASSWORD)],
    );
    assert_eq!(done.status(), 200);
    let page = done.text().unwrap();
    let (_, rest) = page.split_once("<code class=\"secret\">").unwrap();
    let recovery = rest.split('<').next().unwrap().to_owned();

    let mut again = Visitor::new(&stand);
    let answer = again.post_plain(
        "/console/sign-in",
        &[
            ("name", "Ada"),
            ("password", PASSWORD),
            ("to", "/console/people"),
        ],
    );
    assert_eq!(
        location(&answer),
        "/console/second-step?to=%2Fconsole%2Fpeople"
    );
    for path in ["/console", "/console/people", "/console/account"] {
        assert_eq!(location(&again.get(path)), "/console/second-step", "{path}");
    }
    let form = again.get("/console/second-step").text().unwrap();
    let (_, csrf) = form.split_once("name=\"csrf\" value=\"").unwrap();
    let csrf = csrf.split('"').next().unwrap().to_owned();
    let half = again.session.clone();
    let step = |visitor: &mut Visitor<'_>, code: &str| {
        let fields = [
            ("csrf", csrf.as_str()),
            ("code", code),
            ("to", "/console/people"),
        ];
        let answer = visitor.post_plain("/console/second-step", &fields);
        (answer.status().as_u16(), location(&answer))
    };
    assert_eq!(step(&mut again, &code).0, 422, "a code works once");
    assert_eq!(step(&mut again, &recovery), (303, "/console/people".into()));
    assert_ne!(again.session, half);
    assert_eq!(again.get("/console/people").status(), 200);
}

fn from_base32(text: &str) -> [u8; 20] {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(8) {
        let bits = group.iter().fold(0_u64, |bits, &byte| {
            bits << 5 | u64::try_from(alphabet.find(char::from(byte)).unwrap()).unwrap()
        });
        bytes.extend(&bits.to_be_bytes()[3..]);
    }
    bytes.try_into().unwrap()
}
