//! Drafts and versions, read.

use passerby_protocol::{CampaignId, Digest};

use crate::database::{DatabaseError, Id, Row, Value, values};
use crate::people::Scope;
use crate::store::drafts::records::{Draft, DraftRow, DraftState, FROM, GROUP, has};
use crate::store::films::of_campaign;
use crate::store::screen_list::Conditions;
use crate::store::versions::{Version, VersionRow, files, of, of_json, version_row};
use crate::store::{Result, Store};

/// Most campaigns that are named where a file is used.
const USES_NAMED: usize = 20;

const COLUMNS: &str = "drafts.campaign, drafts.body, state, changed_by, changed_ms,
     (SELECT count(*) FROM draft_files WHERE draft_files.campaign = drafts.campaign),
     coalesce(campaigns.live, FALSE), coalesce(campaigns.live AND published_revision = revision, FALSE)";

fn row_of(row: &Row<'_>) -> Result<DraftRow, DatabaseError> {
    Ok(DraftRow {
        campaign: row.get::<Id<CampaignId>>(0)?.0,
        text: row.get(1)?,
        state: DraftState::of_word(&row.get::<String>(2)?),
        changed_by: row.get(3)?,
        changed_ms: row.get(4)?,
        files: row.get(5)?,
        is_live: row.get(6)?,
        is_as_published: row.get(7)?,
        group: row.get(8)?,
    })
}

impl Store {
    /// Returns drafts by the names of their folders, at most so many, behind one of them; all, or
    /// those that were handed in.
    ///
    /// # Errors
    /// The database fails.
    pub fn drafts(
        &self,
        state: Option<DraftState>,
        after: &str,
        scope: &Scope,
        count: usize,
    ) -> Result<Vec<DraftRow>> {
        let mut asked = Conditions {
            sql: "drafts.campaign > ?1".to_owned(),
            values: vec![Value::from(after)],
        };
        if let Some(state) = state {
            let place = asked.value(state.word());
            asked.sql += &format!(" AND state = {place}");
        }
        asked.among(GROUP, scope.campaigns.as_ref());
        let count = asked.value(count);
        self.read_once(|tx| {
            Ok(tx.all(
                &format!(
                    "SELECT {COLUMNS}, {GROUP} {FROM} WHERE {} ORDER BY drafts.campaign LIMIT {count}",
                    asked.sql
                ),
                &asked.values,
                row_of,
            )?)
        })
    }

    /// Counts the drafts of a scope that wait for approval.
    ///
    /// # Errors
    /// The database fails.
    pub fn drafts_waiting(&self, scope: &Scope) -> Result<u64> {
        let mut asked = Conditions {
            sql: "state = 'submitted'".to_owned(),
            values: Vec::new(),
        };
        asked.among(GROUP, scope.campaigns.as_ref());
        self.read_once(|tx| {
            let sql = format!("SELECT count(*) {FROM} WHERE {}", asked.sql);
            Ok(tx.value(&sql, &asked.values)?)
        })
    }

    /// Returns a draft, if it is in the scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn draft(&self, id: &CampaignId, scope: &Scope) -> Result<Option<Draft>> {
        self.read(|tx| {
            let found = tx.optional(
                &format!(
                    "SELECT {COLUMNS}, {GROUP}, revision, targets, note, checked, version,
                         (SELECT max(number) FROM campaign_versions AS made WHERE made.campaign = drafts.campaign)
                     {FROM} WHERE drafts.campaign = ?1"
                ),
                values![id.as_str()],
                |row| {
                    let found: Option<String> = row.get(12)?;
                    Ok::<_, DatabaseError>(Draft {
                        row: row_of(row)?,
                        revision: row.get(9)?,
                        targets: of_json(&row.get::<String>(10)?),
                        note: row.get(11)?,
                        found: found.map(|found| of_json(&found)),
                        version: row.get(13)?,
                        newest_version: row.get(14)?,
                        files: Vec::new(),
                        films: Vec::new(),
                    })
                },
            )?;
            let Some(mut draft) = found.filter(|draft| has(scope, &draft.row.group)) else {
                return Ok(None);
            };
            draft.files = files(
                tx,
                "draft_files JOIN creatives ON sha256 = file WHERE campaign = ?1",
                values![id.as_str()],
            )?;
            draft.films = of_campaign(tx, id)?;
            Ok(Some(draft))
        })
    }

    /// Tells whether there is a draft of a campaign.
    ///
    /// # Errors
    /// The database fails.
    pub fn has_draft(&self, id: &CampaignId) -> Result<bool> {
        self.read_once(|tx| {
            Ok(tx.exists(
                "SELECT 1 FROM drafts WHERE campaign = ?1",
                values![id.as_str()],
            )?)
        })
    }

    /// Tells whether a name is that of a campaign or a draft.
    ///
    /// # Errors
    /// The database fails.
    pub fn is_campaign_name_taken(&self, id: &CampaignId) -> Result<bool> {
        self.read_once(|tx| {
            Ok(tx.exists(
                "SELECT 1 FROM drafts WHERE campaign = ?1 UNION ALL SELECT 1 FROM campaigns WHERE id = ?1
                 UNION ALL SELECT 1 FROM slots WHERE campaign = ?1",
                values![id.as_str()],
            )?)
        })
    }

    /// Returns the versions of a campaign, newest first, if it is in the scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn versions(&self, id: &CampaignId, scope: &Scope) -> Result<Option<Vec<VersionRow>>> {
        if self.campaign_facts(id, scope)?.is_none() {
            return Ok(None);
        }
        let rows = self.read_once(|tx| {
            tx.all(
                "SELECT number, made_by, made_ms,
                     (SELECT count(*) FROM campaign_version_files AS file
                      WHERE file.campaign = made.campaign AND file.number = made.number)
                 FROM campaign_versions AS made WHERE campaign = ?1 ORDER BY number DESC",
                values![id.as_str()],
                version_row,
            )
        });
        Ok(Some(rows.map_err(crate::store::StoreError::from)?))
    }

    /// Returns one version of a campaign, or the newest, if it is in the scope.
    ///
    /// # Errors
    /// The database fails.
    pub fn version(
        &self,
        id: &CampaignId,
        number: Option<u64>,
        scope: &Scope,
    ) -> Result<Option<Version>> {
        if self.campaign_facts(id, scope)?.is_none() {
            return Ok(None);
        }
        self.read(|tx| Ok(of(tx, id, number)?))
    }

    /// Returns the campaigns and drafts of a scope that use a file, by name, the first ones.
    ///
    /// # Errors
    /// The database fails.
    pub fn uses_of(&self, file: Digest, scope: &Scope) -> Result<Vec<String>> {
        let digest = file.to_string();
        let mut asked = Conditions {
            sql: "TRUE".to_owned(),
            values: vec![Value::from(&digest)],
        };
        asked.among(
            "CASE WHEN campaigns.id IS NULL THEN drafts.group_name ELSE coalesce(campaign_groups.group_name, '') END",
            scope.campaigns.as_ref(),
        );
        let count = asked.value(USES_NAMED);
        self.read_once(|tx| {
            Ok(tx.all(
                &format!(
                    "SELECT DISTINCT used.campaign
                     FROM (SELECT campaign FROM draft_files WHERE file = ?1
                           UNION SELECT campaign FROM campaign_items WHERE creative = ?1
                           UNION SELECT campaign FROM campaign_parts WHERE part = ?1) AS used
                     LEFT JOIN drafts ON drafts.campaign = used.campaign
                     LEFT JOIN campaigns ON campaigns.id = used.campaign
                     LEFT JOIN campaign_groups ON campaign_groups.campaign = used.campaign
                     WHERE {} ORDER BY used.campaign LIMIT {count}",
                    asked.sql
                ),
                &asked.values,
                |row| row.get::<String>(0),
            )?)
        })
    }
}
