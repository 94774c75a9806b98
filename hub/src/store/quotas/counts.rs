//! How much is used, asked before something is taken, and for those who look.

use passerby_protocol::CampaignId;

use crate::database::{DatabaseError, Lock, Row, Transaction, values};
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::quotas::records::{
    Quota, QuotaFault, QuotaSubject, Room, Usage, Whose, of_person, of_subject,
};
use crate::store::{Result, Store, StoreError, audit};

pub(super) const SUMS: &str = "count(*), coalesce(CAST(sum(size) AS BIGINT), 0)";

pub(super) fn usage(row: &Row<'_>) -> Result<Usage, DatabaseError> {
    Ok(Usage {
        files: row.get(0)?,
        bytes: row.get(1)?,
    })
}

/// What is claimed and has no row of its own yet, as SQL.
pub(super) const CLAIMED: &str = "SELECT size FROM file_claims
     WHERE size IS NOT NULL AND NOT EXISTS (SELECT 1 FROM creatives WHERE sha256 = file_claims.file)";

pub(super) fn of_hub(tx: &Transaction<'_>) -> Result<Usage, DatabaseError> {
    tx.one(
        &format!("SELECT {SUMS} FROM (SELECT size FROM creatives UNION ALL {CLAIMED}) AS files"),
        values![],
        usage,
    )
}

fn of_one(tx: &Transaction<'_>, person: i64) -> Result<Usage, DatabaseError> {
    tx.one(
        &format!(
            "SELECT {SUMS} FROM (SELECT size FROM file_people JOIN creatives ON sha256 = file_people.file
                                 WHERE file_people.person = ?1
                                 UNION ALL {CLAIMED} AND file_claims.person = ?1) AS files"
        ),
        values![person],
        usage,
    )
}

/// The files of a draft, each counted once.
fn of_draft(tx: &Transaction<'_>, campaign: &CampaignId) -> Result<Usage, DatabaseError> {
    tx.one(
        &format!(
            "SELECT {SUMS} FROM creatives WHERE sha256 IN (SELECT file FROM draft_files WHERE campaign = ?1)"
        ),
        values![campaign.as_str()],
        usage,
    )
}

/// The slot whose draft this is.
fn slot_of(tx: &Transaction<'_>, campaign: &CampaignId) -> Result<Option<i64>, DatabaseError> {
    tx.optional(
        "SELECT id FROM slots WHERE campaign = ?1",
        values![campaign.as_str()],
        |row| row.get(0),
    )
}

fn held(quota: Quota, used: Usage, whose: Whose) -> Result<(), QuotaFault> {
    if quota.admits(used) {
        return Ok(());
    }
    Err(QuotaFault { whose, quota, used })
}

/// Has a file that has just got its row be theirs who claimed it first, or who asks.
pub(in crate::store) fn own(
    tx: &Transaction<'_>,
    actor: &Actor,
    file: &str,
) -> Result<(), DatabaseError> {
    let claimed = tx.optional(
        "SELECT person FROM file_claims WHERE file = ?1",
        values![file],
        |row| row.get::<Option<i64>>(0),
    )?;
    if let Some(person) = claimed.flatten().or_else(|| actor.person_id()) {
        tx.execute(
            "INSERT INTO file_people (file, person) VALUES (?1, ?2) ON CONFLICT (file) DO NOTHING",
            values![file, person],
        )?;
    }
    Ok(())
}

/// Has a file be theirs whose another one was, in whose place it is. The other one is the hub's
/// until it is deleted, unless somebody still uses it.
pub(in crate::store) fn hand_over(
    tx: &Transaction<'_>,
    (from, to): (&str, &str),
) -> Result<(), DatabaseError> {
    tx.execute(
        "INSERT INTO file_people (file, person) SELECT CAST(?2 AS TEXT), person FROM file_people WHERE file = ?1
         ON CONFLICT (file) DO NOTHING",
        values![from, to],
    )?;
    tx.execute(
        "DELETE FROM file_people WHERE file = ?1
           AND NOT EXISTS (SELECT 1 FROM draft_files WHERE draft_files.file = file_people.file)",
        values![from],
    )?;
    Ok(())
}

/// Refuses what the rows of files have come to by now, of the hub and of a person.
pub(in crate::store) fn refuse(
    tx: &Transaction<'_>,
    person: Option<i64>,
) -> Result<Result<(), QuotaFault>, DatabaseError> {
    if let Some(person) = person {
        let (quota, _) = of_person(tx, person)?;
        if !quota.is_none()
            && let Err(fault) = held(quota, of_one(tx, person)?, Whose::Person)
        {
            return Ok(Err(fault));
        }
    }
    match of_subject(tx, QuotaSubject::Hub)? {
        Some(quota) if !quota.is_none() => Ok(held(quota, of_hub(tx)?, Whose::Hub)),
        _ => Ok(Ok(())),
    }
}

/// Refuses what the draft of a slot has come to by now.
pub(in crate::store) fn refuse_slot(
    tx: &Transaction<'_>,
    (slot, campaign): (i64, &CampaignId),
) -> Result<Result<(), QuotaFault>, DatabaseError> {
    match of_subject(tx, QuotaSubject::Slot(slot))? {
        Some(quota) => Ok(held(quota, of_draft(tx, campaign)?, Whose::Slot)),
        None => Ok(Ok(())),
    }
}

impl Store {
    /// Sets how much there may be; a quota that bounds nothing is none.
    ///
    /// # Errors
    /// There is no such person or slot, or the database fails.
    pub fn set_quota(
        &self,
        actor: &Actor,
        subject: QuotaSubject,
        quota: Quota,
        now_ms: i64,
    ) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            let name = name_of(tx, subject)?.ok_or(StoreError::OutOfScope)?;
            // Of a person a quota that bounds nothing is one: the one of everybody does not hold.
            let is_kept = !quota.is_none() || matches!(subject, QuotaSubject::Person(_));
            if is_kept {
                tx.execute(
                    "INSERT INTO quotas (subject, bytes_max, files_max) VALUES (?1, ?2, ?3)
                     ON CONFLICT (subject) DO UPDATE SET bytes_max = excluded.bytes_max, files_max = excluded.files_max",
                    values![subject.word(), quota.bytes_max, quota.files_max],
                )?;
            } else {
                tx.execute(
                    "DELETE FROM quotas WHERE subject = ?1",
                    values![subject.word()],
                )?;
            }
            let most = |most: Option<u64>| most.map_or("any".to_owned(), |most| most.to_string());
            let said = format!("{} bytes, {} files", most(quota.bytes_max), most(quota.files_max));
            audit::note(tx, actor, Verb::SetQuota, (&name, &said), now_ms)?;
            Ok(())
        })
    }

    /// Has a person have the quota of everybody again.
    ///
    /// # Errors
    /// There is no such person, or the database fails.
    pub fn forget_quota(&self, actor: &Actor, person: i64, now_ms: i64) -> Result<()> {
        self.write(Lock::Everything, |tx| {
            let subject = QuotaSubject::Person(person);
            let name = name_of(tx, subject)?.ok_or(StoreError::OutOfScope)?;
            tx.execute(
                "DELETE FROM quotas WHERE subject = ?1",
                values![subject.word()],
            )?;
            audit::note(tx, actor, Verb::SetQuota, (&name, "as everybody"), now_ms)?;
            Ok(())
        })
    }

    /// Returns how many bytes somebody may still bring, into a draft if it is for one: that of a
    /// slot has a bound of its own.
    ///
    /// # Errors
    /// The database fails.
    pub fn room_for(&self, actor: &Actor, into: Option<&CampaignId>) -> Result<Room> {
        self.read(|tx| {
            let mut room = Room::default();
            if let Some(person) = actor.person_id() {
                let (quota, _) = of_person(tx, person)?;
                if !quota.is_none() {
                    let left = quota.room(of_one(tx, person)?);
                    room.within(Whose::Person, left, left);
                }
            }
            if let Some(quota) = of_subject(tx, QuotaSubject::Hub)?
                && !quota.is_none()
            {
                let left = quota.room(of_hub(tx)?);
                room.within(Whose::Hub, left, left);
            }
            if let Some(campaign) = into
                && let Some(slot) = slot_of(tx, campaign)?
                && let Some(quota) = of_subject(tx, QuotaSubject::Slot(slot))?
            {
                let left = quota.room(of_draft(tx, campaign)?);
                room.within(Whose::Slot, left, quota.bytes_max);
            }
            Ok(room)
        })
    }

    /// Returns how much somebody may bring and has brought.
    ///
    /// # Errors
    /// The database fails.
    pub fn quota_of(&self, person: i64) -> Result<(Quota, Usage)> {
        self.read(|tx| Ok((of_person(tx, person)?.0, of_one(tx, person)?)))
    }
}

/// What people call a subject; `None` where there is no such one.
fn name_of(tx: &Transaction<'_>, subject: QuotaSubject) -> Result<Option<String>, DatabaseError> {
    let (table, id) = match subject {
        QuotaSubject::Hub => return Ok(Some("the hub".to_owned())),
        QuotaSubject::Everybody => return Ok(Some("everybody".to_owned())),
        QuotaSubject::Person(id) => ("people", id),
        QuotaSubject::Slot(id) => ("slots", id),
    };
    tx.optional(
        &format!("SELECT name FROM {table} WHERE id = ?1"),
        values![id],
        |row| row.get(0),
    )
}
