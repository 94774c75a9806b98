//! Counts how often what is measured was up to each of a few bounds, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of whole numbers, in whatever unit the bounds have.
#[derive(Debug)]
pub(crate) struct Histogram<const N: usize> {
    bounds: [u64; N],
    /// How many were up to the bound and past the one before it.
    counts: [AtomicU64; N],
    /// How many were past all bounds.
    above: AtomicU64,
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistogramCounts {
    /// Each bound, and how many were up to it.
    pub(crate) up_to: Vec<(u64, u64)>,
    /// How many there were.
    pub(crate) count: u64,
    /// Their sum.
    pub(crate) sum: u64,
}

impl<const N: usize> Histogram<N> {
    /// Counts nothing yet. Bounds are in order, the smallest first.
    pub(crate) const fn new(bounds: [u64; N]) -> Self {
        Self {
            bounds,
            counts: [const { AtomicU64::new(0) }; N],
            above: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts a number.
    pub(crate) fn add(&self, number: u64) {
        let at = self.bounds.partition_point(|bound| *bound < number);
        let count = self.counts.get(at).unwrap_or(&self.above);
        count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// What was counted up to now. What is counted meanwhile may be in one of the numbers and not
    /// yet in another; counts never contradict each other.
    pub(crate) fn counts(&self) -> HistogramCounts {
        let mut count = 0;
        let each = self.bounds.iter().zip(&self.counts);
        let up_to = each
            .map(|(bound, more)| {
                count += more.load(Ordering::Relaxed);
                (*bound, count)
            })
            .collect();
        HistogramCounts {
            up_to,
            count: count + self.above.load(Ordering::Relaxed),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_counted_up_to_its_bound_and_all_above_it() {
        let histogram = Histogram::new([1, 10, 100]);
        for number in [0, 1, 2, 10, 11, 100, 101, 5_000] {
            histogram.add(number);
        }
        assert_eq!(
            histogram.counts(),
            HistogramCounts {
                up_to: vec![(1, 2), (10, 4), (100, 6)],
                count: 8,
                sum: 5_225,
            }
        );
    }
}
