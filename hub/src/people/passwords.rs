//! Passwords: argon2id, with a bound on how many are looked at at one time.
//!
//! Invariants: at most [`AT_ONCE`] hashes are made at one time, so that they take [`MEMORY_KIB`]
//! each and no more, and at most [`WAITING_MAX`] wait; a name that nobody has costs what a wrong
//! password costs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use passerby_protocol::hexadecimal::{hex, unhex32};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::system::random;

/// Memory of one hash, in KiB: with two passes what OWASP's Password Storage Cheat Sheet asks for.
const MEMORY_KIB: u32 = 19 << 10;
const PASSES: u32 = 2;
/// Most hashes that are made at one time.
const AT_ONCE: usize = 2;
/// Most that wait for their turn.
const WAITING_MAX: usize = 32;
/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Longest password, in characters: longer ones are no safer, and cost time.
pub const PASSWORD_CHARS_MAX: usize = 200;
/// What kept hashes begin with, so that later ones may be made otherwise.
const PREFIX: &str = "argon2id-19456-2$";
/// Passwords that everybody tries first, as far as they are long enough.
const FIRST_TRIED: [&str; 10] = [
    "1234567890",
    "0123456789",
    "password123",
    "passwordpassword",
    "qwertyuiop",
    "1q2w3e4r5t",
    "1111111111",
    "iloveyou123",
    "administrator",
    "changeme123",
];

/// Says why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short.
    #[error("use a password of at least {PASSWORD_CHARS_MIN} characters")]
    Short,
    /// Too long.
    #[error("use a password of at most {PASSWORD_CHARS_MAX} characters")]
    Long,
    /// It is among those that are tried first, or the name itself.
    #[error("everybody would try this password first; use another one")]
    Common,
}

/// Too many passwords are being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many people are signing in; try again in a moment")]
pub struct Busy;

/// Tells whether somebody of this name may have this password.
///
/// # Errors
/// See [`PasswordError`].
pub fn acceptable(password: &str, name: &str) -> Result<(), PasswordError> {
    if password.chars().nth(PASSWORD_CHARS_MIN - 1).is_none() {
        return Err(PasswordError::Short);
    }
    if password.chars().nth(PASSWORD_CHARS_MAX).is_some() {
        return Err(PasswordError::Long);
    }
    let lower = password.to_lowercase();
    let mut characters = lower.chars();
    let first = characters.next();
    let is_one_character = characters.all(|next| Some(next) == first);
    if is_one_character || FIRST_TRIED.contains(&lower.as_str()) || lower == name.to_lowercase() {
        return Err(PasswordError::Common);
    }
    Ok(())
}

/// Makes and compares hashes, a few at a time.
#[derive(Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: AtomicUsize::new(0),
        }
    }
}

/// One who waits, until the turn comes.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Passwords {
    /// Makes what is kept of a password.
    ///
    /// # Errors
    /// Too many are waiting.
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        self.turn(move || made(&password)).await
    }

    /// Tells whether a password is the one of which this was kept; takes as long where nothing was.
    ///
    /// # Errors
    /// Too many are waiting.
    pub async fn is_right(&self, password: String, kept: Option<String>) -> Result<bool, Busy> {
        self.turn(move || {
            static NOBODYS: OnceLock<String> = OnceLock::new();
            let is_known = kept.is_some();
            let kept = kept.unwrap_or_else(|| {
                NOBODYS
                    .get_or_init(|| made("nobody has this password"))
                    .clone()
            });
            agrees(&password, &kept) && is_known
        })
        .await
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Place(&self.waiting);
        if before >= WAITING_MAX {
            return Err(Busy);
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        drop(place);
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        match done.await {
            Ok(value) => Ok(value),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

fn made(password: &str) -> String {
    let salt = random::bytes::<32>();
    format!(
        "{PREFIX}{}${}",
        hex(&salt),
        hex(&stretched(password, &salt))
    )
}

fn agrees(password: &str, kept: &str) -> bool {
    let parts = kept
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('$'));
    let Some((salt, hash)) = parts else {
        return false;
    };
    match (unhex32(salt), unhex32(hash)) {
        (Some(salt), Some(hash)) => stretched(password, &salt).ct_eq(&hash).into(),
        _ => false,
    }
}

fn stretched(password: &str, salt: &[u8; 32]) -> [u8; 32] {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).expect("these are within bounds");
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut out = [0; 32];
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut out, &mut memory)
        .expect("these lengths are within bounds");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_password_agrees_and_nobody_has_none() {
        let passwords = Passwords::default();
        let kept = passwords.hash("路过 地铁站 的人们 !".into()).await.unwrap();
        assert!(!kept.contains("地铁站"));
        let is_right =
            async |word: &str, kept| passwords.is_right(word.into(), kept).await.unwrap();
        assert!(is_right("路过 地铁站 的人们 !", Some(kept.clone())).await);
        assert!(!is_right("路过 地铁站 的人们 ?", Some(kept.clone())).await);
        assert!(!is_right("nobody has this password", None).await);
        assert!(!is_right("x", Some("damaged".into())).await);
        assert_ne!(
            passwords.hash("路过 地铁站 的人们 !".into()).await.unwrap(),
            kept
        );
    }

    #[tokio::test]
    async fn past_so_many_that_wait_the_next_is_told_to_come_again() {
        let passwords = Arc::new(Passwords::default());
        let all = Arc::clone(&passwords.turns)
            .acquire_many_owned(2)
            .await
            .unwrap();
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.turn(|| ()).await })
            })
            .collect();
        while passwords.waiting.load(Ordering::Relaxed) < WAITING_MAX {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.turn(|| ()).await, Err(Busy));
        drop(all);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
        assert_eq!(passwords.turn(|| ()).await, Ok(()));
    }

    #[test]
    fn what_everybody_tries_first_is_not_taken() {
        assert_eq!(acceptable("short", "Ada"), Err(PasswordError::Short));
        assert_eq!(
            acceptable(&"a".repeat(201), "Ada"),
            Err(PasswordError::Long)
        );
        for common in ["PASSWORD123", "aaaaaaaaaaaa", "1234567890", "ada lovelace"] {
            assert_eq!(
                acceptable(common, "Ada Lovelace"),
                Err(PasswordError::Common)
            );
        }
        assert_eq!(acceptable("correct horse", "Ada"), Ok(()));
        assert_eq!(acceptable("一二三四五六七八九十", "Ada"), Ok(()));
    }
}
