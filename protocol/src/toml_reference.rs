//! What the references say of the keys of TOML files.
//!
//! A [`KeyTable`] stands beside the code that reads a section. It says what each key is for and
//! what holds without it; what its value must be, the reader itself tells
//! ([`crate::toml_fields::Reader::asked`]). A key that is read and not described, or described and
//! not read, keeps the page from being written.

use crate::toml_fields::AskedKey;

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What it is for, as a part of a sentence.
    pub says: String,
    /// Whether `says` also has what the value must be.
    pub is_told: bool,
    /// What else there is to know, whole sentences.
    pub more: String,
    /// What holds without it; `None` where it is required.
    pub absent: Option<String>,
}

/// Describes a key that is required unless [`Key::absent`] is said.
pub fn key(name: &'static str, says: impl Into<String>) -> Key {
    Key {
        name,
        says: says.into(),
        is_told: false,
        more: String::new(),
        absent: None,
    }
}

impl Key {
    /// What holds without it.
    #[must_use]
    pub fn absent(self, absent: impl Into<String>) -> Self {
        let absent = Some(absent.into());
        Self { absent, ..self }
    }

    /// What else there is to know.
    #[must_use]
    pub fn more(self, more: impl Into<String>) -> Self {
        let more = more.into();
        Self { more, ..self }
    }

    /// What the key is for already says what its value must be.
    #[must_use]
    pub fn told(self) -> Self {
        let is_told = true;
        Self { is_told, ..self }
    }
}

/// The keys of one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTable {
    /// Where the section is: `placement.code`; empty for the top level.
    pub path: &'static str,
    /// Its heading with the marks before it, such as `## [link]`; empty for a table whose keys
    /// stand below the key that it belongs to.
    pub heading: &'static str,
    /// What it is for.
    pub intro: String,
    /// Its keys, in the order in which people should read them.
    pub keys: Vec<Key>,
    /// Paragraphs that follow, as Markdown.
    pub notes: String,
}

impl KeyTable {
    /// A section with a heading of its own.
    pub fn chapter(path: &'static str, heading: &'static str, keys: Vec<Key>) -> Self {
        Self {
            path,
            heading,
            intro: String::new(),
            keys,
            notes: String::new(),
        }
    }

    /// A table whose keys stand below the key that it belongs to.
    pub fn nested(path: &'static str, keys: Vec<Key>) -> Self {
        Self::chapter(path, "", keys)
    }

    /// What the section is for.
    #[must_use]
    pub fn intro(self, intro: impl Into<String>) -> Self {
        let intro = intro.into();
        Self { intro, ..self }
    }

    /// What follows the keys.
    #[must_use]
    pub fn notes(self, notes: impl Into<String>) -> Self {
        let notes = notes.into();
        Self { notes, ..self }
    }
}

/// Writes sections as Markdown, a paragraph or an entry of a list on one line.
///
/// # Errors
/// Keys that are read and not described, described and not read, or described with other words than
/// those that are accepted.
pub fn markdown(tables: &[KeyTable], asked: &[AskedKey]) -> Result<String, Vec<String>> {
    let problems = problems(tables, asked);
    if !problems.is_empty() {
        return Err(problems);
    }
    let chapters = tables.iter().filter(|table| !table.heading.is_empty());
    let chapters = chapters.map(|table| {
        let (parent, own) = table.path.rsplit_once('.').unwrap_or(("", table.path));
        let count_max = of_key(asked, parent, own).find_map(|asked| asked.count_max);
        let most = count_max.map(|most| numbers_with_commas(&format!("At most {most} of them.")));
        let intro = [Some(table.intro.clone()), most];
        let intro: Vec<String> = intro
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .collect();
        let parts = [
            table.heading.to_owned(),
            intro.join(" "),
            entries(tables, asked, table, 0),
            table.notes.clone(),
        ];
        let parts = parts.iter().map(|part| part.trim_end());
        parts
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n")
    });
    Ok(chapters.collect::<Vec<_>>().join("\n\n"))
}

/// What was asked about one key.
fn of_key<'a>(
    asked: &'a [AskedKey],
    section: &str,
    key: &str,
) -> impl Iterator<Item = &'a AskedKey> {
    let is_it = move |asked: &&AskedKey| asked.section == section && asked.key == key;
    asked.iter().filter(is_it).collect::<Vec<_>>().into_iter()
}

/// The full name of a key.
fn path_of(section: &str, key: &str) -> String {
    match section {
        "" => key.to_owned(),
        section => format!("{section}.{key}"),
    }
}

fn entries(tables: &[KeyTable], asked: &[AskedKey], table: &KeyTable, depth: usize) -> String {
    let mut text = String::new();
    for key in &table.keys {
        let mut accepted: Vec<&str> = Vec::new();
        for asked in of_key(asked, table.path, key.name).filter(|asked| !asked.is_section) {
            if !accepted.contains(&asked.accepted.as_str()) {
                accepted.push(&asked.accepted);
            }
        }
        let count_max = of_key(asked, table.path, key.name).find_map(|asked| asked.count_max);
        let most = count_max.map(|most| numbers_with_commas(&format!(", at most {most}")));
        let form = match key.is_told || accepted.is_empty() {
            true => String::new(),
            false => format!(
                "; {}{}",
                as_markdown(&accepted.join("; or ")),
                most.unwrap_or_default()
            ),
        };
        let required = if key.absent.is_none() {
            "; required"
        } else {
            ""
        };
        let more = Some(numbers_with_commas(&key.more)).filter(|more| !more.is_empty());
        let absent = key.absent.as_ref();
        let absent = absent.map(|absent| numbers_with_commas(&format!("Default: {absent}.")));
        let says = numbers_with_commas(&key.says);
        let sentences = [
            Some(format!("`{}`: {says}{form}{required}.", key.name)),
            more,
            absent,
        ];
        let sentences: Vec<String> = sentences.into_iter().flatten().collect();
        text += &format!("{}* {}\n", "  ".repeat(depth), sentences.join(" "));
        let below = path_of(table.path, key.name);
        let nested = tables
            .iter()
            .find(|table| table.path == below && table.heading.is_empty());
        if let Some(nested) = nested {
            text += &entries(tables, asked, nested, depth + 1);
        }
    }
    text
}

fn problems(tables: &[KeyTable], asked: &[AskedKey]) -> Vec<String> {
    let mut problems = Vec::new();
    let described = |section: &str, name: &str| {
        let table = tables.iter().filter(|table| table.path == section);
        table
            .flat_map(|table| &table.keys)
            .find(|key| key.name == name)
    };
    for AskedKey {
        section,
        key,
        accepted,
        is_section,
        ..
    } in asked
    {
        let name = path_of(section, key);
        match described(section, key) {
            Some(key) if key.is_told && accepted.starts_with("one of ") => {
                let words = accepted.split('"').skip(1).step_by(2);
                let lacking = words.filter(|word| {
                    let quoted = format!("`\"{word}\"`");
                    !key.says.contains(&quoted) && !key.more.contains(&quoted)
                });
                problems.extend(
                    lacking.map(|word| format!("{name} may be {word:?}, which is not told")),
                );
            }
            None if !is_section => problems.push(format!("{name} is read and not described")),
            _ => {}
        }
        if *is_section && !tables.iter().any(|table| table.path == name) {
            problems.push(format!("the section {name} is read and not described"));
        }
        if *is_section && !asked.iter().any(|below| below.section == name) {
            problems.push(format!("no text that was looked at has the section {name}"));
        }
    }
    for table in tables {
        for key in &table.keys {
            if of_key(asked, table.path, key.name).next().is_none() {
                let name = path_of(table.path, key.name);
                problems.push(format!("{name} is described and not read"));
            }
        }
    }
    problems.sort_unstable();
    problems.dedup();
    problems
}

/// What is accepted, with values as code and numbers as documents have them.
fn as_markdown(accepted: &str) -> String {
    if accepted == "true or false" {
        return "`true` or `false`".to_owned();
    }
    let mut text = String::new();
    for (at, piece) in accepted.split('"').enumerate() {
        match at % 2 {
            0 => text += piece,
            _ => text += &format!("`\"{piece}\"`"),
        }
    }
    numbers_with_commas(&text)
}

/// A text for people with its numbers as documents have them; what is code stays as it is.
pub fn numbers_with_commas(text: &str) -> String {
    let pieces = text.split('`').enumerate().map(|(at, piece)| {
        if at % 2 == 1 {
            return piece.to_owned();
        }
        let words = piece.split(' ').map(|word| {
            let number = word.trim_end_matches([',', '.', ';', ':', ')']);
            let is_long = number.len() > 3 && number.bytes().all(|byte| byte.is_ascii_digit());
            match is_long {
                true => with_commas(number) + &word[number.len()..],
                false => word.to_owned(),
            }
        });
        words.collect::<Vec<_>>().join(" ")
    });
    pieces.collect::<Vec<_>>().join("`")
}

/// A number as documents have it: 16,384.
fn with_commas(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
