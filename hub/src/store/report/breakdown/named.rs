//! Whose names a breakdown comes with.

use std::ops::Range;

use crate::database::{DatabaseError, Transaction};
use crate::store::report::breakdown::figures::{By, Figures, Filter, Key};
use crate::store::report::names::{self, Names, Wanted};

/// Finds the places of the rows that are shown.
type Places<'a> = dyn Fn(&[(Key, Figures)]) -> Range<usize> + Sync + 'a;

/// Which rows somebody shows: the names of others are not read.
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    /// All of them.
    All,
    /// Those at these places, of all that there are.
    Some(&'a Places<'a>),
}

/// Reads what people call the rows that are shown, and what is asked for.
pub(super) fn names(
    tx: &Transaction<'_>,
    by: By,
    filter: &Filter,
    rows: &[(Key, Figures)],
    shown: Shown<'_>,
) -> Result<Names, DatabaseError> {
    let mut wanted = Wanted::default();
    if let Some(screen) = filter.screen {
        wanted.screens.insert(screen.get().into());
    }
    if let Some(campaign) = &filter.campaign {
        wanted.campaigns.insert(campaign.as_str());
    }
    if let Shown::Some(which) = shown {
        let which = which(rows);
        for (key, _) in rows.get(which).unwrap_or_default() {
            match key {
                Key::Screen(number) => {
                    wanted.screens.insert(*number);
                }
                Key::Campaign(id) => {
                    wanted.campaigns.insert(id);
                }
                Key::Creative(digest) => {
                    wanted.creatives.insert(digest);
                }
                _ => {}
            }
        }
    }
    let mut names = names::some(tx, &wanted)?;
    if matches!(shown, Shown::All) {
        match by {
            By::Screen => names.screens = names::screens(tx)?,
            By::Campaign => names.campaigns = names::campaigns(tx)?,
            By::Creative => {
                names.campaigns = names::campaigns(tx)?;
                names.creatives = names::creatives(tx)?;
            }
            By::Day | By::Hour | By::Weekday => {}
        }
    }
    Ok(names)
}
