//! Random bytes from the operating system, and the names made of them.

use passerby_protocol::base32;

/// Returns random bytes.
///
/// # Panics
/// When the operating system has no random source; nothing here is safe without one.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Returns 160 random bits as 32 characters of base32: a one-time enrolment token.
pub(crate) fn enrolment_token() -> String {
    base32::encode(&bytes())
}

/// Characters of a shared link's name.
pub(crate) const SHARE_NAME_CHARS: usize = 16;

/// Returns 80 random bits as 16 lower-case characters of base32: what a shared link is called.
pub(crate) fn share_name() -> String {
    let mut wide = [0; 20];
    wide[..10].copy_from_slice(&bytes::<10>());
    // Eight characters hold exactly five bytes, so the first half of the text holds the first half
    // of the bytes.
    let mut text = base32::encode(&wide).to_ascii_lowercase();
    text.truncate(SHARE_NAME_CHARS);
    text
}

/// Tells whether a text can be the name of a shared link.
pub(crate) fn is_share_name(text: &str) -> bool {
    let is_of_one = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    text.len() == SHARE_NAME_CHARS && text.bytes().all(is_of_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_their_length_and_do_not_repeat() {
        assert_eq!(enrolment_token().len(), 32);
        let (one, other) = (share_name(), share_name());
        assert_eq!(one.len(), SHARE_NAME_CHARS);
        assert_ne!(one, other);
        assert!(is_share_name(&one) && is_share_name(&other));
        for not in [
            "",
            "0123456789abcde",
            "0123456789abcdefq",
            "0123456789ABCDEF",
            "../../../../etc/",
        ] {
            assert!(!is_share_name(not), "{not}");
        }
        assert_ne!(&one[14..], "00000000");
    }
}
