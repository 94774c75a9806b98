//! `passerby-hub erase`.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::followers;
use crate::system::clock;

/// Erases somebody who follows campaigns, with what they typed on the pages by which they began to
/// follow and were last here: their sentence and name, and what they said to publishers.
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
        Some(erased) => {
            let text = format!(
                "erased; campaigns that they followed or were asked to: {}; moments passed on with words: {}; voices: {}\n",
                erased.campaigns, erased.moments, erased.voices
            );
            command.output.print(&json!(erased), &text)?;
            Ok(())
        }
        None => Err(Failure::Input(vec![
            "name an address for mail such as a@example.com, or a private link of this hub"
                .to_owned(),
        ])),
    }
}
