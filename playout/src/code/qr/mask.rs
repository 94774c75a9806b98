//! The mask that makes a code easiest to read, by the standard's scores (ISO/IEC 18004, 7.8.3).
//!
//! The library weighs masks too, in a way that takes most of the time of an encoding; this one
//! chooses the same.

use qrcode::Color;
use qrcode::canvas::{Canvas, MaskPattern};

const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// Something like a finder pattern, with the four modules before and behind it.
const FINDER: u32 = 0b101_1101 << 4;
const FINDER_ITSELF: u32 = 0b111_1111 << 4;
const BEFORE: u32 = 0b1111 << 11;
const BEHIND: u32 = 0b1111;

/// Applies the best mask and returns the dark modules; the first one when several are as good.
pub(super) fn best(canvas: &Canvas, modules: usize) -> Vec<bool> {
    let masked = |mask: &MaskPattern| -> Vec<bool> {
        let mut canvas = canvas.clone();
        canvas.apply_mask(*mask);
        let colours = canvas.into_colors().into_iter();
        colours.map(|colour| colour == Color::Dark).collect()
    };
    MASKS
        .iter()
        .map(masked)
        .min_by_key(|dark| penalty(dark, modules))
        .unwrap_or_default()
}

/// How hard a pattern is to read.
fn penalty(dark: &[bool], modules: usize) -> u32 {
    let mut turned = vec![false; dark.len()];
    for (y, row) in dark.chunks_exact(modules).enumerate() {
        for (x, dark) in row.iter().enumerate() {
            turned[x * modules + y] = *dark;
        }
    }
    let lines = |dark: &[bool]| -> u32 { dark.chunks_exact(modules).map(line).sum() };
    lines(dark) + lines(&turned) + blocks(dark, modules) + imbalance(dark)
}

/// Three for five modules of one colour in a row and one for each more; 40 for what looks like a
/// finder pattern with four light modules before or behind it.
fn line(line: &[bool]) -> u32 {
    let (mut score, mut run, mut last) = (0, 0_u32, None);
    let mut window = 0;
    let beyond = [false; 4];
    for (at, &dark) in line.iter().chain(&beyond).enumerate() {
        window = (window << 1) | u32::from(dark);
        let is_finder = window & FINDER_ITSELF == FINDER;
        if is_finder && (window & BEFORE == 0 || window & BEHIND == 0) {
            score += 40;
        }
        if at >= line.len() {
            continue;
        }
        if last == Some(dark) {
            run += 1;
        } else {
            score += of_run(run);
            (run, last) = (1, Some(dark));
        }
    }
    score + of_run(run)
}

const fn of_run(run: u32) -> u32 {
    if run >= 5 { run - 2 } else { 0 }
}

/// Three for each two by two modules of one colour.
fn blocks(dark: &[bool], modules: usize) -> u32 {
    let pairs = dark
        .chunks_exact(modules)
        .zip(dark.chunks_exact(modules).skip(1));
    let same = pairs.flat_map(|(above, below)| {
        above
            .windows(2)
            .zip(below.windows(2))
            .filter(|(above, below)| {
                let first = above[0];
                above[1] == first && below[0] == first && below[1] == first
            })
    });
    3 * u32::try_from(same.count()).unwrap_or(u32::MAX / 3)
}

/// Two for each percent that the dark modules are off a half of all.
fn imbalance(dark: &[bool]) -> u32 {
    let ratio = dark.iter().filter(|dark| **dark).count() * 200 / dark.len().max(1);
    u32::try_from(ratio.abs_diff(100)).unwrap_or(u32::MAX)
}
