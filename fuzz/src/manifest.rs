//! Any bytes as a manifest, as a terminal takes it: nothing unsigned, foreign, expired or older
//! than what was seen.

use ed25519_dalek::{Signer as _, SigningKey};
use passerby_protocol::hexadecimal::hex;
use passerby_protocol::manifest::ManifestError;
use passerby_protocol::{Manifest, ScreenNumber};

const LABEL: &[u8] = b"passerby manifest v1\n";
const SIGNING: [u8; 32] = [11; 32];
const FOREIGN: [u8; 32] = [12; 32];

/// Takes the bytes as a body: signed by the hub, by another, and not at all.
pub fn run(bytes: &[u8]) {
    let hub = SigningKey::from_bytes(&SIGNING);
    let foreign = SigningKey::from_bytes(&FOREIGN);
    let screen = ScreenNumber::new(1).expect("in range");
    let open = |body: &[u8], signature: &str, seen, now_ms| {
        Manifest::open(
            body,
            signature,
            hub.verifying_key().as_bytes(),
            screen,
            seen,
            now_ms,
        )
    };

    let forged = sign(&foreign, bytes);
    assert_eq!(open(bytes, &forged, 0, None), Err(ManifestError::Signature));
    // The bytes as a signature over themselves, and of themselves without one.
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(open(bytes, &text, 0, None), Err(ManifestError::Signature));

    let signature = sign(&hub, bytes);
    let Ok(manifest) = open(bytes, &signature, 0, None) else {
        return;
    };
    assert_eq!(manifest.screen, screen);
    for entry in &manifest.campaigns {
        assert!((1..=1_000).contains(&entry.campaign.placements.len()));
        for placement in &entry.campaign.placements {
            assert!((1..=1_000).contains(&placement.weight));
            assert!(!placement.creative.contains('/'));
        }
    }
    let changed = [bytes, b" "].concat();
    assert_eq!(
        open(&changed, &signature, 0, None),
        Err(ManifestError::Signature)
    );
    let expired = open(bytes, &signature, 0, Some(manifest.expires_ms));
    assert_eq!(expired, Err(ManifestError::Expired));
    if let Some(seen) = manifest.version.checked_add(1) {
        let offered = manifest.version;
        let old = open(bytes, &signature, seen, None);
        assert_eq!(old, Err(ManifestError::Rollback { offered, seen }));
    }
    let (body, sealed) = manifest.seal(&hub).expect("JSON");
    assert_eq!(sealed, sign(&hub, &body));
    assert_eq!(open(&body, &sealed, manifest.version, None), Ok(manifest));
}

fn sign(key: &SigningKey, body: &[u8]) -> String {
    hex(&key.sign(&[LABEL, body].concat()).to_bytes())
}
