//! Learning that the hub signs with another key, from the key that this terminal knows.
//!
//! Invariants:
//! - A new key is on disk before anything is judged by it, and from then on the old one is good for
//!   nothing.
//! - The content that was taken under the old key goes on airing, also after a restart, until the
//!   hub's next manifest is all there: the digests of the manifests in the store are kept beside
//!   the new key, so that these and no others need no new signature.

use crate::hub_link::content::LearnError;

use crate::hub_link::content::ManifestFetcher;

impl ManifestFetcher {
    /// Asks the hub for what follows the key that this terminal knows. Returns whether there is a
    /// newer one now.
    pub(super) async fn learn_manifest_key(&mut self) -> Result<bool, LearnError> {
        let known = self.enrolment.known_manifest_key();
        let chain = self
            .client
            .manifest_keys(self.enrolment.credentials.screen, known.generation)
            .await?;
        let reached = known.follow(&chain.endorsements)?;
        if reached == known {
            return Ok(false);
        }
        let mut enrolment = self.enrolment.clone();
        // Judged by the old key for the last time.
        enrolment.kept_manifests = self.store.digests();
        enrolment.set_manifest_key(&reached);
        enrolment.save(&self.hub_link.data_dir)?;
        tracing::info!(
            "the hub signs with key {} from now on; key {} is refused",
            reached.generation,
            known.generation
        );
        self.enrolment = enrolment;
        Ok(true)
    }
}
