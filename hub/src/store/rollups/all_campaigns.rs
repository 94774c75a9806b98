//! The figures of all campaigns together: by screen, and of the whole hub; and which plays are in
//! none of them, since the hub never gave to their screen what they are of.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::owned_values;
use crate::store::rollups::changes::{Changes, PlaySums};
use crate::store::rollups::counted::{CampaignSums, Counted, Statements};

/// Plays, and what counts besides.
type Sums = (PlaySums, CampaignSums);

/// Says how the tables change.
pub(super) fn add(changes: &Changes, counted: &Counted, statements: &mut Statements<'_>) {
    let screens = by_screen(changes, counted);
    of_hub(&screens, statements);
    of_screens(screens, statements);
    unassigned(changes, statements);
}

fn by_screen(changes: &Changes, counted: &Counted) -> BTreeMap<(i64, u32), Sums> {
    let mut screens: BTreeMap<(i64, u32), Sums> = BTreeMap::new();
    for (key, sums) in &changes.plays {
        let (plays, _) = screens.entry((key.quarter, key.screen)).or_default();
        plays.plays += sums.plays;
        plays.visible_ms += sums.visible_ms;
    }
    for (&(_, quarter, screen), sums) in counted {
        add_counted(screens.entry((quarter, screen)).or_default(), sums);
    }
    screens
}

const fn add_counted((_, of): &mut Sums, sums: &CampaignSums) {
    of.scans += sums.scans;
    of.visits += sums.visits;
    of.pressed += sums.pressed;
    of.shares += sums.shares;
}

fn of_hub(screens: &BTreeMap<(i64, u32), Sums>, statements: &mut Statements<'_>) {
    let mut hub: BTreeMap<i64, Sums> = BTreeMap::new();
    for ((quarter, _), sums) in screens {
        let of = hub.entry(*quarter).or_default();
        of.0.plays += sums.0.plays;
        of.0.visible_ms += sums.0.visible_ms;
        add_counted(of, &sums.1);
    }
    let rows: Vec<_> = hub
        .into_iter()
        .filter(|(_, sums)| *sums != Default::default())
        .map(|(quarter, (plays, sums))| {
            owned_values![
                quarter,
                plays.plays,
                plays.visible_ms,
                sums.scans,
                sums.visits,
                sums.pressed,
                sums.shares
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO hub_quarters (quarter, plays, visible_ms, scans, visits, pressed, shares)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (quarter)
         DO UPDATE SET plays = hub_quarters.plays + excluded.plays,
                       visible_ms = hub_quarters.visible_ms + excluded.visible_ms,
                       scans = hub_quarters.scans + excluded.scans,
                       visits = hub_quarters.visits + excluded.visits,
                       pressed = hub_quarters.pressed + excluded.pressed,
                       shares = hub_quarters.shares + excluded.shares",
        rows,
    ));
}

fn of_screens(screens: BTreeMap<(i64, u32), Sums>, statements: &mut Statements<'_>) {
    let rows: Vec<_> = screens
        .into_iter()
        .filter(|(_, sums)| *sums != Default::default())
        .map(|((quarter, screen), (plays, sums))| {
            owned_values![
                quarter,
                screen,
                plays.plays,
                plays.visible_ms,
                sums.scans,
                sums.visits,
                sums.pressed,
                sums.shares
            ]
            .to_vec()
        })
        .collect();
    statements.push((
        "INSERT INTO screen_quarters (quarter, screen, plays, visible_ms, scans, visits, pressed, shares)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (quarter, screen)
         DO UPDATE SET plays = screen_quarters.plays + excluded.plays,
                       visible_ms = screen_quarters.visible_ms + excluded.visible_ms,
                       scans = screen_quarters.scans + excluded.scans,
                       visits = screen_quarters.visits + excluded.visits,
                       pressed = screen_quarters.pressed + excluded.pressed,
                       shares = screen_quarters.shares + excluded.shares",
        rows,
    ));
}

/// Assignments are never taken back, so what is given to its screen now stays so; what is not may
/// be given to it later, and who reads asks again.
fn unassigned(changes: &Changes, statements: &mut Statements<'_>) {
    let played: BTreeSet<(u32, i64)> = changes
        .plays
        .keys()
        .map(|key| (key.screen, key.content))
        .collect();
    let rows = played
        .into_iter()
        .map(|(screen, content)| owned_values![screen, content].to_vec())
        .collect();
    statements.push((
        "INSERT INTO unassigned_plays (screen, content)
         SELECT CAST(?1 AS BIGINT), contents.id FROM contents
         WHERE contents.id = ?2 AND contents.assignment <> 0
           AND NOT EXISTS (SELECT 1 FROM assignments
                           WHERE assignments.screen = CAST(?1 AS BIGINT)
                             AND assignments.number = contents.assignment
                             AND assignments.campaign = contents.campaign
                             AND assignments.creative = contents.creative)
         ON CONFLICT (screen, content) DO NOTHING",
        rows,
    ));
}
