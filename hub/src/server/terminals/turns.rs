//! How many requests each screen has at one time.
//!
//! Invariant: one screen has at most [`TURNS_MAX`], whose answers it may read as slowly as it is
//! allowed to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use passerby_protocol::ScreenNumber;

/// Most requests of one screen at one time, until their answers are read. A terminal has one of
/// each kind.
pub(crate) const TURNS_MAX: usize = 8;

/// How many requests each screen has now; a screen without any has no entry.
#[derive(Debug, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<ScreenNumber, usize>>>);

/// One request of a screen, until this is dropped. A response carries it among its extensions to
/// the end of its body.
#[derive(Debug)]
pub(crate) struct Turn {
    screen: ScreenNumber,
    turns: Arc<Mutex<HashMap<ScreenNumber, usize>>>,
}

impl Turns {
    /// Takes a turn for a screen; `None` when it has as many as it may.
    pub(super) fn take(&self, screen: ScreenNumber) -> Option<Turn> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = turns.entry(screen).or_default();
        (*count < TURNS_MAX).then(|| {
            *count += 1;
            Turn {
                screen,
                turns: Arc::clone(&self.0),
            }
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = turns.get_mut(&self.screen) {
            *count -= 1;
            if *count == 0 {
                turns.remove(&self.screen);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_has_so_many_turns_at_one_time_and_others_have_theirs() {
        let turns = Turns::default();
        let screen = |number| ScreenNumber::new(number).unwrap();
        let mut taken: Vec<Turn> = (0..TURNS_MAX)
            .map(|_| turns.take(screen(1)).unwrap())
            .collect();
        assert!(turns.take(screen(1)).is_none());
        assert!(turns.take(screen(2)).is_some());
        taken.pop();
        assert!(turns.take(screen(1)).is_some());
        taken.clear();
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
