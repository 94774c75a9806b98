//! Alerts as they are stored.

use std::collections::BTreeSet;

use passerby_protocol::ScreenNumber;
use serde::{Deserialize, Serialize};

use crate::database::DatabaseError;
use crate::store::StoreError;

/// Most rules of one hub.
pub const RULES_MAX: usize = 100;
/// Most screens that one message names; of the others it says how many they are.
pub const CHANGES_MAX: usize = 30;

/// What can be wrong with a screen, and what else people want to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertKind {
    /// Nothing is heard of it.
    Silent,
    /// It is in touch and shows nothing.
    Dark,
    /// Its disk is nearly full.
    Full,
    /// It does not know what time it is.
    Clock,
    /// Passers-by have said something there that nobody has read.
    Voices,
}

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Silent,
        Self::Dark,
        Self::Full,
        Self::Clock,
        Self::Voices,
    ];
    /// What can be wrong with a screen.
    pub const OF_SCREENS: [Self; 4] = [Self::Silent, Self::Dark, Self::Full, Self::Clock];

    /// The word for it in databases and calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Dark => "dark",
            Self::Full => "full",
            Self::Clock => "clock",
            Self::Voices => "voices",
        }
    }

    /// Finds one by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// How a web hook wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HookKind {
    /// JSON of our own form, signed.
    Json,
    /// A robot of a WeCom group.
    Wecom,
    /// A robot of a Feishu or Lark group.
    Feishu,
    /// A robot of a DingTalk group.
    Dingtalk,
    /// An incoming web hook of Slack, or of what understands the same.
    Slack,
}

impl HookKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Json,
        Self::Wecom,
        Self::Feishu,
        Self::Dingtalk,
        Self::Slack,
    ];

    /// The word for it in databases and calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Wecom => "wecom",
            Self::Feishu => "feishu",
            Self::Dingtalk => "dingtalk",
            Self::Slack => "slack",
        }
    }

    /// Finds one by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlertWords {
    /// Chinese.
    #[serde(rename = "zh")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl AlertWords {
    /// Picks the text in this language, Chinese first.
    pub const fn say(self, [chinese, english]: [&'static str; 2]) -> &'static str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }

    /// The word for it in databases and calls.
    pub const fn word(self) -> &'static str {
        self.say(["zh", "en"])
    }
}

/// What a rule says; checked by [`alerts::check`](crate::alerts::check) before it comes here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertSettings {
    /// What it is called.
    pub name: String,
    /// The group of screens that it is for; all screens without one.
    pub group: Option<String>,
    /// Of what it tells.
    pub kinds: BTreeSet<AlertKind>,
    /// After how many minutes a screen of which nothing is heard is silent.
    pub silent_minutes: u32,
    /// After how many minutes without a play a screen that is in touch is dark.
    pub dark_minutes: u32,
    /// Between which minutes of the day a screen can be dark; all day where there are none.
    pub dark_hours: Option<(u32, u32)>,
    /// Below how many free MiB a disk is full.
    pub free_mib: u32,
    /// For how long changes are gathered into one message, in seconds.
    pub gather_s: u32,
    /// How many messages it makes in 24 hours.
    pub messages_a_day: u32,
    /// Who gets mail.
    pub mails: Vec<String>,
    /// How its web hook is told; none where it has none.
    pub hook: Option<HookKind>,
    /// The host of its web hook, which is all of it that pages show.
    pub hook_host: Option<String>,
    /// The language of its messages.
    pub words: AlertWords,
    /// Whether it tells nothing for now.
    pub paused: bool,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRule {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub settings: AlertSettings,
    /// Its web hook, sealed.
    pub sealed_hook: Option<Vec<u8>>,
    /// When it was made.
    pub made_ms: i64,
}

/// One thing that a message tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertChange {
    /// The screen.
    pub screen: ScreenNumber,
    /// What it is called.
    pub name: String,
    /// What is, or was, wrong.
    pub kind: AlertKind,
    /// Whether it is wrong now, and not well again.
    pub is_bad: bool,
    /// Since when, as Unix time in milliseconds.
    pub since_ms: i64,
}

/// What one message tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertTelling {
    /// Whether it only tries the way.
    pub is_test: bool,
    /// Whether the rule is quiet after it until its day is over.
    pub is_last: bool,
    /// How many things became wrong, those that are not named as well.
    pub bad: usize,
    /// How many are well again.
    pub well: usize,
    /// How many new voices of passers-by there are; a message of these tells nothing else.
    #[serde(default)]
    pub voices: u64,
    /// What is named, the worst first.
    pub changes: Vec<AlertChange>,
}

/// Something that is wrong now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenAlert {
    /// The screen.
    pub screen: ScreenNumber,
    /// What it is called.
    pub name: String,
    /// What is wrong.
    pub kind: AlertKind,
    /// Since when.
    pub since_ms: i64,
}

/// Says why nothing was done with a rule.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// There is none of this number, or the asker has nothing to do with it.
    #[error("there is no such rule; see `passerby-hub alert list`")]
    Unknown,
    /// There are too many.
    #[error("there are {RULES_MAX} rules already; remove one first")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for AlertError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}
