//! Over how much time a sum goes, and how a stretch of time is put together of such sums.
//!
//! Invariant: what the parts of a stretch say, some added and some taken off, is what its quarters
//! of an hour say; of a long stretch there are few parts, and these read few rows.

/// Sums of a quarter of an hour.
pub(in crate::store) const OF_QUARTERS: i64 = 1;
/// Sums of a day of UTC; [`crate::store::rollups::UNDATED`] is one for itself.
pub(in crate::store) const OF_DAYS: i64 = 96;
/// Sums of all times; they are at [`ALWAYS`].
pub(in crate::store) const OF_ALL: i64 = 0;
/// Where sums of all times are.
pub(in crate::store) const ALWAYS: i64 = 0;

/// The day of UTC in which a quarter is.
pub(super) const fn day_of_quarter(quarter: i64) -> i64 {
    quarter.div_euclid(OF_DAYS)
}

/// Some sums that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Part {
    /// Over how many quarters of an hour each of them goes; [`OF_ALL`] for all.
    pub(in crate::store) span: i64,
    /// The first one, counted in spans since 1970.
    pub(in crate::store) from: i64,
    /// The one after the last.
    pub(in crate::store) until: i64,
    /// Whether they are added, or taken off what others said.
    pub(in crate::store) is_added: bool,
}

/// Finds of which sums a stretch is made, from a quarter of an hour until the one after the last;
/// what is added comes first.
pub(in crate::store) fn parts((from, until): (i64, i64)) -> Vec<Part> {
    let of = |span, from, until, is_added| Part {
        span,
        from,
        until,
        is_added,
    };
    if from >= until {
        return Vec::new();
    }
    let first = nearest_day(from);
    // What is open has no end.
    let last = if until == i64::MAX {
        i64::MAX
    } else {
        nearest_day(until)
    };
    let mut parts = vec![of(OF_DAYS, first, last, true)];
    // A day that is not whole is added with what of it is there, or taken off for what is not.
    let begin = first * OF_DAYS;
    parts.push(if begin >= from {
        of(OF_QUARTERS, from, begin, true)
    } else {
        of(OF_QUARTERS, begin, from, false)
    });
    if last < i64::MAX {
        let end = last * OF_DAYS;
        parts.push(if end <= until {
            of(OF_QUARTERS, end, until, true)
        } else {
            of(OF_QUARTERS, until, end, false)
        });
    }
    parts.retain(|part| part.from < part.until);
    parts.sort_by_key(|part| !part.is_added);
    parts
}

/// The parts of all times, with what has no date.
pub(in crate::store) fn always() -> Vec<Part> {
    vec![Part {
        span: OF_ALL,
        from: ALWAYS,
        until: ALWAYS + 1,
        is_added: true,
    }]
}

/// The day whose beginning is nearest to that of a quarter of an hour.
const fn nearest_day(quarter: i64) -> i64 {
    day_of_quarter(quarter.saturating_add(OF_DAYS / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_stretch_are_its_quarters_each_once_and_few_of_them() {
        const LAST: i64 = 5 * OF_DAYS;
        for from in (0..LAST).step_by(7) {
            for until in (from..LAST).step_by(5) {
                let mut times = vec![0_i32; usize::try_from(LAST + OF_DAYS).unwrap()];
                let mut read = 0;
                for part in parts((from, until)) {
                    let quarters = part.from * part.span..part.until * part.span;
                    for quarter in quarters {
                        let at = usize::try_from(quarter).unwrap();
                        times[at] += if part.is_added { 1 } else { -1 };
                    }
                    read += part.until - part.from;
                }
                for (quarter, times) in (0..).zip(times) {
                    let is_in = (from..until).contains(&quarter);
                    assert_eq!(times, i32::from(is_in), "{quarter} of {from} to {until}");
                }
                assert!(read <= OF_DAYS + 5, "{read} of {from} to {until}");
            }
        }
    }

    #[test]
    fn a_stretch_without_an_end_or_of_whole_days_is_one_part() {
        let days = |from, until| Part {
            span: OF_DAYS,
            from,
            until,
            is_added: true,
        };
        assert_eq!(parts((0, i64::MAX)), [days(0, i64::MAX)]);
        assert_eq!(parts((2 * OF_DAYS, 9 * OF_DAYS)), [days(2, 9)]);
        assert_eq!(parts((5, 5)), []);
    }
}
