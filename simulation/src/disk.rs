//! The disk that holds the terminal's data: power cuts, faults, swaps and images of it.
//!
//! Invariant: what was committed stays, as the files that the real ledger wrote; what was not is
//! gone with the power.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use passerby_playout::ledger::{Environment, Ledger, LedgerError};
use passerby_protocol::plays::Gap;
use rusqlite::Connection;

use crate::dice::Dice;
use crate::hub::Pass;
use crate::terminal::Terminal;

const LEDGER: &str = "ledger.sqlite";
const DEVICE_KEY: &str = "device.key";
/// What a ledger leaves on disk, with the key that signs its plays; its index of the log is made
/// anew.
const FILES: [&str; 3] = [LEDGER, "ledger.sqlite-wal", DEVICE_KEY];
/// More play numbers than a ledger reserves at a time.
const NUMBERS_FORGOTTEN: u32 = 300;

/// What is wrong with a disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Everything is written.
    #[default]
    None,
    /// It has gone read-only.
    ReadOnly,
    /// Not a page more fits.
    Full,
    /// Statements go through and COMMIT does not.
    Commit,
}

impl Fault {
    /// Makes a connection refuse as this does, by SQLite's own means.
    fn apply_to(self, connection: &mut Connection) -> Result<(), rusqlite::Error> {
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        let pages_max = match self {
            Self::Full => pages,
            _ => i64::from(u32::MAX - 1),
        };
        connection.query_row(&format!("PRAGMA max_page_count = {pages_max}"), [], |_| {
            Ok(())
        })?;
        connection.pragma_update(None, "query_only", self == Self::ReadOnly)?;
        let refuses = self == Self::Commit;
        connection
            .commit_hook(refuses.then_some(|| true))
            .map(|_| ())
    }
}

/// What the ledgers of one simulation run on, one after the other.
#[derive(Debug)]
struct SimulatedEnvironment {
    dice: Mutex<Dice>,
    /// Of the disk whose ledger is open.
    fault: Mutex<Fault>,
}

impl SimulatedEnvironment {
    fn set_fault(&self, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

impl Environment for SimulatedEnvironment {
    fn random_bits(&self) -> u64 {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        dice.bits()
    }

    fn set_up(&self, connection: &mut Connection) -> Result<(), rusqlite::Error> {
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.apply_to(connection)
    }
}

/// One disk.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    root: PathBuf,
    folder: PathBuf,
    environment: Arc<SimulatedEnvironment>,
    /// Credentials, once enrolled.
    pub(crate) pass: Option<Pass>,
    /// Which life of [`crate::truth::Truth`] its ledger is.
    pub(crate) life: Option<usize>,
    pub(crate) fault: Fault,
    /// How the last program ended; `None` when nobody can tell what its file says.
    pub(crate) left: Option<Left>,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Left {
    /// In good order, with these gaps.
    Closed(Vec<Gap>),
    /// With plays that were held for a common commit, after this row.
    Interrupted(u64),
}

/// All disks of a simulation. Numbers their folders.
#[derive(Debug)]
pub(crate) struct Disks {
    environment: Arc<SimulatedEnvironment>,
    made: u64,
}

impl Disks {
    /// `dice`: what ledgers draw from.
    pub(crate) fn new(dice: Dice) -> Self {
        let environment = SimulatedEnvironment {
            dice: Mutex::new(dice),
            fault: Mutex::default(),
        };
        Self {
            environment: Arc::new(environment),
            made: 0,
        }
    }

    fn next(&mut self, root: &Path) -> PathBuf {
        self.made += 1;
        root.join(format!("disk-{}", self.made))
    }

    /// A disk with nothing on it.
    pub(crate) fn blank(&mut self, root: &Path) -> Disk {
        Disk {
            root: root.to_owned(),
            folder: self.next(root),
            environment: self.environment.clone(),
            pass: None,
            life: None,
            fault: Fault::None,
            left: None,
        }
    }

    /// Another disk with the same files on it, as they are at this moment.
    pub(crate) fn copy(&mut self, of: &Disk) -> io::Result<Disk> {
        let folder = self.next(&of.root);
        std::fs::create_dir_all(&folder)?;
        for name in FILES {
            match std::fs::copy(of.folder.join(name), folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Disk {
            folder,
            ..of.clone()
        })
    }

    /// Cuts the power: the files stay as they are, and the program ends without having tidied up.
    pub(crate) fn cut(&mut self, disk: &mut Disk, terminal: Terminal) -> io::Result<()> {
        let left = self.copy(disk)?;
        drop(terminal);
        disk.discard();
        disk.folder = left.folder;
        Ok(())
    }
}

impl Disk {
    /// Opens the ledger on it.
    pub(crate) fn open(&self) -> Result<(Ledger, Option<String>), LedgerError> {
        // What is wrong with it shows once the program runs.
        self.environment.set_fault(Fault::None);
        let had_key = self.folder.join(DEVICE_KEY).exists();
        let (mut ledger, note) = Ledger::open_with(&self.folder, self.environment.clone())?;
        if !had_key {
            // A throw for the key that was made, so that weeks stay what they were when ledgers
            // drew its name from these dice.
            self.environment.random_bits();
        }
        self.environment.set_fault(self.fault);
        ledger.set_up_again()?;
        Ok((ledger, note))
    }

    /// Makes the disk refuse, or mends it, also under a terminal that runs.
    pub(crate) fn suffer(
        &mut self,
        fault: Fault,
        terminal: Option<&mut Terminal>,
    ) -> Result<(), LedgerError> {
        self.fault = fault;
        match terminal {
            Some(terminal) => {
                self.environment.set_fault(fault);
                terminal.set_up_again()
            }
            None => Ok(()),
        }
    }

    /// Takes back on disk what was reserved of play numbers, as if it had never been written.
    pub(crate) fn forget_reservations(&self) -> Result<(), rusqlite::Error> {
        let path = self.folder.join(LEDGER);
        if path.exists() {
            Connection::open(path)?.execute(
                "UPDATE meta SET value = max(value - ?1, 1) WHERE key = 'reserved_until'",
                [NUMBERS_FORGOTTEN],
            )?;
        }
        Ok(())
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes its files.
    pub(crate) fn discard(&self) {
        // The caller removes the whole root in the end.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
