use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;

/// 2028-02-29T23:59:55Z.
const LEAP_DAY_MS: i64 = 1_835_481_595_000;

fn anchors(points: &[(u64, i64)]) -> Anchors {
    let mut anchors = Anchors::default();
    for &(boot_ms, wall_ms) in points {
        anchors.add(boot_ms, wall_ms);
    }
    anchors
}

#[test]
fn one_anchor_dates_its_whole_boot_and_none_dates_nothing() {
    assert_eq!(Anchors::default().date(7), None);
    let one = anchors(&[(10_000, LEAP_DAY_MS)]);
    assert_eq!(one.date(0), Some(LEAP_DAY_MS - 10_000));
    assert_eq!(one.date(10_000), Some(LEAP_DAY_MS));
    assert_eq!(one.date(20_000), Some(LEAP_DAY_MS + 10_000));
}

#[test]
fn drift_is_spread_over_the_time_between() {
    // A month without a time service: the boot clock was 100 s slow at its end.
    let month_ms = 30 * 86_400_000;
    let two = anchors(&[(0, LEAP_DAY_MS), (month_ms, LEAP_DAY_MS + 2_592_100_000)]);
    assert_eq!(two.date(month_ms / 2), Some(LEAP_DAY_MS + 1_296_050_000));
    assert_eq!(two.date(month_ms), Some(LEAP_DAY_MS + 2_592_100_000));
}

#[test]
fn a_step_that_is_taken_back_later_moves_only_plays_within_it() {
    let hour = 3_600_000;
    let right = |boot_ms: u64| LEAP_DAY_MS + i64::try_from(boot_ms).expect("small");
    for error_ms in [86_400_000, -86_400_000, 5_000, -5_000] {
        let all = anchors(&[
            (0, right(0)),
            (hour - 1, right(hour - 1)),
            (hour, right(hour) + error_ms),
            (2 * hour - 1, right(2 * hour - 1) + error_ms),
            (2 * hour, right(2 * hour)),
        ]);
        for boot_ms in [0, 1_000, hour - 1_000, 2 * hour, 3 * hour] {
            assert_eq!(all.date(boot_ms), Some(right(boot_ms)), "{error_ms}");
        }
        assert_eq!(all.date(hour + 9), Some(right(hour + 9) + error_ms));
    }
}

#[test]
fn what_is_said_again_is_kept_once_an_hour_and_moves_no_date() {
    let mut all = anchors(&[(0, LEAP_DAY_MS)]);
    assert!(!all.add(10_000, LEAP_DAY_MS + 10_003));
    let day: i64 = 86_400_000;
    for hour in 1..=24_i64 {
        let at_ms = u64::try_from(hour * 3_600_000).expect("positive");
        assert!(all.add(at_ms, LEAP_DAY_MS + hour * 3_600_000 + hour % 7 - 3));
    }
    assert_eq!(all.points().len(), 2, "a clock that keeps time needs two");
    assert_eq!(all.date(86_400_000), Some(LEAP_DAY_MS + day));
    assert!(!all.add(5, 0), "what is older is not taken");
}

#[test]
fn a_leap_second_and_the_ends_of_years_are_one_second_and_no_more() {
    // 2028-02-29, the end of 2099, and 2100-02-28, after which there is no 29th.
    for midnight_ms in [1_835_481_600_000_i64, 4_102_444_800_000, 4_107_542_400_000] {
        let mut stepped = anchors(&[(100_000, midnight_ms - 5_000)]);
        stepped.hold(105_000);
        stepped.add(105_001, midnight_ms - 999);
        assert_eq!(stepped.date(104_999), Some(midnight_ms - 1));
        assert_eq!(stepped.date(106_001), Some(midnight_ms + 1));
        // Smeared over a day, the boot clock and the time service part by a second, evenly.
        let smeared = anchors(&[
            (0, midnight_ms - 43_200_000),
            (86_400_000, midnight_ms + 43_199_000),
        ]);
        assert_eq!(smeared.date(43_200_000), Some(midnight_ms - 500));
    }
}

#[test]
fn plays_of_a_boot_without_the_time_lie_between_their_neighbours() {
    let dated = |start: i64, end: i64| Run {
        first_start_boot_ms: 5,
        last_end_boot_ms: 50,
        dated: Some((start, end)),
    };
    let undated = |first: u64, last: u64| Run {
        first_start_boot_ms: first,
        last_end_boot_ms: last,
        dated: None,
    };
    let runs = [
        undated(0, 10),
        dated(1_000, 2_000),
        undated(100, 400),
        undated(7, 107),
        dated(9_000, 9_500),
        undated(3, 4),
        // The clock was wrong in one of the two around it.
        dated(20_000, 30_000),
        undated(1, 2),
        dated(25_000, 26_000),
    ];
    let bound = |not_before_ms, not_after_ms| Between {
        not_before_ms,
        not_after_ms,
    };
    let found = bounds(&runs);
    assert_eq!(found[0], bound(None, Some(1_000)));
    assert_eq!(found[1], Between::default());
    assert_eq!(found[2], bound(Some(2_000), Some(8_900)));
    assert_eq!(found[3], bound(Some(2_300), Some(9_000)));
    assert_eq!(found[5], bound(Some(9_500), Some(20_000)));
    assert_eq!(found[7], Between::default());
    let play = found[2].start_of(&runs[2], 150);
    assert_eq!(play, bound(Some(2_050), Some(8_650)));
    assert!(play.reaches(8_650) && !play.reaches(8_651));
    assert!(bounds(&[undated(0, 9)])[0].reaches(i64::MAX));
}

proptest! {
    #![proptest_config(random_cases(256))]

    /// Anchors of a clock that is off by less than a drift of 400 ppm and 200 ms, taken at any
    /// moments.
    #[test]
    fn dates_of_a_drifting_clock_are_right_in_order_and_bounded(
        ppm in -400i64..=400,
        steps in prop::collection::vec((1u64..40_000_000, -200i64..=200), 1..90),
        asked in prop::collection::vec(0.0f64..1.0, 1..40),
    ) {
        let truth = |boot_ms: u64| {
            let boot = i64::try_from(boot_ms).expect("small");
            LEAP_DAY_MS + boot + boot / 1_000_000 * ppm
        };
        let (mut all, mut boot_ms) = (Anchors::default(), 0);
        for (step_ms, error_ms) in steps {
            boot_ms += step_ms;
            all.add(boot_ms, truth(boot_ms) + error_ms);
            prop_assert!(all.points().len() <= BOOT_ANCHORS_MAX);
        }
        let first = all.points()[0].0;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a point on a line")]
        let mut asked: Vec<u64> = asked
            .into_iter()
            .map(|part| first + ((boot_ms - first) as f64 * part) as u64)
            .collect();
        asked.sort_unstable();
        let dates: Vec<i64> = asked.iter().filter_map(|&at| all.date(at)).collect();
        prop_assert_eq!(dates.len(), asked.len());
        for (&at, &date) in asked.iter().zip(&dates) {
            // Anchors that were thinned out carried at most what they could be wrong by.
            prop_assert!(date.abs_diff(truth(at)) <= 1_000, "{} off", date - truth(at));
        }
        for pair in asked.windows(2).zip(dates.windows(2)) {
            let (boots, dates) = pair;
            if boots[0] < boots[1] {
                prop_assert!(dates[0] <= dates[1], "the order is kept");
            }
        }
    }

    #[test]
    fn what_was_dated_before_a_change_keeps_its_date(
        points in prop::collection::btree_map(0u64..1_000_000_000, -1i64 << 40..1 << 40, 1..80),
        more in (1u64..1_000_000_000, any::<i64>()),
        asked in prop::collection::vec(0u64..2_000_000_000, 1..40),
    ) {
        let old = Anchors::new(points);
        let mut new = old.clone();
        let (reach_ms, _) = old.last().expect("not empty");
        let changed = new.add(reach_ms + more.0, more.1);
        let from_ms = old.differ_from(&new);
        prop_assert_eq!(changed, from_ms.is_some());
        prop_assert_eq!(old.are_older_than(&new), changed);
        prop_assert_eq!(Anchors::new(new.points().iter().copied()), new.clone());
        for at in asked {
            if from_ms.is_none_or(|from| at <= from) {
                prop_assert_eq!(old.date(at), new.date(at));
            }
        }
    }

    #[test]
    fn hostile_anchors_date_without_a_panic(
        points in prop::collection::vec((any::<u64>(), any::<i64>()), 0..200), at: u64,
    ) {
        let anchors = Anchors::new(points.iter().copied());
        prop_assert!(anchors.points().len() <= BOOT_ANCHORS_MAX);
        prop_assert_eq!(anchors.date(at).is_none(), points.is_empty());
    }

    /// Boots one after the other, some of which never learn the time: truth lies within the bounds.
    #[test]
    fn bounds_hold_the_truth(
        boots in prop::collection::vec((any::<bool>(), 0u64..1_000_000, prop::collection::vec((0u64..9_000, 1u64..9_000), 1..6)), 1..12),
    ) {
        let (mut now, mut runs, mut truths) = (LEAP_DAY_MS, Vec::<Run>::new(), Vec::new());
        for (knows, pause_ms, plays) in boots {
            now += i64::try_from(pause_ms).expect("small");
            let mut boot_ms = pause_ms % 77;
            let mut run: Option<Run> = None;
            for (wait_ms, visible_ms) in plays {
                boot_ms += wait_ms;
                now += i64::try_from(wait_ms).expect("small");
                let play = Run::of(boot_ms, visible_ms, knows.then_some(now));
                run = Some(run.map_or(play, |run| run.and(play)));
                truths.push((runs.len(), boot_ms, now));
                boot_ms += visible_ms;
                now += i64::try_from(visible_ms).expect("small");
            }
            runs.extend(run);
        }
        let bounds = bounds(&runs);
        for (at, boot_ms, truth) in truths {
            let bound = bounds[at].start_of(&runs[at], boot_ms);
            prop_assert!(bound.not_before_ms.is_none_or(|ms| ms <= truth));
            prop_assert!(bound.not_after_ms.is_none_or(|ms| truth <= ms));
            prop_assert!(runs[at].dated.is_none() || bound == Between::default());
        }
    }
}
