//! A link's row with what it is counted by, and who it belongs to.

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Id, Row, Transaction, owned_values, values};
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

/// What is read of a link; see [`share_of`].
const SHARE: &str = "shares.id, shares.scan, shares.generation, shares.made_for, shares.owner, shares.children,
     shares.parent IS NULL, screen, campaign, creative, scans.grade < 2 AND standing < 2, shares.created_ms, scanned_ms";

fn share_of(row: &Row<'_>) -> Result<Share, DatabaseError> {
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
}

/// Reads a link by its name.
pub(super) fn share(tx: &Transaction<'_>, name: &str) -> Result<Option<Share>, DatabaseError> {
    tx.optional(
        &format!("SELECT {SHARE} FROM shares JOIN scans ON scans.id = scan WHERE name = ?1"),
        values![name],
        share_of,
    )
}

/// A link by its name, and who opens it.
pub(super) type Asked<'a> = (&'a str, Visitor);

/// A link and what it has of one visitor.
pub(super) struct Found {
    pub(super) share: Share,
    /// Whether the visitor has opened it.
    pub(super) has_visit: bool,
    /// The visitor's own link below it.
    pub(super) child: Option<String>,
}

/// Reads links and what they have of those who open them; `None` for each that is not there.
pub(super) fn found(
    tx: &Transaction<'_>,
    asked: &[Asked<'_>],
) -> Result<Vec<Option<Found>>, DatabaseError> {
    let keys: Vec<_> = asked
        .iter()
        .map(|(name, visitor)| owned_values![*name, visitor.0])
        .collect();
    let found = tx.all_each(
        &format!(
            "SELECT {SHARE}, EXISTS (SELECT 1 FROM visits WHERE share = shares.id AND visitor = ?2),
                    (SELECT name FROM shares AS below WHERE below.parent = shares.id AND below.made_for = ?2)
             FROM shares JOIN scans ON scans.id = shares.scan WHERE shares.name = ?1"
        ),
        &keys,
        |row| {
            Ok::<_, DatabaseError>(Found {
                share: share_of(row)?,
                has_visit: row.get(13)?,
                child: row.get(14)?,
            })
        },
    )?;
    let first = |rows: Vec<Found>| rows.into_iter().next();
    Ok(found.into_iter().map(first).collect())
}

/// Gives link `?1` that is nobody's yet to visitor `?2` who opened it.
pub(super) const OWN: &str = "UPDATE shares SET owner = ?2 WHERE id = ?1 AND owner IS NULL";

/// Gives a link that is nobody's yet to whoever opened it.
pub(super) fn own(tx: &Transaction<'_>, share: i64, visitor: Visitor) -> Result<(), DatabaseError> {
    tx.execute(OWN, values![share, visitor.0])?;
    Ok(())
}
