//! Hosts of publishers' own that lead to this hub.
//!
//! Invariant: no campaign is on the air whose codes carry a host that the operator has not said
//! leads here.

use rusqlite::{Transaction, params};

use crate::store::publish_error::PublishError;
use crate::store::{Result, Store};

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
    Store(#[from] crate::store::StoreError),
}

impl From<rusqlite::Error> for DomainError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Takes the operator's word that a host leads to this hub. Adding one twice changes nothing.
    ///
    /// # Errors
    /// There are too many, or the database fails.
    pub fn add_domain(&self, domain: &str) -> Result<(), DomainError> {
        self.write(|tx| {
            let count: i64 = tx.query_row("SELECT count(*) FROM domains", [], |row| row.get(0))?;
            if count >= DOMAINS_MAX {
                return Err(DomainError::TooMany);
            }
            tx.execute(
                "INSERT INTO domains (name) VALUES (?1) ON CONFLICT DO NOTHING",
                [domain],
            )?;
            Ok(())
        })
    }

    /// Takes a host away that no campaign on the air carries.
    ///
    /// # Errors
    /// See [`DomainError`].
    pub fn remove_domain(&self, domain: &str) -> Result<(), DomainError> {
        self.write(|tx| {
            let mut users = tx.prepare_cached(
                "SELECT id FROM campaigns WHERE live AND body ->> '$.link.domain' = ?1 ORDER BY id",
            )?;
            let campaigns: Vec<String> = users
                .query_map([domain], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let domain = domain.to_owned();
            if !campaigns.is_empty() {
                return Err(DomainError::InUse { domain, campaigns });
            }
            match tx.execute("DELETE FROM domains WHERE name = ?1", params![domain])? {
                0 => Err(DomainError::Unknown(domain)),
                _ => Ok(()),
            }
        })
    }

    /// Lists the hosts in the order of the alphabet.
    ///
    /// # Errors
    /// The database fails.
    pub fn domains(&self) -> Result<Vec<String>> {
        self.read(|tx| {
            let mut names = tx.prepare_cached("SELECT name FROM domains ORDER BY name")?;
            let names = names.query_map([], |row| row.get(0))?;
            Ok(names.collect::<rusqlite::Result<_>>()?)
        })
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
    let known = tx
        .prepare_cached("SELECT 1 FROM domains WHERE name = ?1")?
        .exists([domain])?;
    if known {
        Ok(())
    } else {
        Err(PublishError::ForeignDomain(domain.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_comes_and_goes_by_the_operators_word() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.add_domain("go.shop.example").unwrap();
        store.add_domain("go.shop.example").unwrap();
        assert_eq!(store.domains().unwrap(), ["go.shop.example"]);
        store.remove_domain("go.shop.example").unwrap();
        assert!(matches!(
            store.remove_domain("go.shop.example"),
            Err(DomainError::Unknown(_))
        ));
    }
}
