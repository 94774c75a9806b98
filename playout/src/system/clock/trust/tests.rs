use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;

/// What time it really was at the start of the boot: 2028-02-28T23:00Z.
const TRUE_MS: i64 = 1_835_391_600_000;

fn truth(boot_ms: u64) -> i64 {
    TRUE_MS.saturating_add_unsigned(boot_ms)
}

/// A reading of a clock that is `off_ms` away from the truth.
fn reading(boot_ms: u64, off_ms: i64, is_kept: bool) -> ClockReading {
    ClockReading {
        boot_ms,
        wall_ms: truth(boot_ms) + off_ms,
        is_kept,
        was_set: false,
    }
}

fn ignored(events: &[TimeEvent]) -> usize {
    events
        .iter()
        .filter(|event| matches!(event, TimeEvent::Ignored { .. }))
        .count()
}

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;

#[test]
fn a_clock_that_nobody_vouches_for_tells_nothing() {
    let mut trust = Trust::new(false);
    assert_eq!(trust.read(reading(1, 0, false)), None);
    assert_eq!(trust.wall_at(9), None);
    assert_eq!(trust.events(), []);
}

#[test]
fn what_was_vouched_for_once_goes_on_whatever_becomes_of_the_clock() {
    for off_ms in [-58 * YEAR, 71 * YEAR, HOUR, -HOUR, 2_000, -2_000] {
        let mut trust = Trust::new(false);
        assert_eq!(trust.read(reading(1_000, 0, true)), Some(truth(1_000)));
        for boot_ms in [2_000, 9_000, 90_000] {
            let read = trust.read(reading(boot_ms, off_ms, false));
            assert_eq!(read, Some(truth(boot_ms)), "{off_ms}");
        }
        let events = trust.events();
        assert_eq!(ignored(&events), 1, "it is told, and once: {events:?}");
        // Put right again, and wrong again: it is told again.
        trust.read(reading(91_000, 0, false));
        trust.read(reading(92_000, off_ms, false));
        assert_eq!(ignored(&trust.events()), 1);
    }
}

#[test]
fn a_step_is_believed_when_a_time_service_still_keeps_the_clock_after_it() {
    let mut trust = Trust::new(false);
    trust.read(reading(1_000, HOUR, true));
    assert_eq!(
        trust.read(reading(10_000, 0, true)),
        Some(truth(10_000) + HOUR)
    );
    assert_eq!(
        trust.read(reading(14_999, 0, true)),
        Some(truth(14_999) + HOUR)
    );
    assert_eq!(trust.read(reading(15_000, 0, true)), Some(truth(15_000)));
    assert_eq!(
        trust.events()[1..],
        [TimeEvent::Changed {
            until_boot_ms: 1_000,
            boot_ms: 10_000,
            wall_ms: truth(10_000)
        }]
    );
}

#[test]
fn a_step_after_which_the_time_service_lets_go_is_not_believed() {
    let mut trust = Trust::new(false);
    trust.read(reading(1_000, 0, true));
    trust.read(reading(10_000, HOUR, true));
    trust.read(reading(12_000, HOUR, false));
    assert_eq!(trust.read(reading(16_000, HOUR, true)), Some(truth(16_000)));
    assert_eq!(ignored(&trust.events()), 1);
}

#[test]
fn the_hubs_word_decides_about_a_step() {
    // Somebody set a clock right that had been wrong and vouched for by the operator.
    let mut trust = Trust::new(true);
    trust.read(reading(1_000, HOUR, false));
    assert_eq!(
        trust.read(reading(9_000, 0, false)),
        Some(truth(9_000) + HOUR)
    );
    trust.learn(9_500, truth(9_500) + 30_000);
    assert_eq!(trust.read(reading(9_600, 0, false)), Some(truth(9_600)));

    // Somebody's GPS counts its weeks wrong; the time service goes along, the hub does not.
    let mut trust = Trust::new(false);
    trust.read(reading(1_000, 0, true));
    trust.learn(2_000, truth(2_000) + 1_000);
    for boot_ms in [3_000, 9_000, 60_000] {
        let read = trust.read(reading(boot_ms, 1_024 * 7 * 24 * HOUR, true));
        assert_eq!(read, Some(truth(boot_ms)));
    }
    assert_eq!(ignored(&trust.events()), 1);
}

#[test]
fn a_hub_that_is_wrong_moves_nothing_while_a_time_service_vouches_and_is_told() {
    let mut trust = Trust::new(false);
    trust.read(reading(1_000, 0, true));
    for boot_ms in [2_000, 12_000, 22_000] {
        trust.learn(boot_ms, truth(boot_ms) - YEAR);
    }
    assert_eq!(trust.read(reading(23_000, 0, true)), Some(truth(23_000)));
    assert_eq!(ignored(&trust.events()), 1);
}

#[test]
fn years_that_cannot_be_are_never_believed_whoever_says_so() {
    for wall_ms in [
        0,
        *WALL_MS.start() - 1,
        *WALL_MS.end() + 1,
        i64::MAX,
        i64::MIN,
    ] {
        let mut trust = Trust::new(true);
        trust.learn(5, wall_ms);
        for boot_ms in [10, 10_000] {
            let reading = ClockReading {
                boot_ms,
                wall_ms,
                is_kept: true,
                was_set: true,
            };
            assert_eq!(trust.read(reading), None, "{wall_ms}");
        }
        assert!(ignored(&trust.events()) > 0, "and it is told");
        assert_eq!(trust.read(reading(20_000, 0, false)), Some(truth(20_000)));
    }
}

#[test]
fn a_clock_that_went_alone_for_a_month_follows_the_hub_and_says_since_when() {
    let mut trust = Trust::new(false);
    trust.read(reading(1_000, 0, true));
    let month: u64 = 30 * 86_400_000;
    trust.read(reading(month, 0, false));
    trust.learn(month, truth(month) + 130_000);
    assert_eq!(trust.wall_at(month), Some(truth(month) + 130_000));
    assert_eq!(
        trust.events()[1..],
        [TimeEvent::Changed {
            until_boot_ms: 1_000,
            boot_ms: month,
            wall_ms: truth(month) + 130_000
        }]
    );
}

#[test]
fn a_hub_that_is_alone_must_say_a_new_time_twice() {
    let mut trust = Trust::new(false);
    trust.learn(1_000, truth(1_000) + HOUR);
    trust.learn(2_000, truth(2_000));
    trust.learn(6_999, truth(6_999));
    assert_eq!(trust.wall_at(7_000), Some(truth(7_000) + HOUR));
    trust.learn(7_000, truth(7_000));
    assert_eq!(trust.wall_at(7_000), Some(truth(7_000)));
}

#[test]
fn a_leap_second_is_no_step() {
    for off_ms in [-1_000, 1_000] {
        let mut trust = Trust::new(false);
        trust.read(reading(1_000, 0, true));
        let read = trust.read(reading(2_000, off_ms, true));
        assert_eq!(read, Some(truth(2_000) + off_ms));
        assert_eq!(ignored(&trust.events()), 0);
    }
}

#[test]
fn anchors_come_hourly_while_somebody_vouches_and_not_otherwise() {
    let mut trust = Trust::new(false);
    for minute in 0..600 {
        trust.read(reading(minute * 60_000, 0, minute < 300));
        if minute % 10 == 0 {
            let count = trust.events().len();
            let is_due = minute % 60 == 0 && minute < 300;
            assert_eq!(count, usize::from(is_due), "minute {minute}");
        }
    }
}

#[test]
fn what_timesyncd_set_once_is_enough_until_an_earlier_run_knows_better() {
    let mut trust = Trust::new(false);
    let set = ClockReading {
        was_set: true,
        ..reading(5_000, HOUR, false)
    };
    assert_eq!(trust.read(set), Some(truth(5_000) + HOUR));
    trust.resume(1_000, truth(1_000));
    assert_eq!(trust.read(set), Some(truth(5_000)));
    trust.resume(1_000, truth(1_000) + HOUR);
    assert_eq!(trust.wall_at(5_000), Some(truth(5_000)));
}

/// One thing that happens to a terminal's time.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// Time passes, with a look every second.
    Pass { seconds: u64 },
    /// Somebody sets the clock; the kernel knows that nobody keeps it then.
    SetClock { off_ms: i64 },
    /// A time service gets through to its servers and sets the clock.
    Sync { off_ms: i64 },
    /// It is left alone for too long.
    LoseSync,
    /// An honest hub answers.
    HonestHub { off_ms: i64 },
    /// A hub that is wrong answers.
    WrongHub { off_ms: i64 },
}

fn happening() -> impl Strategy<Value = Happening> {
    let far = prop_oneof![
        -60 * YEAR..100 * YEAR,
        -3 * HOUR..3 * HOUR,
        Just(-58 * YEAR),
        Just(71 * YEAR),
    ];
    prop_oneof![
        3 => (1u64..40).prop_map(|seconds| Happening::Pass { seconds }),
        2 => far.clone().prop_map(|off_ms| Happening::SetClock { off_ms }),
        2 => (-50i64..50).prop_map(|off_ms| Happening::Sync { off_ms }),
        1 => Just(Happening::LoseSync),
        2 => (-900i64..900).prop_map(|off_ms| Happening::HonestHub { off_ms }),
        1 => far.prop_map(|off_ms| Happening::WrongHub { off_ms }),
    ]
}

proptest! {
    #![proptest_config(random_cases(256))]

    /// Honest sources, clocks that anybody sets, and hubs that are wrong while a time service
    /// vouches: whatever is believed is right to within two seconds, and so is every date that its
    /// anchors give.
    #[test]
    fn whatever_is_believed_is_right_when_only_honest_sources_vouch(
        happenings in prop::collection::vec(happening(), 1..60),
    ) {
        use passerby_protocol::dating::Anchors;

        let mut trust = Trust::new(false);
        let (mut boot_ms, mut off_ms, mut is_kept, mut has_vouched) = (20_000u64, -50 * YEAR, false, false);
        let mut anchors = Anchors::default();
        let mut shown = Vec::new();
        for happening in happenings {
            let off_ms_of_clock = off_ms;
            match happening {
                Happening::SetClock { off_ms: set } => (off_ms, is_kept) = (off_ms.saturating_add(set), false),
                Happening::Sync { off_ms: set } => (off_ms, is_kept) = (set, true),
                Happening::LoseSync => is_kept = false,
                Happening::HonestHub { off_ms } => {
                    has_vouched = true;
                    trust.learn(boot_ms, truth(boot_ms) + off_ms);
                }
                Happening::WrongHub { off_ms } => {
                    has_vouched |= is_kept;
                    if is_kept {
                        trust.read(reading(boot_ms, off_ms_of_clock, true));
                        trust.learn(boot_ms, truth(boot_ms).saturating_add(off_ms));
                    }
                }
                Happening::Pass { seconds } => {
                    for _ in 0..seconds {
                        boot_ms += 1_000;
                        has_vouched |= is_kept;
                        let believed = trust.read(reading(boot_ms, off_ms, is_kept));
                        prop_assert_eq!(believed.is_some(), has_vouched);
                        if let Some(believed) = believed {
                            prop_assert!(believed.abs_diff(truth(boot_ms)) <= 2_000);
                        }
                        shown.push(boot_ms);
                    }
                }
            }
            let events = trust.events();
            prop_assert!(events.len() <= EVENTS_MAX);
            for event in events {
                match event {
                    TimeEvent::Vouched { boot_ms, wall_ms } => {
                        anchors.add(boot_ms, wall_ms);
                    }
                    TimeEvent::Changed { until_boot_ms, boot_ms, wall_ms } => {
                        anchors.hold(until_boot_ms);
                        anchors.add(boot_ms, wall_ms);
                    }
                    TimeEvent::Ignored { .. } => {}
                }
            }
        }
        prop_assert_eq!(anchors.is_empty(), trust.wall_at(0).is_none());
        for at in shown {
            if let Some(date) = anchors.date(at) {
                prop_assert!(date.abs_diff(truth(at)) <= 2_000, "{} off", date - truth(at));
            }
        }
    }

    /// Liars of every kind at once: no panic, a bounded number of events, never a year that cannot
    /// be.
    #[test]
    fn nothing_that_anybody_says_is_believed_out_of_range(
        said in prop::collection::vec((any::<u64>(), any::<i64>(), any::<bool>(), any::<bool>(), any::<bool>()), 1..100),
        operator: bool,
    ) {
        let mut trust = Trust::new(operator);
        for (boot_ms, wall_ms, is_kept, was_set, is_hub) in said {
            if is_hub {
                trust.learn(boot_ms, wall_ms);
            } else {
                trust.read(ClockReading { boot_ms, wall_ms, is_kept, was_set });
            }
        }
        for event in trust.events() {
            if let TimeEvent::Vouched { wall_ms, .. } | TimeEvent::Changed { wall_ms, .. } = event {
                prop_assert!(WALL_MS.contains(&wall_ms), "{wall_ms}");
            }
        }
    }
}
