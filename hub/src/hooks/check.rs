//! What somebody may say of a web hook.

use std::collections::BTreeSet;

use passerby_protocol::CampaignId;

use crate::alerts::Hook;
use crate::alerts::check::{HOOK_BYTES_MAX, RuleError, hook};
use crate::people::{NAME_CHARS_MAX, line};
use crate::store::{AlertWords, EventHookSettings, EventKind, HookKind};

/// Shortest secret of our own form, in bytes.
const SECRET_BYTES_MIN: usize = 16;

/// What somebody says of a web hook.
#[derive(Debug, Clone)]
pub struct HookSaid<'a> {
    /// What to call it.
    pub name: &'a str,
    /// In which form it wants to be told.
    pub kind: HookKind,
    /// Of what.
    pub events: BTreeSet<EventKind>,
    /// Of which campaign.
    pub campaign: Option<CampaignId>,
    /// In which language.
    pub words: AlertWords,
    /// Its address.
    pub url: &'a str,
    /// What signs what is sent there.
    pub secret: &'a str,
}

/// Says what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HookSaidError {
    /// There is nothing to tell.
    #[error("choose at least one of conversion and share")]
    Events,
    /// The name, the address or the secret.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// Checks it.
///
/// # Errors
/// See [`HookSaidError`].
pub fn checked(said: HookSaid<'_>) -> Result<(EventHookSettings, Hook), HookSaidError> {
    let name = line(said.name, NAME_CHARS_MAX).map_err(|_| RuleError::Name)?;
    if said.events.is_empty() {
        return Err(HookSaidError::Events);
    }
    let url = hook(said.url)?;
    let secret = said.secret.trim();
    let least = if said.kind == HookKind::Json {
        SECRET_BYTES_MIN
    } else {
        0
    };
    if !(least..=HOOK_BYTES_MAX).contains(&secret.len()) {
        return Err(RuleError::Secret.into());
    }
    let settings = EventHookSettings {
        name,
        kind: said.kind,
        events: said.events,
        campaign: said.campaign,
        words: said.words,
        host: url.host_str().map(str::to_owned),
    };
    let hook = Hook {
        url: url.into(),
        secret: secret.to_owned(),
    };
    Ok((settings, hook))
}
