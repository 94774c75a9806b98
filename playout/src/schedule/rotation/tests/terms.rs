//! What placements may ask for, one by one.

use passerby_protocol::ScreenNumber;

use super::*;

#[test]
fn weights_share_the_air_time() {
    let mut zone = zone(
        "[[placement]]\ncreative='a.png'\nweight=3\n[[placement]]\ncreative='b.png'\n",
        unknown(),
    );
    let plays = zone.plays(8);
    assert_eq!(count(&plays, "x/0"), 6, "{plays:?}");
}

#[test]
fn an_untrusted_clock_airs_only_what_is_undated() {
    let mut dated = zone("[[phase]]\nname='p'\n", unknown());
    assert!(matches!(
        dated.next().decision,
        Decision::House {
            until_change_ms: None
        }
    ));
    let mut parts = zone(
        "[[placement]]\ncreative='a.png'\ndayparts=['07:00-09:00']\n[[placement]]\ncreative='b.png'\n",
        unknown(),
    );
    assert_eq!(parts.plays(3), ["x/1", "x/1", "x/1"]);
    // When the clock becomes known, the plan switches with the next pick.
    parts.now = at(MONDAY);
    assert_eq!(parts.plays(2), ["x/0", "x/1"]);
}

#[test]
fn dayparts_are_in_the_venues_time_and_the_house_knows_when_it_ends() {
    let toml = "[[placement]]\ncreative='a.png'\ndayparts=['mon-fri 07:00-08:00']\n";
    // Monday, 06:30 in Shanghai.
    let mut early = zone(toml, at("2026-11-22T22:30:00Z"));
    assert!(matches!(
        early.next().decision,
        Decision::House {
            until_change_ms: Some(1_800_000)
        }
    ));
    assert_eq!(early.plays(2), ["house", "x/0"]);
}

#[test]
fn fillers_wait_for_scheduled_content_and_skipped_items_for_their_repair() {
    let mut zone = zone(
        "[[placement]]\ncreative='a.png'\nfiller=true\n[[placement]]\ncreative='b.png'\n",
        unknown(),
    );
    assert_eq!(zone.plays(2), ["x/1", "x/1"]);
    let around = PickSurroundings {
        history: &zone.history,
        airings: &zone.airings,
        facts: &zone.facts,
    };
    let next = zone
        .rotation
        .next(&zone.now, around, |item| &*item.key.0 == "x/1");
    let Decision::Item(pick) = next.decision else {
        panic!("something airs");
    };
    assert_eq!((pick.index, pick.class), (0, Class::Filler));
}

#[test]
fn fillers_air_in_turn_though_each_gap_is_one_slot() {
    let mut zone = zone(
        "[[placement]]\ncreative='a.png'\nfiller=true\n[[placement]]\ncreative='b.png'\nfiller=true\n[[placement]]\ncreative='c.png'\nshare_percent=50\n",
        unknown(),
    );
    let plays = zone.plays(400);
    assert_eq!(count(&plays, "x/2"), 200);
    assert_eq!(count(&plays, "x/0"), 100, "{:?}", &plays[..12]);
}

#[test]
fn an_exact_share_is_exact_whatever_the_weights_beside_it() {
    for weights in [[1, 1], [1, 100], [700, 3]] {
        let mut zone = zone(
            &format!(
                "[[placement]]\ncreative='a.png'\nshare_percent=25\n[[placement]]\ncreative='b.png'\nweight={}\nseconds=7\n[[placement]]\ncreative='c.png'\nweight={}\n",
                weights[0], weights[1]
            ),
            unknown(),
        );
        let (mut own_ms, mut all_ms) = (0, 0);
        for _ in 0..2_000 {
            let aired = zone.air();
            all_ms += aired.visible_ms;
            if aired.key.as_deref() == Some("x/0") {
                own_ms += aired.visible_ms;
            }
            assert!(
                (own_ms * 4).abs_diff(all_ms) <= 4 * 10_000,
                "{own_ms} of {all_ms}"
            );
        }
    }
}

#[test]
fn a_takeover_airs_alone_while_it_may_and_says_when_it_begins() {
    let toml = "[[placement]]\ncreative='a.png'\ntakeover='now'\ndayparts=['08:05-08:06']\n[[placement]]\ncreative='b.png'\n";
    let mut zone = zone(toml, at(MONDAY));
    assert_eq!(zone.next().takeover_in_ms, Some(300_000));
    let plays = zone.plays(40);
    assert_eq!(plays[..30], vec!["x/1"; 30]);
    assert_eq!(plays[30..36], vec!["x/0"; 6]);
    assert_eq!(plays[36..], vec!["x/1"; 4]);
}

#[test]
fn a_takeover_ends_with_its_time_though_its_slot_be_longer() {
    let toml = "[[placement]]\ncreative='a.png'\ntakeover='now'\nseconds=50\ndayparts=['08:00-08:02']\n\
                [[placement]]\ncreative='b.png'\ntakeover='now'\nseconds=3600\ntrigger={name='bell',seconds=70}\n\
                [[placement]]\ncreative='c.png'\n";
    let mut zone = zone(toml, at(MONDAY));
    let aired: Vec<Aired> = (0..4).map(|_| zone.air()).collect();
    let lengths: Vec<u64> = aired.iter().map(|aired| aired.visible_ms).collect();
    assert_eq!(lengths, [50_000, 50_000, 20_000, 10_000]);
    let context = LiveContext::default();
    context.trigger("bell", &zone.now).expect("is taken");
    zone.facts = context.facts(&zone.now);
    let aired = zone.air();
    assert_eq!(
        (aired.key.as_deref(), aired.visible_ms),
        (Some("x/1"), 70_000)
    );
    assert_eq!(zone.plays(1), ["x/2"]);
}

#[test]
fn caps_hold_by_the_hour_and_by_the_day_and_the_rest_goes_to_others() {
    let toml = "[[placement]]\ncreative='a.png'\nper_hour=6\nper_day=20\nweight=50\n[[placement]]\ncreative='b.png'\n";
    let mut zone = zone(toml, at("2026-11-22T16:00:00Z"));
    let mut by_hour = [0; 24];
    for _ in 0..8_640 {
        let aired = zone.air();
        let hour = zone
            .rotation
            .rules()
            .local(&aired.start)
            .expect("known")
            .hour();
        by_hour[usize::from(hour.unsigned_abs())] +=
            usize::from(aired.key.as_deref() == Some("x/0"));
    }
    assert_eq!(by_hour[..4], [6, 6, 6, 2]);
    assert_eq!(by_hour.iter().sum::<usize>(), 20);
}

#[test]
fn a_cap_is_not_broken_by_a_clock_that_becomes_known() {
    let toml = "[[placement]]\ncreative='a.png'\nper_hour=3\n";
    let mut zone = zone(toml, unknown());
    assert_eq!(zone.plays(4)[3], "house");
    zone.now = at("2026-11-23T00:20:00Z");
    assert_eq!(zone.plays(1), ["house"]);
}

#[test]
fn advertisers_and_rivals_keep_their_distance_and_sequences_their_order() {
    let mut catalog = campaign(
        "lumen",
        "advertiser='Lumen'\ncategory='coffee'\napart_seconds=30\n[[placement]]\ncreative='a.png'\n",
    );
    catalog.extend(campaign(
        "nero",
        "advertiser='Nero'\ncategory='coffee'\nrivals_apart_seconds=60\n[[placement]]\ncreative='a.png'\n",
    ));
    catalog.extend(campaign(
        "story",
        "[[placement]]\ncreative='a.png'\nsequence='s'\n[[placement]]\ncreative='b.png'\nsequence='s'\n[[placement]]\ncreative='c.png'\nsequence='s'\n",
    ));
    let mut zone = Zone::new(rules(), catalog, unknown());
    let (mut last_story, mut ends) = (2, [None; 2]);
    for _ in 0..3_000 {
        let aired = zone.air();
        let (start, end) = (aired.start.boot_ms, zone.now.boot_ms);
        match aired.key.as_deref().expect("something airs") {
            "lumen/0" => {
                assert!(ends[0].is_none_or(|end| start >= end + 30_000));
                assert!(ends[1].is_none_or(|end| start >= end + 60_000));
                ends[0] = Some(end);
            }
            "nero/0" => {
                assert!(ends[0].is_none_or(|end| start >= end + 60_000));
                ends[1] = Some(end);
            }
            story => {
                let part: usize = story[6..].parse().expect("a number");
                assert_eq!(part, (last_story + 1) % 3);
                last_story = part;
            }
        }
    }
    assert!(ends.iter().all(Option::is_some), "nobody starves");
}

#[test]
fn a_goal_is_paced_over_what_is_left_and_hands_over_when_it_is_reached() {
    // Two days of four hours, 80 plays, while others want the screen as well.
    let toml = "[[phase]]\nname='burst'\nuntil=2026-11-24\ngoal_plays=80\nends_on='goal'\n[[phase]]\nname='fans'\n\
                [[placement]]\ncreative='a.png'\nphases=['burst']\ndayparts=['08:00-12:00']\n\
                [[placement]]\ncreative='b.png'\nphases=['fans']\n";
    let mut catalog = campaign("x", toml);
    catalog.extend(campaign("y", "[[placement]]\ncreative='a.png'\nweight=9\n"));
    let mut zone = Zone::new(rules(), catalog, at(MONDAY));
    let mut by_hour = std::collections::BTreeMap::new();
    let mut fans_from = None;
    while zone.now.wall_ms < at("2026-11-24T06:00:00Z").wall_ms {
        let aired = zone.air();
        let local = zone.rotation.rules().local(&aired.start).expect("known");
        match aired.key.as_deref() {
            Some("x/0") => *by_hour.entry((local.day(), local.hour())).or_insert(0) += 1,
            Some("x/1") if fans_from.is_none() => fans_from = Some(local),
            _ => {}
        }
    }
    assert_eq!(by_hour.values().sum::<u32>(), 80, "{by_hour:?}");
    assert!(
        by_hour.len() == 8 && by_hour.values().all(|plays| (9..=11).contains(plays)),
        "{by_hour:?}"
    );
    let fans_from = fans_from.expect("the next phase follows");
    assert_eq!((fans_from.day(), fans_from.hour()), (24, 11));
}

#[test]
fn an_outage_is_caught_up_over_the_whole_rest_and_floods_nobody() {
    let toml =
        "[[phase]]\nname='p'\nuntil=2026-11-23\ngoal_plays=160\n[[placement]]\ncreative='a.png'\n";
    let mut catalog = campaign("x", toml);
    catalog.extend(campaign("y", "[[placement]]\ncreative='a.png'\n"));
    let mut zone = Zone::new(rules(), catalog, at(MONDAY));
    // From 08:00 there are 16 hours; the first 8 are lost.
    zone.now = zone.now.plus_ms(8 * 3_600_000);
    let plays = zone.plays(360);
    assert!(
        (19..=21).contains(&count(&plays, "x/0")),
        "{}",
        count(&plays, "x/0")
    );
    // What can no longer be reached takes half of the screen, not all of it.
    zone.now = zone.now.plus_ms(7 * 3_600_000 - 60_000);
    let plays = zone.plays(6);
    assert!((2..=4).contains(&count(&plays, "x/0")), "{plays:?}");
}

#[test]
fn triggers_readings_screens_hours_and_overrides_decide_who_may_air() {
    let toml = "[[placement]]\ncreative='a.png'\ntrigger={name='button',seconds=20}\ntakeover='seam'\n\
                [[placement]]\ncreative='b.png'\nwhen=\"live['rain'] > 0.5\"\n\
                [[placement]]\ncreative='c.png'\nscreens=['Exit C', '#park']\n\
                [[placement]]\ncreative='c.png'\n";
    let mut zone = zone(toml, at(MONDAY));
    assert_eq!(zone.plays(2), ["x/3", "x/3"]);
    let context = LiveContext::default();
    context.set("rain", Reading::Number(1.0)).expect("is taken");
    zone.facts = context.facts(&zone.now);
    assert_eq!(count(&zone.plays(4), "x/1"), 2);
    context.trigger("button", &zone.now).expect("is taken");
    zone.facts = context.facts(&zone.now);
    assert_eq!(zone.plays(2), ["x/0", "x/0"]);
    assert!(!zone.plays(2).contains(&"x/0".to_owned()));

    let closed = Rules {
        opening: Opening::new(vec!["09:00-10:00".parse().expect("hours")], Vec::new()),
        ..rules()
    };
    let mut night = Zone::new(
        closed,
        campaign("x", "[[placement]]\ncreative='a.png'\n"),
        at(MONDAY),
    );
    assert_eq!(night.plays(2), ["house", "x/0"]);
    assert_eq!(night.now.wall_ms, at("2026-11-23T01:00:10Z").wall_ms);

    let own = Rules {
        overrides: vec![
            Override {
                campaign: "x".into(),
                placement: Some(1),
                air: false,
                weight: None,
                dwell_ms: None,
            },
            Override {
                campaign: "x".into(),
                placement: Some(2),
                air: true,
                weight: Some(3),
                dwell_ms: Some(4_000),
            },
        ],
        ..rules()
    };
    let three = "[[placement]]\ncreative='a.png'\n[[placement]]\ncreative='b.png'\n[[placement]]\ncreative='c.png'\nseconds=4\n";
    let mut zone = Zone::new(own, campaign("x", three), unknown());
    let plays = zone.plays(8);
    assert_eq!(
        (count(&plays, "x/0"), count(&plays, "x/1")),
        (0, 6),
        "{plays:?}"
    );
}

#[test]
fn creatives_that_compete_say_why_they_air_and_each_has_its_turn() {
    let toml = "[adaptive]\nfloor_percent=10\n[[placement]]\ncreative='a.png'\n[[placement]]\ncreative='b.png'\n[[placement]]\ncreative='c.png'\n";
    let mut zone = zone(toml, at(MONDAY));
    let aired: Vec<Aired> = (0..300).map(|_| zone.air()).collect();
    for window in aired.windows(10) {
        for name in ["x/0", "x/1", "x/2"] {
            assert!(
                window
                    .iter()
                    .any(|aired| aired.key.as_deref() == Some(name))
            );
        }
    }
    assert!(
        aired.iter().any(|aired| aired.reason.contains("10")),
        "{:?}",
        aired[20]
    );
}

#[test]
fn a_goal_of_scans_takes_as_many_plays_as_scans_are_rare() {
    use passerby_protocol::tally::{LedTo, Tallies, Tally, WeekPart};

    let toml =
        "[[phase]]\nname='p'\nuntil=2026-11-23\ngoal_scans=4\n[[placement]]\ncreative='a.png'\n";
    let mut catalog = campaign("x", toml);
    catalog[0].assignment = Assignment::new(7).expect("in range");
    catalog.extend(campaign("y", "[[placement]]\ncreative='a.png'\n"));
    let mut zone = Zone::new(rules(), catalog, at(MONDAY));
    let context = LiveContext::default();
    let tally = Tally {
        assignment: Assignment::new(7).expect("in range"),
        day: jiff::civil::date(2026, 11, 22),
        part: WeekPart::at(6, 600),
        plays: 9_500,
        scanned: 99,
        led_to: LedTo::default(),
    };
    let screen = ScreenNumber::new(1).expect("in range");
    let counted = Tallies::pack(
        screen,
        zone.now.wall_ms.expect("known"),
        86_400_000,
        &[tally],
    );
    context.learn_scans(&counted).expect("is taken");
    zone.facts = context.facts(&zone.now);
    // One scan in a hundred plays: 400 plays in 16 hours of 5,760 slots.
    let plays = zone.plays(5_760);
    assert!(
        (395..=405).contains(&count(&plays, "x/0")),
        "{}",
        count(&plays, "x/0")
    );
}
