//! What people call what reports count: screens, campaigns and files.
//!
//! Invariant: a name is one that an operator or a publisher gave on this hub; of what was never
//! here there is none.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use passerby_protocol::foreign;
use serde::Serialize;

use crate::database::{DatabaseError, Transaction, values};

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
    let mut names = Names::default();
    // A database may be older than the check of what comes in.
    let escaped = |text: String| foreign::escaped(&text).into_owned();
    tx.each("SELECT number, name FROM screens", values![], |row| {
        let number: i64 = row.get(0)?;
        names
            .screens
            .insert(number.to_string(), escaped(row.get(1)?));
        Ok::<_, DatabaseError>(ControlFlow::Continue(()))
    })?;
    tx.each("SELECT id, body FROM campaigns", values![], |row| {
        let body: Result<Titled, _> = serde_json::from_str(&row.get::<String>(1)?);
        // Of one that cannot be read the folder's name is known.
        if let Ok(Titled { title }) = body {
            names.campaigns.insert(escaped(row.get(0)?), escaped(title));
        }
        Ok::<_, DatabaseError>(ControlFlow::Continue(()))
    })?;
    tx.each(
        "SELECT creative, campaign, name FROM creative_names ORDER BY creative, campaign, name",
        values![],
        |row| {
            let name = FileName {
                campaign: escaped(row.get(1)?),
                file: escaped(row.get(2)?),
            };
            names.creatives.entry(row.get(0)?).or_default().push(name);
            Ok::<_, DatabaseError>(ControlFlow::Continue(()))
        },
    )?;
    Ok(names)
}

/// What is read of a campaign here: its other parts are not looked at.
#[derive(serde::Deserialize)]
struct Titled {
    title: String,
}
