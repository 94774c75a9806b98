//! A hub that comes back from a backup: what it had acknowledged since is still on the terminal, and comes again.

use std::path::Path;

use passerby_playout::clock::Moment;
use passerby_playout::ledger::{Ledger, NewPlay};
use passerby_playout::rotation::{Booked, History};
use passerby_protocol::plays::{Content, Display, Outcome};
use passerby_protocol::{Assignment, Digest};

use crate::parts::{HubProcess, drain, enrol, hub, plays_on_hub};

fn record(ledger: &mut Ledger, count: u64) {
    for _ in 0..count {
        let at = ledger.last_seq();
        let play = NewPlay {
            number: ledger.next_number().expect("numbers"),
            content: Content {
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

/// What an operator's nightly copy takes, while no hub writes.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("lists").flatten() {
        if entry.file_type().expect("known").is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copies");
        }
    }
}

fn restore(backup: &Path, data: &Path) {
    std::fs::remove_dir_all(data).expect("is lost");
    copy(backup, data);
}

#[test]
fn a_hub_from_a_backup_gets_again_what_it_had_acknowledged_and_counts_it_once() {
    let folder = tempfile::tempdir().expect("folder");
    let (data, backup) = (folder.path().join("hub"), folder.path().join("backup"));
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let address = process.address.clone();
    let (terminal, enrolment) = enrol(folder.path(), &data, &process.url());
    let mut ledger = Ledger::open(&terminal).expect("opens").0;
    record(&mut ledger, 100);
    drain(&mut ledger, &enrolment);
    drop(process);
    copy(&data, &backup);

    let process = HubProcess::start(&data, &address);
    record(&mut ledger, 250);
    drain(&mut ledger, &enrolment);
    assert_eq!(plays_on_hub(&data), 350);
    drop(process);
    restore(&backup, &data);

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
