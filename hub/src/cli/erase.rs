//! `passerby-hub erase`.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::followers;
use crate::system::clock;

/// Erases somebody who follows campaigns.
#[derive(Args)]
pub(crate) struct Erase {
    /// Their address for mail, or their private link
    #[arg(value_name = "ADDRESS|LINK")]
    whom: String,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

pub(super) fn run(command: &Erase) -> Result<(), Failure> {
    let hub = command.data.open()?;
    match followers::erase(&hub, &command.whom, clock::now_ms())? {
        Some(campaigns) => {
            let text =
                format!("erased; campaigns that they followed or were asked to: {campaigns}\n");
            command
                .output
                .print(&json!({ "campaigns": campaigns }), &text)?;
            Ok(())
        }
        None => Err(Failure::Input(vec![
            "name an address for mail such as a@example.com, or a private link of this hub"
                .to_owned(),
        ])),
    }
}
