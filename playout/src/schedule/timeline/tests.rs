//! Timelines of made-up screens.

use super::*;
use crate::schedule::rotation::tests::{MONDAY, at, campaign, rules};

fn timeline(catalog: &Catalog, zones: &[&str]) -> Timeline {
    let zones = zones
        .iter()
        .map(|zone| ((*zone).to_owned(), History::default()));
    let zones: Vec<_> = zones.collect();
    let (airings, facts) = (Airings::default(), Arc::default());
    Timeline::new(&rules(), catalog, zones, airings, facts, &at(MONDAY))
}

fn slots(timeline: &mut Timeline, hours: u64) -> Vec<Slot> {
    let end_ms = at(MONDAY).boot_ms + hours * 3_600_000;
    timeline
        .take_while(|slot| slot.start.boot_ms < end_ms)
        .collect()
}

fn now() -> jiff::Timestamp {
    MONDAY.parse().expect(MONDAY)
}

#[test]
fn zones_abut_in_themselves_and_come_in_the_order_of_time() {
    let mut catalog = campaign("a", "[[placement]]\ncreative='a.png'\nseconds=7\n");
    catalog.extend(campaign(
        "b",
        "[[placement]]\ncreative='b.png'\nzone='side'\nseconds=11\n",
    ));
    let slots = slots(&mut timeline(&catalog, &["main", "side"]), 1);
    assert!(slots.is_sorted_by_key(|slot| slot.start.boot_ms));
    for (zone, length_ms) in [("main", 7_000), ("side", 11_000)] {
        let own: Vec<&Slot> = slots.iter().filter(|slot| slot.zone == zone).collect();
        assert!(own.len() as u64 >= 3_600_000 / length_ms);
        for pair in own.windows(2) {
            assert_eq!(
                pair[0].start.boot_ms + pair[0].length_ms,
                pair[1].start.boot_ms
            );
        }
    }
}

#[test]
fn a_takeover_cuts_the_slot_before_it_and_rivals_in_other_zones_keep_away() {
    let mut catalog = campaign(
        "lumen",
        "advertiser='Lumen'\ncategory='coffee'\nrivals_apart_seconds=20\n\
         [[placement]]\ncreative='a.png'\nseconds=50\n[[placement]]\ncreative='b.png'\ntakeover='now'\ndayparts=['08:01-08:02']\n",
    );
    catalog.extend(campaign(
        "nero",
        "advertiser='Nero'\ncategory='coffee'\n[[placement]]\ncreative='c.png'\nzone='side'\n",
    ));
    let slots = slots(&mut timeline(&catalog, &["main", "side"]), 1);
    let main: Vec<&Slot> = slots.iter().filter(|slot| slot.zone == "main").collect();
    assert_eq!((main[0].length_ms, main[1].length_ms), (50_000, 10_000));
    assert_eq!(
        main[2].item.as_ref().map(|item| item.class),
        Some(Class::Takeover)
    );
    let side = slots.iter().filter(|slot| slot.zone == "side");
    assert!(
        side.skip(1).all(|slot| slot.item.is_none()),
        "the rival is on the screen all the time"
    );
}

#[test]
fn what_can_never_air_what_is_missed_and_hours_without_content_are_told() {
    let toml = "[[phase]]\nname='burst'\nuntil=2026-11-23\ngoal_plays=100000\n\
                [[phase]]\nname='late'\nfrom=2026-11-30\n\
                [[placement]]\ncreative='a.png'\ndayparts=['08:00-10:00']\n\
                [[placement]]\ncreative='b.png'\nrecurs={ start=2026-11-01T09:00:00, minutes=60, rule='FREQ=DAILY;COUNT=3' }\n";
    let catalog = campaign("x", toml);
    let mut ahead = timeline(&catalog, &["main"]);
    let late = slots(&mut ahead, 30);
    let told = warnings(&ahead, now(), 30 * 3_600_000, &late);
    assert_eq!(told.len(), 3, "{told:#?}");
    assert!(told[0].contains("placement 2 of x (b.png) can never air"));
    assert!(told[1].contains("phase burst of x") && told[1].contains("of the 100000"));
    assert!(
        told[2].contains("28 of 30 hours") && told[2].contains("2026-11-23 10:00"),
        "{}",
        told[2]
    );
    let fine = campaign("x", "[[placement]]\ncreative='a.png'\n");
    let mut ahead = timeline(&fine, &["main"]);
    let slots = slots(&mut ahead, 30);
    assert!(warnings(&ahead, now(), 30 * 3_600_000, &slots).is_empty());
}

#[test]
fn what_airs_begins_when_a_campaign_says_that_it_may_and_nothing_that_may_is_missing() {
    let toml = "[[phase]]\nname='launch'\nuntil=2026-11-23\n[[phase]]\nname='month'\nfrom=2026-11-22\n\
                [[placement]]\ncreative='a.png'\nphases=['launch']\ndayparts=['08:00-10:00', 'mon 22:30-02:00']\n\
                [[placement]]\ncreative='b.png'\nphases=['month']\nrecurs={ start=2026-11-20T09:00:00, minutes=60, rule='FREQ=DAILY' }\n\
                [[placement]]\ncreative='c.png'\ndayparts=['tue 12:00-13:00']\n";
    let catalog = campaign("x", toml);
    let zone = &rules().time_zone;
    let until = now() + jiff::SignedDuration::from_hours(48);
    let aired = slots(&mut timeline(&catalog, &["main"]), 48);
    for item in &catalog {
        let window = |at| item.campaign.window(item.placement(), at, zone);
        let may = passerby_protocol::spans::spans(window, (now(), until), 100).spans;
        assert!(!may.is_empty());
        let began = aired.iter().filter_map(|slot| {
            let shown = slot.item.as_ref()?;
            let wall_ms = slot.start.wall_ms.expect("a clock");
            (shown.placement == item.placement)
                .then(|| jiff::Timestamp::from_millisecond(wall_ms).expect("a moment"))
        });
        let began: Vec<_> = began.collect();
        let within =
            |at: &jiff::Timestamp| may.iter().any(|one| one.from <= *at && *at < one.until);
        assert!(began.iter().all(within), "{}", item.placement);
        for one in &may {
            let has = began.iter().any(|at| one.from <= *at && *at < one.until);
            assert!(
                has,
                "placement {} does not air from {}",
                item.placement, one.from
            );
        }
    }
}

#[test]
fn the_picture_has_a_lane_a_zone_and_names_nothing_that_breaks_it() {
    let mut catalog = campaign("a", "[[placement]]\ncreative='a.png'\n");
    catalog.extend(campaign(
        "b",
        "[[placement]]\ncreative='b.png'\nzone='side'\ndayparts=['08:30-09:00']\n",
    ));
    let mut slots = slots(&mut timeline(&catalog, &["main", "side"]), 2);
    if let Some(item) = &mut slots[0].item {
        item.campaign = "<&\">".into();
    }
    let picture = svg(&slots, &rules().time_zone);
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert!(
        picture.contains(">main<") && picture.contains(">side<") && picture.contains(">08:30<")
    );
    assert!(picture.contains("&lt;&amp;&quot;") && !picture.contains("<&"));
    // The house before and after, and a campaign between, each joined to one span.
    let side = picture.matches("y=\"90.0\"").count();
    assert_eq!(side, 3, "{picture}");
}
