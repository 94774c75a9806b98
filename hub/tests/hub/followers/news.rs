//! News: to everybody who follows, once, also when the hub is killed; and its feed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::followers::{Fans, TOML, path_in};

#[test]
fn news_goes_to_all_who_follow_with_a_way_out_and_stands_in_the_feed() {
    let fans = Fans::start(TOML);
    let own = fans.follows(1, "li@b.example");
    fans.asks(2, "han@b.example");
    fans.private_link("han@b.example");
    let feed = |tag: &str| {
        let request = fans.stand.client.get(fans.stand.address("/feed/book"));
        request.header("if-none-match", tag).send().unwrap()
    };
    let empty = feed("");
    assert_eq!(
        empty.headers()["content-type"],
        "application/atom+xml; charset=utf-8"
    );
    let tag = empty.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(feed(&tag).status(), 304);
    let bad = json!({ "subject": " ", "body": "x" });
    assert_eq!(fans.call("POST", "/campaigns/book/news", &bad).0, 422);
    let bad = json!({ "subject": "x", "body": "x", "link": "javascript:x" });
    assert_eq!(fans.call("POST", "/campaigns/book/news", &bad).0, 422);
    assert_eq!(
        fans.call(
            "POST",
            "/campaigns/none/news",
            &json!({ "subject": "x", "body": "x" })
        )
        .0,
        404
    );
    let draft = json!({ "subject": "只是草稿", "body": "x" });
    assert_eq!(fans.call("POST", "/campaigns/book/news", &draft).0, 201);
    let id = fans.sends("三体 II <上市>");
    let mail = fans.server.next();
    assert_eq!(mail["to"], json!(["li@b.example"]));
    assert_eq!(mail["subject"], "三体 II <上市>");
    assert_eq!(path_in(&mail), own);
    assert!(
        mail["leaves"].as_str().unwrap().ends_with("/leave>"),
        "{mail}"
    );
    assert!(
        mail["text"]
            .as_str()
            .unwrap()
            .contains("https://shop.example/new")
    );
    let again = fans.call(
        "POST",
        &format!("/campaigns/book/news/{id}/send"),
        &Value::Null,
    );
    assert_eq!(again.0, 409);
    let full = feed(&tag);
    assert_eq!(full.status(), 200);
    let text = full.text().unwrap();
    assert!(
        text.contains("三体 II &lt;上市&gt;") && !text.contains("只是草稿"),
        "{text}"
    );
    // Whoever has left gets nothing more, and neither does who never confirmed.
    assert_eq!(fans.send(1, &format!("{own}/leave"), &[], "").status(), 200);
    let id = fans.sends("没有人");
    let (_, news) = fans.call("GET", &format!("/campaigns/book/news/{id}"), &Value::Null);
    assert_eq!(
        (&news["state"], &news["total"]),
        (&json!("sent"), &json!(0))
    );
}

#[test]
fn a_hub_that_is_killed_while_news_goes_out_writes_to_nobody_twice() {
    let mut fans = Fans::start(TOML);
    let addresses: Vec<String> = (1..=16).map(|at| format!("f{at}@b.example")).collect();
    for (visitor, address) in (1..).zip(&addresses) {
        fans.asks(visitor, address);
    }
    for _ in &addresses {
        let own = path_in(&fans.server.next());
        let confirmed = fans.send(1, &format!("{own}/confirm"), &[], "");
        assert_eq!(confirmed.status(), 200);
    }
    let id = fans.sends("三体 II");
    let mut got = vec![fans.server.next()];
    fans.stand.kill_and_restart();
    let begun = Instant::now();
    let path = format!("/campaigns/book/news/{id}");
    loop {
        let (_, news) = fans.call("GET", &path, &Value::Null);
        if news["waiting"] == 0 {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "{news}\n{}",
            fans.stand.log()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    // What is behind it in the queue has come once all of it has.
    let other = fans.sends("终");
    while got.iter().filter(|mail| mail["subject"] == "终").count() < addresses.len() {
        got.push(fans.server.next());
    }
    let to = |subject: &str| -> Vec<String> {
        let those = got.iter().filter(|mail| mail["subject"] == subject);
        those
            .map(|mail| mail["to"][0].as_str().unwrap().to_owned())
            .collect()
    };
    for subject in ["三体 II", "终"] {
        let to = to(subject);
        let each: BTreeSet<&String> = to.iter().collect();
        assert_eq!(each.len(), to.len(), "{subject}: {to:?}");
    }
    // Twelve at most were begun when it was killed.
    assert!(
        to("三体 II").len() >= addresses.len() - 12,
        "{:?}",
        to("三体 II")
    );
    let (_, news) = fans.call(
        "GET",
        &format!("/campaigns/book/news/{other}"),
        &Value::Null,
    );
    assert_eq!(news["total"], addresses.len());
}

#[test]
fn whoever_leaves_while_news_is_on_its_way_gets_none_of_it() {
    let mut fans = Fans::start(TOML);
    // As many as are sent to at one time, and one more, who waits behind them.
    let mut waiting: Vec<(Value, String)> = (1..=5)
        .map(|visitor| {
            let address = format!("li{visitor}@b.example");
            (json!([address]), fans.follows(visitor, &address))
        })
        .collect();
    let id = fans.sends("hold");
    for _ in 0..4 {
        let to = fans.server.next()["to"].clone();
        waiting.retain(|(address, _)| *address != to);
    }
    let [(late, own)] = &waiting[..] else {
        panic!("{waiting:?}")
    };
    assert_eq!(fans.send(9, &format!("{own}/leave"), &[], "").status(), 200);
    fans.server.take_held();
    let begun = Instant::now();
    let path = format!("/campaigns/book/news/{id}");
    loop {
        let news = fans.call("GET", &path, &Value::Null).1;
        if news["state"] == "sent" {
            assert_eq!(
                (&news["sent"], &news["total"]),
                (&json!(4), &json!(4)),
                "{news}"
            );
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{news}");
        std::thread::sleep(Duration::from_millis(100));
    }
    fans.sends("once more");
    for _ in 1..=4 {
        let mail = fans.server.next();
        assert_ne!(mail["to"], *late, "{mail}");
        assert_eq!(mail["subject"], "once more", "{mail}");
    }
}
