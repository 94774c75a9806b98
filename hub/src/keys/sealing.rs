//! Sealing of secrets, so that they can lie where others may look.
//!
//! A sealed text is 12 random bytes and what ChaCha20-Poly1305 (RFC 8439) makes of the text with
//! them; the generation is authenticated along with it, so that no manifest key can be passed off
//! as another one's. Other secrets have generation 0, and a key of their purpose.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::system::random;

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&CHACHA20_POLY1305, key);
    LessSafeKey::new(key.expect("a key of 32 bytes"))
}

/// Seals a text.
pub(super) fn seal(key: &[u8; 32], generation: u32, text: &[u8]) -> Vec<u8> {
    let nonce = random::bytes::<NONCE_LEN>();
    let mut sealed = text.to_vec();
    cipher(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(generation.to_be_bytes()),
            &mut sealed,
        )
        .expect("a secret is short");
    [&nonce[..], &sealed].concat()
}

/// Opens a text that was sealed with this key for this generation; `None` for anything else.
pub(super) fn open(key: &[u8; 32], generation: u32, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut sealed = sealed.to_vec();
    let text = cipher(key).open_in_place(
        Nonce::assume_unique_for_key(*nonce),
        Aad::from(generation.to_be_bytes()),
        &mut sealed,
    );
    Some(text.ok()?.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_opens_what_was_sealed_and_only_as_what_it_is() {
        let text = b"{\"seed\": \"00\"}";
        let sealed = seal(&[1; 32], 7, text);
        assert_eq!(open(&[1; 32], 7, &sealed).as_deref(), Some(&text[..]));
        assert_ne!(seal(&[1; 32], 7, text), sealed, "never the same twice");
        assert_eq!(open(&[2; 32], 7, &sealed), None);
        assert_eq!(open(&[1; 32], 8, &sealed), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(open(&[1; 32], 7, &damaged), None);
            assert_eq!(open(&[1; 32], 7, &sealed[..at]), None);
        }
    }
}
