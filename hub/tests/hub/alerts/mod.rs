//! Alerts by the real program: mail to a real server of loopback, web hooks to a real listener.

mod hooks;
mod mail;
pub(crate) mod receiver;

use std::time::{Duration, Instant};

use passerby_hub::people::{Right, Role};
use serde_json::{Value, json};

use crate::console::token;
use crate::stand::{Stand, Terminal};

/// Whatever a test waits for has come by then, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// An owner's program.
struct Owner<'s> {
    stand: &'s Stand,
    token: String,
}

impl<'s> Owner<'s> {
    fn of(stand: &'s Stand) -> Self {
        let token = token(stand, "Ada", Role::Owner, &Right::ALL);
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

    /// Adds a rule that tells at once when a disk is full; returns its number.
    fn rule(&self, more: &Value) -> i64 {
        let mut rule = json!({ "name": "North", "kinds": ["full"], "gather_s": 0 });
        for (name, value) in more.as_object().unwrap() {
            rule[name] = value.clone();
        }
        let (status, answer) = self.call("POST", "/alerts", &rule);
        assert_eq!(status, 201, "{answer}");
        answer["alert"].as_i64().unwrap()
    }

    /// Waits until what a rule told last is as it should be.
    fn wait_for(&self, rule: i64, is_right: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let (_, facts) = self.call("GET", &format!("/alerts/{rule}"), &Value::Null);
            let message = &facts["messages"][0];
            if is_right(message) {
                return message.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{facts}\n{}", self.stand.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Has a screen say how it is.
fn say(stand: &Stand, terminal: &Terminal, free_mib: u64) {
    let heartbeat = json!({ "software": "0.1.0", "manifest_version": 0, "clock_trusted": true,
        "plays_waiting": 0, "screen_px": [1920, 1080], "disk_free_bytes": free_mib << 20 });
    let path = format!("/v1/terminals/{}/heartbeat", terminal.credentials.screen);
    let said = stand
        .client
        .post(stand.address(&path))
        .bearer_auth(&terminal.credentials.bearer);
    let said = said.body(heartbeat.to_string()).send().unwrap();
    assert_eq!(said.status(), 200);
}
