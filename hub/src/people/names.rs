//! The words that people choose: their names, groups, tags. What is kept can be printed as it is.

use std::collections::BTreeSet;

use passerby_protocol::foreign;

/// Longest name of a person or a token, in characters.
pub const NAME_CHARS_MAX: usize = 60;
/// Longest name of a group or a tag, in characters.
pub const GROUP_CHARS_MAX: usize = 40;
/// Most tags of one screen.
pub const TAGS_MAX: usize = 10;

/// Says why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// There is nothing in it.
    #[error("give it a name")]
    Empty,
    /// It is too long.
    #[error("use at most {0} characters")]
    Long(usize),
    /// It has characters that nobody sees.
    #[error("use only characters that can be seen")]
    Hidden,
    /// There are too many of them.
    #[error("use at most {0} of them")]
    Many(usize),
}

/// Reads one line of text.
///
/// # Errors
/// See [`NameError`].
pub fn line(text: &str, chars_max: usize) -> Result<String, NameError> {
    let text = text.trim();
    if text.is_empty() {
        Err(NameError::Empty)
    } else if text.chars().nth(chars_max).is_some() {
        Err(NameError::Long(chars_max))
    } else if foreign::has_hidden(text) {
        Err(NameError::Hidden)
    } else {
        Ok(text.to_owned())
    }
}

/// Reads the name of a person.
///
/// # Errors
/// See [`NameError`].
pub fn person_name(text: &str) -> Result<String, NameError> {
    line(text, NAME_CHARS_MAX)
}

/// Returns what tells names of people apart: nobody is called like somebody else but for the case.
pub fn key_of(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Reads the name of a group; `None` where there is none.
///
/// # Errors
/// See [`NameError`].
pub fn group(text: &str) -> Result<Option<String>, NameError> {
    match line(text, GROUP_CHARS_MAX) {
        Ok(group) => Ok(Some(group)),
        Err(NameError::Empty) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Most characters of what passers-by are told of where a screen stands.
pub const PLACE_CHARS_MAX: usize = 60;
/// Most characters of the way to it.
pub const WAY_CHARS_MAX: usize = 160;

/// Reads where a screen stands, in words for passers-by; empty where there are none.
///
/// # Errors
/// See [`NameError`].
pub fn place(text: &str) -> Result<String, NameError> {
    optional(text, PLACE_CHARS_MAX)
}

/// Reads the way to a screen: an address, or latitude and longitude; empty where there is none.
///
/// # Errors
/// See [`NameError`].
pub fn way(text: &str) -> Result<String, NameError> {
    optional(text, WAY_CHARS_MAX)
}

fn optional(text: &str, chars_max: usize) -> Result<String, NameError> {
    match line(text, chars_max) {
        Err(NameError::Empty) => Ok(String::new()),
        read => read,
    }
}

/// Reads tags with commas between them, of either language.
///
/// # Errors
/// See [`NameError`].
pub fn tags(text: &str) -> Result<BTreeSet<String>, NameError> {
    let mut tags = BTreeSet::new();
    for word in text.split([',', '，', '、']) {
        if let Some(tag) = group(word)? {
            tags.insert(tag);
        }
        if tags.len() > TAGS_MAX {
            return Err(NameError::Many(TAGS_MAX));
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lines_that_can_be_seen() {
        assert_eq!(person_name("  李 雷 "), Ok("李 雷".to_owned()));
        assert_eq!(person_name(" "), Err(NameError::Empty));
        assert_eq!(person_name(&"a".repeat(61)), Err(NameError::Long(60)));
        assert_eq!(person_name("Ada\u{202e}"), Err(NameError::Hidden));
        assert_eq!(person_name("Ada\nRoot"), Err(NameError::Hidden));
        assert_eq!(key_of(" ADA "), key_of("ada"));
    }

    #[test]
    fn tags_are_told_apart_by_commas_of_either_language() {
        let words = |text| tags(text).unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(words("窗边，4K, ,4K"), ["4K", "窗边"]);
        assert!(words("").is_empty());
        let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        assert_eq!(tags(&many.join(",")), Err(NameError::Many(TAGS_MAX)));
    }
}
