//! Speaks the Chrome DevTools Protocol with one browser, and watches what becomes of its one page.
//!
//! Invariants: no wait is longer than the deadline, and each ends at once when the run is called
//! off; what the browser says is read in order, and what the page says of itself is never trusted.

use std::io::Write;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, never, select};
use serde_json::{Value, json};

use crate::creative::web_page::browser::Running;

/// Why a run ended without a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RunError {
    /// It was called off.
    CalledOff,
    /// It took too long.
    TooLong,
    /// The system does not let the browser build its sandbox; says what the browser said.
    NoSandbox(String),
    /// It failed, for a reason that fits after "the page cannot be shown: ".
    Failed(String),
}

impl RunError {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(reason.into())
    }
}

/// Tells whether a run should end; looked at whenever `wake` says so.
pub(super) struct StopSignal<'a> {
    pub(super) wake: &'a Receiver<()>,
    pub(super) asked: &'a dyn Fn() -> bool,
}

/// What became of the page's main frame, as the browser tells it.
#[derive(Debug, Default)]
pub(super) struct PageWatch {
    main_frame: String,
    /// What was asked for last, as a whole document.
    asked: String,
    /// The answer to the last request for a whole document: loader and HTTP status.
    answer: Option<(String, u64)>,
    /// The document that is shown.
    shown: Option<Document>,
    crashed: bool,
    dialog: bool,
}

#[derive(Debug)]
struct Document {
    loader: String,
    url: String,
    is_error_page: bool,
    readable: bool,
    loaded: Option<Instant>,
}

impl PageWatch {
    fn note(&mut self, method: &str, params: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match method {
            "Network.requestWillBeSent"
                if params["type"] == "Document" && params["frameId"] == *self.main_frame =>
            {
                self.asked = text(&params["request"]["url"]);
            }
            "Network.responseReceived"
                if params["type"] == "Document" && params["frameId"] == *self.main_frame =>
            {
                let status = params["response"]["status"].as_u64().unwrap_or_default();
                self.answer = Some((text(&params["loaderId"]), status));
            }
            "Page.frameNavigated" if params["frame"]["id"] == *self.main_frame => {
                let frame = &params["frame"];
                self.shown = Some(Document {
                    loader: text(&frame["loaderId"]),
                    url: text(&frame["url"]) + &text(&frame["urlFragment"]),
                    is_error_page: frame["unreachableUrl"].is_string(),
                    readable: false,
                    loaded: None,
                });
            }
            // A script has put another address above the same document.
            "Page.navigatedWithinDocument" if params["frameId"] == *self.main_frame => {
                if let Some(shown) = &mut self.shown {
                    shown.url = text(&params["url"]);
                }
            }
            "Page.domContentEventFired" => {
                if let Some(shown) = &mut self.shown {
                    shown.readable = true;
                }
            }
            "Page.loadEventFired" => {
                if let Some(shown) = &mut self.shown {
                    shown.loaded = Some(Instant::now());
                }
            }
            "Inspector.targetCrashed" | "Target.targetCrashed" => self.crashed = true,
            "Page.javascriptDialogOpening" => self.dialog = true,
            _ => {}
        }
    }

    /// When the document that is shown had loaded whole.
    pub(super) fn loaded(&self) -> Option<Instant> {
        self.shown.as_ref()?.loaded
    }

    /// Whether the document that is shown can be read, if perhaps not everything on it is there.
    pub(super) fn readable(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.readable)
    }

    /// The address of what is shown, with what stands behind its `#`.
    pub(super) fn address(&self) -> Option<&str> {
        self.shown.as_ref().map(|shown| shown.url.as_str())
    }

    /// The address that was asked for last, also when nothing came of it.
    pub(super) fn asked(&self) -> &str {
        &self.asked
    }

    /// Whether the browser shows a page of its own about a page that it could not load.
    pub(super) fn is_error_page(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.is_error_page)
    }

    /// The main frame's id.
    pub(super) fn main_frame(&self) -> &str {
        &self.main_frame
    }

    /// The HTTP status with which the server last refused, whatever came of it.
    pub(super) fn refused(&self) -> Option<u64> {
        let (_, status) = self.answer.as_ref()?;
        (*status >= 400).then_some(*status)
    }

    /// What is wrong with what is shown.
    pub(super) fn trouble(&self) -> Option<String> {
        if self.crashed {
            return Some("it broke the browser".to_owned());
        }
        let shown = self.shown.as_ref()?;
        if let Some((loader, status)) = &self.answer
            && *loader == shown.loader
            && *status >= 400
        {
            return Some(format!("the server answered {status}"));
        }
        if shown.is_error_page {
            return Some("it leads to a page that cannot be loaded".to_owned());
        }
        let url = shown.url.to_ascii_lowercase();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            let scheme = url.split(':').next().unwrap_or_default();
            return Some(format!(
                "it leads to a {scheme}: link; only http and https are shown"
            ));
        }
        None
    }
}

/// A conversation with one browser about one page.
pub(super) struct PageSession<'a> {
    running: &'a mut Running,
    call_off: &'a StopSignal<'a>,
    deadline: Instant,
    session: Option<String>,
    calls: u64,
    pub(super) watch: PageWatch,
}

impl<'a> PageSession<'a> {
    /// Opens an empty page, watched from its beginning.
    pub(super) fn open(
        running: &'a mut Running,
        call_off: &'a StopSignal<'a>,
        deadline: Instant,
    ) -> Result<Self, RunError> {
        let mut talk = Self {
            running,
            call_off,
            deadline,
            session: None,
            calls: 0,
            watch: PageWatch::default(),
        };
        talk.call(
            "Browser.setDownloadBehavior",
            &json!({ "behavior": "deny" }),
        )?;
        let target = talk.call("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = talk.call("Target.attachToTarget", &attach)?;
        talk.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Inspector.enable", "Page.enable"] {
            talk.call(domain, &json!({}))?;
        }
        let small = json!({ "maxTotalBufferSize": 0, "maxResourceBufferSize": 0 });
        talk.call("Network.enable", &small)?;
        let tree = talk.call("Page.getFrameTree", &json!({}))?;
        talk.watch.main_frame = tree["frameTree"]["frame"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        // The empty page is not what is waited for.
        talk.watch.shown = None;
        Ok(talk)
    }

    /// Calls a method and waits for its answer.
    pub(super) fn call(&mut self, method: &str, params: &Value) -> Result<Value, RunError> {
        self.call_until(method, params, self.deadline)
    }

    /// Calls a method and waits for its answer until then.
    pub(super) fn call_until(
        &mut self,
        method: &str,
        params: &Value,
        until: Instant,
    ) -> Result<Value, RunError> {
        let id = self.send(method, params)?;
        loop {
            let Some(message) = self.message(until.min(self.deadline))? else {
                return Err(RunError::TooLong);
            };
            if message["id"] == id {
                if let Some(error) = message.get("error") {
                    let said = error["message"].as_str().unwrap_or("no reason");
                    return Err(RunError::failed(format!(
                        "the browser refused {method}: {said}"
                    )));
                }
                return Ok(message["result"].clone());
            }
        }
    }

    /// Waits until `done`, at most until `until`; tells whether it came to that.
    pub(super) fn wait(
        &mut self,
        until: Instant,
        done: impl Fn(&PageWatch) -> bool,
    ) -> Result<bool, RunError> {
        let until = until.min(self.deadline);
        loop {
            if done(&self.watch) {
                return Ok(true);
            }
            if self.message(until)?.is_none() {
                return Ok(false);
            }
        }
    }

    /// Waits for a time, while the page goes on.
    pub(super) fn rest(&mut self, time: Duration) -> Result<(), RunError> {
        self.wait(Instant::now() + time, |_| false).map(|_| ())
    }

    fn send(&mut self, method: &str, params: &Value) -> Result<u64, RunError> {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session
            && !method.starts_with("Browser.")
            && !method.starts_with("Target.")
        {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        // All that is sent in a run is less than a pipe holds, so this never waits for the browser.
        let written = self
            .running
            .pipe
            .as_mut()
            .map(|pipe| pipe.write_all(&bytes));
        match written {
            Some(Ok(())) => Ok(self.calls),
            _ => Err(self.ended()),
        }
    }

    /// Reads one message; none when there was none until then.
    fn message(&mut self, until: Instant) -> Result<Option<Value>, RunError> {
        let mut wake = self.call_off.wake.clone();
        loop {
            if (self.call_off.asked)() {
                return Err(RunError::CalledOff);
            }
            let left = until.saturating_duration_since(Instant::now());
            let bytes = select! {
                recv(self.running.messages) -> bytes => bytes.map_err(|_| self.ended())?,
                recv(wake) -> woken => {
                    if woken.is_err() {
                        wake = never();
                    }
                    continue;
                }
                default(left) => return Ok(None),
            };
            if Instant::now() >= self.deadline {
                return Err(RunError::TooLong);
            }
            let message: Value = serde_json::from_slice(&bytes)
                .map_err(|_| RunError::failed("the browser said what is no JSON"))?;
            if let Some(method) = message["method"].as_str() {
                self.watch.note(method, &message["params"]);
                if std::mem::take(&mut self.watch.dialog) {
                    // A message box would stop the page until somebody presses a button.
                    self.send("Page.handleJavaScriptDialog", &json!({ "accept": false }))?;
                }
            }
            return Ok(Some(message));
        }
    }

    fn ended(&self) -> RunError {
        if self.running.lacks_sandbox() {
            return RunError::NoSandbox(self.running.complaint().unwrap_or_default());
        }
        RunError::failed(match self.running.complaint() {
            Some(line) => format!("the browser ended: {line}"),
            None => "the browser ended before the picture was taken".to_owned(),
        })
    }
}
