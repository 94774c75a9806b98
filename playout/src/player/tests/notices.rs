//! Emergencies over everything.

use std::path::Path;
use std::sync::Arc;

use passerby_protocol::manifest::ManifestNotice;
use passerby_protocol::plays::Outcome;
use passerby_protocol::{Manifest, ScreenNumber};

use crate::content::creative::Creative;
use crate::content::emergency;
use crate::content::emergency::Notice;
use crate::messages::player_requests::PlayerRequest;
use crate::messages::stage_messages::Transition;
use crate::player::tests::parts::{
    PATIENCE, PlayerSetup, Running, Seen, SteppedClock, name_of, write,
};
use crate::screen::geometry::Zone;

const TICKER: &str = "[layout]\nkind = 'main-ticker'\n";

fn say(folder: &Path, headline: &str) {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).expect("folder");
    let notice = Notice {
        headline: headline.into(),
        body: "Use the stairs.".into(),
    };
    emergency::write(&data, &notice).expect("writes");
}

fn end(folder: &Path) {
    emergency::remove(&folder.join("data")).expect("removes");
}

fn wait_for_notice(running: &Running, wanted: &str) -> Seen {
    running.wait_for(wanted, |seen| {
        seen.order().is_some_and(|order| {
            matches!(&order.creative, Creative::Notice { headline, .. } if headline == wanted)
        })
    })
}

fn boot_ms_of(seen: &Seen) -> u64 {
    match seen {
        Seen::Swapped { boot_ms, .. } | Seen::Cleared { boot_ms, .. } => *boot_ms,
    }
}

fn two_pictures(folder: &Path) {
    for file in ["a.png", "b.png"] {
        write(&folder.join("content/cafe").join(file), file.as_bytes());
    }
    write(
        &folder.join("content/cafe/campaign.toml"),
        b"title = 'x'\n[[placement]]\ncreative = 'a.png'\n[[placement]]\ncreative = 'b.png'\nzone = 'ticker'\n",
    );
}

/// What a hub says, with nothing but a message in it.
fn of_hub(version: u64, headline: Option<&str>) -> PlayerRequest {
    let manifest = Manifest {
        version,
        screen: ScreenNumber::new(7).expect("in range"),
        expires_ms: i64::MAX,
        scan_base: "HTTPS://HUB.EXAMPLE".to_owned(),
        campaigns: Vec::new(),
        assets: Vec::new(),
        notice: headline.map(|headline| ManifestNotice {
            headline: headline.to_owned(),
            body: String::new(),
        }),
    };
    PlayerRequest::Content(Arc::new(manifest.into()))
}

#[test]
fn a_message_of_the_hub_covers_the_screen_until_its_manifest_has_none_and_the_file_goes_first() {
    let folder = tempfile::tempdir().expect("folder");
    two_pictures(folder.path());
    let mut setup = PlayerSetup::with_toml(folder.path(), TICKER);
    setup.config.dwell_ms = 200;
    let running = setup.start();
    running.wait_for("a play", |seen| {
        seen.order().is_some_and(|order| order.play.is_some())
    });
    let send = |request| running.requests.send(request).expect("the player lives");
    send(of_hub(2, Some("Smoke in the hall")));
    wait_for_notice(&running, "Smoke in the hall");
    send(of_hub(3, Some("Leave the hall")));
    wait_for_notice(&running, "Leave the hall");
    say(folder.path(), "Stay where you are");
    wait_for_notice(&running, "Stay where you are");
    end(folder.path());
    wait_for_notice(&running, "Leave the hall");
    send(of_hub(4, None));
    running.wait_for("it is gone", |seen| matches!(seen, Seen::Cleared { .. }));
}

#[test]
fn an_emergency_covers_every_zone_and_nothing_counts_beneath_it() {
    let folder = tempfile::tempdir().expect("folder");
    two_pictures(folder.path());
    let mut setup = PlayerSetup::with_toml(folder.path(), TICKER);
    setup.config.dwell_ms = 200;
    let running = setup.start();
    for zone in [Zone::MAIN, Zone(1)] {
        running.wait_for("a play", |seen| {
            seen.zone() == Some(zone) && seen.order().is_some_and(|order| order.play.is_some())
        });
    }
    say(folder.path(), "Leave the building");
    let shown = wait_for_notice(&running, "Leave the building");
    let Seen::Swapped {
        order,
        geometry,
        area,
        transition,
        ..
    } = &shown
    else {
        panic!("a swap");
    };
    assert_eq!((order.zone, *transition), (Zone::NOTICE, Transition::CUT));
    assert_eq!((geometry.width_px, geometry.height_px), (640, 360));
    assert_eq!((area.width, area.height), (640, 360));
    // Its words change while it is there; the zones beneath stay as they are.
    say(folder.path(), "Stay where you are");
    wait_for_notice(&running, "Stay where you are");
    running.status_when("the new words", |status| {
        status.emergency.as_deref() == Some("Stay where you are")
    });
    end(folder.path());
    let cleared = running.wait_for("the end of it", |seen| {
        assert_ne!(seen.zone(), Some(Zone::NOTICE));
        matches!(seen, Seen::Cleared { .. })
    });
    let after = running.wait_for("the show goes on", |seen| {
        seen.zone() == Some(Zone::MAIN) && name_of(seen.order().expect("an order")) == "a.png"
    });
    assert!(boot_ms_of(&after) >= boot_ms_of(&cleared));
    running.status_when("no emergency", |status| status.emergency.is_none());
    let past = running.stop();
    let (from, until) = (boot_ms_of(&shown), boot_ms_of(&cleared));
    let mut covered = 0;
    for play in &past.plays {
        let (start, end) = (
            play.play.start_boot_ms,
            play.play.start_boot_ms + play.play.visible_ms,
        );
        assert!(
            end <= from || start >= until,
            "{start} to {end} overlaps {from} to {until}"
        );
        if end == from && play.play.outcome == Outcome::Covered {
            covered += 1;
        }
    }
    assert!(
        covered >= 1,
        "what was on the screen ended when it was covered"
    );
    assert!(
        past.plays
            .iter()
            .any(|play| play.play.start_boot_ms >= until)
    );
    let numbers: std::collections::BTreeSet<_> =
        past.plays.iter().map(|play| play.play.number).collect();
    assert_eq!(numbers.len(), past.plays.len());
}

#[test]
fn an_emergency_at_the_start_is_the_first_picture_and_the_zones_are_dressed_before_it_goes() {
    let folder = tempfile::tempdir().expect("folder");
    two_pictures(folder.path());
    say(folder.path(), "Leave the building");
    let running = PlayerSetup::with_toml(folder.path(), TICKER).start();
    let first = running.wait_for("the first picture", |seen| seen.order().is_some());
    assert_eq!(first.zone(), Some(Zone::NOTICE));
    end(folder.path());
    let mut dressed = std::collections::BTreeSet::new();
    loop {
        match running
            .seen
            .recv_timeout(PATIENCE)
            .expect("the notice goes")
        {
            Seen::Swapped { order, .. } => {
                dressed.insert(order.zone);
            }
            Seen::Cleared { zone, .. } => {
                assert_eq!(zone, Zone::NOTICE);
                break;
            }
        }
    }
    assert_eq!(
        dressed.into_iter().collect::<Vec<_>>(),
        [Zone::MAIN, Zone(1)],
        "no zone is empty when it is seen again"
    );
    running.stop();
}

#[test]
fn an_emergency_comes_at_once_whatever_the_show_is_waiting_for() {
    let folder = tempfile::tempdir().expect("folder");
    let setup = PlayerSetup {
        // To the player no time passes at all.
        clock: SteppedClock::standing(),
        ..PlayerSetup::in_folder(folder.path())
    };
    let running = setup.start();
    running.wait_for("the house", |seen| seen.order().is_some());
    for round in 0..5 {
        let headline = format!("Round {round}");
        say(folder.path(), &headline);
        wait_for_notice(&running, &headline);
    }
    running.stop();
}

/// What is no text in any encoding.
const NO_TEXT: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0";

/// Waits for a notice that says where something cannot be read.
fn wait_for_warning(running: &Running, headline: &str) {
    running.wait_for(headline, |seen| {
        seen.order().is_some_and(|order| {
            matches!(&order.creative, Creative::Notice { headline: shown, body }
                if shown.contains(headline) && body.contains("data/emergency.txt"))
        })
    });
}

#[test]
fn a_message_that_cannot_be_read_stands_below_the_headline_of_the_one_that_could() {
    let folder = tempfile::tempdir().expect("folder");
    say(folder.path(), "Leave the building");
    let file = folder.path().join("data/emergency.txt");
    let long = format!("Leave the building\n{}", "Use the stairs. ".repeat(100));
    write(&file, long.as_bytes());
    let running = PlayerSetup::in_folder(folder.path()).start();
    wait_for_notice(&running, "Leave the building");
    write(&file, NO_TEXT);
    let seen = running.wait_for("the warning", |seen| {
        seen.order().is_some_and(|order| {
            matches!(&order.creative, Creative::Notice { body, .. } if body.contains("data/emergency.txt"))
        })
    });
    let Some(Creative::Notice { headline, body }) = seen.order().map(|order| &order.creative)
    else {
        panic!("a notice");
    };
    assert_eq!(headline, "Leave the building");
    assert!(
        body.starts_with("有紧急通知") && body.contains("Use the stairs."),
        "the warning comes before what may fill the screen: {body}"
    );
    let status = running.status_when("a problem and the old words", |status| {
        !status.problems.is_empty() && status.emergency.as_deref() == Some("Leave the building")
    });
    assert!(
        status.problems[0].contains("emergency.txt: it is no text"),
        "{:?}",
        status.problems
    );
    running.stop();
}

#[test]
fn a_message_that_cannot_be_read_puts_up_a_warning_and_goes_with_its_file() {
    for bytes in [NO_TEXT, &[b'a'; 1 << 14], &[0; 64]] {
        let folder = tempfile::tempdir().expect("folder");
        two_pictures(folder.path());
        std::fs::create_dir_all(folder.path().join("data")).expect("folder");
        write(&folder.path().join("data/emergency.txt"), bytes);
        let running = PlayerSetup::in_folder(folder.path()).start();
        let headline = if bytes.contains(&b'a') {
            "aaaa"
        } else {
            "There is an emergency message that cannot be shown"
        };
        wait_for_warning(&running, headline);
        end(folder.path());
        running.wait_for("the end", |seen| matches!(seen, Seen::Cleared { .. }));
        running.stop();
    }
}

#[test]
fn a_message_that_may_be_misread_is_logged() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::create_dir_all(folder.path().join("data")).expect("folder");
    write(
        &folder.path().join("data/emergency.txt"),
        b"\xbb\xf0\xd4\xd6",
    );
    let running = PlayerSetup::in_folder(folder.path()).start();
    wait_for_notice(&running, "火灾");
    running.status_when("a problem", |status| {
        let told = |problem: &String| problem.contains("emergency.txt: it is not UTF-8");
        status.problems.iter().any(told)
    });
    running.stop();
}

#[test]
fn a_message_in_what_notepad_calls_ansi_is_shown() {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::create_dir_all(folder.path().join("data")).expect("folder");
    // GBK.
    write(
        &folder.path().join("data/emergency.txt"),
        b"\xc7\xeb\xc1\xa2\xbc\xb4\xb3\xb7\xc0\xeb\r\n\xd7\xdf\xc2\xa5\xcc\xdd\r\n",
    );
    let running = PlayerSetup::in_folder(folder.path()).start();
    wait_for_notice(&running, "请立即撤离");
    running.stop();
}
