//! Slots: room for a contributor's pieces on some screens, on some days, opened by those who run
//! screens or campaigns.
//!
//! A slot has one campaign, in a group called like the slot, so that who has to do with it is what
//! scopes say of everything else.
//!
//! Invariants: nobody opens a slot on screens that they have nothing to do with; what is in a
//! slot holds to its terms whoever changes it ([`rules`]); a slot ends with its last day by itself,
//! since its campaign does.

mod read;
mod records;
pub(in crate::store) mod rules;
#[cfg(test)]
mod tests;

use passerby_protocol::ScreenNumber;

use crate::database::{DatabaseError, Id, Lock, Transaction, Value, values};
use crate::people::{Actor, GROUPS_MAX, Role, Scope, Secret};
use crate::store::audit::Verb;
use crate::store::people::{PeopleError, invite_within, set_scope};
use crate::store::{Store, StoreError, audit, screen_list};
use crate::system::clock;

pub use crate::store::slots::records::{
    NewSlot, SLOT_DAYS_MAX, SLOT_PIECES_MAX, SLOTS_MAX, Slot, SlotError, SlotFault, SlotKind,
    SlotState,
};

impl Store {
    /// Opens a slot, for a contributor or for whoever is invited later. Returns its number.
    ///
    /// # Errors
    /// See [`SlotError`]; nothing was opened then.
    pub fn open_slot(
        &self,
        actor: &Actor,
        new: &NewSlot,
        contributor: Option<i64>,
        now_ms: i64,
    ) -> Result<i64, SlotError> {
        let days = (new.last - new.first).get_days();
        let today = clock::date_of(now_ms);
        if new.last < new.first || new.last < today || days >= SLOT_DAYS_MAX {
            return Err(SlotError::Days);
        }
        if !(1..=SLOT_PIECES_MAX).contains(&new.pieces_max) || new.kinds.is_empty() {
            return Err(SlotError::Pieces);
        }
        let kinds: Vec<&str> = new.kinds.iter().map(|kind| kind.word()).collect();
        let targets = serde_json::to_string(&new.targets).map_err(StoreError::from)?;
        self.write(Lock::Everything, |tx| {
            if tx.value::<usize>("SELECT count(*) FROM slots", values![])? >= SLOTS_MAX {
                return Err(SlotError::TooMany);
            }
            refuse_taken(tx, new)?;
            refuse_other_screens(tx, actor, new)?;
            let id: i64 = tx.value(
                "INSERT INTO slots (name, campaign, first_day, last_day, pieces_max, kinds, targets, made_by, made_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
                values![
                    &new.name,
                    new.campaign.as_str(),
                    new.first.to_string(),
                    new.last.to_string(),
                    new.pieces_max,
                    kinds.join(" "),
                    &targets,
                    actor.named(),
                    now_ms
                ],
            )?;
            let mut said = format!("{} to {}", new.first, new.last);
            if let Some(person) = contributor {
                let name = add_to(tx, person, Some(Role::Contributor), &new.name)?;
                said += &format!(", for {name}");
            }
            // Whoever opened it sees it, also if they are held to other groups.
            if let (Some(person), Some(_)) = (actor.person_id(), &actor.scope().campaigns) {
                add_to(tx, person, None, &new.name)?;
            }
            audit::note(tx, actor, Verb::OpenedSlot, (&new.name, &said), now_ms)?;
            Ok(id)
        })
    }

    /// Closes a slot before its last day: nothing more comes in. What airs of it goes on. Nothing
    /// changes of one that is closed.
    ///
    /// # Errors
    /// There is no such slot, or the database fails.
    pub fn close_slot(&self, actor: &Actor, id: i64, now_ms: i64) -> Result<(), SlotError> {
        self.write(Lock::Everything, |tx| {
            let slot = read::by_id(tx, id, actor.scope())?.ok_or(StoreError::OutOfScope)?;
            if slot.closed_ms.is_some() {
                return Ok(());
            }
            tx.execute(
                "UPDATE slots SET closed_ms = ?2 WHERE id = ?1",
                values![id, now_ms],
            )?;
            audit::note(tx, actor, Verb::ClosedSlot, (&slot.terms.name, ""), now_ms)?;
            Ok(())
        })
    }

    /// Makes a link by which somebody new comes in as a contributor to this slot and to nothing
    /// else.
    ///
    /// # Errors
    /// There is no such slot, it is not open, or too many links wait.
    pub fn invite_to_slot(
        &self,
        actor: &Actor,
        id: i64,
        now_ms: i64,
    ) -> Result<Secret, PeopleError> {
        let secret = Secret::new();
        self.write(Lock::Everything, |tx| {
            let slot = read::by_id(tx, id, actor.scope())?.ok_or(PeopleError::Unknown)?;
            if slot.state(clock::date_of(now_ms)) != SlotState::Open {
                return Err(PeopleError::Unknown);
            }
            let scope = Scope {
                screens: Some([].into()),
                campaigns: Some([slot.terms.name].into()),
            };
            invite_within(tx, actor, &secret, (Role::Contributor, &scope), now_ms)
        })?;
        Ok(secret)
    }
}

/// A slot's name is that of a group that nothing else is in, and its campaign is a new one.
fn refuse_taken(tx: &Transaction<'_>, new: &NewSlot) -> Result<(), SlotError> {
    let is_taken = tx.exists(
        "SELECT 1 FROM slots WHERE name = ?1 OR campaign = ?2
         UNION ALL SELECT 1 FROM campaign_groups WHERE group_name = ?1
         UNION ALL SELECT 1 FROM drafts WHERE group_name = ?1 OR campaign = ?2
         UNION ALL SELECT 1 FROM campaigns WHERE id = ?2",
        values![&new.name, new.campaign.as_str()],
    )?;
    if is_taken {
        return Err(SlotError::NameTaken(new.name.clone()));
    }
    Ok(())
}

fn refuse_other_screens(
    tx: &Transaction<'_>,
    actor: &Actor,
    new: &NewSlot,
) -> Result<(), SlotError> {
    let scope = actor.scope();
    if scope.screens.is_some() && new.targets.is_everywhere() {
        return Err(SlotError::OtherScreens);
    }
    let others = new
        .targets
        .groups
        .iter()
        .any(|group| !scope.has_screens_of(group));
    if others {
        return Err(SlotError::OtherScreens);
    }
    let sets: Vec<_> = new
        .targets
        .screens
        .iter()
        .map(|screen| [Value::from(screen.get())])
        .collect();
    let known = tx.all_each(
        "SELECT number FROM screens WHERE number = ?1",
        &sets,
        |row| Ok::<_, DatabaseError>(row.get::<Id<ScreenNumber>>(0)?.0),
    )?;
    if known.iter().any(Vec::is_empty) {
        return Err(SlotError::OtherScreens);
    }
    for screen in &new.targets.screens {
        screen_list::refuse_others(tx, actor, *screen).map_err(|error| match error {
            StoreError::OutOfScope => SlotError::OtherScreens,
            other => other.into(),
        })?;
    }
    Ok(())
}

/// Gives somebody who is held to groups of campaigns one more. Returns what they are called.
fn add_to(
    tx: &Transaction<'_>,
    person: i64,
    role: Option<Role>,
    group: &str,
) -> Result<String, SlotError> {
    let known = crate::store::people::by_id(tx, person)?.ok_or(SlotError::Contributor)?;
    if role.is_some_and(|role| role != known.role) {
        return Err(SlotError::Contributor);
    }
    let mut scope = known.scope;
    let Some(groups) = &mut scope.campaigns else {
        return match role {
            // Who has to do with all campaigns would not be held to the slot.
            Some(_) => Err(SlotError::Contributor),
            None => Ok(known.name),
        };
    };
    groups.insert(group.to_owned());
    if groups.len() > GROUPS_MAX {
        return Err(SlotError::Contributor);
    }
    set_scope(tx, person, &scope)?;
    Ok(known.name)
}
