//! How the process keeps its memory: what a crowd needed goes back to the system when the crowd has
//! gone.

/// From this size on, in bytes, a block is taken from the system by itself, and goes back when it
/// is let go.
#[cfg(target_env = "gnu")]
const OWN_MAPPING_BYTES: libc::c_int = 128 << 10;
/// How many heaps glibc keeps for its threads.
#[cfg(target_env = "gnu")]
const HEAPS_MAX: libc::c_int = 2;

/// Has glibc give large blocks back to the system. To be called first in `main`.
///
/// By itself glibc moves its threshold up with the largest block so far, and keeps later ones in
/// the heaps of whichever threads made them (mallopt(3), `M_MMAP_THRESHOLD`). Other allocators need
/// no word.
pub fn tune_malloc() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "mallopt has no safe form; it takes two numbers")]
    // SAFETY: mallopt may be called at any time; it reads nothing but its arguments.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
        libc::mallopt(libc::M_ARENA_MAX, HEAPS_MAX);
    }
}

/// Has glibc give back what is free between small blocks (malloc_trim(3)). It takes some
/// milliseconds.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    #[expect(
        unsafe_code,
        reason = "malloc_trim has no safe form; it takes a number"
    )]
    // SAFETY: malloc_trim may be called at any time, from any thread; what is in use stays where it
    // is.
    unsafe {
        libc::malloc_trim(0);
    }
}
