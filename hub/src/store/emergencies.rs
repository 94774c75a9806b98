//! Emergency messages over chosen screens: what covers which of them, since when, and by whom.
//!
//! Invariants: a screen has one message at most, the newest; what changes for a screen gives it a
//! new manifest in the same transaction, so it is there and gone within seconds; nobody begins or
//! ends one on screens outside the groups that they have to do with.

use std::collections::BTreeSet;

use passerby_protocol::manifest::ManifestNotice;
use passerby_protocol::{ScreenNumber, foreign};
use serde::Serialize;

use crate::database::{DatabaseError, Id, Lock, Transaction, owned_values, values};
use crate::people::{Actor, Scope};
use crate::store::audit::Verb;
use crate::store::manifest_versions::renew_manifests;
use crate::store::{Result, Store, StoreError, audit};

/// Most messages that are listed.
const LISTED_MAX: usize = 20;

/// Which screens somebody means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmergencyTargets {
    /// All that they have to do with.
    pub everywhere: bool,
    /// Those of these groups.
    pub groups: BTreeSet<String>,
    /// Those with these numbers.
    pub screens: BTreeSet<ScreenNumber>,
}

/// A screen that a message is meant for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EmergencyScreen {
    /// Its number.
    pub screen: ScreenNumber,
    /// What it is called.
    pub name: String,
    /// The message that covers it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_by: Option<i64>,
}

/// What became of a message that somebody began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmergencyBegin {
    /// It is on its way.
    Begun(BegunEmergency),
    /// No screen was meant.
    ForNobody,
    /// It would take the place of messages that whoever began it did not know of; nothing changed.
    Unseen,
}

/// A message that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BegunEmergency {
    /// Its number.
    pub emergency: i64,
    /// For how many screens it is.
    pub screens: usize,
    /// The messages whose place it took on some of them.
    pub replaced: BTreeSet<i64>,
}

/// A message that covers screens now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AiringEmergency {
    /// Its number.
    pub emergency: i64,
    /// One sentence.
    pub headline: String,
    /// What else there is to say.
    pub body: String,
    /// Since when.
    pub begun_ms: i64,
    /// Who began it.
    pub begun_by: String,
    /// For how many screens it is meant, of those that the asker has to do with.
    pub screens: u64,
    /// How many of them said that they have it.
    pub reached: u64,
}

/// Reads what covers a screen.
pub(super) fn notice_of(
    tx: &Transaction<'_>,
    screen: ScreenNumber,
) -> Result<Option<ManifestNotice>, DatabaseError> {
    tx.optional(
        "SELECT headline, body FROM screen_notices JOIN emergencies ON id = emergency WHERE screen = ?1",
        values![screen.get()],
        |row| {
            Ok::<_, DatabaseError>(ManifestNotice {
                headline: row.get(0)?,
                body: row.get(1)?,
            })
        },
    )
}

/// Finds the screens that somebody means, of those in service that they have to do with.
fn found(
    tx: &Transaction<'_>,
    scope: &Scope,
    targets: &EmergencyTargets,
) -> Result<Vec<EmergencyScreen>, DatabaseError> {
    let all: Vec<(EmergencyScreen, String)> = tx.all(
        "SELECT number, name, coalesce(group_name, ''), emergency FROM screens
         LEFT JOIN screen_groups ON screen_groups.screen = number
         LEFT JOIN screen_notices ON screen_notices.screen = number WHERE revoked_ms IS NULL ORDER BY number",
        values![],
        |row| {
            let screen = EmergencyScreen {
                screen: row.get::<Id<_>>(0)?.0,
                name: foreign::escaped(&row.get::<String>(1)?).into_owned(),
                covered_by: row.get(3)?,
            };
            Ok::<_, DatabaseError>((screen, row.get(2)?))
        },
    )?;
    let is_meant = |(screen, group): &(EmergencyScreen, String)| {
        scope.has_screens_of(group)
            && (targets.everywhere
                || (!group.is_empty() && targets.groups.contains(group))
                || targets.screens.contains(&screen.screen))
    };
    let meant = all.into_iter().filter(is_meant);
    Ok(meant.map(|(screen, _)| screen).collect())
}

/// Ends messages that cover no screen any more.
fn end_idle(tx: &Transaction<'_>, now_ms: i64) -> Result<(), DatabaseError> {
    tx.execute(
        "UPDATE emergencies SET ended_ms = ?1 WHERE ended_ms IS NULL
         AND NOT EXISTS (SELECT 1 FROM screen_notices WHERE emergency = id)",
        values![now_ms],
    )?;
    Ok(())
}

impl Store {
    /// Returns the screens that somebody means.
    ///
    /// # Errors
    /// The database fails.
    pub fn emergency_screens(
        &self,
        scope: &Scope,
        targets: &EmergencyTargets,
    ) -> Result<Vec<EmergencyScreen>> {
        Ok(self.read_once(|tx| found(tx, scope, targets))?)
    }

    /// Covers screens with a message, in place of any that they have. With `seen` only those
    /// messages may be replaced; without it any.
    ///
    /// # Errors
    /// The database fails.
    pub fn begin_emergency(
        &self,
        actor: &Actor,
        notice: &ManifestNotice,
        targets: &EmergencyTargets,
        seen: Option<&BTreeSet<i64>>,
        now_ms: i64,
    ) -> Result<EmergencyBegin> {
        self.write(Lock::Everything, |tx| {
            let screens = found(tx, actor.scope(), targets)?;
            let numbers: BTreeSet<ScreenNumber> =
                screens.iter().map(|screen| screen.screen).collect();
            if numbers.is_empty() {
                return Ok(EmergencyBegin::ForNobody);
            }
            let replaced: BTreeSet<i64> =
                screens.iter().filter_map(|one| one.covered_by).collect();
            if seen.is_some_and(|seen| !replaced.is_subset(seen)) {
                return Ok(EmergencyBegin::Unseen);
            }
            let id: i64 = tx.value(
                "INSERT INTO emergencies (headline, body, begun_ms, begun_by) VALUES (?1, ?2, ?3, ?4) RETURNING id",
                values![&notice.headline, &notice.body, now_ms, actor.named()],
            )?;
            let rows: Vec<_> = numbers
                .iter()
                .map(|screen| owned_values![screen.get(), id])
                .collect();
            tx.execute_each(
                "INSERT INTO screen_notices (screen, emergency) VALUES (?1, ?2)
                 ON CONFLICT (screen) DO UPDATE SET emergency = excluded.emergency",
                &rows,
            )?;
            end_idle(tx, now_ms)?;
            renew_manifests(tx, &numbers, now_ms)?;
            let mut said = format!("{} screens", numbers.len());
            if !replaced.is_empty() {
                let named: Vec<String> = replaced.iter().map(i64::to_string).collect();
                said += &format!(", in place of {}", named.join(" "));
            }
            said += &format!(": {}", notice.headline);
            let subject = (&*format!("emergency {id}"), &*said);
            audit::note(tx, actor, Verb::BeganEmergency, subject, now_ms)?;
            Ok(EmergencyBegin::Begun(BegunEmergency {
                emergency: id,
                screens: numbers.len(),
                replaced,
            }))
        })
    }

    /// Takes a message off the screens that the actor has to do with. Returns from how many.
    ///
    /// # Errors
    /// There is no such message there, or the database fails.
    pub fn end_emergency(&self, actor: &Actor, id: i64, now_ms: i64) -> Result<usize> {
        self.write(Lock::Everything, |tx| {
            let covered: Vec<(ScreenNumber, String)> = tx.all(
                "SELECT screen_notices.screen, coalesce(group_name, '') FROM screen_notices
                 LEFT JOIN screen_groups ON screen_groups.screen = screen_notices.screen WHERE emergency = ?1",
                values![id],
                |row| Ok::<_, DatabaseError>((row.get::<Id<_>>(0)?.0, row.get(1)?)),
            )?;
            let numbers: BTreeSet<ScreenNumber> = covered
                .into_iter()
                .filter(|(_, group)| actor.scope().has_screens_of(group))
                .map(|(screen, _)| screen)
                .collect();
            if numbers.is_empty() {
                return Err(StoreError::OutOfScope);
            }
            let rows: Vec<_> = numbers
                .iter()
                .map(|screen| owned_values![screen.get()])
                .collect();
            tx.execute_each("DELETE FROM screen_notices WHERE screen = ?1", &rows)?;
            end_idle(tx, now_ms)?;
            renew_manifests(tx, &numbers, now_ms)?;
            let subject = (&*format!("emergency {id}"), &*format!("{} screens", numbers.len()));
            audit::note(tx, actor, Verb::EndedEmergency, subject, now_ms)?;
            Ok(numbers.len())
        })
    }

    /// Lists the messages that cover screens of a scope, the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub fn airing_emergencies(&self, scope: &Scope) -> Result<Vec<AiringEmergency>> {
        let rows = self.read_once(|tx| {
            tx.all(
                "SELECT emergencies.id, headline, body, begun_ms, begun_by, coalesce(group_name, ''), count(*),
                        CAST(sum(CASE WHEN content_version = manifest_version THEN 1 ELSE 0 END) AS BIGINT)
                 FROM screen_notices JOIN emergencies ON emergencies.id = emergency
                 JOIN screens ON number = screen_notices.screen
                 LEFT JOIN screen_groups ON screen_groups.screen = number
                 GROUP BY emergencies.id, headline, body, begun_ms, begun_by, group_name ORDER BY emergencies.id DESC",
                values![],
                |row| {
                    let airing = AiringEmergency {
                        emergency: row.get(0)?,
                        headline: row.get(1)?,
                        body: row.get(2)?,
                        begun_ms: row.get(3)?,
                        begun_by: row.get(4)?,
                        screens: row.get(6)?,
                        reached: row.get(7)?,
                    };
                    Ok::<_, DatabaseError>((row.get::<String>(5)?, airing))
                },
            )
        })?;
        let mut airing: Vec<AiringEmergency> = Vec::new();
        for (group, part) in rows {
            if !scope.has_screens_of(&group) {
                continue;
            }
            match airing.last_mut() {
                Some(last) if last.emergency == part.emergency => {
                    last.screens += part.screens;
                    last.reached += part.reached;
                }
                _ => airing.push(part),
            }
        }
        airing.truncate(LISTED_MAX);
        Ok(airing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::Role;
    use crate::store::ScreenChange;
    use crate::store::testing::on_each_database;

    fn notice(headline: &str) -> ManifestNotice {
        ManifestNotice {
            headline: headline.to_owned(),
            body: "Use the stairs.".to_owned(),
        }
    }

    #[test]
    fn a_message_covers_the_screens_that_were_meant_until_it_ends_and_a_newer_one_takes_its_place()
    {
        on_each_database(|database| {
            let store = database.open();
            store.set_scan_base("HTTPS://HUB.EXAMPLE", 1).unwrap();
            let owner = Actor::COMMAND_LINE;
            let screens: Vec<ScreenNumber> = ["a", "b", "c"]
                .map(|name| store.add_screen(&owner, name, 1).unwrap().0)
                .to_vec();
            let north = ScreenChange {
                group: Some(Some("north".to_owned())),
                ..ScreenChange::default()
            };
            store.change_screen(&owner, screens[0], &north, 1).unwrap();
            let scope = Scope {
                screens: Some(BTreeSet::from(["north".to_owned()])),
                campaigns: None,
            };
            let of_north = Actor::person(1, "Ada".into(), Role::Operator, scope.clone());
            let covers = |screen: ScreenNumber| {
                let notice = store.manifest(screen).unwrap().notice;
                notice.map(|notice| notice.headline)
            };
            let everywhere = EmergencyTargets {
                everywhere: true,
                ..EmergencyTargets::default()
            };
            let versions = |store: &Store| -> Vec<u64> {
                let of = |screen: &ScreenNumber| store.manifest(*screen).unwrap().version;
                screens.iter().map(of).collect()
            };
            let before = versions(&store);
            // Whoever is held to the north means the north by everywhere.
            let begin = |actor: &Actor, headline: &str, seen: Option<&BTreeSet<i64>>, now_ms| {
                let notice = notice(headline);
                let begun = store.begin_emergency(actor, &notice, &everywhere, seen, now_ms);
                begun.unwrap()
            };
            let EmergencyBegin::Begun(smoke) = begin(&of_north, "Smoke", Some(&BTreeSet::new()), 2)
            else {
                panic!("nothing covers the north yet");
            };
            assert_eq!((smoke.screens, smoke.replaced.len()), (1, 0));
            let smoke = smoke.emergency;
            assert_eq!(covers(screens[0]).as_deref(), Some("Smoke"));
            assert_eq!(covers(screens[1]), None);
            let after = versions(&store);
            assert!(after[0] > before[0] && after[1..] == before[1..]);
            let found = store.emergency_screens(&Scope::ALL, &everywhere).unwrap();
            let covered: Vec<Option<i64>> = found.iter().map(|one| one.covered_by).collect();
            assert_eq!(covered, [Some(smoke), None, None]);
            // Who did not see the smoke does not take it away.
            let unseen = begin(&owner, "Leave", Some(&BTreeSet::from([smoke + 1])), 3);
            assert_eq!(unseen, EmergencyBegin::Unseen);
            assert_eq!(covers(screens[0]).as_deref(), Some("Smoke"));
            assert_eq!(covers(screens[1]), None);
            let begun = begin(&owner, "Leave", Some(&BTreeSet::from([smoke])), 3);
            let EmergencyBegin::Begun(begun) = begun else {
                panic!("{begun:?}");
            };
            assert_eq!(begun.screens, 3);
            assert_eq!(begun.replaced, BTreeSet::from([smoke]));
            let leave = begun.emergency;
            assert_eq!(covers(screens[0]).as_deref(), Some("Leave"));
            let airing = store.airing_emergencies(&Scope::ALL).unwrap();
            assert_eq!(airing.len(), 1, "the older one has no screen any more");
            assert_eq!((airing[0].emergency, airing[0].screens), (leave, 3));
            assert_eq!(store.airing_emergencies(&scope).unwrap()[0].screens, 1);
            assert!(matches!(
                store.end_emergency(&owner, smoke, 4),
                Err(StoreError::OutOfScope)
            ));
            assert_eq!(store.end_emergency(&of_north, leave, 5).unwrap(), 1);
            assert_eq!(covers(screens[0]), None);
            assert_eq!(covers(screens[2]).as_deref(), Some("Leave"));
            assert!(store.end_emergency(&of_north, leave, 5).is_err());
            assert_eq!(store.end_emergency(&owner, leave, 6).unwrap(), 2);
            assert_eq!(store.airing_emergencies(&Scope::ALL).unwrap(), []);
            let nobody = EmergencyTargets::default();
            assert_eq!(
                store
                    .begin_emergency(&owner, &notice("x"), &nobody, None, 7)
                    .unwrap(),
                EmergencyBegin::ForNobody
            );
            let lines = store.audit(None, "emergency.", 9).unwrap();
            assert_eq!(
                lines[2].detail,
                format!("3 screens, in place of {smoke}: Leave")
            );
            assert_eq!(lines[3].detail, "1 screens: Smoke");
            let verbs: Vec<String> = lines.into_iter().map(|line| line.verb).collect();
            let expected = [
                "emergency.end",
                "emergency.end",
                "emergency.begin",
                "emergency.begin",
            ];
            assert_eq!(verbs, expected);
        });
    }
}
