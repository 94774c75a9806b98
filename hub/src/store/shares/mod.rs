//! Shares: the chain from a scan through the people who pass the link on.
//!
//! A link belongs to whoever opens it first. Anybody else who opens it is sent on to a link of
//! their own, a child of it, so that the share menu of any browser passes on the right one by
//! itself.
//!
//! Invariants: a child is unowned when it is made, so a visitor whose address changes on the way is
//! never sent in circles; chains and families are bounded, and past the bound the link itself
//! serves everybody; how far a visit got is told by what the open page asks for, and only for whom
//! the link belongs to or who opened it; a press is one on a visit, or nothing; in a flood nothing
//! new is begun, and everybody still sees the page and gets to the target.

mod below;
mod clicks;
mod link_visitor;
mod opening;
mod reach;
mod rows;

use passerby_protocol::Digest;

use crate::conversions::click_id;
use crate::database::{DatabaseError, Lock, values};
use crate::scans::visitor::Visitor;
use crate::store::shares::clicks::{clicked, note_press};
use crate::store::{Result, Store, StoreError};

pub use crate::store::shares::link_visitor::{Begun, LinkVisitor};
pub use crate::store::shares::opening::{LinkAnswer, LinkOpening, Opened};
pub use crate::store::shares::reach::Reached;

/// A button that was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    /// Where it leads; `None` when the campaign has no target.
    pub target: Option<String>,
    /// Whether there is no visit to which the press could belong.
    pub is_strange: bool,
}

impl Store {
    /// Counts a press of the page's button, once a visit, and returns where it leads. `None`: there
    /// is no such link.
    ///
    /// A press proves that somebody has the link's address and nothing else, so it makes no visit
    /// and confirms none.
    ///
    /// # Errors
    /// The database fails.
    pub fn press(
        &self,
        name: &str,
        visitor: Option<Visitor>,
        now_ms: i64,
    ) -> Result<Option<Pressed>> {
        let Some(facts) = self.landing_facts(name, None)? else {
            return Ok(None);
        };
        let found = self.read(|tx| {
            let Some(share) = rows::share(tx, name)? else {
                return Ok::<_, StoreError>(None);
            };
            let visit = match visitor {
                Some(visitor) => tx.optional(
                    "SELECT clicked_ms IS NULL, click FROM visits
                     LEFT JOIN clicks ON clicks.share = visits.share AND clicks.visitor = visits.visitor
                     WHERE visits.share = ?1 AND visits.visitor = ?2",
                    values![share.id, visitor.0],
                    |row| {
                        let click: Option<[u8; 16]> = row.get(1)?;
                        Ok::<_, DatabaseError>((row.get::<bool>(0)?, click))
                    },
                )?,
                None => None,
            };
            Ok(Some((share, visit)))
        })?;
        let Some((share, visit)) = found else {
            return Ok(None);
        };
        let is_strange = visitor.is_some() && visit.is_none();
        // Whoever has opened no page of their own brings a shop nobody.
        let link = &facts.campaign.link;
        let has_click = link.click_name().is_some() && facts.target.is_some();
        let mut click = visit.and_then(|(_, click)| click);
        if let Some((visitor, (is_first, _))) = visitor.zip(visit)
            && (is_first || (has_click && click.is_none()))
        {
            click = self.write(Lock::Screens(&[share.screen]), |tx| {
                note_press(tx, name, &share, (visitor, now_ms))?;
                if has_click {
                    clicked(tx, &share, (visitor, now_ms)).map(Some)
                } else {
                    Ok(None)
                }
            })?;
        }
        let target = facts.target.map(|target| match click {
            Some(click) => link.with_click(target, &click_id(&click)),
            None => target,
        });
        Ok(Some(Pressed { target, is_strange }))
    }

    /// Returns the small picture on a link's page, a JPEG; `None` without a link or a picture.
    ///
    /// # Errors
    /// The database fails.
    pub fn picture_of(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.read_once(|tx| {
            tx.optional(
                "SELECT thumbnail FROM shares JOIN scans ON scans.id = scan
                 JOIN creatives ON sha256 = scans.creative
                 WHERE shares.name = ?1 AND thumbnail_width > 0",
                values![name],
                |row| Ok(row.get(0)?),
            )
        })
    }

    /// Returns the size of a creative's thumbnail.
    ///
    /// # Errors
    /// The database fails.
    pub fn thumbnail_px(&self, creative: Digest) -> Result<(u32, u32)> {
        self.read_once(|tx| {
            tx.one(
                "SELECT thumbnail_width, thumbnail_height FROM creatives WHERE sha256 = ?1",
                values![creative.to_string()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
        })
    }
}

#[cfg(test)]
mod tests;
