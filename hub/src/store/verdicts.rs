//! What [`crate::scans::verdict`] has to know of an opening, and its second look when plays arrive.
//!
//! Invariants: a scan is settled once, by its own play or by a ledger that has gone past it, and
//! never changes after that, unless its play turns out to have been at another time (see `dates`);
//! a batch settles a bounded number of scans, and the next one goes on.

use std::collections::HashMap;
use std::ops::ControlFlow;

use passerby_protocol::limits::CODE_DAYS_MAX;
use passerby_protocol::plays::SET_ASIDE;
use passerby_protocol::{Campaign, ScreenNumber};

use crate::database::{DatabaseError, Transaction, owned_values, values};
use crate::scans::verdict::{Aired, Facts, GRACE_MS, LEAD_MS_MAX, SKEW_MS, ScanVerdict, judge};
use crate::store::Result;
use crate::store::landed::Landed;
use crate::store::rollups;
use crate::store::rollups::Changes;
use crate::store::rollups::scanned::DatedPlay;
use crate::system::clock;
use crate::system::clock::DAY_MS;

const HOUR_MS: i64 = 3_600_000;
/// How long a placement may stay that names no time.
const FILM_SECONDS: i64 = 600;
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
pub(super) const WAIT_MS_MAX: i64 = 60 * DAY_MS;

/// By so much the one of two openings that was recorded first may bear the later time: requests
/// overtake each other, and the clocks of two processes are not one.
const OVERTAKING_MS_MAX: i64 = 60_000;

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
/// nothing is said of that. With it, `known` must say what the screen holds.
pub(super) fn facts(
    tx: &Transaction<'_>,
    opening: &Opening,
    known: &Known,
    dwell_ms: i64,
    landed: Option<&Landed>,
    code_days: i64,
) -> Result<Facts, DatabaseError> {
    let aired = known.aired;
    Ok(Facts {
        opened_ms: opening.opened_ms,
        minted_ms: opening.minted_ms,
        dwell_ms,
        lead_ms: match (aired, opening.minted_ms) {
            (Aired::At { .. }, _) | (_, None) => 0,
            // Only where it decides something is it worth to read every campaign.
            (_, Some(minted_ms)) => match opening.opened_ms - minted_ms - dwell_ms - GRACE_MS {
                1..=LEAD_MS_MAX => longest_lead_ms(tx, opening.screen)?,
                _ => 0,
            },
        },
        aired,
        first_opened_ms: known.first_opened_ms,
        dropped_ms: match (aired, landed) {
            (Aired::Unknown, Some(landed)) => dropped_ms(opening, known, landed),
            _ => None,
        },
        late_before: known.late_before,
        hour_before: known.hour_before,
        day_before: known.day_before,
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

/// What the tables say of an opening's play and visitor.
pub(super) struct Known {
    aired: Aired,
    /// Its play, if that is here and has a date.
    pub(super) dated: Option<DatedPlay>,
    late_before: u32,
    hour_before: u32,
    day_before: u32,
    /// Only of openings whose code has no time.
    first_opened_ms: Option<i64>,
    /// What the screen holds, where it was asked for.
    held: Held,
}

/// What a screen is known to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    /// Whether what it should air has the opening's assignment.
    is_assigned: bool,
    /// Since when it has that, by its own word.
    since_ms: Option<i64>,
}

/// Looks up what the tables say of openings, each by itself; `with_held` also what their screens
/// hold.
pub(super) fn known(
    tx: &Transaction<'_>,
    openings: &[Opening],
    with_held: bool,
) -> Result<Vec<Known>, DatabaseError> {
    let keys: Vec<_> = openings
        .iter()
        .map(|opening| {
            owned_values![
                opening.screen,
                opening.play,
                opening.row,
                opening.visitor,
                opening.opened_ms - HOUR_MS,
                opening.opened_ms - DAY_MS,
                opening.opened_ms + OVERTAKING_MS_MAX,
                opening.minted_ms.is_none(),
                opening.assignment,
                with_held,
            ]
        })
        .collect();
    let mut of = openings.iter();
    let found = tx.all_each(
        "SELECT (SELECT count(*) FROM counted_scans WHERE screen = ?1 AND play = ?2 AND standing = 1 AND id < ?3),
                (SELECT count(*) FROM counted_scans
                 WHERE visitor = ?4 AND scanned_ms > ?5 AND scanned_ms <= ?7 AND id < ?3),
                (SELECT count(*) FROM counted_scans
                 WHERE visitor = ?4 AND scanned_ms > ?6 AND scanned_ms <= ?7 AND id < ?3),
                CASE WHEN ?8 THEN least((SELECT min(scanned_ms) FROM scans WHERE screen = ?1 AND play = ?2),
                                        (SELECT first_ms FROM pruned_openings WHERE screen = ?1 AND play = ?2)) END,
                played.assignment, played.campaign, played.wall_ms, played.visible_ms, played.content,
                CASE WHEN played.assignment IS NULL
                     THEN (SELECT first_number <= ?2 FROM pruned_runs WHERE screen = ?1 AND last_number >= ?2
                           ORDER BY last_number LIMIT 1) END,
                CASE WHEN ?10 THEN EXISTS
                    (SELECT 1 FROM assignments JOIN campaign_items USING (campaign, placement, creative)
                     JOIN airing ON airing.campaign = assignments.campaign AND airing.screen = assignments.screen
                     WHERE assignments.screen = ?1 AND assignments.number = ?9)
                ELSE FALSE END,
                CASE WHEN ?10 THEN
                    (SELECT content_since_ms FROM screens
                     WHERE number = ?1 AND content_version >= manifest_version) END
         FROM (SELECT 1) AS one
         LEFT JOIN (SELECT content, assignment, campaign, wall_ms, visible_ms
                    FROM plays JOIN contents ON contents.id = content
                    WHERE screen = ?1 AND number = ?2) AS played ON TRUE",
        &keys,
        |row| {
            let opening = of.next().ok_or(DatabaseError::NoRow)?;
            let (aired, dated) = match row.get::<Option<u32>>(4)? {
                None if row.get::<Option<bool>>(9)? == Some(true) => (Aired::Pruned, None),
                None => (Aired::Unknown, None),
                Some(assignment) => {
                    let campaign: String = row.get(5)?;
                    let (wall_ms, visible_ms) = (row.get::<Option<i64>>(6)?, row.get(7)?);
                    let content = row.get(8)?;
                    let dated = wall_ms.map(|wall_ms| DatedPlay {
                        content,
                        wall_ms,
                        visible_ms,
                    });
                    let at = (wall_ms, visible_ms);
                    (aired(opening, assignment, &campaign, at), dated)
                }
            };
            Ok::<_, DatabaseError>(Known {
                aired,
                dated,
                late_before: row.get(0)?,
                hour_before: row.get(1)?,
                day_before: row.get(2)?,
                first_opened_ms: row.get(3)?,
                held: Held {
                    is_assigned: row.get(10)?,
                    since_ms: row.get(11)?,
                },
            })
        },
    )?;
    Ok(found.into_iter().flatten().collect())
}

/// What the row of an opening's play says of it: the content, when it began and how long it stayed.
fn aired(
    opening: &Opening,
    assignment: u32,
    campaign: &str,
    (start_ms, visible_ms): (Option<i64>, i64),
) -> Aired {
    match start_ms {
        _ if campaign == SET_ASIDE => Aired::Undated,
        _ if assignment != opening.assignment => Aired::Never,
        None => Aired::Undated,
        Some(start_ms) => Aired::At {
            start_ms,
            end_ms: start_ms + visible_ms,
        },
    }
}

/// Counts the scans of a play that count, up to a row.
pub(super) fn counted_of_play(
    tx: &Transaction<'_>,
    screen: u32,
    play: u32,
    before_row: i64,
) -> Result<u32, DatabaseError> {
    tx.value(
        "SELECT count(*) FROM counted_scans WHERE screen = ?1 AND play = ?2 AND id < ?3",
        values![screen, play, before_row],
    )
}

/// The longest that anything on a screen stays there; what names no time may be a film.
fn longest_lead_ms(tx: &Transaction<'_>, screen: u32) -> Result<i64, DatabaseError> {
    let mut seconds = 0;
    tx.each(
        "SELECT body FROM airing JOIN campaigns ON campaigns.id = campaign WHERE screen = ?1",
        values![screen],
        |row| {
            // One that this hub cannot read is on no screen either.
            let campaign = serde_json::from_str::<Campaign>(&row.get::<String>(0)?);
            for placement in campaign
                .into_iter()
                .flat_map(|campaign| campaign.placements)
            {
                seconds = seconds.max(placement.seconds.map_or(FILM_SECONDS, i64::from));
            }
            Ok::<_, DatabaseError>(ControlFlow::Continue(()))
        },
    )?;
    Ok((seconds * 1_000).clamp(0, LEAD_MS_MAX))
}

/// Since when a screen is known to hold content without an assignment. A screen that has not said
/// that it holds the current content may show what was taken off.
fn dropped_ms(opening: &Opening, known: &Known, landed: &Landed) -> Option<i64> {
    let minted_ms = opening.minted_ms?;
    if known.held.is_assigned && may_air(landed, minted_ms, opening.opened_ms) {
        return None;
    }
    known.held.since_ms
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
) -> Result<(), DatabaseError> {
    settle_arrived(tx, screen)?;
    if let Some((_, past_ms)) = last_dated(tx, ledger)? {
        settle_absent(tx, screen, ledger, past_ms)?;
    }
    tx.execute(
        "UPDATE scans SET settled = TRUE WHERE screen = ?1 AND NOT settled AND scanned_ms < ?2",
        values![screen.get(), now_ms - WAIT_MS_MAX],
    )?;
    Ok(())
}

fn settle_arrived(tx: &Transaction<'_>, screen: ScreenNumber) -> Result<(), DatabaseError> {
    let arrived: Vec<(Opening, bool, bool)> = tx.all(
            "SELECT scans.id, scans.play, scans.assignment, scans.visitor, scans.minted_ms, scans.scanned_ms,
                    scans.standing, scans.grade < 2
             FROM scans JOIN plays ON plays.screen = scans.screen AND plays.number = scans.play
             JOIN contents ON contents.id = plays.content
             WHERE scans.screen = ?1 AND NOT scans.settled
               AND scans.scanned_ms >= (SELECT before_ms FROM pruned_before)
               AND (plays.wall_ms IS NOT NULL OR contents.assignment <> scans.assignment)
             ORDER BY scans.id LIMIT ?2",
        values![screen.get(), SETTLED_MAX],
        |row| {
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
            let counted = standing < code(ScanVerdict::Replay);
            Ok::<_, DatabaseError>((opening, counted, row.get(7)?))
        },
    )?;
    let mut of_plays: HashMap<u32, u32> = HashMap::new();
    for (mut opening, counted, is_no_robot) in arrived {
        opening.of_play_before = match of_plays.get(&opening.play) {
            Some(&counted) => counted,
            None => counted_of_play(tx, screen.get(), opening.play, opening.row)?,
        };
        let known = known(tx, std::slice::from_ref(&opening), false)?;
        let known = known.first().ok_or(DatabaseError::NoRow)?;
        let facts = facts(tx, &opening, known, 0, None, CODE_DAYS_MAX)?;
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
) -> Result<(), DatabaseError> {
    let absent: Vec<(i64, u32, Option<i64>, i64)> = tx.all(
        "SELECT id, play, minted_ms, scanned_ms FROM scans
         WHERE screen = ?1 AND NOT settled AND greatest(scanned_ms, coalesce(minted_ms, scanned_ms)) < ?2
           AND scanned_ms >= (SELECT before_ms FROM pruned_before)
           AND NOT EXISTS (SELECT 1 FROM plays WHERE plays.screen = scans.screen AND plays.number = scans.play)
           AND NOT coalesce((SELECT first_number <= scans.play FROM pruned_runs
                             WHERE pruned_runs.screen = scans.screen AND last_number >= scans.play
                             ORDER BY last_number LIMIT 1), FALSE)
         ORDER BY id LIMIT ?3",
        values![screen.get(), past_ms - ENDED_MS, ABSENT_MAX],
        |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
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
) -> Result<bool, DatabaseError> {
    let (Some(first), Some(last)) = (first_dated(tx, ledger)?, last_dated(tx, ledger)?) else {
        return Ok(false);
    };
    let spans = first.1 < minted_ms - SKEW_MS && minted_ms + ENDED_MS < last.1;
    Ok(spans && !(first.0..=last.0).contains(&i64::from(play)))
}

/// The number and date of the first play of a ledger that has a date. What was pruned of a ledger
/// came before all that is left of it.
fn first_dated(tx: &Transaction<'_>, ledger: i64) -> Result<Option<(i64, i64)>, DatabaseError> {
    let pruned = "SELECT first_number, first_wall_ms FROM pruned_runs
         WHERE ledger = ?1 AND first_wall_ms IS NOT NULL ORDER BY last_seq LIMIT 1";
    let left = "SELECT number, wall_ms FROM plays
         WHERE ledger = ?1 AND wall_ms IS NOT NULL ORDER BY seq LIMIT 1";
    first_of(tx, ledger, [pruned, left])
}

/// The number and date of the last one.
fn last_dated(tx: &Transaction<'_>, ledger: i64) -> Result<Option<(i64, i64)>, DatabaseError> {
    let left = "SELECT number, wall_ms FROM plays
         WHERE ledger = ?1 AND wall_ms IS NOT NULL ORDER BY seq DESC LIMIT 1";
    let pruned = "SELECT last_number, last_wall_ms FROM pruned_runs
         WHERE ledger = ?1 AND last_wall_ms IS NOT NULL ORDER BY last_seq DESC LIMIT 1";
    first_of(tx, ledger, [left, pruned])
}

fn first_of(
    tx: &Transaction<'_>,
    ledger: i64,
    queries: [&str; 2],
) -> Result<Option<(i64, i64)>, DatabaseError> {
    for query in queries {
        let found = tx.optional(query, values![ledger], |row| {
            Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?))
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
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
) -> Result<bool, DatabaseError> {
    let before = play.saturating_sub(1);
    let (mut last, mut was) = (None, false);
    tx.each(
        "SELECT number, number, wall_ms FROM plays WHERE screen = ?1 AND number >= ?2 AND ledger = ?3
         UNION ALL
         SELECT first_number, last_number, last_wall_ms FROM pruned_runs
         WHERE screen = ?1 AND last_number >= ?2 AND ledger = ?3
         ORDER BY 1 LIMIT ?4",
        values![screen.get(), before, ledger, FOLLOWING_MAX],
        |row| {
            let (first, number): (u32, u32) = (row.get(0)?, row.get(1)?);
            let wall_ms: Option<i64> = row.get(2)?;
            let is_whole = match last {
                None => first <= before,
                Some(last) => first.saturating_sub(last) <= 2,
            };
            was = is_whole
                && number > play
                && wall_ms.is_some_and(|start_ms| start_ms > at_ms + ENDED_MS);
            last = Some(number);
            Ok::<_, DatabaseError>(if was || !is_whole {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        },
    )?;
    Ok(was)
}

fn close(
    tx: &Transaction<'_>,
    row: i64,
    standing: Option<ScanVerdict>,
) -> Result<(), DatabaseError> {
    if let Some(standing) = standing {
        let mut changes = Changes::default();
        rollups::restand(tx, row, code(standing), &mut changes)?;
        changes.note(tx)?;
    }
    tx.execute(
        "UPDATE scans SET settled = TRUE, standing = coalesce(?2, standing) WHERE id = ?1",
        values![row, standing.map(code)],
    )?;
    Ok(())
}
