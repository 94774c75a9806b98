//! What the rotation wants, on the screen: timelines come true, and takeovers take over.

use super::*;
use crate::content::catalog::LocalContent;
use crate::player::tests::parts::{
    Manner, PATIENCE, PlayerSetup, Running, Seen, SteppedClock, name_of, write,
};
use crate::player::track::FILM_LEAD_MS;
use crate::schedule::live_context::Reading;
use crate::schedule::rotation::Airings;
use crate::schedule::rotation::History;
use crate::schedule::timeline::Timeline;
use crate::system::clock::SimulatedClock;

/// Monday 2026-11-23, 06:00 UTC.
const MONDAY_MS: i64 = 1_795_413_600_000;
const PLAYS: usize = 1_000;

const MIX: &str = "title = 'Mix'\n\
    [[phase]]\nname = 'burst'\nuntil = 2026-11-23\ngoal_plays = 250\nends_on = 'goal'\n\
    [[phase]]\nname = 'fans'\n\
    [[placement]]\ncreative = 'a.png'\nseconds = 12\nshare_percent = 20\n\
    [[placement]]\ncreative = 'b.png'\nper_hour = 40\nphases = ['burst']\n\
    [[placement]]\ncreative = 'c.png'\ndayparts = ['06:30-07:15']\nweight = 3\n\
    [[placement]]\ncreative = 'd.png'\nsequence = 's'\n\
    [[placement]]\ncreative = 'e.png'\nsequence = 's'\n";

fn content(folder: &Path, campaign: &str) {
    for file in ["a.png", "b.png", "c.png", "d.png", "e.png"] {
        write(&folder.join("content/mix").join(file), file.as_bytes());
    }
    write(
        &folder.join("content/mix/campaign.toml"),
        campaign.as_bytes(),
    );
}

#[test]
fn a_thousand_plays_are_those_of_the_timeline_computed_ahead() {
    let folder = tempfile::tempdir().expect("folder");
    content(folder.path(), MIX);
    let mut setup = PlayerSetup {
        clock: Arc::new(SimulatedClock::new("a", MONDAY_MS)),
        run_for_ms: Some(15_000_000),
        ..PlayerSetup::in_folder(folder.path())
    };
    setup.config.dwell_ms = 10_000;
    setup.config.time_zone = jiff::tz::TimeZone::UTC;
    let rules = setup.config.rules();
    let catalog = LocalContent::read(&folder.path().join("content")).catalog;
    let past = setup.start().finish();
    assert!(past.plays.len() > PLAYS, "{}", past.plays.len());
    let start = Moment {
        boot: "a".into(),
        boot_ms: past.plays[0].play.start_boot_ms,
        wall_ms: Some(MONDAY_MS.saturating_add_unsigned(past.plays[0].play.start_boot_ms)),
    };
    let zones = [("main".to_owned(), History::default())];
    let timeline = Timeline::new(
        &rules,
        &catalog,
        zones,
        Airings::default(),
        Arc::default(),
        &start,
    );
    for (slot, aired) in timeline.zip(&past.plays).take(PLAYS) {
        let item = slot.item.expect("something always airs");
        let play = &aired.play;
        assert_eq!(
            (slot.start.boot_ms, slot.length_ms, item.creative),
            (
                play.start_boot_ms,
                play.visible_ms,
                play.content.creative.to_string()
            ),
            "{}",
            slot.reason
        );
    }
}

#[test]
fn a_film_is_not_made_before_its_turn_is_near_and_then_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/a.png"), b"a");
    write(&folder.path().join("content/cafe/b.mp4"), b"hang");
    let clock = SteppedClock::standing();
    let mut setup = PlayerSetup {
        clock: clock.clone(),
        ..PlayerSetup::in_folder(folder.path())
    };
    setup.config.dwell_ms = 60_000;
    let running = setup.start();
    running.wait_for("the picture", |seen| {
        seen.order().is_some_and(|order| name_of(order) == "a.png")
    });
    // The player answers only once it has done what was due; the time stands still meanwhile.
    let has_begun = || {
        for _ in 0..3 {
            running.status();
        }
        !running.unanswered.is_empty()
    };
    assert!(!has_begun(), "it is chosen, and not made");
    clock.pass_ms(60_000 - FILM_LEAD_MS - 1);
    assert!(!has_begun(), "a moment too early");
    clock.pass_ms(1);
    running
        .unanswered
        .recv_timeout(PATIENCE)
        .expect("its composer has begun");
    running.stop();
}

/// What a screen airs whose slides all come late, each by its own time of up to four seconds.
fn aired_late(folder: &Path, plays: usize) -> Vec<String> {
    let mut setup = PlayerSetup {
        clock: Arc::new(SimulatedClock::new("a", MONDAY_MS)),
        run_for_ms: Some(4_200 * (plays as u64 + 2)),
        manner: |order| Manner::IsLate(order.ticket.0.wrapping_mul(2_654_435_761) % 4_001),
        ..PlayerSetup::in_folder(folder)
    };
    setup.config.dwell_ms = 2_000;
    let past = setup.start().finish();
    let late = past.plays.iter().map(|play| play.play.visible_ms);
    assert!(late.filter(|&visible_ms| visible_ms > 3_000).count() > plays / 4);
    let presented = past.presented();
    let names = presented
        .iter()
        .map(name_of)
        .filter(|name| *name != "house");
    let names: Vec<String> = names.take(plays).map(str::to_owned).collect();
    assert_eq!(names.len(), plays);
    names
}

#[test]
fn a_folder_airs_in_the_order_of_its_names_however_late_its_slides_come() {
    let folder = tempfile::tempdir().expect("folder");
    let names: Vec<String> = (1..=12)
        .map(|number| format!("Slide{number}.png"))
        .collect();
    for name in &names {
        write(
            &folder.path().join("content/menu").join(name),
            name.as_bytes(),
        );
    }
    for (round, aired) in aired_late(folder.path(), 12 * 20).chunks(12).enumerate() {
        assert_eq!(aired, names, "round {round}");
    }
}

#[test]
fn weights_keep_their_shares_however_late_slides_come() {
    let folder = tempfile::tempdir().expect("folder");
    content(
        folder.path(),
        "title = 'x'\n[[placement]]\ncreative = 'a.png'\nweight = 3\n[[placement]]\ncreative = 'b.png'\n",
    );
    for (round, aired) in aired_late(folder.path(), 4 * 20).chunks(4).enumerate() {
        let heavy = aired.iter().filter(|name| *name == "a.png").count();
        assert_eq!(heavy, 3, "round {round}: {aired:?}");
    }
}

fn wait_for(running: &Running, file: &str) -> Seen {
    running.wait_for(file, |seen| {
        seen.order().is_some_and(|order| name_of(order) == file)
    })
}

#[test]
fn a_trigger_and_a_reading_change_what_is_on_at_once_and_a_lasting_one_cuts_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    content(
        folder.path(),
        "title = 'x'\n\
         [[placement]]\ncreative = 'a.png'\nseconds = 3600\n\
         [[placement]]\ncreative = 'b.png'\nseconds = 3600\ntakeover = 'now'\ntrigger = { name = 'bell', seconds = 60 }\n\
         [[placement]]\ncreative = 'c.png'\nwhen = \"live['rain'] > 0.0\"\nseconds = 3600\nweight = 100\n",
    );
    let setup = PlayerSetup::in_folder(folder.path());
    let (context, clock) = (setup.context.clone(), setup.clock.clone());
    let running = setup.start();
    let tell = || {
        let told = running.requests.send(PlayerRequest::ContextChanged);
        told.expect("the player lives");
    };
    wait_for(&running, "a.png");
    // A reading makes another placement eligible; the play on the screen has its time all the same.
    context.set("rain", Reading::Number(1.0)).expect("is taken");
    tell();
    assert_eq!(running.status().plays_recorded, 0);
    context.trigger("bell", &clock.now()).expect("is taken");
    tell();
    let next = running.wait_for("the next play", |seen| seen.order().is_some());
    assert_eq!(next.order().map(name_of), Some("b.png"));
    let past = running.stop();
    assert_eq!(past.plays[0].play.outcome, Outcome::CutShort);
    assert!(
        past.plays[0].play.visible_ms < 3_600_000,
        "it did not wait for the end of the play"
    );
}

#[test]
fn a_trigger_is_not_lost_that_comes_before_a_slide_is_seen() {
    let folder = tempfile::tempdir().expect("folder");
    content(
        folder.path(),
        "title = 'x'\n\
         [[placement]]\ncreative = 'a.png'\nseconds = 3600\n\
         [[placement]]\ncreative = 'b.png'\nseconds = 3600\ntakeover = 'now'\ntrigger = { name = 'bell', seconds = 60 }\n",
    );
    let setup = PlayerSetup {
        clock: SteppedClock::standing(),
        // Its stage does not say when a picture is seen; the test does.
        manner: |order| match name_of(order) {
            "a.png" => Manner::SwapsForEver,
            _ => Manner::Good,
        },
        ..PlayerSetup::in_folder(folder.path())
    };
    let (context, clock) = (setup.context.clone(), setup.clock.clone());
    let running = setup.start();
    let swapped = wait_for(&running, "a.png");
    context.trigger("bell", &clock.now()).expect("is taken");
    let told = running.requests.send(PlayerRequest::ContextChanged);
    told.expect("the player lives");
    // Its answer comes after it has heard of the trigger.
    running.status();
    let seen = StageEvent::Presented {
        ticket: swapped.order().expect("a slide").ticket,
        boot_ms: clock.now().boot_ms,
    };
    running.events.send(seen).expect("the player lives");
    wait_for(&running, "b.png");
    running.stop();
}
