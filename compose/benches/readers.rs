//! Counts how often each reader misses a code whose pixels are perfect, and what a look costs: the
//! grounds of the rule in `passerby_compose::verify`.
//!
//! `readers [LINKS [SEED]]`: that many random token links in code squares amid noise, the module
//! sizes and the four rotations in turn. One figure a line; a text that is not the link ends it
//! with status 1.

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "figures of small numbers"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use passerby_compose::slide::Area;
use passerby_compose::verify::{Reader, ReaderInput, View};
use passerby_playout::code::qr::{QUIET_MODULES, QrMatrix};
use passerby_protocol::token::{Token, TokenContents, TokenKey};
use passerby_protocol::{Assignment, PlayNumber, ScreenNumber};

/// Pixels on a side of a module.
const SIZES: [u32; 6] = [3, 4, 5, 7, 10, 17];
/// Modules of noise around the code square.
const AROUND: u32 = 3;

/// How one reader did.
#[derive(Default)]
struct Score {
    asked: u64,
    missed_at_first: u64,
    missed: u64,
    spent: Duration,
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse().unwrap());
    let links: u64 = args.next().unwrap_or(20_000);
    let mut dice = args.next().unwrap_or(0x5EED);
    let mut wrong = 0_u64;
    let mut by_size: Vec<(u32, [Score; 2], u64)> = SIZES
        .iter()
        .map(|side| (*side, Default::default(), 0))
        .collect();
    for number in 0..links {
        let url = token_link(&mut dice);
        let matrix = QrMatrix::encode(&url).unwrap();
        let turn = usize::try_from(number).unwrap();
        let (side, scores, both) = &mut by_size[turn % SIZES.len()];
        let rotation = [0, 90, 180, 270][turn / SIZES.len() % 4];
        let view = draw(&matrix, *side, rotation, &mut dice);
        let mut found = 0;
        for (reader, score) in Reader::ALL.into_iter().zip(scores.iter_mut()) {
            let started = Instant::now();
            let afar = view.from_afar((*side / 4).max(1) as usize);
            let mut sight = reader.read_once(&afar);
            if !matches!(sight, ReaderInput::Text(_)) {
                score.missed_at_first += 1;
                sight = reader.read(&view, *side);
            }
            score.spent += started.elapsed();
            score.asked += 1;
            match sight {
                ReaderInput::Text(text) if text == url => found += 1,
                ReaderInput::Text(text) => {
                    wrong += 1;
                    println!("{reader} reads {text:?} instead of {url:?}");
                }
                _ => score.missed += 1,
            }
        }
        *both += u64::from(found == 0);
    }
    let mut totals: [Score; 2] = Default::default();
    let mut neither = 0_u64;
    for (side, scores, both) in by_size {
        neither += both;
        for ((reader, score), total) in Reader::ALL.into_iter().zip(scores).zip(&mut totals) {
            tell(&format!("{reader} at {side} px a module"), &score);
            total.asked += score.asked;
            total.missed_at_first += score.missed_at_first;
            total.missed += score.missed;
            total.spent += score.spent;
        }
    }
    let [rxing, _] = &totals;
    let asked = rxing.asked;
    for (reader, total) in Reader::ALL.into_iter().zip(&totals) {
        tell(&reader.to_string(), total);
    }
    figure("perfect codes missed by both", neither, asked);
    figure("perfect codes read as something else", wrong, asked);
    ExitCode::from(u8::from(wrong > 0))
}

/// One figure a line: name, value, unit, compared with, ratio.
fn figure(name: &str, value: u64, of: u64) {
    let share = value as f64 / of.max(1) as f64;
    println!("{name}\t{value}\tcodes\tof {of}\t{share:.6}");
}

fn tell(who: &str, score: &Score) {
    let look = format!("perfect codes missed by {who} at its first look");
    figure(&look, score.missed_at_first, score.asked);
    let all = format!("perfect codes missed by {who}");
    figure(&all, score.missed, score.asked);
    let us = score.spent.as_secs_f64() * 1e6 / score.asked.max(1) as f64;
    println!(
        "one code with {who}\t{us:.0}\tµs\tgoal 10000\t{:.4}",
        us / 10_000.0
    );
}

fn random(dice: &mut u64) -> u64 {
    *dice = dice.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *dice;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// A link as the terminal mints it; hosts of two lengths, so that both versions 3 and 4 are met.
fn token_link(dice: &mut u64) -> String {
    let bits = |dice: &mut u64, bits: u32| u32::try_from(random(dice) >> (64 - bits)).unwrap();
    let screen = ScreenNumber::new(bits(dice, 28).max(1)).unwrap();
    let contents = TokenContents {
        generation: u8::try_from(bits(dice, 3)).unwrap(),
        screen,
        assignment: Assignment::new(bits(dice, 20).max(1)).unwrap(),
        play: PlayNumber::new(bits(dice, 28).max(1)).unwrap(),
        minutes: bits(dice, 24),
    };
    let token = Token::mint(
        contents,
        &TokenKey::derive(&[7; 32], screen, contents.generation),
    );
    let host = ["HUB.EXAMPLE", "SCREENS.OF.SOMEBODY.EXAMPLE"][usize::from(random(dice) >> 63 == 1)];
    format!("HTTPS://{host}/Q/{token}")
}

/// A code square, turned clockwise, with noise around.
fn draw(matrix: &QrMatrix, side: u32, rotation: u16, dice: &mut u64) -> View {
    let last = matrix.modules() - 1;
    let quiet = QUIET_MODULES + AROUND;
    let across = matrix.modules() + 2 * quiet;
    let width = across * side;
    let mut rgba = Vec::with_capacity((width * width * 4) as usize);
    for y in 0..width {
        for x in 0..width {
            let (column, row) = (x / side, y / side);
            let end = |at: u32| at < AROUND || at >= across - AROUND;
            if end(column) || end(row) {
                let [red, green, blue, ..] = random(dice).to_be_bytes();
                rgba.extend_from_slice(&[red, green, blue, 255]);
                continue;
            }
            let inside = |at: u32| at.checked_sub(quiet).filter(|at| *at <= last);
            let dark = inside(column).zip(inside(row)).is_some_and(|(c, r)| {
                let (x, y) = match rotation {
                    90 => (r, last - c),
                    180 => (last - c, last - r),
                    270 => (last - r, c),
                    _ => (c, r),
                };
                matrix.is_dark(x, y)
            });
            rgba.extend_from_slice(if dark { &[0, 0, 0, 255] } else { &[255; 4] });
        }
    }
    View::new(width, &rgba, Area::new(0, 0, width, width))
}
