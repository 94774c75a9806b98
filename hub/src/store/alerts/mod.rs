//! Alerts: who wants to be told of which screens, what is wrong with these, and what is on its way.
//!
//! Invariants: what people were told changes in the transaction that makes the messages, so neither
//! a restart nor another process tells the same once more; secrets come here sealed and leave
//! sealed; nobody sees or changes a rule for screens outside the groups that they have to do with.

mod judging;
mod mail_server;
mod messages;
mod records;
mod rules;
mod steps;
mod voices;

pub use crate::store::alerts::mail_server::{MailEncryption, MailServer};
pub use crate::store::alerts::messages::{AlertMessage, ClaimedMessage};
pub use crate::store::alerts::records::{
    AlertChange, AlertError, AlertKind, AlertRule, AlertSettings, AlertTelling, AlertWords,
    CHANGES_MAX, HookKind, OpenAlert, RULES_MAX,
};

#[cfg(test)]
mod tests;
