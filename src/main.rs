//! The terminal's command line.

use std::process::ExitCode;

use clap::Parser;
use passerby::cli::Cli;

fn main() -> ExitCode {
    passerby_playout::memory::keep_flat();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("PASSERBY_LOG")
                .unwrap_or_else(|_| "info,wgpu=error,naga=error,bevy=warn,winit=error".into()),
        )
        .with_target(false)
        .init();
    Cli::parse().run()
}
