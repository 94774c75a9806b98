//! Whether passers-by may leave a sentence for the publisher: `[voices]` of a campaign.

use serde::{Deserialize, Serialize};

use crate::campaign::Campaign;
use crate::campaign::words::PageLanguage;
use crate::limits::LINE_CHARS_MAX;
use crate::toml_fields::Section;

/// What passers-by may leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TakenVoices {
    /// Nothing.
    #[default]
    Nothing,
    /// A sentence, and a name if they like.
    Words,
    /// The same, and a picture if they like.
    WordsAndPictures,
}

impl TakenVoices {
    /// The words for them in campaign files.
    pub const WORDS: [(&str, Self); 3] = [
        ("nothing", Self::Nothing),
        ("words", Self::Words),
        ("words-and-pictures", Self::WordsAndPictures),
    ];
}

/// What passers-by may leave, and what they are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voices {
    /// What they may leave.
    #[serde(default)]
    pub take: TakenVoices,
    /// What the publisher asks, in whatever language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
}

impl Voices {
    /// Whether nothing is said of them.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether passers-by may leave anything.
    pub fn are_taken(&self) -> bool {
        self.take != TakenVoices::Nothing
    }

    /// Reads a `[voices]` table.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let voices = root.table("voices", |voices| {
            let question = voices.text("question", LINE_CHARS_MAX, "a line of text");
            Self {
                take: voices
                    .choice("take", &TakenVoices::WORDS)
                    .map(|take| take.value)
                    .unwrap_or_default(),
                question: question
                    .map(|question| question.value)
                    .filter(|question| !question.trim().is_empty()),
            }
        });
        voices.unwrap_or_default()
    }
}

impl Campaign {
    /// Returns what the publisher asks passers-by in a language, if anything.
    pub fn question(&self, language: PageLanguage) -> Option<&str> {
        let own = self.words.of(language);
        let own = own.and_then(|own| own.question.as_deref());
        let question = own.or(self.voices.question.as_deref());
        question.map(str::trim).filter(|text| !text.is_empty())
    }
}
