//! Web hooks: signed, in the form of each kind, refused where they must not lead.

use hmac::{Hmac, KeyInit as _, Mac as _};
use passerby_hub::people::{Role, Scope};
use passerby_protocol::hexadecimal::hex;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::alerts::receiver::HookReceiver;
use crate::alerts::{Owner, say};
use crate::console::Visitor;
use crate::stand::Stand;

const SECRET: &str = "a secret of theirs";

fn signed(seconds: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{body}").as_bytes());
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

#[test]
fn a_program_is_told_with_a_signature_and_a_group_in_the_words_of_its_robot() {
    let receiver = HookReceiver::start();
    let host = receiver.address.to_string();
    let stand = Stand::start_with(&["--source-host", &host], None);
    let terminal = stand.terminal("exit B");
    let owner = Owner::of(&stand);
    let url = format!("http://{host}/hooks?key=k3y");
    let rule = owner.rule(&json!({ "hook": { "kind": "json", "url": url, "secret": SECRET } }));
    say(&stand, &terminal, 5);
    let called = receiver.next();
    assert_eq!(called.path, "/hooks?key=k3y");
    let seconds = called.header("x-passerby-timestamp");
    assert_eq!(
        called.header("x-passerby-signature"),
        signed(seconds, &called.body)
    );
    let told: Value = serde_json::from_str(&called.body).unwrap();
    assert_eq!(
        (&told["rule"], &told["test"], &told["bad"]),
        (&json!("North"), &json!(false), &json!(1))
    );
    assert_eq!(told["changes"][0]["kind"], "full");
    assert_eq!(told["changes"][0]["name"], "exit B");
    owner.wait_for(rule, |message| message["sent_ms"].is_i64());

    // Its kind alone keeps its address; the key is in no page and no answer.
    let renamed = json!({ "name": "South", "kinds": ["full"], "hook": { "kind": "json" } });
    let (status, answer) = owner.call("POST", &format!("/alerts/{rule}"), &renamed);
    assert_eq!(
        (status, &answer["rule"]["hook_host"]),
        (200, &json!("127.0.0.1")),
        "{answer}"
    );
    let mut visitor = Visitor::signed_in(&stand, "Bo", Role::Owner, &Scope::ALL);
    let page = visitor
        .get(&format!("/console/alerts/{rule}"))
        .text()
        .unwrap();
    assert!(page.contains("South") && !page.contains("k3y") && !page.contains(SECRET));
    let told = owner
        .call("GET", &format!("/alerts/{rule}"), &Value::Null)
        .1
        .to_string();
    assert!(!told.contains("k3y") && !told.contains(SECRET), "{told}");
    let audit = owner.call("GET", "/audit", &Value::Null).1.to_string();
    assert!(
        audit.contains("alert.change") && !audit.contains("k3y"),
        "{audit}"
    );
    let other_kind = json!({ "name": "South", "hook": { "kind": "slack" } });
    assert_eq!(
        owner
            .call("POST", &format!("/alerts/{rule}"), &other_kind)
            .0,
        422
    );

    for (kind, good, bad) in [
        (
            "wecom",
            "{\"errcode\":0}",
            "{\"errcode\":93000,\"errmsg\":\"invalid webhook url\"}",
        ),
        (
            "dingtalk",
            "{\"errcode\":0}",
            "{\"errcode\":310000,\"errmsg\":\"sign not match\"}",
        ),
        (
            "feishu",
            "{\"code\":0}",
            "{\"code\":19021,\"msg\":\"sign match fail\"}",
        ),
    ] {
        let hook = json!({ "kind": kind, "url": url, "secret": "SEC" });
        let rule = owner.rule(&json!({ "name": kind, "kinds": ["clock"], "hook": hook }));
        let test = format!("/alerts/{rule}/test");
        for (answer, is_taken) in [(good, true), (bad, false)] {
            receiver.say("200 OK", answer);
            assert_eq!(owner.call("POST", &test, &json!({})).0, 200);
            assert!(receiver.next().body.contains("test message"), "{kind}");
            let message = owner.wait_for(rule, |message| {
                message[if is_taken { "sent_ms" } else { "failed_ms" }].is_i64()
            });
            assert_eq!(message["problem"].is_null(), is_taken, "{message}");
        }
        let (_, facts) = owner.call("GET", &format!("/alerts/{rule}"), &Value::Null);
        assert!(
            facts.to_string().contains("the robot refuses it with"),
            "{facts}"
        );
    }
}

#[test]
fn a_web_hook_leads_to_no_private_address_and_on_to_no_other() {
    let receiver = HookReceiver::start();
    let host = receiver.address.to_string();
    let stand = Stand::start_with(&["--source-host", &host], None);
    let owner = Owner::of(&stand);
    let mut rules = Vec::new();
    for url in [
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:8420/",
        "http://10.0.0.1/",
    ] {
        let hook = json!({ "kind": "slack", "url": url });
        let rule = owner.rule(&json!({ "name": url, "kinds": ["clock"], "hook": hook }));
        owner.call("POST", &format!("/alerts/{rule}/test"), &json!({}));
        rules.push(rule);
    }
    for rule in rules {
        let failed = owner.wait_for(rule, |message| message["failed_ms"].is_i64());
        let problem = failed["problem"].as_str().unwrap();
        assert!(
            problem.contains("only public addresses are opened"),
            "{problem}"
        );
    }
    for (answer, status) in [("302 Found", "302"), ("500 Oh", "500"), ("429 Slow", "429")] {
        receiver.say(answer, "no");
        let hook = json!({ "kind": "slack", "url": format!("http://{host}/") });
        let rule = owner.rule(&json!({ "name": status, "kinds": ["clock"], "hook": hook }));
        owner.call("POST", &format!("/alerts/{rule}/test"), &json!({}));
        receiver.next();
        let failed = owner.wait_for(rule, |message| message["failed_ms"].is_i64());
        let problem = failed["problem"].as_str().unwrap();
        assert!(problem.contains(status), "{problem}");
    }
    assert!(stand.log().contains("was given up"), "{}", stand.log());
    for hook in [
        json!({ "kind": "json", "url": "https://hub.example/", "secret": "short" }),
        json!({ "kind": "slack", "url": "file:///etc/passwd" }),
        json!({ "kind": "slack", "url": "https://a:b@hub.example/" }),
    ] {
        let rule = json!({ "name": "x", "hook": hook });
        assert_eq!(owner.call("POST", "/alerts", &rule).0, 422, "{rule}");
    }
}
