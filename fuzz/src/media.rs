//! Any bytes as a file of a campaign: what its header says decides whether it is opened. The hub
//! looks at it with the same code as the screen.
//!
//! Sizes are judged with the decoders' own reading of the header and with limits of this target's
//! own. What claims to be larger than [`DECODED_PIXELS_MAX`] and is still allowed is not decoded
//! here: it would show nothing about headers, and take seconds. Drawings are left out, since text
//! has no header.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::{LazyLock, Once};

use image::{ImageFormat, ImageReader};
use passerby_compose::{Fonts, Inspection, inspect};
use passerby_protocol::creative::{CreativeKind, video_media_type};
use passerby_protocol::parts::check_text;

/// Longest side, and most pixels, that anything may open.
const SIDE_PX_MAX: u32 = 20_000;
const PIXELS_MAX: u64 = 100_000_000;
/// Most frames of an animation.
const FRAMES_MAX: u32 = 3_600;
/// Most pixels of what is decoded here.
const DECODED_PIXELS_MAX: u64 = 1 << 16;
/// Longest reason, in characters; it is one line on a page.
const REASON_CHARS_MAX: usize = 600;
const NAME: &str = "input";
const FORMATS: [ImageFormat; 4] = [
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::WebP,
    ImageFormat::Gif,
];

static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder for the inputs"));
static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::load(&[]).0);
/// A decoder that panics costs one item, since the terminal catches that; libFuzzer's hook would
/// not let it. What is not caught still ends the run.
static CAUGHT: Once = Once::new();

/// Looks at the bytes as each kind of creative.
pub fn run(bytes: &[u8]) {
    CAUGHT.call_once(|| std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))));
    picture(bytes);
    video(bytes);
    text(bytes);
}

fn picture(bytes: &[u8]) {
    if bytes.windows(4).any(|word| word == b"<svg") {
        return;
    }
    let format = image::guess_format(bytes)
        .ok()
        .filter(|format| FORMATS.contains(format));
    let claimed = format.and_then(|format| {
        let reader = ImageReader::with_format(Cursor::new(bytes), format);
        reader.into_dimensions().ok()
    });
    let pixels = claimed.map(|(width, height)| u64::from(width) * u64::from(height));
    let is_allowed = claimed.is_some_and(|(width, height)| {
        width.max(height) <= SIDE_PX_MAX
            && pixels.is_some_and(|pixels| (1..=PIXELS_MAX).contains(&pixels))
    });
    if is_allowed && pixels.is_some_and(|pixels| pixels > DECODED_PIXELS_MAX) {
        return;
    }

    let path: PathBuf = FOLDER.path().join(NAME);
    std::fs::write(&path, bytes).expect("writes the input");
    match inspect(&path, &FONTS) {
        Ok(Inspection {
            width_px,
            height_px,
            frames,
            notes,
            ..
        }) => {
            assert!(is_allowed, "the screen takes {claimed:?}");
            // A camera's note may turn it on its side.
            let turned = claimed.map(|(width, height)| (height, width));
            assert!(
                [claimed, turned].contains(&Some((width_px, height_px))),
                "{claimed:?} became {width_px} × {height_px}"
            );
            assert!((1..=FRAMES_MAX).contains(&frames), "{frames} frames");
            assert!(notes.len() <= 4, "{notes:?}");
            notes.iter().for_each(|note| check_reason(note));
        }
        Err(refused) => {
            let reason = refused.to_string();
            assert!(reason.starts_with(NAME), "{reason}");
            check_reason(&reason);
        }
    }
}

/// The first bytes decide; a rule of this target's own says how.
fn video(bytes: &[u8]) {
    let kind = bytes.get(4..8).unwrap_or_default();
    let is_mp4 = kind == b"ftyp";
    let is_old = [b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"]
        .contains(&kind.try_into().unwrap_or(b"    "));
    let is_webm = bytes.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]);
    match video_media_type(bytes) {
        Ok("video/mp4") => assert!(is_mp4 && !is_webm),
        Ok("video/webm") => assert!(is_webm),
        Ok("video/quicktime") => assert!((is_mp4 && &bytes[8..12] == b"qt  ") || is_old),
        Ok(other) => panic!("{other}"),
        // The brands of pictures and of sound alone are no films.
        Err(_) => assert!(!is_webm && !is_old),
    }
}

fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let lines = text.split('\n').count();
    for kind in [CreativeKind::Card, CreativeKind::Ticker, CreativeKind::Page] {
        let Err(problems) = check_text(kind, NAME, text) else {
            continue;
        };
        assert!(!problems.is_empty(), "refused without a reason");
        for problem in problems {
            assert_eq!(problem.file, NAME);
            assert!((1..=lines).contains(&problem.line), "{problem:?}");
            assert!(!problem.message.trim().is_empty(), "{problem:?}");
        }
    }
}

/// A reason is one bounded line.
fn check_reason(reason: &str) {
    assert!(!reason.trim().is_empty(), "refused without a reason");
    assert!(reason.chars().count() <= REASON_CHARS_MAX, "{reason}");
    assert!(!reason.contains(char::is_control), "{reason:?}");
}
