//! What processes of one hub need to know of each other's keys: whether they have the same, and the
//! later manifest keys, sealed.
//!
//! Invariants: nothing here opens anything for whoever has the database alone; what a database was
//! first told of the keys of its hub never changes; of two manifest keys of one generation, the
//! first is kept.

use passerby_protocol::hexadecimal::{hex, unhex32};

use crate::database::{Database, DatabaseError, Lock, values};
use crate::store::{Result, Store};

const FINGERPRINT: &str = "keys_fingerprint";

impl Store {
    /// Tells whether processes with other data folders may share this database.
    pub fn is_shared(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// Returns what the database knows of the hub's keys: a fingerprint of them, if a hub has begun
    /// in it that told.
    ///
    /// # Errors
    /// The database fails.
    pub fn keys_fingerprint(&self) -> Result<Option<[u8; 32]>> {
        let text: Option<String> = self.read_once(|tx| {
            tx.optional(
                "SELECT value FROM settings WHERE name = ?1",
                values![FINGERPRINT],
                |row| row.get(0),
            )
        })?;
        Ok(text.as_deref().and_then(unhex32))
    }

    /// Tells the database the fingerprint of the hub's keys, unless it has one. Returns the one
    /// that it has then.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_keys_fingerprint(&self, fingerprint: &[u8; 32]) -> Result<[u8; 32]> {
        let text: String = self.write(Lock::Everything, |tx| {
            tx.value(
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = settings.value RETURNING value",
                values![FINGERPRINT, hex(fingerprint)],
            )
        })?;
        Ok(unhex32(&text).unwrap_or_default())
    }

    /// Returns the manifest keys after a generation, sealed, oldest first; none where processes
    /// share a folder.
    ///
    /// # Errors
    /// The database fails.
    pub fn manifest_keys_after(&self, generation: u32) -> Result<Vec<(u32, Vec<u8>)>> {
        if !self.is_shared() {
            return Ok(Vec::new());
        }
        Ok(self.read_once(|tx| {
            tx.all(
                "SELECT generation, sealed FROM manifest_keys WHERE generation > ?1 ORDER BY generation",
                values![generation],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )
        })?)
    }

    /// Returns the newest generation of a manifest key that the database has; 0 for none.
    ///
    /// # Errors
    /// The database fails.
    pub fn newest_manifest_key(&self) -> Result<u32> {
        if !self.is_shared() {
            return Ok(0);
        }
        Ok(self.read_once(|tx| {
            tx.value(
                "SELECT coalesce(max(generation), 0) FROM manifest_keys",
                values![],
            )
        })?)
    }

    /// Shares a manifest key with the other processes; false if there is another one of this
    /// generation, which stays.
    ///
    /// # Errors
    /// The database fails, or is one that nobody shares.
    pub fn share_manifest_key(&self, generation: u32, sealed: &[u8]) -> Result<bool> {
        // The same key again is no other one: an attempt may be repeated.
        Ok(self.write(Lock::Everything, |tx| {
            let kept: Vec<u8> = tx.value(
                "INSERT INTO manifest_keys (generation, sealed) VALUES (?1, ?2)
                 ON CONFLICT (generation) DO UPDATE SET sealed = manifest_keys.sealed RETURNING sealed",
                values![generation, sealed],
            )?;
            Ok::<_, DatabaseError>(kept == sealed)
        })?)
    }
}
