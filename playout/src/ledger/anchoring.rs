//! How a ledger learns what time its boots had, and tells the hub; see
//! [`anchors`](crate::ledger::anchors).

use passerby_protocol::dating::{Anchor, Anchors};
use passerby_protocol::limits::BOOTS_REDATED_MAX;
use passerby_protocol::plays::Play;
use rusqlite::TransactionBehavior;

use crate::ledger::anchors::Offered;
use crate::ledger::{Ledger, LedgerError, anchors};

impl Ledger {
    /// Keeps an anchor of a boot if it says something new; see [`Anchors::add`].
    ///
    /// # Errors
    /// The database fails.
    pub fn anchor(&mut self, anchor: &Anchor) -> Result<(), LedgerError> {
        self.change_anchors(&anchor.boot, |anchors| {
            anchors.add(anchor.boot_ms, anchor.wall_ms)
        })
    }

    /// Keeps an anchor from which on another time is believed than before; what was until
    /// `until_boot_ms` stays dated as it is.
    ///
    /// # Errors
    /// The database fails.
    pub fn anchor_changed(
        &mut self,
        until_boot_ms: u64,
        anchor: &Anchor,
    ) -> Result<(), LedgerError> {
        self.change_anchors(&anchor.boot, |anchors| {
            anchors.hold(until_boot_ms);
            // An anchor that was kept while the new time was not yet believed comes first.
            let newest = anchors.last().map_or(0, |(boot_ms, _)| boot_ms + 1);
            let boot_ms = anchor.boot_ms.max(newest);
            anchors.add(boot_ms, anchor.wall_at(boot_ms))
        })
    }

    /// Returns the newest anchor of a boot.
    ///
    /// # Errors
    /// The database fails.
    pub fn newest_anchor(&self, boot: &str) -> Result<Option<Anchor>, LedgerError> {
        let newest = anchors::of_boot(&self.connection, boot)?.last();
        Ok(newest.map(|(boot_ms, wall_ms)| Anchor {
            boot: boot.to_owned(),
            boot_ms,
            wall_ms,
        }))
    }

    fn change_anchors(
        &mut self,
        boot: &str,
        change: impl FnOnce(&mut Anchors) -> bool,
    ) -> Result<(), LedgerError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut known = anchors::of_boot(&transaction, boot)?;
        if change(&mut known) {
            anchors::keep(&transaction, boot, &known)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// The anchors that go with a batch: those of its boots, and those of other boots that the hub
    /// has not heard.
    pub(super) fn anchors_for(&self, plays: &[Play]) -> rusqlite::Result<Vec<Anchor>> {
        let mut boots: Vec<String> = Vec::new();
        for play in plays {
            if boots.last() != Some(&play.boot) && !boots.contains(&play.boot) {
                boots.push(play.boot.clone());
            }
        }
        let news: Vec<(String, i64)> = self
            .connection
            .prepare_cached("SELECT boot, revision FROM anchor_news ORDER BY revision LIMIT ?1")?
            .query_map([BOOTS_REDATED_MAX], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        if let Some(last) = plays.last() {
            *self.offered.borrow_mut() = Offered {
                last_seq: last.seq,
                boots: news.clone(),
            };
        }
        for (boot, _) in news {
            if !boots.contains(&boot) {
                boots.push(boot);
            }
        }
        let mut told = Vec::new();
        for boot in boots {
            for &(boot_ms, wall_ms) in anchors::of_boot(&self.connection, &boot)?.points() {
                told.push(Anchor {
                    boot: boot.clone(),
                    boot_ms,
                    wall_ms,
                });
            }
        }
        Ok(told)
    }
}
