//! How somebody comes to follow, and how they leave: with consent, one mail, and one press.

use serde_json::json;

use crate::followers::{Fans, TOML, path_in};
use crate::stand::{ROBOT, Stand};

#[test]
fn nobody_follows_before_they_confirm_by_a_press_and_one_press_ends_it() {
    let fans = Fans::start(TOML);
    let link = fans.scanned(1, 5);
    let page = fans.stand.visit(1, &link).text().unwrap();
    assert!(page.contains(&format!("{link}/follow")), "{page}");
    assert!(page.find("/follow\"") < page.find("/go\""), "fans first");
    let form = fans
        .stand
        .visit(1, &format!("{link}/follow"))
        .text()
        .unwrap();
    for words in [
        "公众号：三体书店",
        "https://wechat.example/x",
        "passerby-fan",
        "/feed/book",
    ] {
        assert!(form.contains(words), "{words}: {form}");
    }
    assert!(!form.contains("checked"), "nothing is ticked for them");
    let path = format!("{link}/follow");
    let send = |fields: &[(&str, &str)]| fans.send(1, &path, fields, "").status();
    assert_eq!(send(&[("mail", "li@b.example")]), 422, "without consent");
    assert_eq!(send(&[("mail", "li"), ("agree", "yes")]), 422);
    let asked = fans.send(1, &path, &[("mail", "Li@B.example"), ("agree", "yes")], "");
    assert_eq!(asked.status(), 200);
    assert!(asked.headers().get("set-cookie").is_none(), "not asked for");
    assert_eq!(
        send(&[("mail", "li@b.example"), ("agree", "yes")]),
        422,
        "too often"
    );

    let mail = fans.server.next();
    assert_eq!(mail["to"], json!(["Li@B.example"]));
    assert_eq!(mail["from"], "news@hub.example");
    assert!(mail["subject"].as_str().unwrap().contains("三体"), "{mail}");
    let own = path_in(&mail);
    assert!(
        mail["leaves"]
            .as_str()
            .unwrap()
            .contains(&format!("{own}/leave>")),
        "{mail}"
    );
    assert_eq!(mail["leaves_by"], "List-Unsubscribe=One-Click");
    // A scanner of mail opens every link.
    let opened = fans.stand.open(9, ROBOT, &own).text().unwrap();
    assert!(opened.contains("/confirm"), "{opened}");
    assert_eq!(fans.fans()["total"], 0);
    assert_eq!(fans.fans()["unconfirmed"], 1);
    for _ in 0..2 {
        let confirmed = fans.send(7, &format!("{own}/confirm"), &[], "");
        assert_eq!(confirmed.status(), 200);
    }
    let counts = fans.fans();
    assert_eq!((&counts["total"], &counts["new"]), (&json!(1), &json!(1)));
    let mine = fans.stand.visit(7, &own).text().unwrap();
    for words in ["Li@B.example", "给老朋友的话", "一杯茶", "kept.json"] {
        assert!(mine.contains(words), "{words}: {mine}");
    }
    let kept = fans.stand.visit(7, &format!("{own}/kept.json"));
    let kept: serde_json::Value = serde_json::from_slice(&kept.bytes().unwrap()).unwrap();
    assert_eq!(
        (&kept["address"], &kept["consent"]["version"]),
        (&json!("Li@B.example"), &json!(1))
    );
    assert_eq!(kept["visits"], 1);
    assert_eq!(fans.stand.report()["fans"]["total"], 1);

    // What a mail program sends for one press (RFC 8058).
    let left = fans.send(
        8,
        &format!("{own}/leave"),
        &[("List-Unsubscribe", "One-Click")],
        "",
    );
    assert_eq!(left.status(), 200);
    assert_eq!(fans.send(8, &format!("{own}/leave"), &[], "").status(), 200);
    assert_eq!(
        fans.stand.report()["fans"],
        json!({ "total": 0, "new": 1, "gone": 1, "returns": 0,
            "by_campaign": { "book": { "total": 0, "new": 1, "gone": 1, "returns": 0 } } })
    );
    let gone = fans.stand.visit(7, &own).text().unwrap();
    assert!(!gone.contains("Li@B.example"));
    let dump = String::from_utf8_lossy(&fans.stand.dump()).to_lowercase();
    assert!(!dump.contains("li@b.example"));
    assert!(
        !fans.stand.log().to_lowercase().contains("li@b.example"),
        "{}",
        fans.stand.log()
    );
}

#[test]
fn whoever_follows_already_gets_their_link_and_strangers_learn_nothing() {
    let fans = Fans::start(TOML);
    let own = fans.follows(1, "li@b.example");
    let link = fans.scanned(2, 2);
    let fields = [
        ("mail", "LI@b.example"),
        ("agree", "yes"),
        ("remember", "yes"),
    ];
    // The address was written to within the hour.
    let again = fans.send(2, &format!("{link}/follow"), &fields, "");
    assert_eq!(again.status(), 422);
    // Links of others, and what is no link, lead nowhere.
    assert_eq!(fans.stand.visit(3, &format!("{link}/follow")).status(), 302);
    let strange = format!("{}{}", &own[..own.len() - 32], "0".repeat(32));
    for path in [strange.as_str(), "/fan/x", "/feed/none"] {
        assert_eq!(fans.stand.visit(3, path).status(), 404, "{path}");
    }
    assert_eq!(
        fans.send(3, &format!("{strange}/leave"), &[], "").status(),
        404
    );
    assert_eq!(fans.fans()["total"], 1);
}

#[test]
fn an_address_that_the_server_does_not_know_is_forgotten_and_erasing_works_from_the_command_line() {
    let fans = Fans::start(TOML);
    fans.asks(1, "nobody@hub.example");
    assert_eq!(fans.server.next()["to"], json!(["nobody@hub.example"]));
    let begun = std::time::Instant::now();
    while fans.fans()["unconfirmed"] != 0 {
        assert!(begun.elapsed().as_secs() < 120, "{}", fans.fans());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let own = fans.follows(2, "han@b.example");
    fans.follows(3, "mei@b.example");
    assert_eq!(
        fans.stand.json(&["erase", " HAN@b.example"]),
        json!({ "campaigns": 1, "voices": 0, "moments": 0 })
    );
    assert_eq!(
        fans.stand.json(&["erase", "han@b.example"]),
        json!({ "campaigns": 0, "voices": 0, "moments": 0 })
    );
    let gone = fans.stand.visit(2, &own).text().unwrap();
    assert!(!gone.contains("han@b.example"));
    assert_eq!(fans.fans()["total"], 1);
    let refused = fans.stand.command(&["erase", "no address"]);
    assert_eq!(refused.status.code(), Some(2));
    let erase = "/campaigns/book/followers/erase";
    let body = json!({ "address": "mei@b.example" });
    assert_eq!(fans.call("POST", erase, &body).1, json!({ "erased": true }));
    assert_eq!(
        fans.call("POST", erase, &body).1,
        json!({ "erased": false })
    );
    assert_eq!(fans.fans()["total"], 0);
}

#[test]
fn nobody_fills_a_mailbox_of_somebody_else_or_writes_to_machines_of_the_network() {
    let fans = Fans::start(TOML);
    let asks = |visitor: u8, address: &str| {
        let link = fans.scanned(visitor, u32::from(visitor));
        let fields = [("mail", address), ("agree", "yes")];
        fans.send(visitor, &format!("{link}/follow"), &fields, "")
            .status()
    };
    for (visitor, address) in (1..).zip([
        "root@localhost",
        "root@127.0.0.1",
        "root@[127.0.0.1]",
        "li%b.example@c.example",
        "b.example!li@c.example",
    ]) {
        assert_eq!(asks(visitor, address), 422, "{address}");
    }
    assert_eq!(fans.fans()["unconfirmed"], 0);
    // From many phones, to one mailbox under many names.
    assert_eq!(asks(11, "li@b.example"), 200);
    for (visitor, address) in (12..).zip(["li@b.example", "li+1@b.example", "LI+2@b.example"]) {
        assert_eq!(asks(visitor, address), 422, "{address}");
    }
    assert_eq!(asks(20, "mei+street@b.example"), 200);
    assert_eq!(asks(21, "mei@b.example"), 422);
    assert_eq!(fans.fans()["unconfirmed"], 2);
}

#[test]
fn without_a_mail_server_the_page_offers_no_mail_and_says_why_to_the_publisher() {
    let stand = Stand::start();
    let terminal = stand.terminal("出口 B");
    let toml = TOML
        .replace("feed = true\n", "")
        .replace("account = ", "# ");
    let folder = stand.campaign("book", &toml, &[[200, 80, 40]]);
    let published = stand.command(&["publish", &folder]);
    let said = String::from_utf8_lossy(&published.stderr).into_owned();
    assert!(said.contains("no mail server"), "{said}");
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    let link = crate::stand::location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    let page = stand.visit(1, &link).text().unwrap();
    assert!(!page.contains("/follow\""), "{page}");
    assert_eq!(stand.visit(1, &format!("{link}/follow")).status(), 302);
}
