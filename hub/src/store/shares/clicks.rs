//! Presses of a page's button, and the click ids that shops hear of.
//!
//! Invariants: a visit counts for one press, however often its button is pressed, and keeps one
//! click id.

use crate::database::{DatabaseError, Transaction, values};
use crate::scans::visitor::Visitor;
use crate::store::StoreError;
use crate::store::rollups::{Changes, VisitSums};
use crate::store::shares::rows;
use crate::store::shares::rows::Share;
use crate::system::random;

/// Counts the first press of a visit.
pub(super) fn note_press(
    tx: &Transaction<'_>,
    name: &str,
    share: &Share,
    (visitor, now_ms): (Visitor, i64),
) -> Result<(), StoreError> {
    let pressed = tx.optional(
        "UPDATE visits SET clicked_ms = ?3 WHERE share = ?1 AND visitor = ?2 AND clicked_ms IS NULL
         RETURNING visited_ms, grade",
        values![share.id, visitor.0, now_ms],
        |row| Ok::<_, DatabaseError>((row.get::<i64>(0)?, row.get::<u8>(1)?)),
    )?;
    // What its chain counts for may have changed since it was read.
    let Some(((visited_ms, grade), share)) = pressed.zip(rows::share(tx, name)?) else {
        return Ok(());
    };
    let mut changes = Changes::default();
    let press = VisitSums {
        pressed: 1,
        ..VisitSums::default()
    };
    changes.visits(share.visit_key(visited_ms, grade), press);
    Ok(changes.note(tx)?)
}

/// The click id of a press, which a visit keeps however often its button is pressed.
pub(super) fn clicked(
    tx: &Transaction<'_>,
    share: &Share,
    (visitor, now_ms): (Visitor, i64),
) -> Result<[u8; 16], StoreError> {
    tx.execute(
        "INSERT INTO clicks (click, share, visitor, pressed_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (share, visitor) DO NOTHING",
        values![random::bytes::<16>(), share.id, visitor.0, now_ms],
    )?;
    let click = "SELECT click FROM clicks WHERE share = ?1 AND visitor = ?2";
    Ok(tx.value(click, values![share.id, visitor.0])?)
}
