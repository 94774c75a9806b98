//! Whether the words that a page should show stand on it.
//!
//! Invariants: only text counts that is laid out and not hidden, also in shadow trees and in frames
//! of the same site; spaces, letter case and compatible forms (NFKC) make no difference; the page's
//! own scripts see and change nothing of the look.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::creative::web_page::devtools::{PageSession, RunError};

/// How often a page that lacks the words is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How long they are waited for on a page that has loaded and settled.
const WORDS_MAX: Duration = Duration::from_secs(15);

/// Collects what can be read and tells whether `wanted` is in it.
const SCRIPT: &str = "((wanted) => {
    const plain = (text) => text.normalize('NFKC').replace(/\\s+/gu, ' ').trim().toLowerCase();
    const shown = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const found = [];
    const read = (root, tops) => {
        for (const top of tops)
            if (top instanceof top.ownerDocument.defaultView.HTMLElement && shown(top)) found.push(top.innerText);
        for (const element of root.querySelectorAll('*')) {
            if (element.shadowRoot) read(element.shadowRoot, element.shadowRoot.children);
            if (element.localName === 'svg' && shown(element)) found.push(element.textContent);
            if (element.localName !== 'iframe' && element.localName !== 'frame' || !shown(element)) continue;
            const inner = element.contentDocument;
            if (inner && inner.body) read(inner, [inner.body]);
        }
    };
    if (document.body) read(document, [document.body]);
    else found.push(document.documentElement.textContent);
    return plain(found.join('\\n')).includes(plain(wanted));
})";

/// Waits until the words stand on the page, at most until `until` and for [`WORDS_MAX`]; tells
/// whether they do, and whether that took a wait.
pub(super) fn wait_for(
    talk: &mut PageSession<'_>,
    words: &str,
    until: Instant,
) -> Result<Option<Waited>, RunError> {
    let mut waited = Waited(false);
    let until = until.min(Instant::now() + WORDS_MAX);
    loop {
        if is_there(talk, words)? {
            return Ok(Some(waited));
        }
        if Instant::now() >= until || talk.watch.trouble().is_some() {
            return Ok(None);
        }
        talk.rest(LOOK_AGAIN)?;
        waited = Waited(true);
    }
}

/// Whether the words were not there at once.
pub(super) struct Waited(pub(super) bool);

fn is_there(talk: &mut PageSession<'_>, words: &str) -> Result<bool, RunError> {
    let world = json!({ "frameId": talk.watch.main_frame(), "worldName": "passerby" });
    let looked = talk
        .call("Page.createIsolatedWorld", &world)
        .and_then(|world| {
            let expression = format!("{SCRIPT}({})", Value::from(words));
            let context = &world["executionContextId"];
            let look =
                json!({ "expression": expression, "contextId": context, "returnByValue": true });
            talk.call("Runtime.evaluate", &look)
        });
    match looked {
        // It went elsewhere in the middle of the look.
        Err(RunError::Failed(_)) => Ok(false),
        looked => Ok(looked?["result"]["value"] == true),
    }
}
