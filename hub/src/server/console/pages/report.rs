//! The report: what became of what was shown, by day, hour, weekday, screen, campaign or creative.
//!
//! Invariant: whoever is held to groups of campaigns asks of one of these, and whoever is held to
//! groups of screens of one of those; nobody learns a figure of others.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::{CampaignId, ScreenNumber};

use crate::people::Actor;
use crate::server::Shared;
use crate::server::console::asker::Asker;
use crate::server::console::fields::Fields;
use crate::server::console::pages::report_view;
use crate::server::console::refusals;
use crate::store::{Breakdown, BreakdownError, By, Filter, Store, StoreError};
use crate::system::clock;

/// Most campaigns and screens to choose from; others are named in the address.
const CHOICES_MAX: usize = 300;

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

    /// Counts, for somebody who may see it.
    ///
    /// # Errors
    /// See [`Refused`].
    pub(crate) fn read(&self, store: &Store, actor: &Actor) -> Result<Breakdown, Refused> {
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
        let read = store.breakdown(self.by, &self.filter, &clock::time_zone());
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

fn choices(store: &Store, actor: &Actor) -> Result<Choices, StoreError> {
    let scope = actor.scope();
    let campaigns = store.campaign_list(("", None), "", scope, CHOICES_MAX)?;
    let filter = crate::store::ScreenFilter::default();
    let screens = store.screen_list(&filter, scope, CHOICES_MAX, clock::now_ms())?;
    Ok(Choices {
        campaigns: campaigns
            .into_iter()
            .map(|row| (row.id.to_string(), row.campaign.title))
            .collect(),
        screens: screens
            .into_iter()
            .map(|row| (row.screen.to_string(), row.name))
            .collect(),
    })
}

/// `GET /console/report`.
pub(crate) async fn show(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let asked = Asked::of(&fields);
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| {
            let store = &app.hub.store;
            let choices = choices(store, &actor)?;
            let breakdown = asked.and_then(|asked| {
                let read = asked.read(store, &actor)?;
                // What became of what, whatever the rows are by.
                Ok((asked, read))
            });
            Ok::<_, StoreError>((choices, breakdown))
        })
        .await;
    match read {
        Ok((_, Err(Refused::Report(BreakdownError::Store(error))))) | Err(error) => {
            refusals::failed(&asker.visitor, &error)
        }
        Ok((_, Err(Refused::Unknown))) => refusals::not_here(&asker.visitor),
        Ok((choices, Ok((asked, breakdown)))) => {
            report_view::page(&asker, &fields, &choices, Ok((&asked, &breakdown)))
        }
        Ok((choices, Err(refused))) => report_view::page(&asker, &fields, &choices, Err(&refused)),
    }
}

/// `GET /console/report.csv`.
pub(crate) async fn csv(State(app): State<Shared>, asker: Asker, fields: Fields) -> Response {
    let actor = Arc::clone(&asker.actor);
    let read = app
        .work(move |app| Asked::of(&fields)?.read(&app.hub.store, &actor))
        .await;
    match read {
        Ok(breakdown) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"report.csv\"",
                ),
            ];
            (headers, crate::report_text::breakdown::csv(&breakdown)).into_response()
        }
        Err(Refused::Report(BreakdownError::Store(error))) => {
            refusals::failed(&asker.visitor, &error)
        }
        Err(_) => refusals::not_here(&asker.visitor),
    }
}
