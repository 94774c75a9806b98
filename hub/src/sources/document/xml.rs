//! RSS 2.0 (also 0.9x and 1.0) and Atom, as they are found.
//!
//! Invariants: entities that a document defines are never expanded, and nothing else is fetched for
//! it; of a field at most [`FIELD_BYTES_MAX`] bytes are kept; what stands deeper than
//! [`DEPTH_MAX`] ends the reading.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::sources::document::contents::{DEPTH_MAX, Document, DocumentError};
use crate::sources::document::item::{FIELD_BYTES_MAX, Item};
use crate::sources::document::{dates, html};

const FORM: &str = "RSS or Atom";

/// What is kept of an element's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    Summary,
    Content,
    Link,
    Id,
    Published,
    Updated,
}

/// A field that is being read.
struct Open {
    field: Field,
    depth: usize,
    text: String,
    /// Whether its elements are part of it (`type="xhtml"`).
    is_xhtml: bool,
    /// Whether it has no markup (`type="text"`).
    is_plain: bool,
    is_cut: bool,
}

impl Open {
    fn push(&mut self, text: &str) {
        let room = FIELD_BYTES_MAX.saturating_sub(self.text.len());
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.push_str(&text[..end]);
        self.is_cut |= end < text.len();
    }

    /// Adds words that are no markup.
    fn push_words(&mut self, words: &str) {
        if self.is_xhtml && words.contains(['<', '&']) {
            self.push(&words.replace('&', "&amp;").replace('<', "&lt;"));
        } else {
            self.push(words);
        }
    }
}

/// The words of a field.
#[derive(Default)]
struct Text {
    words: String,
    /// Whether they have no markup.
    is_plain: bool,
}

impl Text {
    const fn of(words: String, is_plain: bool) -> Self {
        Self { words, is_plain }
    }

    fn give(&self, item: &mut Item) {
        if self.is_plain {
            item.take_text(&self.words);
        } else {
            item.take_markup(&self.words);
        }
    }
}

/// An item that is being read.
#[derive(Default)]
struct Reading {
    item: Item,
    depth: usize,
    summary: Text,
    content: Text,
    updated: Option<jiff::Timestamp>,
}

impl Reading {
    fn take(&mut self, field: Open) {
        if field.is_cut {
            self.item.tell("one of its fields was cut");
        }
        let text = field.text;
        match field.field {
            Field::Title if field.is_plain => self.item.take_plain_title(&text),
            Field::Title => self.item.take_title(&text),
            Field::Summary => self.summary = Text::of(text, field.is_plain),
            Field::Content => self.content = Text::of(text, field.is_plain),
            Field::Link if self.item.link.is_none() => self.item.take_link(&text),
            Field::Link => {}
            Field::Id => self.item.take_id(&text),
            Field::Published => self.item.published = dates::moment(&text),
            Field::Updated => self.updated = dates::moment(&text),
        }
    }

    /// Puts together what was read.
    fn finish(mut self) -> Item {
        // The whole text has the pictures; the summary is what its author wants read in passing.
        for text in [&self.summary, &self.content] {
            if self.item.text.is_empty() {
                text.give(&mut self.item);
            } else if self.item.picture.is_none()
                && !text.is_plain
                && let (_, Some(picture)) = html::text_of(&text.words)
            {
                self.item.take_picture(&picture);
            }
        }
        self.item.published = self.item.published.or(self.updated);
        if self.item.link.is_none() {
            self.item.link = self
                .item
                .id
                .clone()
                .filter(|id| id.starts_with("http://") || id.starts_with("https://"));
        }
        self.item
    }
}

/// Reads a feed.
pub(super) fn read(text: &str) -> Result<Document, DocumentError> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.check_comments = false;
    let mut document = Document::default();
    let mut depth = 0;
    let mut is_feed = false;
    let mut item: Option<Reading> = None;
    let mut open: Option<Open> = None;
    loop {
        let event = reader
            .read_event()
            .map_err(|error| DocumentError::broken(FORM, error))?;
        match event {
            Event::Start(tag) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    let reason = format!("more than {DEPTH_MAX} elements are inside one another");
                    return Err(DocumentError::broken(FORM, reason));
                }
                begin(&tag, depth, &mut is_feed, &mut item, &mut open);
            }
            Event::Empty(tag) => {
                if let Some(open) = open.as_mut() {
                    push_tag(open, &tag);
                } else if let Some(item) = item.as_mut() {
                    take_attributes(item, &tag);
                }
            }
            Event::End(_) => {
                if let Some(field) = open.take_if(|open| open.depth == depth) {
                    if let Some(item) = item.as_mut() {
                        item.take(field);
                    }
                } else if let Some(reading) = item.take_if(|item| item.depth == depth) {
                    document.push(reading.finish());
                    open = None;
                }
                depth = depth.saturating_sub(1);
            }
            Event::Text(words) => {
                if let (Some(open), Ok(words)) = (open.as_mut(), words.decode()) {
                    open.push_words(&words);
                }
            }
            Event::CData(words) => {
                if let (Some(open), Ok(words)) = (open.as_mut(), words.decode()) {
                    open.push_words(&words);
                }
            }
            Event::GeneralRef(reference) => {
                if let (Some(open), Ok(name)) = (open.as_mut(), reference.decode()) {
                    match html::named(&name) {
                        Some(c) => open.push_words(c.encode_utf8(&mut [0; 4])),
                        // Whatever the document says that it means.
                        None => open.push_words(&format!("&{name};")),
                    }
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    if depth > 0 {
        return Err(DocumentError::broken(FORM, "its end is missing"));
    }
    if !is_feed {
        let reason = "it has no <rss>, <feed> or <rdf:RDF>";
        return Err(DocumentError::broken(FORM, reason));
    }
    Ok(document)
}

/// Takes the beginning of an element.
fn begin(
    tag: &BytesStart<'_>,
    depth: usize,
    is_feed: &mut bool,
    item: &mut Option<Reading>,
    open: &mut Option<Open>,
) {
    if let Some(open) = open.as_mut() {
        push_tag(open, tag);
        return;
    }
    let name = name_of(tag);
    let Some(reading) = item.as_mut() else {
        match name.as_str() {
            "rss" | "feed" | "rdf:RDF" => *is_feed |= depth == 1,
            "item" | "entry" => {
                *item = Some(Reading {
                    depth,
                    ..Reading::default()
                });
            }
            _ => {}
        }
        return;
    };
    take_attributes(reading, tag);
    if depth != reading.depth + 1 {
        return;
    }
    let field = match name.as_str() {
        "title" => Field::Title,
        "description" | "summary" => Field::Summary,
        "content" | "content:encoded" => Field::Content,
        "link" => Field::Link,
        "guid" | "id" => Field::Id,
        "pubDate" | "published" | "dc:date" => Field::Published,
        "updated" => Field::Updated,
        _ => return,
    };
    let kind = attribute(tag, "type").unwrap_or_default();
    // Media of another kind, or a file elsewhere.
    let is_elsewhere = field == Field::Content && attribute(tag, "src").is_some();
    if is_elsewhere || (field == Field::Link && attribute(tag, "href").is_some()) {
        return;
    }
    *open = Some(Open {
        field,
        depth,
        text: String::new(),
        is_xhtml: kind == "xhtml",
        is_plain: kind == "text" || kind == "text/plain",
        is_cut: false,
    });
}

/// Keeps a tag inside a field as markup.
fn push_tag(open: &mut Open, tag: &BytesStart<'_>) {
    if open.is_xhtml || open.field == Field::Content || open.field == Field::Summary {
        let markup = String::from_utf8_lossy(tag);
        open.push("<");
        open.push(&markup);
        open.push(">");
    }
}

/// Takes what stands in attributes: Atom's links, and pictures.
fn take_attributes(reading: &mut Reading, tag: &BytesStart<'_>) {
    let value = |name| attribute(tag, name).unwrap_or_default();
    let is_picture = || {
        let (kind, medium) = (value("type"), value("medium"));
        kind.starts_with("image/") || medium == "image"
    };
    match name_of(tag).as_str() {
        "link" => {
            let (href, rel) = (value("href"), value("rel"));
            if href.is_empty() {
            } else if (rel.is_empty() || rel == "alternate") && reading.item.link.is_none() {
                reading.item.take_link(&href);
            } else if rel == "enclosure" && is_picture() && reading.item.picture.is_none() {
                reading.item.take_picture(&href);
            }
        }
        "enclosure" | "media:content" if is_picture() && reading.item.picture.is_none() => {
            reading.item.take_picture(&value("url"));
        }
        "media:thumbnail" if reading.item.picture.is_none() => {
            reading.item.take_picture(&value("url"));
        }
        "itunes:image" if reading.item.picture.is_none() => {
            reading.item.take_picture(&value("href"));
        }
        _ => {}
    }
}

/// The name of an element as feeds write it; Atom's with a prefix counts like that without.
fn name_of(tag: &BytesStart<'_>) -> String {
    let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
    match name.strip_prefix("atom:") {
        // An RSS item may have an Atom link to itself.
        Some(own) if own != "link" => own.to_owned(),
        _ => name,
    }
}

/// The value of an attribute, references resolved; `None` where there is none.
fn attribute(tag: &BytesStart<'_>, wanted: &str) -> Option<String> {
    let mut attributes = tag.html_attributes();
    attributes.with_checks(false);
    let found = attributes
        .flatten()
        .find(|attribute| attribute.key.as_ref() == wanted.as_bytes())?;
    let value = String::from_utf8_lossy(&found.value);
    let mut text = String::with_capacity(value.len());
    let mut rest: &str = &value;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        let (c, after) = html::reference(&rest[at..]);
        text.push(c);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}
