//! How much of the disk the cache may take.
//!
//! Invariant: whatever the setting says, a floor of free space is left on the disk, because the
//! ledger lies there too.

use std::path::Path;
use std::time::Duration;

/// What the cache takes at most unless the operator says otherwise, in MiB.
pub const MB_DEFAULT: u64 = 4_096;
/// Range of `data.cache_mb`: from what holds a few pictures to 16 TiB.
pub const MB: std::ops::RangeInclusive<i64> = 16..=16_777_216;
/// The floor is a twentieth of the disk within these bounds, in bytes. A month of plays takes some
/// 40 MiB.
const FLOOR_BYTES: (u64, u64) = (16 << 20, 256 << 20);
/// The part of the disk that it is otherwise.
const FLOOR_PART: u64 = 20;
/// In what time each stored file is read again once.
const ROUND: Duration = Duration::from_hours(7 * 24);

/// What the operator wants of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// What it takes at most, in bytes.
    pub bytes_max: u64,
    /// In what time each stored file is read again once.
    pub round: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self::of_mb(MB_DEFAULT)
    }
}

impl CacheSettings {
    /// A cache of so many MiB.
    pub const fn of_mb(mb: u64) -> Self {
        Self {
            bytes_max: mb << 20,
            round: ROUND,
        }
    }
}

/// A disk as it is now, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What programs like this one may still write.
    pub free_bytes: u64,
    /// How large it is.
    pub total_bytes: u64,
}

impl Space {
    /// Asks the system about the disk on which a folder lies; `None` when it does not say.
    #[allow(
        unsafe_code,
        reason = "statvfs has no safe wrapper in libc; the struct is plain data that it fills"
    )]
    pub fn of(folder: &Path) -> Option<Self> {
        use std::os::unix::ffi::OsStrExt;
        let path = std::ffi::CString::new(folder.as_os_str().as_bytes()).ok()?;
        // SAFETY: the path is NUL-terminated, `stat` is valid for writes, and zero is a valid
        // statvfs.
        let stat = unsafe {
            let mut stat: libc::statvfs = std::mem::zeroed();
            (libc::statvfs(path.as_ptr(), &raw mut stat) == 0).then_some(stat)
        }?;
        Some(Self {
            free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
            total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        })
    }

    /// What must stay free, in bytes.
    pub fn floor_bytes(&self) -> u64 {
        (self.total_bytes / FLOOR_PART).clamp(FLOOR_BYTES.0, FLOOR_BYTES.1)
    }
}

/// What the reference says of the disk's free space.
pub(crate) fn floor_in_words() -> String {
    let (least, most) = (FLOOR_BYTES.0 >> 20, FLOOR_BYTES.1 >> 20);
    format!(
        "1/{FLOOR_PART} of the disk, at least {least} and at most {most} MiB, always stays free."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_a_part_of_small_disks_and_has_bounds() {
        let floor = |total_bytes| {
            let space = Space {
                free_bytes: 0,
                total_bytes,
            };
            space.floor_bytes()
        };
        assert_eq!(floor(64 << 20), 16 << 20);
        assert_eq!(floor(2_000 << 20), 100 << 20);
        assert_eq!(floor(64 << 30), 256 << 20);
        let here = Space::of(Path::new("/")).expect("a disk");
        assert!(here.total_bytes >= here.free_bytes && here.total_bytes > 0);
        assert_eq!(Space::of(Path::new("/no/such/folder")), None);
    }
}
