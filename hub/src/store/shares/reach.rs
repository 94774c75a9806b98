//! How far a visit got: whether its page was loaded with its picture, and whether it was visible.

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Id, Lock, Transaction, values};
use crate::scans::visitor::{Grade, Visitor};
use crate::store::rollups;
use crate::store::rollups::{Changes, ScanSums, VisitSums};
use crate::store::shares::link_visitor::{Begun, LinkVisitor};
use crate::store::shares::rows;
use crate::store::shares::rows::own;
use crate::store::{Result, Store};

/// How far a visit got, beyond the `GET` of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// The page's picture was loaded.
    Seen,
    /// The page was visible.
    Confirmed,
}

/// How far a visit got.
struct Reach {
    visited_ms: i64,
    grade: u8,
    is_seen: bool,
    is_confirmed: bool,
}

impl Reach {
    fn of(
        tx: &Transaction<'_>,
        share: i64,
        visitor: Visitor,
    ) -> Result<Option<Self>, DatabaseError> {
        tx.optional(
            "SELECT visited_ms, grade, coalesce(seen_ms, confirmed_ms) IS NOT NULL, confirmed_ms IS NOT NULL
             FROM visits WHERE share = ?1 AND visitor = ?2",
            values![share, visitor.0],
            |row| {
                Ok(Self {
                    visited_ms: row.get(0)?,
                    grade: row.get(1)?,
                    is_seen: row.get(2)?,
                    is_confirmed: row.get(3)?,
                })
            },
        )
    }
}

impl Store {
    /// Notes how far a visit got, once. A page that a browser fetched ahead has left no visit;
    /// showing it makes one. Only a browser shows a page.
    ///
    /// # Errors
    /// The database fails.
    pub fn reach(
        &self,
        name: &str,
        who: LinkVisitor,
        reached: Reached,
        now_ms: i64,
    ) -> Result<Begun> {
        if who.grade != Grade::Browser {
            return Ok(Begun::Nothing);
        }
        let column = match reached {
            Reached::Seen => "seen_ms",
            Reached::Confirmed => "confirmed_ms",
        };
        let visitor = who.visitor;
        let open = self.read(|tx| {
            tx.optional(
                &format!(
                    "SELECT shares.id, visits.visitor IS NULL, made_for, scans.screen
                     FROM shares JOIN scans ON scans.id = scan
                     LEFT JOIN visits ON share = shares.id AND visits.visitor = ?2
                     WHERE name = ?1 AND {column} IS NULL
                       AND (owner IS NULL OR owner = ?2 OR visits.visitor IS NOT NULL)"
                ),
                values![name, visitor.0],
                |row| {
                    let screen: ScreenNumber = row.get::<Id<_>>(3)?.0;
                    Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, screen))
                },
            )
        })?;
        let Some((share, is_new, made_for, screen)): Option<(i64, bool, _, _)> = open else {
            return Ok(Begun::Nothing);
        };
        let begun = if is_new {
            who.begins_on(made_for)
        } else {
            Begun::Nothing
        };
        if begun == Begun::Flood {
            return Ok(begun);
        }
        self.write(Lock::Screens(&[screen]), |tx| {
            own(tx, share, visitor)?;
            let before = Reach::of(tx, share, visitor)?;
            tx.execute(
                &format!(
                    "INSERT INTO visits (share, visitor, visited_ms, {column}) VALUES (?1, ?2, ?3, ?3)
                     ON CONFLICT (share, visitor) DO UPDATE SET {column} = coalesce(visits.{column}, excluded.{column})"
                ),
                values![share, visitor.0, now_ms],
            )?;
            let (Some(after), Some(share)) = (
                Reach::of(tx, share, visitor)?,
                rows::share(tx, name)?,
            ) else {
                return Err(DatabaseError::NoRow.into());
            };
            let was = |had: fn(&Reach) -> bool| i64::from(before.as_ref().is_some_and(had));
            let visit = VisitSums {
                visits: i64::from(before.is_none()),
                seen: i64::from(after.is_seen) - was(|before| before.is_seen),
                confirmed: i64::from(after.is_confirmed) - was(|before| before.is_confirmed),
                pressed: 0,
            };
            let mut changes = Changes::default();
            changes.visits(share.visit_key(after.visited_ms, after.grade), visit);
            if share.is_first && share.owner == Some(visitor.0) {
                let scan = ScanSums {
                    seen: visit.seen,
                    confirmed: visit.confirmed,
                    ..ScanSums::default()
                };
                changes.scans(rollups::scan_key(tx, share.scan)?, scan);
            }
            changes.note(tx)?;
            Ok(begun)
        })
    }
}
