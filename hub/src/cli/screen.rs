//! `passerby-hub screen`: adds screens, changes their keys, replaces their terminals, takes them
//! out of service, lists them.

use clap::Subcommand;
use passerby_protocol::ScreenNumber;
use serde_json::json;

use crate::cli::{Data, Failure, Output, name};
use crate::people::Actor;
use crate::store::{DeviceLine, ScreenSummary};
use crate::system::clock;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a screen, and print an enrolment token, which works once, for its terminal
    Add {
        /// What to call the screen
        #[arg(value_parser = name)]
        name: String,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Give a screen a new key for its codes, which its terminal fetches by itself; codes that are
    /// out stay good
    Rotate {
        /// The screen's number
        #[arg(value_name = "N")]
        screen: ScreenNumber,
        /// For a stolen key: refuse the codes of all older keys at once
        #[arg(long)]
        retire: bool,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Print an enrolment token, which works once, with which another machine, or a new memory
    /// card, takes a screen over; then the old one is refused
    Renew {
        /// The screen's number
        #[arg(value_name = "N")]
        screen: ScreenNumber,
        /// For a stolen machine: refuse it, and the codes of all its keys, at once
        #[arg(long)]
        retire: bool,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Take a screen out of service: its terminal stops showing the hub's campaigns; the hub no
    /// longer answers it; its figures stay; `screen renew` brings it back
    Revoke {
        /// The screen's number
        #[arg(value_name = "N")]
        screen: ScreenNumber,
        /// Also refuse the codes that it has shown
        #[arg(long)]
        retire: bool,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// List the keys with which screens sign proofs of play, for whoever asks whose a key is
    Devices {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// List the screens with their keys
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
}

pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Add { name, output, data } => {
            let hub = data.open_or_begin()?;
            let (screen, token) =
                hub.store
                    .add_screen(&Actor::COMMAND_LINE, &name, clock::now_ms())?;
            output.print(
                &json!({ "screen": screen, "token": token }),
                &format!("screen {screen}\n{}", one_time(&token)),
            )?;
        }
        Command::Rotate {
            screen,
            retire,
            output,
            data,
        } => {
            let hub = data.open()?;
            let rotated =
                hub.store
                    .rotate_key(&Actor::COMMAND_LINE, screen, retire, clock::now_ms())?;
            let older = if retire {
                "codes of older keys are refused from now on"
            } else {
                "codes that it has minted until then stay good"
            };
            output.print(
                &json!({ "screen": screen, "generation": rotated.generation, "retired": rotated.retired }),
                &format!(
                    "screen {screen} has key {}; its terminal takes it when it is online next; {older}\n",
                    rotated.generation
                ),
            )?;
        }
        Command::Renew {
            screen,
            retire,
            output,
            data,
        } => {
            let hub = data.open()?;
            let renewed =
                hub.store
                    .renew_screen(&Actor::COMMAND_LINE, screen, retire, clock::now_ms())?;
            let until_then = if retire {
                "The old terminal and all its codes are refused from now on."
            } else {
                "Until then the old terminal goes on; afterwards it is refused."
            };
            output.print(
                &json!({ "screen": screen, "token": renewed.token, "retired": renewed.retired }),
                &format!(
                    "screen {screen}\n{}{until_then}\n",
                    one_time(&renewed.token)
                ),
            )?;
        }
        Command::Revoke {
            screen,
            retire,
            output,
            data,
        } => {
            let hub = data.open()?;
            let revoked =
                hub.store
                    .revoke_screen(&Actor::COMMAND_LINE, screen, retire, clock::now_ms())?;
            let codes = if retire {
                "all its codes are refused"
            } else {
                "codes that it has shown stay good"
            };
            output.print(
                &json!({ "screen": screen, "since": clock::rfc3339(revoked.since_ms), "retired": revoked.retired }),
                &format!(
                    "screen {screen} is out of service since {}; {codes}; `passerby-hub screen renew {screen}` brings it back\n",
                    clock::rfc3339(revoked.since_ms)
                ),
            )?;
        }
        Command::Devices { output, data } => {
            let devices = data.open()?.store.devices()?;
            let lines: String = devices.iter().map(device_line).collect();
            output.print(&json!(devices), &lines)?;
        }
        Command::List { output, data } => {
            let screens = data.open()?.store.screens()?;
            let lines: String = screens.iter().map(line).collect();
            output.print(&json!(screens), &lines)?;
        }
    }
    Ok(())
}

fn one_time(token: &str) -> String {
    format!(
        "token  {token}\n\nIt works once, within 7 days:\npasserby enroll --hub URL --token {token}\n"
    )
}

fn device_line(line: &DeviceLine) -> String {
    let DeviceLine {
        screen,
        name,
        device,
    } = line;
    format!(
        "{screen:>9}  {}  {} to {}  {name}\n",
        device.key, device.first_seen, device.last_seen
    )
}

fn line(screen: &ScreenSummary) -> String {
    let state = if screen.revoked {
        "revoked"
    } else if screen.enrolled {
        "enrolled"
    } else {
        "waiting"
    };
    let key = match screen.minting {
        Some(minting) if minting != screen.generation => {
            format!("key {} (mints with {minting})", screen.generation)
        }
        _ => format!("key {}", screen.generation),
    };
    format!(
        "{:>9}  {state:<8}  {key:<7}  {}\n",
        screen.screen, screen.name
    )
}
