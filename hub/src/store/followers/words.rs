//! What people typed elsewhere who follow: under their own links, by which they began to follow and
//! were last here. Of other links nobody knows whose they are.

use crate::database::values;
use crate::store::{Result, Store, StoreError};

/// What somebody who follows typed elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedElsewhere {
    /// Names of their own links, which may have a moment.
    pub links: Vec<String>,
    /// Names of the voices that they left there.
    pub voices: Vec<String>,
}

impl Store {
    /// Finds what an address typed elsewhere, in all campaigns that it follows.
    ///
    /// # Errors
    /// The database fails.
    pub fn typed_elsewhere(&self, address_hmac: &[u8; 32]) -> Result<TypedElsewhere> {
        self.read(|tx| {
            // A number that a younger link was given, once all older ones were pruned, is not it.
            let links: Vec<String> = tx.all(
                "SELECT shares.name FROM followers JOIN shares ON shares.name = link WHERE address_hmac = ?1
                 UNION
                 SELECT shares.name FROM followers JOIN shares ON shares.id = last_share
                 WHERE address_hmac = ?1 AND created_ms <= visit_ms",
                values![address_hmac],
                |row| row.get(0),
            )?;
            let mut voices = Vec::new();
            for link in &links {
                voices.extend(tx.all(
                    "SELECT voices.name FROM shares JOIN voices ON voices.share = shares.id
                     WHERE shares.name = ?1 AND state NOT IN ('erased', 'expired')",
                    values![link],
                    |row| row.get::<String>(0),
                )?);
            }
            Ok::<_, StoreError>(TypedElsewhere { links, voices })
        })
    }
}
