//! The keeper's thread: takes what is due, one page after the other.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::Receiver;
use passerby_protocol::web_page::WebPage;

use crate::creative::web_page::browser;
use crate::creative::web_page::browser::Browser;
use crate::creative::web_page::capture;
use crate::creative::web_page::capture::{Shot, Task};
use crate::creative::web_page::destination::Destinations;
use crate::creative::web_page::devtools::{RunError, StopSignal};
use crate::creative::web_page::keeper::shared::Shared;
use crate::creative::web_page::picture_store::PageKey;
use crate::creative::web_page::schedule;
use crate::creative::web_page::schedule::Next;
use crate::creative::web_page::trial;

/// Longest sleep; guards against clocks that do not pass as the machine's does.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Works until the keeper closes.
pub(super) fn work(shared: &Shared, wakes: &Receiver<()>) {
    browser::sweep();
    while !shared.closing.load(Ordering::SeqCst) {
        let on_screen = shared.page_on_screen();
        let now_ms = shared.now_ms();
        let task = {
            let mut state = shared.state();
            match schedule::next(&state.entries, on_screen, now_ms) {
                Next::Take { index, insists } => {
                    let entry = &mut state.entries[index];
                    entry.start(now_ms);
                    Ok((entry.key.clone(), entry.page.clone(), entry.is_own, insists))
                }
                Next::Wait(wait_ms) => Err(wait_ms),
            }
        };
        match task {
            Ok((key, page, is_own, insists)) => {
                let destinations = trial::destinations(&shared.config.rules, &page, is_own);
                let outcome = run(shared, wakes, &key, &page, destinations, insists);
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
    destinations: Destinations,
    insists: bool,
) -> Result<Shot, RunError> {
    let config = &shared.config;
    let browser = Browser::chosen_or_found(config.browser.clone(), &config.rules)
        .map_err(RunError::Failed)?;
    let asked = || shared.closing.load(Ordering::SeqCst) || (!insists && shared.page_on_screen());
    let call_off = StopSignal {
        wake: wakes,
        asked: &asked,
    };
    let task = Task {
        page,
        width_px: key.width_px,
        height_px: key.height_px,
        time_zone: config.time_zone.iana_name(),
        destinations,
        load_max: config.load_max,
        run_max: config.run_max,
    };
    capture::take(&browser, &task, &call_off)
}
