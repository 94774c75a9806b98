//! How the process keeps its memory, so that it needs no more after a year than after an hour.

/// From this size on, in bytes, a block is taken from the system by itself, and goes back when it
/// is let go.
#[cfg(target_env = "gnu")]
const OWN_MAPPING_BYTES: libc::c_int = 128 << 10;
/// How many heaps glibc keeps for its threads.
#[cfg(target_env = "gnu")]
const HEAPS_MAX: libc::c_int = 2;

/// Has glibc give large blocks back to the system. To be called first in `main`.
///
/// Pictures and frames of films are large and come and go. By itself glibc moves its threshold up
/// to 32 MB with the first of them, keeps later ones in the heaps of whichever threads made them,
/// and scatters small blocks that live long between them; the process then grows for days
/// (mallopt(3), `M_MMAP_THRESHOLD`). Other allocators need no word.
pub fn tune_malloc() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "mallopt has no safe form; it takes two numbers")]
    // SAFETY: mallopt may be called at any time; it reads nothing but its arguments.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
        libc::mallopt(libc::M_ARENA_MAX, HEAPS_MAX);
    }
}

/// Gives the system back what is free between blocks that live on. It looks through all heaps, and
/// other threads may wait for memory meanwhile.
///
/// By itself glibc gives back only what is free at the end of a heap (`malloc_trim(3)`), and one
/// small block that lives long keeps all that came before it. Other allocators need no word.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    #[expect(
        unsafe_code,
        reason = "malloc_trim has no safe form; it takes a number"
    )]
    // SAFETY: malloc_trim may be called at any time; it touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
