//! `passerby-hub domain`: domains of publishers that lead to this hub.

use clap::Subcommand;
use passerby_protocol::campaign::domain;
use serde_json::json;

use crate::cli::{Data, Failure, Output};
use crate::people::Actor;
use crate::system::clock;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Let campaigns carry this domain; point it at the hub first
    Add {
        /// A domain such as `go.shop.example`
        #[arg(value_name = "DOMAIN", value_parser = domain)]
        domain: String,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Take away a domain that no running campaign uses
    Remove {
        /// A domain such as `go.shop.example`
        #[arg(value_name = "DOMAIN", value_parser = domain)]
        domain: String,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// List the domains
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
}

pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Add {
            domain,
            output,
            data,
        } => {
            data.open()?
                .store
                .add_domain(&Actor::COMMAND_LINE, &domain, clock::now_ms())?;
            let line = format!("codes may carry {domain}\n");
            output.print(&json!({ "domain": domain }), &line)?;
        }
        Command::Remove {
            domain,
            output,
            data,
        } => {
            data.open()?
                .store
                .remove_domain(&Actor::COMMAND_LINE, &domain, clock::now_ms())?;
            let line = format!("codes may no longer carry {domain}\n");
            output.print(&json!({ "domain": domain }), &line)?;
        }
        Command::List { output, data } => {
            let domains = data.open()?.store.domains()?;
            let lines: String = domains.iter().map(|name| format!("{name}\n")).collect();
            output.print(&json!(domains), &lines)?;
        }
    }
    Ok(())
}
