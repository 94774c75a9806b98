//! What the command line accepts, and the exit codes that scripts rely on.

mod check;
mod csv;
mod data_dir;
mod enroll;
mod plays;
mod run;
mod timeline;
mod unplayed;
mod verify;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use passerby_compose::creative::drawing;
use passerby_compose::creative::video::{DECODER_VARIABLE, DecoderKind, FFMPEG_VARIABLE};
use passerby_compose::creative::web_page::{CHROMIUM_PROGRAMS, CHROMIUM_VARIABLE};
use passerby_playout::content::cache::Cache;
use passerby_playout::content::catalog;
use passerby_playout::content::catalog::Catalog;
use passerby_playout::hub_link::kept_content;
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::settings::config::Config;
use passerby_protocol::foreign;
use passerby_protocol::help::{Meaning, NO_COLOUR_VARIABLE, exit_codes_and_environment};
use passerby_protocol::toml_fields::Problem;

/// How much is logged.
pub const LOG_VARIABLE: &str = "PASSERBY_LOG";

/// Range of a side of the picture, in pixels.
const SIDE_PX: RangeInclusive<u32> = 64..=16_384;

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
    Timeline(timeline::Timeline),
    Plays(plays::Plays),
    Verify(verify::Verify),
    Enroll(enroll::Enroll),
    /// Draw one drawing once for `run` or `check`, which starts it
    #[command(name = drawing::process::COMMAND, hide = true)]
    Draw {
        /// Folders with fonts of the operator's
        fonts: Vec<PathBuf>,
    },
}

/// Where the settings are.
#[derive(clap::Args)]
struct ConfigFile {
    /// The settings. Default: `kiosk.toml` of this folder, if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Why a command ends early. The texts have been made for people; each is printed once, here.
#[derive(Debug)]
enum Failure {
    /// Exit 2: bad input or settings.
    Input(Vec<Problem>),
    /// Exit 3: cannot start.
    Start(String),
    /// Exit 4: not enrolled.
    NotEnrolled(String),
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
            Command::Draw { fonts } => drawing::process::serve(&fonts)
                .map_err(|error| Failure::Start(format!("nothing was drawn: {error}"))),
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
    if let Err(error) = drawing::process::use_this_program() {
        tracing::warn!(
            "drawings are drawn without bounds of the system, since it does not tell where this program is ({error}); start it by its full path"
        );
    }
}

impl ConfigFile {
    fn load(&self) -> Result<Config, Failure> {
        let default = Path::new("kiosk.toml");
        match &self.config {
            Some(path) => Config::load(path).map_err(Failure::Input),
            None if default.exists() => Config::load(default).map_err(Failure::Input),
            None => Ok(Config::default()),
        }
    }
}

/// What may air of what the hub has sent.
fn of_hub(data_dir: &Path, enrolment: &Enrolment) -> Catalog {
    let cache = Cache::new(data_dir);
    kept_content(data_dir, enrolment, &cache, 0, None)
        .map(|content| catalog::of_hub(&content, &cache))
        .unwrap_or_default()
}

/// Reads pixels such as `1920x1080`.
fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text
        .split_once(['x', 'X'])
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match parsed {
        Some((width, height)) if SIDE_PX.contains(&width) && SIDE_PX.contains(&height) => {
            Ok((width, height))
        }
        _ => Err(format!(
            "use width and height in pixels such as 1920x1080, each from {} to {}",
            SIDE_PX.start(),
            SIDE_PX.end()
        )),
    }
}

/// Reads a moment such as `2026-12-01T08:00:00+08:00`.
fn timestamp(text: &str) -> Result<jiff::Timestamp, String> {
    text.parse()
        .map_err(|error| format!("{error}; use a date and time such as 2026-12-01T08:00:00+08:00"))
}

/// Writes a value as JSON in which everything that cannot be seen is escaped; it reads back as the
/// same value.
fn json_line(value: &serde_json::Value) -> String {
    let written = value.to_string();
    if !foreign::has_hidden(&written) {
        return written;
    }
    let mut line = String::with_capacity(written.len() + 8);
    for c in written.chars() {
        // Outside of its texts JSON is ASCII.
        if !c.is_control() && (c.is_ascii() || !foreign::has_hidden(&c.to_string())) {
            line.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    line
}

fn print_json_line(value: &serde_json::Value) -> Result<(), Failure> {
    use std::io::Write;
    match writeln!(std::io::stdout().lock(), "{}", json_line(value)) {
        // Whoever read us has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::Start(format!(
            "standard output cannot be written: {error}"
        ))),
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_what_cannot_be_seen_escaped_and_reads_back_the_same() {
        for (text, written) in [
            ("三体 café", r#"{"campaign":"三体 café"}"#),
            ("=1\u{202e}2", r#"{"campaign":"=1\u202e2"}"#),
            (
                "a\u{e0041}\u{7f}\n",
                r#"{"campaign":"a\udb40\udc41\u007f\n"}"#,
            ),
        ] {
            let value = serde_json::json!({ "campaign": text });
            let line = json_line(&value);
            assert_eq!(line, written);
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&line).ok(),
                Some(value)
            );
        }
    }
}
