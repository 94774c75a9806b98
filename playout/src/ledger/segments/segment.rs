//! One segment that is being put together, and who seals it.
//!
//! Invariant: plays follow each other in it; made again from the same plays, it is the same.

use std::path::Path;

use passerby_protocol::proof_of_play::{
    DeviceKey, Hashed, PlayRow, Sealed, SealedSegment, SegmentHasher, SegmentHeader,
};
use passerby_protocol::{Digest, Epoch, ScreenNumber};
use rusqlite::Connection;

use crate::identity::credentials::Enrolment;
use crate::ledger::segments::chain::forerunner;
use crate::ledger::segments::rows::{anchors, gaps};

/// Who seals, beside the key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signer {
    screen: Option<ScreenNumber>,
    hub: Option<String>,
}

/// Reads as what the terminal is enrolled now.
pub(crate) fn signer(data_dir: &Path) -> Signer {
    let enrolment = Enrolment::load(data_dir).ok().flatten();
    enrolment.map_or_else(Signer::default, |enrolment| Signer {
        screen: Some(enrolment.credentials.screen),
        hub: Some(enrolment.hub),
    })
}

/// A segment that is being put together.
pub(crate) struct Segment {
    pub(super) epoch: Epoch,
    pub(super) first_seq: u64,
    previous: Digest,
    hasher: SegmentHasher,
    last: Option<(u64, String, u64)>,
}

impl Segment {
    pub(crate) fn begin(epoch: Epoch, first_seq: u64, previous: Digest) -> Self {
        Self {
            epoch,
            first_seq,
            previous,
            hasher: SegmentHasher::new(epoch, first_seq, &previous),
            last: None,
        }
    }

    /// Adds the next play; one that does not follow is left out, and with it all that come after.
    pub(crate) fn add(&mut self, play: &PlayRow<'_>) -> Option<Hashed> {
        if play.seq != self.due() {
            return None;
        }
        let end = play.start_boot_ms.saturating_add(play.visible_ms);
        match &mut self.last {
            Some((seq, boot, until)) => {
                (*seq, *until) = (play.seq, end);
                if boot != play.boot {
                    play.boot.clone_into(boot);
                }
            }
            none => *none = Some((play.seq, play.boot.to_owned(), end)),
        }
        Some(self.hasher.add(play))
    }

    /// The play that comes next.
    pub(crate) fn due(&self) -> u64 {
        self.last_seq().map_or(self.first_seq, |last| last + 1)
    }

    pub(crate) fn last_seq(&self) -> Option<u64> {
        self.last.as_ref().map(|last| last.0)
    }

    pub(crate) fn hash(&self) -> Digest {
        self.hasher.hash()
    }

    pub(crate) fn boots(&self) -> &[String] {
        self.hasher.boots()
    }

    /// Signs the plays so far, dated by the end of the last one: made again, it is the same.
    pub(crate) fn seal(
        &self,
        connection: &Connection,
        key: &DeviceKey,
        signer: &Signer,
        open: bool,
    ) -> Result<SealedSegment, rusqlite::Error> {
        let nothing = (self.first_seq, String::new(), 0);
        let (last_seq, boot, boot_ms) = self.last.clone().unwrap_or(nothing);
        let anchors = anchors(connection, self.boots())?;
        let wall_ms = anchors
            .iter()
            .rev()
            .find(|anchor| anchor.boot == boot)
            .map(|anchor| anchor.wall_at(boot_ms));
        let header = SegmentHeader {
            key: key.public(),
            epoch: self.epoch,
            screen: signer.screen,
            hub: signer.hub.clone(),
            first_seq: self.first_seq,
            last_seq,
            previous: self.previous,
            hash: self.hash(),
            after: if self.first_seq == 1 {
                forerunner(connection)?
            } else {
                None
            },
            anchors,
            gaps: gaps(connection, self.first_seq - 1, last_seq - 1, u64::MAX)?,
            sealed: Sealed {
                boot,
                boot_ms,
                wall_ms,
            },
            open,
        };
        Ok(SealedSegment::seal(header, key))
    }
}
