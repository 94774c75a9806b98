//! Web hooks by the real program: what a shop reports and what is passed on reaches who wants to
//! hear of it, signed, also after a process has died.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use hmac::{Hmac, KeyInit as _, Mac as _};
use passerby_hub::people::{Right, Role, Scope};
use passerby_protocol::hexadecimal::hex;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::alerts::PATIENCE;
use crate::alerts::receiver::HookReceiver;
use crate::console::{Visitor, token};
use crate::stand::{Stand, location};

const SECRET: &str = "a secret of theirs";

struct Publisher<'s> {
    stand: &'s Stand,
    token: String,
}

impl<'s> Publisher<'s> {
    fn of(stand: &'s Stand) -> Self {
        let token = token(stand, "Ada", Role::Publisher, &Right::ALL);
        Self { stand, token }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let address = self.stand.address(&format!("/api/v1{path}"));
        let request = self.stand.client.request(method.parse().unwrap(), address);
        let request = request.bearer_auth(&self.token).body(body.to_string());
        let answer = request.send().unwrap();
        let status = answer.status().as_u16();
        (
            status,
            serde_json::from_slice(&answer.bytes().unwrap()).unwrap(),
        )
    }

    fn add(&self, kind: &str, url: &str, events: &[&str]) -> i64 {
        let hook =
            json!({ "name": kind, "kind": kind, "events": events, "url": url, "secret": SECRET });
        let (status, answer) = self.call("POST", "/hooks", &hook);
        assert_eq!(status, 201, "{answer}");
        assert!(!answer.to_string().contains(SECRET), "{answer}");
        answer["hook"].as_i64().unwrap()
    }

    /// Waits until a hook is as it should be.
    fn wait_for(&self, hook: i64, is_right: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let (_, facts) = self.call("GET", &format!("/hooks/{hook}"), &Value::Null);
            if is_right(&facts) {
                return facts;
            }
            assert!(begun.elapsed() < PATIENCE, "{facts}\n{}", self.stand.log());
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
}

/// A hub with a campaign, and its key.
fn on_air(hosts: &[&str]) -> (Stand, String) {
    let options: Vec<&str> = hosts
        .iter()
        .flat_map(|host| ["--source-host", host])
        .collect();
    let stand = Stand::start_with(&options, None);
    let toml = "title = \"Jazz\"\ntarget = \"https://shop.example/\"\nlanding = \"page\"\n";
    stand.publish(&stand.campaign("jazz", toml, &[[9; 3]]));
    let key = stand.json(&["conversion-key", "add", "jazz", "--name", "shop"]);
    (stand, key["bearer"].as_str().unwrap().to_owned())
}

fn buy(stand: &Stand, bearer: &str, id: &str) {
    let order = json!({ "id": id, "kind": "purchase", "value": "59.00", "currency": "CNY" });
    let sent = stand.client.post(stand.address("/v1/conversions"));
    let sent = sent.bearer_auth(bearer).body(order.to_string()).send();
    assert_eq!(sent.unwrap().status(), 201);
}

#[test]
fn a_program_hears_of_purchases_and_shares_with_a_signature_and_groups_in_their_robots_form() {
    let (receiver, robot) = (HookReceiver::start(), HookReceiver::start());
    let hosts = [receiver.address.to_string(), robot.address.to_string()];
    let (stand, bearer) = on_air(&[&hosts[0], &hosts[1]]);
    let publisher = Publisher::of(&stand);
    let url = format!("http://{}/crm?key=k3y", hosts[0]);
    let own = publisher.add("json", &url, &["conversion", "share"]);
    let (status, tried) = publisher.call("POST", &format!("/hooks/{own}/test"), &json!({}));
    assert_eq!((status, &tried["problem"]), (200, &Value::Null));
    let test: Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!(test["event"], "test");

    buy(&stand, &bearer, "order-1");
    let called = receiver.next();
    assert_eq!(called.path, "/crm?key=k3y");
    let seconds = called.header("x-passerby-timestamp");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{seconds}.{}", called.body).as_bytes());
    let signature = format!("sha256={}", hex(&mac.finalize().into_bytes()));
    assert_eq!(called.header("x-passerby-signature"), signature);
    let told: Value = serde_json::from_str(&called.body).unwrap();
    for (name, value) in [
        ("event", "conversion"),
        ("campaign", "jazz"),
        ("id", "order-1"),
        ("kind", "purchase"),
        ("value", "59.00"),
        ("currency", "CNY"),
        ("proof", "key"),
        ("hook", "json"),
    ] {
        assert_eq!(told[name], value, "{told}");
    }

    let terminal = stand.terminal("exit B");
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    let link = location(&stand.visit(1, &terminal.scan_path(assignment, 5)));
    assert_eq!(stand.visit(1, &link).status(), 200);
    location(&stand.visit(2, &link));
    let told: Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!(
        (&told["event"], &told["generation"], &told["screen"]),
        (
            &json!("share"),
            &json!(1),
            &json!(terminal.credentials.screen)
        )
    );
    assert!(!told.to_string().contains("visitor"));
    publisher.wait_for(own, |facts| facts["hook"]["sent"] == 2);

    // Each robot in its own form; what it says against a message is told, and it is tried again.
    robot.say("200 OK", "{\"errcode\": 45009, \"errmsg\": \"too fast\"}");
    let group = publisher.add(
        "wecom",
        &format!("http://{}/send", hosts[1]),
        &["conversion"],
    );
    buy(&stand, &bearer, "order-2");
    let told: Value = serde_json::from_str(&robot.next().body).unwrap();
    let text = told["text"]["content"].as_str().unwrap();
    assert!(
        text.contains("purchase CNY 59.00") && text.contains("order-2"),
        "{text}"
    );
    publisher.wait_for(group, |facts| facts["hook"]["failures"].as_i64() >= Some(1));
    robot.say("200 OK", "{\"errcode\": 0}");
    let facts = publisher.wait_for(group, |facts| facts["hook"]["sent"] == 1);
    assert_eq!(facts["hook"]["problem"], Value::Null);

    let mut visitor = Visitor::signed_in(&stand, "Bo", Role::Owner, &Scope::ALL);
    let page = visitor
        .get(&format!("/console/hooks/{own}"))
        .text()
        .unwrap();
    assert!(page.contains("127.0.0.1") && !page.contains("k3y") && !page.contains(SECRET));
    let (status, _) = publisher.call("DELETE", &format!("/hooks/{own}"), &Value::Null);
    assert_eq!(status, 200);
}

#[test]
fn many_hooks_to_one_server_that_never_answers_hold_up_nobody() {
    let receiver = HookReceiver::start();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_host = silent.local_addr().unwrap().to_string();
    let host = receiver.address.to_string();
    let (stand, bearer) = on_air(&[&host, &silent_host]);
    let publisher = Publisher::of(&stand);
    let mut last = 0;
    for _ in 0..150 {
        let url = format!("http://{silent_host}/");
        last = publisher.add("json", &url, &["conversion"]);
    }
    publisher.add("json", &format!("http://{host}/"), &["conversion"]);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in silent.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            open.push(stream);
        }
    });
    buy(&stand, &bearer, "order-1");
    let told: Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!(told["id"], "order-1");
    let facts = publisher.wait_for(last, |facts| facts["hook"]["failures"].as_i64() >= Some(1));
    assert_eq!(facts["hook"]["waiting"], 1, "{facts}");
    let asked = asked.load(Ordering::SeqCst);
    assert!(asked < 50, "{asked} of 150 hooks waited for it");
}

#[test]
fn a_dead_address_and_one_near_the_hub_slow_nobody_and_what_waits_outlives_the_process() {
    let receiver = HookReceiver::start();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead_host = dead.local_addr().unwrap().to_string();
    drop(dead);
    let host = receiver.address.to_string();
    let (mut stand, bearer) = on_air(&[&host, &dead_host]);
    let near = "http://127.0.0.1:9/k3y-of-a-robot";
    let (nobody, inside, well) = {
        let publisher = Publisher::of(&stand);
        (
            publisher.add("json", &format!("http://{dead_host}/"), &["conversion"]),
            publisher.add("json", near, &["conversion"]),
            publisher.add("json", &format!("http://{host}/"), &["conversion"]),
        )
    };
    for number in 0..1_000 {
        buy(&stand, &bearer, &format!("order-{number}"));
    }
    for number in 0..1_000 {
        let told: Value = serde_json::from_str(&receiver.next().body).unwrap();
        assert_eq!(told["id"], format!("order-{number}"), "in order, each once");
    }
    let publisher = Publisher::of(&stand);
    for hook in [nobody, inside] {
        let facts = publisher.wait_for(hook, |facts| facts["hook"]["failures"].as_i64() >= Some(1));
        assert_eq!(facts["hook"]["waiting"], 1_000, "{facts}");
        let problem = facts["hook"]["problem"].as_str().unwrap();
        assert!(!problem.is_empty() && !problem.contains("k3y"), "{problem}");
    }
    publisher.wait_for(well, |facts| facts["hook"]["sent"] == 1_000);
    stand.kill_and_restart();
    buy(&stand, &bearer, "order-last");
    let told: Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!(told["id"], "order-last");
    let publisher = Publisher {
        stand: &stand,
        token: token(&stand, "Cy", Role::Publisher, &Right::ALL),
    };
    let facts = publisher.wait_for(nobody, |_| true);
    assert_eq!(facts["hook"]["waiting"], 1_001);
}
