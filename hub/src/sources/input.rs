//! What somebody says of a source, wherever they say it: checked, and made one.
//!
//! Invariant: a file of the hub's machine is named on that machine alone, never over the network.

use std::fmt::Write as _;

use passerby_protocol::{Digest, ScreenNumber};
use reqwest::Url;

use crate::sources::rules::{NEWEST_MAX, Rules, WORD_CHARS_MAX, WORDS_MAX};
use crate::sources::template::Template;
use crate::store::{NewSource, SourceKind, StoreError};
use crate::system::random;

/// Longest name of a source, in characters.
pub const NAME_CHARS_MAX: usize = 40;
/// Longest address of a source, in bytes.
pub const URL_BYTES_MAX: usize = 2_000;
/// Most screens that one source is for by their numbers.
const SCREENS_MAX: usize = 1_000;

/// What somebody says of a source.
#[derive(Debug, Clone, Default)]
pub struct SourceInput<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Where it is; empty for what programs send.
    pub url: &'a str,
    /// How many items air at one time.
    pub newest: Option<u32>,
    /// Words of which one must be there.
    pub must: Vec<String>,
    /// Words of which none may be there.
    pub must_not: Vec<String>,
    /// Whether somebody has to approve each item.
    pub approval: bool,
    /// For how many days an item airs.
    pub days: Option<u32>,
    /// How often it is fetched, in minutes.
    pub every_minutes: Option<u32>,
    /// The screens that it is for; all when there are none.
    pub screens: Vec<ScreenNumber>,
    /// The keys of its template that are said, each with its text.
    pub template: Vec<(&'static str, &'a str)>,
}

/// Says why it is none.
#[derive(Debug, thiserror::Error)]
pub enum SourceInputError {
    /// The name.
    #[error("use 1 to {NAME_CHARS_MAX} small letters, digits and hyphens, such as cafe-news")]
    Name,
    /// The address.
    #[error("use an http or https address of at most {URL_BYTES_MAX} bytes, without a user")]
    Url,
    /// A word.
    #[error("use at most {WORDS_MAX} words of a kind, of 1 to {WORD_CHARS_MAX} characters each")]
    Word,
    /// A number.
    #[error(
        "use 1 to {NEWEST_MAX} items, 1 to 365 days, 1 to 1440 minutes, and at most {SCREENS_MAX} screens"
    )]
    Number,
    /// The template; with its first mistake.
    #[error("{0}")]
    Template(String),
    /// It cannot be written as JSON.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the name of a source.
///
/// # Errors
/// It is none.
pub fn name(text: &str) -> Result<String, SourceInputError> {
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let fits = is_plain && !text.starts_with('-') && (1..=NAME_CHARS_MAX).contains(&text.len());
    fits.then(|| text.to_owned()).ok_or(SourceInputError::Name)
}

/// Reads a word that must, or must not, be there.
///
/// # Errors
/// It is none.
pub fn word(text: &str) -> Result<String, SourceInputError> {
    let word = text.trim();
    let fits = (1..=WORD_CHARS_MAX).contains(&word.chars().count());
    fits.then(|| word.to_owned()).ok_or(SourceInputError::Word)
}

/// Reads the address of a source.
///
/// # Errors
/// It is none.
pub fn url(text: &str) -> Result<Url, SourceInputError> {
    let url = Url::parse(text.trim()).map_err(|_| SourceInputError::Url)?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_open = url.username().is_empty() && url.password().is_none();
    let fits = is_web && is_open && url.as_str().len() <= URL_BYTES_MAX;
    fits.then_some(url).ok_or(SourceInputError::Url)
}

fn words(texts: &[String]) -> Result<Vec<String>, SourceInputError> {
    if texts.len() > WORDS_MAX {
        return Err(SourceInputError::Word);
    }
    texts.iter().map(|text| word(text)).collect()
}

/// Reads a template of its keys and their texts, as the file of one.
fn template(keys: &[(&'static str, &str)]) -> Result<Template, SourceInputError> {
    let mut file = String::new();
    for (key, text) in keys {
        let is_number = *key == "seconds" && text.bytes().all(|byte| byte.is_ascii_digit());
        // A text of JSON is one of TOML.
        let text = if is_number {
            (*text).to_owned()
        } else {
            serde_json::to_string(text).map_err(StoreError::from)?
        };
        let _ = writeln!(file, "{key} = {text}");
    }
    Template::parse("template", &file).map_err(|problems| {
        let first = problems.first().map(|problem| problem.message.clone());
        SourceInputError::Template(first.unwrap_or_default())
    })
}

impl SourceInput<'_> {
    /// The rules that it says.
    fn rules(&self) -> Result<Rules, SourceInputError> {
        let or = Rules::default();
        let rules = Rules {
            newest: self.newest.unwrap_or(or.newest),
            must: words(&self.must)?,
            must_not: words(&self.must_not)?,
            approval: self.approval,
            days: self.days.unwrap_or(or.days),
            every_minutes: self.every_minutes.unwrap_or(or.every_minutes),
            screens: self.screens.clone(),
            template: template(&self.template)?,
        };
        let fits = (1..=NEWEST_MAX).contains(&rules.newest)
            && (1..=365).contains(&rules.days)
            && (1..=1_440).contains(&rules.every_minutes)
            && rules.screens.len() <= SCREENS_MAX;
        if fits {
            Ok(rules)
        } else {
            Err(SourceInputError::Number)
        }
    }

    /// Makes the rules of a source of it that has some already, as JSON. What of its template is
    /// not among `asked` stays.
    ///
    /// # Errors
    /// See [`SourceInputError`].
    pub fn change(&self, known: &Rules, asked: &[&str]) -> Result<String, SourceInputError> {
        let mut rules = self.rules()?;
        let said = std::mem::replace(&mut rules.template, known.template.clone());
        let of = &mut rules.template;
        for key in asked {
            match *key {
                "headline" => of.headline.clone_from(&said.headline),
                "body" => of.body.clone_from(&said.body),
                "price" => of.price.clone_from(&said.price),
                "layout" => of.layout.clone_from(&said.layout),
                "paper" => of.paper.clone_from(&said.paper),
                "ink" => of.ink.clone_from(&said.ink),
                "accent" => of.accent.clone_from(&said.accent),
                "call" => of.call.clone_from(&said.call),
                "landing" => of.landing.clone_from(&said.landing),
                "button" => of.button.clone_from(&said.button),
                "share" => of.share.clone_from(&said.share),
                "seconds" => of.seconds = said.seconds,
                _ => {}
            }
        }
        Ok(serde_json::to_string(&rules).map_err(StoreError::from)?)
    }

    /// Makes a source of it. The text is the secret of what takes what programs send, which is
    /// known only now.
    ///
    /// # Errors
    /// See [`SourceInputError`].
    pub fn read(&self) -> Result<(NewSource, Option<String>), SourceInputError> {
        let rules = self.rules()?;
        let location = match self.url.trim() {
            "" => None,
            text => Some(url(text)?.to_string()),
        };
        let secret = location.is_none().then(random::enrolment_token);
        let source = NewSource {
            name: name(self.name.trim())?,
            kind: match location {
                Some(_) => SourceKind::Link,
                None => SourceKind::Hook,
            },
            location,
            secret_sha256: secret
                .as_ref()
                .map(|secret| Digest::of(secret.as_bytes()).0),
            rules: serde_json::to_string(&rules).map_err(StoreError::from)?,
        };
        Ok((source, secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_source_is_checked_and_a_file_cannot_be_named() {
        let input = |name, url| SourceInput {
            name,
            url,
            ..SourceInput::default()
        };
        let (source, secret) = input("cafe-news", "https://shop.example/feed")
            .read()
            .unwrap();
        assert_eq!((source.kind, secret), (SourceKind::Link, None));
        let (source, secret) = input("cafe", "").read().unwrap();
        assert_eq!(source.kind, SourceKind::Hook);
        let secret = secret.unwrap();
        assert_eq!(source.secret_sha256, Some(Digest::of(secret.as_bytes()).0));
        for url in [
            "/etc/passwd",
            "file:///etc/passwd",
            "ftp://a.example",
            "https://u:p@a.example",
        ] {
            assert!(
                matches!(input("cafe", url).read(), Err(SourceInputError::Url)),
                "{url}"
            );
        }
        for name in ["", "Cafe", "-cafe", "a b", "a:1", &"a".repeat(41)] {
            assert!(
                matches!(input(name, "").read(), Err(SourceInputError::Name)),
                "{name}"
            );
        }
        let known = Rules {
            template: template(&[("headline", "News: {title}"), ("price", "¥{price}")]).unwrap(),
            ..Rules::default()
        };
        let changed = SourceInput {
            newest: Some(2),
            template: vec![("body", ""), ("seconds", "20")],
            ..SourceInput::default()
        };
        let changed = changed.change(&known, &["body", "seconds"]).unwrap();
        let changed: Rules = serde_json::from_str(&changed).unwrap();
        let of = &changed.template;
        assert_eq!((changed.newest, changed.days), (2, 14));
        assert_eq!((of.body.as_str(), of.seconds), ("", 20));
        assert_eq!(
            (of.headline.as_str(), of.price.as_str()),
            ("News: {title}", "¥{price}")
        );
        let with = |keys: &[(&'static str, &str)]| template(keys);
        let made = with(&[
            ("headline", "New: {title} \"x\"\\"),
            ("paper", "#fff8ec"),
            ("seconds", "20"),
        ]);
        let made = made.unwrap();
        assert_eq!(
            (made.headline.as_str(), made.seconds),
            ("New: {title} \"x\"\\", 20)
        );
        for keys in [
            ("headline", "{titel}"),
            ("paper", "red"),
            ("seconds", "x\nfiller = true"),
            ("seconds", "1"),
        ] {
            assert!(with(&[keys]).is_err(), "{keys:?}");
        }
    }
}
