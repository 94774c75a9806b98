//! What was published of a campaign, kept to go back to.
//!
//! Invariant: a version has the whole folder, its text and every file; whoever published.

use std::collections::BTreeSet;

use passerby_protocol::{CampaignId, Digest, ScreenNumber};
use serde::{Deserialize, Serialize};

use crate::database::{DatabaseError, Id, Row, Transaction, Value, values};
use crate::people::{Actor, Who};

/// Most versions of one campaign that are kept, the newest.
pub const VERSIONS_MAX: u32 = 50;

/// The screens that a draft is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenScreens {
    /// These, by their numbers.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub screens: BTreeSet<ScreenNumber>,
    /// Those that are in these groups when it is published.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
}

impl ChosenScreens {
    /// Tells whether it is for all screens, also later ones: none was chosen.
    pub fn is_everywhere(&self) -> bool {
        self.screens.is_empty() && self.groups.is_empty()
    }
}

/// A file of a draft or of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CampaignFile {
    /// What its campaign calls it.
    pub name: String,
    /// Its content.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// Such as `image/png`.
    pub media_type: String,
    /// Whether there is a small picture of it.
    pub has_picture: bool,
}

/// One version in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionRow {
    /// Its number; newer ones have greater ones.
    pub number: u64,
    /// Who published it.
    pub made_by: String,
    /// When, as Unix time in milliseconds.
    pub made_ms: i64,
    /// How many files it has.
    pub files: u64,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// As lists have it.
    pub row: VersionRow,
    /// Its `campaign.toml`.
    pub text: String,
    /// The screens that it was for.
    pub targets: ChosenScreens,
    /// Its files.
    pub files: Vec<CampaignFile>,
}

/// Keeps what was just published: its text and its files by their names. What a source brings is
/// made anew from its items, and not kept.
pub(super) fn keep<'a>(
    tx: &Transaction<'_>,
    actor: &Actor,
    id: &CampaignId,
    text: &str,
    named: impl Iterator<Item = (&'a str, String)>,
    chosen: Option<&BTreeSet<ScreenNumber>>,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    if matches!(actor.who(), Who::Source { .. }) {
        return Ok(());
    }
    let targets = ChosenScreens {
        screens: chosen.cloned().unwrap_or_default(),
        ..ChosenScreens::default()
    };
    let number: u64 = tx.value(
        "SELECT coalesce(max(number), 0) + 1 FROM campaign_versions WHERE campaign = ?1",
        values![id.as_str()],
    )?;
    let targets = serde_json::to_string(&targets).unwrap_or_default();
    tx.execute(
        "INSERT INTO campaign_versions (campaign, number, body, targets, made_by, made_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![id.as_str(), number, text, targets, actor.named(), now_ms],
    )?;
    let rows: Vec<_> = named
        .map(|(name, file)| {
            [
                Value::from(id.as_str()),
                Value::from(number),
                Value::from(name),
                Value::from(file),
            ]
        })
        .collect();
    tx.execute_each(
        "INSERT INTO campaign_version_files (campaign, number, name, file) VALUES (?1, ?2, ?3, ?4)",
        &rows,
    )?;
    let oldest = number.saturating_sub(VERSIONS_MAX.into());
    for table in ["campaign_version_files", "campaign_versions"] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE campaign = ?1 AND number <= ?2"),
            values![id.as_str(), oldest],
        )?;
    }
    Ok(())
}

/// Reads one version, or the newest.
pub(super) fn of(
    tx: &Transaction<'_>,
    id: &CampaignId,
    number: Option<u64>,
) -> Result<Option<Version>, DatabaseError> {
    let found = tx.optional(
        "SELECT number, made_by, made_ms, 0, body, targets FROM campaign_versions
         WHERE campaign = ?1 AND (number = ?2 OR ?2 = 0) ORDER BY number DESC",
        values![id.as_str(), number.unwrap_or(0)],
        |row| {
            Ok::<_, DatabaseError>(Version {
                row: version_row(row)?,
                text: row.get(4)?,
                targets: of_json(&row.get::<String>(5)?),
                files: Vec::new(),
            })
        },
    )?;
    let Some(mut version) = found else {
        return Ok(None);
    };
    version.files = files(
        tx,
        "campaign_version_files JOIN creatives ON sha256 = file WHERE campaign = ?1 AND number = ?2",
        values![id.as_str(), version.row.number],
    )?;
    version.row.files = version.files.len() as u64;
    Ok(Some(version))
}

/// Reads what is kept as JSON; what cannot be read is nothing.
pub(super) fn of_json<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

/// The files of a draft or a version, by name.
pub(super) fn files(
    tx: &Transaction<'_>,
    from: &str,
    values: &[Value<'_>],
) -> Result<Vec<CampaignFile>, DatabaseError> {
    tx.all(
        &format!(
            "SELECT name, sha256, size, media_type, thumbnail_width > 0 FROM {from} ORDER BY name"
        ),
        values,
        |row| {
            Ok(CampaignFile {
                name: row.get(0)?,
                digest: row.get::<Id<Digest>>(1)?.0,
                size: row.get(2)?,
                media_type: row.get(3)?,
                has_picture: row.get(4)?,
            })
        },
    )
}

pub(super) fn version_row(row: &Row<'_>) -> Result<VersionRow, DatabaseError> {
    Ok(VersionRow {
        number: row.get(0)?,
        made_by: row.get(1)?,
        made_ms: row.get(2)?,
        files: row.get(3)?,
    })
}
