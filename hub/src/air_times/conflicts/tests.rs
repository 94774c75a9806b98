use std::sync::Arc;

use jiff::tz::TimeZone;
use passerby_protocol::screen_traits::ScreenTraits;
use passerby_protocol::{Campaign, ScreenNumber};

use super::*;
use crate::store::TargetScreen;

fn days() -> Days {
    Days {
        first: jiff::civil::date(2026, 12, 1),
        count: DAYS,
        zone: TimeZone::UTC,
        now: "2026-12-01T08:00:00Z".parse().unwrap(),
    }
}

fn campaign(title: &str, toml: &str) -> Campaign {
    let text = format!("title = '{title}'\n{toml}");
    let names = ["a.png".to_owned(), "b.png".to_owned()];
    Campaign::parse("campaign.toml", &text, &names).expect(toml)
}

fn number(number: u32) -> ScreenNumber {
    number.to_string().parse().unwrap()
}

/// Screens with a main zone, each with these tags.
fn screens(tags: &[&str]) -> TargetScreens {
    let screens = (1..).zip(tags).map(|(at, tag)| TargetScreen {
        number: number(at),
        name: format!("s{at}"),
        traits: Some(ScreenTraits {
            tags: vec![(*tag).to_owned()],
            zones: vec!["main".to_owned()],
            ..ScreenTraits::default()
        }),
    });
    TargetScreens {
        screens: screens.collect(),
        ..TargetScreens::default()
    }
}

fn beside(title: &str, toml: &str, screens: &[u32]) -> Beside {
    Beside {
        campaign: Arc::new(campaign(title, toml)),
        is_known: true,
        screens: screens.iter().map(|at| number(*at)).collect(),
    }
}

/// What is found, as words with the number of screens.
fn found(campaign: &Campaign, targets: &TargetScreens) -> Vec<(&'static str, usize)> {
    let found = findings(campaign, targets, &days());
    found
        .iter()
        .map(|one| (one.what.word(), one.screens))
        .collect()
}

#[test]
fn what_can_never_air_is_told_with_how_many_of_its_screens() {
    let targets = screens(&["metro", "cafe", "cafe"]);
    let of = |toml: &str| found(&campaign("x", toml), &targets);
    assert_eq!(of(""), []);
    assert_eq!(
        of("[[phase]]\nname = 'p'\nuntil = 2026-11-30\n[[placement]]\ncreative = 'a.png'\n"),
        [("over", 3)]
    );
    assert_eq!(
        of(
            "[[phase]]\nname = 'p'\nfrom = 2026-12-05\nuntil = 2026-12-06\n[[placement]]\ncreative = 'a.png'\ndayparts = ['mon-fri 08:00-10:00']\n"
        ),
        [("no-moment", 3)]
    );
    assert_eq!(
        of(
            "[[placement]]\ncreative = 'a.png'\nzone = 'side'\n[[placement]]\ncreative = 'b.png'\nwhen = \"venue.tags.exists(t, t == 'metro')\"\n"
        ),
        [("other-zone", 3), ("other-venue", 2)]
    );
    assert_eq!(
        of("[[placement]]\ncreative = 'a.png'\nscreens = ['#metro']\n"),
        [("other-screens", 2)]
    );
    let nowhere = TargetScreens::default();
    assert_eq!(found(&campaign("x", ""), &nowhere), [("no-screen", 0)]);
    let none_yet = TargetScreens {
        is_everywhere: true,
        ..TargetScreens::default()
    };
    assert_eq!(found(&campaign("x", ""), &none_yet), []);
}

#[test]
fn a_campaign_that_takes_all_of_the_time_is_told_on_both_sides() {
    let evenings = "[[placement]]\ncreative = 'a.png'\ndayparts = ['17:00-19:00']\n";
    let takes =
        "[[placement]]\ncreative = 'a.png'\ntakeover = 'seam'\ndayparts = ['16:00-20:00']\n";
    let mut targets = screens(&["a", "b"]);
    targets.beside = vec![beside("Sale", takes, &[2])];
    assert_eq!(
        found(&campaign("x", evenings), &targets),
        [("taken-over", 1)]
    );
    assert_eq!(
        found(&campaign("x", takes), &targets),
        [("both-take-over", 1)]
    );
    targets.beside = vec![beside("Jazz", evenings, &[1, 2])];
    assert_eq!(found(&campaign("x", takes), &targets), [("takes-over", 2)]);
    // All day leaves it time, and so does a takeover that waits for a trigger.
    targets.beside = vec![beside("Sale", takes, &[2])];
    assert_eq!(found(&campaign("x", ""), &targets), []);
    let by_button = format!("{takes}trigger = {{ name = 'button' }}\n");
    targets.beside = vec![beside("Sale", &by_button, &[2])];
    assert_eq!(found(&campaign("x", evenings), &targets), []);
}

#[test]
fn a_slot_of_a_zone_that_is_sold_twice_is_told_on_the_screens_where_it_is() {
    let share = |percent: u32, hours: &str| {
        format!(
            "[[placement]]\ncreative = 'a.png'\nshare_percent = {percent}\ndayparts = ['{hours}']\n"
        )
    };
    let mut targets = screens(&["a", "b", "c"]);
    targets.beside = vec![
        beside("One", &share(60, "08:00-12:00"), &[1, 2]),
        beside("Two", &share(30, "10:00-14:00"), &[2, 3]),
    ];
    let told = findings(&campaign("x", &share(50, "11:00-13:00")), &targets, &days());
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(
        told[0].what,
        What::SoldTwice(14_000, vec![Some("One".into()), Some("Two".into())])
    );
    // On the third screen 50 and 30 percent fit.
    assert_eq!(told[0].screens, 2);
    assert!(
        told[0].to_string().contains("140 % of a zone on 2 screens"),
        "{}",
        told[0]
    );
    assert_eq!(
        found(&campaign("x", &share(50, "14:00-16:00")), &targets),
        []
    );
}

#[test]
fn distances_that_shares_leave_no_room_for_and_fillers_behind_what_always_airs_are_told() {
    let apart = "category = 'coffee'\nrivals_apart_seconds = 30\n";
    let of = |advertiser: &str, percent: u32| {
        format!(
            "advertiser = '{advertiser}'\n{apart}[[placement]]\ncreative = 'a.png'\nseconds = 10\nshare_percent = {percent}\n"
        )
    };
    let mut targets = screens(&["a"]);
    targets.beside = vec![beside("Nero", &of("Nero", 15), &[1])];
    // Ten seconds of every forty are a quarter.
    assert_eq!(
        found(&campaign("x", &of("Lumen", 15)), &targets),
        [("too-far-apart", 1)]
    );
    assert_eq!(found(&campaign("x", &of("Lumen", 5)), &targets), []);
    let filler = "[[placement]]\ncreative = 'a.png'\nfiller = true\n";
    targets.beside = vec![beside("Always", "", &[1])];
    assert_eq!(
        found(&campaign("x", filler), &targets),
        [("filler-hidden", 1)]
    );
    targets.beside = vec![beside(
        "Mornings",
        "[[placement]]\ncreative = 'a.png'\ndayparts = ['07:00-10:00']\n",
        &[1],
    )];
    assert_eq!(found(&campaign("x", filler), &targets), []);
    targets.beside = Vec::new();
    targets.notices = vec![("Leave".to_owned(), 1)];
    assert_eq!(found(&campaign("x", ""), &targets), [("emergency", 1)]);
}
