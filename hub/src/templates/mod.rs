//! Campaign folders to begin with: each airs as it is, and better once the lines that are suggested
//! in it are filled in.
//!
//! Invariant: nothing that stands in for somebody's words is ever seen on a screen; what is there
//! before anything was filled in is the campaign's own name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::ToSpan as _;
use jiff::civil::Date;
use passerby_protocol::CampaignId;
use passerby_protocol::foreign;
use passerby_protocol::limits::LINE_CHARS_MAX;

/// What a line of a template begins with that names a file.
const FILE_MARK: &str = "=== ";

/// What a campaign is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Something happens on a day.
    Event,
    /// People who follow.
    Fans,
    /// An event, and people who follow afterwards.
    Combined,
    /// Dishes and prices.
    Menu,
    /// A price for some days.
    Offer,
    /// Something that people should know.
    Notice,
}

/// In which language it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// Says why there is no new folder.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// There is something of that name.
    #[error("{0} is there already; take another name, or remove it first")]
    Known(String),
    /// The name is too long for a headline.
    #[error(
        "the name stands on the card; use at most {LINE_CHARS_MAX} characters that can be seen"
    )]
    Name,
    /// It cannot be written.
    #[error("{path}: {source}")]
    File {
        /// What was to be written.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Every kind.
pub const KINDS: [Kind; 6] = [
    Kind::Event,
    Kind::Fans,
    Kind::Combined,
    Kind::Menu,
    Kind::Offer,
    Kind::Notice,
];

impl Kind {
    const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Event, Language::En) => include_str!("en/event.txt"),
            (Self::Fans, Language::En) => include_str!("en/fans.txt"),
            (Self::Combined, Language::En) => include_str!("en/combined.txt"),
            (Self::Menu, Language::En) => include_str!("en/menu.txt"),
            (Self::Offer, Language::En) => include_str!("en/offer.txt"),
            (Self::Notice, Language::En) => include_str!("en/notice.txt"),
            (Self::Event, Language::Zh) => include_str!("zh/event.txt"),
            (Self::Fans, Language::Zh) => include_str!("zh/fans.txt"),
            (Self::Combined, Language::Zh) => include_str!("zh/combined.txt"),
            (Self::Menu, Language::Zh) => include_str!("zh/menu.txt"),
            (Self::Offer, Language::Zh) => include_str!("zh/offer.txt"),
            (Self::Notice, Language::Zh) => include_str!("zh/notice.txt"),
        }
    }
}

/// Writes a folder of a campaign's name and returns it with its files.
///
/// # Errors
/// See [`NewError`]; what was there before is left as it was.
pub fn write(
    kind: Kind,
    language: Language,
    name: &CampaignId,
    within: &Path,
    today: Date,
) -> Result<(PathBuf, Vec<&'static str>), NewError> {
    let line = name.as_str();
    if line.chars().count() > LINE_CHARS_MAX || foreign::has_hidden(line) || line.trim().is_empty()
    {
        return Err(NewError::Name);
    }
    let folder = within.join(line);
    let file_error = |path: &Path, source| NewError::File {
        path: path.display().to_string(),
        source,
    };
    fs::create_dir(&folder).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => NewError::Known(folder.display().to_string()),
        _ => file_error(&folder, source),
    })?;
    let mut names = Vec::new();
    for (name, text) in files(kind.text(language)) {
        let path = folder.join(name);
        fs::write(&path, filled(text, line, today)).map_err(|source| file_error(&path, source))?;
        names.push(name);
    }
    Ok((folder, names))
}

/// The files of a template.
fn files(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = text.split(FILE_MARK).skip(1);
    sections.filter_map(|section| section.split_once('\n'))
}

fn filled(text: &str, name: &str, today: Date) -> String {
    let until = today.saturating_add(14.days());
    text.replace("{name}", &serde_json::Value::from(name).to_string())
        .replace("{today}", &today.to_string())
        .replace("{until}", &until.to_string())
        .replace("{in_two_weeks}", &until.to_string())
        .replace("{after}", &until.saturating_add(1.day()).to_string())
}
