//! Calls that are held: a terminal has asked for changes, and there are none yet.
//!
//! Invariants: at most one call of a screen is held, the newest, so never more than there are
//! screens; who is held is known before it is looked whether there is anything new, so that no
//! change falls in between; what is held holds no turn at the disk and no connection to the
//! database; once the hub stops, all are let go at once and none is held any more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use passerby_protocol::ScreenNumber;
use passerby_protocol::changes::ManifestTag;
use tokio::sync::oneshot;

use crate::store::ScreenContent;

/// How many terminals are told of a change in a second at most, so that they do not all ask for
/// their manifest at the same time.
const TOLD_A_SECOND: u32 = 2_500;
/// Longest time over which they are told, however many they are.
const TELLING_TIME_MAX: Duration = Duration::from_secs(4);

/// What a held terminal says that it has; it is let go once the hub has something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holding {
    /// Its manifest.
    pub(super) manifest: ManifestTag,
    /// The generation of its key.
    pub(super) key_generation: u8,
    /// By which bearer it was let in.
    pub(super) bearer_sha256: [u8; 32],
    /// The newest wish for a picture that it has heard of; none where it sends no pictures.
    pub(super) frame: Option<u64>,
}

impl Holding {
    fn is_outdated(&self, content: Option<&ScreenContent>, signing_generation: u32) -> bool {
        content.is_none_or(|content| {
            let manifest = ManifestTag {
                version: content.manifest_version,
                key_generation: signing_generation,
            };
            self.manifest != manifest
                || self.key_generation != content.key_generation
                || Some(self.bearer_sha256) != content.bearer_sha256
                || (content.frame_wish.is_some()
                    && self.frame.is_some()
                    && content.frame_wish != self.frame)
        })
    }
}

/// Why a held call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LetGo {
    /// There is something else for its screen. It is to wait for so long before it looks.
    Changed(Duration),
    /// Its screen has made another call.
    Replaced,
    /// The hub stops.
    Stopping,
}

/// All calls that are held.
#[derive(Debug, Default)]
pub(super) struct HeldCalls {
    state: Mutex<State>,
    /// Whether anybody looks for changes.
    is_watched: AtomicBool,
    /// Whether whoever looks cannot see, since the database is away.
    is_blind: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    calls: HashMap<ScreenNumber, Call>,
    is_stopping: bool,
}

#[derive(Debug)]
struct Call {
    number: u64,
    holding: Holding,
    ends: oneshot::Sender<LetGo>,
}

/// One held call; it is no longer held when this is dropped.
#[derive(Debug)]
pub(super) struct HeldCall {
    calls: Arc<HeldCalls>,
    screen: ScreenNumber,
    number: u64,
    end: oneshot::Receiver<LetGo>,
}

impl HeldCalls {
    /// Is told that somebody looks for changes from now on.
    pub(super) fn watch(&self) {
        self.is_watched.store(true, Ordering::SeqCst);
    }

    /// Is told whether whoever looks could see.
    pub(super) fn looked(&self, has_seen: bool) {
        self.is_blind.store(!has_seen, Ordering::SeqCst);
    }

    /// Tells whether changes may have been missed.
    pub(super) fn is_blind(&self) -> bool {
        self.is_blind.load(Ordering::SeqCst)
    }

    /// How many calls are held.
    pub(super) fn len(&self) -> usize {
        self.state().calls.len()
    }

    /// Holds a call, and lets go an older one of the same screen. `None` where nobody looks for
    /// changes, and once the hub stops.
    pub(super) fn hold(
        self: &Arc<Self>,
        screen: ScreenNumber,
        holding: Holding,
    ) -> Option<HeldCall> {
        if !self.is_watched.load(Ordering::SeqCst) {
            return None;
        }
        let (ends, end) = oneshot::channel();
        let mut state = self.state();
        if state.is_stopping {
            return None;
        }
        let number = state.next;
        state.next += 1;
        let call = Call {
            number,
            holding,
            ends,
        };
        if let Some(older) = state.calls.insert(screen, call) {
            // One that has ended meanwhile hears nothing.
            let _ = older.ends.send(LetGo::Replaced);
        }
        drop(state);
        Some(HeldCall {
            calls: Arc::clone(self),
            screen,
            number,
            end,
        })
    }

    /// Lets go the calls of terminals that have something else than the hub; `contents` are by
    /// screen number. Returns how many they are.
    pub(super) fn compare(&self, contents: &[ScreenContent], signing_generation: u32) -> usize {
        let mut state = self.state();
        let content_of = |screen: ScreenNumber| {
            let found = contents.binary_search_by_key(&screen, |content| content.screen);
            found.ok().map(|at| &contents[at])
        };
        let outdated = state
            .calls
            .extract_if(|&screen, call| {
                call.holding
                    .is_outdated(content_of(screen), signing_generation)
            })
            .map(|(_, call)| call.ends);
        let outdated: Vec<_> = outdated.collect();
        drop(state);
        let count = outdated.len();
        for (place, ends) in (0..).zip(outdated) {
            let _ = ends.send(LetGo::Changed(told_after(place)));
        }
        count
    }

    /// Lets go all calls, and holds none from now on.
    pub(super) fn stop(&self) {
        let calls = {
            let mut state = self.state();
            state.is_stopping = true;
            std::mem::take(&mut state.calls)
        };
        for call in calls.into_values() {
            let _ = call.ends.send(LetGo::Stopping);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the one of this place is told of a change.
fn told_after(place: u32) -> Duration {
    let places_max = TOLD_A_SECOND * u32::try_from(TELLING_TIME_MAX.as_secs()).unwrap_or(1);
    // Whoever comes later shares the moments of those before.
    Duration::from_secs(1) * (place % places_max) / TOLD_A_SECOND
}

impl HeldCall {
    /// Waits until the call is let go, for at most `time`; `None` when nothing has happened then.
    pub(super) async fn end(&mut self, time: Duration) -> Option<LetGo> {
        match tokio::time::timeout(time, &mut self.end).await {
            Ok(end) => Some(end.unwrap_or(LetGo::Stopping)),
            Err(_) => None,
        }
    }
}

impl Drop for HeldCall {
    fn drop(&mut self) {
        let mut state = self.calls.state();
        if let Some(call) = state.calls.get(&self.screen)
            && call.number == self.number
        {
            state.calls.remove(&self.screen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLDING: Holding = Holding {
        manifest: ManifestTag {
            version: 7,
            key_generation: 1,
        },
        key_generation: 3,
        bearer_sha256: [9; 32],
        frame: Some(5),
    };
    /// Longer than it takes to hear of what has happened already.
    const CALL: Duration = Duration::from_secs(55);
    /// For calls that nothing ends.
    const SHORT: Duration = Duration::from_millis(20);

    fn screen(number: u32) -> ScreenNumber {
        ScreenNumber::new(number).unwrap()
    }

    fn content(number: u32) -> ScreenContent {
        ScreenContent {
            screen: screen(number),
            manifest_version: 7,
            key_generation: 3,
            bearer_sha256: Some([9; 32]),
            frame_wish: None,
        }
    }

    fn watched() -> Arc<HeldCalls> {
        let calls = Arc::new(HeldCalls::default());
        calls.watch();
        calls
    }

    #[tokio::test]
    async fn a_call_for_which_there_is_nothing_ends_with_its_time_and_leaves_nothing() {
        let calls = watched();
        let mut call = calls.hold(screen(1), HOLDING).unwrap();
        assert_eq!(calls.compare(&[content(1), content(2)], 1), 0);
        let begun = tokio::time::Instant::now();
        assert_eq!(call.end(SHORT).await, None);
        assert!(begun.elapsed() >= SHORT);
        drop(call);
        assert_eq!(calls.len(), 0);
    }

    #[tokio::test]
    async fn a_call_is_let_go_by_anything_else_that_its_screen_has() {
        let older = ScreenContent {
            manifest_version: 6,
            ..content(2)
        };
        let newer = ScreenContent {
            manifest_version: 8,
            ..content(2)
        };
        let key = ScreenContent {
            key_generation: 2,
            ..content(2)
        };
        let another_terminal = ScreenContent {
            bearer_sha256: Some([8; 32]),
            ..content(2)
        };
        let revoked = ScreenContent {
            bearer_sha256: None,
            ..content(2)
        };
        let wished = ScreenContent {
            frame_wish: Some(6),
            ..content(2)
        };
        for (what, changed) in [
            ("a restored hub", vec![older]),
            ("a publication", vec![newer]),
            ("a key", vec![key]),
            ("a new terminal", vec![another_terminal]),
            ("a revocation", vec![revoked]),
            ("a screen that is gone", vec![]),
            ("somebody who wishes to see it", vec![wished]),
        ] {
            let calls = watched();
            let mut first = calls.hold(screen(1), HOLDING).unwrap();
            let mut second = calls.hold(screen(2), HOLDING).unwrap();
            let contents = [vec![content(1)], changed].concat();
            assert_eq!(calls.compare(&contents, 1), 1, "{what}");
            let end = second.end(CALL).await;
            assert_eq!(end, Some(LetGo::Changed(Duration::ZERO)), "{what}");
            assert_eq!(first.end(SHORT).await, None, "{what}");
        }
        let calls = watched();
        let mut call = calls.hold(screen(1), HOLDING).unwrap();
        assert_eq!(calls.compare(&[content(1)], 2), 1, "another manifest key");
        assert!(call.end(CALL).await.is_some());
    }

    #[tokio::test]
    async fn a_wish_that_was_heard_or_that_nobody_meets_lets_no_call_go() {
        let calls = watched();
        let heard = ScreenContent {
            frame_wish: Some(5),
            ..content(1)
        };
        let deaf = ScreenContent {
            frame_wish: Some(6),
            ..content(2)
        };
        let _first = calls.hold(screen(1), HOLDING).unwrap();
        let none = Holding {
            frame: None,
            ..HOLDING
        };
        let _second = calls.hold(screen(2), none).unwrap();
        assert_eq!(calls.compare(&[heard, deaf], 1), 0);
    }

    #[tokio::test]
    async fn a_screen_has_one_call_and_the_older_one_takes_nothing_with_it() {
        let calls = watched();
        let mut older = calls.hold(screen(1), HOLDING).unwrap();
        let mut newer = calls.hold(screen(1), HOLDING).unwrap();
        assert_eq!(older.end(CALL).await, Some(LetGo::Replaced));
        drop(older);
        assert_eq!(calls.len(), 1);
        calls.stop();
        assert_eq!(newer.end(CALL).await, Some(LetGo::Stopping));
        assert!(calls.hold(screen(2), HOLDING).is_none(), "it stops");
    }

    #[test]
    fn nothing_is_held_where_nobody_looks() {
        let calls = Arc::new(HeldCalls::default());
        assert!(calls.hold(screen(1), HOLDING).is_none());
    }

    #[test]
    fn a_crowd_is_told_over_seconds_and_few_at_once() {
        assert_eq!(told_after(0), Duration::ZERO);
        assert!(told_after(10) < Duration::from_millis(10));
        let longest = (0..100_000).map(told_after).max().unwrap();
        assert!(longest < TELLING_TIME_MAX);
        let soon = (0..10_000).filter(|&place| told_after(place) < Duration::from_secs(1));
        assert_eq!(soon.count(), 2_500);
    }
}
