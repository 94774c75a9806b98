//! One item of a document, held to its limits as soon as it is read.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use passerby_protocol::card::PRICE_CHARS_MAX;
use passerby_protocol::foreign;
use passerby_protocol::limits::STORY_CHARS_MAX;
use reqwest::Url;

use crate::sources::document::html;

/// Most bytes that are kept of one field while it is read; what is longer was no card's text.
pub(super) const FIELD_BYTES_MAX: usize = 64 << 10;
/// Longest title that is kept, in characters; a card may have to shorten it further.
pub(super) const TITLE_CHARS_MAX: usize = 300;
/// Longest link, in bytes, to a page or a picture.
pub(super) const LINK_BYTES_MAX: usize = 2_000;
/// Longest id, in bytes; of a longer one only its beginning counts.
const ID_BYTES_MAX: usize = 1_000;

/// One item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// What its document calls it.
    pub id: Option<String>,
    /// One line; empty when it has none.
    pub title: String,
    /// Its words, line by line; empty when it has none.
    pub text: String,
    /// Where it can be read.
    pub link: Option<String>,
    /// Its first picture.
    pub picture: Option<String>,
    /// What it costs.
    pub price: Option<String>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// The last day on which it may air.
    pub until: Option<Date>,
    /// What of it could not be used, in words for its publisher.
    pub told: BTreeSet<String>,
}

impl Item {
    /// Takes a title that may have markup in it.
    pub(super) fn take_title(&mut self, markup: &str) {
        let (text, _) = html::text_of(markup);
        self.take_plain_title(&text);
    }

    /// Takes a title without markup.
    pub(super) fn take_plain_title(&mut self, text: &str) {
        let title = foreign::one_line(text, TITLE_CHARS_MAX);
        if foreign::one_line(text, TITLE_CHARS_MAX + 1) != title {
            self.tell("its title was cut");
        }
        self.title = title;
    }

    /// Takes words that may have markup in them, with the first picture that is shown among them.
    pub(super) fn take_markup(&mut self, markup: &str) {
        let (text, picture) = html::text_of(markup);
        self.take_text(&text);
        if let (None, Some(picture)) = (&self.picture, picture) {
            self.take_picture(&picture);
        }
    }

    /// Takes words without markup.
    pub(super) fn take_text(&mut self, text: &str) {
        let lines = foreign::plain_lines(text);
        let lines: Vec<&str> = lines
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        self.text = lines.join("\n");
        if let Some((at, _)) = self.text.char_indices().nth(STORY_CHARS_MAX) {
            self.text.truncate(at);
            // The cut may have parted what stands together.
            self.text = foreign::plain_lines(&self.text).trim_end().to_owned();
            self.tell("its text was cut");
        }
    }

    /// Takes a link to a page.
    pub(super) fn take_link(&mut self, link: &str) {
        self.link = self.short_link(link, "its link is too long and was left out");
    }

    /// Takes a link to a picture.
    pub(super) fn take_picture(&mut self, link: &str) {
        self.picture = self.short_link(link, "its picture's link is too long and was left out");
    }

    fn short_link(&mut self, link: &str, otherwise: &str) -> Option<String> {
        let link = link.trim();
        if link.len() > LINK_BYTES_MAX {
            self.tell(otherwise);
            return None;
        }
        (!link.is_empty()).then(|| link.to_owned())
    }

    /// Makes its links whole, as seen from where the document lies, and leaves out those that lead
    /// to no web server.
    pub(super) fn resolve(&mut self, base: Option<&Url>) {
        if let Some(link) = self.link.take() {
            self.link = whole(base, &link);
            if self.link.is_none() {
                self.tell("its link is none that a phone opens and was left out");
            }
        }
        if let Some(picture) = self.picture.take() {
            self.picture = whole(base, &picture);
            if self.picture.is_none() {
                self.tell("its picture has no link and was left out");
            }
        }
    }

    /// Takes a price.
    pub(super) fn take_price(&mut self, price: &str) {
        let line = foreign::one_line(price, PRICE_CHARS_MAX + 1);
        if line.chars().count() > PRICE_CHARS_MAX {
            self.tell("its price is too long and was left out");
        } else if !line.is_empty() {
            self.price = Some(line);
        }
    }

    /// Takes an id.
    pub(super) fn take_id(&mut self, id: &str) {
        let id = id.trim();
        let mut end = id.len().min(ID_BYTES_MAX);
        while !id.is_char_boundary(end) {
            end -= 1;
        }
        self.id = (end > 0).then(|| id[..end].to_owned());
    }

    /// Takes the last day on which it may air.
    pub(super) fn take_until(&mut self, day: &str) {
        match day.trim() {
            "" => {}
            day => match day.get(..10).unwrap_or(day).parse() {
                Ok(date) => self.until = Some(date),
                Err(_) => self.tell("its end is no date such as 2026-12-24 and was left out"),
            },
        }
    }

    /// Says what could not be used.
    pub(super) fn tell(&mut self, what: &str) {
        self.told.insert(what.to_owned());
    }

    /// Tells whether there is anything to read in it.
    pub(super) fn has_words(&self) -> bool {
        !self.title.is_empty() || !self.text.is_empty()
    }
}

/// A link as a browser understands it there; `None` if it is no http or https.
fn whole(base: Option<&Url>, link: &str) -> Option<String> {
    let url = match base {
        Some(base) => base.join(link),
        None => Url::parse(link),
    };
    let url = url.ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_open = url.username().is_empty() && url.password().is_none();
    (is_web && is_open && url.as_str().len() <= LINK_BYTES_MAX).then(|| url.into())
}
