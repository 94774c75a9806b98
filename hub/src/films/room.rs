//! Whether there is room on the disk for a film, asked before it is begun.

use std::path::Path;

use rustix::fs::statvfs;

/// What is left free for everything else, in bytes.
const SPARE_BYTES: u64 = 256 << 20;

/// Tells whether a folder's disk has room for so many bytes more. One that does not say has.
pub(super) fn has_room(folder: &Path, bytes: u64) -> bool {
    let Ok(disk) = statvfs(folder) else {
        return true;
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    free >= bytes.saturating_add(SPARE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_room_for_a_byte_and_for_no_more_than_it_has() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_room(folder.path(), u64::MAX));
        assert!(has_room(&folder.path().join("nowhere"), u64::MAX));
    }
}
