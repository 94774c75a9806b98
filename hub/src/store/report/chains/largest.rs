//! The largest chains, and who passed them on: what a picture of them is drawn from.
//!
//! Invariants: of each chain only those links are read from which others got one, at most
//! [`NODES_MAX`]; the others are numbers beside them. Links have no name here.

use std::collections::HashMap;

use passerby_protocol::{ScreenNumber, foreign};
use serde::Serialize;

use crate::database::{DatabaseError, Id, Transaction, values};
use crate::store::report::chains::figures::Of;
use crate::system::clock;

/// Most chains that are listed.
pub const LARGEST_MAX: usize = 20;
/// Most chains whose links are told.
pub const CHAINS_DRAWN: usize = 5;
/// Most links that are told of one chain.
pub const NODES_MAX: usize = 80;

/// A chain with more than the link of its scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LargeChain {
    /// Where it began.
    pub screen: ScreenNumber,
    /// The name of that screen.
    pub name: Option<String>,
    /// Of which campaign.
    pub campaign: String,
    /// When, RFC 3339.
    pub began: String,
    /// Links that others got.
    pub links: u64,
    /// The highest generation.
    pub depth: u64,
    /// When the last link was made, RFC 3339.
    pub newest: String,
    /// Links from which others got one, each behind the one above it; of the first
    /// [`CHAINS_DRAWN`] chains, at most [`NODES_MAX`] of each.
    pub nodes: Vec<Node>,
    /// Links that others got from links that are not told.
    pub links_left_out: u64,
}

/// A link from which others got one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Node {
    /// The place of the one above it in the list; `None` of the scan's.
    pub above: Option<usize>,
    /// How many links others got from it.
    pub brought: u64,
}

/// Reads how many chains there are, and the largest.
pub(super) fn largest(
    tx: &Transaction<'_>,
    of: &Of,
) -> Result<(u64, Vec<LargeChain>), DatabaseError> {
    let count = tx.value(
        &format!("SELECT count(*) FROM chains WHERE {}", of.by_screen()),
        of.values(),
    )?;
    let (limited, at) = of.with(LARGEST_MAX);
    let mut chains = tx.all(
        &format!(
            "SELECT scan, screen, campaign, scanned_ms, links, depth, newest_ms FROM chains
             WHERE {} ORDER BY links DESC, scan DESC LIMIT ?{at}",
            of.by_screen()
        ),
        &limited,
        |row| {
            let scan: i64 = row.get(0)?;
            let chain = LargeChain {
                screen: row.get::<Id<_>>(1)?.0,
                name: None,
                campaign: foreign::escaped(&row.get::<String>(2)?).into_owned(),
                began: clock::rfc3339(row.get(3)?),
                links: row.get(4)?,
                depth: row.get(5)?,
                newest: clock::rfc3339(row.get(6)?),
                nodes: Vec::new(),
                links_left_out: 0,
            };
            Ok::<_, DatabaseError>((scan, chain))
        },
    )?;
    for (scan, chain) in chains.iter_mut().take(CHAINS_DRAWN) {
        chain.nodes = nodes(tx, *scan)?;
        let told: u64 = chain.nodes.iter().map(|node| node.brought).sum();
        chain.links_left_out = chain.links.saturating_sub(told);
    }
    Ok((count, chains.into_iter().map(|(_, chain)| chain).collect()))
}

/// Reads the links of a chain from which others got one, generation by generation.
fn nodes(tx: &Transaction<'_>, scan: i64) -> Result<Vec<Node>, DatabaseError> {
    let rows: Vec<(i64, Option<i64>, u64)> = tx.all(
        "SELECT links.id, links.parent, links.children
         FROM link_numbers JOIN shares AS below ON below.id = link_numbers.share
         JOIN shares AS links ON links.id = below.parent
         WHERE link_numbers.scan = ?1 AND nth = 1 ORDER BY link_numbers.generation, link_numbers.share LIMIT ?2",
        values![scan, NODES_MAX],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let (mut places, mut nodes) = (HashMap::new(), Vec::new());
    for (link, above, brought) in rows {
        let above = match above {
            None => None,
            Some(above) => match places.get(&above) {
                Some(&place) => Some(place),
                // The one between them was pruned.
                None => continue,
            },
        };
        places.insert(link, nodes.len());
        nodes.push(Node { above, brought });
    }
    Ok(nodes)
}
