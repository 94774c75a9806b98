//! Hosts of publishers' own that lead to this hub.
//!
//! Invariant: no campaign is on the air whose codes carry a host that the operator has not said
//! leads here.

use std::ops::ControlFlow;

use passerby_protocol::Campaign;

use crate::database::{DatabaseError, Lock, Transaction, values};
use crate::people::Actor;
use crate::store::audit::Verb;
use crate::store::publish_error::PublishError;
use crate::store::{Result, Store, StoreError, audit};

/// Most domains of one hub.
const DOMAINS_MAX: i64 = 10_000;

/// Says why a domain was not added or taken away.
#[derive(Debug, thiserror::Error)]
pub enum DomainError {
    /// Codes that are on the air carry it.
    #[error("{domain} is carried by the codes of {}; unpublish it first", campaigns.join(", "))]
    InUse {
        /// The host that is carried.
        domain: String,
        /// By which campaigns.
        campaigns: Vec<String>,
    },
    /// Nobody added it.
    #[error("{0} is not among the domains; see `passerby-hub domain list`")]
    Unknown(String),
    /// There are too many.
    #[error("there are {DOMAINS_MAX} domains already; remove one first")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DatabaseError> for DomainError {
    fn from(error: DatabaseError) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Takes the operator's word that a host leads to this hub. Adding one twice changes nothing.
    ///
    /// # Errors
    /// There are too many, or the database fails.
    pub fn add_domain(&self, actor: &Actor, domain: &str, now_ms: i64) -> Result<(), DomainError> {
        self.write(Lock::Everything, |tx| {
            let count: i64 = tx.value("SELECT count(*) FROM domains", values![])?;
            if count >= DOMAINS_MAX {
                return Err(DomainError::TooMany);
            }
            let added = tx.execute(
                "INSERT INTO domains (name) VALUES (?1) ON CONFLICT DO NOTHING",
                values![domain],
            )?;
            if added > 0 {
                audit::note(tx, actor, Verb::AddedDomain, (domain, ""), now_ms)?;
            }
            Ok(())
        })
    }

    /// Takes a host away that no campaign on the air carries.
    ///
    /// # Errors
    /// See [`DomainError`].
    pub fn remove_domain(
        &self,
        actor: &Actor,
        domain: &str,
        now_ms: i64,
    ) -> Result<(), DomainError> {
        self.write(Lock::Everything, |tx| {
            let mut campaigns: Vec<String> = Vec::new();
            tx.each(
                "SELECT id, body FROM campaigns WHERE live ORDER BY id",
                values![],
                |row| {
                    let campaign: Campaign = serde_json::from_str(&row.get::<String>(1)?)?;
                    if campaign.link.domain.as_deref() == Some(domain) {
                        campaigns.push(row.get(0)?);
                    }
                    Ok::<_, StoreError>(ControlFlow::Continue(()))
                },
            )?;
            let domain = domain.to_owned();
            if !campaigns.is_empty() {
                return Err(DomainError::InUse { domain, campaigns });
            }
            match tx.execute("DELETE FROM domains WHERE name = ?1", values![&domain])? {
                0 => Err(DomainError::Unknown(domain)),
                _ => {
                    audit::note(tx, actor, Verb::RemovedDomain, (&domain, ""), now_ms)?;
                    Ok(())
                }
            }
        })
    }

    /// Lists the hosts in the order of the alphabet.
    ///
    /// # Errors
    /// The database fails.
    pub fn domains(&self) -> Result<Vec<String>> {
        let names = "SELECT name FROM domains ORDER BY name";
        Ok(self.read(|tx| tx.all(names, values![], |row| row.get(0)))?)
    }
}

/// Refuses a campaign whose codes would carry a host that leads elsewhere.
pub(super) fn refuse_foreign(
    tx: &Transaction<'_>,
    domain: Option<&str>,
) -> Result<(), PublishError> {
    let Some(domain) = domain else {
        return Ok(());
    };
    if tx.exists("SELECT 1 FROM domains WHERE name = ?1", values![domain])? {
        Ok(())
    } else {
        Err(PublishError::ForeignDomain(domain.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::on_each_database;

    #[test]
    fn a_domain_comes_and_goes_by_the_operators_word() {
        on_each_database(|database| {
            let store = database.open();
            store
                .add_domain(&Actor::COMMAND_LINE, "go.shop.example", 1)
                .unwrap();
            store
                .add_domain(&Actor::COMMAND_LINE, "go.shop.example", 1)
                .unwrap();
            assert_eq!(store.domains().unwrap(), ["go.shop.example"]);
            store
                .remove_domain(&Actor::COMMAND_LINE, "go.shop.example", 2)
                .unwrap();
            assert!(matches!(
                store.remove_domain(&Actor::COMMAND_LINE, "go.shop.example", 2),
                Err(DomainError::Unknown(_))
            ));
        });
    }
}
