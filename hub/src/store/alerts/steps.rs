//! When what is seen of a screen becomes something to tell, and when it is over.
//!
//! Invariant: these are functions of what was seen and of time; what is seen again and again
//! changes nothing. What flickers is told once: it is over only when it was well for [`WELL_MS`]
//! without a break.

use crate::store::alerts::records::{AlertKind, AlertSettings};

/// For how long a screen has to be well before that is told.
pub(super) const WELL_MS: i64 = 5 * MINUTE_MS;
/// For how long a screen may have no time that it trusts; after a start without network it has none
/// for a while.
pub(super) const CLOCK_MS: i64 = 10 * MINUTE_MS;
/// A screen that was heard of within this time is there; it says how it is once a minute.
pub(super) const FRESH_MS: i64 = 3 * MINUTE_MS;
const MINUTE_MS: i64 = 60_000;

/// What is known of one screen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// When it was heard of last, or came in.
    pub(super) last_ms: i64,
    /// What it said then, if it ever said anything.
    pub(super) said: Option<Said>,
    /// Whether something is published for it.
    pub(super) has_content: bool,
    /// Whether it played anything within the rule's time that could be seen, where that was looked
    /// at.
    pub(super) has_played: Option<bool>,
}

/// The part of a heartbeat that matters here.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
pub(super) struct Said {
    pub(super) clock_trusted: bool,
    pub(super) plays_waiting: u64,
    pub(super) screen_px: [u32; 2],
    pub(super) disk_free_bytes: u64,
}

/// What is remembered of one thing that is, was or may become wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    /// What was seen last, and since when it is so.
    pub(super) observed: bool,
    pub(super) observed_ms: i64,
    /// What that amounts to, and when it became that.
    pub(super) is_bad: bool,
    pub(super) changed_ms: i64,
    /// Since when it is bad, for people.
    pub(super) since_ms: i64,
    /// What people were told last.
    pub(super) told_bad: bool,
}

/// The moment, and since when this hub has been there to hear of screens without a break.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present {
    pub(super) now_ms: i64,
    pub(super) awake_ms: i64,
    /// The minute of the day, where the hub is.
    pub(super) minute: u32,
}

/// Tells whether a screen is seen to be bad in one way, and since when; `None` where nothing can be
/// said, and everything stays as it is.
pub(super) fn observe(
    kind: AlertKind,
    rule: &AlertSettings,
    seen: &Seen,
    was_bad: bool,
    present: Present,
) -> Option<(bool, i64)> {
    let now_ms = present.now_ms;
    let quiet_ms = now_ms - seen.last_ms;
    let is_there = quiet_ms <= FRESH_MS;
    if kind == AlertKind::Silent {
        // What fell silent while the hub was away has its whole time to come back.
        let heard_ms = seen.last_ms.max(present.awake_ms);
        let patience_ms = i64::from(rule.silent_minutes) * MINUTE_MS;
        let is_silent = !is_there && (was_bad || now_ms - heard_ms >= patience_ms);
        return Some((is_silent, seen.last_ms));
    }
    // What a silent screen said last may no longer be true.
    let said = seen.said.filter(|_| is_there)?;
    match kind {
        AlertKind::Silent | AlertKind::Voices => None,
        AlertKind::Clock => Some((!said.clock_trusted, now_ms)),
        AlertKind::Full => {
            let least = u64::from(rule.free_mib) << 20;
            // A disk about the line does not go to and fro.
            let enough = least + least / 4;
            if said.disk_free_bytes < least {
                Some((true, now_ms))
            } else if said.disk_free_bytes >= enough {
                Some((false, now_ms))
            } else {
                Some((was_bad, now_ms))
            }
        }
        AlertKind::Dark => {
            let patience_ms = i64::from(rule.dark_minutes) * MINUTE_MS;
            let can_be = rule
                .dark_hours
                .is_none_or(|(from, until)| is_within(present.minute, from, until));
            if !can_be || now_ms - present.awake_ms < patience_ms {
                return None;
            }
            let since_ms = now_ms - patience_ms;
            if said.screen_px.contains(&0) {
                return Some((true, since_ms));
            }
            match seen.has_played {
                Some(true) => Some((false, now_ms)),
                // What it has not sent yet may be of now.
                Some(false) if said.plays_waiting == 0 && seen.has_content => {
                    Some((true, since_ms))
                }
                _ => None,
            }
        }
    }
}

/// Tells whether a minute of the day is within hours, which may go on past midnight.
fn is_within(minute: u32, from: u32, until: u32) -> bool {
    if from <= until {
        (from..until).contains(&minute)
    } else {
        minute >= from || minute < until
    }
}

/// Takes what was seen into what is remembered; `None` where there is nothing to remember.
pub(super) fn step(
    kind: AlertKind,
    state: Option<State>,
    (observed, since_ms): (bool, i64),
    now_ms: i64,
) -> Option<State> {
    let mut state = state.unwrap_or(State {
        observed: false,
        observed_ms: now_ms,
        is_bad: false,
        changed_ms: now_ms,
        since_ms,
        told_bad: false,
    });
    if state.observed != observed {
        state.observed = observed;
        state.observed_ms = now_ms;
    }
    let wait_ms = match (observed, kind) {
        (false, _) => WELL_MS,
        (true, AlertKind::Clock) => CLOCK_MS,
        (true, _) => 0,
    };
    if state.observed != state.is_bad && now_ms - state.observed_ms >= wait_ms {
        state.is_bad = observed;
        state.changed_ms = now_ms;
        state.since_ms = match kind {
            AlertKind::Clock => state.observed_ms,
            _ => since_ms,
        };
    }
    (state.observed || state.is_bad || state.told_bad).then_some(state)
}
