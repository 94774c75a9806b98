//! What goes into a slot, asked wherever a draft changes, is handed in or is published.
//!
//! Invariant: whoever may publish or not, a campaign of a slot airs on its screens, within its
//! days, with no more pieces than there is room for and none of another kind; whoever may not
//! publish changes it only while the slot is open.

use passerby_protocol::campaign;
use passerby_protocol::{Campaign, CampaignId};

use crate::database::{DatabaseError, Transaction, values};
use crate::people::{Actor, Right};
use crate::store::StoreError;
use crate::store::slots::read::of_campaign_or_group;
use crate::store::slots::records::{Slot, SlotFault, SlotKind, SlotState};
use crate::store::versions::ChosenScreens;
use crate::system::clock;

/// Finds the slot of a draft, and refuses whoever may not change it now.
pub(in crate::store) fn admit(
    tx: &Transaction<'_>,
    actor: &Actor,
    (id, group): (&CampaignId, &str),
    now_ms: i64,
) -> Result<Option<Slot>, Refused> {
    let Some(slot) = of_campaign_or_group(tx, id, group)? else {
        return Ok(None);
    };
    if slot.terms.campaign != *id {
        return Err(SlotFault::NotItsCampaign.into());
    }
    let may_always = actor.may(Right::ChangeCampaigns);
    if !may_always && slot.state(clock::date_of(now_ms)) != SlotState::Open {
        return Err(SlotFault::Closed.into());
    }
    Ok(Some(slot))
}

/// Refuses the files of a slot's draft, as they are now, and other screens than the slot's.
pub(in crate::store) fn refuse_pieces(
    tx: &Transaction<'_>,
    slot: &Slot,
    targets: Option<&ChosenScreens>,
) -> Result<(), Refused> {
    if targets.is_some_and(|targets| *targets != slot.terms.targets) {
        return Err(SlotFault::Screens.into());
    }
    let names = names(tx, &slot.terms.campaign)?;
    if names.len() > usize::try_from(slot.terms.pieces_max).unwrap_or(usize::MAX) {
        return Err(SlotFault::TooMany(slot.terms.pieces_max).into());
    }
    let is_taken = |name: &String| {
        SlotKind::of_file(name).is_some_and(|kind| slot.terms.kinds.contains(&kind))
    };
    match names.into_iter().find(|name| !is_taken(name)) {
        Some(name) => Err(SlotFault::Kind(name).into()),
        None => Ok(()),
    }
}

/// Refuses a text that would air outside the slot's days; one with mistakes cannot air at all.
pub(in crate::store) fn refuse_text(
    tx: &Transaction<'_>,
    slot: &Slot,
    text: &str,
) -> Result<(), Refused> {
    let names = names(tx, &slot.terms.campaign)?;
    match Campaign::parse(campaign::FILE_NAME, text, &names) {
        Ok(campaign) => Ok(refuse_days(slot, &campaign)?),
        Err(_) => Ok(()),
    }
}

/// Refuses a campaign that would air outside the slot's days.
pub(in crate::store) fn refuse_days(slot: &Slot, campaign: &Campaign) -> Result<(), SlotFault> {
    let (first, last) = (slot.terms.first, slot.terms.last);
    let is_within = |phase: &campaign::Phase| {
        phase.from.is_some_and(|from| from >= first)
            && phase.until.is_some_and(|until| until <= last)
    };
    if campaign.phases.is_empty() || !campaign.phases.iter().all(is_within) {
        return Err(SlotFault::Days(first, last));
    }
    let pieces = usize::try_from(slot.terms.pieces_max).unwrap_or(usize::MAX);
    if campaign.placements.len() > pieces {
        return Err(SlotFault::TooMany(slot.terms.pieces_max));
    }
    Ok(())
}

/// Has the slot's draft be for its screens, whatever a version of it says.
pub(in crate::store) fn keep_screens(tx: &Transaction<'_>, slot: &Slot) -> Result<(), Refused> {
    let targets = serde_json::to_string(&slot.terms.targets).map_err(StoreError::from)?;
    tx.execute(
        "UPDATE drafts SET targets = ?2 WHERE campaign = ?1",
        values![slot.terms.campaign.as_str(), targets],
    )?;
    Ok(())
}

fn names(tx: &Transaction<'_>, id: &CampaignId) -> Result<Vec<String>, DatabaseError> {
    tx.all(
        "SELECT name FROM draft_files WHERE campaign = ?1 ORDER BY name",
        values![id.as_str()],
        |row| row.get::<String>(0),
    )
}

/// Why something was refused, or was not looked at.
pub(in crate::store) enum Refused {
    Slot(SlotFault),
    Store(StoreError),
}

impl From<SlotFault> for Refused {
    fn from(fault: SlotFault) -> Self {
        Self::Slot(fault)
    }
}

impl From<DatabaseError> for Refused {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
