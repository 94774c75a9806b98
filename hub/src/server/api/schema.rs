//! The forms of what calls take and answer, as the description has them. A test holds the answers
//! to these.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Whole,
    /// A number that need not be whole.
    Number,
    Truth,
    Texts,
    /// Many numbers.
    Wholes,
    /// A moment, as Unix time in milliseconds.
    Moment,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of another form.
    One(&'static str),
    /// A list of another form.
    Many(&'static str),
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) holds: Holds,
    pub(super) may_be_missing: bool,
    pub(super) means: &'static str,
}

/// A form with its fields.
pub(super) type Form = (&'static str, &'static [Field]);

pub(super) const fn field(name: &'static str, holds: Holds, means: &'static str) -> Field {
    Field {
        name,
        holds,
        may_be_missing: false,
        means,
    }
}

pub(super) const fn maybe(name: &'static str, holds: Holds, means: &'static str) -> Field {
    Field {
        name,
        holds,
        may_be_missing: true,
        means,
    }
}

pub(super) const STATES: Holds = Holds::Word(&["in-touch", "silent", "waiting", "revoked"]);
pub(super) const ROLES: Holds =
    Holds::Word(&["owner", "operator", "publisher", "contributor", "viewer"]);
pub(super) const BY: Holds =
    Holds::Word(&["day", "hour", "weekday", "screen", "campaign", "creative"]);
