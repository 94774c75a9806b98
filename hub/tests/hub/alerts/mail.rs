//! Mail: over STARTTLS with a password, once, also across a restart.

use passerby_testing::mail_receiver::MailReceiver;
use serde_json::json;

use crate::alerts::{Owner, say};
use crate::console::Visitor;
use crate::stand::Stand;
use crate::test_certificates::Authority;

#[test]
fn a_full_screen_is_told_by_encrypted_mail_once_also_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "127.0.0.1", 30);
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, &authority.pem).unwrap();
    let server = MailReceiver::start(Some((&files.certificate, &files.key)));
    let host = format!("127.0.0.1:{}", server.port);
    let trusted = ("SSL_CERT_FILE".to_owned(), roots.display().to_string());
    let mut stand = Stand::start_in(vec![trusted], &["--source-host", &host]);
    let terminal = stand.terminal("出口 B");
    let owner = Owner::of(&stand);
    let mail = json!({ "host": "127.0.0.1", "port": server.port, "encryption": "starttls", "user": "hub",
        "password": "open sesame", "from": "passerby@hub.example" });
    let (status, answer) = owner.call("POST", "/mail", &mail);
    assert_eq!(
        (status, &answer["has_password"]),
        (200, &json!(true)),
        "{answer}"
    );
    let rule =
        owner.rule(&json!({ "mails": ["ops@hub.example", "nobody@hub.example"], "words": "zh" }));
    say(&stand, &terminal, 5);
    let mut told = [server.next(), server.next()];
    told.sort_by_key(|message| message["to"].to_string());
    for (message, to) in told.iter().zip(["nobody@hub.example", "ops@hub.example"]) {
        assert_eq!(message["to"], json!([to]));
        assert_eq!(message["subject"], "出口 B：存储快满了");
        assert_eq!(message["from"], "passerby@hub.example");
        assert_eq!(
            (&message["encrypted"], &message["user"]),
            (&json!(true), &json!("hub"))
        );
        let text = message["text"].as_str().unwrap();
        assert!(
            text.contains("/console/alerts") && text.contains("North"),
            "{text}"
        );
    }
    assert_ne!(told[0]["id"], told[1]["id"]);
    owner.wait_for(rule, |message| {
        message["failed_ms"].is_i64() || message["sent_ms"].is_i64()
    });
    let (_, facts) = owner.call("GET", &format!("/alerts/{rule}"), &json!(null));
    assert_eq!(facts["alert"]["wrong"], 1, "{facts}");
    drop(owner);
    stand.kill_and_restart();
    let owner = Owner::of(&stand);
    say(&stand, &terminal, 5);
    // Once another rule has told of it, all rules were looked at.
    let other = owner.rule(&json!({ "name": "Everywhere", "mails": ["chief@hub.example"] }));
    let message = server.next();
    assert_eq!(message["to"], json!(["chief@hub.example"]));
    assert_eq!(message["subject"], "出口 B is nearly full");
    owner.wait_for(other, |message| message["sent_ms"].is_i64());
    let (_, facts) = owner.call("GET", &format!("/alerts/{rule}"), &json!(null));
    assert_eq!(facts["messages"].as_array().unwrap().len(), 2, "{facts}");
    // What is refused for good is given up at once, and named.
    let refused = facts["messages"].as_array().unwrap();
    let refused = refused
        .iter()
        .find(|one| one["recipient"] == "nobody@hub.example");
    let refused = refused.unwrap();
    assert!(refused["failed_ms"].is_i64(), "{refused}");
    assert!(
        refused["problem"]
            .as_str()
            .unwrap()
            .contains("nobody of this name"),
        "{refused}"
    );
    // The command tries the same way; the password is in no answer and no page.
    let tried = stand.json(&["alert", "test", &other.to_string(), "--source-host", &host]);
    assert_eq!(
        tried,
        json!([{ "to": "chief@hub.example", "problem": null }])
    );
    assert_eq!(server.next()["subject"], "This is a test message");
    let mut visitor = Visitor::signed_in(
        &stand,
        "Bo",
        passerby_hub::people::Role::Owner,
        &passerby_hub::people::Scope::ALL,
    );
    let page = visitor.get("/console/mail").text().unwrap();
    assert!(page.contains("passerby@hub.example") && !page.contains("open sesame"));
}

#[test]
fn a_mail_server_that_nobody_named_or_trusts_is_told_of_on_the_page() {
    let server = MailReceiver::start(None);
    let stand = Stand::start();
    let owner = Owner::of(&stand);
    let rule = owner.rule(&json!({ "mails": ["ops@hub.example"] }));
    let test = format!("/alerts/{rule}/test");
    assert_eq!(owner.call("POST", &test, &json!({})).1["messages"], 1);
    let failed = |words: &str| {
        let message = owner.wait_for(rule, |message| {
            message["failed_ms"].is_i64() && message["problem"].as_str().unwrap().contains(words)
        });
        assert_eq!(message["sent_ms"], json!(null));
    };
    failed("no mail server is set");
    let mail = json!({ "host": "127.0.0.1", "port": server.port, "encryption": "none", "from": "a@hub.example" });
    assert_eq!(owner.call("POST", "/mail", &mail).0, 200);
    assert_eq!(owner.call("POST", &test, &json!({})).0, 200);
    failed("only public addresses are opened");
    let mut open = mail;
    open["user"] = json!("hub");
    open["password"] = json!("open sesame");
    let (status, answer) = owner.call("POST", "/mail", &open);
    assert_eq!(status, 422, "{answer}");
}
