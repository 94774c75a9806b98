//! Several zones, each with its own plays.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use passerby_protocol::Digest;
use passerby_protocol::campaign::{Motion, TransitionKind};
use passerby_protocol::plays::Outcome;
use passerby_protocol::plays::Play;

use crate::content::creative::Creative;
use crate::ledger::DatedPlay;
use crate::messages::stage_messages::{StageEvent, Transition};
use crate::player::tests::parts::{
    Expected, PATIENCE, PlayerSetup, Seen, SteppedClock, name_of, write,
};
use crate::player::{FADE, PAGE_RETRY_MS, RETRY_MS};
use crate::screen::area::Area;
use crate::screen::geometry::Zone;
use crate::system::clock::SimulatedClock;

const TICKER: &str = "[layout]\nkind = 'main-ticker'\nshare_percent = 10\n";
const CAMPAIGN: &str = "title = 'x'\n[[placement]]\ncreative = 'a.png'\ntransition = 'wipe'\nmotion = 'ken-burns'\nsound = true\nseconds = 2\n\
    [[placement]]\ncreative = 'b.png'\nzone = 'ticker'\ntransition = 'cut'\n\
    [[placement]]\ncreative = 'c.png'\nzone = 'side'\n\
    [[placement]]\ncreative = 'd.png'\nzone = 'ticker'\n";

fn content(folder: &std::path::Path, campaign: &str) {
    for file in ["a.png", "b.png", "c.png", "d.png"] {
        write(&folder.join("content/cafe").join(file), file.as_bytes());
    }
    write(
        &folder.join("content/cafe/campaign.toml"),
        campaign.as_bytes(),
    );
}

#[test]
fn zones_air_their_own_placements_abut_in_themselves_and_overlap_each_other() {
    let folder = tempfile::tempdir().expect("folder");
    content(folder.path(), &CAMPAIGN.replace("seconds = 2\n", ""));
    let setup = PlayerSetup {
        clock: Arc::new(SimulatedClock::new("boot", 1_800_000_000_000)),
        run_for_ms: Some(700),
        ..PlayerSetup::with_toml(folder.path(), TICKER)
    };
    let past = setup.start().finish();
    let mut by_zone: BTreeMap<Zone, Vec<String>> = BTreeMap::new();
    for order in past.presented() {
        let names = by_zone.entry(order.zone).or_default();
        names.push(name_of(&order).to_owned());
    }
    let ticker = Zone(1);
    assert!(by_zone[&Zone::MAIN].iter().all(|name| name == "a.png"));
    for name in ["b.png", "d.png"] {
        assert!(
            by_zone[&ticker].iter().any(|aired| aired == name),
            "{by_zone:?}"
        );
    }
    assert!(
        by_zone[&ticker]
            .iter()
            .all(|name| name == "b.png" || name == "d.png")
    );
    let in_main = |play: &&DatedPlay| play.play.content.creative == Digest::of(b"a.png");
    let (main, other): (Vec<_>, Vec<_>) = past.plays.iter().partition(in_main);
    assert!(
        main.len() >= 3 && other.len() >= 3,
        "{} {}",
        main.len(),
        other.len()
    );
    for zone in [&main, &other] {
        for pair in zone.windows(2) {
            assert_eq!(
                pair[0].play.start_boot_ms + pair[0].play.visible_ms,
                pair[1].play.start_boot_ms,
                "plays of a zone abut"
            );
        }
    }
    let overlap = |one: &Play, other: &Play| {
        one.start_boot_ms < other.start_boot_ms + other.visible_ms
            && other.start_boot_ms < one.start_boot_ms + one.visible_ms
    };
    assert!(
        main.iter()
            .any(|one| other.iter().any(|two| overlap(&one.play, &two.play)))
    );
}

#[test]
fn a_zone_with_nothing_to_show_has_the_house_and_each_slide_its_zones_size() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/a.png"), b"a");
    let running = PlayerSetup::with_toml(folder.path(), TICKER).start();
    let (mut main, mut ticker) = (None, None);
    while main.is_none() || ticker.is_none() {
        match running.wait_for("both zones", |seen| seen.order().is_some()) {
            Seen::Swapped {
                order,
                geometry,
                area,
                ..
            } if order.zone == Zone(1) => ticker = Some((order, geometry, area)),
            Seen::Swapped { order, area, .. } if name_of(&order) == "a.png" => main = Some(area),
            _ => {}
        }
    }
    let (house, geometry, area) = ticker.expect("seen");
    assert_eq!(house.creative, Creative::House);
    assert_eq!(area, Area::new(0, 324, 640, 36));
    assert_eq!((geometry.width_px, geometry.height_px), (640, 36));
    assert_eq!(geometry.screen_px, [640, 360]);
    assert_eq!(main, Some(Area::new(0, 0, 640, 324)));
    running.status_when("both zones", |status| {
        let zones = status.zones.iter().map(|zone| zone.zone.as_str());
        zones.eq(["main", "ticker"])
    });
    running.stop();
}

#[test]
fn a_placement_says_how_it_comes_and_moves_and_sound_needs_the_operators_word() {
    let folder = tempfile::tempdir().expect("folder");
    content(folder.path(), CAMPAIGN);
    for (toml, is_heard) in [
        (TICKER.to_owned(), false),
        (format!("[screen]\nsound = {{}}\n{TICKER}"), true),
    ] {
        let running = PlayerSetup::with_toml(folder.path(), &toml).start();
        let is_of = |name: &'static str| {
            move |seen: &Seen| seen.order().is_some_and(|order| name_of(order) == name)
        };
        let first = running.wait_for("the first picture", is_of("a.png"));
        let Seen::Swapped { transition, .. } = first else {
            panic!("a swap");
        };
        assert_eq!(transition, Transition::CUT, "nothing was there before");
        let Seen::Swapped {
            order, transition, ..
        } = running.wait_for("the picture", is_of("a.png"))
        else {
            panic!("a swap");
        };
        let wipe = Transition {
            kind: TransitionKind::Wipe,
            length: FADE,
        };
        assert_eq!(transition, wipe);
        assert_eq!(order.motion, Motion::KenBurns);
        assert_eq!(order.dwell, Some(Duration::from_secs(2)));
        assert_eq!(order.sound, is_heard);
        let Seen::Swapped { transition, .. } = running.wait_for("the ticker", is_of("b.png"))
        else {
            panic!("a swap");
        };
        assert_eq!(transition, Transition::CUT);
        running.stop();
    }
}

#[test]
fn a_screen_that_changes_its_size_dresses_every_zone_anew_in_the_same_play() {
    let folder = tempfile::tempdir().expect("folder");
    content(
        folder.path(),
        &CAMPAIGN
            .replace("seconds = 2", "seconds = 3600")
            .replace("zone = 'ticker'", "zone = 'ticker'\nseconds = 3600"),
    );
    let running = PlayerSetup::with_toml(folder.path(), TICKER).start();
    let (mut main, mut ticker) = (None, None);
    while main.is_none() || ticker.is_none() {
        let seen = running.wait_for("both zones", |seen| {
            seen.order().is_some_and(|order| order.play.is_some())
        });
        match seen.zone() {
            Some(Zone::MAIN) => main = seen.order().cloned(),
            _ => ticker = seen.order().cloned(),
        }
    }
    running
        .events
        .send(StageEvent::Sized {
            width_px: 1280,
            height_px: 720,
        })
        .expect("the player lives");
    for _ in 0..2 {
        let seen = running.wait_for("both zones again", |seen| seen.order().is_some());
        let Seen::Swapped {
            order,
            geometry,
            transition,
            ..
        } = seen
        else {
            panic!("a swap");
        };
        let before = if order.zone == Zone::MAIN {
            &main
        } else {
            &ticker
        };
        assert_eq!(order.play, before.as_ref().and_then(|order| order.play));
        assert_eq!((geometry.width_px, transition), (1280, Transition::CUT));
    }
    let past = running.stop();
    assert_eq!(past.plays.len(), 2, "one play each");
}

#[test]
fn an_hour_of_simulated_time_is_filled_in_every_zone() {
    let folder = tempfile::tempdir().expect("folder");
    let campaign = "title = 'x'\n[[placement]]\ncreative = 'a.png'\nseconds = 7\nweight = 3\n[[placement]]\ncreative = 'c.png'\nseconds = 7\n\
                    [[placement]]\ncreative = 'b.png'\nzone = 'ticker'\nseconds = 11\n[[placement]]\ncreative = 'd.png'\nzone = 'ticker'\nseconds = 3\n";
    content(folder.path(), campaign);
    let mut setup = PlayerSetup::with_toml(folder.path(), TICKER);
    setup.clock = Arc::new(SimulatedClock::new("boot", 1_800_000_000_000));
    setup.run_for_ms = Some(3_600_000);
    let past = setup.start().finish();
    let aired_ms = |name: &str| -> u64 {
        let creative = Digest::of(name.as_bytes());
        let plays = past.plays.iter().map(|play| &play.play);
        plays
            .filter(|play| play.content.creative == creative)
            .map(|play| play.visible_ms)
            .sum()
    };
    for (zone, names) in [("main", ["a.png", "c.png"]), ("ticker", ["b.png", "d.png"])] {
        let all_ms: u64 = names.iter().map(|name| aired_ms(name)).sum();
        assert!(
            (3_595_000..=3_600_000).contains(&all_ms),
            "{zone}: {all_ms} ms of an hour"
        );
    }
    let near = |one: u64, other: u64| one.abs_diff(other) <= 2 * 11_000;
    assert!(
        near(aired_ms("a.png"), 3 * aired_ms("c.png")),
        "weights hold in a zone"
    );
    assert!(
        near(aired_ms("b.png"), aired_ms("d.png")),
        "and air time counts, not plays"
    );
    let last = past.plays.len() - 2;
    assert!(
        past.plays[..last]
            .iter()
            .all(|play| play.play.outcome == Outcome::Complete)
    );
}

#[test]
fn composers_hear_what_may_be_shown_and_where_at_once_and_again_when_it_changes() {
    let folder = tempfile::tempdir().expect("folder");
    content(folder.path(), CAMPAIGN);
    let running = PlayerSetup::with_toml(folder.path(), TICKER).start();
    let next = || running.expected.recv_timeout(PATIENCE).expect("it is told");
    let told = |list: &Expected| -> Vec<(String, u32, u32)> {
        let places = list.iter();
        let places = places.map(|(name, at)| (name.clone(), at.width_px, at.height_px));
        places.collect()
    };
    let (main, ticker) = (("a.png", 640, 324), ("b.png", 640, 36));
    let expected = [main, ticker, ("d.png", 640, 36)];
    let expected = expected.map(|(name, width, height)| (name.to_owned(), width, height));
    assert_eq!(told(&next()), expected, "side is no zone of this screen");
    running
        .events
        .send(StageEvent::Sized {
            width_px: 1_280,
            height_px: 720,
        })
        .expect("the player lives");
    assert_eq!(told(&next())[0], ("a.png".to_owned(), 1_280, 648));
    content(
        folder.path(),
        &CAMPAIGN.replace("zone = 'side'", "zone = 'main'"),
    );
    // The folder may be seen with half of what was written.
    let names =
        |list: &Expected| -> Vec<String> { list.iter().map(|(name, _)| name.clone()).collect() };
    while names(&next()) != ["a.png", "c.png", "b.png", "d.png"] {}
    running.stop();
}

#[test]
fn composers_hear_it_every_hour_although_nothing_changes() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/board.page.toml"), b"bad");
    let clock = SteppedClock::standing();
    let setup = PlayerSetup {
        clock: clock.clone(),
        ..PlayerSetup::in_folder(folder.path())
    };
    let running = setup.start();
    for _ in 0..3 {
        let list = running.expected.recv_timeout(PATIENCE).expect("it is told");
        assert_eq!(list[0].0, "board.page.toml");
        assert!(running.expected.is_empty(), "once an hour");
        clock.pass_ms(3_600_000);
    }
    running.stop();
}

#[test]
fn a_web_page_without_a_picture_is_tried_again_soon() {
    let folder = tempfile::tempdir().expect("folder");
    let page = folder.path().join("content/cafe/board.page.toml");
    // The same file, as far as the player knows: what the composer finds in it stands for a picture
    // that has come.
    write(&page, b"bad once");
    let setup = PlayerSetup {
        clock: SteppedClock::idling(),
        ..PlayerSetup::in_folder(folder.path())
    };
    let running = setup.start();
    let shown = running.wait_for("the page", |seen| {
        seen.order()
            .is_some_and(|order| name_of(order) == "board.page.toml")
    });
    let Seen::Swapped { boot_ms, .. } = shown else {
        panic!("a swap");
    };
    assert!((PAGE_RETRY_MS..RETRY_MS).contains(&boot_ms), "{boot_ms}");
    running.stop();
}
