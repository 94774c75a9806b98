//! `passerby check`: finds what is wrong before a passer-by does.
//!
//! Invariant: what the player would skip, or show otherwise than it was written, is a problem; what
//! will be shown and is still well to know is a note, and so is a file that only lies beside what
//! airs ([`LeftOut`]). Both are told once.

mod codes;
mod files;
mod findings;
mod letters;
mod pages;
mod word_check;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use passerby_compose as compose;
use passerby_folder::text::read_toml_within;
use passerby_playout::content::catalog::{Catalog, CatalogItem, LocalContent};
use passerby_playout::content::emergency;
use passerby_playout::content::emergency::Notice;
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::settings::config::Config;
use passerby_protocol::campaign::{self, Call, CreativeKind, Motion};
use passerby_protocol::left_out::LeftOut;
use passerby_protocol::toml_fields::Problem;
use serde_json::json;

use crate::cli::check::files::Files;
use crate::cli::check::findings::Findings;
use crate::cli::check::letters::Letters;
use crate::cli::check::word_check::WordCheck;
use crate::cli::drawing::Choice;
use crate::cli::failure::Failure;
use crate::cli::hub_content::of_hub;
use crate::cli::json_output::print_json_line;
use crate::cli::options::ConfigFile;

/// List every problem of settings and content
///
/// It opens each creative as the player will, looks for each letter in the fonts of this screen,
/// lays out all text, opens each web page once, which takes seconds each, and judges whether people
/// can read each code from where they stand, also of what the hub has sent. The first seconds of
/// each film are decoded to see whether this machine is fast enough for it. Notes, such as that one
/// is not, what decodes films and whether a GPU draws, do not change the exit code. When all is
/// good it says how many campaigns it has looked at.
#[derive(clap::Args)]
pub(super) struct Check {
    /// Campaign folders, or folders of campaigns, to look at as if this screen played them.
    /// Default: `content.folders` of the settings, and what the hub has sent
    #[arg(value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
    /// Width and height of the screen in pixels, for judging whether its codes can be read
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1920x1080", value_parser = crate::cli::options::size)]
    size: (u32, u32),
    /// Print one JSON object a line, with `severity` (`problem` or `note`), `file`, `line` and
    /// `message`
    #[arg(long)]
    json: bool,
}

/// What a good result is about.
#[derive(Debug, Default, PartialEq, Eq)]
struct LookedAt {
    campaigns: usize,
    has_folders: bool,
    has_hub: bool,
}

impl LookedAt {
    /// Counts the campaigns of some local items, and those that the hub has sent.
    fn of(config: &Config, local: &Catalog) -> Self {
        let enrolment = Enrolment::load(&config.data_dir).ok().flatten();
        let hubs = enrolment
            .as_ref()
            .map(|enrolment| of_hub(&config.data_dir, enrolment))
            .unwrap_or_default();
        let campaigns: HashSet<(bool, &str)> = local
            .iter()
            .map(|item| (true, item.campaign_id.as_str()))
            .chain(hubs.iter().map(|item| (false, item.campaign_id.as_str())))
            .collect();
        Self {
            campaigns: campaigns.len(),
            has_folders: !config.folders.is_empty(),
            has_hub: config.hub.is_some() || enrolment.is_some(),
        }
    }
}

impl fmt::Display for LookedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.campaigns {
            0 => {
                let folders = if self.has_folders {
                    "no campaign in the folders"
                } else {
                    "no content.folders"
                };
                let hub = if self.has_hub {
                    "the hub's content is not fetched yet"
                } else {
                    "no hub"
                };
                write!(f, "nothing to look at: {folders}, and {hub}")
            }
            1 => write!(f, "all good: looked at 1 campaign"),
            many => write!(f, "all good: looked at {many} campaigns"),
        }
    }
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut looked_at = LookedAt::default();
        let found = match self.config.load() {
            Ok(mut config) => {
                if !self.folders.is_empty() {
                    config.folders.clone_from(&self.folders);
                }
                let (mut found, items) = look(&config, self.size);
                check_emergency(&config, self.size, &mut found);
                looked_at = LookedAt::of(&config, &items);
                codes::look_at(&config, self.size, &items, &mut found);
                pages::look_at(&config, self.size, &items, &mut found);
                match Choice::foreseen(config.draw) {
                    Ok(choice) => {
                        found.note(Problem::with_file("screen.draw", choice.sentence()));
                    }
                    Err(reason) => found.problem(Problem::with_file("screen.draw", reason)),
                }
                found
            }
            Err(Failure::Input(problems)) => Findings {
                problems,
                notes: Vec::new(),
            },
            Err(other) => return Err(other),
        };
        let Findings { problems, notes } = found;
        if self.json {
            let problems = problems.iter().map(|problem| ("problem", problem));
            let notes = notes.iter().map(|note| ("note", note));
            for (
                severity,
                Problem {
                    file,
                    line,
                    message,
                    ..
                },
            ) in problems.chain(notes)
            {
                print_json_line(&json!({
                    "severity": severity, "file": file, "line": line, "message": message,
                }))?;
            }
        } else {
            for note in &notes {
                eprintln!("note: {note}");
            }
        }
        if problems.is_empty() {
            if !self.json {
                println!("{looked_at}");
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

/// Looks at settings and local content; the items are those that could air.
fn look(config: &Config, shown_px: (u32, u32)) -> (Findings, Catalog) {
    let mut found = Findings::default();
    let mut airing = Catalog::new();
    let (fonts, unusable) = compose::Fonts::load(&config.fonts);
    for problem in unusable {
        found.problem(problem);
    }
    let letters = Letters::new(fonts.clone(), &config.fonts);
    look_at_emergency(&config.data_dir, &letters, &mut found);
    let mut files = Files::new(fonts, letters.clone(), shown_px);
    for folder in &config.folders {
        let content = LocalContent::read(folder);
        let LeftOut { problems, notes } = content.left_out;
        for problem in content.problems.into_iter().chain(problems) {
            found.problem(problem);
        }
        for note in notes {
            found.note(note);
        }
        for item in &content.catalog {
            files.look_at(item, &mut found);
            look_at_item(item, config, &letters, &mut found);
        }
        airing.extend(content.catalog);
    }
    files.finish(&mut found);
    (found, airing)
}

fn look_at_emergency(data_dir: &Path, letters: &Letters, found: &mut Findings) {
    let path = emergency::path(data_dir);
    let file = path.display().to_string();
    let read = emergency::read_written(data_dir).and_then(|written| {
        if let Some(written) = &written {
            Notice::parse(&written.text)?;
        }
        Ok(written)
    });
    match read {
        Ok(None) => {}
        // All that is written there is shown.
        Ok(Some(written)) => {
            for remark in emergency::remarks(&written) {
                found.problem(Problem::with_file(&file, remark));
            }
            // What is damaged is told above; no font mends it.
            let text = written.text.replace(char::REPLACEMENT_CHARACTER, "");
            for (line, text) in (1..).zip(text.lines()) {
                letters.look_at(&file, line, "it", text, found);
            }
        }
        Err(error) => found.problem(Problem::with_file(file, error.to_string())),
    }
    for other in emergency::mistaken_names(data_dir) {
        let message = format!(
            "its name is not {}, and it is not shown; call it so (in Windows, let the Explorer show file name extensions first)",
            emergency::FILE_NAME
        );
        found.problem(Problem::with_file(other.display().to_string(), message));
    }
}

/// Sets the emergency message, if there is one, as it stands on this screen now.
fn check_emergency(config: &Config, size: (u32, u32), found: &mut Findings) {
    let Ok(Some(notice)) = emergency::read(&config.data_dir) else {
        return;
    };
    let file = emergency::path(&config.data_dir).display().to_string();
    let screen = config.geometry(size.0, size.1);
    match WordCheck::new(config).of_notice(&notice, &screen) {
        Ok(remarks) => {
            for remark in remarks {
                found.problem(Problem::with_file(&file, remark));
            }
        }
        Err(error) => found.problem(Problem::with_file(&file, error.to_string())),
    }
}

/// What is wrong with an item besides its files, on this screen.
fn look_at_item(item: &CatalogItem, config: &Config, letters: &Letters, found: &mut Findings) {
    let placement = item.placement();
    let campaign_path = item.path.with_file_name(campaign::FILE_NAME);
    let campaign_file = campaign_path.display().to_string();
    let mut problem = |message| found.problem(Problem::with_file(&campaign_file, message));
    let which = format!("placement {} ({})", item.placement + 1, placement.creative);
    if !config.layout.has(item.zone()) {
        let zones: Vec<&str> = config.layout.names().collect();
        problem(format!(
            "{which} is for zone {:?}, which this screen does not have, and will not air here; its zones are {}",
            item.zone(),
            zones.join(", ")
        ));
    }
    if placement.sound && config.sound.is_none() {
        problem(format!(
            "{which} wants to be heard, and this screen is silent; add sound = {{ hours = [\"mon-sun 09:00-20:00\"] }} to its [screen], or take sound = true out"
        ));
    }
    if placement.sound && item.kind != CreativeKind::Video {
        problem(format!(
            "{which} is a {} and cannot be heard; take sound = true out",
            item.kind.word()
        ));
    }
    let headline = item.campaign.headline_of(placement);
    let is_picture = matches!(item.kind, CreativeKind::Picture | CreativeKind::Drawing);
    if placement.motion == Motion::KenBurns
        && is_picture
        && let Some(note) =
            compose::ken_burns_note(item.campaign.target.is_some(), headline.is_some())
    {
        let message = format!("{which}: {note}");
        found.note(Problem::with_file(&campaign_file, message));
    }
    let written = read_toml_within(&campaign_path).unwrap_or_default();
    let number = item.placement.to_string();
    for unseen in item.campaign.unseen() {
        let (is_problem, told) = (unseen.is_problem, unseen.told(&campaign_file, &written));
        if is_problem {
            found.problem(told);
        } else {
            found.note(told);
        }
    }
    // Text creatives are all words already and take no headline.
    if let Some(headline) = headline.filter(|_| !item.kind.is_text()) {
        let own = ["placement", &number, "headline"];
        let keys: &[&str] = if placement.headline.is_some() {
            &own
        } else {
            &["headline"]
        };
        letters.look_at_value(&campaign_file, &written, keys, "headline", headline, found);
    }
    let call = placement.code.call.as_ref();
    let shown = call.map(|call| call.in_languages(&config.languages));
    let shown = shown.unwrap_or_default();
    // What is written for people elsewhere is not set here.
    let lines = call.into_iter().flat_map(Call::lines);
    for (language, line) in lines.filter(|(_, line)| shown.contains(line)) {
        let keys = ["placement", &number, "code", "call"];
        let keys: Vec<&str> = keys.into_iter().chain(language).collect();
        letters.look_at_value(&campaign_file, &written, &keys, "call", line, found);
    }
}

#[cfg(test)]
mod tests;
