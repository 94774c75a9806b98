//! Who says that there was a conversion.

use serde::{Deserialize, Serialize};

/// Who says that there was a conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// A program that has a key of the campaign.
    Key,
    /// A link that was signed with what came with a key, whoever opened it.
    SignedLink,
    /// A link that anybody could have written.
    OpenLink,
}

impl Proof {
    /// The number for it in databases.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Key => 0,
            Self::SignedLink => 1,
            Self::OpenLink => 2,
        }
    }

    /// Finds one by its number.
    pub(crate) const fn of_code(code: u8) -> Self {
        match code {
            0 => Self::Key,
            1 => Self::SignedLink,
            _ => Self::OpenLink,
        }
    }

    /// Whether a shop stands behind it.
    pub const fn is_proved(self) -> bool {
        !matches!(self, Self::OpenLink)
    }
}
