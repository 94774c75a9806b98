//! What was read of a document, and why there is nothing.

use passerby_protocol::foreign;
use reqwest::Url;

use crate::sources::document::item::Item;

/// Largest document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// Most items that are read of one.
pub const ITEMS_MAX: usize = 10_000;
/// Most elements of XML inside one another.
pub const DEPTH_MAX: usize = 64;
/// Longest reason why a document was not read, in characters.
const REASON_CHARS_MAX: usize = 160;

/// A document that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Its items, in its order.
    pub items: Vec<Item>,
    /// Items past [`ITEMS_MAX`], and those without any words.
    pub left_out: usize,
    /// Whether it is a table: what is in it now counts, and not what was new in it once.
    pub is_table: bool,
}

/// Says why a document gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is too large.
    #[error("it has more than {} MiB; have it name fewer items", DOCUMENT_BYTES_MAX >> 20)]
    TooLarge,
    /// It is no text.
    #[error("it is no text; a source is a feed (RSS, Atom, JSON Feed), a CSV or a JSON file")]
    NoText,
    /// It is a web page.
    #[error("it is a web page and no feed; look on the page for the address of its feed")]
    WebPage,
    /// It cannot be read.
    #[error("it is no {form} that can be read: {reason}")]
    Broken {
        /// What it was taken for.
        form: &'static str,
        /// One line.
        reason: String,
    },
}

impl DocumentError {
    pub(super) fn broken(form: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Broken {
            form,
            reason: foreign::one_line(&reason.to_string(), REASON_CHARS_MAX),
        }
    }
}

impl Document {
    /// Leaves out what has no words, and makes links whole.
    pub(super) fn finish(&mut self, base: Option<&Url>) {
        let before = self.items.len();
        self.items.retain(Item::has_words);
        self.left_out += before - self.items.len();
        for item in &mut self.items {
            item.resolve(base);
        }
    }

    /// Adds an item, unless there are too many.
    pub(super) fn push(&mut self, item: Item) {
        if self.items.len() < ITEMS_MAX {
            self.items.push(item);
        } else {
            self.left_out += 1;
        }
    }
}
