//! The first picture of a film that can be looked through, with its transparency.

use std::ffi::OsString;
use std::time::Duration;

use passerby_playout::messages::stage_messages::ComposeError;

use crate::creative::supervise::{Patience, run};
use crate::creative::video::container::EXPORT_ANEW;
use crate::creative::video::decoder::DecoderKind;
use crate::creative::video::filters;
use crate::creative::video::probe::Clip;
use crate::creative::video::programs::Input;
use crate::creative::video::tools::Tools;

/// How long decoding one picture may take.
const PICTURE_WAIT_MAX: Patience = Patience::of_work(Duration::from_secs(6));

/// A picture with transparency.
pub(crate) struct TransparentPicture {
    /// Pixels across and down, upright.
    pub(crate) size_px: (u32, u32),
    /// Four bytes a pixel, rows from the top; alpha is not premultiplied.
    pub(crate) rgba: Vec<u8>,
}

/// Decodes the first picture in a size in which it fits into `shown_px`.
///
/// # Errors
/// A reason that names the file and what to do.
pub(crate) fn first_picture(
    tools: &Tools,
    clip: &Clip,
    shown_px: (u32, u32),
) -> Result<TransparentPicture, ComposeError> {
    let says = |what: String| ComposeError::new(format!("{}: {what}", clip.name));
    let found = tools
        .programs()
        .map_err(|trouble| says(format!("films cannot be played: {trouble}")))?;
    let kind = DecoderKind::Software;
    let mut before: Vec<OsString> = vec!["-noautorotate".into()];
    before.extend(clip.before_input(kind));
    let input = Input::File(&clip.path, clip.container);
    let mut command = found.reader(kind.bounds(), &before, &input);
    command.args(["-map", &format!("0:{}", clip.stream), "-frames:v", "1"]);
    let filters = filters::of_transparent_picture(clip, clip.scaled_px(shown_px));
    command.args(["-vf", &filters, "-f", "rawvideo", "pipe:1"]);
    let size_px = clip.decoded_px(shown_px);
    let bytes = size_px.0 as usize * size_px.1 as usize * 4;
    let made = run(&mut command, b"", bytes, PICTURE_WAIT_MAX)
        .map_err(|error| {
            says(format!(
                "its first picture cannot be decoded ({error}); {EXPORT_ANEW}"
            ))
        })?
        .made;
    if made.len() != bytes {
        return Err(says(format!(
            "its first picture breaks off; copy it again, or {EXPORT_ANEW}"
        )));
    }
    Ok(TransparentPicture {
        size_px,
        rgba: made,
    })
}
