//! A link's row with what it is counted by, and who it belongs to.

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Id, Transaction, values};
use crate::scans::visitor::Visitor;
use crate::store::rollups;
use crate::store::rollups::VisitKey;

/// A link.
pub(super) struct Share {
    pub(super) id: i64,
    pub(super) scan: i64,
    pub(super) generation: i64,
    pub(super) created_ms: i64,
    /// For whom it was made, by a scan or by opening the link above it.
    pub(super) made_for: [u8; 16],
    pub(super) owner: Option<[u8; 16]>,
    pub(super) children: i64,
    pub(super) is_first: bool,
    /// The screen at which its chain began.
    pub(super) screen: ScreenNumber,
    pub(super) campaign: String,
    pub(super) creative: String,
    /// When the scan was opened that began its chain.
    pub(super) scanned_ms: i64,
    /// Whether the scan that began its chain counts.
    pub(super) is_counted: bool,
}

impl Share {
    /// What a visit to it is counted by.
    pub(super) fn visit_key(&self, visited_ms: i64, grade: u8) -> VisitKey {
        VisitKey {
            screen: self.screen.get(),
            quarter: rollups::quarter_of(visited_ms),
            campaign: self.campaign.clone(),
            creative: self.creative.clone(),
            generation: self.generation,
            grade,
            is_counted: self.is_counted,
        }
    }
}

/// Reads a link by its name.
pub(super) fn share(tx: &Transaction<'_>, name: &str) -> Result<Option<Share>, DatabaseError> {
    tx.optional(
        "SELECT shares.id, scan, generation, made_for, owner, children, parent IS NULL, screen, campaign, creative,
                scans.grade < 2 AND standing < 2, shares.created_ms, scanned_ms
         FROM shares JOIN scans ON scans.id = scan WHERE name = ?1",
        values![name],
        |row| {
            Ok(Share {
                id: row.get(0)?,
                scan: row.get(1)?,
                generation: row.get(2)?,
                made_for: row.get(3)?,
                owner: row.get(4)?,
                children: row.get(5)?,
                is_first: row.get(6)?,
                screen: row.get::<Id<_>>(7)?.0,
                campaign: row.get(8)?,
                creative: row.get(9)?,
                is_counted: row.get(10)?,
                created_ms: row.get(11)?,
                scanned_ms: row.get(12)?,
            })
        },
    )
}

/// Gives a link that is nobody's yet to whoever opened it.
pub(super) fn own(tx: &Transaction<'_>, share: i64, visitor: Visitor) -> Result<(), DatabaseError> {
    tx.execute(
        "UPDATE shares SET owner = ?2 WHERE id = ?1 AND owner IS NULL",
        values![share, visitor.0],
    )?;
    Ok(())
}

/// Whether a visitor has opened a link.
pub(super) fn has_visit(
    tx: &Transaction<'_>,
    share: i64,
    visitor: Visitor,
) -> Result<bool, DatabaseError> {
    tx.exists(
        "SELECT 1 FROM visits WHERE share = ?1 AND visitor = ?2",
        values![share, visitor.0],
    )
}
