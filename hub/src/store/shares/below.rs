//! Links below others: each visitor's own.

use crate::database::{DatabaseError, Transaction, values};
use crate::scans::visitor::Visitor;
use crate::store::rollups;
use crate::store::rollups::link_sums::{Below, LinkKey, LinkSums, day_of};
use crate::store::rollups::{Changes, ShareKey};
use crate::store::shares::rows::Share;
use crate::store::{Event, ShareEvent, event_hooks};
use crate::system::random;

/// Longest chain.
const GENERATION_MAX: i64 = 1_000;
/// Most children of one link.
pub(super) const CHILDREN_MAX: i64 = 100_000;

/// Finds a visitor's own link below another's.
pub(super) fn known_child(
    tx: &Transaction<'_>,
    parent: &Share,
    visitor: Visitor,
) -> Result<Option<String>, DatabaseError> {
    tx.optional(
        "SELECT name FROM shares WHERE parent = ?1 AND made_for = ?2",
        values![parent.id, visitor.0],
        |row| row.get(0),
    )
}

/// Makes a visitor's own link below another's; `None` past the bounds. It takes the same time for
/// every child.
pub(super) fn new_child(
    tx: &Transaction<'_>,
    parent: &Share,
    visitor: Visitor,
    now_ms: i64,
) -> Result<Option<String>, DatabaseError> {
    if parent.generation >= GENERATION_MAX || parent.children >= CHILDREN_MAX {
        return Ok(None);
    }
    tx.execute(
        "UPDATE shares SET children = children + 1 WHERE id = ?1",
        values![parent.id],
    )?;
    let name = random::share_name();
    let made: i64 = tx.value(
        "INSERT INTO shares (name, scan, parent, generation, made_for, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        values![&name, parent.scan, parent.id, parent.generation + 1, visitor.0, now_ms],
    )?;
    tx.execute(
        "INSERT INTO link_numbers (share, scan, generation, nth) VALUES (?1, ?2, ?3, ?4)",
        values![
            made,
            parent.scan,
            parent.generation + 1,
            parent.children + 1
        ],
    )?;
    tx.execute(
        "INSERT INTO chains (scan, campaign, screen, counted, scanned_ms, links, depth, newest_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)
         ON CONFLICT (scan) DO UPDATE SET links = chains.links + 1, depth = greatest(chains.depth, excluded.depth),
             newest_ms = greatest(chains.newest_ms, excluded.newest_ms)",
        values![
            parent.scan,
            &parent.campaign,
            parent.screen.get(),
            parent.is_counted,
            parent.scanned_ms,
            parent.generation + 1,
            now_ms
        ],
    )?;
    let mut changes = Changes::default();
    let key = ShareKey {
        screen: parent.screen.get(),
        quarter: rollups::quarter_of(now_ms),
        campaign: parent.campaign.clone(),
        creative: parent.creative.clone(),
        generation: parent.generation + 1,
        is_counted: parent.is_counted,
    };
    changes.shares(key, 1);
    let below = Below {
        made_ms: now_ms,
        nth: parent.children + 1,
        above_ms: parent.created_ms,
        scanned_ms: parent.scanned_ms,
    };
    let key = |generation, made_ms| LinkKey {
        campaign: parent.campaign.clone(),
        screen: parent.screen.get(),
        generation,
        day: day_of(made_ms),
        is_counted: parent.is_counted,
    };
    changes.links(
        key(parent.generation, parent.created_ms),
        LinkSums::below(&below),
    );
    changes.links(key(parent.generation + 1, now_ms), LinkSums::ONE);
    changes.note(tx)?;
    let event = Event::Share(ShareEvent {
        campaign: parent.campaign.clone(),
        screen: parent.screen.get(),
        generation: parent.generation + 1,
    });
    event_hooks::note(tx, &event, now_ms)?;
    Ok(Some(name))
}
