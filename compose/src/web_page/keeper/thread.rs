//! The keeper's thread: takes what is due, one page after the other.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::Receiver;
use passerby_protocol::web_page::WebPage;

use super::shared::Shared;
use crate::web_page::browser::{self, Browser};
use crate::web_page::capture::{self, Shot, Task};
use crate::web_page::devtools::{CallOff, RunError};
use crate::web_page::schedule::{self, Next};
use crate::web_page::shelf::PageKey;

/// Longest sleep; guards against clocks that do not pass as the machine's does.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Works until the keeper closes.
pub(super) fn work(shared: &Shared, wakes: &Receiver<()>) {
    browser::sweep();
    while !shared.closing.load(Ordering::SeqCst) {
        let on_screen = shared.page_on_screen();
        let now_ms = shared.now_ms();
        let task = {
            let state = shared.state();
            match schedule::next(&state.entries, on_screen, now_ms) {
                Next::Take { index, insists } => {
                    let entry = &state.entries[index];
                    Ok((entry.key.clone(), entry.page.clone(), insists))
                }
                Next::Wait(wait_ms) => Err(wait_ms),
            }
        };
        match task {
            Ok((key, page, insists)) => {
                let outcome = run(shared, wakes, &key, &page, insists);
                shared.settle(&key, outcome);
            }
            Err(wait_ms) => {
                let wait = wait_ms.map_or(SLEEP_MAX, Duration::from_millis);
                // Woken or not, the next look tells what to do.
                let _ = wakes.recv_timeout(wait.min(SLEEP_MAX));
            }
        }
    }
}

fn run(
    shared: &Shared,
    wakes: &Receiver<()>,
    key: &PageKey,
    page: &WebPage,
    insists: bool,
) -> Result<Shot, RunError> {
    let config = &shared.config;
    let chosen = config.browser.clone().map(|program| Browser { program });
    let browser = chosen.or_else(Browser::find).ok_or_else(|| {
        RunError::failed(
            "Chromium is not installed; install it with: sudo apt-get install chromium",
        )
    })?;
    if !browser.is_there() {
        return Err(RunError::Failed(format!(
            "there is no Chromium at {}; install it with: sudo apt-get install chromium, and correct PASSERBY_CHROMIUM",
            browser.program.display()
        )));
    }
    let asked = || shared.closing.load(Ordering::SeqCst) || (!insists && shared.page_on_screen());
    let call_off = CallOff {
        wake: wakes,
        asked: &asked,
    };
    let task = Task {
        page,
        width_px: key.width_px,
        height_px: key.height_px,
        time_zone: config.time_zone.iana_name(),
        load_max: config.load_max,
    };
    capture::take(&browser, &task, &call_off)
}
