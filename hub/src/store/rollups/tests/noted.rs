//! Notes of figures: nothing is lost or counted twice between a note and its sum.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{START_MS, Step, Street};
use crate::database::{DatabaseError, Lock, values};
use crate::store::testing::on_each_database;
use crate::store::{Store, StoreError};

fn noted(store: &Store) -> u64 {
    let notes = "SELECT count(*) FROM figure_changes";
    store.read(|tx| tx.value(notes, values![])).unwrap()
}

/// Plays of a boot of the first screen that knows the time.
fn plays(boot: u8, plays: u8) -> Step {
    Step::Plays {
        screen: 0,
        boot,
        plays,
        anchor: Some(0),
        is_again: false,
    }
}

fn scan(play: u32, visitor: u8) -> Step {
    Step::Scan {
        screen: 0,
        play,
        visitor,
        grade: 0,
        at: 1,
    }
}

#[test]
fn what_a_hub_had_only_noted_when_it_ended_is_in_the_first_report_of_the_next() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        for step in [plays(0, 7), scan(3, 1), scan(3, 2), scan(4, 1)] {
            street.take(&step);
        }
        assert!(noted(&street.store) >= 4);
        drop(street);
        let store = database.open();
        assert_eq!(store.recount().unwrap(), [], "with the notes");
        let report = store.report().unwrap();
        let unassigned = report.plays.unassigned.total;
        assert_eq!(report.plays.tally.total + unassigned, 7);
        assert_eq!(report.scans.openings, 3);
        assert_eq!(noted(&store), 0);
        assert_eq!(store.recount().unwrap(), [], "without them");
    });
}

#[test]
fn a_transaction_that_fails_notes_nothing() {
    on_each_database(|database| {
        let mut street = Street::new(database);
        street.take(&plays(0, 3));
        let before = noted(&street.store);
        let screens = [street.screens[0]];
        let failed: Result<(), DatabaseError> = street.store.write(Lock::Screens(&screens), |tx| {
            let mut changes = crate::store::rollups::Changes::default();
            changes.scanned(1, 1, 1, 1);
            changes.note(tx)?;
            Err(DatabaseError::NoRow)
        });
        assert!(failed.is_err());
        assert_eq!(noted(&street.store), before);
        assert_eq!(street.store.recount().unwrap(), []);
    });
}

#[test]
fn a_note_that_a_newer_hub_made_stays_and_is_said() {
    on_each_database(|database| {
        let street = Street::new(database);
        let store = &street.store;
        let newer = "INSERT INTO figure_changes (changes) VALUES (?1)";
        store
            .write(Lock::Everything, |tx| {
                tx.execute(newer, values![r#"{"dances":[[1,2]]}"#])
            })
            .unwrap();
        let said = store.report().unwrap_err();
        assert!(
            matches!(
                said,
                StoreError::Database(DatabaseError::Column { at: 1, .. })
            ),
            "{said}"
        );
        assert_eq!(noted(store), 1);
    });
}

#[test]
fn two_that_add_up_at_once_beside_those_who_scan_lose_and_double_nothing() {
    on_each_database(|database| {
        const SCANS: u32 = 300;
        let mut street = Street::new(database);
        street.take(&plays(0, 7));
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let store = database.open();
                    while !is_over.load(Ordering::SeqCst) {
                        store.add_up_figures().unwrap();
                    }
                });
            }
            for number in 0..SCANS {
                let visitor = u8::try_from(number % 200).unwrap();
                street.take(&scan(number / 200 + 1, visitor));
            }
            is_over.store(true, Ordering::SeqCst);
        });
        let report = street.store.report().unwrap();
        assert_eq!(report.scans.openings, u64::from(SCANS));
        assert_eq!(street.store.recount().unwrap(), []);
    });
}

#[test]
fn more_notes_than_one_transaction_takes_are_added_up_all_the_same() {
    on_each_database(|database| {
        const NOTES: i64 = 1_200;
        let street = Street::new(database);
        let quarter = crate::store::rollups::quarter_of(START_MS);
        let note = format!(r#"{{"shares":[[1,{quarter},"cafe","aa",1,true,1]]}}"#);
        let add = "INSERT INTO figure_changes (changes) VALUES (?1)";
        let notes: Vec<_> = (0..NOTES).map(|_| [note.as_str().into()]).collect();
        street
            .store
            .write(Lock::Everything, |tx| tx.execute_each(add, &notes))
            .unwrap();
        street.store.add_up_figures().unwrap();
        let shares = "SELECT shares FROM share_totals";
        let shares: i64 = street.store.read(|tx| tx.value(shares, values![])).unwrap();
        assert_eq!(shares, NOTES);
        assert_eq!(noted(&street.store), 0);
    });
}
