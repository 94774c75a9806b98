//! A text, read so that it can be written again as it was.

use toml_edit::DocumentMut;

/// Says why a text cannot be changed by a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("campaign.toml:{line}: {message}")]
pub struct TextFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

pub(super) fn parse(text: &str) -> Result<DocumentMut, TextFault> {
    text.parse::<DocumentMut>().map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let before = text.get(..at).unwrap_or(text);
        TextFault {
            line: before.matches('\n').count() + 1,
            message: error.message().trim().replace('\n', "; "),
        }
    })
}
