//! The simulated weeks of `passerby_simulation` against the real store: hub = ledger here too.

use std::path::{Path, PathBuf};

use passerby_hub::store::{BatchRefused, Store};
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::{Assignment, Digest, Epoch, PlayNumber, ScreenNumber};
use passerby_simulation::hub::{Hub, HubLedger, HubRow, Pass, Refused, Taken};
use passerby_simulation::{Setup, Week, run};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::parts::number_from;

/// A screen that was added then.
const ADDED_MS: i64 = 1_767_225_600_000;

/// The real store, with backups as SQLite makes them of a database that is open.
struct RealHub {
    folder: PathBuf,
    /// None only while a backup takes its place.
    store: Option<Store>,
    reader: Option<Connection>,
    screen: ScreenNumber,
    bearers: u64,
}

impl RealHub {
    fn new(folder: &Path) -> Self {
        let folder = folder.join("hub");
        std::fs::create_dir_all(&folder).expect("folder");
        let store = Store::open(&folder).expect("opens");
        let (screen, _token) = store
            .add_screen(
                &passerby_hub::people::Actor::COMMAND_LINE,
                "window",
                ADDED_MS,
            )
            .expect("adds");
        let mut hub = Self {
            folder,
            store: Some(store),
            reader: None,
            screen,
            bearers: 0,
        };
        hub.reader = Some(hub.connect());
        hub.back_up();
        hub
    }

    fn connect(&self) -> Connection {
        Connection::open(self.folder.join("hub.db")).expect("opens")
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("is open")
    }

    fn reader(&self) -> &Connection {
        self.reader.as_ref().expect("is open")
    }

    fn backup(&self) -> PathBuf {
        self.folder.join("backup.db")
    }

    fn row(row: &Row<'_>) -> rusqlite::Result<HubRow> {
        let creative: String = row.get(4)?;
        Ok(HubRow {
            play: Play {
                seq: row.get(0)?,
                number: PlayNumber::new(row.get(1)?).expect("in range"),
                content: PlayContent {
                    assignment: Assignment::new(row.get(2)?).expect("in range"),
                    campaign: row.get(3)?,
                    creative: creative.parse().expect("a digest"),
                },
                boot: row.get(5)?,
                start_boot_ms: row.get(6)?,
                visible_ms: row.get(7)?,
                outcome: Outcome::try_from(row.get::<_, u8>(8)?).expect("known"),
                display: Display::try_from(row.get::<_, u8>(10)?).expect("known"),
            },
            wall_ms: row.get(9)?,
        })
    }
}

fn digest(bearer: u64) -> [u8; 32] {
    Digest::of(&bearer.to_le_bytes()).0
}

impl Hub for RealHub {
    fn enrol(&mut self, now_ms: i64) -> Pass {
        self.bearers += 1;
        let admitted = self
            .store()
            .admit(self.screen, &digest(self.bearers), now_ms);
        Pass {
            bearer: self.bearers,
            play_floor: admitted.expect("admits").play_floor,
        }
    }

    fn knows(&self, bearer: u64) -> bool {
        let holder = self.store().bearer_holder(&digest(bearer));
        let holder = holder.expect("reads");
        holder.is_some_and(|holder| holder.screen == self.screen && !holder.is_revoked)
    }

    fn take(&mut self, bearer: u64, batch: &PlayBatch, now_ms: i64) -> Result<Taken, Refused> {
        if !self.knows(bearer) {
            return Err(Refused::Unauthorised);
        }
        match self.store().take_plays(self.screen, batch, now_ms) {
            Ok(taken) => Ok(Taken {
                acked_through: taken.acked_through,
                rejected: taken.rejected,
                play_floor: taken.play_floor,
            }),
            Err(BatchRefused::Batch(error)) => Err(Refused::Batch(error)),
            Err(BatchRefused::Gap { expected_seq }) => Err(Refused::Gap { expected_seq }),
            Err(BatchRefused::Forked { from_seq }) => Err(Refused::Forked { from_seq }),
            Err(BatchRefused::Store(error)) => panic!("the store failed: {error}"),
        }
    }

    fn back_up(&mut self) {
        let path = self.backup();
        self.reader()
            .backup("main", &path, None::<fn(rusqlite::backup::Progress)>)
            .expect("is backed up");
    }

    fn restore(&mut self) {
        // As an operator does it: the hub is stopped, the file replaced, the hub started.
        (self.store, self.reader) = (None, None);
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.folder.join(format!("hub.db{ending}")));
        }
        std::fs::copy(self.backup(), self.folder.join("hub.db")).expect("copies");
        self.store = Some(Store::open(&self.folder).expect("opens"));
        self.reader = Some(self.connect());
    }

    fn last_seq(&self, epoch: Epoch) -> u64 {
        self.reader()
            .prepare_cached("SELECT last_seq FROM ledgers WHERE screen = ?1 AND epoch = ?2")
            .expect("prepares")
            .query_row(params![self.screen.get(), epoch.to_string()], |row| {
                row.get(0)
            })
            .optional()
            .expect("reads")
            .unwrap_or(0)
    }

    fn ledger(&self, epoch: Epoch, from_seq: u64) -> HubLedger {
        let named = params![self.screen.get(), epoch.to_string(), from_seq];
        let rows = self
            .reader()
            .prepare_cached(
                "SELECT seq, ifnull(said_number, plays.number), assignment, campaign, creative, boots.boot, start_boot_ms, visible_ms,
                        outcome, wall_ms, display
                 FROM plays JOIN ledgers ON ledgers.id = ledger JOIN contents ON contents.id = content
                 JOIN boots ON boots.id = plays.boot
                 WHERE ledgers.screen = ?1 AND epoch = ?2 AND seq >= ?3 ORDER BY seq",
            )
            .expect("prepares")
            .query_map(named, Self::row)
            .expect("reads")
            .collect::<Result<_, _>>()
            .expect("reads");
        let refused = self
            .reader()
            .prepare_cached(
                "SELECT seq FROM refused_plays JOIN ledgers ON ledgers.id = ledger
                 WHERE screen = ?1 AND epoch = ?2 AND seq >= ?3 ORDER BY seq",
            )
            .expect("prepares")
            .query_map(named, |row| row.get(0))
            .expect("reads")
            .collect::<Result<_, _>>()
            .expect("reads");
        HubLedger {
            last_seq: self.last_seq(epoch),
            rows,
            refused,
        }
    }

    fn times(&self, number: PlayNumber, boot: &str, start_boot_ms: u64) -> u64 {
        self.reader()
            .prepare_cached(
                "SELECT count(*) FROM plays JOIN boots ON boots.id = plays.boot
                 WHERE ifnull(said_number, number) = ?1 AND boots.boot = ?2 AND start_boot_ms = ?3",
            )
            .expect("prepares")
            .query_row(params![number.get(), boot, start_boot_ms], |row| row.get(0))
            .expect("reads")
    }
}

#[test]
fn after_any_week_the_real_hub_is_the_ledger() {
    let first = number_from("PASSERBY_SIMULATION_FIRST", 0);
    let seeds = number_from("PASSERBY_SIMULATION_HUB_SEEDS", 10);
    let memory = Path::new("/dev/shm");
    let mut sum = Week::default();
    for seed in (first..first + seeds).chain(passerby_testing::seeds(file!()).iter()) {
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        }
        .expect("folder");
        let setup = Setup::week(seed, folder.path().join("disks"));
        match run(&setup, RealHub::new(folder.path())) {
            Ok(week) => sum.add(&week),
            Err(failure) => {
                passerby_testing::report_find(file!(), seed);
                panic!("{failure}")
            }
        }
    }
    println!("{seeds} weeks against the real hub: {sum:#?}");
    assert!(sum.stored > 0 && sum.hub_restores > 0);
}
