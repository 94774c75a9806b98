//! The words in markup, and the first picture.
//!
//! Nothing here understands a page: tags are left out, those that begin a block end a line, and
//! what a browser would not show as text is passed over.
//!
//! Invariants: work and memory grow with the length of the text alone; nothing is nested, so there
//! is no depth; a reference stands for one character at most, so nothing grows.

/// Longest name of a character reference, in bytes.
const REFERENCE_BYTES_MAX: usize = 12;
/// Tags behind which a new line begins.
const BLOCKS: [&str; 24] = [
    "address",
    "article",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "p",
    "section",
    "td",
    "tr",
];
/// Tags whose content is no text.
const HIDDEN: [&str; 8] = [
    "iframe", "noscript", "object", "script", "style", "svg", "template", "title",
];
/// The references that feeds use.
const REFERENCES: [(&str, char); 40] = [
    ("amp", '&'),
    ("apos", '\''),
    ("bdquo", '„'),
    ("bull", '•'),
    ("cent", '¢'),
    ("copy", '©'),
    ("deg", '°'),
    ("emsp", ' '),
    ("ensp", ' '),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("euro", '€'),
    ("frac12", '½'),
    ("gt", '>'),
    ("hellip", '…'),
    ("laquo", '«'),
    ("ldquo", '“'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("middot", '·'),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("pound", '£'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rdquo", '”'),
    ("reg", '®'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("sect", '§'),
    ("szlig", 'ß'),
    ("thinsp", ' '),
    ("times", '×'),
    ("trade", '™'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("yen", '¥'),
    ("shy", '\u{ad}'),
];

/// Returns the words of markup, line by line, and the link of the first picture that is large
/// enough to be one.
pub(super) fn text_of(markup: &str) -> (String, Option<String>) {
    let (mut text, mut picture) = (String::with_capacity(markup.len() / 2), None);
    let mut rest = markup;
    // Where no tag ends any more none begins, and nobody need look for its end again and again.
    let last_end = markup.rfind('>').unwrap_or(0);
    while let Some(at) = rest.find(['<', '&']) {
        push_words(&mut text, &rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('&') {
            let (c, after) = reference(rest);
            text.push(c);
            rest = after;
            continue;
        }
        let has_end = markup.len() - rest.len() < last_end;
        let Some(tag) = has_end.then(|| Tag::at(rest)).flatten() else {
            text.push('<');
            rest = &rest[1..];
            continue;
        };
        rest = tag.after;
        if BLOCKS.contains(&tag.name.as_str()) {
            text.push('\n');
        }
        if tag.name == "img" && picture.is_none() && !tag.is_tiny() {
            picture = ["data-src", "data-original", "src"]
                .iter()
                .find_map(|name| tag.attribute(name))
                .filter(|link| !link.starts_with("data:"));
        }
        if HIDDEN.contains(&tag.name.as_str()) && !tag.is_end && !tag.is_empty {
            rest = behind(rest, &tag.name);
        }
    }
    push_words(&mut text, rest);
    (text, picture)
}

/// Line ends in markup are blanks.
fn push_words(text: &mut String, words: &str) {
    text.extend(
        words
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c }),
    );
}

/// Reads a character reference; an ampersand that begins none stands for itself.
pub(super) fn reference(text: &str) -> (char, &str) {
    let name = text[1..]
        .char_indices()
        .take(REFERENCE_BYTES_MAX)
        .find(|(_, c)| *c == ';')
        .map(|(end, _)| &text[1..=end]);
    let known = name.and_then(|name| Some((named(name)?, &text[name.len() + 2..])));
    known.unwrap_or(('&', &text[1..]))
}

/// The character that a reference names.
pub(super) fn named(name: &str) -> Option<char> {
    match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
        None => REFERENCES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, c)| *c),
    }
}

/// What stands behind the end of an element whose content is no text.
fn behind<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut from = rest;
    while let Some(at) = from.find("</") {
        from = &from[at + 2..];
        let is_it = from
            .get(..name.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(name));
        if is_it {
            return from.find('>').map_or("", |end| &from[end + 1..]);
        }
    }
    ""
}

/// A tag, or a comment, which has no name.
struct Tag<'a> {
    name: String,
    is_end: bool,
    is_empty: bool,
    attributes: &'a str,
    after: &'a str,
}

impl<'a> Tag<'a> {
    /// Reads one; `None` where a `<` is only a sign.
    fn at(text: &'a str) -> Option<Self> {
        let inner = &text[1..];
        if let Some(comment) = inner.strip_prefix("!--") {
            let after = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            return Some(Self::nameless(after));
        }
        if inner.starts_with(['!', '?']) {
            let after = inner.find('>').map_or("", |end| &inner[end + 1..]);
            return Some(Self::nameless(after));
        }
        let is_end = inner.starts_with('/');
        let inner = inner.strip_prefix('/').unwrap_or(inner);
        if !inner.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let end = end_of_tag(inner)?;
        let (whole, after) = (&inner[..end], &inner[end + 1..]);
        let name_end = whole
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(whole.len());
        Some(Self {
            name: whole[..name_end].to_ascii_lowercase(),
            is_end,
            is_empty: whole.ends_with('/'),
            attributes: &whole[name_end..],
            after,
        })
    }

    fn nameless(after: &'a str) -> Self {
        Self {
            name: String::new(),
            is_end: false,
            is_empty: true,
            attributes: "",
            after,
        }
    }

    /// The value of an attribute, its references resolved.
    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            let name_end = rest
                .find(|c: char| c.is_whitespace() || c == '=')
                .unwrap_or(rest.len());
            let (name, behind) = rest.split_at(name_end);
            let Some(value) = behind.trim_start().strip_prefix('=') else {
                // A sign that begins no name would hold this up for ever.
                rest = if name_end == 0 { &rest[1..] } else { behind };
                continue;
            };
            let value = value.trim_start();
            let (value, behind) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let inner = &value[1..];
                    let end = inner.find(quote).unwrap_or(inner.len());
                    (&inner[..end], inner.get(end + 1..).unwrap_or(""))
                }
                _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            if name.eq_ignore_ascii_case(wanted) {
                let mut text = String::new();
                let mut rest = value;
                while let Some(at) = rest.find('&') {
                    text.push_str(&rest[..at]);
                    let (c, after) = reference(&rest[at..]);
                    text.push(c);
                    rest = after;
                }
                text.push_str(rest);
                return Some(text).filter(|text| !text.trim().is_empty());
            }
            rest = behind;
        }
    }

    /// A point that counts visitors, or an emoji in the text.
    fn is_tiny(&self) -> bool {
        let is_small = |name| {
            let side = self.attribute(name);
            side.and_then(|side| side.trim_end_matches("px").parse::<u32>().ok())
                .is_some_and(|side| side < 40)
        };
        is_small("width")
            || is_small("height")
            || self
                .attribute("class")
                .is_some_and(|class| class.contains("emoji") || class.contains("wp-smiley"))
    }
}

/// Where a tag ends: at the first `>` outside of quotes.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            // Only behind an equals sign is it the beginning of a value.
            (None, '"' | '\'') if before == '=' => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        if !c.is_whitespace() {
            before = c;
        }
    }
    // A quote that nobody closed; the tag ends where it would without it.
    text.find('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_a_reader_sees() {
        for (markup, words) in [
            ("plain &amp; simple", "plain & simple"),
            ("<p>一</p><p>二<br>三</p>", "\n一\n\n二\n三\n"),
            ("a<script>alert('<p>')</script>b", "ab"),
            ("a<!-- <b>x</b> -->b", "ab"),
            (
                "1 < 2 &#x4e2d;&#25991; &nosuch; & &",
                "1 < 2 中文 &nosuch; & &",
            ),
            ("<a title='>'>x</a>", "x"),
            ("<b", "<b"),
            ("<style>never closed", ""),
            ("a\nb\tc", "a b c"),
        ] {
            assert_eq!(text_of(markup).0, words, "{markup}");
        }
    }

    #[test]
    fn the_first_picture_is_no_point_that_counts_visitors() {
        let picture = |markup| text_of(markup).1;
        assert_eq!(
            picture("<img src=\"https://a.example/1.jpg?x=1&amp;y=2\">").as_deref(),
            Some("https://a.example/1.jpg?x=1&y=2")
        );
        assert_eq!(
            picture("<img width=1 height='1' src=t.gif><img src=b.png />").as_deref(),
            Some("b.png")
        );
        assert_eq!(picture("<img class=\"emoji\" src=e.png>"), None);
        assert_eq!(picture("<img src=\"data:image/gif;base64,x\" alt=>"), None);
        assert_eq!(
            picture("<img src=\"data:x\" data-src=\"real.jpg\">").as_deref(),
            Some("real.jpg")
        );
        assert_eq!(picture("<img ==\"\" '>\" src=x"), None);
    }

    #[test]
    fn a_million_openings_take_no_longer_than_as_many_letters() {
        for piece in [
            "<",
            "&",
            "<!--",
            "<a b='",
            "<a b='>",
            "<a b=\">'",
            "</>",
            "<script>",
            "<img src=",
        ] {
            let (text, _) = text_of(&piece.repeat(20_000));
            assert!(text.len() <= 20_000 * piece.len());
        }
    }
}
