//! A campaign folder with one card, made of an item.
//!
//! Invariants: what is written passes the reader of campaign folders or the item is given up;
//! whatever of the item is shortened or left out is named; nothing is written outside the folder.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use jiff::civil::Date;
use passerby_protocol::campaign::{self, link_in_ascii};
use passerby_protocol::card::PRICE_CHARS_MAX;
use passerby_protocol::foreign::one_line;
use passerby_protocol::limits::{LINE_CHARS_MAX, STORY_CHARS_MAX};
use serde::{Deserialize, Serialize};

use crate::sources::rules::Chosen;
use crate::sources::template::Template;

/// Most characters of an item's text that stand on a card: what is read in passing. The page that
/// its code opens has more.
const BODY_CHARS_MAX: usize = 160;
/// The file of the card.
const CARD_FILE: &str = "item.card.toml";
/// What a line ends with that was shortened.
const ELLIPSIS: char = '…';

/// What an item says, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Words {
    /// One line; may be empty where there is a text.
    pub title: String,
    /// Lines; may be empty where there is a title.
    pub text: String,
    /// Where it can be read.
    pub link: Option<String>,
    /// Its picture.
    pub picture: Option<String>,
    /// What it costs.
    pub price: Option<String>,
    /// The last day on which it airs.
    pub until: Date,
}

impl Words {
    /// Those of an item that was chosen.
    pub(super) fn of(chosen: &Chosen) -> Self {
        let item = &chosen.item;
        Self {
            title: item.title.clone(),
            text: item.text.clone(),
            link: item.link.clone(),
            picture: item.picture.clone(),
            price: item.price.clone(),
            until: chosen.until,
        }
    }

    /// The headline, and the words that are left for the body: a post without a title, or whose
    /// title is how its text begins, says nothing twice.
    pub(super) fn parted(&self) -> (String, String) {
        let text = one_line(&self.text, STORY_CHARS_MAX);
        if self.title.is_empty() {
            let end = text
                .char_indices()
                .find(|(at, c)| {
                    let next = text[at + c.len_utf8()..].chars().next();
                    matches!(c, '。' | '！' | '？')
                        || (matches!(c, '.' | '!' | '?') && next.is_none_or(char::is_whitespace))
                })
                .map_or(text.len(), |(at, c)| at + c.len_utf8());
            let (first, rest) = text.split_at(end);
            if first.chars().count() <= LINE_CHARS_MAX {
                let first = first.trim_end_matches(['。', '.']);
                return (first.to_owned(), rest.trim_start().to_owned());
            }
            return (text, String::new());
        }
        // What RSSHub writes behind a title for what it leaves out of it.
        let title = ["[图片]", "[视频]"]
            .iter()
            .fold(self.title.trim(), |title, mark| {
                title.trim_end_matches(mark).trim_end()
            });
        let title = if title.is_empty() { &self.title } else { title };
        let stem = title.trim_end_matches([ELLIPSIS, '.', ' ']);
        match text.strip_prefix(stem) {
            Some(rest) => {
                let rest = rest.trim_start_matches(|c: char| {
                    c.is_whitespace()
                        || matches!(c, '.' | ',' | '。' | '，' | '：' | ':' | ELLIPSIS)
                });
                // A title that was cut off in the middle of a sentence is no headline without it.
                let is_cut = stem.len() < title.len() && !rest.is_empty();
                if is_cut {
                    (text, String::new())
                } else {
                    (title.to_owned(), rest.to_owned())
                }
            }
            None => (title.to_owned(), text),
        }
    }
}

/// A picture that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    /// The file.
    pub bytes: Vec<u8>,
    ending: &'static str,
}

impl Picture {
    /// Takes a file whose first bytes are those of a picture; nothing of it is decoded here. `None`
    /// for anything else.
    pub(super) fn of(bytes: Vec<u8>) -> Option<Self> {
        let ending = if bytes.starts_with(b"\xFF\xD8\xFF") {
            "jpg"
        } else if bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
            "png"
        } else if bytes.starts_with(b"GIF8") {
            "gif"
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            "webp"
        } else {
            return None;
        };
        Some(Self { bytes, ending })
    }
}

/// Writes the folder. What had to be shortened or left out is added to `told`.
///
/// # Errors
/// Whatever the file system says.
pub(super) fn write(
    folder: &Path,
    source: &str,
    words: &Words,
    template: &Template,
    picture: Option<&Picture>,
    told: &mut BTreeSet<String>,
) -> io::Result<()> {
    let (title, text) = words.parted();
    let fields = [
        ("{title}", title.as_str()),
        ("{text}", text.as_str()),
        ("{price}", words.price.as_deref().unwrap_or_default()),
        ("{source}", source),
    ];
    let filled = |pattern: &str| fill(pattern, &fields);
    let mut shortened = |what: &str, text: &str, chars_max: usize| {
        let (line, is_shortened) = shorten(text, chars_max);
        if is_shortened {
            told.insert(format!(
                "its {what} was shortened to {chars_max} characters"
            ));
        }
        line
    };
    let mut headline = shortened("headline", &filled(&template.headline), LINE_CHARS_MAX);
    if headline.is_empty() {
        headline = shortened("headline", &title, LINE_CHARS_MAX);
    }
    let body = shortened("text", &filled(&template.body), BODY_CHARS_MAX);
    let price = one_line(&filled(&template.price), PRICE_CHARS_MAX + 1);
    let price = (price.chars().count() <= PRICE_CHARS_MAX).then_some(price);

    let mut card = Toml::default();
    card.text("headline", &headline);
    card.filled("body", Some(&body));
    card.filled("price", price.as_deref());
    card.filled(
        "layout",
        template.layout.as_deref().filter(|_| picture.is_some()),
    );
    if let Some(picture) = picture {
        let name = format!("picture.{}", picture.ending);
        fs::write(folder.join(&name), &picture.bytes)?;
        card.text("picture", &name);
    }
    fs::write(folder.join(CARD_FILE), card.0)?;

    let target = target(words, told);
    let mut file = Toml::default();
    file.text("title", &headline);
    if let Some(target) = &target {
        file.text("target", target);
        file.text("landing", &template.landing);
        if template.landing != "redirect" {
            let story = if words.text.is_empty() {
                &headline
            } else {
                &words.text
            };
            file.text("story", story);
            file.filled("button", template.button.as_deref());
            let share = template.share.as_deref().map(filled);
            let share = share.map(|share| one_line(&share, STORY_CHARS_MAX));
            file.filled("share", share.as_deref());
        }
    }
    let colours = [
        ("paper", &template.paper),
        ("ink", &template.ink),
        ("accent", &template.accent),
    ];
    let colours: Vec<String> = colours
        .iter()
        .filter_map(|(key, colour)| Some(format!("{key} = {}", quoted(colour.as_deref()?))))
        .collect();
    if !colours.is_empty() {
        file.0 += &format!("colours = {{ {} }}\n", colours.join(", "));
    }
    file.0 += &format!("\n[[phase]]\nname = \"item\"\nuntil = {}\n", words.until);
    file.0 += "\n[[placement]]\n";
    file.text("creative", CARD_FILE);
    file.0 += &format!("seconds = {}\n", template.seconds);
    if template.filler {
        file.0 += "filler = true\n";
    }
    if template.weight > 1 {
        file.0 += &format!("weight = {}\n", template.weight);
    }
    if let (Some(call), true) = (&template.call, target.is_some()) {
        file.0 += &format!("code = {{ call = {} }}\n", quoted(call));
    }
    fs::write(folder.join(campaign::FILE_NAME), file.0)
}

/// Puts the fields of an item into a pattern, once: what they say is no pattern.
fn fill(pattern: &str, fields: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        match fields.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, words)) => {
                filled.push_str(words);
                rest = &rest[name.len()..];
            }
            None => {
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// Where the code leads.
fn target(words: &Words, told: &mut BTreeSet<String>) -> Option<String> {
    let link = words.link.as_deref()?;
    let found = campaign::target(&link_in_ascii(link)).or_else(|reason| {
        // What only statistics want may go.
        let bare = link.split(['?', '#']).next().unwrap_or(link);
        if link.len() > passerby_protocol::limits::URL_BYTES_MAX && bare.len() < link.len() {
            let bare = campaign::target(&link_in_ascii(bare))?;
            told.insert("its link was too long and lost what stands behind the ?".to_owned());
            return Ok(bare);
        }
        Err(reason)
    });
    match found {
        Ok(target) => Some(target),
        Err(reason) => {
            told.insert(format!("it has no code, since of its link {reason}"));
            None
        }
    }
}

/// Returns a line of at most so many characters, ended between words where it has to be cut.
fn shorten(text: &str, chars_max: usize) -> (String, bool) {
    let whole = one_line(text, text.len());
    if whole.chars().count() <= chars_max {
        return (whole, false);
    }
    let mut line = one_line(&whole, chars_max - 1);
    // Chinese has no blanks between words; only a near one counts.
    if let Some(at) = line.rfind(' ').filter(|at| *at > line.len() * 2 / 3) {
        line.truncate(at);
    }
    let end = line
        .trim_end_matches(|c: char| {
            c.is_whitespace() || matches!(c, ',' | '，' | '、' | ':' | '：')
        })
        .len();
    line.truncate(end);
    line.push(ELLIPSIS);
    (line, true)
}

/// Lines of TOML.
#[derive(Default)]
struct Toml(String);

impl Toml {
    fn text(&mut self, key: &str, text: &str) {
        self.0 += &format!("{key} = {}\n", quoted(text));
    }

    /// The same where there is something.
    fn filled(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            self.text(key, text);
        }
    }
}

/// A text as a basic string of TOML, which JSON's are but for one character.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(title: &str, text: &str) -> Words {
        Words {
            title: title.to_owned(),
            text: text.to_owned(),
            link: None,
            picture: None,
            price: None,
            until: jiff::civil::date(2026, 12, 24),
        }
    }

    #[test]
    fn a_post_says_nothing_twice() {
        let parted = |title: &str, text: &str| words(title, text).parted();
        let pair = |headline: &str, body: &str| (headline.to_owned(), body.to_owned());
        assert_eq!(parted("新店开张", "欢迎光临"), pair("新店开张", "欢迎光临"));
        assert_eq!(
            parted("", "今天第一天。买一送一！"),
            pair("今天第一天", "买一送一！")
        );
        assert_eq!(
            parted("", "Open now! Come in"),
            pair("Open now!", "Come in")
        );
        assert_eq!(
            parted("今天第一天", "今天第一天，买一送一"),
            pair("今天第一天", "买一送一")
        );
        assert_eq!(
            parted("今天第一天[图片]", "今天第一天"),
            pair("今天第一天", "")
        );
        assert_eq!(
            parted("今天第一…", "今天第一天，买一送一"),
            pair("今天第一天，买一送一", "")
        );
    }

    #[test]
    fn whatever_a_template_and_an_item_say_is_read_back() {
        let all = "headline = '{title} {price}'\nbody = '{text}'\nprice = '{price}'\nlayout = 'picture-left'\n\
                   paper = '#fff8ec'\nink = '#102030'\naccent = '#c03020'\ncall = '\"look\"'\nlanding = 'follow'\n\
                   button = 'More'\nshare = '{title}'\nseconds = 9\nweight = 3\nfiller = true\n";
        let picture = Picture::of(b"\x89PNG\r\n\x1A\n".to_vec()).unwrap();
        for template in [Template::parse("", all).unwrap(), Template::default()] {
            for odd in [
                "plain",
                "\"quotes\" 'and' \\ back\\slashes",
                "a\nb",
                "{text}",
                "# [x] = \u{7f}",
            ] {
                let within = tempfile::tempdir().unwrap();
                let folder = within.path().join("cafe:1");
                fs::create_dir(&folder).unwrap();
                let mut told = BTreeSet::new();
                let mut item = words(odd, odd);
                item.link = Some("https://a.example/?a=b&c='d'".to_owned());
                item.price = Some("¥1".to_owned());
                let picture = Some(&picture);
                write(&folder, "cafe", &item, &template, picture, &mut told).unwrap();
                let mut left_out = passerby_protocol::left_out::LeftOut::default();
                let read = passerby_folder::CampaignFolder::read(&folder, &mut left_out);
                let campaign = read
                    .unwrap_or_else(|problems| panic!("{problems:?}"))
                    .campaign;
                assert_eq!(campaign.target.is_some(), item.link.is_some());
                let card = fs::read_to_string(folder.join(CARD_FILE)).unwrap();
                passerby_protocol::card::Card::parse("", &card).unwrap();
                assert!(told.is_empty(), "{told:?}");
            }
        }
    }

    #[test]
    fn what_an_item_says_is_no_pattern() {
        let fields = [("{title}", "{text}"), ("{text}", "words")];
        assert_eq!(
            fill("{title}: {text} {x} {", &fields),
            "{text}: words {x} {"
        );
    }

    #[test]
    fn what_is_shortened_ends_between_words_and_says_so() {
        let (line, is_shortened) = shorten(&"word ".repeat(40), 80);
        assert!(
            is_shortened && line.ends_with("word…") && line.chars().count() <= 80,
            "{line}"
        );
        let (line, _) = shorten(&"字".repeat(100), 80);
        assert_eq!(line.chars().count(), 80);
        assert_eq!(shorten("short", 80), ("short".to_owned(), false));
    }

    #[test]
    fn a_link_that_is_too_long_loses_what_is_behind_it_or_the_code() {
        let mut told = BTreeSet::new();
        let mut item = words("a", "");
        item.link = Some(format!("https://a.example/x?{}", "y".repeat(400)));
        assert_eq!(
            target(&item, &mut told).as_deref(),
            Some("https://a.example/x")
        );
        item.link = Some(format!("https://a.example/{}", "y".repeat(400)));
        assert_eq!(target(&item, &mut told), None);
        assert_eq!(told.len(), 2, "{told:?}");
    }
}
