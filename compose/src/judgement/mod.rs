//! Judges a creative as a screen would take it: whether it is shown, what of it is lost, and what
//! is well to know.
//!
//! This is the one judge. `passerby check` asks it about local folders and `passerby-hub` about
//! what is published, and it opens each file with the code that the screen opens it with, so none
//! says yes where another says no.
//!
//! Invariants: a judgement without refusals is one that a screen shows, and the other way round, as
//! far as that depends on the files alone (a card may still be too long for a narrow screen); what
//! is shown without something that its maker put there is a loss that names the file; a machine
//! that lacks a program cannot tell, and says so.

mod preview;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

use passerby_playout::content::creative::CreativeFile;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::{Colours, CreativeKind};
use passerby_protocol::card::{Card, Ticker, colours_or};
use passerby_protocol::content_fault::Told;
use passerby_protocol::toml_fields::{Problem, line_of};
use passerby_protocol::web_page::WebPage;

use crate::creative::card::file;
use crate::creative::picture_file;
use crate::creative::picture_file::Inspection;
use crate::creative::video::Tools;
use crate::creative::video_content;
use crate::text::fonts::Fonts;

pub use crate::judgement::preview::Preview;

/// What a screen would make of a creative.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Why screens skip it; empty when they show it.
    pub refusals: Vec<Problem>,
    /// What of it screens leave out although they show it.
    pub losses: Vec<Problem>,
    /// What is well to know; all of it is shown.
    pub notes: Vec<Problem>,
    /// The program that this machine lacks to tell; a machine that has it may show the creative.
    pub missing_program: Option<Problem>,
    /// What it writes, for whoever knows which fonts its screens have.
    pub texts: Vec<Text>,
    /// Pixels across and down, upright, of a picture or a video; of a drawing, its own units.
    pub size_px: Option<(u32, u32)>,
}

/// A text that a creative writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The file that it stands in.
    pub file: String,
    /// From 1; 0 is not known.
    pub line: usize,
    /// What people call it.
    pub what: String,
    /// Its characters; of a drawing each once.
    pub text: String,
}

impl Judgement {
    /// Whether a screen shows it, if this machine can tell.
    pub fn is_shown(&self) -> Option<bool> {
        if self.refusals.is_empty() {
            self.missing_program.is_none().then_some(true)
        } else {
            Some(false)
        }
    }
}

/// Judges creatives with the fonts and the programs of one machine.
#[derive(Clone)]
pub struct Judge {
    fonts: Fonts,
    tools: Tools,
}

impl Judge {
    /// Makes a judge. `fonts` are what drawings are set in, `tools` what plays videos.
    pub const fn new(fonts: Fonts, tools: Tools) -> Self {
        Self { fonts, tools }
    }

    /// Judges a creative with all of its parts; `colours` are those of its campaign.
    ///
    /// Decodes pictures and animations in full, draws a drawing once, and decodes a video once, or
    /// the beginning and the end of a long one, which takes a minute at most.
    pub fn judge(&self, creative: &CreativeFile, colours: &Colours) -> Judgement {
        let mut found = Judgement::default();
        match creative.kind {
            CreativeKind::Picture | CreativeKind::Drawing => {
                if let Err(reason) = self.picture(creative, colours, &mut found) {
                    found.refusals.push(reason);
                }
            }
            CreativeKind::Video => self.video(creative, colours, &mut found),
            CreativeKind::Card | CreativeKind::Ticker | CreativeKind::Page => {
                self.text(creative, colours, &mut found);
            }
        }
        found
    }

    fn picture(
        &self,
        creative: &CreativeFile,
        colours: &Colours,
        found: &mut Judgement,
    ) -> Result<(), Problem> {
        let path = &creative.path;
        let opened =
            picture_file::look(&creative.name, path, &creative.digest, &self.fonts, colours)
                .map_err(|error| problem_of(path, &creative.name, &error))?;
        found.size_px = Some((opened.width_px, opened.height_px));
        found.take(path, opened);
        Ok(())
    }

    /// A picture that a creative refers to; the reason why it cannot be shown, if it cannot.
    fn part(
        &self,
        creative: &CreativeFile,
        at: usize,
        colours: &Colours,
        found: &mut Judgement,
    ) -> Option<Problem> {
        let part = &creative.parts[at];
        match picture_file::look(&part.name, &part.path, &part.digest, &self.fonts, colours) {
            Ok(opened) => {
                found.take(&part.path, opened);
                None
            }
            Err(error) => Some(problem_of(&part.path, &part.name, &error)),
        }
    }

    fn video(&self, creative: &CreativeFile, colours: &Colours, found: &mut Judgement) {
        let has_poster = !creative.parts.is_empty();
        let poster_trouble = has_poster
            .then(|| self.part(creative, 0, colours, found))
            .flatten();
        let has_good_poster = has_poster && poster_trouble.is_none();
        let file = creative.path.display().to_string();
        if let Some(trouble) = self.tools.trouble() {
            found.losses.extend(poster_trouble);
            let message = format!("films cannot be played: {trouble}");
            if has_good_poster {
                let message = format!("{message}; until then its poster airs");
                found.notes.push(Problem::with_file(file, message));
            } else {
                found.missing_program = Some(Problem::with_file(file, message));
            }
            return;
        }
        found.losses.extend(poster_trouble);
        match video_content::look(&self.tools, &creative.path, &creative.name, colours) {
            Ok(film) => {
                found.size_px = Some(film.size_px);
                let loss = film.loss.as_ref();
                found
                    .losses
                    .extend(loss.map(|loss| problem_of(&creative.path, &creative.name, loss)));
                let told = film.notes.into_iter();
                found
                    .notes
                    .extend(told.map(|note| Problem::with_file(&file, note)));
            }
            Err(error) => {
                let mut problem = problem_of(&creative.path, &creative.name, &error);
                if has_good_poster {
                    problem.message.push_str("; until then its poster airs");
                    found.losses.push(problem);
                } else {
                    found.refusals.push(problem);
                }
            }
        }
    }

    fn text(&self, creative: &CreativeFile, colours: &Colours, found: &mut Judgement) {
        let file = creative.path.display().to_string();
        let written = match file::read(creative) {
            Ok(written) => written,
            Err(error) => {
                let problem = problem_of(&creative.path, &creative.name, &error);
                return found.refusals.push(problem);
            }
        };
        let read = match creative.kind {
            CreativeKind::Card => Card::parse(&file, &written).map(|card| {
                let colours = colours_or(&card.colours, colours);
                self.card(creative, &written, &card, &colours, found);
            }),
            CreativeKind::Ticker => Ticker::parse(&file, &written).map(|ticker| {
                for (at, line) in ticker.lines.iter().enumerate() {
                    let what = format!("line {} of it", at + 1);
                    found.write(&file, &written, &["lines", &at.to_string()], &what, line);
                }
            }),
            _ => WebPage::parse(&file, &written).map(|_| ()),
        };
        found.refusals.extend(read.err().unwrap_or_default());
    }

    fn card(
        &self,
        creative: &CreativeFile,
        written: &str,
        card: &Card,
        colours: &Colours,
        found: &mut Judgement,
    ) {
        let file = creative.path.display().to_string();
        for (key, text) in card.texts() {
            let keys: Vec<&str> = key.split('.').collect();
            found.write(&file, written, &keys, key, text);
        }
        let named: BTreeSet<&String> = [&card.picture, &card.logo].into_iter().flatten().collect();
        for name in named {
            let at = creative.parts.iter().position(|part| part.name == *name);
            let reason = match at {
                Some(at) => self.part(creative, at, colours, found),
                None => Some(Problem::with_file(
                    &file,
                    format!("{name} is not beside the card; put the file into the same folder"),
                )),
            };
            found.refusals.extend(reason);
        }
    }
}

impl Judgement {
    /// Takes what is said of a picture that is shown.
    fn take(&mut self, path: &Path, opened: Inspection) {
        let file = path.display().to_string();
        let say = |message: String| Problem::with_file(&file, message);
        self.losses.extend(opened.losses.into_iter().map(say));
        self.notes.extend(opened.notes.into_iter().map(say));
        if !opened.letters.is_empty() {
            self.texts.push(Text {
                file,
                line: 0,
                what: "its text".to_owned(),
                text: opened.letters,
            });
        }
    }

    /// Takes a text that stands behind some keys of a TOML file.
    fn write(&mut self, file: &str, written: &str, keys: &[&str], what: &str, text: &str) {
        self.texts.push(Text {
            file: file.to_owned(),
            line: line_of(written, keys),
            what: what.to_owned(),
            text: text.to_owned(),
        });
    }
}

/// The composer names a file without its folder; here the whole path stands before the message.
fn problem_of(path: &Path, name: &str, error: &ComposeError) -> Problem {
    let reason = error.to_string();
    let message = reason.strip_prefix(&format!("{name}: ")).unwrap_or(&reason);
    let told = Told {
        words: message.to_owned(),
        fault: error.fault().cloned(),
    };
    Problem::with_file(path.display().to_string(), told)
}
