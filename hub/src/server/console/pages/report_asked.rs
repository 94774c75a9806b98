//! What a report is asked for, and whether somebody may see it.
//!
//! Invariant: whoever is held to groups of campaigns asks of one of these, and whoever is held to
//! groups of screens of one of those; nobody learns a figure of others.

use passerby_protocol::{CampaignId, ScreenNumber};

use crate::people::Actor;
use crate::server::console::fields::Fields;
use crate::store::{Breakdown, BreakdownError, By, Filter, Shown, Store, StoreError};
use crate::system::clock;

/// What rows may be by, and the word for each.
pub(crate) const BY: [(By, &str); 6] = [
    (By::Day, "day"),
    (By::Hour, "hour"),
    (By::Weekday, "weekday"),
    (By::Screen, "screen"),
    (By::Campaign, "campaign"),
    (By::Creative, "creative"),
];

/// What a report is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) by: By,
    pub(crate) filter: Filter,
}

/// Why there is no report.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A word that cannot be read: which.
    Word(&'static str),
    /// Somebody who is held to groups has to choose: what.
    Choose(&'static str),
    /// There is no such campaign or screen for them.
    Unknown,
    /// The figures cannot say that, or the database fails.
    Report(BreakdownError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::OutOfScope => Self::Unknown,
            other => Self::Report(BreakdownError::Store(other)),
        }
    }
}

impl Asked {
    /// Reads it.
    ///
    /// # Errors
    /// A word cannot be read.
    pub(crate) fn of(fields: &Fields) -> Result<Self, Refused> {
        let by = fields.word("by").unwrap_or("day");
        let by = BY.iter().find(|(_, word)| *word == by);
        let day = |name: &'static str| {
            let word = fields.word(name);
            word.map(|word| word.parse().map_err(|_| Refused::Word(name)))
                .transpose()
        };
        Ok(Self {
            by: by.ok_or(Refused::Word("by"))?.0,
            filter: Filter {
                from: day("from")?,
                until: day("until")?,
                campaign: match fields.word("campaign") {
                    Some(word) => Some(word.parse::<CampaignId>().map_err(|_| Refused::Unknown)?),
                    None => None,
                },
                screen: match fields.word("screen") {
                    Some(word) => Some(word.parse::<ScreenNumber>().map_err(|_| Refused::Unknown)?),
                    None => None,
                },
            },
        })
    }

    /// The word for what rows are by.
    pub(crate) fn by_word(&self) -> &'static str {
        let found = BY.iter().find(|(by, _)| *by == self.by);
        found.map_or("day", |(_, word)| word)
    }

    /// Counts, for somebody who may see it, with the names of what they are shown.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) fn read(
        &self,
        store: &Store,
        actor: &Actor,
        shown: Shown<'_>,
    ) -> Result<Breakdown, Refused> {
        let (scope, now_ms) = (actor.scope(), clock::now_ms());
        match &self.filter.campaign {
            None if scope.campaigns.is_some() => return Err(Refused::Choose("campaign")),
            Some(id) if scope.campaigns.is_some() => {
                store.campaign_facts(id, scope)?.ok_or(Refused::Unknown)?;
            }
            _ => {}
        }
        match self.filter.screen {
            None if scope.screens.is_some() => return Err(Refused::Choose("screen")),
            Some(screen) if scope.screens.is_some() => {
                store
                    .screen_row(screen, scope, now_ms)?
                    .ok_or(Refused::Unknown)?;
            }
            _ => {}
        }
        let read = store.breakdown_for(self.by, &self.filter, &clock::time_zone(), shown);
        read.map_err(|error| match error {
            BreakdownError::UnknownCampaign(_) | BreakdownError::UnknownScreen(_) => {
                Refused::Unknown
            }
            other => Refused::Report(other),
        })
    }
}

/// What there is to choose from: names and what they are called.
pub(crate) struct Choices {
    pub(crate) campaigns: Vec<(String, String)>,
    pub(crate) screens: Vec<(String, String)>,
}
