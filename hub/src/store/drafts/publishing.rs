//! A draft onto the screens.

use std::collections::BTreeSet;

use passerby_protocol::{CampaignId, ScreenNumber};

use crate::database::{DatabaseError, Id, Lock, Transaction, Value, values};
use crate::people::Actor;
use crate::publish::folder::Publication;
use crate::store::campaign_list::airs_elsewhere;
use crate::store::campaigns::{Content, known_form, put_within};
use crate::store::drafts::records::{DraftError, Standing, standing};
use crate::store::films::has_open;
use crate::store::slots::rules;
use crate::store::versions::{ChosenScreens, of_json};
use crate::store::{Store, StoreError, Targets};

impl Store {
    /// Publishes a draft as it was seen, read as `publication`, with all of its files in its
    /// version. Returns the screens whose content changed.
    ///
    /// # Errors
    /// See [`DraftError`]; nothing changed then.
    pub fn publish_draft(
        &self,
        actor: &Actor,
        publication: &Publication,
        (id, revision): (&CampaignId, u64),
        now_ms: i64,
    ) -> Result<BTreeSet<ScreenNumber>, DraftError> {
        let body = serde_json::to_string(&publication.campaign).map_err(StoreError::from)?;
        self.write(Lock::Everything, |tx| {
            let Standing { group, .. } = standing(tx, actor, id, Some(revision))?;
            if has_open(tx, id)? {
                return Err(DraftError::FilmsWait);
            }
            let (text, targets): (String, String) = tx.one(
                "SELECT body, targets FROM drafts WHERE campaign = ?1",
                values![id.as_str()],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )?;
            let chosen: ChosenScreens = of_json(&targets);
            if let Some(slot) = rules::admit(tx, actor, (id, &group), now_ms)? {
                rules::refuse_pieces(tx, &slot, Some(&chosen))?;
                rules::refuse_days(&slot, &publication.campaign)?;
            }
            let targets = screens_of(tx, &chosen)?;
            refuse_other_screens(tx, actor, &targets)?;
            if airs_elsewhere(tx, actor, known_form(tx, id)?.as_str())? {
                return Err(DraftError::AirsElsewhere);
            }
            let files = tx.all(
                "SELECT name, file FROM draft_files WHERE campaign = ?1 ORDER BY name",
                values![id.as_str()],
                |row| Ok::<_, DatabaseError>((row.get::<String>(0)?, row.get::<String>(1)?)),
            )?;
            let is_new = !tx.exists(
                "SELECT 1 FROM campaigns WHERE id = ?1",
                values![id.as_str()],
            )?;
            let content = Content {
                publication,
                body: &body,
                text: &text,
                files: files
                    .iter()
                    .map(|(name, file)| (name.as_str(), file.clone()))
                    .collect(),
            };
            let screens = put_within(tx, actor, &content, &targets, now_ms)?;
            if is_new && !group.is_empty() {
                tx.execute(
                    "INSERT INTO campaign_groups (campaign, group_name) VALUES (?1, ?2)",
                    values![id.as_str(), group],
                )?;
            }
            tx.execute(
                "UPDATE drafts SET state = 'draft', note = '', published_revision = revision,
                     version = (SELECT max(number) FROM campaign_versions AS made WHERE made.campaign = drafts.campaign)
                 WHERE campaign = ?1",
                values![id.as_str()],
            )?;
            Ok(screens)
        })
    }

    /// Counts the screens that a draft would air on now; `None` for all, also later ones.
    ///
    /// # Errors
    /// The database fails.
    pub fn screens_for(&self, targets: &ChosenScreens) -> crate::store::Result<Option<usize>> {
        self.read(|tx| {
            Ok(match screens_of(tx, targets)? {
                Targets::Everywhere => None,
                Targets::Only(screens) => Some(screens.len()),
            })
        })
    }
}

/// Refuses somebody who is held to groups of screens, and would publish on others.
fn refuse_other_screens(
    tx: &Transaction<'_>,
    actor: &Actor,
    targets: &Targets,
) -> Result<(), DraftError> {
    let scope = actor.scope();
    if scope.screens.is_none() {
        return Ok(());
    }
    let Targets::Only(screens) = targets else {
        return Err(DraftError::OtherScreens);
    };
    let sets: Vec<_> = screens
        .iter()
        .map(|screen| [Value::from(screen.get())])
        .collect();
    let groups = tx.all_each(
        "SELECT group_name FROM screen_groups WHERE screen = ?1",
        &sets,
        |row| row.get::<String>(0),
    )?;
    let is_theirs = |groups: Vec<String>| {
        let group = groups.into_iter().next().unwrap_or_default();
        scope.has_screens_of(&group)
    };
    if groups.into_iter().all(is_theirs) {
        Ok(())
    } else {
        Err(DraftError::OtherScreens)
    }
}

/// The screens that are meant, as they are now.
pub(in crate::store) fn screens_of(
    tx: &Transaction<'_>,
    targets: &ChosenScreens,
) -> Result<Targets, DatabaseError> {
    if targets.is_everywhere() {
        return Ok(Targets::Everywhere);
    }
    let groups: Vec<_> = targets
        .groups
        .iter()
        .map(|group| [Value::from(group)])
        .collect();
    let of_groups = tx.all_each(
        "SELECT screen FROM screen_groups WHERE group_name = ?1",
        &groups,
        |row| Ok::<_, DatabaseError>(row.get::<Id<ScreenNumber>>(0)?.0),
    )?;
    let of_groups = of_groups.into_iter().flatten();
    Ok(Targets::Only(
        targets.screens.iter().copied().chain(of_groups).collect(),
    ))
}
