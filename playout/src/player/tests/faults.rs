//! Composers that fail or hang, and stages that refuse or do not answer.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use passerby_protocol::Digest;
use passerby_protocol::plays::Outcome;

use crate::content::emergency;
use crate::content::emergency::Notice;
use crate::messages::player_requests::Status;
use crate::messages::stage_messages::StageEvent;
use crate::player::tests::parts::{
    Manner, PATIENCE, PlayerSetup, Running, Seen, SteppedClock, name_of, write,
};
use crate::player::track::{COMPOSE_MS_MAX, STAGE_MS_MAX};
use crate::screen::geometry::Zone;

const TICKER: &str = "[layout]\nkind = 'main-ticker'\n";

/// Waits until a file is seen in a zone.
fn wait_for_file(running: &Running, name: &str) -> Seen {
    running.wait_for(name, |seen| {
        seen.order().is_some_and(|order| name_of(order) == name)
    })
}

#[test]
fn what_is_found_out_about_a_film_after_its_play_is_a_problem_like_any_other() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/a.mp4"), b"a");
    write(&folder.path().join("content/cafe/b.png"), b"b");
    let running = PlayerSetup::in_folder(folder.path()).start();
    wait_for_file(&running, "a.mp4");
    wait_for_file(&running, "b.png");
    let problem = "cafe: a.mp4: its last 5.0 s cannot be decoded";
    running.found.send(problem.to_owned()).expect("it is heard");
    running.status_when("it is listed", |status| {
        status.problems.iter().any(|told| told == problem)
    });
    running.stop();
}

#[test]
fn transitions_that_stutter_are_listed_once() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/b.png"), b"b");
    let running = PlayerSetup::in_folder(folder.path()).start();
    wait_for_file(&running, "b.png");
    let told = |status: &Status| {
        let stutters = |problem: &&String| problem.starts_with("transitions stutter");
        status.problems.iter().filter(stutters).count()
    };
    for _ in 0..2 {
        let event = StageEvent::TransitionsStutter;
        running.events.send(event).expect("it is heard");
        running.status_when("it is listed", |status| told(status) == 1);
    }
    // What the stage said before has been heard by then.
    wait_for_file(&running, "b.png");
    assert_eq!(told(&running.status()), 1);
    running.stop();
}

#[test]
fn what_the_stage_refuses_or_never_answers_is_skipped_and_reported_and_the_rest_goes_on() {
    for (manner, reason) in [
        (Manner::Refuses, "graphics cannot draw it"),
        (Manner::LoadsForEver, "the stage does not answer"),
        (Manner::SwapsForEver, "the stage does not answer"),
    ] {
        let folder = tempfile::tempdir().expect("folder");
        write(&folder.path().join("content/cafe/a.png"), b"a");
        write(&folder.path().join("content/cafe/z.png"), b"z");
        let is_bad = match manner {
            Manner::Refuses => |order: &_| match name_of(order) {
                "a.png" => Manner::Refuses,
                _ => Manner::Good,
            },
            Manner::LoadsForEver => |order: &_| match name_of(order) {
                "a.png" => Manner::LoadsForEver,
                _ => Manner::Good,
            },
            _ => |order: &_| match name_of(order) {
                "a.png" => Manner::SwapsForEver,
                _ => Manner::Good,
            },
        };
        let mut setup = PlayerSetup::in_folder(folder.path());
        setup.manner = is_bad;
        let clock = SteppedClock::idling();
        setup.clock = clock.clone();
        let running = setup.start();
        if manner != Manner::Refuses {
            running
                .unanswered
                .recv_timeout(PATIENCE)
                .expect("it comes to the bad one");
            clock.pass_ms(STAGE_MS_MAX);
        }
        for _ in 0..3 {
            wait_for_file(&running, "z.png");
        }
        let problems = running.status().problems;
        assert!(
            problems
                .iter()
                .any(|problem| problem.contains("cafe is skipped") && problem.contains(reason)),
            "{manner:?}: {problems:?}"
        );
        let past = running.stop();
        let z = Digest::of(b"z");
        assert!(
            past.plays
                .iter()
                .all(|play| play.play.content.creative == z)
        );
    }
}

#[test]
fn a_composer_that_panics_costs_one_item() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/a.png"), b"panic");
    write(&folder.path().join("content/cafe/z.png"), b"z");
    let running = PlayerSetup::in_folder(folder.path()).start();
    for _ in 0..3 {
        wait_for_file(&running, "z.png");
    }
    running.assert_problem(|problem| problem.contains("made the composer fail"));
    running.stop();
}

#[test]
fn a_composer_that_hangs_leaves_every_zone_with_a_picture_and_emergencies_possible() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/a.png"), b"a");
    write(&folder.path().join("content/cafe/b.png"), b"b");
    write(&folder.path().join("content/cafe/slow.png"), b"fast yet");
    write(
        &folder.path().join("content/cafe/campaign.toml"),
        b"title = 'x'\n[[placement]]\ncreative = 'a.png'\n[[placement]]\ncreative = 'slow.png'\n[[placement]]\ncreative = 'b.png'\nzone = 'ticker'\n",
    );
    let mut setup = PlayerSetup::with_toml(folder.path(), TICKER);
    setup.config.dwell_ms = 5_000;
    let clock = SteppedClock::idling();
    setup.clock = clock.clone();
    let running = setup.start();
    let mut zones = BTreeSet::new();
    while zones.len() < 2 {
        let is_play = |seen: &Seen| seen.order().is_some_and(|order| order.play.is_some());
        zones.extend(running.wait_for("a play in each zone", is_play).zone());
    }
    write(&folder.path().join("content/cafe/slow.png"), b"hang");
    running
        .unanswered
        .recv_timeout(PATIENCE)
        .expect("it comes to what hangs");
    // What was seen before does not count.
    running.seen.try_iter().for_each(drop);
    zones.clear();
    let deadline = Instant::now() + PATIENCE;
    while zones.len() < 2 {
        assert!(Instant::now() < deadline, "no house instead of what hangs");
        // The other zone may wait behind what hangs, for as long again.
        clock.pass_ms(COMPOSE_MS_MAX);
        let next = running.seen.recv_timeout(Duration::from_millis(100));
        let house = next
            .iter()
            .filter(|seen| seen.order().is_some_and(|order| name_of(order) == "house"));
        zones.extend(house.filter_map(Seen::zone));
    }
    running.assert_problem(|problem| problem.contains("still not composed after 60 s"));
    emergency::write(
        &folder.path().join("data"),
        &Notice {
            headline: "Leave".into(),
            body: String::new(),
        },
    )
    .expect("writes");
    running.wait_for("the emergency", |seen| seen.zone() == Some(Zone::NOTICE));
    let past = running.stop();
    assert!(
        past.plays
            .iter()
            .any(|play| play.play.outcome == Outcome::Late),
        "what waited for the hung composer stayed too long, and says so"
    );
}

#[test]
fn a_first_slide_that_takes_too_long_leaves_the_screen_to_the_house_creative() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/slow.png"), b"hang");
    let clock = SteppedClock::idling();
    let setup = PlayerSetup {
        clock: clock.clone(),
        ..PlayerSetup::in_folder(folder.path())
    };
    let running = setup.start();
    running
        .unanswered
        .recv_timeout(PATIENCE)
        .expect("it comes to what hangs");
    clock.pass_ms(1_000);
    running.wait_for("the house creative", |seen| {
        seen.order().is_some_and(|order| name_of(order) == "house")
    });
    running.stop();
}

#[test]
fn a_video_that_fell_back_to_its_poster_says_so_in_its_play_and_on_the_board() {
    let folder = tempfile::tempdir().expect("folder");
    write(&folder.path().join("content/cafe/clip.mp4"), b"poster");
    write(&folder.path().join("content/cafe/z.png"), b"z");
    let running = PlayerSetup::in_folder(folder.path()).start();
    for _ in 0..2 {
        wait_for_file(&running, "clip.mp4");
        wait_for_file(&running, "z.png");
    }
    running.assert_problem(|problem| {
        problem == "cafe: clip.mp4: the decoder stopped; its poster is shown"
    });
    let past = running.stop();
    let z = Digest::of(b"z");
    for play in &past.plays {
        let is_poster = play.play.outcome == Outcome::Poster;
        assert_eq!(is_poster, play.play.content.creative != z);
    }
    assert!(past.plays.len() >= 3);
}
