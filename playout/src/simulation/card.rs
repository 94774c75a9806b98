//! The card that holds the terminal's data: power cuts, faults, swaps and images of it.
//!
//! Invariant: what was committed stays, as the files that the real ledger wrote; what was not is
//! gone with the power.

use std::io;
use std::path::{Path, PathBuf};

use passerby_protocol::plays::Gap;

use crate::ledger::{Fault, Ledger, LedgerError};
use crate::simulation::hub::Pass;

/// What a ledger leaves on disk, with the key that signs its plays; its index of the log is made
/// anew.
const FILES: [&str; 3] = ["ledger.sqlite", "ledger.sqlite-wal", "device.key"];

/// One card.
#[derive(Debug, Clone)]
pub(super) struct Card {
    root: PathBuf,
    folder: PathBuf,
    /// Credentials, once enrolled.
    pub(super) pass: Option<Pass>,
    /// Which life of [`crate::simulation::truth::Truth`] its ledger is.
    pub(super) life: Option<usize>,
    pub(super) fault: Fault,
    /// How the last program ended; `None` when nobody can tell what its file says.
    pub(super) left: Option<Left>,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Left {
    /// In good order, with these gaps.
    Closed(Vec<Gap>),
    /// With plays that were held for a common commit, after this row.
    Interrupted(u64),
}

/// Numbers the folders of a simulation.
#[derive(Debug, Default)]
pub(super) struct Shelf(u64);

impl Shelf {
    fn next(&mut self, root: &Path) -> PathBuf {
        self.0 += 1;
        root.join(format!("card-{}", self.0))
    }

    /// A card with nothing on it.
    pub(super) fn blank(&mut self, root: &Path) -> Card {
        Card {
            root: root.to_owned(),
            folder: self.next(root),
            pass: None,
            life: None,
            fault: Fault::None,
            left: None,
        }
    }

    /// Another card with the same files on it, as they are at this moment.
    pub(super) fn copy(&mut self, of: &Card) -> io::Result<Card> {
        let folder = self.next(&of.root);
        std::fs::create_dir_all(&folder)?;
        for name in FILES {
            match std::fs::copy(of.folder.join(name), folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Card {
            folder,
            ..of.clone()
        })
    }

    /// Cuts the power: the files stay as they are, and what held them open ends without having
    /// tidied up.
    pub(super) fn cut(&mut self, card: &mut Card, ledger: Ledger) -> io::Result<()> {
        let left = self.copy(card)?;
        drop(ledger);
        card.discard();
        card.folder = left.folder;
        Ok(())
    }
}

impl Card {
    /// Opens the ledger on it.
    pub(super) fn open(&self) -> Result<(Ledger, Option<String>), LedgerError> {
        let (mut ledger, note) = Ledger::open(&self.folder)?;
        ledger.suffer(self.fault)?;
        Ok((ledger, note))
    }

    /// Where its files are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes its files.
    pub(super) fn discard(&self) {
        // The caller removes the whole root in the end.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
