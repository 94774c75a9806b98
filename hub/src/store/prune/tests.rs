//! Whatever is pruned and when: figures stay, and nothing comes to count twice or otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use passerby_protocol::campaign::Campaign;
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::token::TokenContents;
use passerby_protocol::{Assignment, CampaignId, Digest, Epoch, PlayNumber};
use passerby_testing::random_cases;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::scans::visitor::{Grade, Visitor};
use crate::store::rollups::tests::{START_MS, Step, Street, step};
use crate::store::testing::{TestDatabase, on_each_database};
use crate::store::{BatchRefused, Landed, LinkVisitor, Recorded, Report, Scan};
use crate::system::clock::HOUR_MS;

/// Days that are kept here, the least that may be.
const KEEP_DAYS: i64 = CODE_DAYS + 2;
const CODE_DAYS: i64 = 180;

/// The figures, without the list of single chains, from which those that are pruned are missing.
fn figures(store: &Store) -> Report {
    let mut report = store.report().unwrap();
    report.chains.clear();
    report
}

/// Prunes, and looks whether that was as announced and changed no figure.
fn prune(store: &Store, now_ms: i64) -> RowDays {
    let before = figures(store);
    let would = store.would_prune(KEEP_DAYS, CODE_DAYS, now_ms).unwrap();
    let pruned = store.prune(KEEP_DAYS, CODE_DAYS, now_ms, |_| {}).unwrap();
    assert_eq!(pruned.rows, would.rows);
    assert_eq!(figures(store), before);
    assert_eq!(store.recount().unwrap(), []);
    let again = store.prune(KEEP_DAYS, CODE_DAYS, now_ms, |_| {}).unwrap();
    assert_eq!(again.rows, RowDays::default());
    pruned.rows
}

#[derive(Debug, Clone)]
enum Moment {
    Arrives(Step),
    Later {
        days: i64,
    },
    Prune,
    /// A screen sends all its plays once more, in another ledger.
    Elsewhere {
        screen: usize,
    },
    Revoke {
        screen: usize,
    },
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        12 => step().prop_map(Moment::Arrives),
        2 => (1_i64..200).prop_map(|days| Moment::Later { days }),
        2 => Just(Moment::Prune),
        1 => (0_usize..2).prop_map(|screen| Moment::Elsewhere { screen }),
        1 => (0_usize..2).prop_map(|screen| Moment::Revoke { screen }),
    ]
}

#[test]
fn whatever_comes_between_what_is_pruned_the_figures_stay() {
    on_each_database(|database| {
        let config = ProptestConfig {
            source_file: Some(file!()),
            ..random_cases(10)
        };
        let moments = prop::collection::vec(moment(), 1..80);
        TestRunner::new(config)
            .run(&moments, |moments| {
                let database = database.another();
                let mut street = Street::new(&database);
                for moment in &moments {
                    pass(&mut street, moment);
                }
                let counts = figures(&street.store).plays;
                let sent: usize = street.sent.iter().map(Vec::len).sum();
                let counted = counts.tally.total + counts.unassigned.total;
                prop_assert_eq!(counted, u64::try_from(sent).unwrap());
                prop_assert_eq!(street.store.recount().unwrap(), []);
                Ok(())
            })
            .unwrap();
    });
}

fn pass(street: &mut Street, moment: &Moment) {
    match moment {
        Moment::Arrives(step) => street.take(step),
        Moment::Later { days } => street.now_ms += days * DAY_MS,
        Moment::Prune => _ = prune(&street.store, street.now_ms),
        Moment::Elsewhere { screen } => {
            let batch = PlayBatch::pack(Epoch(2), &street.sent[*screen], Vec::new());
            let screen = street.screens[*screen];
            let taken = street.store.take_plays(screen, &batch, street.now_ms);
            taken.unwrap();
        }
        Moment::Revoke { screen } => {
            let screen = street.screens[*screen];
            let revoked = street.store.revoke_screen(
                &crate::people::Actor::COMMAND_LINE,
                screen,
                true,
                street.now_ms,
            );
            revoked.unwrap();
        }
    }
}

/// A screen, a campaign, and days that are counted from the start.
struct Venue {
    store: Store,
    screen: ScreenNumber,
    landed: Arc<Landed>,
}

impl Venue {
    fn new(database: &TestDatabase) -> Self {
        let store = database.open();
        let (screen, _) = store
            .add_screen(&crate::people::Actor::COMMAND_LINE, "exit B", START_MS)
            .unwrap();
        let toml = "title = 'Cafe'\ntarget = 'https://cafe.example/'\n";
        let landed = Landed {
            id: "cafe".parse::<CampaignId>().unwrap(),
            campaign: Arc::new(Campaign::parse("campaign.toml", toml, &["a.png".into()]).unwrap()),
            target: Some("https://cafe.example/".into()),
            placement: 0,
            creative: Digest([7; 32]),
            airs: true,
        };
        Self {
            store,
            screen,
            landed: Arc::new(landed),
        }
    }

    /// Takes plays in a ledger on a day; an anchor says that their boot began at the start.
    fn send(
        &self,
        epoch: u64,
        plays: &[Play],
        is_dated: bool,
        day: i64,
    ) -> Result<u64, BatchRefused> {
        let anchor = is_dated.then(|| Anchor {
            boot: plays[0].boot.clone(),
            boot_ms: 0,
            wall_ms: START_MS,
        });
        let batch = PlayBatch::pack(Epoch(epoch), plays, anchor.into_iter().collect());
        let now_ms = START_MS + day * DAY_MS + HOUR_MS;
        let taken = self.store.take_plays(self.screen, &batch, now_ms)?;
        Ok(taken.acked_through)
    }

    /// Opens the code of a play on a day, minted at a moment or without a clock.
    fn open(&self, play: u32, visitor: u8, minted_ms: Option<i64>, day: i64) -> Recorded {
        let scan = Scan {
            contents: TokenContents {
                generation: 0,
                screen: self.screen,
                assignment: Assignment::new(1).unwrap(),
                play: PlayNumber::new(play).unwrap(),
                minutes: TokenContents::minutes_at(minted_ms),
            },
            landed: Arc::clone(&self.landed),
            visitor: Visitor([visitor; 16]),
            grade: Grade::Browser,
            is_crowded: false,
            begins_chain: true,
            code_days: CODE_DAYS,
            opened_ms: START_MS + day * DAY_MS + 2 * HOUR_MS,
        };
        self.store.record_scan(scan).unwrap()
    }

    fn prune(&self, day: i64) -> RowDays {
        prune(&self.store, START_MS + day * DAY_MS + HOUR_MS)
    }

    fn plays_total(&self) -> u64 {
        let counts = figures(&self.store).plays;
        counts.tally.total + counts.unassigned.total
    }
}

/// A play that begins so many milliseconds after its boot; its row and its number are its place.
fn play(seq: u64, boot: &str, start_boot_ms: u64) -> Play {
    Play {
        seq,
        number: PlayNumber::new(u32::try_from(seq).unwrap()).unwrap(),
        content: PlayContent {
            assignment: Assignment::new(1).unwrap(),
            campaign: "cafe".into(),
            creative: Digest([7; 32]),
        },
        boot: boot.into(),
        start_boot_ms,
        visible_ms: 10_000,
        outcome: Outcome::Complete,
        display: Display::On,
    }
}

fn plays(seqs: std::ops::RangeInclusive<u64>) -> Vec<Play> {
    seqs.map(|seq| play(seq, "boot", 10_000 * seq)).collect()
}

#[test]
fn plays_that_were_pruned_count_once_in_whichever_ledger_they_come_again() {
    on_each_database(|database| {
        let venue = Venue::new(database);
        venue.send(1, &plays(1..=2_500), true, 0).unwrap();
        venue.send(1, &plays(2_501..=2_510), true, 100).unwrap();
        assert_eq!(venue.prune(KEEP_DAYS + 1).of(Table::Plays), 2_500);
        let runs: Vec<(u64, u64)> = venue
            .store
            .read(|tx| {
                tx.all(
                    "SELECT first_seq, last_seq FROM pruned_runs",
                    values![],
                    |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
                )
            })
            .unwrap();
        assert_eq!(runs, [(1, 2_500)], "transactions end within a run");
        let day = KEEP_DAYS + 1;
        assert_eq!(
            venue.send(1, &plays(2_490..=2_512), true, day).unwrap(),
            2_512
        );
        assert_eq!(venue.plays_total(), 2_512);
        assert_eq!(venue.send(2, &plays(1..=2_515), true, day).unwrap(), 2_515);
        assert_eq!(venue.plays_total(), 2_515);
        assert_eq!(venue.store.recount().unwrap(), []);
        let numbers = venue
            .store
            .read(|tx| tx.value::<i64>("SELECT min(number) FROM plays", values![]));
        assert_eq!(numbers.unwrap(), 2_501);
    });
}

#[test]
fn another_play_in_the_place_of_a_pruned_one_is_a_fork() {
    on_each_database(|database| {
        let venue = Venue::new(database);
        venue.send(1, &plays(1..=20), true, 0).unwrap();
        venue.prune(KEEP_DAYS + 1);
        let mut other = plays(8..=12);
        for later in &mut other[2..] {
            later.boot = "after the old file was put back".into();
        }
        let forked = venue.send(1, &other, true, KEEP_DAYS + 1);
        assert!(matches!(forked, Err(BatchRefused::Forked { from_seq: 10 })));
        // In a ledger of their own they count, under numbers that are nobody else's.
        let mut fresh = other[2..].to_vec();
        for (play, seq) in fresh.iter_mut().zip(1..) {
            play.seq = seq;
        }
        venue.send(2, &fresh, true, KEEP_DAYS + 1).unwrap();
        assert_eq!(venue.plays_total(), 23);
        assert_eq!(venue.store.recount().unwrap(), []);
        assert_eq!(venue.open(10, 1, None, KEEP_DAYS + 1), Recorded::Expired);
    });
}

#[test]
fn what_was_pruned_of_a_boot_keeps_its_date_when_the_rest_gets_another() {
    on_each_database(|database| {
        let venue = Venue::new(database);
        venue.send(1, &plays(1..=10), true, 0).unwrap();
        venue.send(1, &plays(11..=20), true, 100).unwrap();
        venue.prune(KEEP_DAYS + 1);
        let anchor = |boot_ms, wall_ms| Anchor {
            boot: "boot".into(),
            boot_ms,
            wall_ms,
        };
        // The clock was a day off from the start.
        let newer = vec![
            anchor(0, START_MS + DAY_MS),
            anchor(1_000_000, START_MS + DAY_MS + 1_000_000),
        ];
        let batch = PlayBatch::pack(Epoch(1), &plays(21..=21), newer);
        let now_ms = START_MS + (KEEP_DAYS + 1) * DAY_MS;
        venue
            .store
            .take_plays(venue.screen, &batch, now_ms)
            .unwrap();
        assert_eq!(venue.store.recount().unwrap(), []);
        venue.store.add_up_figures().unwrap();
        let hours: Vec<(i64, u64)> = venue
            .store
            .read(|tx| {
                tx.all(
                    "SELECT hour - ?1, CAST(sum(plays) AS BIGINT) FROM play_hours
                     GROUP BY hour HAVING sum(plays) > 0 ORDER BY hour",
                    values![START_MS / HOUR_MS],
                    |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
                )
            })
            .unwrap();
        assert_eq!(hours, [(0, 10), (24, 11)]);
    });
}

#[test]
fn a_code_is_judged_alike_whether_what_is_known_of_it_was_pruned_or_not() {
    on_each_database(|database| {
        let late = KEEP_DAYS + 1;
        for is_pruned in [false, true] {
            for (is_dated, minted_ms) in [
                (true, Some(START_MS)),
                (true, None),
                (false, Some(START_MS)),
                (false, None),
            ] {
                let database = database.another();
                let venue = Venue::new(&database);
                venue.send(1, &plays(1..=3), is_dated, 0).unwrap();
                for play in [2, 99] {
                    let first = venue.open(play, 1, minted_ms, 0);
                    assert!(matches!(first, Recorded::Kept { .. }), "{first:?}");
                }
                if is_pruned {
                    assert_eq!(venue.prune(late).total(), 3 + 2 + 2);
                }
                // Play 99 has not arrived, and never does.
                for play in [2, 99] {
                    let again = venue.open(play, 2, minted_ms, late);
                    let context = (is_pruned, is_dated, minted_ms, play);
                    assert_eq!(again, Recorded::Expired, "{context:?}");
                }
            }
        }
    });
}

#[test]
fn a_ledger_that_goes_past_a_play_says_so_also_where_its_beginning_was_pruned() {
    on_each_database(|database| {
        let standings = |is_pruned: bool| {
            let database = database.another();
            let venue = Venue::new(&database);
            let late = KEEP_DAYS + 2;
            venue.send(1, &plays(1..=10), true, 0).unwrap();
            // Number 11 was never shown; 500 is out of turn; 5 was shown.
            for (number, day) in [(11, 3), (500, 3), (5, 3)] {
                let minted_ms = START_MS + day * DAY_MS;
                let of = u8::try_from(number % 256).unwrap();
                venue.open(number, of, Some(minted_ms), 3);
            }
            if is_pruned {
                assert_eq!(venue.prune(late).of(Table::Plays), 10);
            }
            let day_ms = DAY_MS.unsigned_abs();
            let after: Vec<Play> = (12..=20)
                .map(|number| Play {
                    seq: number - 1,
                    ..play(number, "boot", (number - 7) * day_ms)
                })
                .collect();
            venue.send(1, &after, true, late).unwrap();
            assert_eq!(venue.store.recount().unwrap(), []);
            let standings: Vec<(u32, u8)> = venue
                .store
                .read(|tx| {
                    tx.all(
                        "SELECT play, standing FROM scans ORDER BY play",
                        values![],
                        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
                    )
                })
                .unwrap();
            standings
        };
        let (kept, pruned) = (standings(false), standings(true));
        assert_eq!(kept, pruned);
        let unaired = verdicts::code(crate::scans::verdict::ScanVerdict::Unaired);
        assert!(
            kept.contains(&(11, unaired)) && kept.contains(&(500, unaired)),
            "{kept:?}"
        );
    });
}

#[test]
fn a_chain_goes_from_its_ends_on_and_stays_where_it_is_alive() {
    on_each_database(|database| {
        let venue = Venue::new(database);
        let who = |visitor| {
            Some(LinkVisitor {
                visitor: Visitor([visitor; 16]),
                grade: Grade::Browser,
                is_crowded: false,
            })
        };
        let scan = |visitor| match venue.open(2, visitor, Some(START_MS), 0) {
            Recorded::Kept { link, .. } => link.unwrap(),
            other => panic!("{other:?}"),
        };
        let (alive, dead) = (scan(1), scan(2));
        let at = |day: i64| START_MS + day * DAY_MS + 3 * HOUR_MS;
        for (link, visitor, day) in [
            (&alive, 1, 0),
            (&dead, 2, 0),
            (&dead, 3, 1),
            (&alive, 4, 150),
        ] {
            venue.store.open_share(link, who(visitor), at(day)).unwrap();
        }
        let gone = venue.prune(KEEP_DAYS + 2);
        // Of one chain everything, of the other the visit of who scanned.
        assert_eq!(
            [Table::Scans, Table::Shares, Table::Visits].map(|of| gone.of(of)),
            [1, 2, 2]
        );
        let links = "SELECT count(*) FROM shares";
        let left = venue.store.read(|tx| tx.value::<u64>(links, values![]));
        assert_eq!(left.unwrap(), 2);
        // What its screen tells now of the play no longer changes what the scan counts for.
        let mut other = play(1, "boot", 0);
        other.number = PlayNumber::new(2).unwrap();
        other.content.assignment = Assignment::new(9).unwrap();
        venue.send(1, &[other], true, KEEP_DAYS + 2).unwrap();
        let standing = "SELECT standing FROM scans";
        let standing = venue.store.read(|tx| tx.value::<u8>(standing, values![]));
        assert!(standing.unwrap() < 2);
        // It goes on, and goes when it is old as well.
        venue
            .store
            .open_share(&alive, who(5), at(KEEP_DAYS + 2))
            .unwrap();
        assert_eq!(venue.store.recount().unwrap(), []);
        venue.prune(2 * KEEP_DAYS + 10);
        let left = venue.store.read(|tx| tx.value::<u64>(links, values![]));
        assert_eq!(left.unwrap(), 0);
    });
}

#[test]
fn a_scan_stays_for_as_long_as_its_play_which_stays_scanned_without_it() {
    on_each_database(|database| {
        let venue = Venue::new(database);
        let scanned = || -> i64 {
            venue.store.add_up_figures().unwrap();
            let sum = "SELECT CAST(coalesce(sum(scanned), 0) AS BIGINT) FROM play_quarters";
            let sum = venue.store.read(|tx| tx.value(sum, values![]));
            sum.unwrap()
        };
        // What these tell of their screen comes a hundred days later.
        venue.open(2, 1, Some(START_MS), 0);
        venue.send(1, &plays(1..=3), true, 100).unwrap();
        assert_eq!(scanned(), 1);
        assert_eq!(venue.prune(KEEP_DAYS + 1), RowDays::default());
        assert_eq!(venue.prune(KEEP_DAYS + 101).total(), 3 + 1 + 1);
        assert_eq!(scanned(), 1);

        // And this so late that the scan is gone, without which its play counts as not scanned.
        venue.open(4, 1, Some(START_MS), 0);
        assert_eq!(venue.prune(KEEP_DAYS + 101).total(), 1 + 1);
        venue.send(1, &plays(4..=5), true, KEEP_DAYS + 101).unwrap();
        assert_eq!(scanned(), 1);
        assert_eq!(venue.store.recount().unwrap(), []);
    });
}

#[test]
fn numbers_of_pruned_rows_are_not_used_again() {
    on_each_database(|database| {
        let venue = Venue::new(database);
        venue.send(1, &plays(1..=20), true, 0).unwrap();
        venue.open(400, 1, Some(START_MS), 0);
        let floor = |venue: &Venue| {
            let batch = PlayBatch::pack(Epoch(9), &[], Vec::new());
            let now_ms = START_MS + 200 * DAY_MS;
            let taken = venue.store.take_plays(venue.screen, &batch, now_ms);
            taken.unwrap().play_floor.get()
        };
        assert_eq!(floor(&venue), 401);
        assert_eq!(venue.prune(KEEP_DAYS + 1).total(), 22);
        assert_eq!(floor(&venue), 401);
    });
}

#[test]
fn fewer_days_than_codes_need_are_refused() {
    on_each_database(|database| {
        let store = database.open();
        let least = |store: &Store, keep_days| match store.prune(keep_days, 180, START_MS, |_| {}) {
            Err(PruneError::TooFew { least, .. }) => least,
            other => panic!("{other:?}"),
        };
        assert_eq!(least(&store, 181), 182);
        store.set_code_days(30).unwrap();
        assert_eq!(least(&store, 61), 62);
        store.set_code_days(400).unwrap();
        assert_eq!(least(&store, 401), 402);
        assert!(store.prune(402, 180, START_MS, |_| {}).is_ok());
        // Whoever keeps all is told of no day that is still to come.
        for keep_days in [i64::from(u32::MAX), i64::MAX] {
            let pruned = store.prune(keep_days, 180, START_MS, |_| {}).unwrap();
            assert_eq!(pruned.before_ms, 0);
        }
    });
}

#[test]
fn rows_from_before_anything_could_be_pruned_are_pruned_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let older = rusqlite::Connection::open(folder.path().join("hub.db")).unwrap();
    let steps = crate::store::migrations::SQLITE
        .iter()
        .take_while(|step| !step.contains("CREATE TABLE pruned_before"));
    for step in steps.clone() {
        older.execute_batch(step).unwrap();
    }
    older
        .pragma_update(None, "user_version", steps.count())
        .unwrap();
    let hour = START_MS / HOUR_MS;
    older
        .execute_batch(&format!(
            "INSERT INTO screens (number, name, created_ms, manifest_version, manifest_issued_ms) VALUES (1, 'x', 0, 1, 0);
             INSERT INTO ledgers VALUES (1, 1, '0000000000000001', 2, 0);
             INSERT INTO boots (id, screen, boot) VALUES (1, 1, 'a');
             INSERT INTO contents VALUES (1, 0, 'demo', '00');
             INSERT INTO plays VALUES (1, 1, 1, 7, 1, 1, 1000, 9000, 0, {START_MS}, {START_MS}, 0, NULL),
                                      (1, 2, 1, -1, 1, 1, 11000, 9000, 0, {START_MS}, {START_MS}, 0, 7);
             INSERT INTO play_hours VALUES (1, {hour}, 1, 0, 0, 2, 18000);
             INSERT INTO boot_plays VALUES (1, 1, 1, 1, 2, 1, 1000, 20000, {START_MS}, {START_MS} + 9000);"
        ))
        .unwrap();
    drop(older);
    let store = Store::open(folder.path()).unwrap();
    let gone = prune(&store, START_MS + (KEEP_DAYS + 1) * DAY_MS);
    assert_eq!(gone.total(), 2);
}

#[test]
fn two_at_once_beside_a_screen_that_sends_lose_and_double_nothing() {
    on_each_database(|database| {
        let venue = Venue::new(database);
        venue.send(1, &plays(1..=4_000), true, 0).unwrap();
        for visitor in 0..120 {
            venue.open(u32::from(visitor) + 1, visitor, Some(START_MS), 0);
        }
        let (before, is_over) = (venue.plays_total(), AtomicBool::new(false));
        let late = KEEP_DAYS + 1;
        let now_ms = START_MS + late * DAY_MS;
        let mut sent = 4_000;
        std::thread::scope(|scope| {
            let prune = || {
                let store = database.open();
                store
                    .prune(KEEP_DAYS, CODE_DAYS, now_ms, |_| {})
                    .unwrap()
                    .rows
            };
            let both = [scope.spawn(prune), scope.spawn(prune)];
            let sender = scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    venue
                        .send(1, &plays(sent - 50..=sent + 1), true, late)
                        .unwrap();
                    sent += 1;
                }
                sent
            });
            let gone = both.map(|prune| prune.join());
            // Also when one of them failed: the sender would go on for ever.
            is_over.store(true, Ordering::SeqCst);
            let sent = sender.join().unwrap();
            let gone = gone.map(Result::unwrap);
            for (table, rows) in [
                (Table::Plays, 4_000),
                (Table::Scans, 120),
                (Table::Shares, 120),
            ] {
                assert_eq!(gone[0].of(table) + gone[1].of(table), rows);
            }
            assert_eq!(venue.plays_total(), before + sent - 4_000);
        });
        assert_eq!(venue.store.recount().unwrap(), []);
    });
}
