//! What an animation may be, and how much of it waits in memory.

/// Most frames of an animation.
pub const FRAMES_MAX: u32 = 3_600;
/// Most pixels of one frame of an animation.
pub const FRAME_PIXELS_MAX: u64 = 16_777_216;
/// Longest side of an animation, in pixels; what every GPU takes.
pub const FRAME_SIDE_PX_MAX: u32 = 8_192;
/// Most pixels of all frames of an animation together.
pub const ANIMATION_PIXELS_MAX: u64 = 10_000_000_000;
/// Most bytes of frames, as they are on screen, that are kept for the next round.
pub const KEPT_BYTES_MAX: u64 = 32 << 20;
/// Most bytes of frames that wait for their time, where they are not kept; but one frame always
/// may.
pub(super) const QUEUE_BYTES_MAX: u64 = 32 << 20;
/// Most frames that wait for their time, where they are not kept.
pub(super) const QUEUE_FRAMES_MAX: u64 = 4;
