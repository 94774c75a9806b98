//! What the ffmpeg of this machine can do beyond playing usual films.
//!
//! Invariant: it is asked once while the process lives, when the first film that needs it comes; an
//! ffmpeg that does not answer can do nothing of it.

use std::time::Duration;

use crate::creative::supervise::{Patience, run};
use crate::creative::video::programs::{ProgramBounds, Programs};

/// How long ffmpeg may take to list what it can.
const LIST_WAIT_MAX: Patience = Patience::of_work(Duration::from_secs(3));
/// Most that such a list may take, in bytes.
const LIST_BYTES_MAX: usize = 256 << 10;

/// What there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Abilities {
    /// Decodes the transparency of VP8, which ffmpeg's own decoder leaves out.
    pub(super) has_transparent_vp8: bool,
    /// The same of VP9.
    pub(super) has_transparent_vp9: bool,
    /// Brings the light of HDR films down to what usual screens show.
    pub(super) maps_tones: bool,
}

impl Abilities {
    /// Asks the programs for what they can decode and filter.
    pub(super) fn of(programs: &Programs) -> Self {
        let decoders = listed(programs, "-decoders");
        let filters = listed(programs, "-filters");
        let has = |list: &[String], name: &str| list.iter().any(|known| known == name);
        Self {
            has_transparent_vp8: has(&decoders, "libvpx"),
            has_transparent_vp9: has(&decoders, "libvpx-vp9"),
            maps_tones: has(&filters, "zscale") && has(&filters, "tonemap"),
        }
    }
}

/// The names in one of ffmpeg's lists, whose lines have flags, a name and words about it.
fn listed(programs: &Programs, list: &str) -> Vec<String> {
    let mut command = programs.command(&programs.ffmpeg, ProgramBounds::Reader);
    command.args(["-hide_banner", list]);
    let Ok(output) = run(&mut command, b"", LIST_BYTES_MAX, LIST_WAIT_MAX) else {
        return Vec::new();
    };
    String::from_utf8_lossy(&output.made)
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1).map(str::to_owned))
        .collect()
}
