//! Whether the GPU draws or the processor, and why.
//!
//! Invariant: where it is open whether there is a GPU, its driver is asked in a process of its own.
//! A driver that crashes or hangs costs that process and a few seconds, and none of it stays in
//! this one when the processor draws.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use passerby_playout::screen::drawing::Drawing;

use crate::cli::failure::Failure;
use crate::stage::{DrawWith, look_for_adapter};

/// The command by which this program asks the driver.
pub(super) const COMMAND: &str = "look-for-gpu";
/// How long a driver may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How often is looked whether it has.
const ANSWER_STEP: Duration = Duration::from_millis(5);
/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 4_096;
/// What an answer begins with when the processor would draw in the end.
const CPU: &str = "cpu ";
/// What it begins with when a GPU would.
const GPU: &str = "gpu ";
/// Where the kernel has what can draw; what only shows pictures has no such file.
const RENDERS: (&str, &str) = ("/dev/dri", "renderD");
/// The same for drivers that do not use the kernel's own way.
const OTHERS: [&str; 2] = ["/dev/nvidiactl", "/dev/dxg"];

/// What draws, and why, as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) draw_with: DrawWith,
    why: String,
}

impl Choice {
    /// Decides as the operator wants it, for a window or without one.
    pub(super) fn of(drawing: Drawing, offscreen: bool) -> Self {
        match drawing {
            Drawing::Gpu => Self::new(DrawWith::Gpu, "screen.draw is \"gpu\""),
            Drawing::Cpu => Self::new(DrawWith::Cpu, "screen.draw is \"cpu\""),
            Drawing::Auto if !has_hardware() => {
                Self::new(DrawWith::Cpu, "this machine has no GPU that draws")
            }
            Drawing::Auto => {
                let found = ask(offscreen).and_then(|answer| Self::by(&answer));
                found.unwrap_or_else(|reason| {
                    Self::new(DrawWith::Cpu, &format!("no GPU can be used: {reason}"))
                })
            }
        }
    }

    fn new(draw_with: DrawWith, why: &str) -> Self {
        Self {
            draw_with,
            why: why.to_owned(),
        }
    }

    /// Decides by what the driver has answered.
    ///
    /// # Errors
    /// It has told nothing.
    fn by(answer: &str) -> Result<Self, String> {
        let line = answer.lines().next_back().unwrap_or_default();
        match (line.strip_prefix(GPU), line.strip_prefix(CPU)) {
            (Some(name), _) => Ok(Self::new(
                DrawWith::Gpu,
                &format!("this machine has {name}"),
            )),
            (None, Some(name)) => Ok(Self::new(
                DrawWith::Cpu,
                &format!("its only driver, {name}, uses the processor as well, and more of it"),
            )),
            (None, None) => Err("its driver gave no answer".to_owned()),
        }
    }

    /// The same for whoever wants to know before it draws: where the operator wants the GPU, its
    /// driver is asked as well.
    ///
    /// # Errors
    /// Why the GPU that the operator wants cannot draw.
    pub(super) fn foreseen(drawing: Drawing) -> Result<Self, String> {
        let mut choice = Self::of(drawing, false);
        if drawing == Drawing::Gpu {
            let found = ask(false)
                .and_then(|answer| Self::by(&answer))
                .map_err(|reason| {
                    format!(
                        "it is \"gpu\", and no GPU can be used: {reason}; with \"auto\" the processor draws where there is none"
                    )
                })?;
            if found.draw_with == DrawWith::Cpu {
                choice.why = format!(
                    "{}, though {}; \"auto\" is lighter here",
                    choice.why, found.why
                );
            }
        }
        Ok(choice)
    }

    /// Says what draws, and why.
    pub(super) fn sentence(&self) -> String {
        let what = match self.draw_with {
            DrawWith::Gpu => "the GPU",
            DrawWith::Cpu => "the processor",
        };
        format!("{what} draws: {}", self.why)
    }
}

/// Tells whether the kernel knows a GPU that draws.
fn has_hardware() -> bool {
    let (folder, name) = RENDERS;
    let renders = fs::read_dir(folder).is_ok_and(|files| {
        files
            .flatten()
            .any(|file| file.file_name().to_string_lossy().starts_with(name))
    });
    renders || OTHERS.into_iter().any(|file| Path::new(file).exists())
}

/// Asks the driver in a process of its own.
fn ask(offscreen: bool) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg(COMMAND);
    if offscreen {
        command.arg("--offscreen");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let deadline = Instant::now() + ANSWER_MAX;
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(_) => break,
            None if Instant::now() > deadline => {
                // It may have ended by now.
                let _ = child.kill();
                let _ = child.wait();
                let seconds = ANSWER_MAX.as_secs();
                return Err(format!("its driver does not answer within {seconds} s"));
            }
            None => thread::sleep(ANSWER_STEP),
        }
    }
    let mut answer = String::new();
    if let Some(output) = child.stdout.take() {
        output
            .take(ANSWER_BYTES_MAX)
            .read_to_string(&mut answer)
            .map_err(|error| error.to_string())?;
    }
    if answer.is_empty() {
        return Err("its driver cannot be opened".to_owned());
    }
    Ok(answer)
}

/// Answers whoever asks in a process of its own.
pub(super) fn answer(offscreen: bool) -> Result<(), Failure> {
    let adapter = look_for_adapter(offscreen).map_err(|error| Failure::Start(error.to_string()))?;
    let kind = if adapter.is_cpu { CPU } else { GPU };
    println!("{kind}{}", adapter.name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_driver_that_answers_with_a_gpu_has_the_gpu_draw() {
        let with = |answer: &str| Choice::by(answer).map(|choice| choice.draw_with);
        assert_eq!(with("gpu V3D 4.2\n"), Ok(DrawWith::Gpu));
        assert_eq!(with("warning: gpu x\ncpu llvmpipe\n"), Ok(DrawWith::Cpu));
        assert!(with("segmentation fault").is_err());
    }

    #[test]
    fn what_the_operator_says_is_not_questioned() {
        for offscreen in [false, true] {
            let gpu = Choice::of(Drawing::Gpu, offscreen);
            assert_eq!(gpu.draw_with, DrawWith::Gpu);
            let cpu = Choice::of(Drawing::Cpu, offscreen);
            assert_eq!(cpu.draw_with, DrawWith::Cpu);
            assert_eq!(
                cpu.sentence(),
                "the processor draws: screen.draw is \"cpu\""
            );
        }
    }
}
