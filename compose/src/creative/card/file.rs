//! Reads the small text file of a card or a ticker.

use passerby_playout::content::creative::CreativeFile;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::toml_fields::Problem;

use crate::creative::file;

/// Reads a text creative, which must still have the content that it was scheduled with.
pub(crate) fn read(creative: &CreativeFile) -> Result<String, ComposeError> {
    file::read_text(creative)
        .map_err(|what| ComposeError::new(format!("{}: {what}", creative.name)))
}

/// The first of some problems; the file's other problems are for `passerby check`.
pub(crate) fn refused(problems: &[Problem]) -> ComposeError {
    let first = problems.first().map(ToString::to_string);
    ComposeError::new(first.unwrap_or_else(|| "it cannot be read; write it anew".to_owned()))
}
