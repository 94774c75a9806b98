//! Prints how long the slide of a photograph takes that is shown for the first time, one figure a
//! line: name, value, unit, compared with, ratio.
//!
//! A photograph as telephones take them, 4000 × 3000 pixels, on a screen of 1920 × 1080: without a
//! colour profile, with the one that says what everybody assumes anyway, and with one whose colours
//! have to be computed.

#![allow(clippy::unwrap_used, reason = "figures from this machine alone")]

use std::path::Path;
use std::time::Instant;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _, Rgb, RgbImage};
use moxcms::ColorProfile;
use passerby_compose::SlideComposer;
use passerby_playout::content::creative::{Creative, CreativeFile};
use passerby_playout::messages::stage_messages::{Composer as _, SlideOrder, Ticket};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, CreativeKind, Motion};

const ROUNDS: usize = 7;
/// A slide is made while the one before it is shown, which takes two seconds at least.
const GOAL_MS: f64 = 2_000.0;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let photograph = RgbImage::from_fn(4_000, 3_000, |x, y| {
        let wave = |of: u32| u8::try_from(of % 256).unwrap();
        Rgb([wave(x / 16), wave(y / 12), wave((x + y) / 28)])
    });
    for (name, profile) in [
        ("no profile", None),
        ("sRGB", Some(ColorProfile::new_srgb())),
        ("Display P3", Some(ColorProfile::new_display_p3())),
    ] {
        let mut jpeg = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut jpeg, 90);
        if let Some(profile) = profile {
            encoder.set_icc_profile(profile.encode().unwrap()).unwrap();
        }
        let (width, height) = photograph.dimensions();
        encoder
            .write_image(&photograph, width, height, ExtendedColorType::Rgb8)
            .unwrap();
        let path = folder.path().join("photograph.jpg");
        std::fs::write(&path, &jpeg).unwrap();
        let ms = best_ms(&path, &jpeg);
        println!(
            "slide of a photograph, {name}\t{ms:.1}\tms\tgoal {GOAL_MS}\t{:.4}",
            ms / GOAL_MS
        );
    }
}

/// The shortest of some rounds; what makes the others longer is the rest of the machine.
fn best_ms(path: &Path, jpeg: &[u8]) -> f64 {
    let order = SlideOrder {
        ticket: Ticket(1),
        zone: Zone::MAIN,
        creative: Creative::File(CreativeFile {
            kind: CreativeKind::Picture,
            name: "photograph.jpg".to_owned(),
            path: path.to_owned(),
            digest: Digest::of(jpeg),
            parts: Vec::new().into(),
        }),
        campaign: String::new(),
        play: None,
        headline: None,
        code: None,
        colours: Colours::default(),
        motion: Motion::Still,
        sound: false,
        dwell: None,
    };
    let rounds = (0..ROUNDS).map(|_| {
        // A new one remembers no picture.
        let mut composer = SlideComposer::default();
        let started = Instant::now();
        composer
            .compose(&order, &Geometry::whole(1_920, 1_080))
            .unwrap();
        started.elapsed().as_secs_f64() * 1_000.0
    });
    rounds.fold(f64::INFINITY, f64::min)
}
