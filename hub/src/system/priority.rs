//! Who goes first when the processors are short.

/// How much later than others a thread that gives way comes, in steps of nice(2): it has about a
/// ninth of the time of one that does not, and all of it when nobody else wants any.
const STEPS: i32 = 10;

/// Has this thread give way to all others, for good: only a privileged process may take that back.
///
/// Where the system has no priority for a single thread, or refuses, nothing changes.
pub(crate) fn give_way() {
    // Linux: "process" 0 is the calling thread (setpriority(2)). Elsewhere it would be the process.
    #[cfg(target_os = "linux")]
    {
        let own = rustix::process::getpriority_process(None).unwrap_or(0);
        let _ = rustix::process::setpriority_process(None, own + STEPS);
    }
}
