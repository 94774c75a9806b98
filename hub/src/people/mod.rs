//! Who works with a hub, and what each of them may do: roles, rights, groups, passwords, second
//! steps. Nothing here touches the database or the network.
//!
//! Whoever adds something that people may do adds a [`Right`] with its line in [`RIGHTS`], unless
//! one of those that are there says it already, and names it beside the call in
//! `hub/src/server/console/routes.rs` or `hub/src/server/api/routes.rs`. Checks, the reference and
//! the test of every call for every role are made of these two tables.
//!
//! Invariants: who asks is an [`Actor`], and every method of the store that changes something for
//! somebody takes one and writes it down; secrets are compared by their SHA-256, passwords by
//! argon2id, and neither is ever kept or logged as it is.

mod actor;
mod names;
mod one_time_codes;
mod passwords;
mod rights;
mod scope;
mod secret;

pub use crate::people::actor::{Actor, Who};
pub use crate::people::names::{
    GROUP_CHARS_MAX, NAME_CHARS_MAX, NameError, PLACE_CHARS_MAX, TAGS_MAX, WAY_CHARS_MAX, group,
    key_of, line, person_name, place, tags, way,
};
pub use crate::people::one_time_codes::{OneTimeKey, RECOVERY_CODES};
pub use crate::people::passwords::{
    Busy, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PasswordError, Passwords, acceptable,
};
pub use crate::people::rights::{RIGHTS, Right, Role, RoleError};
pub use crate::people::scope::{GROUPS_MAX, Scope};
pub use crate::people::secret::Secret;
