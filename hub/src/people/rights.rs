//! Roles, and what each may do: one table.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// What somebody is to a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May do everything, and decides who else may do what.
    Owner,
    /// Runs screens.
    Operator,
    /// Runs campaigns.
    Publisher,
    /// Hands in content that others approve.
    Contributor,
    /// Looks, and changes nothing.
    Viewer,
}

/// Says that a word is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a role; there are owner, operator, publisher, contributor and viewer")]
pub struct RoleError;

impl Role {
    /// All of them, the one that may do most first.
    pub const ALL: [Self; 5] = [
        Self::Owner,
        Self::Operator,
        Self::Publisher,
        Self::Contributor,
        Self::Viewer,
    ];

    /// The word for it in databases and calls.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Publisher => "publisher",
            Self::Contributor => "contributor",
            Self::Viewer => "viewer",
        }
    }

    /// Tells whether it has a right.
    pub fn has(self, right: Right) -> bool {
        let line = RIGHTS.iter().find(|(known, _)| *known == right);
        line.is_some_and(|(_, roles)| roles.contains(&self))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(word: &str) -> Result<Self, RoleError> {
        let found = Self::ALL.into_iter().find(|role| role.word() == word);
        found.ok_or(RoleError)
    }
}

/// One thing that people may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// See screens and how they are.
    SeeScreens,
    /// Pair, name, group, replace and revoke screens.
    ChangeScreens,
    /// See campaigns and what they show.
    SeeCampaigns,
    /// Make, change and hand in drafts of campaigns.
    ChangeDrafts,
    /// Publish and group campaigns, and take them off the screens.
    ChangeCampaigns,
    /// See plays, scans and what came of them.
    SeeReports,
    /// See and change who may do what.
    ChangePeople,
    /// See who did what.
    SeeAudit,
    /// See and change who is told when a screen needs somebody.
    ChangeAlerts,
    /// Cover screens with an emergency message, and end one.
    RaiseEmergency,
    /// Set what the whole hub has one of, such as its mail server.
    ChangeSettings,
    /// Open slots for contributors, invite to them and close them.
    ChangeSlots,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::SeeScreens,
        Self::ChangeScreens,
        Self::SeeCampaigns,
        Self::ChangeDrafts,
        Self::ChangeCampaigns,
        Self::SeeReports,
        Self::ChangePeople,
        Self::SeeAudit,
        Self::ChangeAlerts,
        Self::RaiseEmergency,
        Self::ChangeSettings,
        Self::ChangeSlots,
    ];

    /// The word for it, by which tokens are limited to it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SeeScreens => "screens:read",
            Self::ChangeScreens => "screens:write",
            Self::SeeCampaigns => "campaigns:read",
            Self::ChangeDrafts => "drafts:write",
            Self::ChangeCampaigns => "campaigns:write",
            Self::SeeReports => "reports:read",
            Self::ChangePeople => "people:write",
            Self::SeeAudit => "audit:read",
            Self::ChangeAlerts => "alerts:write",
            Self::RaiseEmergency => "emergency:write",
            Self::ChangeSettings => "settings:write",
            Self::ChangeSlots => "slots:write",
        }
    }

    /// Finds one by its word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.word() == word)
    }
}

/// Which roles have which right. Every check asks this table.
pub const RIGHTS: [(Right, &[Role]); 12] = [
    (
        Right::SeeScreens,
        &[Role::Owner, Role::Operator, Role::Publisher, Role::Viewer],
    ),
    (Right::ChangeScreens, &[Role::Owner, Role::Operator]),
    (Right::SeeCampaigns, &Role::ALL),
    (
        Right::ChangeDrafts,
        &[Role::Owner, Role::Publisher, Role::Contributor],
    ),
    (Right::ChangeCampaigns, &[Role::Owner, Role::Publisher]),
    (
        Right::SeeReports,
        &[Role::Owner, Role::Operator, Role::Publisher, Role::Viewer],
    ),
    (Right::ChangePeople, &[Role::Owner]),
    (Right::SeeAudit, &[Role::Owner, Role::Operator]),
    (Right::ChangeAlerts, &[Role::Owner, Role::Operator]),
    (Right::RaiseEmergency, &[Role::Owner, Role::Operator]),
    (Right::ChangeSettings, &[Role::Owner]),
    (
        Right::ChangeSlots,
        &[Role::Owner, Role::Operator, Role::Publisher],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_has_one_line_and_the_owner_has_all() {
        for right in Right::ALL {
            assert_eq!(
                RIGHTS.iter().filter(|(known, _)| *known == right).count(),
                1
            );
            assert!(Role::Owner.has(right), "{right:?}");
            assert_eq!(Right::of_word(right.word()), Some(right));
        }
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
        }
        assert!("Owner".parse::<Role>().is_err());
    }
}
