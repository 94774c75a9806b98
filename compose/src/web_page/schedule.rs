//! When which page is taken next: a pure function of what is known, without a clock, a file or a process.
//!
//! Invariants: pages that nobody asked for in [`ASKED_MAX_MS`] are left alone; failures are tried again later and
//! later, [`RETRY_MAX_MS`] at most; with pages on screen only what has waited its time for a gap is taken.

use std::time::Duration;

use passerby_playout::show::EXPECT_MS;
use passerby_protocol::web_page::WebPage;

use super::shelf::PageKey;

/// Most pages that are known, each in one size. Those that were asked for longest ago are forgotten.
pub const PAGES_MAX: usize = super::shelf::FILES_MAX;
/// Longest time that a page waits for a gap between pages on screen.
pub const GAP_WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// The same for a page that has no picture at all.
const FIRST_GAP_WAIT_MS: u64 = 60_000;
/// How long a page is kept fresh after somebody asked for it. The player says every [`EXPECT_MS`] what may be shown, so
/// what it no longer names is soon left alone.
const ASKED_MAX_MS: u64 = 2 * EXPECT_MS;
/// The wait after the first failure. It doubles with each further one.
const RETRY_MIN_MS: u64 = 30_000;
/// The longest wait after failures.
const RETRY_MAX_MS: u64 = 15 * 60_000;
/// The wait after a run was called off, so that short gaps do not start browser after browser.
const CALLED_OFF_MS: u64 = 5_000;

/// One page in one size.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: PageKey,
    /// What people call its file.
    pub(super) name: String,
    pub(super) page: WebPage,
    pub(super) kept: Option<Kept>,
    /// What went wrong last, until something goes well.
    pub(super) trouble: Option<String>,
    /// When somebody last asked for it. All times are CLOCK_BOOTTIME.
    asked_ms: u64,
    /// From when it should be taken; the wait for a gap counts from here.
    due_ms: u64,
    /// Not before, after a run that was called off.
    pause_until_ms: u64,
    failures: u32,
}

/// The picture that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) revision: u64,
    /// Unix time, if it is known.
    pub(super) taken_ms: Option<i64>,
    /// Why it is not a good one.
    pub(super) doubt: Option<String>,
}

impl Entry {
    /// A page that somebody asks for the first time. `age_ms` is how old its picture is, if both are known.
    pub(super) fn new(
        key: PageKey,
        name: String,
        page: WebPage,
        kept: Option<Kept>,
        age_ms: Option<u64>,
        now_ms: u64,
    ) -> Self {
        let left_ms = match (&kept, age_ms) {
            (Some(_), Some(age_ms)) => every_ms(&page).saturating_sub(age_ms),
            _ => 0,
        };
        Self {
            key,
            name,
            page,
            kept,
            trouble: None,
            asked_ms: now_ms,
            due_ms: now_ms + left_ms,
            pause_until_ms: 0,
            failures: 0,
        }
    }

    pub(super) fn ask(&mut self, now_ms: u64) {
        self.asked_ms = now_ms;
    }

    /// A good picture was taken.
    pub(super) fn succeed(&mut self, now_ms: u64) {
        self.failures = 0;
        self.trouble = None;
        self.due_ms = now_ms + every_ms(&self.page);
    }

    /// No good picture could be taken.
    pub(super) fn fail(&mut self, reason: String, now_ms: u64) {
        let wait_ms = RETRY_MIN_MS << self.failures.min(10);
        self.failures += 1;
        self.trouble = Some(reason);
        self.due_ms = now_ms + wait_ms.min(RETRY_MAX_MS);
    }

    /// A page came on screen in the middle of it. The wait for a gap goes on.
    pub(super) fn call_off(&mut self, now_ms: u64) {
        self.pause_until_ms = now_ms + CALLED_OFF_MS;
    }

    /// The picture turned out to be damaged.
    pub(super) fn lose(&mut self, now_ms: u64) {
        self.kept = None;
        self.due_ms = self.due_ms.min(now_ms);
    }

    /// From when on it no longer waits for a gap.
    fn insists_ms(&self) -> u64 {
        let wait_ms = if self.kept.is_some() {
            every_ms(&self.page).min(GAP_WAIT_MAX.as_millis().try_into().unwrap_or(u64::MAX))
        } else {
            FIRST_GAP_WAIT_MS
        };
        self.due_ms + wait_ms
    }

    fn starts_ms(&self, on_screen: bool) -> u64 {
        let from_ms = if on_screen {
            self.insists_ms()
        } else {
            self.due_ms
        };
        from_ms.max(self.pause_until_ms)
    }
}

fn every_ms(page: &WebPage) -> u64 {
    u64::from(page.every_minutes) * 60_000
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Take this one.
    Take {
        /// Where it stands in the list.
        index: usize,
        /// Whether it goes on when a page comes on screen.
        insists: bool,
    },
    /// Wait so long, or until something changes.
    Wait(Option<u64>),
}

/// Says what to do at `now_ms`, with or without pages on screen.
pub(super) fn next(entries: &[Entry], on_screen: bool, now_ms: u64) -> Next {
    let asked = entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| now_ms.saturating_sub(entry.asked_ms) <= ASKED_MAX_MS);
    // Pages without a picture go first, then those that have waited longest.
    let first = asked
        .clone()
        .filter(|(_, entry)| entry.starts_ms(on_screen) <= now_ms)
        .min_by_key(|(_, entry)| (entry.kept.is_some(), entry.due_ms));
    match first {
        Some((index, entry)) => Next::Take {
            index,
            insists: entry.insists_ms() <= now_ms,
        },
        None => Next::Wait(
            asked
                .map(|(_, entry)| entry.starts_ms(on_screen).saturating_sub(now_ms))
                .min(),
        ),
    }
}

/// Makes room for one more page.
pub(super) fn make_room(entries: &mut Vec<Entry>) {
    while entries.len() >= PAGES_MAX {
        let oldest = (0..entries.len()).min_by_key(|&index| entries[index].asked_ms);
        entries.swap_remove(oldest.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use passerby_protocol::Digest;

    use super::*;

    const MINUTE_MS: u64 = 60_000;

    fn entry(number: u8, kept: bool, age_ms: Option<u64>) -> Entry {
        let key = PageKey {
            digest: Digest::of(&[number]),
            width_px: 10,
            height_px: 10,
        };
        let page = WebPage {
            url: "https://a.example".into(),
            every_minutes: 10,
            settle_seconds: 0,
            zoom_percent: 100,
        };
        let kept = kept.then_some(Kept {
            revision: 1,
            taken_ms: None,
            doubt: None,
        });
        Entry::new(key, "a.page.toml".into(), page, kept, age_ms, 0)
    }

    const TAKE_FIRST: Next = Next::Take {
        index: 0,
        insists: false,
    };

    #[test]
    fn a_page_is_taken_on_its_interval() {
        let mut entries = [entry(1, false, None)];
        assert_eq!(next(&entries, false, 0), TAKE_FIRST);
        entries[0].kept = entry(1, true, None).kept;
        entries[0].succeed(1_000);
        assert_eq!(
            next(&entries, false, 1_000),
            Next::Wait(Some(10 * MINUTE_MS))
        );
        assert_eq!(next(&entries, false, 1_000 + 10 * MINUTE_MS), TAKE_FIRST);
    }

    #[test]
    fn a_picture_from_before_the_restart_is_used_up() {
        let young = [entry(1, true, Some(4 * MINUTE_MS))];
        assert_eq!(next(&young, false, 0), Next::Wait(Some(6 * MINUTE_MS)));
        let of_unknown_age = [entry(1, true, None)];
        assert_eq!(next(&of_unknown_age, false, 0), TAKE_FIRST);
    }

    #[test]
    fn nothing_starts_while_a_page_is_on_screen_until_it_has_waited_its_interval() {
        let entries = [entry(1, true, None)];
        assert_eq!(next(&entries, true, 0), Next::Wait(Some(10 * MINUTE_MS)));
        assert_eq!(
            next(&entries, true, 10 * MINUTE_MS),
            Next::Take {
                index: 0,
                insists: true
            }
        );
        let without = [entry(1, false, None)];
        assert_eq!(next(&without, true, 0), Next::Wait(Some(MINUTE_MS)));
    }

    #[test]
    fn a_run_that_was_called_off_keeps_its_place_but_pauses() {
        let mut entries = [entry(1, true, None)];
        entries[0].call_off(MINUTE_MS);
        assert_eq!(
            next(&entries, false, MINUTE_MS),
            Next::Wait(Some(CALLED_OFF_MS))
        );
        assert_eq!(
            next(&entries, true, MINUTE_MS),
            Next::Wait(Some(9 * MINUTE_MS)),
            "the wait for a gap counts from the first attempt"
        );
    }

    #[test]
    fn failures_are_tried_later_and_later_but_never_given_up() {
        let mut entries = [entry(1, true, None)];
        let mut waits = Vec::new();
        for _ in 0..70 {
            entries[0].fail("no".into(), 0);
            let Next::Wait(Some(wait)) = next(&entries, false, 0) else {
                panic!("a failure is not tried again at once");
            };
            waits.push(wait);
        }
        assert_eq!(waits[..3], [30_000, 60_000, 120_000]);
        assert_eq!(waits[69], RETRY_MAX_MS);
        entries[0].succeed(0);
        entries[0].fail("no".into(), 0);
        assert_eq!(next(&entries, false, 0), Next::Wait(Some(30_000)));
    }

    #[test]
    fn pages_without_a_picture_go_first_and_forgotten_ones_not_at_all() {
        let mut entries = vec![entry(1, true, None), entry(2, false, None)];
        assert!(matches!(
            next(&entries, false, 0),
            Next::Take { index: 1, .. }
        ));
        let late_ms = ASKED_MAX_MS + 1;
        assert_eq!(next(&entries, false, late_ms), Next::Wait(None));
        entries[0].ask(late_ms);
        assert!(matches!(
            next(&entries, false, late_ms),
            Next::Take { index: 0, .. }
        ));
    }

    #[test]
    fn the_page_that_was_asked_for_longest_ago_makes_room() {
        let mut entries: Vec<Entry> = (0..PAGES_MAX)
            .map(|number| entry(u8::try_from(number).expect("few"), false, None))
            .collect();
        for (at, entry) in entries.iter_mut().enumerate() {
            entry.ask(if at == 7 { 1 } else { 2 });
        }
        let oldest = entries[7].key.clone();
        make_room(&mut entries);
        assert_eq!(entries.len(), PAGES_MAX - 1);
        assert!(entries.iter().all(|entry| entry.key != oldest));
    }
}
