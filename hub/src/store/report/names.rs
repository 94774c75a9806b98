//! What people call what reports count: screens, campaigns and files.
//!
//! Invariants: a name is one that an operator or a publisher gave on this hub, and of what was
//! never here there is none; whoever shows some rows reads the names of these alone, however many
//! there are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use passerby_protocol::foreign;
use serde::Serialize;

use crate::database::{DatabaseError, Transaction, Value, values};

/// Names by number, folder and digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    /// Of screens, by number.
    pub screens: BTreeMap<String, String>,
    /// Titles of campaigns, by the name of their folder.
    pub campaigns: BTreeMap<String, String>,
    /// Files, by the SHA-256 of what they hold; also those that were replaced since.
    pub creatives: BTreeMap<String, Vec<FileName>>,
}

/// The name of a file in a campaign's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FileName {
    /// The campaign.
    pub campaign: String,
    /// The file.
    pub file: String,
}

impl Names {
    /// Returns the names of a creative's files in words, the first ones of many; `None` of what
    /// this hub never published.
    pub fn files_of(&self, creative: &str) -> Option<String> {
        let files = self.creatives.get(creative)?;
        let first = files.first()?;
        let mut words = format!("{} ({})", first.file, first.campaign);
        if files.len() > 1 {
            words += &format!(", and {} more", files.len() - 1);
        }
        Some(words)
    }
}

/// Reads all names that this hub knows.
pub(super) fn names(tx: &Transaction<'_>) -> Result<Names, DatabaseError> {
    Ok(Names {
        screens: screens(tx)?,
        campaigns: campaigns(tx)?,
        creatives: creatives(tx)?,
    })
}

/// What names are asked for.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    pub(super) screens: BTreeSet<i64>,
    pub(super) campaigns: BTreeSet<&'a str>,
    pub(super) creatives: BTreeSet<&'a str>,
}

/// Reads the names that are asked for, and no others.
pub(super) fn some(tx: &Transaction<'_>, wanted: &Wanted<'_>) -> Result<Names, DatabaseError> {
    let mut names = Names::default();
    let screens = wanted.screens.iter().copied();
    let found = tx.all_each(
        "SELECT name FROM screens WHERE number = ?1",
        &sets(screens.clone()),
        |row| row.get::<String>(0),
    )?;
    for (number, found) in screens.zip(found) {
        if let Some(name) = found.first() {
            names.screens.insert(number.to_string(), escaped(name));
        }
    }
    let campaigns = wanted.campaigns.iter().copied();
    let found = tx.all_each(
        "SELECT body FROM campaigns WHERE id = ?1",
        &sets(campaigns.clone()),
        |row| row.get::<String>(0),
    )?;
    for (campaign, found) in campaigns.zip(found) {
        if let Some(title) = found.first().and_then(|body| title_of(body)) {
            names.campaigns.insert(escaped(campaign), title);
        }
    }
    let creatives = wanted.creatives.iter().copied();
    let found = tx.all_each(
        "SELECT campaign, name FROM creative_names WHERE creative = ?1 ORDER BY campaign, name",
        &sets(creatives.clone()),
        |row| {
            Ok::<_, DatabaseError>(FileName {
                campaign: escaped(&row.get::<String>(0)?),
                file: escaped(&row.get::<String>(1)?),
            })
        },
    )?;
    for (creative, files) in creatives.zip(found) {
        if !files.is_empty() {
            names.creatives.insert(creative.to_owned(), files);
        }
    }
    Ok(names)
}

fn sets<'a, T: Into<Value<'a>>>(all: impl Iterator<Item = T>) -> Vec<[Value<'a>; 1]> {
    all.map(|one| [one.into()]).collect()
}

fn escaped(text: &str) -> String {
    // A database may be older than the check of what comes in.
    foreign::escaped(text).into_owned()
}

/// Reads the names of all screens.
pub(super) fn screens(tx: &Transaction<'_>) -> Result<BTreeMap<String, String>, DatabaseError> {
    let mut names = BTreeMap::new();
    tx.each("SELECT number, name FROM screens", values![], |row| {
        let number: i64 = row.get(0)?;
        names.insert(number.to_string(), escaped(&row.get::<String>(1)?));
        Ok::<_, DatabaseError>(ControlFlow::Continue(()))
    })?;
    Ok(names)
}

/// Reads the titles of all campaigns.
pub(super) fn campaigns(tx: &Transaction<'_>) -> Result<BTreeMap<String, String>, DatabaseError> {
    let mut names = BTreeMap::new();
    tx.each("SELECT id, body FROM campaigns", values![], |row| {
        if let Some(title) = title_of(&row.get::<String>(1)?) {
            names.insert(escaped(&row.get::<String>(0)?), title);
        }
        Ok::<_, DatabaseError>(ControlFlow::Continue(()))
    })?;
    Ok(names)
}

/// Reads the names of all files.
pub(super) fn creatives(
    tx: &Transaction<'_>,
) -> Result<BTreeMap<String, Vec<FileName>>, DatabaseError> {
    let mut names: BTreeMap<String, Vec<FileName>> = BTreeMap::new();
    tx.each(
        "SELECT creative, campaign, name FROM creative_names ORDER BY creative, campaign, name",
        values![],
        |row| {
            let name = FileName {
                campaign: escaped(&row.get::<String>(1)?),
                file: escaped(&row.get::<String>(2)?),
            };
            names.entry(row.get(0)?).or_default().push(name);
            Ok::<_, DatabaseError>(ControlFlow::Continue(()))
        },
    )?;
    Ok(names)
}

/// The title of a campaign; `None` of one that cannot be read, of which its folder is known.
fn title_of(body: &str) -> Option<String> {
    let read: Titled = serde_json::from_str(body).ok()?;
    Some(escaped(&read.title))
}

/// What is read of a campaign here: its other parts are not looked at.
#[derive(serde::Deserialize)]
struct Titled {
    title: String,
}
