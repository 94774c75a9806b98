//! `passerby-hub look-at`: looks at one creative with the composer's code, as screens do, and draws
//! a small picture of it.
//!
//! Invariants: before it opens anything it has bound its memory, may write no file, and dies with
//! whoever started it; what it says on standard output is the answer and nothing else.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use passerby_compose::Fonts;
/// What the log leaves out of the libraries that draw.
pub use passerby_compose::QUIET_LIBRARIES;
use passerby_compose::confinement::confine;
/// Names the ffmpeg to use, where it is not the one in the search path.
pub use passerby_compose::creative::video::FFMPEG_VARIABLE;
use passerby_compose::creative::video::{DecoderKind, Tools};
use passerby_compose::judgement::{Judge, Judgement, Preview};
use passerby_playout::content::creative::{CreativeFile, Part};
use passerby_protocol::creative::CreativeKind;
use passerby_protocol::toml_fields::Problem;

use crate::publish::inspection::Thumbnail;
use crate::publish::inspection::job::{
    Answer, JOB_BYTES_MAX, Job, Order, THUMBNAIL_BYTES_MAX, THUMBNAIL_SIDE_PX,
};

/// Qualities of JPEG that are tried, best first, before the picture is made smaller.
const QUALITIES: [u8; 4] = [82, 72, 60, 48];
/// The smallest long side that a small picture is reduced to, in pixels.
const SIDE_PX_MIN: u32 = 64;

/// Reads an order from standard input, obeys it and writes the answer to standard output.
///
/// # Errors
/// What is wrong with the order, or with writing the answer.
pub fn run() -> io::Result<()> {
    let mut order = Vec::new();
    io::stdin()
        .take(JOB_BYTES_MAX as u64)
        .read_to_end(&mut order)?;
    let order: Order = serde_json::from_slice(&order)?;
    confine(order.memory_bytes_max)?;
    let (fonts, unusable) = Fonts::load(&order.fonts);
    let mut answer = look_at(&order.job, &fonts);
    answer.notes.extend(unusable);
    let mut out = io::stdout().lock();
    out.write_all(&answer.to_bytes())?;
    out.flush()
}

fn look_at(job: &Job, fonts: &Fonts) -> Answer {
    let ffmpeg = env::var_os(FFMPEG_VARIABLE).filter(|value| !value.is_empty());
    // A hub has no need for the drivers of a screen, and they no need for its files.
    let tools = Tools::with(ffmpeg.map(PathBuf::from), Some(DecoderKind::Software), "/");
    let judge = Judge::new(fonts.clone(), tools.clone());
    let mut creative = creative_of(job);
    let mut missing_program = None;
    if creative.kind == CreativeKind::Video
        && let Some(trouble) = tools.trouble()
    {
        missing_program = Some(trouble.to_owned());
        match poster_of(&creative) {
            Some(poster) => creative = poster,
            None => {
                return Answer {
                    missing_program,
                    ..Answer::default()
                };
            }
        }
    }
    let judged = judge.judge(&creative, &job.colours);
    let is_shown = judged.refusals.is_empty();
    let mut answer = answer_of(judged, fonts);
    answer.missing_program = missing_program;
    if is_shown {
        match thumbnail(&judge, &creative, job) {
            Ok(thumbnail) => answer.thumbnail = Some(thumbnail),
            Err(reason) => answer.notes.push(Problem::with_file(
                &job.file,
                format!("phones see no picture of it: {reason}"),
            )),
        }
    }
    answer
}

/// The creative as the composer calls it. Its files lie in the working directory.
fn creative_of(job: &Job) -> CreativeFile {
    let parts = job.parts.iter().map(|part| Part {
        name: part.name.clone(),
        path: PathBuf::from(&part.file),
        digest: part.digest,
    });
    CreativeFile {
        kind: job.kind,
        name: job.name.clone(),
        path: PathBuf::from(&job.file),
        digest: job.digest,
        parts: parts.collect(),
    }
}

/// What a publisher is told. A hub does not know the fonts of its screens, so letters are only
/// noted; and pages are seen by the screens, with a Chromium of theirs, so that none is missed
/// here.
fn answer_of(judged: Judgement, fonts: &Fonts) -> Answer {
    let problems = judged.refusals.into_iter().chain(judged.losses);
    let mut notes = judged.notes;
    notes.extend(judged.texts.into_iter().filter_map(|text| {
        let letters = fonts.lacking(&text.text)?;
        Some(Problem {
            file: text.file,
            line: text.line,
            message: format!(
                "{} has {letters}, which none of the fonts here has; write it otherwise, or give the screens a font that has it",
                text.what
            ),
            fault: None,
        })
    }));
    Answer {
        problems: problems.collect(),
        notes,
        ..Answer::default()
    }
}

/// The first picture that a creative refers to: a film's poster.
fn poster_of(creative: &CreativeFile) -> Option<CreativeFile> {
    creative.parts.first().map(|part| CreativeFile {
        kind: CreativeKind::Picture,
        name: part.name.clone(),
        path: part.path.clone(),
        digest: part.digest,
        parts: Vec::new().into(),
    })
}

/// The small picture of a creative; of one that has none, the first picture that it refers to.
fn thumbnail(judge: &Judge, creative: &CreativeFile, job: &Job) -> Result<Thumbnail, String> {
    let preview = |creative: &CreativeFile| {
        judge
            .preview(creative, &job.colours, THUMBNAIL_SIDE_PX)
            .map_err(|reason| reason.to_string())
    };
    let seen = match preview(creative) {
        Ok(seen) => Ok(seen),
        Err(reason) => match poster_of(creative) {
            Some(picture) => preview(&picture),
            None => Err(reason),
        },
    }?;
    small_jpeg(seen).map_err(|error| error.to_string())
}

/// Lowers quality, then size, until the file is small enough.
fn small_jpeg(seen: Preview) -> image::ImageResult<Thumbnail> {
    let (width_px, height_px) = (seen.width_px, seen.height_px);
    let pixels = image::RgbImage::from_raw(width_px, height_px, seen.rgb).unwrap_or_default();
    let mut side = width_px.max(height_px);
    let mut small = pixels.clone();
    loop {
        for quality in QUALITIES {
            let mut jpeg = Vec::new();
            JpegEncoder::new_with_quality(&mut jpeg, quality).encode(
                &small,
                small.width(),
                small.height(),
                ExtendedColorType::Rgb8,
            )?;
            if jpeg.len() <= THUMBNAIL_BYTES_MAX || side <= SIDE_PX_MIN {
                return Ok(Thumbnail {
                    width_px: small.width(),
                    height_px: small.height(),
                    jpeg,
                });
            }
        }
        side = side * 3 / 4;
        let whole = image::DynamicImage::ImageRgb8(pixels.clone());
        small = whole.thumbnail(side, side).into_rgb8();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardest_picture_to_compress_still_has_a_small_jpeg() {
        let mut state = 1u32;
        let noise = (0..800 * 800 * 3).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_le_bytes()[2]
        });
        let thumbnail = small_jpeg(Preview {
            width_px: 800,
            height_px: 800,
            rgb: noise.collect(),
        })
        .unwrap();
        assert!(thumbnail.jpeg.len() <= THUMBNAIL_BYTES_MAX);
        let read = image::load_from_memory(&thumbnail.jpeg).unwrap();
        assert_eq!(
            (read.width(), read.height()),
            (thumbnail.width_px, thumbnail.height_px)
        );
        assert!(read.width() >= 200, "{}", read.width());
    }
}
