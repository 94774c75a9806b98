//! Who runs the hub, and how people reach them: what its privacy pages say.

use serde::{Deserialize, Serialize};

use crate::database::{DatabaseError, Lock, values};
use crate::people::{Actor, NameError, line};
use crate::store::audit::Verb;
use crate::store::{Store, StoreError, audit};

const NAME: &str = "operator_name";
const CONTACT: &str = "operator_contact";

/// Who runs a hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubOperator {
    /// A company or a person.
    pub name: String,
    /// An address, a mail address or a phone number.
    pub contact: String,
}

impl HubOperator {
    /// Most characters of either.
    pub const CHARS_MAX: usize = 160;

    /// Reads what somebody typed.
    ///
    /// # Errors
    /// One of them is empty, too long, or has characters that nobody can see.
    pub fn read(name: &str, contact: &str) -> Result<Self, NameError> {
        Ok(Self {
            name: line(name, Self::CHARS_MAX)?,
            contact: line(contact, Self::CHARS_MAX)?,
        })
    }
}

impl Store {
    /// Returns who runs the hub, if somebody has said so.
    ///
    /// # Errors
    /// The database fails.
    pub fn hub_operator(&self) -> Result<Option<HubOperator>, StoreError> {
        let found: Vec<(String, String)> = self.read_once(|tx| {
            tx.all(
                "SELECT name, value FROM settings WHERE name = ?1 OR name = ?2",
                values![NAME, CONTACT],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )
        })?;
        let value = |wanted| {
            let mut found = found.iter();
            found
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.clone())
        };
        let both = value(NAME).zip(value(CONTACT));
        Ok(both.map(|(name, contact)| HubOperator { name, contact }))
    }

    /// Sets who runs the hub.
    ///
    /// # Errors
    /// The database fails.
    pub fn set_hub_operator(
        &self,
        actor: &Actor,
        operator: &HubOperator,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.write(Lock::Everything, |tx| {
            for (name, value) in [(NAME, &operator.name), (CONTACT, &operator.contact)] {
                tx.execute(
                    "INSERT INTO settings (name, value) VALUES (?1, ?2)
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    values![name, value],
                )?;
            }
            let said = format!("{}, {}", operator.name, operator.contact);
            audit::note(
                tx,
                actor,
                Verb::SetOperator,
                ("hub operator", &said),
                now_ms,
            )?;
            Ok::<_, StoreError>(())
        })
    }
}
