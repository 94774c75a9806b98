//! What the contents are of that changes name by number; and which of them were played by screens
//! to which the hub never gave them.

use std::collections::{BTreeMap, BTreeSet};

use passerby_protocol::Assignment;

use crate::database::{DatabaseError, Transaction, owned_values};
use crate::store::rollups::changes::Changes;

/// What the terminal says that a content was.
#[derive(Debug)]
struct Content {
    assignment: i64,
    campaign: String,
    creative: String,
}

/// The contents of changes, by number.
#[derive(Debug, Default)]
pub(in crate::store::rollups) struct Contents(BTreeMap<i64, Content>);

impl Contents {
    /// Reads those that changes have plays of.
    ///
    /// # Errors
    /// The database fails.
    pub(in crate::store::rollups) fn read(
        tx: &Transaction<'_>,
        changes: &Changes,
    ) -> Result<Self, DatabaseError> {
        let numbers: BTreeSet<i64> = changes.plays.keys().map(|key| key.content).collect();
        let sets: Vec<_> = numbers
            .iter()
            .map(|&number| owned_values![number])
            .collect();
        let found = tx.all_each(
            "SELECT assignment, campaign, creative FROM contents WHERE id = ?1",
            &sets,
            |row| {
                Ok::<_, DatabaseError>(Content {
                    assignment: row.get(0)?,
                    campaign: row.get(1)?,
                    creative: row.get(2)?,
                })
            },
        )?;
        let found = numbers.into_iter().zip(found);
        Ok(Self(
            found
                .filter_map(|(number, content)| Some((number, content.into_iter().next()?)))
                .collect(),
        ))
    }

    /// The campaign and creative of a content; of a folder on a screen itself its name, and no
    /// creative.
    pub(super) fn of(&self, content: i64) -> Option<(&str, &str)> {
        let content = self.0.get(&content)?;
        let is_local = content.assignment == i64::from(Assignment::NONE.get());
        let creative = if is_local { "" } else { &content.creative };
        Some((&content.campaign, creative))
    }

    /// Writes down what was played without having been given. Assignments are never taken back, so
    /// what is given to its screen now stays so; what is not may be given to it later, and who
    /// reads asks again.
    pub(super) fn note_unassigned(
        &self,
        tx: &Transaction<'_>,
        changes: &Changes,
    ) -> Result<(), DatabaseError> {
        let played: BTreeSet<(u32, i64)> = changes
            .plays
            .keys()
            .map(|key| (key.screen, key.content))
            .collect();
        let (mut played, mut sets) = (Vec::from_iter(played), Vec::new());
        played.retain(|&(screen, number)| {
            let content = self.0.get(&number);
            let none = i64::from(Assignment::NONE.get());
            let given = content.filter(|content| content.assignment != none);
            sets.extend(given.map(|content| {
                owned_values![
                    screen,
                    content.assignment,
                    &content.campaign,
                    &content.creative
                ]
            }));
            given.is_some()
        });
        let assigned = tx.all_each(
            "SELECT number FROM assignments
             WHERE screen = ?1 AND number = ?2 AND campaign = ?3 AND creative = ?4",
            &sets,
            |row| row.get::<i64>(0),
        )?;
        let rows: Vec<_> = played
            .into_iter()
            .zip(assigned)
            .filter(|(_, assigned)| assigned.is_empty())
            .map(|((screen, content), _)| owned_values![screen, content])
            .collect();
        tx.execute_each(
            "INSERT INTO unassigned_plays (screen, content) VALUES (?1, ?2)
             ON CONFLICT (screen, content) DO NOTHING",
            &rows,
        )?;
        Ok(())
    }
}
