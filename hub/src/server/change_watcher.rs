//! Looks for changes on behalf of all calls that are held.
//!
//! Invariant: one small query every [`LOOK_EVERY`], however many calls are held, and none while
//! there are none; whichever process changed something, its terminals hear of it within that time.

use std::time::Duration;

use crate::server::{AppState, Shared};
use crate::store::StoreError;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What was seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    change: u64,
    /// The generation of the key that signs manifests; it is in no database.
    signing_generation: u32,
}

/// Looks for ever.
pub(super) async fn keep(app: Shared) {
    app.held.watch();
    let mut seen = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        // Nobody would hear; what changes meanwhile is found once there is somebody.
        if app.held.len() == 0 {
            continue;
        }
        let looked = app.work(move |app: &AppState| look(app, seen)).await;
        app.held.looked(looked.is_ok());
        match looked {
            Ok(now) => seen = Some(now),
            Err(error) => crate::system::repeated_errors::tell(
                "it is not known whether anything has changed",
                &error,
            ),
        }
    }
}

fn look(app: &AppState, seen: Option<Seen>) -> Result<Seen, StoreError> {
    let signing_generation = app.hub.manifest_key_generation();
    let same_key = seen.filter(|seen| seen.signing_generation == signing_generation);
    let change = same_key.map(|seen| seen.change);
    let Some(changed) = app.hub.store.changed_since(change)? else {
        return Ok(Seen {
            change: change.unwrap_or_default(),
            signing_generation,
        });
    };
    let told = app.held.compare(&changed.screens, signing_generation);
    if told > 0 {
        tracing::debug!("{told} terminals that wait are told of changes");
    }
    Ok(Seen {
        change: changed.number,
        signing_generation,
    })
}
