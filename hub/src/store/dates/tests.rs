use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayContent};
use passerby_protocol::{Assignment, Digest, Epoch, PlayNumber};

use super::*;
use crate::database::Lock;
use crate::store::Store;
use crate::store::testing::{TestDatabase, on_each_database};

/// 2028-02-29T12:00Z.
const START_MS: i64 = 1_835_438_400_000;
const NOW_MS: i64 = START_MS + 40 * DAY_MS;

fn open(database: &TestDatabase) -> (Store, ScreenNumber) {
    let store = database.open();
    let (screen, _) = store
        .add_screen(&crate::people::Actor::COMMAND_LINE, "exit B", START_MS)
        .unwrap();
    (store, screen)
}

fn plays(seqs: std::ops::RangeInclusive<u64>, boot: &str, first_boot_ms: u64) -> Vec<Play> {
    seqs.zip(0..)
        .map(|(seq, at)| Play {
            seq,
            number: PlayNumber::new(u32::try_from(seq).unwrap()).unwrap(),
            content: PlayContent {
                assignment: Assignment::NONE,
                campaign: "demo".into(),
                creative: Digest([0; 32]),
            },
            boot: boot.into(),
            start_boot_ms: first_boot_ms + at * 10_000,
            visible_ms: 10_000,
            outcome: Outcome::Complete,
            display: Display::Unknown,
        })
        .collect()
}

fn anchor(boot: &str, boot_ms: u64, off_ms: i64) -> Anchor {
    Anchor {
        boot: boot.into(),
        boot_ms,
        wall_ms: START_MS.saturating_add_unsigned(boot_ms) + off_ms,
    }
}

fn send(store: &Store, screen: ScreenNumber, plays: &[Play], anchors: Vec<Anchor>) {
    let batch = PlayBatch::pack(Epoch(1), plays, anchors);
    store.take_plays(screen, &batch, NOW_MS).unwrap();
}

/// How far each play is from the first anchor's line.
fn offsets(store: &Store) -> Vec<Option<i64>> {
    let query = "SELECT wall_ms - start_boot_ms - ?1 FROM plays ORDER BY seq";
    let found = store.read(|tx| tx.all(query, values![START_MS], |row| row.get(0)));
    found.unwrap()
}

#[test]
fn a_newer_state_dates_anew_what_lies_after_what_both_know() {
    on_each_database(|database| {
        let (store, screen) = open(database);
        send(
            &store,
            screen,
            &plays(1..=1, "a", 0),
            vec![anchor("a", 0, 0)],
        );
        send(
            &store,
            screen,
            &plays(2..=2, "a", 50_000_000),
            vec![anchor("a", 0, 0)],
        );
        assert_eq!(offsets(&store), [Some(0), Some(0)]);
        // The clock had drifted by 20 s in 100,000 s, and was then set a day ahead.
        let newer = [
            anchor("a", 0, 0),
            anchor("a", 100_000_000, 20_000),
            anchor("a", 100_000_001, DAY_MS),
        ];
        send(
            &store,
            screen,
            &plays(3..=3, "a", 200_000_000),
            newer.to_vec(),
        );
        assert_eq!(offsets(&store), [Some(0), Some(10_000), Some(DAY_MS)]);
        // A batch that was on its way for long brings an older state, which changes nothing.
        send(
            &store,
            screen,
            &plays(2..=2, "a", 50_000_000),
            vec![anchor("a", 0, 0)],
        );
        assert_eq!(offsets(&store), [Some(0), Some(10_000), Some(DAY_MS)]);
    });
}

#[test]
fn anchors_without_rows_date_boots_that_are_over() {
    on_each_database(|database| {
        let (store, screen) = open(database);
        send(&store, screen, &plays(1..=2, "a", 0), vec![]);
        let anchors = vec![anchor("a", 90_000, 7)];
        send(&store, screen, &plays(3..=3, "b", 0), anchors);
        assert_eq!(offsets(&store), [Some(7), Some(7), None]);
    });
}

#[test]
fn a_play_that_is_stored_beside_another_is_dated_anew_as_well() {
    on_each_database(|database| {
        let (store, screen) = open(database);
        send(&store, screen, &plays(1..=1, "a", 0), vec![]);
        let batch = PlayBatch::pack(Epoch(2), &plays(1..=1, "b", 0), vec![]);
        store.take_plays(screen, &batch, NOW_MS).unwrap();
        assert_eq!(offsets(&store), [None, None]);
        let anchors = vec![anchor("a", 90_000, 7), anchor("b", 90_000, 7)];
        send(&store, screen, &plays(2..=2, "c", 0), anchors);
        assert_eq!(offsets(&store), [Some(7), Some(7), None]);
    });
}

#[test]
fn boots_past_those_that_are_read_at_once_are_dated_anew_as_well() {
    on_each_database(|database| {
        let (store, screen) = open(database);
        let boots = i64::try_from(BOOTS_AT_ONCE).unwrap() + 50;
        let name = |boot: i64| format!("boot {boot}");
        let rows: Vec<Play> = (1..)
            .zip(0..boots)
            .flat_map(|(seq, boot)| plays(seq..=seq, &name(boot), 0))
            .collect();
        send(&store, screen, &rows, vec![]);
        assert!(offsets(&store).iter().all(Option::is_none));
        let anchors = (0..boots).map(|boot| anchor(&name(boot), 5, boot));
        send(&store, screen, &rows, anchors.collect());
        let dated: Vec<_> = (0..boots).map(Some).collect();
        assert_eq!(offsets(&store), dated);
    });
}

#[test]
fn a_batch_dates_a_bounded_number_of_plays_anew_and_the_next_goes_on() {
    on_each_database(|database| {
        let (store, screen) = open(database);
        let all = plays(1..=45_000, "a", 0);
        for rows in all.chunks(9_000) {
            send(&store, screen, rows, vec![]);
        }
        let undated = |store: &Store| {
            offsets(store)
                .iter()
                .filter(|offset| offset.is_none())
                .count()
        };
        assert_eq!(undated(&store), 45_000);
        let mut left = Vec::new();
        for seq in 45_001..=45_003 {
            let known = vec![anchor("a", 500_000_000, 3)];
            send(
                &store,
                screen,
                &plays(seq..=seq, "a", 600_000_000 + seq),
                known,
            );
            left.push(undated(&store));
        }
        assert_eq!(
            left,
            [25_000, 5_001, 0],
            "each batch looks at {REDATED_MAX}"
        );
        assert!(offsets(&store).iter().all(|offset| *offset == Some(3)));
    });
}

#[test]
fn a_scan_is_judged_again_when_its_play_moves_far() {
    on_each_database(|database| {
        let (store, screen) = open(database);
        send(
            &store,
            screen,
            &plays(1..=2, "a", 0),
            vec![anchor("a", 0, 0)],
        );
        let settled = |store: &Store| -> Vec<bool> {
            let query = "SELECT settled FROM scans ORDER BY play";
            let found = store.read(|tx| tx.all(query, values![], |row| row.get(0)));
            found.unwrap()
        };
        for play in [1_u32, 2] {
            // As the hub writes them, of somebody who scanned a minute after the play.
            let made = store.write(Lock::Screens(&[screen]), |tx| {
                tx.execute(
                    "INSERT INTO scans (screen, play, campaign, creative, assignment, visitor, scanned_ms, grade, standing, openings, settled)
                     VALUES (?1, ?2, 'demo', '00', 5, ?4, ?3, 0, 0, 1, TRUE)",
                    values![screen.get(), play, START_MS + 60_000, [0_u8; 16]],
                )
            });
            made.unwrap();
        }
        let mut boots_before = vec![anchor("a", 0, 0), anchor("a", 9_999, 0)];
        boots_before.push(anchor("a", 10_000, 30_000));
        send(
            &store,
            screen,
            &plays(3..=3, "a", 90_000),
            boots_before.clone(),
        );
        assert_eq!(offsets(&store)[1], Some(30_000));
        assert_eq!(
            settled(&store),
            [true, true],
            "half a minute decides nothing"
        );
        let moved = vec![
            anchor("a", 0, 0),
            anchor("a", 9_999, 0),
            anchor("a", 10_000, -DAY_MS),
            anchor("a", 95_000, -DAY_MS),
        ];
        // Its assignment is not the play's, so that the second look finds that it was never on.
        send(&store, screen, &plays(4..=4, "a", 100_000), moved);
        let query = "SELECT standing FROM scans WHERE play = 2";
        let standing = store.read(|tx| tx.value::<u8>(query, values![]));
        assert_eq!(standing.unwrap(), 3, "judged again");
    });
}

#[test]
fn boots_without_the_time_stand_apart_in_the_report_with_their_bounds() {
    on_each_database(|database| {
        let (store, screen) = open(database);
        send(
            &store,
            screen,
            &plays(1..=2, "a", 0),
            vec![anchor("a", 0, 0)],
        );
        send(&store, screen, &plays(3..=5, "b", 7_000), vec![]);
        send(
            &store,
            screen,
            &plays(6..=6, "c", 0),
            vec![anchor("c", 0, DAY_MS)],
        );
        send(&store, screen, &plays(7..=7, "d", 0), vec![]);
        let counts = store.report().unwrap().plays;
        assert_eq!((counts.tally.total, counts.undated), (7, 4));
        let found: Vec<_> = counts
            .undated_boots
            .iter()
            .map(|boot| (&*boot.boot, boot.plays, boot.between_ms))
            .collect();
        assert_eq!(
            found,
            [
                ("d", 1, (Some(START_MS + DAY_MS + 10_000), None)),
                ("b", 3, (Some(START_MS + 20_000), Some(START_MS + DAY_MS))),
            ]
        );
        assert_eq!(
            counts.undated_boots[1].not_before.as_deref(),
            Some("2028-02-29T12:00:20Z")
        );
    });
}

#[test]
fn a_database_with_one_anchor_a_boot_is_brought_over_and_dated_anew() {
    let folder = tempfile::tempdir().unwrap();
    let older = rusqlite::Connection::open(folder.path().join("hub.db")).unwrap();
    let steps = crate::store::migrations::SQLITE
        .iter()
        .take_while(|step| !step.contains("CREATE TABLE anchors"));
    for step in steps.clone() {
        older.execute_batch(step).unwrap();
    }
    older
        .pragma_update(None, "user_version", steps.count())
        .unwrap();
    older
        .execute_batch(&format!(
            "INSERT INTO screens (number, name, created_ms, manifest_version, manifest_issued_ms) VALUES (1, 'x', 0, 1, 0);
             INSERT INTO ledgers VALUES (1, 1, '0000000000000001', 1, 0);
             INSERT INTO boots VALUES (1, 1, 'a', 5000, {START_MS}), (2, 1, 'b', NULL, NULL);
             INSERT INTO contents VALUES (1, 0, 'demo', '00');
             INSERT INTO plays VALUES (1, 1, 1, 1, 1, 1, 1000, 10000, 0, 0, {START_MS} - 4777, 0);"
        ))
        .unwrap();
    drop(older);
    let store = Store::open(folder.path()).unwrap();
    let screen = ScreenNumber::new(1).unwrap();
    send(&store, screen, &plays(2..=2, "a", 20_000), vec![]);
    assert_eq!(offsets(&store), [Some(-5_000), Some(-5_000)]);
    assert_eq!(store.report().unwrap().plays.undated, 0);
}
