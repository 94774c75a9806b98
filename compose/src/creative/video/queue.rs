//! Decoded pictures on their way from the decoder's thread to the stage.
//!
//! Invariants: at most [`QUEUE_PICTURES_MAX`] pictures wait; a decoder that is ahead waits, and so
//! does its child; one whose pictures are already late replaces them, so that a slow stage sees
//! fewer pictures but none that is old; the stage never waits.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most pictures that wait.
pub(super) const QUEUE_PICTURES_MAX: usize = 4;
/// Most planes that wait to be filled anew: those of the pictures in line, of the one on the screen
/// and of the one that is read.
const ROOMS_MAX: usize = 2 * (QUEUE_PICTURES_MAX + 2);

/// One decoded picture.
#[derive(Clone)]
pub(super) struct Picture {
    /// Its place in the endless film, which repeats the file; it is due at this many pictures'
    /// time.
    pub(super) number: u64,
    /// How often the file has been shown in full before.
    pub(super) pass: u64,
    /// One byte a pixel.
    pub(super) luma: Vec<u8>,
    /// Cb and Cr in turn.
    pub(super) chroma: Vec<u8>,
}

/// Why no more pictures come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The file has one picture only, which stays.
    Rests,
    /// The decoder failed, and why.
    Failed(String),
}

/// What the stage finds.
pub(super) enum Next {
    Picture(Picture),
    /// No frame has come yet.
    Late,
    Over(End),
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    pictures: VecDeque<Picture>,
    end: Option<End>,
    is_closed: bool,
    is_decoded: bool,
    /// The picture that was due when the stage last asked; older ones are late.
    due: Option<u64>,
    skipped: u64,
    /// Planes that nobody needs any more, to be filled anew: memory that is asked of the system for
    /// every picture costs more than what is read into it.
    rooms: Vec<Vec<u8>>,
}

impl Queue {
    /// Puts a picture in line and waits for room if need be. `false` when nobody wants it.
    pub(super) fn push(&self, picture: Picture) -> bool {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return false;
            }
            if state.due.is_some_and(|due| picture.number <= due) {
                // All that wait are older, so none of them will be seen.
                state.skipped += state.pictures.len() as u64;
                while let Some(late) = state.pictures.pop_front() {
                    state.give_back(late.luma);
                    state.give_back(late.chroma);
                }
            }
            if state.pictures.len() < QUEUE_PICTURES_MAX {
                state.pictures.push_back(picture);
                self.changed.notify_all();
                return true;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Room for a plane of so many bytes; what is in it means nothing.
    pub(super) fn room(&self, bytes: usize) -> Vec<u8> {
        let mut state = self.state();
        let place = state.rooms.iter().position(|room| room.len() == bytes);
        match place {
            Some(place) => state.rooms.swap_remove(place),
            None => {
                drop(state);
                vec![0; bytes]
            }
        }
    }

    /// Takes back a plane that nobody needs any more.
    pub(super) fn give_back(&self, room: Vec<u8>) {
        self.state().give_back(room);
    }

    /// Says that no more pictures come.
    pub(super) fn end(&self, end: End) {
        self.state().end = Some(end);
        self.changed.notify_all();
    }

    /// Takes the next picture, given the one that is due now.
    pub(super) fn pop(&self, due: u64) -> Next {
        let mut state = self.state();
        state.due = Some(due);
        self.changed.notify_all();
        Self::take(&mut state)
    }

    /// Takes the first picture and waits for it, for `patience` at most.
    pub(super) fn first(&self, patience: Duration) -> Next {
        let until = Instant::now() + patience;
        let mut state = self.state();
        loop {
            match Self::take(&mut state) {
                Next::Late => {}
                next => {
                    self.changed.notify_all();
                    return next;
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Next::Late;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Says that nobody wants more pictures.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.pictures.clear();
        state.rooms.clear();
        self.changed.notify_all();
    }

    /// Tells whether somebody still wants pictures.
    pub(super) fn is_open(&self) -> bool {
        !self.state().is_closed
    }

    /// Notes that the decoder has come to the end of the file.
    pub(super) fn file_is_decoded(&self) {
        self.state().is_decoded = true;
    }

    /// Tells whether the decoder has come to the end of the file.
    fn is_decoded(&self) -> bool {
        self.state().is_decoded
    }

    /// How many pictures were late before anybody saw them.
    pub(super) fn skipped(&self) -> u64 {
        self.state().skipped
    }

    fn take(state: &mut State) -> Next {
        match (state.pictures.pop_front(), &state.end) {
            (Some(picture), _) => Next::Picture(picture),
            (None, Some(end)) => Next::Over(end.clone()),
            (None, None) => Next::Late,
        }
    }

    /// A thread that panicked leaves the line as good as it was.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells whether a film was decoded up to the end of its file.
pub struct DecodedToItsEnd(Arc<Queue>);

impl DecodedToItsEnd {
    /// Tells it of the film whose pictures are in this line.
    pub(super) fn of(queue: &Arc<Queue>) -> Self {
        Self(Arc::clone(queue))
    }

    /// Whether it was, by now.
    pub(crate) fn is_so(&self) -> bool {
        self.0.is_decoded()
    }
}

impl State {
    fn give_back(&mut self, room: Vec<u8>) {
        if !self.is_closed && self.rooms.len() < ROOMS_MAX {
            self.rooms.push(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn picture(number: u64) -> Picture {
        Picture {
            number,
            pass: 0,
            luma: Vec::new(),
            chroma: Vec::new(),
        }
    }

    #[test]
    fn late_pictures_give_way_to_newer_ones() {
        let queue = Queue::default();
        assert!(matches!(queue.pop(10), Next::Late));
        for number in 0..=10 {
            assert!(queue.push(picture(number)));
        }
        for number in 11..14 {
            assert!(queue.push(picture(number)));
        }
        let numbers: Vec<u64> = std::iter::from_fn(|| match queue.pop(10) {
            Next::Picture(picture) => Some(picture.number),
            _ => None,
        })
        .collect();
        assert_eq!(numbers, [10, 11, 12, 13]);
        assert_eq!(queue.skipped(), 10);
    }

    #[test]
    fn a_decoder_that_is_ahead_waits_and_ends_when_nobody_wants_more() {
        let queue = Arc::new(Queue::default());
        let decoder = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                (0_u64..)
                    .take_while(|number| queue.push(picture(*number)))
                    .count()
            }
        });
        let Next::Picture(first) = queue.first(Duration::from_secs(20)) else {
            panic!("no picture");
        };
        assert_eq!(first.number, 0);
        while queue.state().pictures.len() < QUEUE_PICTURES_MAX {
            thread::yield_now();
        }
        queue.close();
        assert!(decoder.join().expect("it ends well") <= QUEUE_PICTURES_MAX + 1);
        assert!(!queue.push(picture(9)));
    }

    #[test]
    fn planes_that_come_back_are_filled_anew_and_are_bounded() {
        let queue = Queue::default();
        let room = queue.room(8);
        assert_eq!(room.len(), 8);
        let place = room.as_ptr();
        queue.give_back(room);
        assert_eq!(queue.room(4).len(), 4, "none of another size is given out");
        let again = queue.room(8);
        assert_eq!(again.as_ptr(), place);
        for _ in 0..3 * ROOMS_MAX {
            queue.give_back(vec![0; 8]);
        }
        assert_eq!(queue.state().rooms.len(), ROOMS_MAX);
        queue.close();
        queue.give_back(vec![0; 8]);
        assert_eq!(queue.state().rooms.len(), 0);
    }

    #[test]
    fn what_waits_is_seen_before_the_end() {
        let queue = Queue::default();
        queue.push(picture(0));
        queue.end(End::Rests);
        assert!(matches!(queue.pop(0), Next::Picture(_)));
        assert!(matches!(queue.pop(0), Next::Over(End::Rests)));
    }
}
