//! Which items of a document air, and until when.
//!
//! Invariants: what is chosen of a document depends on it and the rules alone, so a document that
//! is the same chooses the same; the newest are counted after those without the right words are
//! left out; `now` is an argument.

use jiff::civil::Date;
use passerby_protocol::{Digest, ScreenNumber};
use serde::{Deserialize, Serialize};

use crate::sources::document::{Document, Item};
use crate::sources::template::Template;
use crate::system::clock;
use crate::system::clock::DAY_MS;

/// Most items of one source that air at one time.
pub const NEWEST_MAX: u32 = 50;
/// Most words that must, or must not, be there; and most characters of one.
pub const WORDS_MAX: usize = 20;
/// Most characters of one of them.
pub const WORD_CHARS_MAX: usize = 40;

/// What an operator says of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// How many items air at one time.
    pub newest: u32,
    /// One of these must be in an item, if there are any.
    pub must: Vec<String>,
    /// None of these may be.
    pub must_not: Vec<String>,
    /// Whether somebody has to approve each item.
    pub approval: bool,
    /// For how many days an item airs that does not say so itself.
    pub days: u32,
    /// How often it is fetched, in minutes.
    pub every_minutes: u32,
    /// The screens that it is for; all, when there are none.
    pub screens: Vec<ScreenNumber>,
    /// How its cards look.
    pub template: Template,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            newest: 5,
            must: Vec::new(),
            must_not: Vec::new(),
            approval: false,
            days: 14,
            every_minutes: 15,
            screens: Vec::new(),
            template: Template::default(),
        }
    }
}

/// An item that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The item.
    pub item: Item,
    /// By what it is known again: hashes of its id, its link and its words.
    pub names: Vec<[u8; 32]>,
    /// Hash of what it says.
    pub content: [u8; 32],
    /// When it was published; now, when nobody says.
    pub order_ms: i64,
    /// The last day on which it airs.
    pub until: Date,
    /// When that day has ended.
    pub ends_ms: i64,
}

/// What was chosen of a document, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The oldest first.
    pub chosen: Vec<Chosen>,
    /// Those that have no word that they must have, or one that they must not.
    pub by_words: usize,
    /// Those whose time is over already.
    pub over: usize,
    /// Those that are older than the newest.
    pub older: usize,
}

impl Rules {
    /// Chooses the items of a document that should air.
    pub fn choose(&self, document: &Document, now_ms: i64) -> Choice {
        let mut choice = Choice::default();
        let mut fit: Vec<&Item> = Vec::new();
        for item in &document.items {
            if !self.admits(item) {
                choice.by_words += 1;
            } else if clock::end_of(item.until, i64::MAX) <= now_ms {
                choice.over += 1;
            } else {
                fit.push(item);
            }
        }
        // Rows of a table air in its order; of a feed the newest, those without a date in the order
        // in which it has them, which is the newest first.
        if !document.is_table {
            fit.sort_by_key(|item| std::cmp::Reverse(order_ms(item, now_ms)));
        }
        let newest = usize::try_from(self.newest).unwrap_or(usize::MAX);
        choice.older = fit.len().saturating_sub(newest);
        fit.truncate(newest);
        let oldest_first = fit.into_iter().rev();
        choice.chosen = oldest_first
            .map(|item| self.chosen(document, item, now_ms))
            .collect();
        choice
    }

    fn admits(&self, item: &Item) -> bool {
        let text = format!("{}\n{}", item.title, item.text).to_lowercase();
        let has = |word: &String| text.contains(&word.to_lowercase());
        (self.must.is_empty() || self.must.iter().any(has)) && !self.must_not.iter().any(has)
    }

    fn chosen(&self, document: &Document, item: &Item, now_ms: i64) -> Chosen {
        let days_ms = DAY_MS * i64::from(self.days);
        let until = item
            .until
            .unwrap_or_else(|| clock::date_of(now_ms + days_ms));
        Chosen {
            names: names_of(document, item),
            content: content_of(item),
            order_ms: order_ms(item, now_ms),
            until,
            ends_ms: clock::end_of(Some(until), i64::MAX),
            item: item.clone(),
        }
    }
}

/// When an item was published; now, when nobody says. What comes from the future would stay the
/// newest for ever.
fn order_ms(item: &Item, now_ms: i64) -> i64 {
    let published = item.published.map(|at| at.as_millisecond());
    published.map_or(now_ms, |at_ms| at_ms.min(now_ms))
}

fn content_of(item: &Item) -> [u8; 32] {
    let until = item.until.map(|date| date.to_string());
    let parts = [
        Some(item.title.as_str()),
        Some(item.text.as_str()),
        item.link.as_deref(),
        item.picture.as_deref(),
        item.price.as_deref(),
        until.as_deref(),
    ];
    hash("content", &parts)
}

/// By what an item is known again. Of a feed, which may change its ids, also by its link, unless
/// others of its items have the same, and by its words.
fn names_of(document: &Document, item: &Item) -> Vec<[u8; 32]> {
    let mut names = Vec::new();
    if let Some(id) = &item.id {
        names.push(hash("id", &[Some(id)]));
    }
    if document.is_table {
        if names.is_empty() {
            // The title stands for a row that has no id, so that a new price is a change.
            names.push(hash("title", &[Some(&item.title)]));
        }
        return names;
    }
    if let Some(link) = &item.link {
        let others = document.items.iter();
        if others
            .filter(|other| other.link.as_ref() == Some(link))
            .take(2)
            .count()
            == 1
        {
            names.push(hash("link", &[Some(bare(link))]));
        }
    }
    names.push(hash("words", &[Some(&item.title), Some(&item.text)]));
    names
}

/// A link without what statistics and scripts put behind it.
fn bare(link: &str) -> &str {
    let link = link.split('#').next().unwrap_or(link);
    match link.split_once('?') {
        Some((path, query)) if query.split('&').all(|part| part.starts_with("utm_")) => path,
        _ => link,
    }
}

/// Hashes texts with their lengths, so that none runs into the next.
fn hash(what: &str, parts: &[Option<&str>]) -> [u8; 32] {
    let mut bytes = what.as_bytes().to_vec();
    for part in parts {
        let part = part.unwrap_or_default();
        bytes.extend_from_slice(&part.len().to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Digest::of(&bytes).0
}
