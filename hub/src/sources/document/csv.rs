//! CSV as spreadsheets save it (RFC 4180), with commas, semicolons or tabs, and names of columns in
//! the first line.
//!
//! Invariant: at most [`COLUMNS_MAX`] columns and [`FIELD_BYTES_MAX`] bytes of a field are kept,
//! and a quote that nobody closes ends with the file.

use crate::sources::document::contents::{Document, DocumentError};
use crate::sources::document::dates;
use crate::sources::document::item::{FIELD_BYTES_MAX, Item};

const FORM: &str = "CSV file";
/// Most columns of a line that are looked at.
const COLUMNS_MAX: usize = 64;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Id,
    Title,
    Text,
    Link,
    Picture,
    Price,
    Date,
    Until,
    Other,
}

impl Column {
    fn of(name: &str) -> Self {
        match name.trim().to_lowercase().as_str() {
            "id" | "编号" => Self::Id,
            "title" | "name" | "标题" | "名称" => Self::Title,
            "text" | "description" | "正文" | "说明" => Self::Text,
            "link" | "url" | "链接" => Self::Link,
            "picture" | "image" | "图片" => Self::Picture,
            "price" | "价格" => Self::Price,
            "date" | "日期" => Self::Date,
            "until" | "end" | "截止" => Self::Until,
            _ => Self::Other,
        }
    }
}

/// Reads a table.
pub(super) fn read(text: &str) -> Result<Document, DocumentError> {
    let first = text.lines().next().unwrap_or_default();
    let separator = [',', ';', '\t']
        .into_iter()
        .max_by_key(|&sign| (first.matches(sign).count(), sign == ','))
        .unwrap_or(',');
    let mut rest = text;
    let head = line(&mut rest, separator).unwrap_or_default();
    let columns: Vec<Column> = head.iter().map(|name| Column::of(name)).collect();
    if !columns.contains(&Column::Title) && !columns.contains(&Column::Text) {
        let reason = "its first line names neither a column title nor a column text";
        return Err(DocumentError::broken(FORM, reason));
    }
    let mut document = Document {
        is_table: true,
        ..Document::default()
    };
    while let Some(fields) = line(&mut rest, separator) {
        if fields.iter().any(|field| !field.trim().is_empty()) {
            document.push(item(&columns, &fields));
        }
    }
    Ok(document)
}

fn item(columns: &[Column], fields: &[String]) -> Item {
    let mut item = Item::default();
    for (column, field) in columns.iter().zip(fields) {
        match column {
            Column::Id => item.take_id(field),
            Column::Title => item.take_plain_title(field),
            Column::Text => item.take_text(field),
            Column::Link => item.take_link(field),
            Column::Picture => item.take_picture(field),
            Column::Price => item.take_price(field),
            Column::Date => item.published = dates::moment(field),
            Column::Until => item.take_until(field),
            Column::Other => {}
        }
    }
    item
}

/// Takes one line, which may have line ends within quotes; `None` at the end.
fn line(rest: &mut &str, separator: char) -> Option<Vec<String>> {
    if rest.is_empty() {
        return None;
    }
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut is_quoted = false;
    let mut chars = rest.char_indices().peekable();
    let mut end = rest.len();
    while let Some((at, c)) = chars.next() {
        if is_quoted {
            match c {
                '"' if chars.peek().is_some_and(|(_, next)| *next == '"') => {
                    chars.next();
                    push(&mut field, '"');
                }
                '"' => is_quoted = false,
                c => push(&mut field, c),
            }
        } else if c == '"' && field.trim().is_empty() {
            field.clear();
            is_quoted = true;
        } else if c == separator {
            keep(&mut fields, &mut field);
        } else if c == '\n' || c == '\r' {
            let is_pair = c == '\r' && chars.peek().is_some_and(|(_, next)| *next == '\n');
            end = at + 1 + usize::from(is_pair);
            break;
        } else {
            push(&mut field, c);
        }
    }
    keep(&mut fields, &mut field);
    *rest = &rest[end..];
    Some(fields)
}

fn push(field: &mut String, c: char) {
    if field.len() < FIELD_BYTES_MAX {
        field.push(c);
    }
}

fn keep(fields: &mut Vec<String>, field: &mut String) {
    if fields.len() < COLUMNS_MAX {
        fields.push(std::mem::take(field));
    } else {
        field.clear();
    }
}
