//! What obtaining certificates over ACME leaves: accounts, orders, answers to challenges, failures,
//! and the certificates.
//!
//! Invariants: what is secret comes here sealed and leaves sealed; of one directory and one list of
//! names there is one certificate, one order and one row of failures; a new certificate ends the
//! order and the failures in its own transaction; what has run out goes when something new comes.

use crate::database::{DatabaseError, Lock, Row, values};
use crate::store::{Result, Store};

/// Most answers to challenges that are kept at one time; one certificate has fewer names.
pub(crate) const CHALLENGES_MAX: usize = 256;

/// Ends challenges that have run out.
const OLD_CHALLENGES: &str = "DELETE FROM acme_challenges WHERE until_ms < ?1";

/// What a certificate is asked for, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeSubject {
    /// The address of the CA's directory.
    pub directory: String,
    /// All names, sorted, with commas between.
    pub names: String,
}

/// A certificate as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    /// What it was asked for.
    pub subject: AcmeSubject,
    /// The chain in PEM, its own certificate first.
    pub chain: String,
    /// Its private key in PEM, sealed.
    pub sealed_key: Vec<u8>,
    /// From when on it is good.
    pub not_before_ms: i64,
    /// Until when.
    pub not_after_ms: i64,
    /// When the hub got it.
    pub obtained_ms: i64,
}

/// An order that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeOrder {
    /// Its address at the CA.
    pub url: String,
    /// The private key in PEM of the certificate to come, sealed.
    pub sealed_key: Vec<u8>,
    /// When it was made.
    pub made_ms: i64,
}

/// Attempts that failed since the last certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AcmeFailures {
    /// How many, one after the other.
    pub failures: u32,
    /// When the last one did.
    pub failed_ms: i64,
    /// When the next attempt is due.
    pub next_ms: i64,
    /// Until when the CA has said that it wants to hear nothing; 0 for nothing said.
    pub told_until_ms: i64,
    /// What was wrong.
    pub problem: String,
}

fn certificate(row: &Row<'_>) -> Result<StoredCertificate, DatabaseError> {
    Ok(StoredCertificate {
        subject: AcmeSubject {
            directory: row.get(0)?,
            names: row.get(1)?,
        },
        chain: row.get(2)?,
        sealed_key: row.get(3)?,
        not_before_ms: row.get(4)?,
        not_after_ms: row.get(5)?,
        obtained_ms: row.get(6)?,
    })
}

impl Store {
    /// Returns the sealed account at a CA, if there is one.
    ///
    /// # Errors
    /// The database fails.
    pub fn acme_account(&self, directory: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.read_once(|tx| {
            tx.optional(
                "SELECT sealed FROM acme_accounts WHERE directory = ?1",
                values![directory],
                |row| row.get(0),
            )
        })?)
    }

    /// Keeps an account at a CA in place of the one before.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_acme_account(&self, directory: &str, sealed: &[u8]) -> Result<()> {
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "INSERT INTO acme_accounts (directory, sealed) VALUES (?1, ?2)
                 ON CONFLICT (directory) DO UPDATE SET sealed = excluded.sealed",
                values![directory, sealed],
            )
        })?;
        Ok(())
    }

    /// Returns the certificate for this, or else the newest that there is for anything.
    ///
    /// # Errors
    /// The database fails.
    pub fn acme_certificate(&self, subject: &AcmeSubject) -> Result<Option<StoredCertificate>> {
        Ok(self.read_once(|tx| {
            tx.optional(
                "SELECT directory, names, chain, sealed_key, not_before_ms, not_after_ms, obtained_ms
                 FROM acme_certificates
                 ORDER BY CASE WHEN directory = ?1 AND names = ?2 THEN 0 ELSE 1 END, obtained_ms DESC LIMIT 1",
                values![&subject.directory, &subject.names],
                certificate,
            )
        })?)
    }

    /// Keeps a certificate in place of the one before for the same; ends its order and failures,
    /// and forgets what has run out.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_acme_certificate(&self, new: &StoredCertificate) -> Result<()> {
        let (directory, names) = (&new.subject.directory, &new.subject.names);
        Ok(self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "INSERT INTO acme_certificates
                     (directory, names, chain, sealed_key, not_before_ms, not_after_ms, obtained_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (directory, names) DO UPDATE SET
                     chain = excluded.chain, sealed_key = excluded.sealed_key, not_before_ms = excluded.not_before_ms,
                     not_after_ms = excluded.not_after_ms, obtained_ms = excluded.obtained_ms",
                values![
                    directory,
                    names,
                    &new.chain,
                    &new.sealed_key[..],
                    new.not_before_ms,
                    new.not_after_ms,
                    new.obtained_ms
                ],
            )?;
            for ended in [
                "DELETE FROM acme_orders WHERE directory = ?1 AND names = ?2",
                "DELETE FROM acme_failures WHERE directory = ?1 AND names = ?2",
            ] {
                tx.execute(ended, values![directory, names])?;
            }
            for old in [
                "DELETE FROM acme_certificates WHERE not_after_ms < ?1",
                OLD_CHALLENGES,
            ] {
                tx.execute(old, values![new.obtained_ms])?;
            }
            Ok::<_, DatabaseError>(())
        })?)
    }

    /// Returns the order that is under way, if there is one.
    ///
    /// # Errors
    /// The database fails.
    pub fn acme_order(&self, subject: &AcmeSubject) -> Result<Option<AcmeOrder>> {
        Ok(self.read_once(|tx| {
            tx.optional(
                "SELECT url, sealed_key, made_ms FROM acme_orders WHERE directory = ?1 AND names = ?2",
                values![&subject.directory, &subject.names],
                |row| {
                    Ok::<_, DatabaseError>(AcmeOrder {
                        url: row.get(0)?,
                        sealed_key: row.get(1)?,
                        made_ms: row.get(2)?,
                    })
                },
            )
        })?)
    }

    /// Keeps an order in place of the one before.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_acme_order(&self, subject: &AcmeSubject, order: &AcmeOrder) -> Result<()> {
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "INSERT INTO acme_orders (directory, names, url, sealed_key, made_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (directory, names) DO UPDATE SET
                     url = excluded.url, sealed_key = excluded.sealed_key, made_ms = excluded.made_ms",
                values![
                    &subject.directory,
                    &subject.names,
                    &order.url,
                    &order.sealed_key[..],
                    order.made_ms
                ],
            )
        })?;
        Ok(())
    }

    /// Forgets the order that is under way.
    ///
    /// # Errors
    /// The database fails.
    pub fn forget_acme_order(&self, subject: &AcmeSubject) -> Result<()> {
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "DELETE FROM acme_orders WHERE directory = ?1 AND names = ?2",
                values![&subject.directory, &subject.names],
            )
        })?;
        Ok(())
    }

    /// Returns what failed since the last certificate; nothing where nothing did.
    ///
    /// # Errors
    /// The database fails.
    pub fn acme_failures(&self, subject: &AcmeSubject) -> Result<AcmeFailures> {
        let found = self.read_once(|tx| {
            tx.optional(
                "SELECT failures, failed_ms, next_ms, told_until_ms, problem
                 FROM acme_failures WHERE directory = ?1 AND names = ?2",
                values![&subject.directory, &subject.names],
                |row| {
                    Ok::<_, DatabaseError>(AcmeFailures {
                        failures: row.get(0)?,
                        failed_ms: row.get(1)?,
                        next_ms: row.get(2)?,
                        told_until_ms: row.get(3)?,
                        problem: row.get(4)?,
                    })
                },
            )
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Keeps what failed in place of what was known.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_acme_failures(&self, subject: &AcmeSubject, failures: &AcmeFailures) -> Result<()> {
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(
                "INSERT INTO acme_failures
                     (directory, names, failures, failed_ms, next_ms, told_until_ms, problem)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (directory, names) DO UPDATE SET
                     failures = excluded.failures, failed_ms = excluded.failed_ms, next_ms = excluded.next_ms,
                     told_until_ms = excluded.told_until_ms, problem = excluded.problem",
                values![
                    &subject.directory,
                    &subject.names,
                    failures.failures,
                    failures.failed_ms,
                    failures.next_ms,
                    failures.told_until_ms,
                    &failures.problem
                ],
            )
        })?;
        Ok(())
    }

    /// Keeps the sealed answer to a challenge until some moment, and forgets what has run out.
    ///
    /// # Errors
    /// The database fails.
    pub fn keep_acme_challenge(
        &self,
        token: &str,
        sealed: &[u8],
        until_ms: i64,
        now_ms: i64,
    ) -> Result<()> {
        self.write(Lock::Screens(&[]), |tx| {
            tx.execute(OLD_CHALLENGES, values![now_ms])?;
            tx.execute(
                "INSERT INTO acme_challenges (token, sealed, until_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (token) DO UPDATE SET sealed = excluded.sealed, until_ms = excluded.until_ms",
                values![token, sealed, until_ms],
            )
        })?;
        Ok(())
    }

    /// Returns the tokens that are to be answered with their sealed answers, at most
    /// [`CHALLENGES_MAX`], those first that stay longest.
    ///
    /// # Errors
    /// The database fails.
    pub fn acme_challenges(&self, now_ms: i64) -> Result<Vec<(String, Vec<u8>)>> {
        Ok(self.read_once(|tx| {
            tx.all(
                "SELECT token, sealed FROM acme_challenges WHERE until_ms >= ?1
                 ORDER BY until_ms DESC, token LIMIT ?2",
                values![now_ms, CHALLENGES_MAX],
                |row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?)),
            )
        })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::on_each_database;

    fn subject(names: &str) -> AcmeSubject {
        AcmeSubject {
            directory: "https://ca.example/dir".to_owned(),
            names: names.to_owned(),
        }
    }

    fn certificate(names: &str, obtained_ms: i64, not_after_ms: i64) -> StoredCertificate {
        StoredCertificate {
            subject: subject(names),
            chain: format!("chain of {obtained_ms}"),
            sealed_key: vec![1, 2, 3],
            not_before_ms: 0,
            not_after_ms,
            obtained_ms,
        }
    }

    #[test]
    fn a_certificate_replaces_the_one_before_and_ends_its_order_and_its_failures() {
        on_each_database(|database| {
            let store = database.open();
            let one = subject("a.example");
            assert_eq!(store.acme_certificate(&one).unwrap(), None);
            let order = AcmeOrder {
                url: "https://ca.example/order/1".to_owned(),
                sealed_key: vec![7; 40],
                made_ms: 5,
            };
            store.keep_acme_order(&one, &order).unwrap();
            assert_eq!(store.acme_order(&one).unwrap(), Some(order.clone()));
            assert_eq!(store.acme_order(&subject("b.example")).unwrap(), None);
            let failed = AcmeFailures {
                failures: 2,
                failed_ms: 6,
                next_ms: 7,
                told_until_ms: 8,
                problem: "no".to_owned(),
            };
            store.keep_acme_failures(&one, &failed).unwrap();
            assert_eq!(store.acme_failures(&one).unwrap(), failed);
            for obtained_ms in [10, 20] {
                let new = certificate("a.example", obtained_ms, 100);
                store.keep_acme_certificate(&new).unwrap();
                assert_eq!(store.acme_certificate(&one).unwrap(), Some(new));
            }
            assert_eq!(store.acme_order(&one).unwrap(), None);
            assert_eq!(store.acme_failures(&one).unwrap(), AcmeFailures::default());
            store.keep_acme_order(&one, &order).unwrap();
            store.forget_acme_order(&one).unwrap();
            assert_eq!(store.acme_order(&one).unwrap(), None);
        });
    }

    #[test]
    fn another_list_of_names_begins_with_the_newest_certificate_that_there_is_until_it_has_its_own()
    {
        on_each_database(|database| {
            let store = database.open();
            for (names, obtained_ms, not_after_ms) in
                [("a.example", 10, 100), ("b.example", 20, 200)]
            {
                let new = certificate(names, obtained_ms, not_after_ms);
                store.keep_acme_certificate(&new).unwrap();
            }
            let used = |names: &str| {
                let used = store.acme_certificate(&subject(names)).unwrap();
                used.unwrap().subject.names
            };
            assert_eq!(used("a.example"), "a.example");
            assert_eq!(used("a.example,c.example"), "b.example");
            let own = certificate("a.example,c.example", 150, 300);
            store.keep_acme_certificate(&own).unwrap();
            assert_eq!(used("a.example,c.example"), "a.example,c.example");
            // That of a.example had run out by then.
            assert_eq!(used("a.example"), "a.example,c.example");
        });
    }

    #[test]
    fn accounts_and_challenges_are_replaced_and_challenges_run_out() {
        on_each_database(|database| {
            let store = database.open();
            assert_eq!(store.acme_account("d").unwrap(), None);
            for sealed in [[1; 9], [2; 9]] {
                store.keep_acme_account("d", &sealed).unwrap();
                assert_eq!(store.acme_account("d").unwrap(), Some(sealed.to_vec()));
            }
            for (token, sealed, until_ms) in [("one", 1, 10), ("two", 2, 20), ("two", 3, 30)] {
                let kept = store.keep_acme_challenge(token, &[sealed], until_ms, 0);
                kept.unwrap();
            }
            let tokens = |now_ms| {
                let found = store.acme_challenges(now_ms).unwrap();
                found
                    .into_iter()
                    .map(|(token, _)| token)
                    .collect::<Vec<_>>()
            };
            assert_eq!(tokens(10), ["two", "one"]);
            assert_eq!(tokens(11), ["two"]);
            assert_eq!(tokens(31), [""; 0]);
            let new = certificate("a.example", 25, 100);
            store.keep_acme_certificate(&new).unwrap();
            assert_eq!(tokens(0), ["two"]);
            store.keep_acme_challenge("three", &[4], 90, 80).unwrap();
            assert_eq!(tokens(0), ["three"]);
        });
    }
}
