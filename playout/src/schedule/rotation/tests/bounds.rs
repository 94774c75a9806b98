//! Bounds that hold for any mix: shares, caps, distances, restarts, timelines computed ahead.

use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;
use crate::schedule::rotation::accounts::{AccountId, Contender, WEIGHT_ONE};

/// One more than rounding can amount to in these runs, in milliseconds.
const ROUNDING_MS: u64 = 1;

/// Placements with weights or exact shares, and lengths in seconds.
fn mixes() -> impl Strategy<Value = Vec<(Option<u16>, u32, u32)>> {
    let placement = (prop::option::weighted(0.3, 1u16..20), 1u32..40, 2u32..60);
    prop::collection::vec(placement, 1..9)
}

fn toml_of(mix: &[(Option<u16>, u32, u32)]) -> String {
    mix.iter()
        .map(|(share, weight, seconds)| {
            let terms = match share {
                Some(share) => format!("share_percent={share}"),
                None => format!("weight={weight}"),
            };
            format!("[[placement]]\ncreative='a.png'\nseconds={seconds}\n{terms}\n")
        })
        .collect()
}

/// What each placement of a mix should have of the air time, in millionths. Shares below 9 × 19 %
/// may not be feasible.
fn shares_of(mix: &[(Option<u16>, u32, u32)]) -> Option<Vec<f64>> {
    let exact: u32 = mix
        .iter()
        .filter_map(|placement| placement.0)
        .map(u32::from)
        .sum();
    let weights: u32 = mix
        .iter()
        .filter(|placement| placement.0.is_none())
        .map(|placement| placement.1)
        .sum();
    if exact >= 95 {
        return None;
    }
    let share = |&(share, weight, _): &(Option<u16>, u32, u32)| match share {
        // Alone, exact shares have all the time between them.
        Some(share) if weights == 0 => f64::from(share) / f64::from(exact),
        Some(share) => f64::from(share) / 100.0,
        None => f64::from(weight) / f64::from(weights) * f64::from(100 - exact) / 100.0,
    };
    Some(mix.iter().map(share).collect())
}

fn place_of(aired: &Aired) -> usize {
    let key = aired.key.as_deref().expect("something airs");
    key.rsplit('/')
        .next()
        .expect("a place")
        .parse()
        .expect("a number")
}

proptest! {
    #![proptest_config(random_cases(200))]

    #[test]
    fn aired_time_is_never_further_from_its_share_than_the_longest_slot(mix in mixes(), plays in 50usize..400) {
        let Some(shares) = shares_of(&mix) else { return Ok(()) };
        let mut zone = zone(&toml_of(&mix), unknown());
        let longest_ms = mix.iter().map(|placement| u64::from(placement.2) * 1_000).max().unwrap_or(0);
        let mut aired_ms = vec![0_u64; mix.len()];
        for _ in 0..plays {
            let aired = zone.air();
            aired_ms[place_of(&aired)] += aired.visible_ms;
            let all_ms: u64 = aired_ms.iter().sum();
            for (own_ms, share) in aired_ms.iter().zip(&shares) {
                #[expect(clippy::cast_precision_loss, reason = "some hours")]
                let (off_ms, most_ms) = ((*own_ms as f64 - all_ms as f64 * share).abs(), (longest_ms + ROUNDING_MS) as f64);
                prop_assert!(off_ms <= most_ms, "{off_ms} ms off, longest slot {longest_ms} ms, share {share}");
            }
        }
    }

    #[test]
    fn distances_that_leave_room_cost_at_most_their_own_length(
        weights in prop::collection::vec(1u64..12, 3..9), part in 10u64..50, seconds in 2u64..30,
    ) {
        // Each advertiser wants to be apart from itself by a part of the slots that its share
        // leaves between its plays.
        let all: u64 = weights.iter().sum();
        let mut catalog = Catalog::new();
        let mut apart_max_ms = 0;
        for (at, weight) in weights.iter().enumerate() {
            let apart_s = (all - weight) * part / (weight * 100) * seconds;
            let apart = if apart_s > 0 { format!("apart_seconds={apart_s}\n") } else { String::new() };
            apart_max_ms = apart_max_ms.max(apart_s * 1_000);
            catalog.extend(campaign(&format!("c{at}"), &format!(
                "advertiser='A{at}'\n{apart}[[placement]]\ncreative='a.png'\nweight={weight}\nseconds={seconds}\n",
            )));
        }
        let mut zone = Zone::new(rules(), catalog, at(MONDAY));
        let mut aired_ms = vec![0_u64; weights.len()];
        for _ in 0..300 {
            let aired = zone.air();
            let Some(key) = &aired.key else { continue };
            let who: usize = key[1..key.find('/').expect("a slash")].parse().expect("a number");
            aired_ms[who] += aired.visible_ms;
            let total_ms: u64 = aired_ms.iter().sum();
            for (own_ms, weight) in aired_ms.iter().zip(&weights) {
                let off_ms = own_ms.abs_diff(total_ms * weight / all);
                prop_assert!(off_ms <= seconds * 1_000 + apart_max_ms + ROUNDING_MS, "{off_ms} ms off, {apart_max_ms} ms apart");
            }
        }
    }

    #[test]
    fn each_change_of_who_may_air_costs_at_most_one_slot(
        mix in prop::collection::vec((1u64..40, 2u64..60), 2..8),
        changes in prop::collection::vec((any::<u8>(), 1usize..40), 1..12),
    ) {
        let mut accounts = Accounts::default();
        let all: Vec<Contender> = mix.iter().enumerate().map(|(at, (weight, seconds))| Contender {
            account: accounts.open(&ItemKey::from(format!("{at}"))),
            rate: weight * WEIGHT_ONE,
            length_ms: seconds * 1_000,
            floats: false,
        }).collect();
        let longest_ms = mix.iter().map(|item| item.1 * 1_000).max().unwrap_or(0);
        let (mut aired_ms, mut owed_ms) = (vec![0_u64; all.len()], vec![0.0_f64; all.len()]);
        for (count, (mask, plays)) in changes.iter().enumerate() {
            let here: Vec<usize> = (0..all.len()).filter(|at| mask & (1 << at) != 0).collect();
            if here.is_empty() {
                continue;
            }
            let contenders: Vec<Contender> = here.iter().map(|&at| all[at]).collect();
            #[expect(clippy::cast_precision_loss, reason = "some hours")]
            for _ in 0..*plays {
                let picked = first(&accounts, &contenders);
                let length_ms = contenders[picked].length_ms;
                accounts.book(Class::Scheduled, &contenders, picked, length_ms);
                aired_ms[here[picked]] += length_ms;
                let rates: u64 = contenders.iter().map(|contender| contender.rate).sum();
                for &at in &here {
                    owed_ms[at] += length_ms as f64 * all[at].rate as f64 / rates as f64;
                }
                let most_ms = (longest_ms * (count as u64 + 1) + ROUNDING_MS) as f64;
                for at in 0..all.len() {
                    let off_ms = (aired_ms[at] as f64 - owed_ms[at]).abs();
                    prop_assert!(off_ms <= most_ms, "{off_ms} ms off after {count} changes, longest slot {longest_ms} ms");
                }
            }
        }
    }

    #[test]
    fn a_restart_at_any_play_changes_no_later_pick(
        mix in mixes(), stop in 0usize..120, cut in 0usize..40, capped in any::<bool>(), competes in any::<bool>(),
    ) {
        let mut toml = String::from("advertiser='A'\napart_seconds=4\n");
        if competes {
            toml.push_str("[adaptive]\nfloor_percent=5\n");
        }
        toml.push_str(&toml_of(&mix));
        if capped {
            toml.push_str("per_hour=20\n");
        }
        let mut steady = zone(&toml, at(MONDAY));
        let mut restarted = zone(&toml, at(MONDAY));
        let folder = tempfile::tempdir().expect("a folder");
        for play in 0..160 {
            if play == stop {
                restarted = restart(folder.path(), restarted, &toml);
            }
            // Some plays are cut short.
            let visible = |planned_ms: u64| if play % 40 == cut { planned_ms / 3 } else { planned_ms };
            prop_assert_eq!(restarted.air_for(visible), steady.air_for(visible));
        }
    }

    #[test]
    fn caps_and_distances_are_never_broken_and_nobody_starves(
        weights in prop::collection::vec((1u32..50, 2u32..30, 1u32..20, 0u32..90), 2..7),
    ) {
        let mut catalog = Catalog::new();
        for (at, (weight, seconds, per_hour, apart)) in weights.iter().enumerate() {
            let apart = if *apart > 30 { format!("apart_seconds={apart}\nrivals_apart_seconds={apart}\n") } else { String::new() };
            catalog.extend(campaign(&format!("c{at}"), &format!(
                "advertiser='A{at}'\ncategory='k{}'\n{apart}[[placement]]\ncreative='a.png'\nweight={weight}\nseconds={seconds}\nper_hour={per_hour}\n", at % 2,
            )));
        }
        let mut zone = Zone::new(rules(), catalog, at(MONDAY));
        let mut plays: Vec<Vec<(u64, u64)>> = vec![Vec::new(); weights.len()];
        let end_ms = zone.now.boot_ms + 3 * 3_600_000;
        while zone.now.boot_ms < end_ms {
            let aired = zone.air();
            if let Some(key) = &aired.key {
                let who: usize = key[1..key.find('/').expect("a slash")].parse().expect("a number");
                plays[who].push((aired.start.boot_ms, zone.now.boot_ms));
            }
        }
        for (who, own) in plays.iter().enumerate() {
            prop_assert!(!own.is_empty(), "{who} starves");
            for hour in 0..3 {
                let from_ms = 60_000 + hour * 3_600_000;
                let within = own.iter().filter(|play| (from_ms..from_ms + 3_600_000).contains(&play.0)).count();
                prop_assert!(within <= weights[who].2 as usize);
            }
            for (rival, others) in plays.iter().enumerate() {
                let apart = |who: usize| if weights[who].3 > 30 { u64::from(weights[who].3) * 1_000 } else { 0 };
                let apart_ms = if rival == who { apart(who) } else if rival % 2 == who % 2 { apart(who).max(apart(rival)) } else { 0 };
                for (start_ms, _) in own {
                    let before = others.iter().filter(|play| play.0 < *start_ms).map(|play| play.1).max();
                    prop_assert!(before.is_none_or(|end_ms| *start_ms >= end_ms + apart_ms), "{who} after {rival}");
                }
            }
        }
    }
}

/// Puts all that a zone remembers on disk, and takes it up from there.
fn restart(folder: &std::path::Path, zone: Zone, toml: &str) -> Zone {
    use crate::ledger::{Ledger, NewPlay};
    use passerby_protocol::plays::{Display, Outcome, PlayContent};

    // The ledger saves with plays: the whole state goes in with one.
    let mut ledger = Ledger::open(folder).expect("opens").0;
    let mut history = zone.history.clone();
    history.accounts.touch();
    let play = NewPlay {
        number: ledger.next_number().expect("a number"),
        content: PlayContent {
            assignment: Assignment::NONE,
            campaign: "x".into(),
            creative: Digest([0; 32]),
        },
        start: zone.now.clone(),
        visible_ms: 0,
        outcome: Outcome::Complete,
        display: Display::Unknown,
    };
    let ended = zone.airings.all();
    let mut bookings: Vec<Booked> = zone
        .history
        .groups
        .iter()
        .flat_map(|(group, airing)| {
            airing.newest().into_iter().map(|key| Booked {
                competed: Some((group.clone(), key)),
                ended: Vec::new(),
            })
        })
        .collect();
    bookings.push(Booked {
        ended,
        competed: None,
    });
    for booked in &bookings {
        ledger
            .record(&play, "main", &mut history, booked)
            .expect("records");
    }
    drop(ledger);
    let ledger = Ledger::open(folder).expect("opens").0;
    let mut history = ledger.history("main").expect("reads");
    Zone {
        rotation: Rotation::new(rules(), campaign("x", toml), &mut history.accounts),
        airings: ledger.airings().expect("reads"),
        history,
        ..zone
    }
}

#[test]
fn a_timeline_computed_ahead_is_what_airs() {
    let toml = "[[phase]]\nname='burst'\nuntil=2026-11-24\ngoal_plays=900\nends_on='goal'\n[[phase]]\nname='fans'\n\
                [[placement]]\ncreative='a.png'\nseconds=12\nshare_percent=20\n\
                [[placement]]\ncreative='b.png'\nper_hour=7\n[[placement]]\ncreative='c.png'\ndayparts=['08:30-09:15']\n";
    let mut ahead = zone(toml, at(MONDAY));
    let mut airs = zone(toml, at(MONDAY));
    let timeline: Vec<Aired> = (0..1_000).map(|_| ahead.air()).collect();
    for expected in timeline {
        assert_eq!(airs.air(), expected);
    }
}

#[test]
fn who_was_away_neither_saves_up_nor_starves() {
    let mut accounts = Accounts::default();
    let contender = |account: AccountId, rate: u64| Contender {
        account,
        rate,
        length_ms: 10_000,
        floats: false,
    };
    let (a, b) = (
        accounts.open(&ItemKey::from("a".to_owned())),
        accounts.open(&ItemKey::from("b".to_owned())),
    );
    let alone = [contender(a, WEIGHT_ONE)];
    let both = [contender(a, WEIGHT_ONE), contender(b, WEIGHT_ONE)];
    for _ in 0..100 {
        accounts.book(Class::Scheduled, &alone, 0, 10_000);
    }
    let mut first_ten = [0; 2];
    for _ in 0..10 {
        let picked = first(&accounts, &both);
        accounts.book(Class::Scheduled, &both, picked, 10_000);
        first_ten[picked] += 1;
    }
    assert_eq!(first_ten, [5, 5]);
    // One that could air all the time and never did, since others weigh more, has its turn at last.
    let heavy = [contender(a, 1_000 * WEIGHT_ONE), contender(b, WEIGHT_ONE)];
    let picks = (0..1_100).map(|_| {
        let picked = first(&accounts, &heavy);
        accounts.book(Class::Scheduled, &heavy, picked, 10_000);
        picked
    });
    assert!((1..=2).contains(&picks.sum::<usize>()));
}

/// Whose turn it is.
fn first(accounts: &Accounts, contenders: &[Contender]) -> usize {
    let ranks = accounts.ranks(Class::Scheduled, contenders);
    (0..contenders.len())
        .min_by_key(|&at| ranks[at])
        .expect("somebody airs")
}
