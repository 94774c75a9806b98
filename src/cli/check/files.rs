//! What is wrong with the files of an item, and what is well to know about them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use passerby_compose::video::Tools;
use passerby_compose::{self as compose, Fonts, web_page};
use passerby_folder::text::read_toml_within;
use passerby_playout::catalog::CatalogItem;
use passerby_playout::show::ComposeError;
use passerby_protocol::campaign::CreativeKind;
use passerby_protocol::card::{Card, Ticker};
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::web_page::WebPage;

use super::Findings;
use super::letters::Letters;

/// Looks at files, at each once.
pub(super) struct Files {
    fonts: Fonts,
    letters: Letters,
    tools: Tools,
    seen: HashSet<PathBuf>,
    has_videos: bool,
}

impl Files {
    pub(super) fn new(fonts: Fonts, letters: Letters) -> Self {
        Self {
            fonts,
            letters,
            tools: Tools::find(),
            seen: HashSet::new(),
            has_videos: false,
        }
    }

    /// Looks at a creative and at the files that it refers to.
    pub(super) fn look_at(&mut self, item: &CatalogItem, found: &mut Findings) {
        // A part is a picture, whatever its name says.
        for part in item.parts.iter() {
            if self.seen.insert(part.path.clone()) {
                self.picture(&part.path, found);
            }
        }
        if !self.seen.insert(item.path.clone()) {
            return;
        }
        let path = &item.path;
        match item.kind {
            CreativeKind::Picture | CreativeKind::Drawing => self.picture(path, found),
            CreativeKind::Video => self.video(path, !item.parts.is_empty(), found),
            CreativeKind::Card | CreativeKind::Ticker | CreativeKind::Page => {
                self.text(path, item.kind, found);
            }
        }
    }

    /// Says what plays the videos, if there are any.
    pub(super) fn finish(&self, found: &mut Findings) {
        if self.has_videos {
            found.note(Problem::with_file("videos", self.tools.report()));
        }
    }

    fn picture(&self, path: &Path, found: &mut Findings) {
        match compose::inspect(path, &self.fonts) {
            Ok(inspection) => {
                let file = path.display().to_string();
                self.letters
                    .look_at(&file, 0, "its text", &inspection.letters, found);
                note(path, inspection.notes, found);
            }
            Err(error) => found.problem(problem_of(path, &error)),
        }
    }

    fn video(&mut self, path: &Path, has_poster: bool, found: &mut Findings) {
        let file = path.display().to_string();
        if let Some(trouble) = self.tools.trouble() {
            let message = format!("videos cannot be played: {trouble}");
            if has_poster {
                let message = format!("{message}; until then its poster airs");
                found.note(Problem::with_file(file, message));
            } else {
                found.problem(Problem::with_file(file, message));
            }
            return;
        }
        self.has_videos = true;
        match compose::inspect_video(&self.tools, path) {
            Ok(notes) => note(path, notes, found),
            Err(error) => found.problem(problem_of(path, &error)),
        }
    }

    fn text(&self, path: &Path, kind: CreativeKind, found: &mut Findings) {
        let file = path.display().to_string();
        let problems = match read_toml_within(path) {
            Ok(text) => match kind {
                CreativeKind::Card => {
                    Card::parse(&file, &text).map(|card| self.card(&file, &text, &card, found))
                }
                CreativeKind::Ticker => Ticker::parse(&file, &text)
                    .map(|ticker| self.ticker(&file, &text, &ticker, found)),
                _ => WebPage::parse(&file, &text).map(|_| {
                    if let Some(trouble) = web_page::trouble() {
                        let message = format!("its picture cannot be taken: {trouble}");
                        found.problem(Problem::with_file(&file, message));
                    }
                }),
            },
            Err(reason) => Err(vec![Problem::with_file(&file, reason)]),
        };
        for problem in problems.err().unwrap_or_default() {
            found.problem(problem);
        }
    }

    fn card(&self, file: &str, written: &str, card: &Card, found: &mut Findings) {
        for (key, text) in card.texts() {
            let keys: Vec<&str> = key.split('.').collect();
            self.letters
                .look_at_value(file, written, &keys, key, text, found);
        }
    }

    fn ticker(&self, file: &str, written: &str, ticker: &Ticker, found: &mut Findings) {
        for (at, line) in ticker.lines.iter().enumerate() {
            let (number, what) = (at.to_string(), format!("line {} of it", at + 1));
            self.letters
                .look_at_value(file, written, &["lines", &number], &what, line, found);
        }
    }
}

fn note(path: &Path, notes: Vec<String>, found: &mut Findings) {
    for note in notes {
        found.note(Problem::with_file(path.display().to_string(), note));
    }
}

/// The composer names a file without its folder; here the whole path stands before the message.
fn problem_of(path: &Path, error: &ComposeError) -> Problem {
    let reason = error.to_string();
    let name = path
        .file_name()
        .map(|name| format!("{}: ", name.to_string_lossy()))
        .unwrap_or_default();
    let message = reason.strip_prefix(&name).unwrap_or(&reason);
    Problem::with_file(path.display().to_string(), message)
}
