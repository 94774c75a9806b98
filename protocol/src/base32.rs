//! Crockford base32 for whole tokens: 20 bytes, 32 characters.
//!
//! Source: <https://www.crockford.com/base32.html>. Encodes in upper case, which is what a QR
//! code's alphanumeric mode holds; decodes either case and the look-alikes O, I and L, since people
//! copy codes by hand.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Writes 20 bytes as 32 upper-case characters.
pub fn encode(bytes: &[u8; 20]) -> String {
    let mut text = String::with_capacity(32);
    for group in bytes.chunks_exact(5) {
        let bits = group
            .iter()
            .fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
        for place in (0..8).rev() {
            text.push(char::from(ALPHABET[(bits >> (5 * place) & 31) as usize]));
        }
    }
    text
}

/// Reads 32 characters back; `None` for any other length or a character outside the alphabet.
pub fn decode(text: &str) -> Option<[u8; 20]> {
    let characters: &[u8; 32] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 20];
    for (group, out) in characters.chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
        let mut bits = 0u64;
        for &character in group {
            bits = bits << 5 | u64::from(value(character)?);
        }
        out.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

fn value(character: u8) -> Option<u8> {
    let upper = match character.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    let place = ALPHABET.iter().position(|&letter| letter == upper)?;
    u8::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use passerby_testing::random_cases;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(random_cases(256))]

        #[test]
        fn any_bytes_read_back_in_either_case(bytes: [u8; 20]) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), 32);
            prop_assert_eq!(decode(&text), Some(bytes));
            prop_assert_eq!(decode(&text.to_lowercase()), Some(bytes));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,40}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
            }
        }
    }

    #[test]
    fn look_alikes_are_read_as_what_was_meant() {
        assert_eq!(decode(&"O".repeat(32)), decode(&"0".repeat(32)));
        assert_eq!(decode(&"iLIl".repeat(8)), decode(&"1".repeat(32)));
        assert_eq!(decode(&"U".repeat(32)), None);
    }
}
