//! Links below others: each visitor's own.

use std::collections::BTreeMap;

use crate::database::{DatabaseError, Transaction, owned_values};
use crate::scans::visitor::Visitor;
use crate::store::rollups;
use crate::store::rollups::link_sums::{Below, LinkKey, LinkSums, day_of};
use crate::store::rollups::{Changes, ShareKey};
use crate::store::shares::rows::Share;
use crate::store::{Event, ShareEvent, event_hooks};

/// Longest chain.
const GENERATION_MAX: i64 = 1_000;
/// Most children of one link.
pub(super) const CHILDREN_MAX: i64 = 100_000;

/// A link that is to be made for a visitor below another's.
pub(super) struct NewChild {
    pub(super) parent: Share,
    pub(super) name: String,
    pub(super) made_for: Visitor,
    /// Which one below its parent it is, from 1.
    pub(super) nth: i64,
}

/// Whether a link that has so many below it may have one more.
pub(super) const fn has_room(parent: &Share, children: i64) -> bool {
    parent.generation < GENERATION_MAX && children < CHILDREN_MAX
}

/// What a chain gains.
struct Gain<'a> {
    /// Any link of it.
    of: &'a Share,
    links: i64,
    depth: i64,
}

/// Makes visitors' own links below others'. It takes the same time for every one of them.
pub(super) fn new_children(
    tx: &Transaction<'_>,
    new: &[NewChild],
    now_ms: i64,
    changes: &mut Changes,
) -> Result<(), DatabaseError> {
    if new.is_empty() {
        return Ok(());
    }
    let mut more = BTreeMap::new();
    let mut gains = BTreeMap::new();
    let mut rows = Vec::with_capacity(new.len());
    for child in new {
        let parent = &child.parent;
        *more.entry(parent.id).or_insert(0_i64) += 1;
        let gain = gains.entry(parent.scan).or_insert(Gain {
            of: parent,
            links: 0,
            depth: 0,
        });
        gain.links += 1;
        gain.depth = gain.depth.max(parent.generation + 1);
        rows.push(owned_values![
            &*child.name,
            parent.scan,
            parent.id,
            parent.generation + 1,
            child.made_for.0,
            now_ms
        ]);
        counted(child, now_ms, changes);
    }
    let more: Vec<_> = more
        .into_iter()
        .map(|(parent, more)| owned_values![parent, more])
        .collect();
    tx.execute_each(
        "UPDATE shares SET children = children + ?2 WHERE id = ?1",
        &more,
    )?;
    let made = tx.all_each(
        "INSERT INTO shares (name, scan, parent, generation, made_for, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        &rows,
        |row| row.get::<i64>(0),
    )?;
    let numbers: Vec<_> = made
        .into_iter()
        .flatten()
        .zip(new)
        .map(|(made, child)| {
            let parent = &child.parent;
            owned_values![made, parent.scan, parent.generation + 1, child.nth]
        })
        .collect();
    if numbers.len() < new.len() {
        return Err(DatabaseError::NoRow);
    }
    tx.execute_each(
        "INSERT INTO link_numbers (share, scan, generation, nth) VALUES (?1, ?2, ?3, ?4)",
        &numbers,
    )?;
    let chains: Vec<_> = gains
        .into_values()
        .map(|Gain { of, links, depth }| {
            owned_values![
                of.scan,
                &*of.campaign,
                of.screen.get(),
                of.is_counted,
                of.scanned_ms,
                links,
                depth,
                now_ms
            ]
        })
        .collect();
    tx.execute_each(
        "INSERT INTO chains (scan, campaign, screen, counted, scanned_ms, links, depth, newest_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (scan) DO UPDATE SET links = chains.links + excluded.links,
             depth = greatest(chains.depth, excluded.depth), newest_ms = greatest(chains.newest_ms, excluded.newest_ms)",
        &chains,
    )?;
    let events: Vec<Event> = new.iter().map(|child| told(&child.parent)).collect();
    event_hooks::note(tx, &events, now_ms)
}

/// What is told of a link that is made below another.
fn told(parent: &Share) -> Event {
    Event::Share(ShareEvent {
        campaign: parent.campaign.clone(),
        screen: parent.screen.get(),
        generation: parent.generation + 1,
    })
}

/// What a new link counts for.
fn counted(child: &NewChild, now_ms: i64, changes: &mut Changes) {
    let parent = &child.parent;
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
        nth: child.nth,
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
}
