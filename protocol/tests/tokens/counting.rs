//! Counts what the running thread allocates.

#![allow(unsafe_code, reason = "an allocator is unsafe by nature")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt;
use std::ops::{AddAssign, Sub};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

/// What a stretch of work allocated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Allocated {
    /// How often.
    pub(crate) times: u64,
    /// How much, whether it was given back or not.
    pub(crate) bytes: u64,
    /// How much was not given back; negative when more was.
    pub(crate) live_bytes: i64,
}

thread_local! {
    // Const and without a destructor, so that looking at it allocates nothing itself.
    static SO_FAR: Cell<Allocated> = const { Cell::new(Allocated { times: 0, bytes: 0, live_bytes: 0 }) };
}

/// Returns what this thread has allocated so far.
pub(crate) fn here() -> Allocated {
    SO_FAR.get()
}

fn count(taken: usize, given_back: usize) {
    let mut so_far = SO_FAR.get();
    so_far.times += u64::from(taken > 0);
    so_far.bytes += taken as u64;
    so_far.live_bytes += i64::try_from(taken).expect("less than half of memory")
        - i64::try_from(given_back).expect("less than half of memory");
    SO_FAR.set(so_far);
}

// SAFETY: hands every call on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller's promise is the same.
        unsafe { System.realloc(place, layout, size) }
    }
}

impl AddAssign for Allocated {
    fn add_assign(&mut self, other: Self) {
        self.times += other.times;
        self.bytes += other.bytes;
        self.live_bytes += other.live_bytes;
    }
}

impl Sub for Allocated {
    type Output = Self;
    fn sub(self, before: Self) -> Self {
        Self {
            times: self.times - before.times,
            bytes: self.bytes - before.bytes,
            live_bytes: self.live_bytes - before.live_bytes,
        }
    }
}

impl fmt::Display for Allocated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            times,
            bytes,
            live_bytes,
        } = self;
        write!(
            f,
            "{times} allocations, {bytes} bytes, {live_bytes} of them kept"
        )
    }
}
