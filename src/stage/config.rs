//! How the stage is set up.

use std::path::PathBuf;
use std::time::Duration;

use crate::stage::frame_observer::FrameObserver;
use crate::stage::time::StageTime;

/// What draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawWith {
    /// The GPU, by Vulkan or OpenGL.
    Gpu,
    /// The processor, without any driver.
    Cpu,
}

/// How the stage is set up.
#[derive(Debug, Clone)]
pub struct StageConfig {
    /// What draws.
    pub draw_with: DrawWith,
    /// Render into memory instead of a window.
    pub offscreen: bool,
    /// Width and height in pixels. None: the whole primary monitor; offscreen 1920 × 1080.
    pub size: Option<(u32, u32)>,
    /// Write frames to a folder.
    pub capture: Option<CaptureConfig>,
    /// The window's title.
    pub title: String,
    /// Leave after this long.
    pub run_for: Option<Duration>,
    /// Whether slides are cut in once transitions stutter. Tests that judge transitions on any
    /// machine have them shown with as many frames as there are.
    pub cuts_when_slow: bool,
    /// Where no zone lies: red, green and blue in sRGB.
    pub background: [u8; 3],
    /// Where time comes from.
    pub time: StageTime,
    /// Sees every frame that is drawn; offscreen only, for tests.
    pub observer: Option<FrameObserver>,
}

/// Where frames are captured to, and how often.
#[derive(Debug, Clone)]
pub struct CaptureConfig {
    /// The folder; made when it is missing.
    pub dir: PathBuf,
    /// Time from one frame to the next.
    pub every: Duration,
}
