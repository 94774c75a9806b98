//! Creatives of several files: which files of a folder belong to which creative.
//!
//! A card, ticker or page names its pictures; a video's poster is the picture of the same name
//! beside it.
//!
//! Invariants: a part is a picture in the same folder, never a path; what is a part of something
//! does not air by itself unless a placement says so; names are in their normal form
//! ([`normal_form`]).

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use crate::card::{Card, Ticker};
use crate::creative::CreativeKind;
use crate::file_names::normal_form;
use crate::toml_fields::Problem;
use crate::web_page::WebPage;

/// The keys under which a text creative names its pictures.
const KEYS: [&str; 2] = ["picture", "logo"];

/// Tells which files a creative refers to, each once, in a fixed order. `text` is what a text
/// creative's file says; `beside` are the names of the folder's creatives.
pub fn part_names(
    kind: CreativeKind,
    name: &str,
    text: Option<&str>,
    beside: &[String],
) -> Vec<String> {
    match kind {
        CreativeKind::Card | CreativeKind::Ticker | CreativeKind::Page => {
            text.map(named_in).unwrap_or_default()
        }
        CreativeKind::Video => {
            let stem = stem_of(name);
            let poster = beside.iter().find(|other| {
                CreativeKind::of_name(other) == Some(CreativeKind::Picture)
                    && stem_of(other) == stem
            });
            poster.into_iter().cloned().collect()
        }
        CreativeKind::Picture | CreativeKind::Drawing => Vec::new(),
    }
}

/// Reads a text creative as the screens will, for those who only want to know whether it is good.
/// `file` is what the user calls it. Of kinds that are not text there is nothing to say.
///
/// # Errors
/// Every problem with its line and what is accepted.
pub fn check_text(kind: CreativeKind, file: &str, text: &str) -> Result<(), Vec<Problem>> {
    match kind {
        CreativeKind::Card => Card::parse(file, text).map(|_| ()),
        CreativeKind::Ticker => Ticker::parse(file, text).map(|_| ()),
        CreativeKind::Page => WebPage::parse(file, text).map(|_| ()),
        CreativeKind::Picture | CreativeKind::Drawing | CreativeKind::Video => Ok(()),
    }
}

/// The creatives of one folder and what belongs to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderParts {
    parts: BTreeMap<String, Vec<String>>,
    belonging: BTreeSet<String>,
}

impl FolderParts {
    /// Sorts a folder. `names` are its creatives; `read` returns the text of one of them.
    pub fn of(names: &[String], read: impl Fn(&str) -> Option<String>) -> Self {
        let mut sorted = Self::default();
        for name in names {
            let Some(kind) = CreativeKind::of_name(name) else {
                continue;
            };
            let text = kind.is_text().then(|| read(name)).flatten();
            let parts = part_names(kind, name, text.as_deref(), names);
            if !parts.is_empty() {
                sorted.belonging.extend(parts.iter().cloned());
                sorted.parts.insert(name.clone(), parts);
            }
        }
        sorted
    }

    /// The files that a creative refers to.
    pub fn of_creative(&self, name: &str) -> &[String] {
        self.parts.get(name).map_or(&[], Vec::as_slice)
    }

    /// Those of `names` that are no part of another.
    pub fn standing_alone(&self, names: &[String]) -> Vec<String> {
        names
            .iter()
            .filter(|name| !self.belonging.contains(*name))
            .cloned()
            .collect()
    }
}

fn named_in(text: &str) -> Vec<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut names: Vec<String> = Vec::new();
    for key in KEYS {
        if let Some(DeValue::String(name)) = root.get_ref().get(key).map(|value| value.get_ref())
            && let name = normal_form(name)
            && !name.is_empty()
            && names.iter().all(|known| *known != name)
        {
            names.push(name.into_owned());
        }
    }
    names
}

/// A file's name without its ending, in normal form and lower case.
fn stem_of(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    normal_form(stem).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::creative::is_part_name;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn cards_name_their_pictures_and_videos_have_posters_beside_them() {
        let folder = names(&[
            "alone.png",
            "beans.jpg",
            "clip.JPG",
            "clip.mp4",
            "logo.svg",
            "sale.card.toml",
        ]);
        let text = "headline = 'Sale'\npicture = 'beans.jpg'\nlogo = 'logo.svg'\n[colours]\npicture = 'alone.png'\n";
        let sorted = FolderParts::of(&folder, |name| {
            assert_eq!(name, "sale.card.toml");
            Some(text.to_owned())
        });
        assert_eq!(
            sorted.of_creative("sale.card.toml"),
            names(&["beans.jpg", "logo.svg"])
        );
        assert_eq!(sorted.of_creative("clip.mp4"), names(&["clip.JPG"]));
        assert!(sorted.of_creative("alone.png").is_empty());
        assert_eq!(
            sorted.standing_alone(&folder),
            names(&["alone.png", "clip.mp4", "sale.card.toml"])
        );
    }

    #[test]
    fn names_are_compared_as_people_see_them() {
        let folder = names(&[
            "Caf\u{e9}.mp4",
            "Cafe\u{301}.JPG",
            "\u{c9}t\u{e9}.mov",
            "e\u{301}te\u{301}.png",
            "th\u{e9}.png",
            "sale.card.toml",
        ]);
        let text = "picture = 'the\u{301}.png'\nlogo = 'th\u{e9}.png'\n";
        let sorted = FolderParts::of(&folder, |_| Some(text.to_owned()));
        assert_eq!(sorted.of_creative("Caf\u{e9}.mp4"), ["Cafe\u{301}.JPG"]);
        assert_eq!(
            sorted.of_creative("\u{c9}t\u{e9}.mov"),
            ["e\u{301}te\u{301}.png"]
        );
        assert_eq!(sorted.of_creative("sale.card.toml"), ["th\u{e9}.png"]);
    }

    #[test]
    fn what_cannot_be_read_has_no_parts_and_paths_are_no_names() {
        for text in [
            "",
            "picture = 5",
            "picture = ",
            "[[[",
            "picture = ['a.png']",
        ] {
            let parts = part_names(CreativeKind::Card, "a.card.toml", Some(text), &[]);
            assert!(parts.is_empty(), "{text}");
        }
        let twice = "picture = 'a.png'\nlogo = 'a.png'\n";
        let parts = part_names(CreativeKind::Card, "a.card.toml", Some(twice), &[]);
        assert_eq!(parts, ["a.png"]);
        assert!(is_part_name("a.png") && is_part_name("logo.svg"));
        for bad in [
            "../a.png",
            "/a.png",
            "x\\a.png",
            "a.mp4",
            "a.card.toml",
            ".a.png",
            "",
        ] {
            assert!(!is_part_name(bad), "{bad}");
        }
    }

    #[test]
    fn each_kind_of_text_is_read_by_its_own_rules() {
        let first = |kind, text| {
            let problems = check_text(kind, "a.toml", text).err().unwrap_or_default();
            problems.first().map(ToString::to_string)
        };
        let kinds = [
            (CreativeKind::Card, "headline = 'x'\n"),
            (CreativeKind::Ticker, "lines = ['x']\n"),
            (CreativeKind::Page, "url = 'https://a.example'\n"),
        ];
        for (kind, good) in kinds {
            assert_eq!(first(kind, good), None);
            for (_, other) in kinds.iter().filter(|(other, _)| *other != kind) {
                let said = first(kind, other).expect("refused");
                assert!(said.starts_with("a.toml:1: "), "{said}");
            }
        }
        assert_eq!(first(CreativeKind::Picture, "not a text at all"), None);
    }
}
