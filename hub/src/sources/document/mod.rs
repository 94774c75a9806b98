//! What a source says, whatever the form: RSS 2.0, Atom, JSON Feed 1.1, JSON, CSV.
//!
//! Invariants: at most [`DOCUMENT_BYTES_MAX`] bytes, [`ITEMS_MAX`] items and [`DEPTH_MAX`] elements
//! inside one another; nothing is expanded, so a document of a thousand bytes has no more than as
//! many letters; what is damaged costs the whole document and never the process; what is left out
//! is counted or named.

mod contents;
mod csv;
mod dates;
mod html;
mod item;
mod json;
mod xml;

use passerby_folder::text;
use reqwest::Url;

pub use crate::sources::document::contents::{
    DEPTH_MAX, DOCUMENT_BYTES_MAX, Document, DocumentError, ITEMS_MAX,
};
pub use crate::sources::document::item::Item;

/// Reads a document, telling its form by what is in it. `base` is where it lies.
///
/// # Errors
/// See [`DocumentError`].
pub fn read(bytes: &[u8], base: Option<&Url>) -> Result<Document, DocumentError> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(DocumentError::TooLarge);
    }
    let text = decoded(bytes).ok_or(DocumentError::NoText)?;
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let mut document = match start.chars().next() {
        Some('<') if is_web_page(start) => return Err(DocumentError::WebPage),
        Some('<') => xml::read(start)?,
        Some('{' | '[') => json::read(start)?,
        _ => csv::read(start)?,
    };
    document.finish(base);
    Ok(document)
}

/// Reads what a web hook brings: one item as a JSON object, or several.
///
/// # Errors
/// See [`DocumentError`].
pub fn read_hook(bytes: &[u8]) -> Result<Document, DocumentError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DocumentError::NoText)?;
    let mut document = json::read_hook(text)?;
    document.finish(None);
    Ok(document)
}

/// A text by what XML says of its encoding, else by what is in it.
fn decoded(bytes: &[u8]) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.to_owned());
    }
    text::decode(bytes).map(|decoded| decoded.text)
}

fn is_web_page(start: &str) -> bool {
    let head: String = start
        .chars()
        .take(200)
        .collect::<String>()
        .to_ascii_lowercase();
    head.starts_with("<!doctype html") || head.starts_with("<html")
}

#[cfg(test)]
mod tests;
