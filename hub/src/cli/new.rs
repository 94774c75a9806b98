//! `passerby-hub new`: a campaign folder to begin with.

use std::path::PathBuf;

use clap::Args;
use passerby_protocol::CampaignId;
use serde_json::json;

use crate::cli::{Failure, Output};
use crate::system::clock;
use crate::templates;
use crate::templates::{Kind, Language, NewError};

#[derive(Args)]
pub(crate) struct Arguments {
    /// What the campaign is for
    kind: Kind,
    /// What it is called: the folder's name, and the line on its card until you write another
    name: CampaignId,
    /// The folder in which its folder is made. Default: where you are
    #[arg(long = "in", value_name = "FOLDER", default_value = ".")]
    within: PathBuf,
    /// In which language it is written
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    language: Language,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments {
        kind,
        name,
        within,
        language,
        output,
    } = arguments;
    let today = clock::date_of(clock::now_ms());
    let made = templates::write(*kind, *language, name, within, today);
    let (folder, files) = made.map_err(|error| match error {
        NewError::File { .. } => Failure::Start(error.to_string()),
        NewError::Known(_) | NewError::Name => Failure::Input(vec![error.to_string()]),
    })?;
    let shown = folder.display();
    output.print(
        &json!({ "folder": shown.to_string(), "files": files }),
        &format!(
            "{shown}: {}\nwrite your words into it, then: passerby-hub publish '{shown}'\n",
            files.join(", ")
        ),
    )?;
    Ok(())
}
