//! Drafts, made and changed.

use std::collections::BTreeSet;

use passerby_protocol::{CampaignId, Digest};

use crate::database::{DatabaseError, Lock, Transaction, Value, values};
use crate::people::Actor;
use crate::publish::inspection::Thumbnail;
use crate::store::audit::Verb;
use crate::store::drafts::claims::refuse_dropped;
use crate::store::drafts::records::{
    DRAFT_FILES_MAX, DRAFTS_MAX, DraftChange, DraftError, DraftState, Found, NewDraft, NewFile,
    STORED_BYTES_MAX, standing,
};
use crate::store::films::take_up;
use crate::store::quotas::{own, refuse_slot};
use crate::store::slots::rules;
use crate::store::versions::{self, ChosenScreens, Version};
use crate::store::{Result, Store, StoreError, audit, campaign_list, campaigns};

impl Store {
    /// Makes a draft of a new campaign.
    ///
    /// # Errors
    /// See [`DraftError`]; nothing was made then.
    pub fn make_draft(
        &self,
        actor: &Actor,
        id: &CampaignId,
        new: &NewDraft,
        now_ms: i64,
    ) -> Result<(), DraftError> {
        self.write(Lock::Everything, |tx| {
            if !actor.scope().has_campaigns_of(&new.group) {
                return Err(StoreError::OutOfScope.into());
            }
            let taken = tx.exists(
                "SELECT 1 FROM drafts WHERE campaign = ?1 UNION ALL SELECT 1 FROM campaigns WHERE id = ?1",
                values![id.as_str()],
            )?;
            // A name that differs in its accents alone would be published as the one that is there.
            if taken || campaigns::known_form(tx, id)? != *id {
                return Err(DraftError::Taken(id.as_str().to_owned()));
            }
            let slot = rules::admit(tx, actor, (id, &new.group), now_ms)?;
            insert(tx, actor, id, &new.group, now_ms)?;
            set_contents(tx, id, (&new.text, &new.targets))?;
            add_files(tx, actor, id, &new.files, now_ms)?;
            if let Some(slot) = &slot {
                rules::refuse_pieces(tx, slot, Some(&new.targets))?;
                refuse_slot(tx, (slot.id, id))??;
            }
            audit::note(tx, actor, Verb::MadeDraft, (id.as_str(), ""), now_ms)?;
            Ok(())
        })
    }

    /// Makes a draft of what is published of a campaign, unless there is one.
    ///
    /// # Errors
    /// See [`DraftError`].
    pub fn draft_of_published(
        &self,
        actor: &Actor,
        id: &CampaignId,
        now_ms: i64,
    ) -> Result<(), DraftError> {
        self.write(Lock::Everything, |tx| {
            campaign_list::refuse_others(tx, actor, id.as_str())?;
            let is_there = tx.exists(
                "SELECT 1 FROM drafts WHERE campaign = ?1",
                values![id.as_str()],
            )?;
            if is_there {
                return Ok(());
            }
            let slot = rules::admit(tx, actor, (id, ""), now_ms)?;
            let version = versions::of(tx, id, None)?.ok_or(StoreError::OutOfScope)?;
            insert(tx, actor, id, "", now_ms)?;
            take(tx, id, &version, now_ms)?;
            if let Some(slot) = &slot {
                rules::keep_screens(tx, slot)?;
            }
            tx.execute(
                "UPDATE drafts SET published_revision = revision WHERE campaign = ?1",
                values![id.as_str()],
            )?;
            audit::note(tx, actor, Verb::MadeDraft, (id.as_str(), ""), now_ms)?;
            Ok(())
        })
    }

    /// Changes a draft that is at a revision, and returns the next one.
    ///
    /// # Errors
    /// See [`DraftError`]; nothing changed then.
    pub fn change_draft(
        &self,
        actor: &Actor,
        id: &CampaignId,
        seen: Option<u64>,
        change: &DraftChange,
        now_ms: i64,
    ) -> Result<u64, DraftError> {
        self.write(Lock::Everything, |tx| {
            let standing = standing(tx, actor, id, seen)?;
            let slot = rules::admit(tx, actor, (id, &standing.group), now_ms)?;
            if let Some(text) = &change.text {
                tx.execute(
                    "UPDATE drafts SET body = ?2 WHERE campaign = ?1",
                    values![id.as_str(), text],
                )?;
            }
            if let Some(targets) = &change.targets {
                tx.execute(
                    "UPDATE drafts SET targets = ?2 WHERE campaign = ?1",
                    values![id.as_str(), targets_text(targets)?],
                )?;
            }
            if change.removes_others {
                tx.execute(
                    "DELETE FROM draft_files WHERE campaign = ?1",
                    values![id.as_str()],
                )?;
            }
            for name in &change.remove {
                tx.execute(
                    "DELETE FROM draft_files WHERE campaign = ?1 AND name = ?2",
                    values![id.as_str(), name],
                )?;
            }
            add_files(tx, actor, id, &change.add, now_ms)?;
            if let Some(slot) = &slot {
                rules::refuse_pieces(tx, slot, change.targets.as_ref())?;
                if !change.add.is_empty() {
                    refuse_slot(tx, (slot.id, id))??;
                }
            }
            changed(tx, actor, id, now_ms)?;
            audit::note(
                tx,
                actor,
                Verb::ChangedDraft,
                (id.as_str(), &said(change)),
                now_ms,
            )?;
            Ok(standing.revision + 1)
        })
    }

    /// Has a draft be what a version of its campaign was.
    ///
    /// # Errors
    /// See [`DraftError`]; nothing changed then.
    pub fn take_version(
        &self,
        actor: &Actor,
        id: &CampaignId,
        number: u64,
        now_ms: i64,
    ) -> Result<(), DraftError> {
        self.write(Lock::Everything, |tx| {
            let standing = standing(tx, actor, id, None)?;
            let slot = rules::admit(tx, actor, (id, &standing.group), now_ms)?;
            let version = versions::of(tx, id, Some(number))?.ok_or(StoreError::OutOfScope)?;
            take(tx, id, &version, now_ms)?;
            if let Some(slot) = &slot {
                rules::keep_screens(tx, slot)?;
            }
            changed(tx, actor, id, now_ms)?;
            let what = format!("version {number}");
            audit::note(tx, actor, Verb::ChangedDraft, (id.as_str(), &what), now_ms)?;
            Ok(())
        })
    }

    /// Hands a draft in, as it was seen, for somebody who may publish.
    ///
    /// # Errors
    /// See [`DraftError`].
    pub fn submit_draft(
        &self,
        actor: &Actor,
        id: &CampaignId,
        seen: Option<u64>,
        note: &str,
        now_ms: i64,
    ) -> Result<(), DraftError> {
        self.write(Lock::Everything, |tx| {
            let standing = standing(tx, actor, id, seen)?;
            if let Some(slot) = rules::admit(tx, actor, (id, &standing.group), now_ms)? {
                let text: String = tx.value(
                    "SELECT body FROM drafts WHERE campaign = ?1",
                    values![id.as_str()],
                )?;
                rules::refuse_text(tx, &slot, &text)?;
            }
            set_state(tx, id, DraftState::Submitted, note)?;
            audit::note(tx, actor, Verb::SubmittedDraft, (id.as_str(), note), now_ms)?;
            Ok(())
        })
    }

    /// Sends a draft back that was handed in.
    ///
    /// # Errors
    /// See [`DraftError`].
    pub fn return_draft(
        &self,
        actor: &Actor,
        id: &CampaignId,
        note: &str,
        now_ms: i64,
    ) -> Result<(), DraftError> {
        self.write(Lock::Everything, |tx| {
            if standing(tx, actor, id, None)?.state != DraftState::Submitted {
                return Err(DraftError::NotSubmitted);
            }
            set_state(tx, id, DraftState::Draft, note)?;
            audit::note(tx, actor, Verb::ReturnedDraft, (id.as_str(), note), now_ms)?;
            Ok(())
        })
    }

    /// Deletes a draft. What is on the screens stays there.
    ///
    /// # Errors
    /// See [`DraftError`].
    pub fn delete_draft(
        &self,
        actor: &Actor,
        id: &CampaignId,
        now_ms: i64,
    ) -> Result<(), DraftError> {
        self.write(Lock::Everything, |tx| {
            let standing = standing(tx, actor, id, None)?;
            rules::admit(tx, actor, (id, &standing.group), now_ms)?;
            for table in ["draft_files", "drafts"] {
                tx.execute(
                    &format!("DELETE FROM {table} WHERE campaign = ?1"),
                    values![id.as_str()],
                )?;
            }
            audit::note(tx, actor, Verb::DeletedDraft, (id.as_str(), ""), now_ms)?;
            Ok(())
        })
    }

    /// Keeps what was found of a revision of a draft, and the small pictures that were made.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_found(
        &self,
        id: &CampaignId,
        found: &Found,
        pictures: &[(Digest, Thumbnail)],
    ) -> Result<()> {
        let text = serde_json::to_string(found)?;
        let rows: Vec<_> = pictures
            .iter()
            .map(|(digest, picture)| {
                [
                    Value::from(digest.to_string()),
                    Value::from(&picture.jpeg),
                    Value::from(picture.width_px),
                    Value::from(picture.height_px),
                ]
            })
            .collect();
        self.write(Lock::Everything, |tx| {
            tx.execute(
                "UPDATE drafts SET checked = ?2 WHERE campaign = ?1 AND revision = ?3",
                values![id.as_str(), &text, found.revision],
            )?;
            tx.execute_each(
                "UPDATE creatives SET thumbnail = ?2, thumbnail_width = ?3, thumbnail_height = ?4 WHERE sha256 = ?1",
                &rows,
            )?;
            Ok(())
        })
    }
}

fn insert(
    tx: &Transaction<'_>,
    actor: &Actor,
    id: &CampaignId,
    group: &str,
    now_ms: i64,
) -> Result<(), DraftError> {
    let count: usize = tx.value("SELECT count(*) FROM drafts", values![])?;
    if count >= DRAFTS_MAX {
        return Err(DraftError::TooManyDrafts);
    }
    tx.execute(
        "INSERT INTO drafts (campaign, body, state, revision, group_name, targets, note, changed_by, changed_ms)
         VALUES (?1, '', 'draft', 1, ?2, '{}', '', ?3, ?4)",
        values![id.as_str(), group, actor.named(), now_ms],
    )?;
    Ok(())
}

fn set_contents(
    tx: &Transaction<'_>,
    id: &CampaignId,
    (text, targets): (&str, &ChosenScreens),
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE drafts SET body = ?2, targets = ?3 WHERE campaign = ?1",
        values![id.as_str(), text, targets_text(targets)?],
    )?;
    Ok(())
}

/// Has a draft be what a version was.
fn take(
    tx: &Transaction<'_>,
    id: &CampaignId,
    version: &Version,
    now_ms: i64,
) -> Result<(), StoreError> {
    set_contents(tx, id, (&version.text, &version.targets))?;
    tx.execute(
        "DELETE FROM draft_files WHERE campaign = ?1",
        values![id.as_str()],
    )?;
    tx.execute(
        "INSERT INTO draft_files (campaign, name, file, added_ms)
         SELECT campaign, name, file, ?3 FROM campaign_version_files WHERE campaign = ?1 AND number = ?2",
        values![id.as_str(), version.row.number, now_ms],
    )?;
    tx.execute(
        "UPDATE drafts SET version = ?2 WHERE campaign = ?1",
        values![id.as_str(), version.row.number],
    )?;
    Ok(())
}

/// One revision more; what was handed in is taken back.
fn changed(
    tx: &Transaction<'_>,
    actor: &Actor,
    id: &CampaignId,
    now_ms: i64,
) -> Result<(), DatabaseError> {
    tx.execute(
        "UPDATE drafts SET revision = revision + 1, state = 'draft', changed_by = ?2, changed_ms = ?3
         WHERE campaign = ?1",
        values![id.as_str(), actor.named(), now_ms],
    )?;
    Ok(())
}

fn set_state(
    tx: &Transaction<'_>,
    id: &CampaignId,
    state: DraftState,
    note: &str,
) -> Result<(), DatabaseError> {
    tx.execute(
        "UPDATE drafts SET state = ?2, note = ?3 WHERE campaign = ?1",
        values![id.as_str(), state.word(), note],
    )?;
    Ok(())
}

fn add_files(
    tx: &Transaction<'_>,
    actor: &Actor,
    id: &CampaignId,
    new: &[NewFile],
    now_ms: i64,
) -> Result<(), DraftError> {
    if new.is_empty() {
        return Ok(());
    }
    let digests: BTreeSet<String> = new.iter().map(|file| file.digest.to_string()).collect();
    refuse_dropped(tx, &digests)?;
    for file in new {
        let digest = file.digest.to_string();
        let is_new = tx.execute(
            "INSERT INTO creatives (sha256, size, media_type, thumbnail, thumbnail_width, thumbnail_height)
             VALUES (?1, ?2, ?3, ?4, 0, 0) ON CONFLICT (sha256) DO NOTHING",
            values![&digest, file.size, file.media_type, &[][..]],
        )? == 1;
        if is_new {
            own(tx, actor, &digest)?;
        }
        tx.execute(
            "INSERT INTO draft_files (campaign, name, file, added_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (campaign, name) DO UPDATE SET file = excluded.file, added_ms = excluded.added_ms",
            values![id.as_str(), &file.name, &digest, now_ms],
        )?;
    }
    let count: usize = tx.value(
        "SELECT count(*) FROM draft_files WHERE campaign = ?1",
        values![id.as_str()],
    )?;
    if count > DRAFT_FILES_MAX {
        return Err(DraftError::TooManyFiles);
    }
    let bytes: u64 = tx.value(
        "SELECT coalesce(CAST(sum(size) AS BIGINT), 0) FROM creatives
         WHERE sha256 IN (SELECT file FROM draft_files UNION SELECT file FROM campaign_version_files)",
        values![],
    )?;
    if bytes > STORED_BYTES_MAX {
        return Err(DraftError::Full);
    }
    if !take_up(tx, actor, id, &digests, now_ms)? {
        return Err(DraftError::TooManyFilms);
    }
    Ok(())
}

fn targets_text(targets: &ChosenScreens) -> Result<String, StoreError> {
    Ok(serde_json::to_string(targets)?)
}

/// What the audit log says of a change.
fn said(change: &DraftChange) -> String {
    let mut said = Vec::new();
    if change.text.is_some() {
        said.push("its text".to_owned());
    }
    if change.targets.is_some() {
        said.push("its screens".to_owned());
    }
    said.extend(change.add.iter().map(|file| format!("+ {}", file.name)));
    said.extend(change.remove.iter().map(|name| format!("- {name}")));
    said.join(", ")
}
