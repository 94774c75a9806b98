//! Scans: one a play, visitor and day, resolved from the token alone.
//!
//! Invariants: a scan is recorded, with what it counts for, before its link is answered; a second
//! opening by the same visitor finds the first.

use std::borrow::Cow;

use passerby_protocol::campaign::Origin;
use passerby_protocol::token::TokenContents;
use passerby_protocol::{Campaign, CampaignId};
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::scans::verdict::{Aired, PLAY_SCANS, ScanVerdict, judge};
use crate::scans::visitor::{Grade, Visitor};
use crate::store::landed::Landed;
use crate::store::verdicts;
use crate::store::verdicts::Opening;
use crate::store::{Id, Result, Store};
use crate::system::random;

/// Rows that one play has at most before openings that count for nothing get none of their own.
/// Those that count are bounded as well: see [`crate::scans::verdict::play_scans_max`].
const ROWS_OF_PLAY_MAX: u32 = 1_000;

/// One opening of a verified token.
pub struct Scan<'a> {
    /// What the token says.
    pub claims: &'a TokenContents,
    /// What that stands for.
    pub landed: &'a Landed,
    /// Who opened it.
    pub visitor: Visitor,
    /// With what.
    pub grade: Grade,
    /// Whether the visitor's network has brought more new scans than a crowd does.
    pub is_crowded: bool,
    /// Whether it leads to a page, and so to a link that can be passed on.
    pub begins_chain: bool,
}

/// What became of an opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// The code is too old; there is no row.
    Expired,
    /// It counts for nothing, and its play has all the rows that are kept of one; there is no row.
    Full,
    /// It has a row.
    Kept {
        /// The link that begins its chain; `None` when no chain was asked for.
        link: Option<String>,
        /// The row, when the same visitor had opened the code before. The repeat is not yet counted
        /// there.
        again: Option<i64>,
    },
}

impl Store {
    /// Resolves what a token stands for.
    ///
    /// # Errors
    /// The database fails.
    pub fn landed(&self, claims: &TokenContents) -> Result<Option<Landed>> {
        self.read(|tx| {
            let found = tx
                .prepare_cached(
                    "SELECT campaign, body, placement, creative, live, name
                     FROM assignments JOIN campaigns ON id = campaign JOIN screens ON screens.number = screen
                     WHERE screen = ?1 AND assignments.number = ?2",
                )?
                .query_row(params![claims.screen.get(), claims.assignment.get()], |row| {
                    let bodies: (String, String) = (row.get(1)?, row.get(5)?);
                    Ok((row.get::<_, Id<CampaignId>>(0)?.0, bodies, row.get(2)?, row.get::<_, Id<_>>(3)?.0, row.get(4)?))
                })
                .optional()?;
            found
                .map(|(id, (body, screen), placement, creative, airs)| {
                    Ok(Landed {
                        campaign: outward(&body, &id, placement, &screen)?,
                        id,
                        placement,
                        creative,
                        airs,
                    })
                })
                .transpose()
        })
    }

    /// Records a scan, once a play, visitor and day, unless its code is older than `code_days`.
    ///
    /// # Errors
    /// The database fails.
    pub fn record_scan(&self, scan: &Scan<'_>, code_days: i64, now_ms: i64) -> Result<Recorded> {
        self.write(|tx| {
            let known = known_row(tx, scan)?;
            let row = match known {
                Some(id) => id,
                None => match new_row(tx, scan, code_days, now_ms)? {
                    Row::Expired => return Ok(Recorded::Expired),
                    Row::Full => return Ok(Recorded::Full),
                    Row::Made(id) => id,
                },
            };
            let link = if scan.begins_chain {
                Some(first_link(tx, row, scan.visitor, now_ms)?)
            } else {
                None
            };
            Ok(Recorded::Kept { link, again: known })
        })
    }
}

enum Row {
    Expired,
    Full,
    Made(i64),
}

fn known_row(tx: &Transaction<'_>, scan: &Scan<'_>) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("SELECT id FROM scans WHERE screen = ?1 AND play = ?2 AND visitor = ?3")?
        .query_row(
            params![
                scan.claims.screen.get(),
                scan.claims.play.get(),
                scan.visitor.0
            ],
            |row| row.get(0),
        )
        .optional()
}

fn new_row(
    tx: &Transaction<'_>,
    scan: &Scan<'_>,
    code_days: i64,
    now_ms: i64,
) -> rusqlite::Result<Row> {
    let (claims, landed, visitor) = (scan.claims, scan.landed, scan.visitor);
    let (screen, play) = (claims.screen.get(), claims.play.get());
    let rows: u32 = tx
        .prepare_cached("SELECT count(*) FROM scans WHERE screen = ?1 AND play = ?2")?
        .query_row([screen, play], |row| row.get(0))?;
    // While all of them together are few, it is not worth to look at each.
    let of_play_before = if rows < *PLAY_SCANS.start() {
        rows
    } else {
        verdicts::counted_of_play(tx, screen, play, i64::MAX)?
    };
    let opening = Opening {
        row: i64::MAX,
        screen,
        play,
        assignment: claims.assignment.get(),
        visitor: visitor.0,
        minted_ms: claims.minted_ms(),
        opened_ms: now_ms,
        of_play_before,
        is_crowded: scan.is_crowded,
    };
    let facts = verdicts::facts(tx, &opening, landed.dwell_ms(), Some(landed), code_days)?;
    let standing = judge(&facts);
    if standing == ScanVerdict::Expired {
        return Ok(Row::Expired);
    }
    let counts = standing.counts() && scan.grade != Grade::Robot;
    if !counts && rows >= ROWS_OF_PLAY_MAX {
        return Ok(Row::Full);
    }
    let is_settled = matches!(facts.aired, Aired::At { .. } | Aired::Never);
    tx.prepare_cached(
        "INSERT INTO scans (screen, play, visitor, grade, assignment, campaign, creative, minted_ms, scanned_ms, standing, settled)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) RETURNING id",
    )?
    .query_row(
        params![
            screen,
            play,
            visitor.0,
            grade_code(scan.grade),
            claims.assignment.get(),
            landed.id.as_str(),
            landed.creative.to_string(),
            claims.minted_ms(),
            now_ms,
            verdicts::code(standing),
            is_settled,
        ],
        |row| row.get(0),
    )
    .map(Row::Made)
}

/// Finds or makes the link that begins a scan's chain.
fn first_link(
    tx: &Transaction<'_>,
    scan: i64,
    visitor: Visitor,
    now_ms: i64,
) -> rusqlite::Result<String> {
    tx.prepare_cached(
        "INSERT INTO shares (name, scan, generation, made_for, created_ms) VALUES (?1, ?2, 0, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?
    .execute(params![random::share_name(), scan, visitor.0, now_ms])?;
    tx.prepare_cached("SELECT name FROM shares WHERE scan = ?1 AND parent IS NULL")?
        .query_row([scan], |row| row.get(0))
}

/// Returns the code under which a grade is stored.
pub(super) const fn grade_code(grade: Grade) -> u8 {
    match grade {
        Grade::Browser => 0,
        Grade::Tool => 1,
        Grade::Robot => 2,
    }
}

/// Reads a campaign as somebody meets it who comes from one of its placements on a screen: its
/// target says so where the campaign wants that.
pub(super) fn outward(
    body: &str,
    id: &CampaignId,
    placement: u32,
    screen: &str,
) -> Result<Campaign> {
    let mut campaign: Campaign = serde_json::from_str(body)?;
    // A placement that was taken out since has no name any more.
    let creative = usize::try_from(placement)
        .ok()
        .and_then(|at| campaign.placements.get(at))
        .map_or("", |placement| &placement.creative);
    let target = campaign
        .outward(&Origin {
            screen,
            campaign: id.as_str(),
            creative,
        })
        .map(Cow::into_owned);
    campaign.target = target;
    Ok(campaign)
}
