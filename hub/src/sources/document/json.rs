//! JSON Feed 1.1, and JSON as a table: `[{"title": …, "text": …}, …]`, or the same as `items`.
//!
//! Invariants: only the fields that are named here are kept, of whatever type; no more than
//! [`ITEMS_MAX`] items are held; depth is bounded by the reader of JSON itself (128).

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::sources::document::contents::{Document, DocumentError, ITEMS_MAX};
use crate::sources::document::dates;
use crate::sources::document::item::Item;

const FORM: &str = "JSON Feed or JSON file";
/// What the version of a JSON Feed begins with.
const FEED_VERSION: &str = "https://jsonfeed.org/version/";

/// Reads a feed or a table.
pub(super) fn read(text: &str) -> Result<Document, DocumentError> {
    let top = parse(text)?;
    if !top.has_items {
        let reason = "it has no list of items";
        return Err(DocumentError::broken(FORM, reason));
    }
    Ok(top.document())
}

/// Reads what a web hook brings.
pub(super) fn read_hook(text: &str) -> Result<Document, DocumentError> {
    let mut top = parse(text)?;
    if !top.has_items {
        top.items.push(std::mem::take(&mut top.single));
    }
    Ok(top.document())
}

fn parse(text: &str) -> Result<Top, DocumentError> {
    serde_json::from_str(text).map_err(|error| DocumentError::broken(FORM, error))
}

/// The outermost value.
#[derive(Default)]
struct Top {
    items: Vec<Fields>,
    left_out: usize,
    has_items: bool,
    is_feed: bool,
    /// Its own fields, where it is an object.
    single: Fields,
}

impl Top {
    fn document(self) -> Document {
        Document {
            items: self.items.into_iter().map(Fields::item).collect(),
            left_out: self.left_out,
            is_table: !self.is_feed,
        }
    }
}

/// The fields of one item, whichever of its names they have.
#[derive(Default)]
struct Fields {
    id: Option<String>,
    title: Option<String>,
    html: Option<String>,
    text: Option<String>,
    summary: Option<String>,
    link: Option<String>,
    other_link: Option<String>,
    picture: Option<String>,
    banner: Option<String>,
    price: Option<String>,
    published: Option<String>,
    modified: Option<String>,
    until: Option<String>,
}

impl Fields {
    /// The place of a field; `None` for what nobody asks for.
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "id" => &mut self.id,
            "title" => &mut self.title,
            "content_html" => &mut self.html,
            "content_text" | "text" => &mut self.text,
            "summary" => &mut self.summary,
            "url" | "link" => &mut self.link,
            "external_url" => &mut self.other_link,
            "image" | "picture" => &mut self.picture,
            "banner_image" => &mut self.banner,
            "price" => &mut self.price,
            "date_published" | "date" => &mut self.published,
            "date_modified" => &mut self.modified,
            "until" => &mut self.until,
            _ => return None,
        })
    }

    fn item(self) -> Item {
        let mut item = Item::default();
        item.take_id(self.id.as_deref().unwrap_or_default());
        item.take_plain_title(self.title.as_deref().unwrap_or_default());
        if let Some(link) = self.link.or(self.other_link) {
            item.take_link(&link);
        }
        if let Some(picture) = self.picture.or(self.banner) {
            item.take_picture(&picture);
        }
        item.take_price(self.price.as_deref().unwrap_or_default());
        item.take_until(self.until.as_deref().unwrap_or_default());
        let is_filled =
            |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        if is_filled(&self.summary) {
            item.take_text(self.summary.as_deref().unwrap_or_default());
        } else if is_filled(&self.text) {
            item.take_text(self.text.as_deref().unwrap_or_default());
        }
        if let Some(html) = self.html {
            // Its pictures count also where its words stand in another field.
            let mut whole = Item {
                picture: item.picture.take(),
                ..Item::default()
            };
            whole.take_markup(&html);
            item.picture = whole.picture;
            if item.text.is_empty() {
                item.text = whole.text;
                item.told.append(&mut whole.told);
            }
        }
        let published = self.published.or(self.modified);
        item.published = published.as_deref().and_then(dates::moment);
        item
    }
}

impl<'de> Deserialize<'de> for Top {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TopVisitor)
    }
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Top;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Top, A::Error> {
        let mut top = Top {
            has_items: true,
            ..Top::default()
        };
        take_items(items, &mut top)?;
        Ok(top)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Top, A::Error> {
        let mut top = Top::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "items" => {
                    let Items(found) = map.next_value()?;
                    top.has_items |= found.has_items;
                    top.items = found.items;
                    top.left_out = found.left_out;
                }
                "version" => {
                    let Loose(version) = map.next_value()?;
                    top.is_feed = version.is_some_and(|said| said.starts_with(FEED_VERSION));
                }
                name => take_field(&mut top.single, name, &mut map)?,
            }
        }
        Ok(top)
    }
}

/// A list of items; whatever else stands there is none.
struct Items(Top);

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Items;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Items, A::Error> {
                TopVisitor.visit_seq(items).map(Items)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

fn take_items<'de, A: SeqAccess<'de>>(mut items: A, top: &mut Top) -> Result<(), A::Error> {
    loop {
        if top.items.len() < ITEMS_MAX {
            match items.next_element::<Fields>()? {
                Some(item) => top.items.push(item),
                None => return Ok(()),
            }
        } else {
            match items.next_element::<IgnoredAny>()? {
                Some(_) => top.left_out += 1,
                None => return Ok(()),
            }
        }
    }
}

fn take_field<'de, A: MapAccess<'de>>(
    fields: &mut Fields,
    name: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    match fields.place(name) {
        Some(place) => {
            let Loose(text) = map.next_value()?;
            if place.is_none() {
                *place = text;
            }
        }
        None => _ = map.next_value::<IgnoredAny>()?,
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item, as an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = map.next_key::<String>()? {
                    take_field(&mut fields, &name, &mut map)?;
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A text or a number; anything else counts as missing.
struct Loose(Option<String>);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose(Some(text.to_owned())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Loose, E> {
        Ok(Loose(None))
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Loose, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }
}
