//! Bounds that a process puts on itself before it opens what anybody may have made.

use std::io;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

/// Bounds what this process and what it starts may take, for as long as they run: how much memory
/// they may map, in bytes; they write no file and leave no picture of their memory, die with
/// whoever started them, and are the first to be ended where the machine has no memory left.
///
/// # Errors
/// Those of the system.
pub fn confine(memory_bytes_max: u64) -> io::Result<()> {
    // Only where /proc is not there it cannot be said; the bounds hold all the same.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let at_most = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(Resource::As, at_most(memory_bytes_max))?;
    setrlimit(Resource::Fsize, at_most(0))?;
    setrlimit(Resource::Core, at_most(0))?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}
