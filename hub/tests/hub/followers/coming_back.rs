//! Coming back: one cookie for whoever asked for it, known again at a screen, and a code that works
//! once.

use passerby_hub::people::{Role, Scope};
use serde_json::json;

use crate::console::Visitor;
use crate::followers::{Fans, TOML, cookie_of};
use crate::stand::{PHONE, location};

fn visit_with(fans: &Fans, visitor: u8, path: &str, cookie: &str) -> reqwest::blocking::Response {
    let request = fans.stand.client.get(fans.stand.address(path));
    let request = request.header("user-agent", PHONE).header("cookie", cookie);
    request
        .header("x-forwarded-for", format!("192.0.2.{visitor}"))
        .send()
        .unwrap()
}

#[test]
fn whoever_types_anothers_address_is_not_taken_for_them() {
    let fans = Fans::start(TOML);
    let link = fans.scanned(1, 5);
    let fields = [
        ("mail", "li@b.example"),
        ("agree", "yes"),
        ("remember", "yes"),
    ];
    let cookie = cookie_of(&fans.send(1, &format!("{link}/follow"), &fields, "")).unwrap();
    let own = fans.private_link("li@b.example");
    // On the phone of whoever has the address, which has another cookie or none.
    let other = "passerby-fan=0123456789abcdef0123456789abcdef";
    let confirmed = fans.send(2, &format!("{own}/confirm"), &[], other);
    assert_eq!(confirmed.status(), 200);
    let path = fans.terminal.scan_path(fans.assignment, 6);
    let link = location(&visit_with(&fans, 1, &path, &cookie));
    let page = visit_with(&fans, 1, &link, &cookie).text().unwrap();
    assert!(!page.contains("/forget") && !page.contains(&own), "{page}");
    let kept = fans.stand.visit(2, &format!("{own}/kept.json"));
    let kept: serde_json::Value = serde_json::from_slice(&kept.bytes().unwrap()).unwrap();
    assert_eq!(
        kept["phone_remembered_until"],
        serde_json::Value::Null,
        "{kept}"
    );
}

#[test]
fn who_asked_to_be_remembered_is_greeted_at_the_next_screen_and_nobody_else_has_a_cookie() {
    let fans = Fans::start(TOML);
    let link = fans.scanned(1, 5);
    let fields = [
        ("mail", "li@b.example"),
        ("agree", "yes"),
        ("remember", "yes"),
    ];
    let asked = fans.send(1, &format!("{link}/follow"), &fields, "");
    let set = asked.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in [
        "passerby-fan=",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=34560000",
    ] {
        assert!(set.contains(part), "{part}: {set}");
    }
    let cookie = cookie_of(&asked).unwrap();
    // Not before they have confirmed.
    let scan = |play: u32, cookie: &str| {
        let path = fans.terminal.scan_path(fans.assignment, play);
        let link = location(&visit_with(&fans, 1, &path, cookie));
        visit_with(&fans, 1, &link, cookie).text().unwrap()
    };
    assert!(!scan(6, &cookie).contains("/forget"));
    let own = fans.private_link("li@b.example");
    // On another phone, and theirs.
    let asks = fans.stand.visit(1, &own).text().unwrap();
    assert!(asks.contains("name=\"mine\""), "{asks}");
    let mine = [("mine", "yes")];
    assert_eq!(
        fans.send(1, &format!("{own}/confirm"), &mine, "").status(),
        200
    );
    let greeted = scan(7, &cookie);
    assert!(
        greeted.contains("Good to see you again, for the second time")
            || greeted.contains("第 2 次"),
        "{greeted}"
    );
    assert!(greeted.contains(&own), "{greeted}");
    let third = scan(8, &cookie);
    assert!(
        third.contains("third time") || third.contains("第 3 次"),
        "{third}"
    );
    assert_eq!(fans.fans()["returning"], 1);
    // And so it stands in reports.
    let by_screen = ["report", "--by", "screen", "--campaign", "book"];
    let report = fans.stand.json(&by_screen);
    assert_eq!(
        report["fans"],
        json!({ "total": 1, "new": 1, "gone": 0, "returns": 2 })
    );
    let moves = json!({ "new": 1, "gone": 0, "returns": 2 });
    assert_eq!(report["rows"][0]["fans"], moves);
    assert_eq!(report["kind"]["followers"]["returned"], 1);
    let (status, called) = fans.call(
        "GET",
        "/report?by=screen&campaign=book",
        &serde_json::Value::Null,
    );
    assert_eq!((status, &called["rows"][0]["fans"]), (200, &moves));
    let csv = fans
        .stand
        .command(&[&by_screen[..], &["--format", "csv"]].concat());
    let csv = String::from_utf8(csv.stdout).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(
        lines[0].ends_with(",value,fans_new,fans_gone,fans_returns"),
        "{csv}"
    );
    assert!(lines[1].ends_with(",1,0,2"), "{csv}");
    let chains = fans.stand.report()["chains"].clone();
    let of_fan = chains.as_array().unwrap().iter();
    let of_fan: Vec<_> = of_fan.filter(|chain| chain["fans"] == 1).collect();
    assert_eq!((of_fan.len(), &of_fan[0]["play"]), (1, &json!(5)));
    // Without the cookie, with another one, and from what only fetches, nothing is said.
    for strange in [
        "",
        "passerby-fan=00000000000000000000000000000000",
        "passerby-fan=x",
    ] {
        assert!(!scan(9, strange).contains("/forget"), "{strange}");
    }
    // What lies in the database does not say what the cookie is.
    let dump = String::from_utf8_lossy(&fans.stand.dump()).into_owned();
    assert!(!dump.contains(cookie.split('=').nth(1).unwrap()));

    let forgot = fans.send(1, &format!("{own}/forget"), &[], &cookie);
    assert!(
        forgot.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    assert!(!scan(10, &cookie).contains("/forget"));
    // By the link in a message it is on again, on any phone.
    let on = fans.send(2, &format!("{own}/remember"), &[], "");
    assert!(cookie_of(&on).is_some());
    // Of all that anybody else opened, nothing had a cookie.
    let link = fans.scanned(5, 20);
    for path in [
        link.clone(),
        format!("{link}/follow"),
        own,
        "/redeem".into(),
        "/feed/book".into(),
    ] {
        let answer = fans.stand.visit(5, &path);
        assert!(answer.headers().get("set-cookie").is_none(), "{path}");
    }
}

#[test]
fn a_code_is_redeemed_once_with_the_word_of_the_shop() {
    let fans = Fans::start(TOML);
    let own = fans.follows(1, "li@b.example");
    let kept = |own: &str| -> serde_json::Value {
        let kept = fans.stand.visit(1, &format!("{own}/kept.json"));
        serde_json::from_slice(&kept.bytes().unwrap()).unwrap()
    };
    let code = kept(&own)["code"].as_str().unwrap().to_owned();
    assert_eq!(kept(&own)["code"], json!(code), "the same each time");
    let mut publisher = Visitor::signed_in(&fans.stand, "Bo", Role::Publisher, &Scope::ALL);
    let csrf = publisher.csrf();
    let path = "/console/campaigns/book/followers/word";
    let page = publisher.post_plain(path, &[("csrf", &csrf)]);
    let page = page.text().unwrap();
    let word = page.split("role=\"status\"").nth(1).unwrap();
    let word = word.split("<strong>").nth(1).unwrap();
    let word = word.split('<').next().unwrap().to_owned();
    let redeem = |code: &str, word: &str| {
        let answer = fans.send(9, "/redeem", &[("code", code), ("word", word)], "");
        (answer.status().as_u16(), answer.text().unwrap())
    };
    assert_eq!(redeem(&code, "other").0, 422);
    assert_eq!(redeem("AAAAA-AAAAA", &word.replace('-', " ")).0, 422);
    let (status, said) = redeem(&code.to_lowercase(), &word.replace('-', " "));
    assert_eq!(status, 200, "{said}");
    assert!(said.contains("一杯茶"), "{said}");
    let (status, said) = redeem(&code, &word.replace('-', " "));
    assert_eq!(status, 422);
    assert!(said.contains("the shop") && said.contains("20"), "{said}");
    assert!(kept(&own)["code_used"].is_string());
    assert_eq!(fans.fans()["redeemed"], 1);
}
