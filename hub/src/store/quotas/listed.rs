//! All quotas with what is used of each, for those who look: read together, however many there are.

use std::collections::HashMap;

use crate::database::{DatabaseError, Transaction, values};
use crate::store::quotas::counts::{CLAIMED, SUMS, of_hub, usage};
use crate::store::quotas::records::{Quota, QuotaLine, QuotaSubject, Usage};
use crate::store::{Result, Store};

/// Most people, and most slots, whose use is listed.
const LISTED_MAX: usize = 1_000;

/// What is kept of quotas.
type Kept = HashMap<String, Quota>;

impl Store {
    /// Returns the quotas of the hub, of everybody, of people and of slots, with what is used.
    ///
    /// # Errors
    /// The database fails.
    pub fn quotas(&self) -> Result<Vec<QuotaLine>> {
        self.read(|tx| {
            let kept = kept(tx)?;
            let quota = |subject: QuotaSubject| kept.get(&subject.word()).copied();
            let line = |subject, name, used| QuotaLine {
                subject,
                name,
                quota: quota(subject).unwrap_or_default(),
                is_of_everybody: false,
                used,
            };
            let (hub, everybody) = (QuotaSubject::Hub, QuotaSubject::Everybody);
            let mut lines = vec![
                line(hub, String::new(), of_hub(tx)?),
                line(everybody, String::new(), Usage::default()),
            ];
            let used = by_person(tx)?;
            for (id, name) in people(tx)? {
                let subject = QuotaSubject::Person(id);
                let own = quota(subject);
                lines.push(QuotaLine {
                    subject,
                    name,
                    quota: own.or_else(|| quota(everybody)).unwrap_or_default(),
                    is_of_everybody: own.is_none(),
                    used: used.get(&id).copied().unwrap_or_default(),
                });
            }
            let used = by_slot(tx)?;
            for (id, name, campaign) in slots(tx)? {
                let used = used.get(&campaign).copied().unwrap_or_default();
                lines.push(line(QuotaSubject::Slot(id), name, used));
            }
            Ok(lines)
        })
    }
}

fn kept(tx: &Transaction<'_>) -> Result<Kept, DatabaseError> {
    let found = tx.all(
        "SELECT subject, bytes_max, files_max FROM quotas",
        values![],
        |row| {
            let quota = Quota {
                bytes_max: row.get(1)?,
                files_max: row.get(2)?,
            };
            Ok::<_, DatabaseError>((row.get::<String>(0)?, quota))
        },
    )?;
    Ok(found.into_iter().collect())
}

fn people(tx: &Transaction<'_>) -> Result<Vec<(i64, String)>, DatabaseError> {
    tx.all(
        "SELECT id, name FROM people ORDER BY name_key LIMIT ?1",
        values![LISTED_MAX],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn slots(tx: &Transaction<'_>) -> Result<Vec<(i64, String, String)>, DatabaseError> {
    tx.all(
        "SELECT id, name, campaign FROM slots ORDER BY id DESC LIMIT ?1",
        values![LISTED_MAX],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// What each person has brought, and has claimed.
fn by_person(tx: &Transaction<'_>) -> Result<HashMap<i64, Usage>, DatabaseError> {
    let claimed = CLAIMED.replace("SELECT size", "SELECT file_claims.person, size");
    let found = tx.all(
        &format!(
            "SELECT {SUMS}, person
             FROM (SELECT file_people.person, size FROM file_people JOIN creatives ON sha256 = file_people.file
                   UNION ALL {claimed} AND file_claims.person IS NOT NULL) AS files
             GROUP BY person"
        ),
        values![],
        |row| Ok::<_, DatabaseError>((row.get::<i64>(2)?, usage(row)?)),
    )?;
    Ok(found.into_iter().collect())
}

/// What the draft of each slot has, each file once.
fn by_slot(tx: &Transaction<'_>) -> Result<HashMap<String, Usage>, DatabaseError> {
    let found = tx.all(
        &format!(
            "SELECT {SUMS}, campaign
             FROM (SELECT DISTINCT slots.campaign, draft_files.file
                   FROM slots JOIN draft_files ON draft_files.campaign = slots.campaign) AS files
             JOIN creatives ON sha256 = files.file
             GROUP BY campaign"
        ),
        values![],
        |row| Ok::<_, DatabaseError>((row.get::<String>(2)?, usage(row)?)),
    )?;
    Ok(found.into_iter().collect())
}
