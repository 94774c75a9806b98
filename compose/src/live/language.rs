//! The language of live elements.

/// The language of a date and of the units of a countdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LiveLanguage {
    Chinese,
    English,
}

impl LiveLanguage {
    /// The language that a card speaks first.
    pub(crate) fn of(text: &str) -> Self {
        let chinese = |c: char| ('\u{3400}'..='\u{9FFF}').contains(&c);
        if text.chars().any(chinese) {
            Self::Chinese
        } else {
            Self::English
        }
    }
}
