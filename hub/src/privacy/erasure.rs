//! Erases somebody everywhere, by their address or by a private link of theirs.
//!
//! Invariant: a link erases what it is the private link of; one that anybody may have erases
//! nothing.

use crate::followers::Erased;
use crate::store::StoreError;
use crate::voices::voice_of_link;
use crate::{Hub, followers};

/// Erases whoever has an address or a private link: of their own page, of what they said to a
/// publisher, or of what they typed to pass a moment on.
///
/// # Errors
/// The database fails; or, as `None`, the text is none of these.
pub fn erase(hub: &Hub, said: &str, now_ms: i64) -> Result<Option<Erased>, StoreError> {
    let said = said.trim();
    if let Some(erased) = followers::erase(hub, said, now_ms)? {
        return Ok(Some(erased));
    }
    let (path, query) = said.split_once('?').unwrap_or((said, ""));
    let path = path.to_ascii_lowercase();
    let mut parts = path.rsplit('/');
    if let Some(voice) = parts.find_map(|part| voice_of_link(hub.keys(), part)) {
        let voices = u64::from(hub.store.erase_voice(voice)?);
        return Ok(Some(Erased {
            voices,
            ..Erased::default()
        }));
    }
    let link = path
        .strip_suffix("/mine")
        .and_then(|path| path.rsplit('/').next());
    let secret = query.split('&').find_map(|word| word.strip_prefix("k="));
    match link.zip(secret) {
        Some((link, secret)) if hub.keys().is_own_link_secret(link, secret) => {
            let moments = u64::from(hub.store.erase_moment(link)?);
            Ok(Some(Erased {
                moments,
                ..Erased::default()
            }))
        }
        _ => Ok(None),
    }
}
