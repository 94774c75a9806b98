//! Whose form of a character is meant, told from the text around it.

/// How the families of a text are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preference {
    Chinese,
    Japanese,
    Korean,
}

impl Preference {
    /// Tells it from the letters.
    pub(super) fn of(text: &str) -> Self {
        let has = |range: std::ops::RangeInclusive<char>| text.chars().any(|c| range.contains(&c));
        if has('\u{AC00}'..='\u{D7A3}') || has('\u{1100}'..='\u{11FF}') {
            Self::Korean
        } else if has('\u{3041}'..='\u{30FF}') {
            Self::Japanese
        } else {
            Self::Chinese
        }
    }

    /// Orders the families of a collection that carries one font for each country; 0 is best.
    pub(super) fn rank(self, family: &str) -> u8 {
        let has = |words: [&str; 2]| words.iter().any(|word| family.contains(word));
        let made_for = match self {
            Self::Chinese => has([" SC", " CN"]),
            Self::Japanese => has([" JP", "Japan"]),
            Self::Korean => has([" KR", "Korea"]),
        };
        let mono = u8::from(family.contains("Mono"));
        let serif = u8::from(family.contains("Serif"));
        4 * mono + 2 * u8::from(!made_for) + serif
    }
}
