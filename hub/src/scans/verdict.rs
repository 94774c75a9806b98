//! What the opening of a verified code counts for: the one place where that is decided.
//!
//! The rules, from the first that holds; only fresh and late openings count:
//!
//! - Expired, and not stored either: the code left the screen longer ago than codes are accepted,
//!   or its play was pruned, which is done to older ones only.
//! - Unaired: the screen's ledger shows that the play never aired, or as another assignment.
//! - Unaired: its play has arrived, and began only after the opening, and long after the code says
//!   that it was minted.
//! - Unaired: its play has not arrived, and it was minted in the hub's future.
//! - Unaired: its play has not arrived, and it was minted after the screen had dropped its content.
//! - Replay: opened late, after [`LATE_MAX`] others of the same play were.
//! - Flood: the visitor's counted scans of this hour, or day, are at their limit.
//! - Flood: its network has brought more new scans than a crowd does.
//! - Flood: its play has as many fresh scans as people can have stood before it, see
//!   [`play_scans_max`].
//! - Fresh, which counts: opened while the code was on the screen, or up to [`GRACE_MS`] after it.
//! - Late, which counts: opened later, the photo that somebody took along.
//!
//! When a code left the screen is known once its play has arrived and is dated. Until then a code
//! is taken to leave it after the minute in which it was minted, whatever aired before it, and its
//! own time; a code that was minted without a clock, after its own time from its first opening on.
//!
//! Invariants: nothing here reads a clock or the database; what is not known never counts against
//! an opening. A play in flight, a skipped number, a new ledger, a cut-off screen that still airs
//! what was taken off: none of them is a proof. So an opening is judged again when its play
//! arrives, and the ledger's word outweighs the token's.

use crate::system::clock::DAY_MS;

/// How long after it left the screen a code is still fresh: whoever scanned it may have read
/// something else first.
pub const GRACE_MS: i64 = 10 * MINUTE_MS;
/// How far a terminal's clock may be ahead of the hub's.
pub const SKEW_MS: i64 = 10 * MINUTE_MS;
/// Late openings of one play that count. More of them are those of a code that was photographed and
/// posted.
pub const LATE_MAX: u32 = 3;
/// Most scans that count of one visitor within an hour. Phones of one model behind one address are
/// one visitor, so it is far more than one person does.
pub const HOUR_MAX: u32 = 60;
/// Most scans that count of one visitor within a day.
pub const DAY_MAX: u32 = 200;
/// Fresh scans of one play for each second that it was on the screen: a dense crowd that looks at
/// nothing else.
const PLAY_SCANS_A_SECOND: i64 = 10;
/// Least and most fresh scans of one play that count, however short or long it was.
pub const PLAY_SCANS: std::ops::RangeInclusive<u32> = 200..=2_000;
/// Longest time for which another play may hold up one that was minted: the longest time that a
/// placement may ask for.
pub const LEAD_MS_MAX: i64 = 60 * MINUTE_MS;
/// A token says its minute, rounded down.
const MINUTE_MS: i64 = 60_000;

/// What an opening counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanVerdict {
    /// Opened at the screen.
    Fresh,
    /// Opened later, from a photo for example.
    Late,
    /// Opened late, and too many were before.
    Replay,
    /// Not of a code that was on the screen.
    Unaired,
    /// One too many of this visitor.
    Flood,
    /// Opened after the time for which codes are accepted.
    Expired,
}

impl ScanVerdict {
    /// Tells whether it is a scan, if no robot opened it.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Fresh | Self::Late)
    }
}

/// What a screen's ledger, as far as it has arrived, says of a play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aired {
    /// Its play has not arrived.
    Unknown,
    /// It aired, at a time that is not known.
    Undated,
    /// It aired at a known time.
    At {
        /// Its first frame, in Unix milliseconds.
        start_ms: i64,
        /// Its last one.
        end_ms: i64,
    },
    /// It did not, or as something else.
    Never,
    /// It had arrived so long ago that its row was pruned.
    Pruned,
}

/// What an opening is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// When it was opened.
    pub opened_ms: i64,
    /// When the code was minted, to the minute; `None` without a trusted clock.
    pub minted_ms: Option<i64>,
    /// How long the placement stays on the screen.
    pub dwell_ms: i64,
    /// How long another play may have held it up.
    pub lead_ms: i64,
    /// What has arrived of the play.
    pub aired: Aired,
    /// When the play was opened first, by anybody.
    pub first_opened_ms: Option<i64>,
    /// Since when the screen is known to hold content without this assignment; `None` while it may
    /// air.
    pub dropped_ms: Option<i64>,
    /// Late openings of this play that counted before.
    pub late_before: u32,
    /// The visitor's scans that counted within the hour before.
    pub hour_before: u32,
    /// The same within the day before.
    pub day_before: u32,
    /// Scans of this play that counted before.
    pub of_play_before: u32,
    /// Whether the visitor's network has brought more new scans than a crowd does, of however many
    /// visitors.
    pub is_crowded: bool,
    /// For how long codes are accepted, in days.
    pub code_days: i64,
}

/// Judges an opening by the rules above.
pub fn judge(facts: &Facts) -> ScanVerdict {
    let age_ms = facts.opened_ms.saturating_sub(left_screen_ms(facts));
    if facts.aired == Aired::Pruned || age_ms > facts.code_days * DAY_MS {
        return ScanVerdict::Expired;
    }
    if is_unaired(facts) {
        return ScanVerdict::Unaired;
    }
    let is_late = age_ms > GRACE_MS;
    if is_late && facts.late_before >= LATE_MAX {
        return ScanVerdict::Replay;
    }
    if facts.hour_before >= HOUR_MAX || facts.day_before >= DAY_MAX || facts.is_crowded {
        return ScanVerdict::Flood;
    }
    if is_late {
        ScanVerdict::Late
    } else if facts.of_play_before >= play_scans_max(on_screen_ms(facts)) {
        ScanVerdict::Flood
    } else {
        ScanVerdict::Fresh
    }
}

/// Returns how many fresh scans of a play count that was on the screen for so long.
pub fn play_scans_max(on_screen_ms: i64) -> u32 {
    let scans = on_screen_ms.saturating_mul(PLAY_SCANS_A_SECOND) / 1_000;
    u32::try_from(scans.max(0))
        .unwrap_or(u32::MAX)
        .clamp(*PLAY_SCANS.start(), *PLAY_SCANS.end())
}

/// For how long the play was, or is taken to be, on the screen.
const fn on_screen_ms(facts: &Facts) -> i64 {
    match facts.aired {
        Aired::At { start_ms, end_ms } => end_ms - start_ms,
        _ => facts.dwell_ms,
    }
}

/// When the code was last to be seen, as far as it is known.
fn left_screen_ms(facts: &Facts) -> i64 {
    match (facts.aired, facts.minted_ms) {
        (Aired::At { end_ms, .. }, _) => end_ms,
        (_, Some(minted_ms)) => minted_ms + MINUTE_MS + facts.lead_ms + facts.dwell_ms,
        (_, None) => facts.first_opened_ms.unwrap_or(facts.opened_ms) + facts.dwell_ms,
    }
}

fn is_unaired(facts: &Facts) -> bool {
    match facts.aired {
        Aired::Never => true,
        // Where the token agrees with the play, the terminal's clock was wrong.
        Aired::At { start_ms, .. } => {
            let disagrees =
                |minted_ms: i64| minted_ms + MINUTE_MS + LEAD_MS_MAX + SKEW_MS < start_ms;
            facts.opened_ms + SKEW_MS < start_ms && facts.minted_ms.is_some_and(disagrees)
        }
        Aired::Undated | Aired::Pruned => false,
        Aired::Unknown => facts.minted_ms.is_some_and(|minted_ms| {
            // What was ordered before the content changed may air once more.
            let dropped = |since_ms: i64| minted_ms > since_ms + SKEW_MS + LEAD_MS_MAX;
            minted_ms > facts.opened_ms + SKEW_MS || facts.dropped_ms.is_some_and(dropped)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINTED: i64 = 1_795_000_020_000;

    fn facts(after_ms: i64) -> Facts {
        Facts {
            opened_ms: MINTED + after_ms,
            minted_ms: Some(MINTED),
            dwell_ms: 10_000,
            lead_ms: 0,
            aired: Aired::Unknown,
            first_opened_ms: None,
            dropped_ms: None,
            late_before: 0,
            hour_before: 0,
            day_before: 0,
            of_play_before: 0,
            is_crowded: false,
            code_days: 180,
        }
    }

    fn undated(after_ms: i64, first_after_ms: Option<i64>) -> Facts {
        Facts {
            minted_ms: None,
            first_opened_ms: first_after_ms.map(|after_ms| MINTED + after_ms),
            ..facts(after_ms)
        }
    }

    #[test]
    fn a_code_is_fresh_on_the_screen_and_a_little_longer_then_late_then_expired() {
        let fresh_ms = MINUTE_MS + 10_000 + GRACE_MS;
        for (after_ms, verdict) in [
            (-SKEW_MS, ScanVerdict::Fresh),
            (0, ScanVerdict::Fresh),
            (fresh_ms, ScanVerdict::Fresh),
            (fresh_ms + 1, ScanVerdict::Late),
            (180 * DAY_MS, ScanVerdict::Late),
            (180 * DAY_MS + fresh_ms, ScanVerdict::Expired),
        ] {
            assert_eq!(judge(&facts(after_ms)), verdict, "{after_ms}");
        }
    }

    #[test]
    fn a_play_that_waited_for_a_long_one_is_fresh_for_as_much_longer() {
        let waited = Facts {
            lead_ms: LEAD_MS_MAX,
            ..facts(LEAD_MS_MAX + GRACE_MS)
        };
        assert_eq!(judge(&waited), ScanVerdict::Fresh);
        let late = Facts {
            lead_ms: 0,
            ..waited
        };
        assert_eq!(judge(&late), ScanVerdict::Late);
    }

    #[test]
    fn only_the_first_late_openings_of_a_play_count_and_fresh_ones_always() {
        for (late_before, verdict) in [
            (0, ScanVerdict::Late),
            (LATE_MAX - 1, ScanVerdict::Late),
            (LATE_MAX, ScanVerdict::Replay),
        ] {
            let late = Facts {
                late_before,
                ..facts(DAY_MS)
            };
            assert_eq!(judge(&late), verdict);
            let fresh = Facts {
                late_before,
                ..facts(0)
            };
            assert_eq!(judge(&fresh), ScanVerdict::Fresh);
        }
    }

    #[test]
    fn one_visitor_counts_up_to_a_limit_by_hour_and_day() {
        for (hour_before, day_before, verdict) in [
            (HOUR_MAX - 1, DAY_MAX - 1, ScanVerdict::Fresh),
            (HOUR_MAX, HOUR_MAX, ScanVerdict::Flood),
            (0, DAY_MAX, ScanVerdict::Flood),
        ] {
            let opening = Facts {
                hour_before,
                day_before,
                ..facts(0)
            };
            assert_eq!(judge(&opening), verdict);
        }
        let crowded = Facts {
            is_crowded: true,
            ..facts(0)
        };
        assert_eq!(judge(&crowded), ScanVerdict::Flood);
        let replay = Facts {
            late_before: LATE_MAX,
            hour_before: HOUR_MAX,
            ..facts(DAY_MS)
        };
        assert_eq!(
            judge(&replay),
            ScanVerdict::Replay,
            "it takes nobody's place"
        );
    }

    #[test]
    fn a_play_counts_for_as_many_as_can_have_stood_before_it() {
        for (on_screen_ms, scans) in [
            (0, 200),
            (10_000, 200),
            (30_000, 300),
            (60_000, 600),
            (DAY_MS, 2_000),
            (-1, 200),
        ] {
            assert_eq!(play_scans_max(on_screen_ms), scans);
            let last = Facts {
                dwell_ms: on_screen_ms,
                of_play_before: scans - 1,
                ..facts(0)
            };
            assert_eq!(judge(&last), ScanVerdict::Fresh);
            let further = Facts {
                of_play_before: scans,
                ..last
            };
            assert_eq!(judge(&further), ScanVerdict::Flood);
        }
        // Its own time is known once the play has arrived.
        let aired = Aired::At {
            start_ms: MINTED,
            end_ms: MINTED + 10_000,
        };
        let guessed = Facts {
            dwell_ms: 60_000,
            of_play_before: 250,
            ..facts(0)
        };
        assert_eq!(judge(&guessed), ScanVerdict::Fresh);
        assert_eq!(judge(&Facts { aired, ..guessed }), ScanVerdict::Flood);
    }

    #[test]
    fn a_code_of_the_future_or_of_dropped_content_is_unaired_until_its_play_arrives() {
        let future = facts(-SKEW_MS - 1);
        let dropped = Facts {
            dropped_ms: Some(MINTED - SKEW_MS - LEAD_MS_MAX - 1),
            ..facts(0)
        };
        let aired = Aired::At {
            start_ms: MINTED,
            end_ms: MINTED + 10_000,
        };
        for opening in [future, dropped] {
            assert_eq!(judge(&opening), ScanVerdict::Unaired);
            let undated = Facts {
                aired: Aired::Undated,
                ..opening
            };
            assert_eq!(judge(&undated), ScanVerdict::Fresh);
        }
        assert_eq!(judge(&Facts { aired, ..dropped }), ScanVerdict::Fresh);
        let ordered_before = Facts {
            dropped_ms: Some(MINTED - LEAD_MS_MAX),
            ..facts(0)
        };
        assert_eq!(judge(&ordered_before), ScanVerdict::Fresh);
    }

    #[test]
    fn the_ledgers_word_outweighs_the_tokens() {
        let at = |start_ms: i64, end_ms: i64| Aired::At {
            start_ms: MINTED + start_ms,
            end_ms: MINTED + end_ms,
        };
        for (aired, after_ms, verdict) in [
            (Aired::Never, 0, ScanVerdict::Unaired),
            (at(0, 10_000), 10_000 + GRACE_MS, ScanVerdict::Fresh),
            (at(0, 10_000), 10_001 + GRACE_MS, ScanVerdict::Late),
            // A film of two hours.
            (at(0, 7_200_000), 7_200_000, ScanVerdict::Fresh),
            // The terminal's clock was a day ahead, or behind.
            (at(-DAY_MS, -DAY_MS + 10_000), -DAY_MS, ScanVerdict::Fresh),
            (at(DAY_MS, DAY_MS + 10_000), DAY_MS, ScanVerdict::Fresh),
            // Its clock was ahead when it minted and when it played.
            (at(0, 10_000), -DAY_MS, ScanVerdict::Fresh),
            // Opened before it began: nobody can have seen it.
            (at(7_200_000, 7_210_000), 0, ScanVerdict::Unaired),
        ] {
            let opening = Facts {
                aired,
                ..facts(after_ms)
            };
            assert_eq!(judge(&opening), verdict, "{aired:?} {after_ms}");
        }
    }

    #[test]
    fn codes_without_a_clock_are_judged_by_their_play_or_else_by_their_first_opening() {
        assert_eq!(judge(&undated(0, None)), ScanVerdict::Fresh);
        assert_eq!(judge(&undated(GRACE_MS, Some(0))), ScanVerdict::Fresh);
        assert_eq!(judge(&undated(DAY_MS, Some(0))), ScanVerdict::Late);
        assert_eq!(judge(&undated(200 * DAY_MS, Some(0))), ScanVerdict::Expired);
        let arrived = Facts {
            aired: Aired::At {
                start_ms: MINTED,
                end_ms: MINTED + 10_000,
            },
            ..undated(DAY_MS, None)
        };
        assert_eq!(judge(&arrived), ScanVerdict::Late);
    }
}
