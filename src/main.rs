//! The terminal's command line.

use std::env;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Parser;
use passerby::cli::{Cli, LOG_VARIABLE};
use passerby_compose::QUIET_LIBRARIES;
use passerby_playout::system::malloc;
use passerby_protocol::help::NO_COLOUR_VARIABLE;
use tracing_subscriber::EnvFilter;

/// What is logged where [`LOG_VARIABLE`] says nothing.
const USUAL_LOG: &str = "info,wgpu=error,naga=error,bevy=warn,winit=error";

fn main() -> ExitCode {
    malloc::tune_malloc();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(has_colours())
        .with_env_filter(log_filter())
        .with_target(false)
        .init();
    Cli::parse().run()
}

/// What [`LOG_VARIABLE`] asks for, else [`USUAL_LOG`].
fn log_filter() -> EnvFilter {
    let asked = env::var(LOG_VARIABLE).unwrap_or_default();
    Some(asked)
        .filter(|asked| !asked.is_empty())
        .and_then(|asked| EnvFilter::try_new(format!("{QUIET_LIBRARIES},{asked}")).ok())
        .unwrap_or_else(|| EnvFilter::new(format!("{QUIET_LIBRARIES},{USUAL_LOG}")))
}

/// Whether standard error is a screen of somebody who wants colours.
fn has_colours() -> bool {
    io::stderr().is_terminal()
        && env::var_os(NO_COLOUR_VARIABLE).is_none_or(|value| value.is_empty())
}
