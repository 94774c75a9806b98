//! A hub that comes back from a backup: what it had acknowledged since is still on the terminal and
//! comes again, and the terminal airs what the hub knows.

use std::path::Path;

use passerby_playout::ledger::{Ledger, NewPlay};
use passerby_playout::schedule::rotation::{Booked, History};
use passerby_playout::system::clock::Moment;
use passerby_protocol::plays::{Display, Outcome, PlayContent};
use passerby_protocol::{Assignment, Digest};

use crate::parts::{HubProcess, copy_folder, drain, enrol, hub, plays_on_hub, publish};
use crate::stand::Terminal;

fn record(ledger: &mut Ledger, count: u64) {
    for _ in 0..count {
        let at = ledger.last_seq();
        let play = NewPlay {
            number: ledger.next_number().expect("numbers"),
            content: PlayContent {
                assignment: Assignment::NONE,
                campaign: "cafe".to_owned(),
                creative: Digest([1; 32]),
            },
            start: Moment {
                boot: "boot".into(),
                boot_ms: at * 10_000,
                wall_ms: Some(1_800_000_000_000 + i64::try_from(at).expect("small") * 10_000),
            },
            visible_ms: 10_000,
            outcome: Outcome::Complete,
            display: Display::Unknown,
        };
        ledger
            .record(&play, "main", &mut History::default(), &Booked::default())
            .expect("writes");
    }
}

/// How a hub is copied, and made of the copy.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Copying {
    /// The data folder of a hub that is stopped, by hand.
    ByHand,
    /// With the commands, beside the hub that serves.
    ByCommand,
}

/// Copies a hub, which has stopped when this returns.
fn back_up(how: Copying, process: HubProcess, data: &Path, backup: &Path) {
    if how == Copying::ByCommand {
        hub(data, &["backup", backup.to_str().expect("text")]);
    }
    drop(process);
    if how == Copying::ByHand {
        copy_folder(data, backup);
    }
}

fn restore(how: Copying, backup: &Path, data: &Path) {
    std::fs::remove_dir_all(data).expect("is lost");
    match how {
        Copying::ByHand => copy_folder(backup, data),
        Copying::ByCommand => {
            hub(data, &["restore", backup.to_str().expect("text")]);
        }
    }
}

#[test]
fn a_hub_from_a_backup_gets_again_what_it_had_acknowledged_and_counts_it_once() {
    gets_again(Copying::ByHand);
    gets_again(Copying::ByCommand);
}

fn gets_again(how: Copying) {
    let folder = tempfile::tempdir().expect("folder");
    let (data, backup) = (folder.path().join("hub"), folder.path().join("backup"));
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let address = process.address.clone();
    let (terminal, enrolment) = enrol(folder.path(), &data, &process.url());
    let mut ledger = Ledger::open(&terminal).expect("opens").0;
    record(&mut ledger, 100);
    drain(&mut ledger, &enrolment);
    back_up(how, process, &data, &backup);

    let process = HubProcess::start(&data, &address);
    record(&mut ledger, 250);
    drain(&mut ledger, &enrolment);
    assert_eq!(plays_on_hub(&data), 350);
    drop(process);
    restore(how, &backup, &data);

    let _process = HubProcess::start(&data, &address);
    assert_eq!(plays_on_hub(&data), 100);
    // Nothing tells the terminal until it has something to send.
    record(&mut ledger, 1);
    drain(&mut ledger, &enrolment);
    assert_eq!(plays_on_hub(&data), 351);
    let report = hub(&data, &["report"]);
    assert_eq!(report["screens"][0]["acked_through"], 351);
    assert_eq!(report["plays"]["missing"]["total"], 0);
}

#[test]
fn a_screen_airs_what_a_hub_from_a_backup_knows_without_anybody_publishing() {
    airs_what_it_knows(Copying::ByHand);
    airs_what_it_knows(Copying::ByCommand);
}

fn airs_what_it_knows(how: Copying) {
    let folder = tempfile::tempdir().expect("folder");
    let (data, backup) = (folder.path().join("hub"), folder.path().join("backup"));
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let address = process.address.clone();
    publish(folder.path(), &data);
    let (data_dir, enrolment) = enrol(folder.path(), &data, &process.url());
    back_up(how, process, &data, &backup);

    let process = HubProcess::start(&data, &address);
    let books = folder.path().join("books");
    std::fs::create_dir(&books).expect("folder");
    std::fs::copy(folder.path().join("cafe/a.png"), books.join("a.png")).expect("copies");
    hub(&data, &["publish", books.to_str().expect("text")]);
    let terminal = Terminal::start(&data_dir, &enrolment);
    let all = terminal.wait_for("all of it", |status| status.items == 3);
    terminal.show_until("the books", |shown| shown.campaign == "books");
    drop(process);
    restore(how, &backup, &data);

    // Nobody could scan the codes of books any more.
    let _process = HubProcess::start(&data, &address);
    terminal.wait_for("the hub's own word", |status| {
        status.manifest_version > all.manifest_version && status.items == 2
    });
    let shown = terminal.next(12);
    assert!(
        shown[2..].iter().all(|shown| shown.campaign == "cafe"),
        "{shown:?}"
    );
    terminal.stop();
}
