//! When which page is taken next: a pure function of what is known, without a clock, a file or a
//! process.
//!
//! Invariants: a page is taken once in each of its intervals, measured from start to start, however
//! long a run takes or a gap is waited for; pages that nobody asked for in [`ASKED_MAX_MS`] are
//! left alone; failures are tried again later and later, after one interval or [`RETRY_MAX_MS`] at
//! most; with pages on screen only what has waited its time for a gap is taken.

use std::time::Duration;

use passerby_playout::messages::stage_messages::EXPECT_MS;
use passerby_protocol::web_page::WebPage;

use crate::creative::web_page::picture_store::FILES_MAX;
use crate::creative::web_page::picture_store::PageKey;

/// Most pages that are known, each in one size. Those that were asked for longest ago are
/// forgotten.
pub const PAGES_MAX: usize = FILES_MAX;
/// Longest time that a page waits for a gap between pages on screen; a [`GAP_WAIT_PART`]th of its
/// interval where that is less.
pub const GAP_WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// What part of its interval a page waits for a gap at most: ten seconds of a minute.
const GAP_WAIT_PART: u64 = 6;
/// The same for a page that has no picture at all.
const FIRST_GAP_WAIT_MS: u64 = 60_000;
/// How long a page is kept fresh after somebody asked for it. The player says every [`EXPECT_MS`]
/// what may be shown, so what it no longer names is soon left alone.
const ASKED_MAX_MS: u64 = 2 * EXPECT_MS;
/// The wait after the first failure. It doubles with each further one.
const RETRY_MIN_MS: u64 = 30_000;
/// The longest wait after failures.
const RETRY_MAX_MS: u64 = 15 * 60_000;
/// How late a run may begin and still be in time, since threads wake a little later than they asked
/// to.
const LATE_MS: u64 = 2_000;
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
    /// What the operator was told of it beside.
    pub(super) notes: Vec<String>,
    /// Whether its file lies in the operator's own folders, and may so open the host that it names.
    pub(super) is_own: bool,
    /// When somebody last asked for it. All times are CLOCK_BOOTTIME.
    asked_ms: u64,
    /// From when it should be taken; the wait for a gap counts from here.
    due_ms: u64,
    /// When the run that is under way began.
    started_ms: u64,
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
    /// A page that somebody asks for the first time. `age_ms` is how old its picture is, if both
    /// are known.
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
            notes: Vec::new(),
            is_own: false,
            asked_ms: now_ms,
            due_ms: now_ms + left_ms,
            started_ms: now_ms,
            pause_until_ms: 0,
            failures: 0,
        }
    }

    pub(super) fn ask(&mut self, now_ms: u64) {
        self.asked_ms = now_ms;
    }

    /// A run begins.
    pub(super) fn start(&mut self, now_ms: u64) {
        self.started_ms = now_ms;
    }

    /// A good picture was taken. The next one is due an interval after this one was, or, when this
    /// one came late, after it was begun.
    pub(super) fn succeed(&mut self, now_ms: u64) {
        self.failures = 0;
        self.trouble = None;
        let was_in_time = self.started_ms <= self.insists_ms() + LATE_MS;
        let from_ms = if was_in_time {
            self.due_ms
        } else {
            self.started_ms
        };
        self.due_ms = (from_ms + every_ms(&self.page)).max(now_ms);
    }

    /// No good picture could be taken.
    pub(super) fn fail(&mut self, reason: String, now_ms: u64) {
        let wait_ms = RETRY_MIN_MS << self.failures.min(10);
        self.failures += 1;
        self.trouble = Some(reason);
        self.due_ms = now_ms + wait_ms.min(RETRY_MAX_MS).min(every_ms(&self.page));
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
            let gap_ms = GAP_WAIT_MAX.as_millis().try_into().unwrap_or(u64::MAX);
            (every_ms(&self.page) / GAP_WAIT_PART).min(gap_ms)
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
            expect: None,
            ends_at: None,
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
        entries[0].start(1_000);
        entries[0].succeed(9_000);
        assert_eq!(
            next(&entries, false, 10_000),
            Next::Wait(Some(10 * MINUTE_MS - 10_000)),
            "from start to start"
        );
        assert_eq!(next(&entries, false, 10 * MINUTE_MS), TAKE_FIRST);
    }

    /// When runs begin within an hour. `run_ms` is how long each takes; with pages on screen
    /// throughout or never.
    fn starts_of(every_minutes: u16, run_ms: u64, on_screen: bool) -> Vec<u64> {
        let mut entries = [entry(1, true, None)];
        entries[0].page.every_minutes = every_minutes;
        let (mut now_ms, mut starts) = (0, Vec::new());
        while now_ms < 60 * MINUTE_MS {
            entries[0].ask(now_ms);
            match next(&entries, on_screen, now_ms) {
                Next::Take { .. } => {
                    starts.push(now_ms);
                    entries[0].start(now_ms);
                    now_ms += run_ms;
                    entries[0].succeed(now_ms);
                }
                // A thread wakes a little later.
                Next::Wait(wait_ms) => now_ms += wait_ms.expect("it is asked for") + 7,
            }
        }
        starts
    }

    #[test]
    fn a_minute_is_a_minute_however_long_a_run_takes_and_whatever_is_on_screen() {
        for on_screen in [false, true] {
            for run_ms in [0, 3_000, 20_000, 45_000] {
                let starts = starts_of(1, run_ms, on_screen);
                assert_eq!(starts.len(), 60, "{run_ms} {on_screen}");
                let (first, last) = (starts[0], starts[59]);
                assert!(first <= MINUTE_MS / GAP_WAIT_PART + 7);
                assert!((last - first).abs_diff(59 * MINUTE_MS) <= 7, "no drift");
            }
        }
        let overlong = starts_of(1, 90_000, false);
        assert_eq!(overlong.len(), 40, "one after the other, no more often");
        assert_eq!(starts_of(15, 20_000, true).len(), 4);
    }

    #[test]
    fn a_page_that_was_not_asked_for_long_begins_its_interval_anew() {
        let mut entries = [entry(1, true, None)];
        let late_ms = 47 * MINUTE_MS;
        entries[0].ask(late_ms);
        entries[0].start(late_ms);
        entries[0].succeed(late_ms + 3_000);
        assert_eq!(
            next(&entries, false, late_ms),
            Next::Wait(Some(10 * MINUTE_MS))
        );
    }

    #[test]
    fn a_picture_from_before_the_restart_is_used_up() {
        let young = [entry(1, true, Some(4 * MINUTE_MS))];
        assert_eq!(next(&young, false, 0), Next::Wait(Some(6 * MINUTE_MS)));
        let of_unknown_age = [entry(1, true, None)];
        assert_eq!(next(&of_unknown_age, false, 0), TAKE_FIRST);
    }

    #[test]
    fn nothing_starts_while_a_page_is_on_screen_until_it_has_waited_its_time() {
        let entries = [entry(1, true, None)];
        assert_eq!(next(&entries, true, 0), Next::Wait(Some(100_000)));
        assert_eq!(
            next(&entries, true, 100_000),
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
            Next::Wait(Some(40_000)),
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
        assert_eq!(waits[69], 10 * MINUTE_MS, "its interval");
        entries[0].page.every_minutes = 60;
        entries[0].fail("no".into(), 0);
        assert_eq!(next(&entries, false, 0), Next::Wait(Some(RETRY_MAX_MS)));
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
