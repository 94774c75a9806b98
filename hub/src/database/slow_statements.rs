//! Tells the operator of statements that take long.
//!
//! Invariants: what is told is the statement as it stands in this program, never a value of it;
//! each is told at most once in [`PAUSE`], and no more than [`STATEMENTS_MAX`] of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// From here on a statement is slow, where nobody has said: none is. What reads a whole database,
/// as commands do, is expected to take its time; a process that serves says.
const SLOW_MS: u64 = u64::MAX;
/// Time between two words on one statement.
const PAUSE: Duration = Duration::from_secs(60);
/// Most statements that are told within [`PAUSE`].
const STATEMENTS_MAX: usize = 64;
/// How much of a statement is told, in characters.
const TEXT_CHARS_MAX: usize = 300;

/// The slow statements of one database.
#[derive(Debug)]
pub(crate) struct SlowStatements {
    slow_ms: AtomicU64,
    /// How many there were.
    count: AtomicU64,
    /// When each was told, by its text.
    told: Mutex<HashMap<String, Instant>>,
}

impl Default for SlowStatements {
    fn default() -> Self {
        Self {
            slow_ms: AtomicU64::new(SLOW_MS),
            count: AtomicU64::new(0),
            told: Mutex::default(),
        }
    }
}

impl SlowStatements {
    /// Sets from when on a statement is slow, in milliseconds; with 0 each is.
    pub(crate) fn set_slow_ms(&self, slow_ms: u64) {
        self.slow_ms.store(slow_ms, Ordering::Relaxed);
    }

    /// Returns how many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Runs a statement and tells of it if it was slow. What is waited for counts, and what is done
    /// with its rows.
    pub(crate) fn timed<T>(&self, sql: &str, run: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = run();
        let took = begun.elapsed();
        if took >= Duration::from_millis(self.slow_ms.load(Ordering::Relaxed)) {
            self.count.fetch_add(1, Ordering::Relaxed);
            if let Some(text) = self.worth_telling(sql, begun + took) {
                let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(took_ms, "a statement of the database was slow: {text}");
            }
        }
        done
    }

    /// Returns a statement as it is told; `None` when it was told just now, or too many others.
    fn worth_telling(&self, sql: &str, now: Instant) -> Option<String> {
        let words: Vec<&str> = sql.split_whitespace().collect();
        let text: String = words.join(" ").chars().take(TEXT_CHARS_MAX).collect();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, told| now.saturating_duration_since(*told) < PAUSE);
        if told.len() >= STATEMENTS_MAX || told.contains_key(&text) {
            return None;
        }
        told.insert(text.clone(), now);
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_is_told_once_a_minute_on_one_line() {
        let slow = SlowStatements::default();
        let now = Instant::now();
        let sql = "SELECT 1\n           FROM plays WHERE screen = ?1";
        let told = "SELECT 1 FROM plays WHERE screen = ?1";
        assert_eq!(slow.worth_telling(sql, now).as_deref(), Some(told));
        assert_eq!(slow.worth_telling(sql, now + PAUSE / 2), None);
        assert!(slow.worth_telling("SELECT 2", now + PAUSE / 2).is_some());
        assert!(slow.worth_telling(sql, now + PAUSE).is_some());
    }

    #[test]
    fn any_number_of_statements_takes_a_bounded_memory_and_log() {
        let slow = SlowStatements::default();
        let now = Instant::now();
        let told = |from: usize, now| {
            let texts = (from..from + 10_000).map(|number| format!("SELECT {number}"));
            texts
                .filter(|sql| slow.worth_telling(sql, now).is_some())
                .count()
        };
        assert_eq!(told(0, now), STATEMENTS_MAX);
        assert_eq!(told(10_000, now + PAUSE), STATEMENTS_MAX);
        assert_eq!(slow.told.lock().unwrap().len(), STATEMENTS_MAX);
        let long = slow.worth_telling(&"x".repeat(5_000), now + 3 * PAUSE);
        assert_eq!(long.unwrap().len(), TEXT_CHARS_MAX);
    }

    #[test]
    fn what_is_slow_is_counted_and_what_is_not_is_not() {
        let slow = SlowStatements::default();
        assert_eq!(slow.timed("SELECT 1", || 7), 7);
        assert_eq!(slow.count(), 0);
        assert!(
            slow.slow_ms.load(Ordering::Relaxed) > 86_400_000,
            "of a command"
        );
        slow.set_slow_ms(0);
        slow.timed("SELECT 1", || ());
        slow.timed("SELECT 1", || ());
        assert_eq!(slow.count(), 2);
    }
}
