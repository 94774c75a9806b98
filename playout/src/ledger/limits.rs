//! How much a ledger keeps at most.

/// Most rows that a ledger holds, whatever its size: 230 days at one play in ten seconds.
pub const ROWS_MAX: u64 = 2_000_000;
/// Acknowledged rows that are kept for `passerby plays`, besides all that wait, where the operator
/// says nothing.
pub const ACKED_ROWS_KEPT: u64 = 500_000;
/// Largest size on disk, with the write-ahead log, where the operator says nothing, in bytes.
pub const BYTES_MAX: u64 = 200 << 20;

/// How much a ledger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest size on disk, with the write-ahead log, in bytes.
    pub bytes_max: u64,
    /// Rows that are kept after the hub has acknowledged them.
    pub acked_rows_kept: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: BYTES_MAX,
            acked_rows_kept: ACKED_ROWS_KEPT,
        }
    }
}
