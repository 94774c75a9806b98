//! The conversions of a campaign, each with all that it is tied to.

use passerby_protocol::{CampaignId, foreign};
use serde::Serialize;

use crate::conversions::{Currency, Proof};
use crate::database::{DatabaseError, Row, values};
use crate::people::Scope;
use crate::store::{Result, Store, StoreError};

/// One conversion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConversionLine {
    /// Its number in the hub.
    pub conversion: i64,
    /// The shop's id of it.
    pub id: String,
    /// What was done.
    pub kind: String,
    /// Who says so.
    pub proof: Proof,
    /// Its value as a decimal number, and what of it was taken back.
    pub value: Option<String>,
    /// What was taken back of it.
    pub refunded: Option<String>,
    /// Of which currency these are.
    pub currency: Option<String>,
    /// Whether all of it was taken back.
    pub withdrawn: bool,
    /// When, as Unix time in milliseconds.
    pub at_ms: i64,
    /// When the hub heard of it.
    pub received_ms: i64,
    /// Whether its chain counts.
    pub counted: bool,
    /// At which screen the chain began that led to it; none without a click that is known.
    pub screen: Option<u32>,
    /// What that is called.
    pub screen_name: Option<String>,
    /// With which play.
    pub play: Option<u32>,
    /// When that began, once it has arrived and has a date.
    pub played_ms: Option<i64>,
    /// When its code was scanned; none once that is pruned.
    pub scanned_ms: Option<i64>,
    /// When the button was pressed.
    pub pressed_ms: Option<i64>,
    /// The SHA-256 of what was shown.
    pub creative: Option<String>,
    /// How often the link had been passed on since the scan.
    pub generation: Option<i64>,
    /// Under which link the button was pressed.
    pub link: Option<String>,
}

fn line(row: &Row<'_>) -> Result<ConversionLine, DatabaseError> {
    let currency = Some(row.get::<String>(6)?).filter(|currency| !currency.is_empty());
    let known = currency.as_deref().and_then(Currency::of_code);
    let decimal = |minor: i64| known.map(|known| known.decimal(minor));
    let screen = Some(row.get::<u32>(11)?).filter(|screen| *screen > 0);
    let with_click = |text: String| screen.map(|_| text);
    Ok(ConversionLine {
        conversion: row.get(0)?,
        id: row.get(1)?,
        kind: row.get(2)?,
        proof: Proof::of_code(row.get(3)?),
        value: decimal(row.get(4)?),
        refunded: decimal(row.get(5)?),
        currency,
        withdrawn: row.get(7)?,
        at_ms: row.get(8)?,
        received_ms: row.get(9)?,
        counted: row.get(10)?,
        screen,
        screen_name: row
            .get::<Option<String>>(12)?
            .map(|name| foreign::escaped(&name).into_owned()),
        play: screen.map(|_| row.get(13)).transpose()?,
        played_ms: row.get(14)?,
        scanned_ms: row.get(15)?,
        pressed_ms: row.get(16)?,
        creative: with_click(row.get(17)?),
        generation: screen.map(|_| row.get(18)).transpose()?,
        link: with_click(row.get(19)?),
    })
}

impl Store {
    /// Returns where a campaign leads in the end, if anywhere; `None` without such a campaign.
    ///
    /// # Errors
    /// The database fails.
    pub fn target_of(&self, campaign: &CampaignId) -> Result<Option<Option<String>>> {
        let body: Option<String> = self.read_once(|tx| {
            tx.optional(
                "SELECT body FROM campaigns WHERE id = ?1",
                values![campaign.as_str()],
                |row| Ok::<_, StoreError>(row.get(0)?),
            )
        })?;
        let body = body
            .map(|body| self.read_campaigns.read(&body))
            .transpose()?;
        Ok(body.map(|campaign| campaign.target.clone()))
    }

    /// Lists conversions of a campaign, the newest first, from before one; `None` for a campaign
    /// that is none of a scope's.
    ///
    /// # Errors
    /// The database fails.
    pub fn conversion_list(
        &self,
        campaign: &CampaignId,
        scope: &Scope,
        before: Option<i64>,
        count: usize,
    ) -> Result<Option<Vec<ConversionLine>>> {
        if self.campaign_facts(campaign, scope)?.is_none() {
            return Ok(None);
        }
        self.read_once(|tx| {
            let lines = tx.all(
                "SELECT conversions.id, conversions.name, conversions.kind, proof, value, refunded, currency, withdrawn,
                        at_ms, conversions.received_ms, counted, conversions.screen, screens.name, conversions.play,
                        plays.wall_ms, scans.scanned_ms, pressed_ms, conversions.creative, conversions.generation,
                        conversions.link
                 FROM conversions
                 LEFT JOIN screens ON screens.number = conversions.screen
                 LEFT JOIN plays ON plays.screen = conversions.screen AND plays.number = conversions.play
                 LEFT JOIN scans ON scans.id = conversions.scan
                 WHERE conversions.campaign = ?1 AND conversions.id < ?2 ORDER BY conversions.id DESC LIMIT ?3",
                values![campaign.as_str(), before.unwrap_or(i64::MAX), count],
                line,
            )?;
            Ok(Some(lines))
        })
    }
}
