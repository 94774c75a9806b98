//! Any bytes as what a source says: a feed, a table, what a web hook brings. It gives items within
//! their limits, or one reason.

use passerby_hub::sources::document::{self, Document, DocumentError, ITEMS_MAX};
use passerby_hub::sources::rules::Rules;
use passerby_protocol::foreign;
use passerby_protocol::limits::STORY_CHARS_MAX;

/// A moment in 2026, as Unix time in milliseconds.
const NOW_MS: i64 = 1_795_946_400_000;
/// Longest title that an item keeps, in characters.
const TITLE_CHARS_MAX: usize = 300;
/// Longest reason, in characters; the words around it have some.
const REASON_CHARS_MAX: usize = 400;

/// Reads the bytes in both ways.
pub fn run(bytes: &[u8]) {
    check(bytes, document::read(bytes, None));
    check(bytes, document::read_hook(bytes));
}

fn check(bytes: &[u8], read: Result<Document, DocumentError>) {
    let document = match read {
        Ok(document) => document,
        Err(reason) => {
            let said = reason.to_string();
            assert!(said.chars().count() <= REASON_CHARS_MAX, "{said}");
            assert!(!foreign::has_hidden(&said), "{said:?}");
            return;
        }
    };
    assert!(document.items.len() <= ITEMS_MAX);
    for item in &document.items {
        assert!(!item.title.is_empty() || !item.text.is_empty());
        assert!(item.title.chars().count() <= TITLE_CHARS_MAX);
        assert!(item.text.chars().count() <= STORY_CHARS_MAX);
        // A reference stands for one character at most, of four bytes.
        assert!(item.title.len() + item.text.len() <= 8 * bytes.len() + 8);
        for text in [&item.title, &item.text] {
            assert!(!foreign::has_hidden(&text.replace('\n', " ")), "{text:?}");
        }
        for link in [&item.link, &item.picture].into_iter().flatten() {
            assert!(
                link.starts_with("http://") || link.starts_with("https://"),
                "{link}"
            );
        }
    }
    let rules = Rules::default();
    let choice = rules.choose(&document, NOW_MS);
    assert!(choice.chosen.len() <= rules.newest as usize);
    assert_eq!(
        choice.chosen.len() + choice.by_words + choice.over + choice.older,
        document.items.len(),
        "each is chosen or counted"
    );
    assert!(
        choice
            .chosen
            .iter()
            .all(|chosen| !chosen.names.is_empty() && chosen.ends_ms > NOW_MS)
    );
    assert_eq!(
        rules.choose(&document, NOW_MS),
        choice,
        "the same chooses the same"
    );
}
