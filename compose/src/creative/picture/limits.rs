//! What a picture may be, and what holds its decoder.

use std::panic::{AssertUnwindSafe, catch_unwind};

use passerby_protocol::content_fault::{ContentFault, Told};

/// Longest side of a picture, in pixels.
pub const SIDE_PX_MAX: u32 = 20_000;
/// Most pixels of a picture.
pub const PIXELS_MAX: u64 = 100_000_000;
/// Most pixels of a progressive JPEG, which is held twice while it is decoded.
pub const PROGRESSIVE_PIXELS_MAX: u64 = 50_000_000;
/// Most memory that one decoded picture may take, in bytes.
pub(super) const DECODED_BYTES_MAX: u64 = 512 << 20;

/// Decoders are written to return errors; this guards against the one that does not.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| "the decoder gave up on it; export it anew as JPEG or PNG".to_owned())
}

/// Refuses a size that is past the limits, before anything is decoded.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), Told> {
    if width.max(height) > SIDE_PX_MAX {
        let side_max = SIDE_PX_MAX;
        let fault = ContentFault::SideTooLong {
            width,
            height,
            side_max,
        };
        return Err(fault.into());
    }
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        let million_max = PIXELS_MAX / 1_000_000;
        let fault = ContentFault::TooManyPixels {
            width,
            height,
            million_max,
        };
        return Err(fault.into());
    }
    if width == 0 || height == 0 {
        return Err(ContentFault::NoPixels.into());
    }
    Ok(())
}
