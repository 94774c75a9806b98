//! `passerby check`: finds what is wrong before a passer-by does.

mod files;

use passerby_playout::catalog::{self, CatalogItem};
use passerby_playout::code::QrMatrix;
use passerby_playout::config::Config;
use passerby_playout::emergency;
use passerby_protocol::campaign::{self, CreativeKind};
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
    for folder in config.fonts.iter().filter(|folder| !folder.is_dir()) {
        problems.push(Problem::with_file(
            folder.display().to_string(),
            "this is not a folder; give content.fonts folders with .ttf or .otf files",
        ));
    }
    if let Err(error) = emergency::read(&config.data_dir) {
        let file = emergency::path(&config.data_dir).display().to_string();
        problems.push(Problem::with_file(file, error.to_string()));
    }
    for folder in &config.folders {
        let (items, found) = catalog::read_folder(folder);
        problems.extend(found);
        for item in &items {
            problems.extend(files::problems(item));
            problems.extend(problems_of_item(item, config));
        }
    }
    problems.dedup();
    problems
}

/// What is wrong with an item besides its files, on this screen.
fn problems_of_item(item: &CatalogItem, config: &Config) -> Vec<Problem> {
    let placement = item.placement();
    let campaign_file = item
        .path
        .with_file_name(campaign::FILE_NAME)
        .display()
        .to_string();
    let mut messages = Vec::new();
    let which = format!("placement {} ({})", item.placement + 1, placement.creative);
    if !config.layout.has(item.zone()) {
        let zones: Vec<&str> = config.layout.names().collect();
        messages.push(format!(
            "{which} is for zone {:?}, which this screen does not have, and will not air here; its zones are {}",
            item.zone(),
            zones.join(", ")
        ));
    }
    if placement.sound && config.sound.is_none() {
        messages.push(format!(
            "{which} wants to be heard, and this screen is silent; add sound = {{ hours = [\"mon-sun 09:00-20:00\"] }} to its [screen], or take sound = true out"
        ));
    }
    if placement.sound && item.kind != CreativeKind::Video {
        messages.push(format!(
            "{which} is a {} and cannot be heard; take sound = true out",
            item.kind.word()
        ));
    }
    let texts = [
        item.campaign.headline_of(placement),
        placement.code.call.as_deref(),
    ];
    for text in texts.into_iter().flatten() {
        let missing: String = compose::missing_glyphs(text).into_iter().collect();
        if !missing.is_empty() {
            messages.push(format!(
                "the fonts have no sign for {missing:?} in {text:?}; write it otherwise"
            ));
        }
    }
    let mut problems: Vec<Problem> = messages
        .into_iter()
        .map(|message| Problem::with_file(&campaign_file, message))
        .collect();
    if let Some(target) = &item.campaign.target
        && let Err(error) = QrMatrix::encode(target)
    {
        problems.push(Problem::with_file(
            item.path.display().to_string(),
            error.to_string(),
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_screen_cannot_do_for_a_campaign_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = folder.path().join("shop");
        std::fs::create_dir(&shop).expect("a folder");
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(shop.join(name), bytes).expect("writes");
        };
        write("clip.mp4", b"not a film at all");
        write("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
        write("sale.card.toml", b"picture = 'gone.png'\n");
        write("bad.card.toml", b"headline = \n");
        write(
            "campaign.toml",
            b"title = 'x'\n[[placement]]\ncreative = 'clip.mp4'\nsound = true\nzone = 'side'\n\
              [[placement]]\ncreative = 'drawing.svg'\nsound = true\n\
              [[placement]]\ncreative = 'sale.card.toml'\n[[placement]]\ncreative = 'bad.card.toml'\n",
        );
        let config = Config {
            folders: vec![folder.path().to_path_buf()],
            fonts: vec![folder.path().join("type")],
            data_dir: folder.path().join("data"),
            ..Config::default()
        };
        let problems: Vec<String> = problems_of(&config)
            .iter()
            .map(ToString::to_string)
            .collect();
        for expected in [
            "type: this is not a folder",
            "clip.mp4: it is neither an MP4 nor a WebM video",
            "placement 1 (clip.mp4) is for zone \"side\", which this screen does not have",
            "its zones are main",
            "placement 1 (clip.mp4) wants to be heard, and this screen is silent",
            "placement 2 (drawing.svg) is a drawing and cannot be heard",
            "sale.card.toml: it names \"gone.png\", which is missing",
            "bad.card.toml:1: this is not TOML",
        ] {
            assert!(
                problems.iter().any(|problem| problem.contains(expected)),
                "{expected} is not in {problems:#?}"
            );
        }
        assert_eq!(problems.len(), 8, "{problems:#?}");
    }
}
