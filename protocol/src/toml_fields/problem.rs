//! One thing that is wrong with a file, and the line of a value in it.
//!
//! Invariant: a problem that is shown holds no mark that turns text around or hides it, whatever
//! the file is called; lines are counted from 1.

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use crate::content_fault::{ContentFault, Told};
use crate::foreign;

/// One thing that is wrong with a file: where, what, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file as the user named it.
    pub file: String,
    /// 1-based; 0 when the problem is the file itself.
    pub line: usize,
    /// What is wrong and what is accepted, as a sentence.
    pub message: String,
    /// The same in a form that can be said in any language, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<ContentFault>,
}

impl Problem {
    /// Describes a problem with a whole file.
    pub fn with_file(file: impl Into<String>, message: impl Into<Told>) -> Self {
        let Told { words, fault } = message.into();
        Self {
            file: file.into(),
            line: 0,
            message: words,
            fault,
        }
    }
}

/// Names of files are whatever somebody called them: what turns text around or hides it is left
/// out.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, message) = (foreign::plain(&self.file), foreign::plain(&self.message));
        match self.line {
            0 => write!(f, "{file}: {message}"),
            line => write!(f, "{file}:{line}: {message}"),
        }
    }
}

/// Finds the line, from 1, on which the value behind some keys begins; elements of lists are
/// counted from 0: `["placement", "0", "code", "call"]`. 0 when there is no such value.
pub fn line_of(text: &str, keys: &[&str]) -> usize {
    let (root, _) = DeTable::parse_recoverable(text);
    let Some((first, rest)) = keys.split_first() else {
        return 0;
    };
    let mut found = root.get_ref().get(*first);
    for key in rest {
        found = found.and_then(|value| match value.get_ref() {
            DeValue::Table(table) => table.get(*key),
            DeValue::Array(list) => list.get(key.parse::<usize>().ok()?),
            _ => None,
        });
    }
    found.map_or(0, |value| line_at(text, value.span().start))
}

/// The line, from 1, of a byte.
pub(super) fn line_at(text: &str, place: usize) -> usize {
    text[..place.min(text.len())].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_no_marks_that_turn_text_around_whatever_its_file_is_called() {
        let problem = Problem {
            file: "shop/\u{202e}gnp.eslaf\u{200b}.mp4".to_owned(),
            line: 3,
            message: "it names \u{2067}a\u{1b}[2J\u{2069}".to_owned(),
            fault: None,
        };
        assert_eq!(problem.to_string(), "shop/gnp.eslaf.mp4:3: it names a [2J");
        // Programs that read JSON find the file by its name.
        assert!(problem.file.contains('\u{202e}'));
        let ours = Problem::with_file("三体  a.png", "is bad");
        assert_eq!(ours.to_string(), "三体  a.png: is bad");
    }

    #[test]
    fn the_line_of_a_value_is_found_wherever_it_is() {
        let text = "title = 'x'\n\n[[placement]]\n[[placement]]\nheadline = 'a'\ncode = {\n call = 'b' }\nlines = [\n'c',\n'd']\n";
        for (keys, line) in [
            (&["title"][..], 1),
            (&["placement", "1", "headline"], 5),
            (&["placement", "1", "code", "call"], 7),
            (&["placement", "1", "lines", "1"], 10),
            (&["placement", "0", "headline"], 0),
            (&["placement", "2", "headline"], 0),
            (&["title", "x"], 0),
            (&[], 0),
        ] {
            assert_eq!(line_of(text, keys), line, "{keys:?}");
        }
    }
}
