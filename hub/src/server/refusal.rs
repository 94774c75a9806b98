//! Refuses networks that ask too often.

use axum::response::Response;

use crate::server::app_state::AppState;
use crate::server::limits::Kind;
use crate::server::phones::note;
use crate::server::phones::trace::Client;
use crate::store::StoreError;

impl AppState {
    /// Returns the answer to a network that asks too often; `None` to all others.
    pub(super) fn refusal(
        &self,
        kind: Kind,
        client: &Client,
        now_ms: i64,
    ) -> Result<Option<Response>, StoreError> {
        let networks = client.networks(&self.hub.store, now_ms)?;
        let taken = self.limits.take(kind, &networks, now_ms);
        Ok(taken.err().map(note::too_fast))
    }
}
