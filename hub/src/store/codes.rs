//! What the tables say of a code, before it is known whether its token is genuine.
//!
//! Invariant: each opening reads what the tables say after it came; those that come at the same
//! time are looked up together.

use passerby_protocol::token::TokenContents;

use crate::database::{DatabaseError, Id, Transaction, owned_values};
use crate::store::code::{Asked, Assigned, Code};
use crate::store::landed::Landed;
use crate::store::token_keys;
use crate::store::{Result, Store};

impl Store {
    /// Looks up codes by what their tokens say, genuine or not.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) fn codes(&self, unverified: &[&TokenContents]) -> Result<Vec<Code>, DatabaseError> {
        let asked: Vec<Asked> = unverified
            .iter()
            .map(|unverified| Asked {
                screen: unverified.screen,
                bits: unverified.generation,
                assignment: unverified.assignment.get(),
            })
            .collect();
        self.read_once(|tx| codes(tx, &asked))
    }

    /// Resolves what a token stands for.
    ///
    /// # Errors
    /// The database fails.
    pub fn landed(&self, contents: &TokenContents) -> Result<Option<Landed>> {
        let code = self.codes(&[contents])?.pop();
        self.landed_of(code.ok_or(DatabaseError::NoRow)?)
    }

    /// Reads what a code stands for that was looked up; `None` where nothing was ever assigned.
    ///
    /// # Errors
    /// The campaign cannot be read.
    pub fn landed_of(&self, code: Code) -> Result<Option<Landed>> {
        code.landed(&self.read_campaigns)
    }
}

fn codes(tx: &Transaction<'_>, asked: &[Asked]) -> Result<Vec<Code>, DatabaseError> {
    let of: Vec<_> = asked
        .iter()
        .map(|asked| (asked.screen, asked.bits))
        .collect();
    let keys = token_keys::generations(tx, &of)?;
    let sets: Vec<_> = asked
        .iter()
        .map(|asked| owned_values![asked.screen.get(), asked.assignment])
        .collect();
    let assigned = tx.all_each(
        "SELECT campaign, body, placement, creative, live, name
         FROM assignments JOIN campaigns ON id = campaign JOIN screens ON screens.number = screen
         WHERE screen = ?1 AND assignments.number = ?2",
        &sets,
        |row| {
            Ok::<_, DatabaseError>(Assigned {
                id: row.get::<Id<_>>(0)?.0,
                body: row.get(1)?,
                placement: row.get(2)?,
                creative: row.get::<Id<_>>(3)?.0,
                airs: row.get(4)?,
                screen_name: row.get(5)?,
            })
        },
    )?;
    let both = keys.into_iter().zip(assigned);
    Ok(both
        .map(|(keys, mut assigned)| Code {
            keys,
            assigned: assigned.pop(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::database::{Lock, values};
    use crate::store::testing::on_each_database;

    #[test]
    fn codes_that_are_looked_up_together_are_answered_each_by_itself() {
        on_each_database(|database| {
            let store = database.open();
            let mut screens = Vec::new();
            for name in ["one", "two", "three"] {
                screens.push(
                    store
                        .add_screen(&crate::people::Actor::COMMAND_LINE, name, 0)
                        .unwrap()
                        .0,
                );
            }
            store
                .rotate_key(&crate::people::Actor::COMMAND_LINE, screens[1], false, 5)
                .unwrap();
            let asked: Vec<Asked> = [(2, 0), (0, 0), (1, 1), (1, 0), (0, 3), (0, 0)]
                .into_iter()
                .map(|(screen, bits)| Asked {
                    screen: screens[screen],
                    bits,
                    assignment: 1,
                })
                .collect();
            let of = |asked: &[Asked]| -> Vec<Vec<u8>> {
                let codes = store.read(|tx| codes(tx, asked)).unwrap();
                let keys = codes.iter().map(|code| code.keys.iter());
                keys.map(|keys| keys.map(|key| key.generation).collect())
                    .collect()
            };
            let each: Vec<Vec<u8>> = asked.iter().flat_map(|asked| of(&[*asked])).collect();
            assert_eq!(of(&asked), each);
            let expected: [&[u8]; 6] = [&[0], &[0], &[1], &[0], &[], &[0]];
            assert_eq!(each, expected);
        });
    }

    #[test]
    fn a_statement_for_many_sets_of_values_does_what_it_does_for_each() {
        on_each_database(|database| {
            let store = database.open();
            let table = "CREATE TABLE things (name TEXT PRIMARY KEY, size BIGINT NOT NULL, seen BOOLEAN, mark BYTEA)";
            let table = match store.is_shared() {
                true => table.to_owned(),
                false => table.replace("BYTEA", "BLOB"),
            };
            let done = store.write(Lock::Everything, |tx| {
                tx.run(&table)?;
                let add = "INSERT INTO things (name, size, seen, mark) VALUES (?1, ?2, ?3, ?4)
                           ON CONFLICT (name) DO UPDATE SET size = things.size + excluded.size";
                let things = |size: i64| {
                    let of = |name: &'static str, seen: Option<bool>, mark: Option<&'static [u8]>| {
                        owned_values![name, size, seen, mark]
                    };
                    [of("a", None, Some(&[1, 2])), of("b", Some(true), None), of("c", Some(false), Some(&[]))]
                };
                assert_eq!(tx.execute_each(add, &things(5))?, [1, 1, 1]);
                assert_eq!(tx.execute_each(add, &things(2))?, [1, 1, 1]);
                let more = [("d", 1_i64), ("e", 4)].map(|(name, size)| owned_values![name, size]);
                tx.append("things", &["name", "size"], &more)?;
                let sized = "SELECT name, seen, mark FROM things WHERE size >= ?1 ORDER BY name DESC LIMIT ?2";
                let sets = [(7_i64, 2_i64), (4, 1), (9, 9), (7, 9)].map(|(size, most)| owned_values![size, most]);
                let found = tx.all_each(sized, &sets, |row| row.get::<String>(0))?;
                assert_eq!(found, [vec!["c", "b"], vec!["e"], vec![], vec!["c", "b", "a"]]);
                let mut kept = Vec::new();
                tx.each("SELECT seen, mark FROM things WHERE size = 7 ORDER BY name", values![], |row| {
                    kept.push((row.get::<Option<bool>>(0)?, row.get::<Option<Vec<u8>>>(1)?));
                    Ok::<_, DatabaseError>(ControlFlow::Continue(()))
                })?;
                let expected = [
                    (None, Some(vec![1, 2])),
                    (Some(true), None),
                    (Some(false), Some(vec![])),
                ];
                assert_eq!(kept, expected);
                Ok::<_, DatabaseError>(())
            });
            done.unwrap();
        });
    }
}
