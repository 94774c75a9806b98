//! The device key: who says that a play was.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::hexadecimal::hex;
use crate::id::IdError;
use crate::proof_of_play::DEVICE_LABEL;
use crate::{Digest, ScreenNumber};

/// The public half of a device key; 64 lower-case hexadecimal digits as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKey(Digest);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PublicKey {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Self)
    }
}

impl PublicKey {
    /// Tells whether the holder of this key signed these bytes.
    pub(super) fn signed(&self, label: &[u8], bytes: &[u8], signature: &str) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.0.0) else {
            return false;
        };
        signature_of(signature).is_some_and(|signature| {
            key.verify_strict(&[label, bytes].concat(), &signature)
                .is_ok()
        })
    }
}

/// An Ed25519 key that a terminal made for itself and that never leaves it.
#[derive(Clone)]
pub struct DeviceKey(SigningKey);

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceKey({})", self.public())
    }
}

impl DeviceKey {
    /// Takes the 32 random bytes that the key is made of.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Returns what others know it by.
    pub fn public(&self) -> PublicKey {
        PublicKey(Digest(self.0.verifying_key().to_bytes()))
    }

    /// Signs bytes; 128 hexadecimal digits.
    pub(super) fn sign(&self, label: &[u8], bytes: &[u8]) -> String {
        hex(&self.0.sign(&[label, bytes].concat()).to_bytes())
    }

    /// Says to a hub which key this screen signs with, in a way that no other screen can repeat.
    pub fn vouch(&self, screen: ScreenNumber) -> Vouched {
        Vouched {
            key: self.public(),
            signature: self.sign(DEVICE_LABEL, &screen.get().to_be_bytes()),
        }
    }
}

/// A device key as its terminal tells its hub. The signature shows that the terminal has the key:
/// nobody can pass another's off as their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    /// The key.
    pub key: PublicKey,
    /// Its own, over the screen's number; 128 hexadecimal digits.
    pub signature: String,
}

impl Vouched {
    /// Tells whether a screen's terminal holds the key.
    pub fn is_held_by(&self, screen: ScreenNumber) -> bool {
        self.key
            .signed(DEVICE_LABEL, &screen.get().to_be_bytes(), &self.signature)
    }
}

/// Reads 128 lower-case hexadecimal digits.
fn signature_of(text: &str) -> Option<Signature> {
    let (first, second) = text.split_at_checked(64)?;
    let half = |text: &str| text.parse::<Digest>().ok();
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&half(first)?.0);
    bytes[32..].copy_from_slice(&half(second)?.0);
    Some(Signature::from_bytes(&bytes))
}
