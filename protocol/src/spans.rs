//! When something is open over a stretch of time, and when it opens next: a [`Window`] asked again
//! and again.
//!
//! Invariants: what is answered is what the windows say, moment for moment; at most so many changes
//! of a window are looked at as the caller allows, and an answer says how far it goes.

use jiff::Timestamp;

use crate::window::Window;

/// A stretch of time, from inclusive, until exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
}

/// When something is open between two moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spans {
    /// In their order; no two touch.
    pub spans: Vec<Span>,
    /// Up to when they were looked for: before the end where there were too many changes.
    pub until: Timestamp,
}

/// When something opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextOpen {
    /// At this moment, which may be the one that was asked about.
    At(Timestamp),
    /// Never again.
    Never,
    /// Not before this moment; nobody looked further.
    NotBefore(Timestamp),
}

/// Finds when something is open from one moment until another, as long as it changes at most so
/// many times.
pub fn spans(
    mut window: impl FnMut(Timestamp) -> Window,
    (from, until): (Timestamp, Timestamp),
    changes_max: usize,
) -> Spans {
    let mut spans: Vec<Span> = Vec::new();
    let mut at = from;
    for _ in 0..changes_max {
        if at >= until {
            break;
        }
        let here = window(at);
        let next = here.until.map_or(until, |next| next.min(until));
        if here.open {
            match spans.last_mut() {
                Some(last) if last.until == at => last.until = next,
                _ => spans.push(Span {
                    from: at,
                    until: next,
                }),
            }
        }
        at = next;
    }
    Spans {
        spans,
        until: at.min(until),
    }
}

/// Finds when something is open next, as long as it changes at most so many times before.
pub fn next_open(
    mut window: impl FnMut(Timestamp) -> Window,
    from: Timestamp,
    changes_max: usize,
) -> NextOpen {
    let mut at = from;
    for _ in 0..changes_max {
        let here = window(at);
        if here.open {
            return NextOpen::At(at);
        }
        match here.until {
            Some(until) => at = until,
            None => return NextOpen::Never,
        }
    }
    NextOpen::NotBefore(at)
}

/// Joins what is open in one or the other.
pub fn union(spans: impl IntoIterator<Item = Span>) -> Vec<Span> {
    let mut sorted: Vec<Span> = spans.into_iter().collect();
    sorted.sort_unstable_by_key(|span| span.from);
    let mut joined: Vec<Span> = Vec::with_capacity(sorted.len());
    for span in sorted {
        match joined.last_mut() {
            Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
            _ => joined.push(span),
        }
    }
    joined
}

/// Finds what is open in both; each is in its order.
pub fn common(one: &[Span], other: &[Span]) -> Vec<Span> {
    let (mut at, mut beside) = (0, 0);
    let mut common = Vec::new();
    while let (Some(left), Some(right)) = (one.get(at), other.get(beside)) {
        let (from, until) = (left.from.max(right.from), left.until.min(right.until));
        if from < until {
            common.push(Span { from, until });
        }
        if left.until < right.until {
            at += 1;
        } else {
            beside += 1;
        }
    }
    common
}

/// Tells whether all that is open in one is open in the other, which has no two that touch.
pub fn is_within(one: &[Span], other: &[Span]) -> bool {
    common(one, other) == one
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    use super::*;
    use crate::daypart;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn span(from: i64, until: i64) -> Span {
        Span {
            from: second(from),
            until: second(until),
        }
    }

    #[test]
    fn mornings_are_spans_and_the_end_of_what_was_asked_cuts_the_last() {
        let hours = ["mon-fri 07:00-10:00".parse().expect("a part of the week")];
        // A Friday at 09:00, until the Monday after at 08:00.
        let asked = (
            "2026-12-04T09:00:00Z".parse().expect("a moment"),
            "2026-12-07T08:00:00Z".parse().expect("a moment"),
        );
        let window = |at| daypart::window(&hours, at, &TimeZone::UTC);
        let found = spans(window, asked, 100);
        let said: Vec<String> = found
            .spans
            .iter()
            .map(|span| format!("{} {}", span.from, span.until))
            .collect();
        assert_eq!(
            said,
            [
                "2026-12-04T09:00:00Z 2026-12-04T10:00:00Z",
                "2026-12-07T07:00:00Z 2026-12-07T08:00:00Z"
            ]
        );
        assert_eq!(found.until, asked.1);
        let first = spans(window, asked, 1);
        assert_eq!(
            (first.spans.len(), first.until),
            (1, found.spans[0].until),
            "one change, and it says so"
        );
    }

    #[test]
    fn what_opens_no_more_is_told_from_what_opens_late() {
        let hours = ["sat 07:00-08:00".parse().expect("a part of the week")];
        let window = |at| daypart::window(&hours, at, &TimeZone::UTC);
        let friday = "2026-12-04T09:00:00Z".parse().expect("a moment");
        let saturday = "2026-12-05T07:00:00Z".parse().expect("a moment");
        assert_eq!(next_open(window, friday, 9), NextOpen::At(saturday));
        assert_eq!(next_open(window, friday, 1), NextOpen::NotBefore(saturday));
        assert_eq!(next_open(|_| Window::NEVER, friday, 9), NextOpen::Never);
        assert_eq!(
            next_open(|_| Window::ALWAYS, friday, 9),
            NextOpen::At(friday)
        );
    }

    /// Spans of a set of seconds.
    fn of_seconds(seconds: &std::collections::BTreeSet<i64>) -> Vec<Span> {
        union(seconds.iter().map(|&at| span(at, at + 1)))
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn spans_are_sets_of_moments(
            one in proptest::collection::btree_set(0_i64..40, 0..30),
            other in proptest::collection::btree_set(0_i64..40, 0..30),
        ) {
            let both: std::collections::BTreeSet<i64> = one.intersection(&other).copied().collect();
            let either = one.union(&other).copied().collect();
            let (first, second_ones) = (of_seconds(&one), of_seconds(&other));
            prop_assert_eq!(common(&first, &second_ones), of_seconds(&both));
            prop_assert_eq!(
                union(first.iter().chain(&second_ones).copied()),
                of_seconds(&either)
            );
            prop_assert_eq!(is_within(&first, &second_ones), one.is_subset(&other));
            let window = |at: Timestamp| {
                let now = at.as_second();
                let open = one.contains(&now);
                let next = (now + 1..=41).find(|at| one.contains(at) != open);
                Window { open, until: next.map(second) }
            };
            prop_assert_eq!(spans(window, (second(0), second(60)), 200).spans, first);
        }
    }
}
