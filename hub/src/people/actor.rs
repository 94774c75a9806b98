//! Who asks for something, as the store and the audit log know it.

use std::collections::BTreeSet;

use crate::people::rights::{Right, Role};
use crate::people::scope::Scope;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Whoever may run commands on the hub's machine.
    CommandLine,
    /// A source that brings items by itself.
    Source {
        /// What it is called.
        name: String,
    },
    /// Somebody who signed in.
    Person {
        /// Their number.
        id: i64,
        /// What they are called.
        name: String,
    },
    /// A program with a token of somebody's.
    Token {
        /// The number of whose token it is.
        person: i64,
        /// What they are called.
        name: String,
        /// What they call the token.
        token: String,
    },
}

/// Who asks, what they may do, and with which screens and campaigns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    who: Who,
    role: Role,
    /// What a token is limited to; `None` for all that the role may.
    limited_to: Option<BTreeSet<Right>>,
    scope: Scope,
}

impl Actor {
    /// The command line, which may do everything.
    pub const COMMAND_LINE: Self = Self {
        who: Who::CommandLine,
        role: Role::Owner,
        limited_to: None,
        scope: Scope::ALL,
    };

    /// A source that brings items by itself, as it was told when it was made.
    pub const fn source(name: String) -> Self {
        Self {
            who: Who::Source { name },
            role: Role::Publisher,
            limited_to: None,
            scope: Scope::ALL,
        }
    }

    /// Somebody who signed in.
    pub const fn person(id: i64, name: String, role: Role, scope: Scope) -> Self {
        Self {
            who: Who::Person { id, name },
            role,
            limited_to: None,
            scope,
        }
    }

    /// The same person, by a token that has some of their rights.
    pub const fn token(
        person: i64,
        name: String,
        token: String,
        role: Role,
        rights: BTreeSet<Right>,
        scope: Scope,
    ) -> Self {
        Self {
            who: Who::Token {
                person,
                name,
                token,
            },
            role,
            limited_to: Some(rights),
            scope,
        }
    }

    /// Who it is.
    pub const fn who(&self) -> &Who {
        &self.who
    }

    /// The number of the person, if it is one or theirs.
    pub const fn person_id(&self) -> Option<i64> {
        match &self.who {
            Who::CommandLine | Who::Source { .. } => None,
            Who::Person { id, .. } | Who::Token { person: id, .. } => Some(*id),
        }
    }

    /// The role.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The screens and campaigns that it has to do with.
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Tells whether it has a right.
    pub fn may(&self, right: Right) -> bool {
        let limits = self.limited_to.as_ref();
        self.role.has(right) && limits.is_none_or(|rights| rights.contains(&right))
    }

    /// How the audit log calls it.
    pub fn named(&self) -> String {
        match &self.who {
            Who::CommandLine => "command line".to_owned(),
            Who::Source { name } => format!("source {name}"),
            Who::Person { name, .. } => name.clone(),
            Who::Token { name, token, .. } => format!("{name} (token {token})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_no_more_than_its_role_and_no_more_than_it_was_made_for() {
        let of = |role, right| {
            Actor::token(
                1,
                "Ada".into(),
                "script".into(),
                role,
                BTreeSet::from([right]),
                Scope::ALL,
            )
        };
        assert!(of(Role::Operator, Right::ChangeScreens).may(Right::ChangeScreens));
        assert!(!of(Role::Operator, Right::ChangeScreens).may(Right::SeeScreens));
        assert!(!of(Role::Viewer, Right::ChangeScreens).may(Right::ChangeScreens));
        assert!(Actor::COMMAND_LINE.may(Right::ChangePeople));
    }
}
