//! How a terminal learns that its hub signs manifests with another key: each key endorses the one
//! after it.
//!
//! | generation | its key is endorsed by |
//! |---|---|
//! | 0 | enrolment alone: the terminal got it from the hub that it was enrolled at |
//! | n + 1 | a signature of the key of generation n |
//!
//! Invariants: a chain is followed link by link, each one generation on and signed by the one
//! before, so generations only grow and no endorsement leads back; a chain is taken whole or not at
//! all; nothing that signs an endorsement can be taken for the signature of a manifest, since each
//! has a label of its own.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::hexadecimal::{hex, unhex32, unhex64};

/// Most endorsements in one answer. A terminal that has missed more asks again.
pub const CHAIN_MAX: usize = 64;
/// Highest generation that a hub makes.
pub const GENERATION_MAX: u32 = 1_000;
const LABEL: &[u8] = b"passerby manifest key endorsement v1\n";

/// The key by which a terminal judges manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManifestKey {
    /// How many keys its hub had before it.
    pub generation: u32,
    /// Its public half.
    pub public: [u8; 32],
}

/// What the key of one generation says of the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// The generation of the new key.
    pub generation: u32,
    /// The public half of the new key, 64 hexadecimal digits.
    pub key: String,
    /// By the key of the generation before, 128 hexadecimal digits.
    pub signature: String,
}

/// The answer to `GET /v1/terminals/{n}/manifest-keys?after={generation}`: the endorsements after
/// that generation, oldest first, at most [`CHAIN_MAX`]; none when that is the newest, or one that
/// this hub does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestKeysReply {
    /// Each signed by the one before.
    pub endorsements: Vec<Endorsement>,
}

/// Says why a chain of endorsements is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndorsementError {
    /// More than one answer may have.
    #[error("the hub endorses {0} keys at once, more than {CHAIN_MAX}")]
    TooMany(usize),
    /// It skips a generation, repeats one or leads back.
    #[error("the hub endorses manifest key {offered} where {expected} follows")]
    OutOfOrder {
        /// What it says.
        offered: u32,
        /// What comes after the known key.
        expected: u32,
    },
    /// The new key is none with which anybody can sign.
    #[error("manifest key {0} is not a key")]
    NotAKey(u32),
    /// The key before did not sign it.
    #[error("manifest key {0} is not endorsed by the key before it")]
    Signature(u32),
}

impl ManifestKey {
    /// Follows a chain of endorsements to its end; an empty one leads nowhere else.
    ///
    /// # Errors
    /// See [`EndorsementError`]; nothing of the chain is believed then.
    pub fn follow(self, chain: &[Endorsement]) -> Result<Self, EndorsementError> {
        if chain.len() > CHAIN_MAX {
            return Err(EndorsementError::TooMany(chain.len()));
        }
        chain.iter().try_fold(self, Self::step)
    }

    fn step(self, next: &Endorsement) -> Result<Self, EndorsementError> {
        let expected = self.generation.saturating_add(1);
        if next.generation != expected || expected == self.generation {
            return Err(EndorsementError::OutOfOrder {
                offered: next.generation,
                expected,
            });
        }
        let public = unhex32(&next.key).ok_or(EndorsementError::NotAKey(expected))?;
        usable(&public).ok_or(EndorsementError::NotAKey(expected))?;
        let signed = unhex64(&next.signature)
            .zip(usable(&self.public))
            .is_some_and(|(signature, key)| {
                let signature = Signature::from_bytes(&signature);
                key.verify_strict(&message(expected, &public), &signature)
                    .is_ok()
            });
        if signed {
            Ok(Self {
                generation: expected,
                public,
            })
        } else {
            Err(EndorsementError::Signature(expected))
        }
    }
}

/// Endorses the next key with the one that signs now.
pub fn endorse(signing: &SigningKey, generation: u32, next: &VerifyingKey) -> Endorsement {
    let message = message(generation, next.as_bytes());
    Endorsement {
        generation,
        key: hex(next.as_bytes()),
        signature: hex(&signing.sign(&message).to_bytes()),
    }
}

/// Reads a public key; `None` for one that is none, or under which signatures fit that nobody made.
pub(crate) fn usable(public: &[u8; 32]) -> Option<VerifyingKey> {
    VerifyingKey::from_bytes(public)
        .ok()
        .filter(|key| !key.is_weak())
}

fn message(generation: u32, public: &[u8; 32]) -> Vec<u8> {
    [LABEL, &generation.to_be_bytes(), public].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    fn signing(generation: u32) -> SigningKey {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&generation.to_be_bytes());
        SigningKey::from_bytes(&seed)
    }

    fn known(generation: u32) -> ManifestKey {
        ManifestKey {
            generation,
            public: signing(generation).verifying_key().to_bytes(),
        }
    }

    /// Endorsements that lead from one generation to another.
    fn chain(from: u32, to: u32) -> Vec<Endorsement> {
        (from + 1..=to)
            .map(|next| endorse(&signing(next - 1), next, &signing(next).verifying_key()))
            .collect()
    }

    #[test]
    fn a_chain_leads_on_and_an_empty_one_nowhere() {
        assert_eq!(known(0).follow(&chain(0, 1)), Ok(known(1)));
        assert_eq!(known(5).follow(&chain(5, 69)), Ok(known(69)));
        assert_eq!(known(5).follow(&[]), Ok(known(5)));
        assert_eq!(
            known(0).follow(&chain(0, 65)),
            Err(EndorsementError::TooMany(65))
        );
    }

    #[test]
    fn an_endorsement_never_leads_back_and_skips_nothing() {
        let all = chain(0, 3);
        for (known_at, start, offered) in [(1, 0, 1), (3, 0, 1), (0, 1, 2), (3, 2, 3)] {
            assert_eq!(
                known(known_at).follow(&all[start..]),
                Err(EndorsementError::OutOfOrder {
                    offered,
                    expected: known_at + 1
                })
            );
        }
        let twice = [all[0].clone(), all[0].clone()];
        assert!(known(0).follow(&twice).is_err());
        // A key of the highest generation there is has nothing after it.
        let last = ManifestKey {
            generation: u32::MAX,
            ..known(0)
        };
        let again = endorse(&signing(0), u32::MAX, &signing(1).verifying_key());
        assert!(last.follow(&[again]).is_err());
    }

    #[test]
    fn only_the_key_before_endorses_and_only_keys_are_endorsed() {
        let by_another = endorse(&signing(9), 1, &signing(1).verifying_key());
        assert_eq!(
            known(0).follow(&[by_another]),
            Err(EndorsementError::Signature(1))
        );
        // The neutral element: any message has a signature under it that nobody had to make.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let weak = VerifyingKey::from_bytes(&neutral).expect("a point");
        assert_eq!(
            known(0).follow(&[endorse(&signing(0), 1, &weak)]),
            Err(EndorsementError::NotAKey(1))
        );
        let mut short = chain(0, 1);
        short[0].key.truncate(62);
        assert_eq!(known(0).follow(&short), Err(EndorsementError::NotAKey(1)));
    }

    #[test]
    fn a_signed_manifest_endorses_nothing() {
        let body = [&1u32.to_be_bytes()[..], &known(1).public].concat();
        let label = b"passerby manifest v1\n";
        let signature = signing(0).sign(&[&label[..], &body].concat());
        let forged = Endorsement {
            generation: 1,
            key: hex(&known(1).public),
            signature: hex(&signature.to_bytes()),
        };
        assert!(known(0).follow(&[forged]).is_err());
    }

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn whatever_is_changed_in_a_chain_the_key_stays_as_it_was_or_is_one_that_was_endorsed(
            length in 1u32..6, link in 0usize..5, change in 0u8..5, at in 0usize..128, bit in 0u8..4,
        ) {
            let mut changed = chain(0, length);
            let link = link % changed.len();
            let flip = |text: &str| {
                let mut bytes = text.as_bytes().to_vec();
                let at = at % bytes.len();
                let value = u8::from_str_radix(&text[at..=at], 16).expect("a digit") ^ (1 << bit);
                bytes[at] = format!("{value:x}").as_bytes()[0];
                String::from_utf8(bytes).expect("text")
            };
            match change {
                0 => changed[link].key = flip(&changed[link].key),
                1 => changed[link].signature = flip(&changed[link].signature),
                2 => changed[link].generation ^= 1 << (at % 32),
                3 => { changed.remove(link); }
                _ => { let copy = changed[link].clone(); changed.push(copy); }
            }
            if let Ok(reached) = known(0).follow(&changed) {
                // Only leaving out the last links makes a chain that is still one.
                prop_assert!(change == 3 && link + 1 == length as usize);
                prop_assert_eq!(reached, known(length - 1));
            }
        }

        #[test]
        fn no_chain_of_strangers_moves_a_key(
            generations in proptest::collection::vec(0u32..4, 0..5), seeds in proptest::collection::vec(100u32..200, 5),
        ) {
            let foreign: Vec<_> = generations
                .iter()
                .zip(&seeds)
                .map(|(&generation, &seed)| endorse(&signing(seed), generation, &signing(seed + 1).verifying_key()))
                .collect();
            let moved = known(0).follow(&foreign).is_ok_and(|reached| reached != known(0));
            prop_assert!(!moved);
        }
    }
}
