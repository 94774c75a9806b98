//! A process that draws one drawing once, and then ends.
//!
//! It is another run of the program that wants the drawing, by its subcommand [`COMMAND`]. On its
//! standard input it is told in one line of JSON what to draw, and behind it the text of the
//! drawing; on its standard output it answers in one line, and behind it the pixels.
//!
//! Invariants:
//! - before it reads anything it has bound its memory, may write no file, and dies with whoever
//!   started it ([`confine`]); where the machine has no memory left, it is ended first;
//! - whoever started it waits for [`TIME_MAX`] at most and then kills it, so nothing that a drawing
//!   does to the renderer outlasts it;
//! - an answer is read up to a stated size, and taken whole or not at all.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use passerby_protocol::foreign::one_line;
use resvg::tiny_skia::{IntSize, Pixmap};
use serde::{Deserialize, Serialize};

use crate::confinement::confine;
use crate::creative::drawing::limits::{SMALL_SIDE_PX, SVG_BYTES_MAX};
use crate::creative::drawing::parsed::{DrawingFacts, Parsed, View};
use crate::creative::supervise::{Output, Patience, RunError, run};
use crate::raster::canvas::px;
use crate::text::fonts::Fonts;
use crate::text::fonts::drawings::DrawingFonts;

/// The subcommand that draws.
pub const COMMAND: &str = "draw";
/// Most memory that it may map, in bytes: as much as the hub gives whatever looks at a creative.
pub const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// How long it is waited for. It gives up by itself after 40 s of parsing and 40 s of drawing.
const TIME_MAX: Duration = Duration::from_secs(90);
/// Longest line that it is told, in bytes.
const ORDER_BYTES_MAX: usize = 4 << 10;
/// Longest line that it answers, in bytes.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Most characters that are passed on of what it complains.
const WORDS_CHARS_MAX: usize = 160;

/// The program whose processes draw; none draws in this process.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Has every drawing drawn by a process of this program from now on, also after its file was
/// replaced by that of another version.
///
/// # Errors
/// The system does not tell which it is.
pub fn use_this_program() -> io::Result<()> {
    let running = PathBuf::from("/proc/self/exe");
    let program = if running.exists() {
        running
    } else {
        std::env::current_exe()?
    };
    // A program that was named already is this one.
    let _ = PROGRAM.set(program);
    Ok(())
}

/// Obeys the order on standard input with the bundled fonts and those of some folders, and writes
/// the answer to standard output.
///
/// # Errors
/// What is wrong with the order, or with writing the answer.
pub fn serve(font_folders: &[PathBuf]) -> io::Result<()> {
    confine(MEMORY_BYTES_MAX)?;
    let mut told = Vec::new();
    io::stdin()
        .take((ORDER_BYTES_MAX + SVG_BYTES_MAX) as u64)
        .read_to_end(&mut told)?;
    let (line, text) = split_line(&told).ok_or(io::ErrorKind::UnexpectedEof)?;
    let order: Order = serde_json::from_slice(line)?;
    let text = String::from_utf8(text.to_vec()).map_err(io::Error::other)?;
    drop(told);
    let (fonts, _) = Fonts::load(font_folders);
    let (answer, pixmap) = match obey(&order, text, fonts.of_drawings()) {
        Ok((facts, pixmap)) => (Ok(facts), Some(pixmap)),
        Err(reason) => (Err(reason), None),
    };
    let mut line = serde_json::to_vec::<Answer>(&answer)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    if let Some(pixmap) = &pixmap {
        out.write_all(pixmap.data())?;
    }
    out.flush()
}

fn obey(
    order: &Order,
    text: String,
    fonts: &DrawingFonts,
) -> Result<(Option<Told>, Pixmap), String> {
    let parsed = Parsed::read(text, fonts)?;
    let (facts, view) = match order.view {
        Some(view) => (None, view),
        None => (Some(parsed.facts.clone()), parsed.facts.small_view()),
    };
    let pixmap = parsed.draw(&view)?;
    let told = facts.map(|facts| Told {
        facts,
        size_px: view.size_px,
    });
    Ok((told, pixmap))
}

/// What the process is told.
#[derive(Serialize, Deserialize)]
struct Order {
    /// What to draw; absent, all of it, small, and to say what is known of it.
    view: Option<View>,
}

/// What it says of a drawing that was only opened.
#[derive(Serialize, Deserialize)]
struct Told {
    facts: DrawingFacts,
    /// Of the pixels behind the line.
    size_px: (u32, u32),
}

/// The line of its answer, or why the drawing is refused.
type Answer = Result<Option<Told>, String>;

/// Has one drawing drawn, by a process for each time.
pub(super) struct DrawingProcess {
    program: &'static Path,
    font_folders: Vec<PathBuf>,
    text: String,
}

impl DrawingProcess {
    /// `None` where drawings are drawn in this process.
    pub(super) fn of(text: &str, fonts: &DrawingFonts) -> Option<Self> {
        PROGRAM
            .get()
            .map(|program| Self::of_program(program, text, fonts))
    }

    fn of_program(program: &'static Path, text: &str, fonts: &DrawingFonts) -> Self {
        Self {
            program,
            font_folders: fonts.folders.clone(),
            text: text.to_owned(),
        }
    }

    /// What is known of the drawing, and all of it, small.
    ///
    /// # Errors
    /// Why it is refused, or what became of the process.
    pub(super) fn open(&self) -> Result<(DrawingFacts, Pixmap), String> {
        let (told, pixels) = self.ask(None, small_bytes_max())?;
        let told = told.ok_or_else(|| broke_off("it said nothing of the drawing"))?;
        Ok((told.facts, pixmap_of(pixels, told.size_px)?))
    }

    /// A part of the drawing.
    ///
    /// # Errors
    /// Why it is refused, or what became of the process.
    pub(super) fn draw(&self, view: &View) -> Result<Pixmap, String> {
        let (width, height) = view.size_px;
        let bytes = u64::from(width) * u64::from(height) * 4;
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let (_, pixels) = self.ask(Some(*view), bytes)?;
        pixmap_of(pixels, view.size_px)
    }

    fn ask(
        &self,
        view: Option<View>,
        pixel_bytes_max: usize,
    ) -> Result<(Option<Told>, Vec<u8>), String> {
        let mut order =
            serde_json::to_vec(&Order { view }).map_err(|error| broke_off(&error.to_string()))?;
        order.push(b'\n');
        order.extend_from_slice(self.text.as_bytes());
        let mut command = Command::new(self.program);
        command
            .arg(COMMAND)
            .args(&self.font_folders)
            // Every arena of the allocator takes 64 MiB of what may be mapped.
            .env("MALLOC_ARENA_MAX", "2");
        let bytes_max = pixel_bytes_max.saturating_add(ANSWER_BYTES_MAX);
        let Output { made, said } = run(
            &mut command,
            &order,
            bytes_max,
            Patience::of_clock(TIME_MAX),
        )
        .map_err(what_ended_it)?;
        // What it logs is this program's log.
        let _ = io::stderr().write_all(said.as_bytes());
        let (line, pixels) = split_line(&made).ok_or_else(|| broke_off("its answer has no end"))?;
        let answer: Answer =
            serde_json::from_slice(line).map_err(|_| broke_off("its answer makes no sense"))?;
        Ok((answer?, pixels.to_vec()))
    }
}

fn what_ended_it(error: RunError) -> String {
    match error {
        RunError::Start(reason) => {
            format!("no process to draw it could be started ({reason}); restart the terminal")
        }
        RunError::Late(_) => format!(
            "the drawing was not done after {} s; simplify it, or export it as PNG",
            TIME_MAX.as_secs()
        ),
        RunError::Failed(words) if is_out_of_memory(&words) => format!(
            "it takes more than {} MiB of memory to draw; simplify it, or export it as PNG",
            MEMORY_BYTES_MAX >> 20
        ),
        RunError::Failed(words) => broke_off(&words),
        RunError::Flood(_) => broke_off("its answer is too long"),
    }
}

/// What Rust's allocator, and threads without room for their stack, say before they give up.
fn is_out_of_memory(words: &str) -> bool {
    words.contains("memory allocation of") || words.contains("Cannot allocate memory")
}

fn broke_off(how: &str) -> String {
    format!(
        "the process that draws it broke off ({}); simplify it, or export it as PNG",
        one_line(how, WORDS_CHARS_MAX)
    )
}

/// No small picture of a drawing has more bytes.
fn small_bytes_max() -> usize {
    let side = px(SMALL_SIDE_PX) as usize;
    side * side * 4
}

fn pixmap_of(pixels: Vec<u8>, (width, height): (u32, u32)) -> Result<Pixmap, String> {
    IntSize::from_wh(width, height)
        .and_then(|size| Pixmap::from_vec(pixels, size))
        .ok_or_else(|| broke_off("its picture is not whole"))
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a drawing where a script stands in for the program.
    fn said(script: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join("program");
        // Written by another process: while this one starts others, they may hold what it writes.
        let written = Command::new("sh")
            .args([
                "-c",
                "printf '#!/bin/sh\\n%s\\n' \"$1\" >\"$0\" && chmod 755 \"$0\"",
            ])
            .arg(&program)
            .arg(script)
            .status();
        assert!(written.expect("sh runs").success());
        let program: &'static Path = Box::leak(program.into_boxed_path());
        let process = DrawingProcess::of_program(program, "<svg/>", DrawingFonts::bundled());
        process.open().map(|_| ()).expect_err(script)
    }

    #[test]
    fn a_process_that_is_killed_or_talks_nonsense_costs_one_reason() {
        for (script, reason) in [
            ("kill -9 $$", "broke off (signal: 9"),
            ("kill -11 $$", "broke off (signal: 11"),
            ("echo oh >&2; exit 101", "broke off (oh); simplify it"),
            ("true", "broke off (its answer has no end)"),
            ("echo nonsense", "broke off (its answer makes no sense)"),
            (
                "echo '{\"Ok\":null}'",
                "broke off (it said nothing of the drawing)",
            ),
            (
                "head -c 9000000 /dev/zero",
                "broke off (its answer is too long)",
            ),
            (
                "echo 'memory allocation of 123456 bytes failed' >&2; kill -6 $$",
                "it takes more than 2048 MiB of memory to draw; simplify it",
            ),
            (
                "cat >/dev/null; echo '{\"Err\":\"the drawing is damaged; export it anew\"}'",
                "the drawing is damaged; export it anew",
            ),
            (
                "echo '{\"Ok\":{\"facts\":{\"size\":[9,9],\"losses\":[],\"notes\":[],\"letters\":\"\"},\"size_px\":[192,192]}}'; echo few",
                "broke off (its picture is not whole)",
            ),
        ] {
            let said = said(script);
            assert!(said.contains(reason), "{script}: {said}");
        }
        let nowhere =
            DrawingProcess::of_program(Path::new("/nowhere"), "<svg/>", DrawingFonts::bundled());
        let said = nowhere.open().map(|_| ()).expect_err("nowhere");
        assert!(said.starts_with("no process to draw it"), "{said}");
    }

    #[test]
    fn a_text_longer_than_a_pipe_is_no_reason_to_wait_for_a_process_that_does_not_read_it() {
        let process = DrawingProcess {
            program: Path::new("/bin/true"),
            font_folders: Vec::new(),
            text: " ".repeat(SVG_BYTES_MAX),
        };
        let said = process.open().map(|_| ()).expect_err("no answer");
        assert!(said.contains("its answer has no end"), "{said}");
    }
}
