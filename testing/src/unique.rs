//! Names of folders that no other test takes.

use std::sync::atomic::{AtomicU32, Ordering};

/// Such a name.
pub(crate) fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}
