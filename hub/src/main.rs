//! The hub's command line.

use std::env;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use passerby_hub::cli::Cli;
use passerby_hub::publish::inspection::worker::QUIET_LIBRARIES;
use passerby_hub::system::malloc;
use passerby_protocol::help::NO_COLOUR_VARIABLE;
use tracing_subscriber::EnvFilter;

/// What a store of creatives is asked again for is told once, when nothing came of it.
const QUIET_TRIES: &str = "object_store=warn";

fn main() -> ExitCode {
    malloc::tune_malloc();
    tracing_subscriber::fmt()
        .with_env_filter(log_filter())
        .with_ansi(has_colours())
        .with_writer(io::stderr)
        .init();
    Cli::read().run()
}

/// What `RUST_LOG` asks for, else `info`.
fn log_filter() -> EnvFilter {
    let asked = env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    Some(asked)
        .filter(|asked| !asked.is_empty())
        .and_then(|asked| {
            EnvFilter::try_new(format!("{QUIET_LIBRARIES},{QUIET_TRIES},{asked}")).ok()
        })
        .unwrap_or_else(|| EnvFilter::new(format!("{QUIET_LIBRARIES},{QUIET_TRIES},info")))
}

/// Whether standard error is a screen of somebody who wants colours.
fn has_colours() -> bool {
    io::stderr().is_terminal()
        && env::var_os(NO_COLOUR_VARIABLE).is_none_or(|value| value.is_empty())
}
