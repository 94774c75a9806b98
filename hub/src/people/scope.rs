//! The groups of screens and of campaigns that somebody's rights reach.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Most groups that one person is held to, of screens and of campaigns each.
pub const GROUPS_MAX: usize = 50;

/// Which screens and campaigns somebody has to do with. `None` is all of them, also those that are
/// in no group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Groups of screens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screens: Option<BTreeSet<String>>,
    /// Groups of campaigns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaigns: Option<BTreeSet<String>>,
}

impl Scope {
    /// Everything.
    pub const ALL: Self = Self {
        screens: None,
        campaigns: None,
    };

    /// Tells whether it is everything.
    pub const fn is_all(&self) -> bool {
        self.screens.is_none() && self.campaigns.is_none()
    }

    /// Tells whether it has the screens of a group; `""` is no group.
    pub fn has_screens_of(&self, group: &str) -> bool {
        let groups = self.screens.as_ref();
        groups.is_none_or(|groups| groups.contains(group))
    }

    /// Tells whether it has the campaigns of a group; `""` is no group.
    pub fn has_campaigns_of(&self, group: &str) -> bool {
        let groups = self.campaigns.as_ref();
        groups.is_none_or(|groups| groups.contains(group))
    }

    /// Tells whether it has all that another one has.
    pub fn covers(&self, other: &Self) -> bool {
        let covers = |own: &Option<BTreeSet<String>>, other: &Option<BTreeSet<String>>| {
            own.as_ref().is_none_or(|own| {
                let other = other.as_ref();
                other.is_some_and(|other| other.is_subset(own))
            })
        };
        covers(&self.screens, &other.screens) && covers(&self.campaigns, &other.campaigns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_without_groups_is_everything_and_one_with_none_of_them_is_nothing() {
        let north = Scope {
            screens: Some(BTreeSet::from(["north".to_owned()])),
            campaigns: None,
        };
        assert!(Scope::ALL.has_screens_of("") && Scope::ALL.has_screens_of("south"));
        assert!(north.has_screens_of("north"));
        assert!(!north.has_screens_of("south") && !north.has_screens_of(""));
        assert!(north.has_campaigns_of("") && !north.is_all());
        assert!(Scope::ALL.covers(&north) && !north.covers(&Scope::ALL));
        assert!(north.covers(&north));
    }
}
