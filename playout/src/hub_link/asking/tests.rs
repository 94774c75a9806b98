use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;

const POLL_MS: u64 = 10_000;
const DAY_MS: u64 = 86_400_000;
/// What a hub says that has held a call for as long as it could.
const AFTER_HOLD: Pace = Pace {
    next_after_ms: 1_000,
    spread_ms: 4_000,
    return_spread_ms: 5_000,
};
/// What it says with something new.
const AFTER_NEWS: Pace = Pace {
    next_after_ms: 1_000,
    spread_ms: 1_000,
    return_spread_ms: 5_000,
};
/// What it says to a terminal that polls.
const NOT_HELD: Pace = Pace {
    next_after_ms: 7_000,
    spread_ms: 2_000,
    return_spread_ms: 5_000,
};
const BROKEN: Came = Came::Broken {
    retry_after_ms: None,
};

/// splitmix64, after Steele, Lea and Flood, 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

fn changes(pace: Pace, is_news: bool) -> Came {
    Came::Changes {
        pace,
        is_news,
        is_taken: true,
    }
}

/// Lets a terminal ask a hub for a day of simulated time; `hub` says how long a call takes and what
/// comes of it. Returns when the calls were made.
fn day(asking: &mut Asking, seed: u64, mut hub: impl FnMut(Call, u64) -> (u64, Came)) -> Vec<u64> {
    let (mut now_ms, mut asked, mut random) = (0, Vec::new(), Random(seed));
    while now_ms < DAY_MS {
        let call = asking.call(now_ms);
        asked.push(now_ms);
        let (took_ms, came) = hub(call, now_ms);
        let times = Times {
            asked_ms: now_ms,
            now_ms: now_ms + took_ms,
        };
        now_ms += took_ms + asking.came(call, came, times, random.next());
    }
    asked
}

/// A hub that has the call, and nothing new.
fn quiet(call: Call) -> (u64, Came) {
    match call {
        Call::Changes { hold_ms: None } => (20, changes(AFTER_NEWS, false)),
        Call::Changes { hold_ms: Some(0) } => (20, changes(NOT_HELD, false)),
        Call::Changes {
            hold_ms: Some(hold_ms),
        } => (hold_ms + 20, changes(AFTER_HOLD, false)),
        Call::Apart => panic!("the hub has the call"),
    }
}

fn longest_gap(asked: &[u64]) -> u64 {
    asked
        .windows(2)
        .map(|two| two[1] - two[0])
        .max()
        .expect("two")
}

#[test]
fn a_terminal_with_nothing_to_do_asks_about_once_a_minute() {
    let asked = day(&mut Asking::new(POLL_MS), 1, |call, _| quiet(call));
    assert!((1_440..=1_560).contains(&asked.len()), "{}", asked.len());
}

#[test]
fn an_older_hub_is_asked_as_it_always_was_and_tried_once_an_hour() {
    let (mut apart, mut tried) = (0, 0);
    let asked = day(&mut Asking::new(POLL_MS), 1, |call, _| match call {
        Call::Apart => {
            apart += 1;
            (20, Came::Apart)
        }
        Call::Changes { .. } => {
            tried += 1;
            (20, Came::NoSuchCall)
        }
    });
    assert!((8_500..=8_640).contains(&apart), "{apart}");
    assert_eq!((tried, asked.len()), (24, apart + 24));
}

#[test]
fn a_hub_that_learns_the_call_is_asked_by_it_within_the_hour() {
    let mut asking = Asking::new(POLL_MS);
    let asked = day(&mut asking, 1, |call, now_ms| match call {
        Call::Apart => (20, Came::Apart),
        Call::Changes { .. } if now_ms < 7_200_000 => (20, Came::NoSuchCall),
        Call::Changes { .. } => quiet(call),
    });
    let after = asked.iter().filter(|at| **at > 3 * 3_600_000).count();
    assert!((1_260..=1_365).contains(&after), "{after}");
}

#[test]
fn calls_that_are_cut_off_become_shorter_and_few() {
    // A proxy that gives up after so many seconds, and how many calls a day that may cost.
    for (cut_ms, calls_max) in [(50_000, 3_600), (30_000, 6_000), (12_000, 11_000)] {
        let mut held = Vec::new();
        let asked = day(&mut Asking::new(POLL_MS), 1, |call, _| {
            if let Call::Changes {
                hold_ms: Some(hold_ms),
            } = call
            {
                held.push(hold_ms);
                if hold_ms > cut_ms {
                    return (cut_ms, BROKEN);
                }
            }
            quiet(call)
        });
        assert!(asked.len() <= calls_max, "{cut_ms}: {}", asked.len());
        let broken = held.iter().filter(|hold_ms| **hold_ms > cut_ms).count();
        assert!(
            broken <= 50,
            "two an hour: {broken} of {} with {cut_ms}",
            held.len()
        );
    }
}

#[test]
fn where_every_held_call_breaks_at_once_the_terminal_polls_at_the_hubs_pace() {
    for took_ms in [0, 1, 4_000] {
        let mut broken = 0;
        let asked = day(&mut Asking::new(POLL_MS), 1, |call, _| match call {
            Call::Changes { hold_ms: Some(1..) } => {
                broken += 1;
                (took_ms, BROKEN)
            }
            _ => quiet(call),
        });
        assert!(broken <= 50, "two an hour: {broken}");
        assert!(
            (9_000..=12_000).contains(&asked.len()),
            "{took_ms}: {}",
            asked.len()
        );
        assert!(longest_gap(&asked) < 30_000);
    }
}

#[test]
fn one_call_that_breaks_with_its_hub_says_nothing_of_the_way() {
    let mut asking = Asking::new(POLL_MS);
    // Every hour the hub is killed under the call, and back at once.
    let mut killed_ms = 0;
    day(&mut asking, 1, |call, now_ms| {
        if let Call::Changes { hold_ms: Some(_) } = call
            && now_ms - killed_ms > 3_600_000
        {
            killed_ms = now_ms;
            return (20_000, BROKEN);
        }
        quiet(call)
    });
    assert_eq!((asking.hold_ms, asking.shortened_ms), (HOLD_MS_MAX, None));
}

#[test]
fn ten_thousand_terminals_that_lose_their_hub_come_back_over_the_time_that_it_told_them() {
    let told = Pace {
        return_spread_ms: 50_000,
        ..AFTER_HOLD
    };
    let mut random = Random(7);
    let mut seconds = vec![0; 60];
    for _ in 0..10_000 {
        let mut asking = Asking::new(POLL_MS);
        let at = |now_ms| Times {
            asked_ms: 0,
            now_ms,
        };
        let call = asking.call(0);
        asking.came(call, changes(told, false), at(10), random.next());
        let call = asking.call(2_000);
        let pause_ms = asking.came(call, BROKEN, at(20_000), random.next());
        seconds[usize::try_from(pause_ms / 1_000).expect("small")] += 1;
        assert_eq!(
            asking.call(20_000 + pause_ms),
            Call::Changes { hold_ms: None },
            "which is answered at once"
        );
    }
    assert!(seconds.iter().all(|&back| back < 300), "{seconds:?}");
}

#[test]
fn a_hub_that_has_news_every_time_is_asked_no_more_often_than_an_older_one() {
    let asked = day(&mut Asking::new(POLL_MS), 1, |_, _| {
        (20, changes(AFTER_NEWS, true))
    });
    assert!(asked.len() < 8_700, "{}", asked.len());
    // One whose news cannot be taken, since the disk refuses a key for example.
    let untaken = Came::Changes {
        pace: AFTER_NEWS,
        is_news: true,
        is_taken: false,
    };
    let asked = day(&mut Asking::new(POLL_MS), 1, |_, _| (20, untaken));
    assert!(asked.len() < 8_700, "{}", asked.len());
}

#[test]
fn a_hub_that_is_away_is_asked_ever_more_rarely_and_when_it_says() {
    let mut asking = Asking::new(POLL_MS);
    let asked = day(&mut asking, 1, |_, _| (20, BROKEN));
    assert!(asked.len() < 300, "{}", asked.len());
    let later = Came::Failed {
        retry_after_ms: Some(30_000),
    };
    let at = Times {
        asked_ms: 0,
        now_ms: 5,
    };
    let mut asking = Asking::new(POLL_MS);
    let call = asking.call(0);
    assert!(asking.came(call, later, at, 3) >= 30_000);
}

proptest! {
    #![proptest_config(random_cases(64))]

    #[test]
    fn whatever_comes_a_terminal_neither_hurries_nor_falls_asleep(
        seed: u64, pace in prop::array::uniform3(any::<u64>()), took_ms in 0u64..100_000,
    ) {
        let [next_after_ms, spread_ms, return_spread_ms] = pace;
        let pace = Pace { next_after_ms, spread_ms, return_spread_ms };
        let mut random = Random(seed);
        let asked = day(&mut Asking::new(POLL_MS), seed, |call, _| {
            let took_ms = random.next() % (took_ms + 1);
            match (call, random.next() % 5) {
                (Call::Apart, 0..3) => (took_ms, Came::Apart),
                (Call::Changes { .. }, 0) => (took_ms, Came::NoSuchCall),
                (Call::Changes { .. }, 1) => (took_ms, Came::Changes { pace, is_news: true, is_taken: false }),
                (Call::Changes { .. }, 2) => (took_ms, Came::Changes { pace, is_news: false, is_taken: true }),
                (_, 3) => (took_ms, BROKEN),
                _ => (took_ms, Came::Failed { retry_after_ms: Some(random.next()) }),
            }
        });
        prop_assert!(longest_gap(&asked) <= 15 * 60_000 + 100_000);
        // However often it fails in between, once in a second is the most, but for a call that the
        // hub has not and the first tries after failures.
        prop_assert!(asked.len() < 90_000, "{}", asked.len());
    }
}
