//! The page token, which opens the local page, where others than this machine can reach it.
//!
//! Invariants: a page that others can reach always has one; it is never shorter than [`CHARS_MIN`];
//! one that nobody chose is random, and lies in a file that only its owner reads; it is never
//! printed but in the one line that tells it.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;

use passerby_folder::durable_file;
use passerby_protocol::{Digest, base32};

use crate::system::random;

/// Where one that nobody chose is kept, in `data.dir`.
pub const FILE_NAME: &str = "local-token";
/// Shortest one.
pub const CHARS_MIN: usize = 16;
/// Longest one.
pub const CHARS_MAX: usize = 128;

/// A page token. Its characters mean the same in a link, in a header and in a file.
#[derive(Clone, PartialEq, Eq)]
pub struct PageToken(String);

/// Says why a text is no page token; it does not repeat the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageTokenError {
    /// Too easily guessed.
    #[error("it has {0} characters, fewer than {CHARS_MIN}")]
    Short(usize),
    /// Longer than anybody needs.
    #[error("it has {0} characters, more than {CHARS_MAX}")]
    Long(usize),
    /// Not as it is in a link.
    #[error("it has characters other than letters A to Z, digits, - and _")]
    Character,
    /// Each character is the same.
    #[error("it is one character over and over")]
    Plain,
}

impl FromStr for PageToken {
    type Err = PageTokenError;

    fn from_str(text: &str) -> Result<Self, PageTokenError> {
        let length = text.chars().count();
        let first = text.chars().next();
        if length < CHARS_MIN {
            Err(PageTokenError::Short(length))
        } else if length > CHARS_MAX {
            Err(PageTokenError::Long(length))
        } else if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            Err(PageTokenError::Character)
        } else if text.chars().all(|other| Some(other) == first) {
            Err(PageTokenError::Plain)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Debug for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageToken(…)")
    }
}

impl PageToken {
    /// Returns the text, for the one line that tells it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns what a token that comes with a request is compared by: equal hashes say nothing
    /// about how far unequal texts agree, in whatever time they are compared.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    fn new() -> Self {
        Self(base32::encode(&random::bytes()))
    }
}

/// The token of a page, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageTokenOrigin {
    /// Only this machine reaches the page, and nobody asked for a token.
    None,
    /// The operator's own.
    Chosen(PageToken),
    /// Made here, since others can reach the page and nobody chose one.
    Made(PageToken),
}

impl PageTokenOrigin {
    /// Decides on the token of a page that listens on an address, reading or making the file in
    /// `data_dir` if need be.
    ///
    /// # Errors
    /// The file can neither be read nor written; the page must not be served then.
    pub fn decide(
        listen: IpAddr,
        chosen: Option<&PageToken>,
        data_dir: &Path,
    ) -> std::io::Result<Self> {
        match chosen {
            Some(token) => Ok(Self::Chosen(token.clone())),
            None if listen.is_loopback() => Ok(Self::None),
            None => kept_or_new(&data_dir.join(FILE_NAME)).map(Self::Made),
        }
    }

    /// Returns the token.
    pub const fn token(&self) -> Option<&PageToken> {
        match self {
            Self::None => None,
            Self::Chosen(token) | Self::Made(token) => Some(token),
        }
    }
}

fn kept_or_new(path: &Path) -> std::io::Result<PageToken> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let kept = std::str::from_utf8(&bytes)
                .ok()
                .and_then(|text| text.trim().parse().ok());
            if let Some(kept) = kept {
                return Ok(kept);
            }
            tracing::warn!(
                "{}: this is no page token; a new one takes its place",
                path.display()
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let token = PageToken::new();
    durable_file::write_private(path, format!("{}\n", token.0).as_bytes())?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn tokens_are_long_enough_and_fit_into_a_link() {
        let parse = |text: &str| text.parse::<PageToken>().map(|_| ());
        assert_eq!(parse("correct-horse-battery_9"), Ok(()));
        assert_eq!(parse("fifteen-letters"), Err(PageTokenError::Short(15)));
        assert_eq!(parse(""), Err(PageTokenError::Short(0)));
        assert_eq!(parse(&"ab".repeat(65)), Err(PageTokenError::Long(130)));
        assert_eq!(parse("sixteen letters!"), Err(PageTokenError::Character));
        assert_eq!(
            parse("密码密码密码密码密码密码密码密码"),
            Err(PageTokenError::Character)
        );
        assert_eq!(parse("aaaaaaaaaaaaaaaa"), Err(PageTokenError::Plain));
        let token: PageToken = "correct-horse-battery".parse().expect("good");
        assert!(!format!("{token:?}").contains("horse"));
    }

    #[test]
    fn a_page_that_others_reach_has_a_token_that_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().expect("folder");
        let decide = |listen: Ipv4Addr, chosen: Option<&PageToken>| {
            PageTokenOrigin::decide(listen.into(), chosen, folder.path()).expect("decides")
        };
        assert_eq!(decide(Ipv4Addr::LOCALHOST, None), PageTokenOrigin::None);
        assert!(!folder.path().join(FILE_NAME).exists());
        let made = decide(Ipv4Addr::UNSPECIFIED, None);
        assert!(matches!(&made, PageTokenOrigin::Made(token) if token.reveal().len() == 32));
        assert_eq!(decide(Ipv4Addr::new(192, 168, 1, 2), None), made);
        let path = folder.path().join(FILE_NAME);
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);

        let chosen: PageToken = "correct-horse-battery".parse().expect("good");
        for listen in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
            assert_eq!(
                decide(listen, Some(&chosen)),
                PageTokenOrigin::Chosen(chosen.clone())
            );
        }
        std::fs::write(&path, b"short\n").expect("writes");
        let again = decide(Ipv4Addr::UNSPECIFIED, None);
        assert!(again != made && again.token().is_some());
        std::fs::remove_file(&path).expect("removes");
        std::fs::create_dir(&path).expect("a folder in its place");
        assert!(
            PageTokenOrigin::decide(Ipv4Addr::UNSPECIFIED.into(), None, folder.path()).is_err()
        );
    }
}
