//! Which play numbers a file has used. They come in long runs, so runs are kept and not numbers.

use std::collections::BTreeMap;

/// A set of numbers; at most one entry a line of the file.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// First and last of each run.
    runs: BTreeMap<u32, u32>,
}

impl Numbers {
    /// Adds a number; `false` when it was there.
    pub(super) fn add(&mut self, number: u32) -> bool {
        let before = self.runs.range(..=number).next_back();
        let before = before.map(|(&first, &last)| (first, last));
        if before.is_some_and(|(_, last)| number <= last) {
            return false;
        }
        let joins_before = before.filter(|(_, last)| last.checked_add(1) == Some(number));
        let after = number
            .checked_add(1)
            .and_then(|next| self.runs.remove(&next));
        let first = joins_before.map_or(number, |(first, _)| first);
        self.runs.insert(first, after.unwrap_or(number));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_testing::random_cases;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn a_number_is_new_once_whatever_the_order(numbers in prop::collection::vec(0u32..40, 0..80)) {
            let (mut runs, mut set) = (Numbers::default(), BTreeSet::new());
            for number in numbers {
                prop_assert_eq!(runs.add(number), set.insert(number));
            }
            let kept: Vec<u32> = runs.runs.iter().flat_map(|(&first, &last)| first..=last).collect();
            prop_assert_eq!(kept, set.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn the_ends_of_the_range_are_numbers_too(number in prop_oneof![Just(0), Just(u32::MAX)]) {
            let mut runs = Numbers::default();
            prop_assert!(runs.add(number));
            prop_assert!(!runs.add(number));
        }
    }
}
