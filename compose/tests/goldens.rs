//! A few scenes as the composer draws them, compared with pictures that a person has looked at.
//!
//! A scene may differ from its picture by at most [`MEAN_MAX`] on average, and at most
//! [`FAR_SHARE_MAX`] of its pixels by more than [`FAR`]. `PASSERBY_BLESS=1` writes the pictures
//! anew; look at every one before committing it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a broken scene should stop its test"
)]

mod scenes;

use std::path::{Path, PathBuf};

use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use scenes::{Scene, rendered};

/// Largest mean difference of a channel, of 255.
const MEAN_MAX: f64 = 1.0;
/// A pixel is far off when one of its channels differs by more than this.
const FAR: u8 = 16;
/// Largest share of pixels that may be far off.
const FAR_SHARE_MAX: f64 = 0.005;

fn path(name: &str) -> PathBuf {
    passerby_testing::package_folder()
        .join("tests/goldens")
        .join(format!("{name}.png"))
}

/// Writes a picture as small as PNG makes it.
fn save(picture: &RgbImage, path: &Path) {
    let file = std::fs::File::create(path).expect("makes the file");
    let encoder = PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive);
    picture
        .write_with_encoder(encoder)
        .expect("writes the picture");
}

/// Says how a scene differs from its picture, if it does so too much.
fn difference(drawn: &RgbImage, golden: &RgbImage) -> Option<String> {
    if drawn.dimensions() != golden.dimensions() {
        return Some(format!(
            "is {:?}, not {:?}",
            drawn.dimensions(),
            golden.dimensions()
        ));
    }
    let (mut sum, mut far) = (0_u64, 0_u32);
    for (one, other) in drawn.pixels().zip(golden.pixels()) {
        let off = one
            .0
            .iter()
            .zip(other.0)
            .map(|(one, other)| one.abs_diff(other));
        let worst = off.clone().max().unwrap_or(0);
        sum += off.map(u64::from).sum::<u64>();
        far += u32::from(worst > FAR);
    }
    let pixels = f64::from(drawn.width()) * f64::from(drawn.height());
    #[expect(clippy::cast_precision_loss, reason = "a sum over one small picture")]
    let mean = sum as f64 / (pixels * 3.0);
    let share = f64::from(far) / pixels;
    (mean > MEAN_MAX || share > FAR_SHARE_MAX).then(|| {
        format!(
            "differs by {mean:.2} on average, {:.2} % far off",
            share * 100.0
        )
    })
}

#[test]
fn scenes_look_as_they_did() {
    let bless = std::env::var_os("PASSERBY_BLESS").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    for scene in Scene::all() {
        let drawn = rendered(&scene);
        let path = path(scene.name);
        if bless {
            save(&drawn, &path);
            continue;
        }
        let golden = image::open(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; see PASSERBY_BLESS", scene.name))
            .into_rgb8();
        if let Some(how) = difference(&drawn, &golden) {
            let shown = std::env::temp_dir().join(format!("passerby-{}.png", scene.name));
            drawn.save(&shown).expect("writes the picture");
            wrong.push(format!("{} {how}; see {}", scene.name, shown.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn all_pictures_together_stay_small() {
    let folder = path("x").parent().expect("a folder").to_owned();
    let bytes: u64 = std::fs::read_dir(folder)
        .expect("the pictures")
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len())
        .sum();
    assert!(bytes < 1_500_000, "{bytes} bytes of pictures");
}
