//! Looks for every letter in the fonts that this terminal has.

use std::path::PathBuf;

use passerby_compose::Fonts;
use passerby_protocol::toml_fields::{Problem, line_of};

use crate::cli::check::findings::Findings;

/// The fonts of this terminal, and where its operator may add some.
#[derive(Clone)]
pub(super) struct Letters {
    fonts: Fonts,
    /// What to do about a letter that is missing.
    advice: String,
}

impl Letters {
    pub(super) fn new(fonts: Fonts, folders: &[PathBuf]) -> Self {
        let advice = match folders.first() {
            Some(folder) => format!(
                "write it otherwise, or put a font that has it into the folder {}",
                folder.display()
            ),
            None => "write it otherwise, or put a font that has it into a folder and name that in content.fonts of kiosk.toml".to_owned(),
        };
        Self { fonts, advice }
    }

    /// Reports the letters of one text that no font has. `what` is what people call the text;
    /// `line` counts from 1, 0 is not known.
    pub(super) fn look_at(
        &self,
        file: &str,
        line: usize,
        what: &str,
        text: &str,
        found: &mut Findings,
    ) {
        if let Some(letters) = self.fonts.lacking(text) {
            let advice = &self.advice;
            found.problem(Problem {
                file: file.to_owned(),
                line,
                message: format!("{what} has {letters}, which no font here has; {advice}"),
                fault: None,
            });
        }
    }

    /// The same for the value behind some keys of a TOML file that says `written`.
    pub(super) fn look_at_value(
        &self,
        file: &str,
        written: &str,
        keys: &[&str],
        what: &str,
        text: &str,
        found: &mut Findings,
    ) {
        self.look_at(file, line_of(written, keys), what, text, found);
    }
}
