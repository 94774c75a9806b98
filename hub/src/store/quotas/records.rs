//! What is kept of quotas, and why one refuses.

use serde::Serialize;

use crate::database::{DatabaseError, Transaction, values};

/// What a quota is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuotaSubject {
    /// All files of the hub together.
    Hub,
    /// Each person who has none of their own.
    Everybody,
    /// One person, with all of their tokens, by their number.
    Person(i64),
    /// The draft of one slot, by its number.
    Slot(i64),
}

impl QuotaSubject {
    /// The word for it in the database and in calls.
    pub fn word(self) -> String {
        match self {
            Self::Hub => "hub".to_owned(),
            Self::Everybody => "everybody".to_owned(),
            Self::Person(id) => format!("person:{id}"),
            Self::Slot(id) => format!("slot:{id}"),
        }
    }

    /// Finds it by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        match word.split_once(':') {
            None if word == "hub" => Some(Self::Hub),
            None if word == "everybody" => Some(Self::Everybody),
            Some(("person", id)) => id.parse().ok().map(Self::Person),
            Some(("slot", id)) => id.parse().ok().map(Self::Slot),
            _ => None,
        }
    }
}

/// How much there may be; what is left out has no bound of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// Bytes, each file counted once.
    pub bytes_max: Option<u64>,
    /// Files.
    pub files_max: Option<u64>,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Bytes, each file counted once.
    pub bytes: u64,
    /// Files.
    pub files: u64,
}

impl Quota {
    /// Tells whether so much is within it.
    pub fn admits(self, used: Usage) -> bool {
        self.bytes_max.is_none_or(|most| used.bytes <= most)
            && self.files_max.is_none_or(|most| used.files <= most)
    }

    /// How many bytes more are within it; `None` for as many as anybody likes, 0 where no further
    /// file is.
    pub fn room(self, used: Usage) -> Option<u64> {
        if self.files_max.is_some_and(|most| used.files >= most) {
            return Some(0);
        }
        self.bytes_max.map(|most| most.saturating_sub(used.bytes))
    }

    /// Tells whether it bounds nothing.
    pub const fn is_none(self) -> bool {
        self.bytes_max.is_none() && self.files_max.is_none()
    }
}

/// A quota with what is used of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaLine {
    /// What it is for.
    pub subject: QuotaSubject,
    /// What people call that; empty for the hub and for everybody.
    pub name: String,
    /// How much there may be.
    pub quota: Quota,
    /// Whether that is of everybody, and not its own.
    pub is_of_everybody: bool,
    /// How much there is; nothing for everybody.
    pub used: Usage,
}

/// Whose room is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The hub's.
    Hub,
    /// That of whoever asks.
    Person,
    /// That of the slot.
    Slot,
}

/// How many bytes may still come; `None` for as many as anybody likes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// Beside what is there.
    pub adding: Option<u64>,
    /// In the place of files of the draft, whose room they have then.
    pub replacing: Option<u64>,
    /// Whose bound `adding` is.
    pub whose: Option<Whose>,
}

impl Room {
    /// Puts another bound beside those that are there; the smaller one holds.
    pub(super) fn within(&mut self, whose: Whose, adding: Option<u64>, replacing: Option<u64>) {
        if adding.is_some_and(|bytes| self.adding.is_none_or(|before| bytes < before)) {
            self.adding = adding;
            self.whose = Some(whose);
        }
        self.replacing = match (self.replacing, replacing) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    /// How many bytes may come, beside what is there or in its place.
    pub fn bytes(self, replaces: bool) -> u64 {
        let room = if replaces {
            self.replacing
        } else {
            self.adding
        };
        room.unwrap_or(u64::MAX)
    }
}

/// Says why a file is not taken although there is nothing wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}; delete drafts that nobody needs, or ask whoever runs the hub for more", .whose.said(), said(*.quota, *.used))]
pub struct QuotaFault {
    /// Whose room it is.
    pub whose: Whose,
    /// How much there may be.
    pub quota: Quota,
    /// How much there is.
    pub used: Usage,
}

impl Whose {
    /// Says so in English.
    pub const fn said(self) -> &'static str {
        match self {
            Self::Hub => "the hub has no room for it",
            Self::Person => "your files would take more room than they may",
            Self::Slot => "the slot has no room for it",
        }
    }
}

/// In MiB, rounded so that what is used never looks like less, and what may be never like more.
fn said(quota: Quota, used: Usage) -> String {
    let mut said = Vec::new();
    if let Some(most) = quota.bytes_max {
        let used = used.bytes.div_ceil(1 << 20);
        said.push(format!("{used} of {} MiB are used", most >> 20));
    }
    if let Some(most) = quota.files_max {
        said.push(format!("{} of {most} files are there", used.files));
    }
    said.join(", ")
}

/// Reads the quota of a subject; one that is not set bounds nothing.
pub(super) fn of_subject(
    tx: &Transaction<'_>,
    subject: QuotaSubject,
) -> Result<Option<Quota>, DatabaseError> {
    tx.optional(
        "SELECT bytes_max, files_max FROM quotas WHERE subject = ?1",
        values![subject.word()],
        |row| {
            Ok(Quota {
                bytes_max: row.get(0)?,
                files_max: row.get(1)?,
            })
        },
    )
}

/// The quota of a person: their own, else that of everybody. Whether it is everybody's comes with
/// it.
pub(super) fn of_person(tx: &Transaction<'_>, person: i64) -> Result<(Quota, bool), DatabaseError> {
    if let Some(own) = of_subject(tx, QuotaSubject::Person(person))? {
        return Ok((own, false));
    }
    let of_everybody = of_subject(tx, QuotaSubject::Everybody)?;
    Ok((of_everybody.unwrap_or_default(), true))
}
