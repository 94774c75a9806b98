//! A real Chromium, driven over its DevTools pipe, for tests of pages.
//!
//! Invariants: it waits for what the browser says, with one deadline against a browser that hangs;
//! it loads nothing but what its pages ask for; it ends with the test.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::programs::required_program;

/// Longest time until the browser answers, on a slow and busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Where `scripts/prepare` puts axe-core, below the home folder.
const AXE: &str = ".cache/passerby-axe/axe-core-4.14.1/axe.min.js";

/// How somebody looks at pages.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Width of the window, in CSS pixels.
    pub width_px: u32,
    /// Whether dark pages are preferred.
    pub is_dark: bool,
    /// What the browser asks for, such as `zh-CN`.
    pub language: &'static str,
}

/// One browser with one page.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    to: File,
    messages: Receiver<Value>,
    session: Option<String>,
    next: u64,
    loads: u64,
    _folder: TempDir,
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    /// There is no Chromium, or it does not start.
    pub fn start(look: Look) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (to, from) = (folder.path().join("to"), folder.path().join("from"));
        for pipe in [&to, &from] {
            let made = Command::new("mkfifo").arg(pipe).status().expect("mkfifo");
            assert!(made.success());
        }
        let child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<\"$TO\" 4>\"$FROM\""])
            .arg(required_program("chromium"))
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
            ])
            .args([
                "--disable-background-networking",
                "--no-first-run",
                "--disable-extensions",
            ])
            .arg(format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ))
            .args(["--remote-debugging-pipe", "about:blank"])
            .envs([("TO", &to), ("FROM", &from)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium starts");
        let to = OpenOptions::new().write(true).open(&to).expect("a pipe");
        let from = File::open(&from).expect("a pipe");
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(from).split(0) {
                let Ok(message) = message else { return };
                let message = serde_json::from_slice(&message).expect("JSON");
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            to,
            messages,
            session: None,
            next: 0,
            loads: 0,
            _folder: folder,
        };
        let targets = browser.call("Target.getTargets", &json!({}));
        let page = targets["targetInfos"].as_array().expect("targets").iter();
        let page = page
            .clone()
            .find(|target| target["type"] == "page")
            .expect("a page");
        let attached = browser.call(
            "Target.attachToTarget",
            &json!({ "targetId": page["targetId"], "flatten": true }),
        );
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser.look(look);
        browser
    }

    /// Looks at pages in another way.
    pub fn look(&mut self, look: Look) {
        self.call(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": look.width_px, "height": 844, "deviceScaleFactor": 1, "mobile": false }),
        );
        let scheme = if look.is_dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
        );
        self.call(
            "Network.setExtraHTTPHeaders",
            &json!({ "headers": { "Accept-Language": look.language } }),
        );
    }

    /// Says by which name it asks for pages from now on: as it is, it says that nobody sees them.
    pub fn call_itself(&mut self, agent: &str) {
        let params = json!({ "userAgent": agent });
        self.call("Emulation.setUserAgentOverride", &params);
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        self.to.write_all(&text).expect("the browser listens");
        loop {
            let message = self.message();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
        }
    }

    /// Takes the next message; events of interest are counted.
    fn message(&mut self) -> Value {
        let message = self
            .messages
            .recv_timeout(PATIENCE)
            .expect("the browser answers");
        if message["method"] == "Page.loadEventFired" {
            self.loads += 1;
        }
        message
    }

    /// Waits until more pages have been loaded than so many.
    fn wait_for_load(&mut self, before: u64) {
        while self.loads <= before {
            self.message();
        }
    }

    /// Opens an address and waits until its page is there.
    pub fn open(&mut self, address: &str) {
        let before = self.loads;
        let opened = self.call("Page.navigate", &json!({ "url": address }));
        assert!(
            opened["errorText"].is_null(),
            "{address}: {}",
            opened["errorText"]
        );
        self.wait_for_load(before);
    }

    /// Runs JavaScript, as a test and not as the page would, and returns its value.
    ///
    /// # Panics
    /// It throws.
    pub fn evaluate(&mut self, script: &str) -> Value {
        let result = self.call(
            "Runtime.evaluate",
            &json!({ "expression": script, "returnByValue": true, "awaitPromise": true }),
        );
        assert!(
            result["exceptionDetails"].is_null(),
            "{script}: {}",
            result["exceptionDetails"]
        );
        result["result"]["value"].clone()
    }

    /// Returns the text of the page.
    pub fn text(&mut self) -> String {
        let text = self.evaluate("document.body.innerText");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Types a text into the field of this name.
    pub fn fill(&mut self, name: &str, text: &str) {
        let script = format!("document.querySelector('[name=\"{name}\"]').focus()");
        self.evaluate(&script);
        self.evaluate("document.activeElement.select && document.activeElement.select()");
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Chooses files in the field of this name, as a person does in the system's dialogue.
    pub fn choose(&mut self, name: &str, files: &[&Path]) {
        let document = self.call("DOM.getDocument", &json!({ "depth": 0 }));
        let selector = format!("[name=\"{name}\"]");
        let found = self.call(
            "DOM.querySelector",
            &json!({ "nodeId": document["root"]["nodeId"], "selector": selector }),
        );
        self.call(
            "DOM.setFileInputFiles",
            &json!({ "nodeId": found["nodeId"], "files": files }),
        );
    }

    /// Presses what a selector finds, which leads to another page, and waits for it.
    pub fn press(&mut self, selector: &str) {
        let before = self.loads;
        let script = format!(
            "(() => {{ const found = document.querySelector({}); found.scrollIntoView({{block: 'center'}}); const box = found.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
            json!(selector)
        );
        let at = self.evaluate(&script);
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                &json!({ "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1 }),
            );
        }
        self.wait_for_load(before);
    }

    /// Presses the tabulator key, or a step back with it, as somebody without a pointer does.
    pub fn tab(&mut self, is_back: bool) {
        let modifiers = if is_back { 8 } else { 0 };
        for kind in ["keyDown", "keyUp"] {
            self.call(
                "Input.dispatchKeyEvent",
                &json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9,
                    "modifiers": modifiers }),
            );
        }
    }

    /// Presses the enter key, which leads to another page, and waits for it.
    pub fn enter(&mut self) {
        let before = self.loads;
        self.call(
            "Input.dispatchKeyEvent",
            &json!({ "type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13,
                "text": "\r" }),
        );
        self.call(
            "Input.dispatchKeyEvent",
            &json!({ "type": "keyUp", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13 }),
        );
        self.wait_for_load(before);
    }

    /// Returns how many pixels the page is wider than its window.
    pub fn overflow_px(&mut self) -> i64 {
        let wider = self.evaluate("document.documentElement.scrollWidth - window.innerWidth");
        wider.as_i64().expect("a number")
    }

    /// Returns what axe-core finds that is serious or worse, one text each.
    ///
    /// # Panics
    /// axe-core is not where `scripts/prepare` puts it.
    pub fn hindrances(&mut self) -> Vec<String> {
        let home = PathBuf::from(std::env::var_os("HOME").expect("HOME"));
        let axe = home.join(AXE);
        let axe = std::fs::read_to_string(&axe).unwrap_or_else(|error| {
            panic!("{}: {error}; scripts/prepare fetches it", axe.display())
        });
        self.evaluate(&format!("{axe}; 0"));
        let found = self.evaluate(
            "axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations
                .filter(one => ['serious', 'critical'].includes(one.impact))
                .map(one => one.id + ': ' + one.nodes.map(node => node.html + ' ' + node.failureSummary).join(' | ')))",
        );
        let found = found.as_array().expect("a list").iter();
        found
            .map(|one| one.as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Takes a picture of the whole page.
    pub fn picture(&mut self, file: &Path) {
        let taken = self.call(
            "Page.captureScreenshot",
            &json!({ "captureBeyondViewport": true, "format": "png" }),
        );
        let text = taken["data"].as_str().expect("a picture");
        std::fs::write(file, from_base64(text)).expect("a file");
    }

    /// Takes a picture of the page down to so many pixels, as WebP of at most so many bytes: as
    /// well kept as fits.
    ///
    /// # Panics
    /// Nothing fits.
    pub fn small_picture(&mut self, file: &Path, height_px_max: u32, bytes_max: usize) {
        let size = self.evaluate(
            "[document.documentElement.clientWidth, document.documentElement.scrollHeight]",
        );
        let height_px = size[1]
            .as_u64()
            .expect("a number")
            .min(height_px_max.into());
        for quality in [75, 60, 45, 30, 15] {
            let taken = self.call(
                "Page.captureScreenshot",
                &json!({ "captureBeyondViewport": true, "format": "webp", "quality": quality,
                    "clip": { "x": 0, "y": 0, "width": size[0], "height": height_px, "scale": 1 } }),
            );
            let bytes = from_base64(taken["data"].as_str().expect("a picture"));
            if bytes.len() <= bytes_max {
                return std::fs::write(file, bytes).expect("a file");
            }
        }
        panic!("{} does not fit into {bytes_max} bytes", file.display());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Reads base64 (RFC 4648, 4), as browsers write it.
fn from_base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        bits = bits << 6 | u32::from(value(byte));
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        assert_eq!(from_base64("TWFu"), b"Man");
        assert_eq!(from_base64("TWE="), b"Ma");
        assert_eq!(from_base64("//79"), [0xff, 0xfe, 0xfd]);
    }
}
