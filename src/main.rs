//! The terminal's command line.

use std::env;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Parser;
use passerby::cli::Cli;
use passerby_compose::QUIET_LIBRARIES;
use tracing_subscriber::EnvFilter;

/// What is logged where `PASSERBY_LOG` says nothing.
const USUAL_LOG: &str = "info,wgpu=error,naga=error,bevy=warn,winit=error";

fn main() -> ExitCode {
    passerby_playout::system::malloc::tune_malloc();
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(has_colours())
        .with_env_filter(log_filter())
        .with_target(false)
        .init();
    Cli::parse().run()
}

/// What `PASSERBY_LOG` asks for, else [`USUAL_LOG`].
fn log_filter() -> EnvFilter {
    let asked = env::var("PASSERBY_LOG").unwrap_or_default();
    Some(asked)
        .filter(|asked| !asked.is_empty())
        .and_then(|asked| EnvFilter::try_new(format!("{QUIET_LIBRARIES},{asked}")).ok())
        .unwrap_or_else(|| EnvFilter::new(format!("{QUIET_LIBRARIES},{USUAL_LOG}")))
}

/// Whether standard error is a screen of somebody who wants colours (<https://no-color.org>).
fn has_colours() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
