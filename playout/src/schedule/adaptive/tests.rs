//! What learning does to a group: bounds that hold for any mix, and single cases.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use passerby_protocol::Assignment;
use passerby_protocol::campaign::AdaptiveBy;
use passerby_protocol::tally::{LedTo, Tally};
use passerby_testing::random_cases;
use proptest::prelude::*;

use super::*;

/// A Monday.
const DAY: Date = date(2026, 11, 23);

fn part() -> WeekPart {
    WeekPart::at(0, 8 * 60)
}

fn tally(day: Date, plays: u32, scanned: u32) -> Tally {
    Tally {
        assignment: Assignment::new(1).expect("in range"),
        day,
        part: part(),
        plays,
        scanned,
        led_to: LedTo::default(),
    }
}

fn keys(count: usize) -> Vec<ItemKey> {
    (0..count)
        .map(|at| ItemKey::from(format!("metro/{at}")))
        .collect()
}

fn estimates(counts: &[(u32, u32)]) -> Vec<Estimate> {
    let tallies: Vec<Vec<Tally>> = counts
        .iter()
        .map(|&(plays, scanned)| match plays {
            0 => Vec::new(),
            _ => vec![tally(DAY, plays, scanned.min(plays))],
        })
        .collect();
    let group: Vec<&[Tally]> = tallies.iter().map(Vec::as_slice).collect();
    Model::default().estimate(&group, AdaptiveBy::Scans, Some(DAY))
}

fn candidates<'a>(keys: &'a [ItemKey], estimates: &'a [Estimate]) -> Vec<Candidate<'a>> {
    keys.iter()
        .zip(estimates)
        .map(|(key, estimate)| Candidate { key, estimate })
        .collect()
}

fn picks(
    candidates: &[Candidate<'_>],
    airing: &mut Airing,
    bounds: &LearningBounds,
    count: usize,
) -> Vec<Pick> {
    (0..count)
        .map(|_| {
            let pick = pick(candidates, Some(part()), 7, airing, bounds).expect("candidates");
            airing.book(candidates[pick.index].key);
            pick
        })
        .collect()
}

fn bounds() -> impl Strategy<Value = LearningBounds> {
    (0u8..=30, 1u8..=100, 0u8..=100).prop_map(|(floor_percent, ceiling_percent, trying_percent)| {
        LearningBounds {
            floor_percent,
            ceiling_percent,
            trying_percent,
        }
    })
}

proptest! {
    #![proptest_config(random_cases(100))]

    #[test]
    fn floors_and_ceilings_hold_in_every_stretch_whatever_aired_before(
        counts in prop::collection::vec((0u32..5_000, 0u32..100), 2..12),
        before in prop::collection::vec(0usize..14, 0..150),
        bounds in bounds(),
    ) {
        let (estimates, all) = (estimates(&counts), keys(14));
        let candidates = candidates(&all[..counts.len()], &estimates);
        let mut airing = Airing::default();
        for at in before {
            airing.book(&all[at]);
        }
        let aired: Vec<usize> =
            picks(&candidates, &mut airing, &bounds, 300).iter().map(|pick| pick.index).collect();
        if let Some(turn) = bounds.turn_plays(candidates.len()) {
            for stretch in aired.windows(usize::try_from(turn).expect("small")) {
                for at in 0..candidates.len() {
                    prop_assert!(stretch.contains(&at), "{at} is not in {stretch:?}");
                }
            }
        }
        let (most, of) = bounds.ceiling(candidates.len());
        for length in 1..=100u64 {
            for stretch in aired.windows(usize::try_from(length).expect("small")) {
                for at in 0..candidates.len() {
                    let plays = stretch.iter().filter(|&&one| one == at).count() as u64;
                    prop_assert!(plays <= (most * length).div_ceil(of), "{at}: {plays} of {length} in {stretch:?}");
                }
            }
        }
    }

    #[test]
    fn no_more_than_the_stated_share_is_tried_in_any_hundred(
        counts in prop::collection::vec((1u32..5_000, 1u32..100), 2..8), bounds in bounds(),
    ) {
        let (estimates, keys) = (estimates(&counts), keys(counts.len()));
        let picks = picks(&candidates(&keys, &estimates), &mut Airing::default(), &bounds, 300);
        for stretch in picks.windows(100) {
            let tried = stretch.iter().filter(|pick| matches!(pick.reason, LearningReason::Trying(_))).count();
            prop_assert!(tried <= usize::from(bounds.trying_percent));
        }
    }

    #[test]
    fn a_restart_after_any_play_changes_no_later_pick(
        counts in prop::collection::vec((0u32..5_000, 0u32..100), 2..8), stop in 0usize..1_200,
    ) {
        let (estimates, keys) = (estimates(&counts), keys(counts.len()));
        let candidates = candidates(&keys, &estimates);
        let mut airing = Airing::default();
        picks(&candidates, &mut airing, &LearningBounds::default(), stop);
        let mut restarted = Airing::restore(airing.plays(), airing.newest());
        prop_assert_eq!(&restarted, &airing);
        prop_assert_eq!(
            picks(&candidates, &mut restarted, &LearningBounds::default(), 50),
            picks(&candidates, &mut airing, &LearningBounds::default(), 50)
        );
    }
}

#[test]
fn what_is_not_known_is_shared_evenly() {
    let (estimates, keys) = (estimates(&[(0, 0); 4]), keys(4));
    let picks = picks(
        &candidates(&keys, &estimates),
        &mut Airing::default(),
        &LearningBounds::default(),
        2_000,
    );
    for at in 0..4 {
        let plays = picks.iter().filter(|pick| pick.index == at).count();
        assert!((420..580).contains(&plays), "{at} aired {plays} times");
    }
}

#[test]
fn who_comes_back_has_one_turn_and_saves_nothing_up() {
    let (estimates, keys) = (estimates(&[(4_000, 80), (4_000, 10), (4_000, 10)]), keys(3));
    let all = candidates(&keys, &estimates);
    let mut airing = Airing::default();
    picks(&all[..2], &mut airing, &LearningBounds::default(), 500);
    let first = picks(&all, &mut airing, &LearningBounds::default(), 20);
    assert_eq!(first[0].index, 2);
    let of_returned = first.iter().filter(|pick| pick.index == 2).count();
    assert!(of_returned <= 2, "{first:?}");
}

#[test]
fn a_candidate_that_leaves_changes_no_other_sample() {
    let keys = keys(3);
    let sample = |at: usize| Sample::new(7, 100, &keys[at]).beta(2.0, 50.0).to_bits();
    assert_eq!(sample(1), sample(1));
    assert_ne!(sample(1), sample(2));
}

#[test]
fn other_parts_of_the_week_help_where_little_is_known() {
    let evening = WeekPart::at(0, 20 * 60);
    let rows = |scanned| {
        [Tally {
            part: evening,
            ..tally(DAY, 3_000, scanned)
        }]
    };
    let (good, poor) = (rows(90), rows(20));
    let estimates = Model::default().estimate(&[&good, &poor], AdaptiveBy::Scans, Some(DAY));
    let morning = |at: usize| estimates[at].of(Some(part()));
    assert!(morning(0).mean() > 2.0 * morning(1).mean());
    assert!(
        morning(0).a < estimates[0].of(Some(evening)).a,
        "with less certainty than where it was counted"
    );
}

#[test]
fn old_days_count_for_less() {
    let old = [tally(DAY - 56.days(), 1_000, 50), tally(DAY, 1_000, 5)];
    let new = [tally(DAY - 56.days(), 1_000, 5), tally(DAY, 1_000, 50)];
    let estimates = Model::default().estimate(&[&old, &new], AdaptiveBy::Scans, Some(DAY));
    assert!(estimates[1].of(Some(part())).mean() > estimates[0].of(Some(part())).mean());
    // Nothing was counted for long: less is certain.
    let later = Model::default().estimate(&[&old, &new], AdaptiveBy::Scans, Some(DAY + 365.days()));
    assert!(later[1].of(Some(part())).a < estimates[1].of(Some(part())).a);
}

/// Plays of two creatives in the last of eight weeks, one that is scanned much and pressed little,
/// and one the other way about, when what came of them is told a day later.
fn plays_of(by: AdaptiveBy, is_told: bool) -> [u64; 2] {
    const CHANCES: [[f64; 2]; 2] = [[0.05, 0.002], [0.02, 0.01]];
    let keys = keys(2);
    let bounds = LearningBounds::default();
    let (mut airing, mut aired) = (Airing::default(), [0; 2]);
    let (mut told, mut last) = ([Vec::new(), Vec::new()], Vec::new());
    // SplitMix64, the same on every machine.
    let mut state = 1_u64;
    let mut chance = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from((z ^ (z >> 31)) >> 32).expect("32 bits")) / f64::from(u32::MAX)
    };
    for at in 0..8 * 5 {
        // Weekdays only, whose mornings are one part of the week.
        let day = DAY + (at / 5 * 7 + at % 5).days();
        for (tallies, tally) in told.iter_mut().zip(std::mem::take(&mut last)) {
            tallies.push(tally);
        }
        let group: Vec<&[Tally]> = told.iter().map(Vec::as_slice).collect();
        let estimates = Model::default().estimate(&group, by, Some(day));
        let candidates = candidates(&keys, &estimates);
        let mut rows = [tally(day, 0, 0); 2];
        for row in &mut rows {
            row.led_to.pressed = is_told.then_some(0);
        }
        for pick in picks(&candidates, &mut airing, &bounds, 400) {
            let row = &mut rows[pick.index];
            row.plays += 1;
            let [scanned, pressed] = CHANCES[pick.index].map(|of| u32::from(chance() < of));
            row.scanned += scanned.max(pressed);
            row.led_to.pressed = row.led_to.pressed.map(|before| before + pressed);
            aired[pick.index] += u64::from(at >= 35);
        }
        last = rows.into_iter().filter(|row| row.plays > 0).collect();
    }
    aired
}

#[test]
fn the_creative_that_brings_more_presses_airs_more_where_presses_are_wanted() {
    let [scanned, pressed] = plays_of(AdaptiveBy::Presses, true);
    assert!(pressed > 2 * scanned, "{scanned} {pressed}");
    let [scanned, pressed] = plays_of(AdaptiveBy::Scans, true);
    assert!(scanned > 2 * pressed, "{scanned} {pressed}");
    // A hub that counts no presses has scans go for them.
    let [scanned, pressed] = plays_of(AdaptiveBy::Presses, false);
    assert!(scanned > 2 * pressed, "{scanned} {pressed}");
}

#[test]
fn reasons_name_what_is_wanted() {
    let mut tally = tally(DAY, 1_000, 40);
    tally.led_to.pressed = Some(7);
    let group = [&[tally][..], &[]];
    let estimates = Model::default().estimate(&group, AdaptiveBy::Presses, Some(DAY));
    let keys = keys(2);
    let mut airing = Airing::default();
    let candidates = candidates(&keys, &estimates);
    let reasons: Vec<String> = picks(&candidates, &mut airing, &LearningBounds::default(), 60)
        .iter()
        .map(|pick| pick.reason.to_string())
        .collect();
    let says = |words: &str| reasons.iter().any(|reason| reason.contains(words));
    assert!(says("likely to bring most presses"), "{reasons:?}");
    assert!(
        says("0.70 % of 1000 plays") || says("0.7 % of 1000 plays"),
        "{reasons:?}"
    );
    assert!(!says("scan"), "{reasons:?}");
}
