//! The command line of the hub: serve, and what the web console also does, for scripts. One file
//! for each group of commands.
//!
//! Results go to standard output; log and problems to standard error.

mod acme;
pub(crate) mod alert;
mod backup;
pub(crate) mod conversion_key;
mod convert;
pub(crate) mod domain;
mod erase;
mod failure;
pub(crate) mod key;
pub(crate) mod new;
mod options;
mod owner;
pub(crate) mod preview;
mod privacy;
pub(crate) mod prune;
pub(crate) mod publish;
pub(crate) mod quota;
pub(crate) mod report;
pub(crate) mod screen;
pub(crate) mod serve;
pub(crate) mod slot;
pub(crate) mod source;
pub(crate) mod times;

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::builder::Resettable;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use passerby_protocol::foreign;
use passerby_protocol::help::{Meaning, NO_COLOUR_VARIABLE, exit_codes_and_environment};
use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::blobs;
use crate::cli::failure::Failure;
use crate::cli::options::{BLOBS_VARIABLE, DATABASE_VARIABLE, Data, Output, name};
use crate::keys::pairing_code::PairingCode;
use crate::people::Actor;
use crate::publish::inspection::worker::FFMPEG_VARIABLE;
use crate::publish::preview as drawing;
use crate::publish::{conversion, inspection, postcard, visitor_picture};
use crate::system::clock;

/// Exit codes, for scripts, and what each means.
pub const EXIT_CODES: [(u8, &str); 4] = [
    (0, "success"),
    (2, "what was asked for is wrong; every problem is listed"),
    (3, "cannot start: the data folder, the database or the port"),
    (
        4,
        "what was asked for is done, and standard output did not take what is to be said of it",
    ),
];

/// What the program reads from its environment, and what each variable means.
pub fn environment() -> Vec<Meaning> {
    let own = [
        (
            EnvFilter::DEFAULT_ENV,
            "how much is logged, such as `debug` or `warn`. Default: `info`",
        ),
        (
            FFMPEG_VARIABLE,
            "the ffmpeg with which `publish` checks films, if it is not on the path; `ffprobe` is looked for in its folder first, then on the path",
        ),
        (
            DATABASE_VARIABLE,
            "the address of the database, as `--database` takes it",
        ),
        (
            BLOBS_VARIABLE,
            "the store of creatives, as `--blobs` takes it",
        ),
        (NO_COLOUR_VARIABLE, "any value keeps colours out of the log"),
    ];
    own.into_iter()
        .chain(blobs::environment())
        .map(|(name, means)| (name.to_owned(), means.to_owned()))
        .collect()
}

/// Serves campaigns to screens, answers the phones that scan, and counts.
///
/// Results go to standard output; log and problems to standard error. Every command works beside a
/// hub that is serving from the same folder.
#[derive(Parser)]
#[command(
    name = "passerby-hub",
    version,
    arg_required_else_help = true,
    after_long_help = exit_codes_and_environment(&EXIT_CODES, &environment())
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve screens and phones until told to stop
    Serve(Box<crate::cli::serve::Arguments>),
    /// Print a link, and its code, by which somebody becomes an owner in a browser, or chooses a
    /// new password; it works once, within seven days
    OwnerLink(crate::cli::owner::OwnerLink),
    /// Add and list screens, change their keys, replace their terminals
    #[command(subcommand)]
    Screen(crate::cli::screen::Command),
    /// Change the key that signs what screens air
    #[command(subcommand)]
    Key(crate::cli::key::Command),
    /// Register the screen that shows a pairing code
    Claim {
        /// The eight characters on the screen
        code: PairingCode,
        /// What to call the screen
        #[arg(long, value_parser = name)]
        name: String,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Make a campaign folder to begin with, which airs as it is
    ///
    /// Lines with a # in it are suggestions: fill in what you like, and publish the folder.
    New(crate::cli::new::Arguments),
    /// Send campaign folders to the screens
    ///
    /// Each file is first checked the way a screen checks it. Files that no screen can show are
    /// named on standard error, and the rest is published; lines that begin with `note:` keep
    /// nothing from going out.
    Publish(crate::cli::publish::Arguments),
    /// Make of a film one that screens play well: H.264 in MP4, at most 1920 x 1080, 30 pictures a
    /// second and 8 bits
    ///
    /// Says why, and does nothing where screens play it well as it is. ffmpeg does it, as a process
    /// that opens this film alone, within 2 hours and 3 GiB. How much is done is said on standard
    /// error; what is ended leaves nothing behind.
    Convert(crate::cli::convert::Arguments),
    /// Become ffmpeg for `convert`, which starts it
    #[command(name = conversion::COMMAND, hide = true)]
    ConvertFilm,
    /// Draw what a screen would show of a campaign folder, pixel by pixel
    ///
    /// The code on the picture is as large as a real one and leads to a page that says what it is.
    /// Exit code 2 says that screens would skip it, and why; the picture is then what they would
    /// show without its code, if that is at fault.
    Preview(Box<crate::cli::preview::Arguments>),
    /// Take a campaign off the screens; its codes go on working
    Unpublish(crate::cli::publish::Unpublish),
    /// Add, remove and list the publishers' domains that point to this hub; only these may stand in
    /// codes
    #[command(subcommand)]
    Domain(crate::cli::domain::Command),
    /// Have cards made of what a publisher has online: feeds, web hooks, files
    #[command(subcommand)]
    Source(crate::cli::source::Command),
    /// Open, list and close slots: room for a contributor's pieces on some screens and days
    #[command(subcommand)]
    Slot(crate::cli::slot::Command),
    /// List and set how much the files of people, of slots and of the hub may take
    #[command(subcommand)]
    Quota(crate::cli::quota::Command),
    /// Make, list and revoke the keys with which shops report what was bought
    #[command(subcommand)]
    ConversionKey(crate::cli::conversion_key::Command),
    /// List who is told when a screen needs somebody, and try whether that reaches them
    #[command(subcommand)]
    Alert(crate::cli::alert::Command),
    /// Print what is kept of people, by whom, and which campaigns use it; or say who runs the hub
    Privacy(crate::cli::privacy::Arguments),
    /// Look at one creative for `publish`, which starts it
    #[command(name = inspection::COMMAND, hide = true)]
    LookAt,
    /// Draw one slide for whoever wants to see it, which starts it
    #[command(name = drawing::COMMAND, hide = true)]
    Draw,
    /// Open the picture of a passer-by for `serve`, which starts it
    #[command(name = visitor_picture::COMMAND, hide = true)]
    OpenPicture,
    /// Draw postcards of what people saw for `serve`, which starts it
    #[command(name = postcard::COMMAND, hide = true)]
    DrawPostcards,
    /// Print what may air on a screen, or when a campaign may air, by dates and hours
    ///
    /// Conditions, triggers, caps and goals are known on the screen alone: `passerby timeline`
    /// there runs the rotation ahead.
    Times(crate::cli::times::Arguments),
    /// Print plays, scans, visits, goals and how far links were passed on
    Report(crate::cli::report::Arguments),
    /// Count every stored play, scan and visit again and compare with the figures of reports
    ///
    /// This may take minutes and holds up nobody. A difference means a fault of this program, or a
    /// database that was changed by hand.
    Recount {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Copy the hub into a new folder, as it is at one moment: database, keys and creatives
    ///
    /// It works beside a hub that is serving and holds up nobody. The copy is the same from either
    /// database and can be restored to either. Whoever has it can make codes and sign content as
    /// this hub.
    Backup(crate::cli::backup::Backup),
    /// Make a hub of a backup, in a new data folder
    ///
    /// The whole backup is checked before anything is written. With `--database` the hub gets its
    /// database there, which must be empty, whichever the backup came from.
    Restore(crate::cli::backup::Restore),
    /// Move the database of a data folder to PostgreSQL
    ///
    /// The hub may go on serving until near the end; then it answers that its database is away
    /// until it is started anew with `--database`, and terminals keep their plays so long. A move
    /// that was cut off goes on where it was when the same command is entered again.
    Move(crate::cli::backup::Move),
    /// Copy the files of creatives to a store that speaks S3, or from one, and have the data folder
    /// say that they are there
    ///
    /// The hub may go on serving meanwhile; start it anew with `--blobs` afterwards. Each file is
    /// read back and compared with its digest. A command that was cut off goes on where it was when
    /// it is entered again. What is copied stays where it was as well.
    MoveBlobs(crate::cli::backup::MoveBlobs),
    /// Delete the rows of old plays, scans, visits and links; the figures of reports stay
    ///
    /// Works while the hub serves, holds up nobody, and may be stopped at any moment and begun
    /// again. A link and its scan stay while something stays that was passed on of them; links that
    /// nobody has opened for so long no longer lead anywhere. What was deleted keeps the date and
    /// the verdict that it had. A code whose play was deleted is expired, also if codes are
    /// accepted for longer later on.
    Prune(crate::cli::prune::Options),
    /// Erase somebody who follows campaigns, or what somebody said or typed, everywhere
    ///
    /// Names them by their address for mail, or by their private link. Nothing that leads to them
    /// stays in the database; backups that were made before have it until they are deleted.
    Erase(crate::cli::erase::Erase),
}

/// Has an option that a variable may stand for take an empty variable for none: that is how service
/// files and containers unset one.
fn without_empty_variables(mut command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    let empty: Vec<_> = command
        .get_arguments()
        .filter(|argument| argument.get_env().is_some_and(is_empty))
        .map(|argument| argument.get_id().clone())
        .collect();
    for id in empty {
        command = command.mut_arg(id, |argument| argument.env(Resettable::Reset));
    }
    command.mut_subcommands(without_empty_variables)
}

impl Cli {
    /// Reads the command line and the variables; ends the program where they cannot be understood.
    pub fn read() -> Self {
        let given = without_empty_variables(Self::command()).get_matches();
        Self::from_arg_matches(&given).unwrap_or_else(|error| error.exit())
    }

    /// Runs the command. Exit codes: see [`EXIT_CODES`].
    pub fn run(self) -> ExitCode {
        match run(self.command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(Failure::Input(problems)) => {
                for problem in problems {
                    eprintln!("{}", foreign::plain(&problem));
                }
                ExitCode::from(2)
            }
            Err(Failure::Start(problem)) => {
                eprintln!("{problem}");
                ExitCode::from(3)
            }
            Err(Failure::Unprinted(error)) => {
                eprintln!(
                    "the command did its work, but its result cannot be written to standard output: {error}; a token or a link that it was to print is lost, and the same command makes another"
                );
                ExitCode::from(4)
            }
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(arguments) => crate::cli::serve::run(*arguments),
        Command::OwnerLink(options) => crate::cli::owner::run(&options),
        Command::Screen(command) => crate::cli::screen::run(command),
        Command::Key(command) => crate::cli::key::run(command),
        Command::Claim {
            code,
            name,
            output,
            data,
        } => {
            let claimed = data.open()?.store.claim(
                &Actor::COMMAND_LINE,
                &code,
                (&name, None),
                clock::now_ms(),
            )?;
            output.print(
                &json!({ "screen": claimed.screen, "suggested_name": claimed.suggested_name }),
                &format!("screen {} is {name}\n", claimed.screen),
            )?;
            Ok(())
        }
        Command::New(arguments) => crate::cli::new::run(&arguments),
        Command::Publish(arguments) => crate::cli::publish::run(arguments),
        Command::Unpublish(arguments) => crate::cli::publish::unpublish(&arguments),
        Command::Domain(command) => crate::cli::domain::run(command),
        Command::Alert(command) => crate::cli::alert::run(command),
        Command::ConversionKey(command) => crate::cli::conversion_key::run(command),
        Command::Privacy(arguments) => crate::cli::privacy::run(arguments),
        Command::Slot(command) => crate::cli::slot::run(command),
        Command::Quota(command) => crate::cli::quota::run(command),
        Command::Source(command) => crate::cli::source::run(command),
        Command::LookAt => inspection::worker::run()
            .map_err(|error| Failure::Start(format!("nothing was looked at: {error}"))),
        Command::Convert(arguments) => crate::cli::convert::run(&arguments),
        Command::ConvertFilm => conversion::worker::run()
            .map_err(|error| Failure::Start(format!("ffmpeg does not run: {error}; install it"))),
        Command::Draw => drawing::worker::run()
            .map_err(|error| Failure::Start(format!("nothing was drawn: {error}"))),
        Command::OpenPicture => visitor_picture::worker::run()
            .map_err(|error| Failure::Start(format!("no picture was opened: {error}"))),
        Command::DrawPostcards => postcard::worker::run()
            .map_err(|error| Failure::Start(format!("no postcard was drawn: {error}"))),
        Command::Preview(arguments) => crate::cli::preview::run(&arguments),
        Command::Times(arguments) => crate::cli::times::run(&arguments),
        Command::Report(arguments) => crate::cli::report::run(arguments),
        Command::Backup(command) => crate::cli::backup::make(&command),
        Command::Restore(command) => crate::cli::backup::restore(&command),
        Command::Move(command) => crate::cli::backup::move_to_server(&command),
        Command::MoveBlobs(command) => crate::cli::backup::move_blobs(&command),
        Command::Recount { output, data } => {
            let differences = data.open()?.store.recount()?;
            if differences.is_empty() {
                let text = "the figures of reports are those of the rows\n";
                output.print(&json!({ "differences": [] }), text)?;
                return Ok(());
            }
            output.print(&json!({ "differences": differences }), "")?;
            let lines = differences.iter().map(|difference| {
                format!(
                    "{} ({}) has {:?}, and its rows give {:?}",
                    difference.table, difference.key, difference.kept, difference.counted
                )
            });
            Err(Failure::Input(lines.collect()))
        }
        Command::Prune(options) => crate::cli::prune::run(&options),
        Command::Erase(command) => crate::cli::erase::run(&command),
    }
}
