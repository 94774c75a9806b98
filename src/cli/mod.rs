//! What the command line accepts, and the exit codes that scripts rely on.

mod check;
mod data_dir;
mod drawing;
mod enroll;
mod failure;
mod hub_content;
mod json_output;
mod options;
mod plays;
mod run;
mod timeline;
mod unplayed;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use passerby_compose::creative::drawing::drawing_process;
use passerby_compose::creative::video::{DECODER_VARIABLE, DecoderKind, FFMPEG_VARIABLE};
use passerby_compose::creative::web_page::{CHROMIUM_PROGRAMS, CHROMIUM_VARIABLE};
use passerby_protocol::help::{Meaning, NO_COLOUR_VARIABLE, exit_codes_and_environment};

use crate::cli::failure::Failure;

/// How much is logged.
pub const LOG_VARIABLE: &str = "PASSERBY_LOG";

/// Exit codes, for scripts, and what each means.
pub const EXIT_CODES: [(u8, &str); 4] = [
    (0, "success"),
    (2, "settings or input are wrong; every problem is listed"),
    (
        3,
        "cannot start: the display, the GPU, the database or the disk; or the display or the GPU went away",
    ),
    (4, "not enrolled; see `passerby enroll`"),
];

/// What the program reads from its environment, and what each variable means.
pub fn environment() -> Vec<Meaning> {
    let decoders = DecoderKind::WORDS.map(|(word, _)| word).join("`, `");
    let chromium = CHROMIUM_PROGRAMS.join("`, `");
    [
        (
            LOG_VARIABLE,
            "how much is logged, such as `debug` or `warn`. Default: `info` for most".to_owned(),
        ),
        (
            FFMPEG_VARIABLE,
            "the ffmpeg that decodes films, if it is not on the path; `ffprobe` is looked for in its folder first, then on the path".to_owned(),
        ),
        (
            DECODER_VARIABLE,
            format!("the only decoder of films to use: `{decoders}`. Default: the first that works"),
        ),
        (
            CHROMIUM_VARIABLE,
            format!("the Chromium for web pages. Default: the first on the path of `{chromium}`"),
        ),
        (
            "https_proxy",
            "a proxy for web pages, with `no_proxy` and the like; it must keep to the public internet".to_owned(),
        ),
        (
            data_dir::MEMORY_VARIABLE,
            format!(
                "the folder in memory in which the terminal keeps its data if the disk of `data.dir` is read-only. Default: `{}`",
                data_dir::MEMORY_FOLDER
            ),
        ),
        (
            NO_COLOUR_VARIABLE,
            "any value keeps colours out of the log".to_owned(),
        ),
    ]
    .map(|(name, means)| (name.to_owned(), means))
    .to_vec()
}

/// Shows campaigns with live codes on a screen, and counts what it showed.
///
/// Results go to standard output; log and problems to standard error.
#[derive(Parser)]
#[command(version, after_long_help = exit_codes_and_environment(&EXIT_CODES, &environment()))]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Run),
    Check(check::Check),
    Timeline(timeline::TimelineCommand),
    Plays(plays::Plays),
    Verify(verify::Verify),
    Enroll(enroll::Enroll),
    /// Draw one drawing once for `run` or `check`, which starts it
    #[command(name = drawing_process::COMMAND, hide = true)]
    Draw {
        /// Folders with fonts of the operator's
        fonts: Vec<PathBuf>,
    },
    /// Say which GPU would draw, for `run` or `check`, which starts it
    #[command(name = drawing::COMMAND, hide = true)]
    LookForGpu {
        /// Not into a window
        #[arg(long)]
        offscreen: bool,
    },
}

impl Cli {
    /// Runs the command. Exit codes: 0 success, 2 bad input or settings, 3 cannot start, 4 not
    /// enrolled.
    pub fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Run(command) => {
                draw_in_other_processes();
                command.run()
            }
            Command::Check(command) => {
                draw_in_other_processes();
                command.run()
            }
            Command::Timeline(command) => command.run(),
            Command::Plays(command) => command.run(),
            Command::Verify(command) => command.run(),
            Command::Enroll(command) => command.run(),
            Command::Draw { fonts } => drawing_process::serve(&fonts)
                .map_err(|error| Failure::Start(format!("nothing was drawn: {error}"))),
            Command::LookForGpu { offscreen } => drawing::answer(offscreen),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(Failure::Input(problems)) => {
                for problem in problems {
                    eprintln!("{problem}");
                }
                ExitCode::from(2)
            }
            Err(Failure::Start(reason)) => {
                eprintln!("{reason}");
                ExitCode::from(3)
            }
            Err(Failure::NotEnrolled(reason)) => {
                eprintln!("{reason}");
                ExitCode::from(4)
            }
        }
    }
}

/// Has drawings drawn by other runs of this program, which have bounds of their own.
fn draw_in_other_processes() {
    if let Err(error) = drawing_process::use_this_program() {
        tracing::warn!(
            "drawings are drawn without bounds of the system, since it does not tell where this program is ({error}); start it by its full path"
        );
    }
}
