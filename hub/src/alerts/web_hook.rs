//! The web hook of a rule, as it is kept.

use serde::{Deserialize, Serialize};

use crate::Hub;
use crate::store::StoreError;

/// For what web hooks are sealed.
const HOOK_PURPOSE: &str = "alert hook";

/// A web hook: its address, in which robots have their key, and what signs messages to it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Hook {
    /// Where it is.
    pub url: String,
    /// What messages to it are signed with; empty where nothing is signed.
    pub secret: String,
}

impl Hook {
    /// Seals it for the database.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn sealed(&self, hub: &Hub) -> Result<Vec<u8>, StoreError> {
        let text = serde_json::to_vec(self)?;
        Ok(hub.keys().seal_for(HOOK_PURPOSE, &text))
    }

    /// Opens one; `None` for one that another hub has sealed.
    pub(crate) fn open(hub: &Hub, sealed: &[u8]) -> Option<Self> {
        let text = hub.keys().open_for(HOOK_PURPOSE, sealed)?;
        serde_json::from_slice(&text).ok()
    }
}
