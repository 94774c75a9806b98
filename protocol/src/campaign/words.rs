//! What a campaign's page says in one language, where the publisher wrote more than one.

use serde::{Deserialize, Serialize};

use crate::campaign::{Campaign, Landing};
use crate::limits::{LINE_CHARS_MAX, STORY_CHARS_MAX};
use crate::toml_fields::Section;

/// The languages that pages for phones have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageLanguage {
    /// Chinese.
    Chinese,
    /// English.
    English,
}

impl PageLanguage {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// The word for it in campaign files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }
}

/// The words of a page in one language; what is not here is taken from the campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageWords {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A few sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<String>,
    /// The label of the button.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// The text that goes with a shared link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
    /// What the page tells once the campaign is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What passers-by are asked who may leave a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
}

impl PageWords {
    /// Each with its name in the file and its greatest length.
    pub(super) fn each(&self) -> [(&'static str, Option<&str>, usize); 6] {
        [
            ("title", self.title.as_deref(), LINE_CHARS_MAX),
            ("story", self.story.as_deref(), STORY_CHARS_MAX),
            ("button", self.button.as_deref(), LINE_CHARS_MAX),
            ("share", self.share.as_deref(), STORY_CHARS_MAX),
            ("after", self.after.as_deref(), STORY_CHARS_MAX),
            ("question", self.question.as_deref(), LINE_CHARS_MAX),
        ]
    }

    fn read(section: &Section<'_>) -> Self {
        let text = |key, chars_max| {
            let text = section.text(key, chars_max, "a text");
            text.map(|text| text.value)
                .filter(|text| !text.trim().is_empty())
        };
        Self {
            title: text("title", LINE_CHARS_MAX),
            story: text("story", STORY_CHARS_MAX),
            button: text("button", LINE_CHARS_MAX),
            share: text("share", STORY_CHARS_MAX),
            after: text("after", STORY_CHARS_MAX),
            question: text("question", LINE_CHARS_MAX),
        }
    }
}

/// The words of a campaign's page in each language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// In Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zh: Option<PageWords>,
    /// In English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<PageWords>,
}

impl Words {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Those of a language, if the publisher wrote any.
    pub fn of(&self, language: PageLanguage) -> Option<&PageWords> {
        match language {
            PageLanguage::Chinese => self.zh.as_ref(),
            PageLanguage::English => self.en.as_ref(),
        }
    }

    /// Reads a `[words]` table.
    pub(super) fn read(root: &Section<'_>) -> Self {
        let words = root.table("words", |words| Self {
            zh: words.table("zh", PageWords::read),
            en: words.table("en", PageWords::read),
        });
        words.unwrap_or_default()
    }
}

/// What a campaign's page says in one language, as far as the publisher says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// What it is called.
    pub title: &'a str,
    /// A few sentences.
    pub story: Option<&'a str>,
    /// The label of the button.
    pub button: Option<&'a str>,
    /// The text that goes with a shared link.
    pub share: Option<&'a str>,
    /// What the page tells once the campaign is over.
    pub after: Option<&'a str>,
}

/// The first of two texts that says something.
fn first<'a>(own: Option<&'a str>, all: Option<&'a str>) -> Option<&'a str> {
    own.or(all).map(str::trim).filter(|text| !text.is_empty())
}

impl Campaign {
    /// Returns what the page says in a language: the words of that language, and where there are
    /// none those that the campaign has for all.
    pub fn said(&self, language: PageLanguage) -> Said<'_> {
        let own = self.words.of(language);
        Said {
            title: own
                .and_then(|own| own.title.as_deref())
                .unwrap_or(&self.title),
            story: first(
                own.and_then(|own| own.story.as_deref()),
                self.story.as_deref(),
            ),
            button: first(
                own.and_then(|own| own.button.as_deref()),
                self.button.as_deref(),
            ),
            share: first(
                own.and_then(|own| own.share.as_deref()),
                self.share.as_deref(),
            ),
            after: first(own.and_then(|own| own.after.as_deref()), None),
        }
    }

    /// Tells whether a scan opens a page at any time.
    pub fn opens_page(&self) -> bool {
        let landings = self.phases.iter().filter_map(|phase| phase.landing);
        // Without a target a scan opens the page, whatever the landing.
        self.target.is_none()
            || landings
                .chain([self.landing])
                .any(|landing| landing != Landing::Redirect)
    }
}
