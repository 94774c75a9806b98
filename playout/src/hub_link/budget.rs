//! What of a day's data each kind of transfer may use, on a line that is paid by the megabyte.
//!
//! Invariants:
//! - A kind may use data up to its own share of the cap, counted over all kinds, and the shares
//!   grow with the kind's weight: large files can never take what small ones, small ones never what
//!   manifests and heartbeats, and nothing what plays need.
//! - A restart does not give a day back: what is on disk is at least what was used.
//! - A day ends by the venue's calendar when the clock is known, else after 24 hours of running.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A file of at most this many bytes is small.
const SMALL_BYTES_MAX: u64 = 1 << 20;
/// Range of `hub.daily_mb`, in megabytes of 10^6 bytes.
pub(crate) const DAILY_MB: std::ops::RangeInclusive<i64> = 1..=1_000_000;
/// A smaller cap leaves nothing for pictures of the screen, in megabytes.
const FRAMES_MB_MIN: u64 = 20;
/// A day by the clock that nobody sets, in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// What is transferred, the most important last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Small pictures of what is on the screen.
    Frame,
    /// Files of more than a megabyte.
    Large,
    /// Other files.
    Small,
    /// Manifests, heartbeats, counts, keys, enrolment.
    Word,
    /// Batches of plays and what answers them.
    Plays,
}

impl Kind {
    pub(super) const fn of_file(size: u64) -> Self {
        if size > SMALL_BYTES_MAX {
            Self::Large
        } else {
            Self::Small
        }
    }

    /// How much of the cap may be used, by all kinds together, before this kind has to wait.
    const fn percent(self) -> u64 {
        match self {
            Self::Frame => 40,
            Self::Large => 50,
            Self::Small => 70,
            Self::Word => 85,
            Self::Plays => 100,
        }
    }
}

/// Tells whether pictures of the screen may be sent at all.
pub(super) const fn has_room_for_frames(cap_bytes: u64) -> bool {
    cap_bytes >= FRAMES_MB_MIN * 1_000_000
}

/// What the reference says of the order in which a day's data is used.
pub(crate) fn budget_in_words() -> String {
    let of = |kind: Kind| kind.percent();
    format!(
        "Plays go first, then manifests and heartbeats, then small files, then large ones: large files wait when {} % \
         of it is used, files of up to {} MiB at {} %, manifests and heartbeats at {} %. The local page says what \
         waits. Pictures of the screen go last: only when somebody asks or something is wrong, up to {} %, and below \
         {FRAMES_MB_MIN} MB a day none.",
        of(Kind::Large),
        SMALL_BYTES_MAX >> 20,
        of(Kind::Small),
        of(Kind::Word),
        of(Kind::Frame)
    )
}

/// One day's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Budget {
    /// What was used, in bytes.
    used_bytes: u64,
    /// The day, as far as the clock knew it.
    day: Option<Date>,
    /// For how long the terminal has run in this day, over all its boots, in milliseconds.
    awake_ms: u64,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self {
            used_bytes: 0,
            day: None,
            awake_ms: 0,
        }
    }

    pub(super) const fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// For how long this day has run, in milliseconds.
    pub(super) const fn awake_ms(&self) -> u64 {
        self.awake_ms
    }

    /// How many bytes a kind may still use of a cap today.
    pub(super) const fn room(&self, cap_bytes: u64, kind: Kind) -> u64 {
        let share = (cap_bytes / 100).saturating_mul(kind.percent());
        share.saturating_sub(self.used_bytes)
    }

    pub(super) const fn take(&mut self, bytes: u64) {
        self.used_bytes = self.used_bytes.saturating_add(bytes);
    }

    /// Lets time go by: `today` by the venue's calendar, if it is known. A new day begins with
    /// nothing used.
    pub(super) fn pass(&mut self, today: Option<Date>, elapsed_ms: u64) {
        self.awake_ms = self.awake_ms.saturating_add(elapsed_ms);
        match (self.day, today) {
            // A clock that goes back does not begin a day, or one that swings would have many.
            (Some(day), Some(today)) if today > day => *self = Self::new(),
            _ if self.awake_ms >= DAY_MS => *self = Self::new(),
            _ => {}
        }
        // A clock that became known in the middle of a day names it.
        if let (None, Some(today)) = (self.day, today) {
            self.day = Some(today);
        }
    }
}

/// How long to wait between two calls of some bytes each, so that by themselves they use at most a
/// fifth of the cap.
pub(super) const fn pause_ms(cap_bytes: u64, call_bytes: u64) -> u64 {
    let calls = (cap_bytes / 5) / if call_bytes == 0 { 1 } else { call_bytes };
    DAY_MS / if calls == 0 { 1 } else { calls }
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    const KINDS: [Kind; 5] = [
        Kind::Frame,
        Kind::Large,
        Kind::Small,
        Kind::Word,
        Kind::Plays,
    ];

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn what_matters_less_never_takes_what_matters_more(
            cap_mb in DAILY_MB,
            wishes in prop::collection::vec((0usize..5, any::<u64>()), 0..200),
        ) {
            let cap = cap_mb.unsigned_abs() * 1_000_000;
            let mut budget = Budget::new();
            let mut used = [0u64; 5];
            for (kind, wish) in wishes {
                let bytes = budget.room(cap, KINDS[kind]).min(wish);
                budget.take(bytes);
                used[kind] += bytes;
            }
            prop_assert!(budget.used_bytes() <= cap);
            // Whatever the others did, each kind finds what is kept from them, but for what it used
            // itself.
            for (at, kind) in KINDS.iter().enumerate().skip(1) {
                let kept = cap / 100 * (kind.percent() - KINDS[at - 1].percent());
                let own_and_above: u64 = used[at..].iter().sum();
                prop_assert!(budget.room(cap, *kind) + own_and_above >= kept);
            }
        }

        #[test]
        fn a_swinging_clock_gives_at_most_one_budget_for_each_day_it_has_named(days in prop::collection::vec(0i8..20, 1..100)) {
            let mut budget = Budget::new();
            let first = jiff::civil::date(2026, 12, 1);
            let (mut fresh, mut newest) = (0, -1);
            for day in days {
                budget.pass(Some(first + jiff::Span::new().days(day)), 1_000);
                fresh += u32::from(budget.used_bytes() == 0);
                budget.take(1);
                newest = newest.max(day);
            }
            prop_assert!(fresh <= u32::try_from(newest + 1).expect("small"));
        }
    }

    #[test]
    fn without_a_clock_a_day_is_as_long_as_one_of_running_over_any_number_of_restarts() {
        let mut budget = Budget::new();
        budget.take(7);
        for _ in 0..23 {
            budget.pass(None, 3_600_000);
            let text = serde_json::to_vec(&budget).expect("serialises");
            budget = serde_json::from_slice(&text).expect("reads back");
            assert_eq!(budget.used_bytes(), 7);
        }
        budget.pass(None, 3_600_000);
        assert_eq!(budget.used_bytes(), 0);
    }

    #[test]
    fn a_clock_that_was_in_2099_does_not_stop_the_days() {
        let mut budget = Budget::new();
        budget.pass(Some(jiff::civil::date(2099, 1, 1)), 0);
        budget.take(7);
        budget.pass(Some(jiff::civil::date(2026, 12, 1)), 3_600_000);
        assert_eq!(budget.used_bytes(), 7);
        budget.pass(Some(jiff::civil::date(2026, 12, 2)), DAY_MS);
        assert_eq!(budget.used_bytes(), 0);
        budget.pass(Some(jiff::civil::date(2026, 12, 3)), 1);
        assert_eq!(budget.day, Some(jiff::civil::date(2026, 12, 3)));
    }

    #[test]
    fn pictures_of_the_screen_are_the_first_that_a_small_budget_goes_without() {
        assert!(!has_room_for_frames(19_000_000));
        assert!(has_room_for_frames(20_000_000));
        let mut budget = Budget::new();
        budget.take(20_000_000 / 100 * 40);
        assert_eq!(budget.room(20_000_000, Kind::Frame), 0);
        assert!(budget.room(20_000_000, Kind::Large) > 0);
    }

    #[test]
    fn a_small_budget_is_asked_of_less_often() {
        assert_eq!(pause_ms(50_000_000, 1_500), 86_400_000 / 6_666);
        assert!(pause_ms(1_000_000, 1_500) > 600_000);
        assert_eq!(pause_ms(0, 0), DAY_MS);
    }
}
