//! Where a file is used, whatever it is called there.

use passerby_protocol::{CampaignId, Digest};
use serde::Serialize;

use crate::database::{DatabaseError, Value, values};
use crate::people::Scope;
use crate::store::screen_list::Conditions;
use crate::store::{Result, Store};

/// Most places that are named of one file.
const PLACES_OF_ONE: usize = 5;

/// A place where a file is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilePlace {
    /// The file.
    #[serde(skip)]
    pub file: Digest,
    /// The campaign or draft that has it.
    pub campaign: String,
    /// What that calls it.
    pub name: String,
    /// Whether there is a draft of that campaign.
    pub is_draft: bool,
}

impl Store {
    /// Returns where files are used in the campaigns and drafts of a scope, but for one, the first
    /// places of each. A film that was made anew is found by what came, too.
    ///
    /// # Errors
    /// The database fails.
    pub fn places_of(
        &self,
        files: &[Digest],
        except: Option<&CampaignId>,
        scope: &Scope,
    ) -> Result<Vec<FilePlace>> {
        let except = except.map_or("", CampaignId::as_str);
        self.read(|tx| {
            let mut places = Vec::new();
            for file in files {
                let digest = file.to_string();
                let mut asked = Conditions {
                    sql: "used.campaign <> ?2".to_owned(),
                    values: vec![Value::from(&digest), Value::from(except)],
                };
                asked.among(
                    "CASE WHEN campaigns.id IS NULL THEN drafts.group_name ELSE coalesce(campaign_groups.group_name, '') END",
                    scope.campaigns.as_ref(),
                );
                let count = asked.value(PLACES_OF_ONE);
                let found = tx.all(
                    &format!(
                        "WITH same AS (SELECT CAST(?1 AS TEXT) AS file
                                       UNION SELECT result FROM film_jobs WHERE source = ?1 AND state = 'made'),
                              used AS (SELECT campaign, name FROM draft_files WHERE file IN (SELECT file FROM same)
                                       UNION SELECT names.campaign, names.name FROM creative_names AS names
                                       JOIN campaign_items AS item
                                           ON item.campaign = names.campaign AND item.creative = names.creative
                                       WHERE names.creative IN (SELECT file FROM same))
                         SELECT used.campaign, used.name, drafts.campaign IS NOT NULL FROM used
                         LEFT JOIN drafts ON drafts.campaign = used.campaign
                         LEFT JOIN campaigns ON campaigns.id = used.campaign
                         LEFT JOIN campaign_groups ON campaign_groups.campaign = used.campaign
                         WHERE {} ORDER BY used.campaign, used.name LIMIT {count}",
                        asked.sql
                    ),
                    &asked.values,
                    |row| {
                        Ok::<_, DatabaseError>(FilePlace {
                            file: *file,
                            campaign: row.get(0)?,
                            name: row.get(1)?,
                            is_draft: row.get(2)?,
                        })
                    },
                )?;
                places.extend(found);
            }
            Ok(places)
        })
    }

    /// Returns what a film was made into, if it was.
    ///
    /// # Errors
    /// The database fails.
    pub fn made_of(&self, film: Digest) -> Result<Option<Digest>> {
        self.read_once(|tx| {
            Ok(tx.optional(
                "SELECT result FROM film_jobs WHERE source = ?1 AND state = 'made' ORDER BY id DESC LIMIT 1",
                values![film.to_string()],
                |row| Ok::<_, DatabaseError>(row.get::<crate::database::Id<Digest>>(0)?.0),
            )?)
        })
    }
}
