//! `passerby check`: finds what is wrong before a passer-by does.

use passerby_playout::catalog::{self, CatalogItem};
use passerby_playout::code::QrMatrix;
use passerby_playout::config::Config;
use passerby_protocol::toml_fields::Problem;

use super::{ConfigFile, Failure, print_json_line};
use passerby_compose as compose;

/// Read settings and content and list every problem.
#[derive(clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigFile,
    /// One JSON object a problem on standard output.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let problems = match self.config.load() {
            Ok(config) => problems_of(&config),
            Err(Failure::Input(problems)) => problems,
            Err(other) => return Err(other),
        };
        if self.json {
            for problem in &problems {
                print_json_line(&serde_json::to_value(problem).unwrap_or_default())?;
            }
        }
        if problems.is_empty() {
            if !self.json {
                println!("all good");
            }
            return Ok(());
        }
        Err(Failure::Input(if self.json {
            Vec::new()
        } else {
            problems
        }))
    }
}

fn problems_of(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    for folder in &config.folders {
        let (items, found) = catalog::read_folder(folder);
        problems.extend(found);
        for item in &items {
            problems.extend(problems_of_item(item));
        }
    }
    problems.dedup();
    problems
}

fn problems_of_item(item: &CatalogItem) -> Vec<Problem> {
    let file = item.path.display().to_string();
    let mut problems = Vec::new();
    if let Err(error) = compose::inspect_picture(&item.path) {
        let reason = error.to_string();
        // The composer names the picture without its folder; here the whole path stands before the message.
        let name = item
            .path
            .file_name()
            .map(|name| format!("{}: ", name.to_string_lossy()))
            .unwrap_or_default();
        problems.push(Problem::with_file(
            &file,
            reason.strip_prefix(&name).unwrap_or(&reason),
        ));
    }
    let placement = item.placement();
    let texts = [
        item.campaign.headline_of(placement),
        placement.code.call.as_deref(),
    ];
    for text in texts.into_iter().flatten() {
        let missing: String = compose::missing_glyphs(text).into_iter().collect();
        if !missing.is_empty() {
            let message =
                format!("the fonts have no sign for {missing:?} in {text:?}; write it otherwise");
            problems.push(Problem::with_file(
                item.path
                    .with_file_name("campaign.toml")
                    .display()
                    .to_string(),
                message,
            ));
        }
    }
    if let Some(target) = &item.campaign.target
        && let Err(error) = QrMatrix::encode(target)
    {
        problems.push(Problem::with_file(&file, error.to_string()));
    }
    problems
}
