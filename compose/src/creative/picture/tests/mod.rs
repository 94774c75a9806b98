//! Every still format, on real files.

mod checksums;
mod ends;
mod orientations;
mod profiles;

use std::path::{Path, PathBuf};

use passerby_playout::content::creative::Part;
use passerby_protocol::Digest;

use super::*;
use crate::creative::picture_file::{inspect, name_of, open};
use crate::text::fonts;
use crate::text::fonts::drawings::DrawingFonts;

fn media(name: &str) -> PathBuf {
    passerby_testing::package_folder()
        .join("tests/media")
        .join(name)
}

/// Opens a file as a part of a creative.
fn opened(path: &Path) -> Result<Bitmap, ComposeError> {
    let part = Part {
        name: name_of(path),
        path: path.to_owned(),
        digest: Digest::of(&std::fs::read(path).expect("reads")),
    };
    open(&part, DrawingFonts::bundled(), 320)
}

/// The middles of the four quarters, as RGBA.
fn quarters(bitmap: &Bitmap) -> [[u8; 4]; 4] {
    assert_eq!((bitmap.width, bitmap.height), (32, 24));
    [(8, 6), (24, 6), (8, 18), (24, 18)].map(|(x, y)| {
        let at = y * 32 + x;
        match &bitmap.pixels {
            Pixels::Rgb(rgb) => [rgb[at * 3], rgb[at * 3 + 1], rgb[at * 3 + 2], 255],
            Pixels::Rgba(rgba) => [0, 1, 2, 3].map(|channel| rgba[at * 4 + channel]),
        }
    })
}

#[test]
fn every_still_format_shows_its_colours() {
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [200; 3]];
    let greys = [[76; 3], [150; 3], [29; 3], [200; 3]];
    let cases = [
        ("baseline.jpg", colours, 255),
        ("progressive.jpg", colours, 255),
        ("rgb_adobe.jpg", colours, 255),
        ("grey.jpg", greys, 255),
        ("grey_progressive.jpg", greys, 255),
        ("cmyk_adobe.jpg", colours, 255),
        ("cmyk_progressive.jpg", colours, 255),
        ("cmyk_unmarked.jpg", colours, 255),
        ("ycck_adobe.jpg", colours, 255),
        ("rgb.png", colours, 255),
        ("rgba.png", colours, 0),
        ("rgb16.png", colours, 255),
        ("rgba16.png", colours, 0),
        ("palette.png", colours, 255),
        ("palette_trns.png", colours, 0),
        ("grey_alpha.png", greys, 0),
        ("lossy.webp", colours, 255),
        ("lossless.webp", colours, 255),
        ("lossy_alpha.webp", colours, 0),
        ("lossless_alpha.webp", colours, 0),
    ];
    for (name, expected, last_alpha) in cases {
        let bitmap = opened(&media(name)).expect(name);
        let found = quarters(&bitmap);
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let alpha = if at == 3 { last_alpha } else { 255 };
            assert_eq!(found[3], alpha, "{name}, quarter {at}");
            let near = found
                .iter()
                .zip(expected)
                .all(|(found, expected)| found.abs_diff(expected) <= 6);
            assert!(near || alpha == 0, "{name}, quarter {at}: {found:?}");
        }
        let inspected = inspect(&media(name), &fonts::Fonts::default()).expect(name);
        assert_eq!((inspected.frames, inspected.notes.len()), (1, 0), "{name}");
    }
}

#[test]
fn a_progressive_jpeg_has_a_limit_of_its_own() {
    let mut jpeg = std::fs::read(media("progressive.jpg")).expect("reads");
    let at = jpeg
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC2])
        .expect("a frame header");
    jpeg[at + 5..at + 9].copy_from_slice(&[0x1F, 0x40, 0x1F, 0x40]); // 8000 × 8000
    let refused = still(ImageFormat::Jpeg, &jpeg).map(|_| ());
    let reason = refused.expect_err("refused").words;
    assert!(
        reason.contains("progressive JPEG, more than 50 million"),
        "{reason}"
    );
}

#[test]
fn animations_say_how_many_frames_they_have() {
    for (name, frames) in [
        ("forever.gif", 4),
        ("one_frame.gif", 1),
        ("twice.apng", 4),
        ("cover.apng", 4),
        ("dot.webp", 4),
    ] {
        let found = inspect(&media(name), &fonts::Fonts::default()).expect(name);
        assert_eq!((found.width_px, found.height_px), (32, 24), "{name}");
        assert_eq!(found.frames, frames, "{name}");
    }
    let deep = inspect(&media("deep.apng"), &fonts::Fonts::default()).expect("opens");
    assert_eq!(deep.frames, 1);
    assert!(deep.notes[0].contains("16 bits"), "{:?}", deep.notes);
}
