//! What [`crate::scans::verdict`] has to know of an opening, and its second look when plays arrive.
//!
//! Invariants: a scan is settled once, by its own play or by a ledger that has gone past it, and
//! never changes after that, unless its play turns out to have been at another time (see `dates`);
//! a batch settles a bounded number of scans, and the next one goes on.

use std::collections::HashMap;

use passerby_protocol::ScreenNumber;
use passerby_protocol::limits::CODE_DAYS_MAX;
use passerby_protocol::plays::SET_ASIDE;
use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::scans::verdict::{Aired, Facts, GRACE_MS, LEAD_MS_MAX, SKEW_MS, ScanVerdict, judge};
use crate::store::landed::Landed;
use crate::system::clock;
use crate::system::clock::DAY_MS;

const HOUR_MS: i64 = 3_600_000;
/// Most scans that one batch settles by their plays.
const SETTLED_MAX: u32 = 5_000;
/// Most scans that one batch looks for in the ledger in vain.
const ABSENT_MAX: u32 = 200;
/// A play has certainly ended so long after its code was minted: it waits for at most an hour and
/// airs for at most another; the third is for clocks and for films.
const ENDED_MS: i64 = 3 * HOUR_MS;
/// Numbers after an absent one that are looked at, to see that its terminal went on without a
/// restart.
const FOLLOWING_MAX: u32 = 5_000;
/// After so long the ledger is no longer waited for.
const WAIT_MS_MAX: i64 = 60 * DAY_MS;

/// One opening, as its facts are looked up.
pub(super) struct Opening {
    /// Only rows before this one count as earlier.
    pub(super) row: i64,
    pub(super) screen: u32,
    pub(super) play: u32,
    pub(super) assignment: u32,
    pub(super) visitor: [u8; 16],
    pub(super) minted_ms: Option<i64>,
    pub(super) opened_ms: i64,
    /// Scans of the play that counted before, see [`counted_of_play`].
    pub(super) of_play_before: u32,
    pub(super) is_crowded: bool,
}

/// Gathers what an opening is judged by. `landed` tells what may be on the air now; without it
/// nothing is said of that.
pub(super) fn facts(
    tx: &Transaction<'_>,
    opening: &Opening,
    dwell_ms: i64,
    landed: Option<&Landed>,
    code_days: i64,
) -> rusqlite::Result<Facts> {
    let aired = aired(tx, opening)?;
    let visitor_since = |span_ms: i64| counted_of_visitor(tx, opening, span_ms);
    Ok(Facts {
        opened_ms: opening.opened_ms,
        minted_ms: opening.minted_ms,
        dwell_ms,
        lead_ms: match (aired, opening.minted_ms) {
            (Aired::At { .. }, _) | (_, None) => 0,
            // Only where it decides something is it worth to read every campaign.
            (_, Some(minted_ms)) => {
                match opening.opened_ms - minted_ms - dwell_ms - GRACE_MS {
                    1..=LEAD_MS_MAX => longest_lead_ms(tx, opening.screen)?,
                    _ => 0,
                }
            }
        },
        aired,
        first_opened_ms: match opening.minted_ms {
            None => first_opened_ms(tx, opening)?,
            Some(_) => None,
        },
        dropped_ms: match (aired, landed) {
            (Aired::Unknown, Some(landed)) => dropped_ms(tx, opening, landed)?,
            _ => None,
        },
        late_before: tx
            .prepare_cached(
                "SELECT count(*) FROM counted_scans WHERE screen = ?1 AND play = ?2 AND standing = 1 AND id < ?3",
            )?
            .query_row(params![opening.screen, opening.play, opening.row], |row| row.get(0))?,
        hour_before: visitor_since(HOUR_MS)?,
        day_before: visitor_since(DAY_MS)?,
        of_play_before: opening.of_play_before,
        is_crowded: opening.is_crowded,
        code_days,
    })
}

/// Returns the code under which a standing is stored. Expired openings are not stored; one that
/// turns out to have been too old is a replay.
pub(super) const fn code(standing: ScanVerdict) -> u8 {
    match standing {
        ScanVerdict::Fresh => 0,
        ScanVerdict::Late => 1,
        ScanVerdict::Replay | ScanVerdict::Expired => 2,
        ScanVerdict::Unaired => 3,
        ScanVerdict::Flood => 4,
    }
}

fn aired(tx: &Transaction<'_>, opening: &Opening) -> rusqlite::Result<Aired> {
    let play = tx
        .prepare_cached(
            "SELECT assignment, campaign, wall_ms, visible_ms FROM plays JOIN contents ON contents.id = content
             WHERE screen = ?1 AND number = ?2",
        )?
        .query_row([opening.screen, opening.play], |row| {
            let (assignment, campaign): (u32, String) = (row.get(0)?, row.get(1)?);
            let wall_ms: Option<i64> = row.get(2)?;
            Ok((assignment, campaign, wall_ms, row.get::<_, i64>(3)?))
        })
        .optional()?;
    Ok(match play {
        None => Aired::Unknown,
        Some((_, campaign, ..)) if campaign == SET_ASIDE => Aired::Undated,
        Some((assignment, ..)) if assignment != opening.assignment => Aired::Never,
        Some((.., None, _)) => Aired::Undated,
        Some((.., Some(start_ms), visible_ms)) => Aired::At {
            start_ms,
            end_ms: start_ms + visible_ms,
        },
    })
}

/// Counts the scans of a play that count, up to a row.
pub(super) fn counted_of_play(
    tx: &Transaction<'_>,
    screen: u32,
    play: u32,
    before_row: i64,
) -> rusqlite::Result<u32> {
    tx.prepare_cached(
        "SELECT count(*) FROM counted_scans WHERE screen = ?1 AND play = ?2 AND id < ?3",
    )?
    .query_row(params![screen, play, before_row], |row| row.get(0))
}

fn counted_of_visitor(
    tx: &Transaction<'_>,
    opening: &Opening,
    span_ms: i64,
) -> rusqlite::Result<u32> {
    tx.prepare_cached(
        "SELECT count(*) FROM counted_scans WHERE visitor = ?1 AND scanned_ms > ?2 AND scanned_ms <= ?3 AND id < ?4",
    )?
    .query_row(
        params![
            opening.visitor,
            opening.opened_ms - span_ms,
            opening.opened_ms,
            opening.row
        ],
        |row| row.get(0),
    )
}

fn first_opened_ms(tx: &Transaction<'_>, opening: &Opening) -> rusqlite::Result<Option<i64>> {
    tx.prepare_cached("SELECT min(scanned_ms) FROM scans WHERE screen = ?1 AND play = ?2")?
        .query_row([opening.screen, opening.play], |row| row.get(0))
}

/// The longest that anything on a screen stays there; what names no time may be a film.
fn longest_lead_ms(tx: &Transaction<'_>, screen: u32) -> rusqlite::Result<i64> {
    let seconds: i64 = tx
        .prepare_cached(
            "SELECT ifnull(max(ifnull(placement.value ->> '$.seconds', 600)), 0)
             FROM airing JOIN campaigns ON campaigns.id = campaign
             JOIN json_each(campaigns.body, '$.placements') AS placement
             WHERE screen = ?1",
        )?
        .query_row([screen], |row| row.get(0))?;
    Ok((seconds * 1_000).clamp(0, LEAD_MS_MAX))
}

/// Since when a screen is known to hold content without an assignment. A screen that has not said
/// that it holds the current content may show what was taken off.
fn dropped_ms(
    tx: &Transaction<'_>,
    opening: &Opening,
    landed: &Landed,
) -> rusqlite::Result<Option<i64>> {
    let Some(minted_ms) = opening.minted_ms else {
        return Ok(None);
    };
    if may_air(landed, minted_ms, opening.opened_ms) {
        let carries = tx
            .prepare_cached(
                "SELECT 1 FROM assignments JOIN campaign_items USING (campaign, placement, creative)
                 JOIN airing ON airing.campaign = assignments.campaign AND airing.screen = assignments.screen
                 WHERE assignments.screen = ?1 AND assignments.number = ?2",
            )?
            .exists([opening.screen, opening.assignment])?;
        if carries {
            return Ok(None);
        }
    }
    tx.prepare_cached(
        "SELECT content_since_ms FROM screens WHERE number = ?1 AND content_version >= manifest_version",
    )?
    .query_row([opening.screen], |row| row.get(0))
    .optional()
}

/// Tells whether one of a campaign's phases could be on, wherever on earth the venue is.
fn may_air(landed: &Landed, minted_ms: i64, opened_ms: i64) -> bool {
    let phases = &landed.campaign.phases;
    let first = clock::utc_date(minted_ms - 12 * HOUR_MS);
    let last = clock::utc_date(opened_ms + LEAD_MS_MAX + 14 * HOUR_MS);
    phases.is_empty()
        || phases.iter().any(|phase| {
            phase.from.is_none_or(|from| from <= last)
                && phase.until.is_none_or(|until| first <= until)
        })
}

/// Judges the scans of a screen again for which a batch of its ledger may have brought the answer.
pub(super) fn settle(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    ledger: i64,
    now_ms: i64,
) -> rusqlite::Result<()> {
    settle_arrived(tx, screen)?;
    let past = tx
        .prepare_cached(
            "SELECT wall_ms FROM plays WHERE ledger = ?1 AND wall_ms IS NOT NULL ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([ledger], |row| row.get::<_, i64>(0))
        .optional()?;
    if let Some(past_ms) = past {
        settle_absent(tx, screen, ledger, past_ms)?;
    }
    tx.prepare_cached(
        "UPDATE scans SET settled = 1 WHERE screen = ?1 AND settled = 0 AND scanned_ms < ?2",
    )?
    .execute(params![screen.get(), now_ms - WAIT_MS_MAX])?;
    Ok(())
}

fn settle_arrived(tx: &Transaction<'_>, screen: ScreenNumber) -> rusqlite::Result<()> {
    let arrived = tx
        .prepare_cached(
            "SELECT scans.id, scans.play, scans.assignment, scans.visitor, scans.minted_ms, scans.scanned_ms,
                    scans.standing, scans.grade < 2
             FROM scans JOIN plays ON plays.screen = scans.screen AND plays.number = scans.play
             JOIN contents ON contents.id = plays.content
             WHERE scans.screen = ?1 AND scans.settled = 0
               AND (plays.wall_ms IS NOT NULL OR contents.assignment <> scans.assignment)
             ORDER BY scans.id LIMIT ?2",
        )?
        .query_map([screen.get(), SETTLED_MAX], |row| {
            let standing: u8 = row.get(6)?;
            let opening = Opening {
                row: row.get(0)?,
                screen: screen.get(),
                play: row.get(1)?,
                assignment: row.get(2)?,
                visitor: row.get(3)?,
                minted_ms: row.get(4)?,
                opened_ms: row.get(5)?,
                of_play_before: 0,
                // Nothing that a play says makes a flood a scan.
                is_crowded: standing == code(ScanVerdict::Flood),
            };
            Ok((opening, standing < code(ScanVerdict::Replay), row.get(7)?))
        })?
        .collect::<rusqlite::Result<Vec<(Opening, bool, bool)>>>()?;
    let mut of_plays: HashMap<u32, u32> = HashMap::new();
    for (mut opening, counted, is_no_robot) in arrived {
        opening.of_play_before = match of_plays.get(&opening.play) {
            Some(&counted) => counted,
            None => counted_of_play(tx, screen.get(), opening.play, opening.row)?,
        };
        let facts = facts(tx, &opening, 0, None, CODE_DAYS_MAX)?;
        // A row that was set aside says nothing, now or later.
        let standing = (facts.aired != Aired::Undated).then(|| judge(&facts));
        close(tx, opening.row, standing)?;
        let counts = is_no_robot && standing.map_or(counted, ScanVerdict::counts);
        of_plays.insert(opening.play, opening.of_play_before + u32::from(counts));
    }
    Ok(())
}

/// Looks for plays that should have arrived long ago.
fn settle_absent(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    ledger: i64,
    past_ms: i64,
) -> rusqlite::Result<()> {
    let absent: Vec<(i64, u32, Option<i64>, i64)> = tx
        .prepare_cached(
            "SELECT id, play, minted_ms, scanned_ms FROM scans
             WHERE screen = ?1 AND settled = 0 AND max(scanned_ms, ifnull(minted_ms, scanned_ms)) < ?2
               AND NOT EXISTS (SELECT 1 FROM plays WHERE plays.screen = scans.screen AND plays.number = scans.play)
             ORDER BY id LIMIT ?3",
        )?
        .query_map(params![screen.get(), past_ms - ENDED_MS, ABSENT_MAX], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (row, play, minted_ms, opened_ms) in absent {
        let out_of_turn = match minted_ms {
            Some(minted_ms) => is_out_of_turn(tx, ledger, play, minted_ms)?,
            None => false,
        };
        let at_ms = minted_ms.unwrap_or(opened_ms).max(opened_ms);
        let never = out_of_turn || was_passed_over(tx, screen, ledger, play, at_ms)?;
        close(tx, row, never.then_some(ScanVerdict::Unaired))?;
    }
    Ok(())
}

/// Tells whether a ledger that was kept before and after a code was minted has used only lower, or
/// only higher numbers: in one ledger they grow with time.
fn is_out_of_turn(
    tx: &Transaction<'_>,
    ledger: i64,
    play: u32,
    minted_ms: i64,
) -> rusqlite::Result<bool> {
    let end = |order: &str| {
        tx.prepare_cached(&format!(
            "SELECT number, wall_ms FROM plays WHERE ledger = ?1 AND wall_ms IS NOT NULL ORDER BY seq {order} LIMIT 1"
        ))?
        .query_row([ledger], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()
    };
    let (Some(first), Some(last)) = (end("ASC")?, end("DESC")?) else {
        return Ok(false);
    };
    let spans = first.1 < minted_ms - SKEW_MS && minted_ms + ENDED_MS < last.1;
    Ok(spans && !(first.0..=last.0).contains(&i64::from(play)))
}

/// Tells whether a terminal went on for long after a play should have aired, without it and without
/// a restart.
///
/// A power cut or a crash takes the play on the screen with it, which people may have scanned; but
/// it takes the one that was ordered after it as well, so at least two numbers in a row are missing
/// then. A single missing number is a play that was numbered and never shown.
fn was_passed_over(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
    ledger: i64,
    play: u32,
    at_ms: i64,
) -> rusqlite::Result<bool> {
    let mut query = tx.prepare_cached(
        "SELECT number, wall_ms FROM plays WHERE screen = ?1 AND number >= ?2 AND ledger = ?3
         ORDER BY number LIMIT ?4",
    )?;
    let before = play.saturating_sub(1);
    let mut rows = query.query(params![screen.get(), before, ledger, FOLLOWING_MAX])?;
    let mut last = None;
    while let Some(row) = rows.next()? {
        let (number, wall_ms): (u32, Option<i64>) = (row.get(0)?, row.get(1)?);
        let is_whole = match last {
            None => number == before,
            Some(last) => number - last <= 2,
        };
        if !is_whole {
            return Ok(false);
        }
        if number > play && wall_ms.is_some_and(|start_ms| start_ms > at_ms + ENDED_MS) {
            return Ok(true);
        }
        last = Some(number);
    }
    Ok(false)
}

fn close(tx: &Transaction<'_>, row: i64, standing: Option<ScanVerdict>) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE scans SET settled = 1, standing = ifnull(?2, standing) WHERE id = ?1",
    )?
    .execute(params![row, standing.map(code)])?;
    Ok(())
}
