//! A table of sums, how changes of it are gathered, and the statement that adds them.

use std::collections::BTreeMap;

use crate::database::Value;

/// What the sums of a table are by, and which they are; together all of its columns.
#[derive(Debug)]
pub(super) struct SumTable {
    pub(super) name: &'static str,
    pub(super) keys: &'static [&'static str],
    pub(super) sums: &'static [&'static str],
}

impl SumTable {
    /// Adds a row to what is there of its key, or puts it there.
    fn adding(&self) -> String {
        let Self { name, keys, sums } = self;
        let columns: Vec<&str> = keys.iter().chain(*sums).copied().collect();
        let places: Vec<String> = (1..=columns.len()).map(|at| format!("?{at}")).collect();
        let added: Vec<String> = sums
            .iter()
            .map(|sum| format!("{sum} = {name}.{sum} + excluded.{sum}"))
            .collect();
        format!(
            "INSERT INTO {name} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
            columns.join(", "),
            places.join(", "),
            keys.join(", "),
            added.join(", ")
        )
    }

    /// Reads all of it, its key first.
    pub(super) fn reading(&self) -> String {
        let columns: Vec<&str> = self.keys.iter().chain(self.sums).copied().collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.name)
    }
}

/// By what a table changes, until it is written.
#[derive(Debug)]
pub(super) struct Sums<K, const N: usize>(BTreeMap<K, [i64; N]>);

impl<K, const N: usize> Default for Sums<K, N> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, const N: usize> Sums<K, N> {
    pub(super) fn add(&mut self, key: K, by: [i64; N]) {
        let sums = self.0.entry(key).or_insert([0; N]);
        for (sum, by) in sums.iter_mut().zip(by) {
            *sum += by;
        }
    }

    /// The statement that adds them; `values` says how a key is written.
    pub(super) fn into_statement<'a>(
        self,
        table: &'static SumTable,
        values: impl Fn(K) -> Vec<Value<'a>>,
    ) -> Statement<'a> {
        let changed = self.0.into_iter().filter(|(_, sums)| *sums != [0; N]);
        let rows = changed.map(|(key, sums)| {
            let mut row = values(key);
            row.extend(sums.map(Value::from));
            row
        });
        Statement {
            table,
            sql: table.adding(),
            rows: rows.collect(),
        }
    }
}

/// A statement for each of some rows of a table.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    pub(super) table: &'static SumTable,
    pub(super) sql: String,
    /// The key first, and then the sums.
    pub(super) rows: Vec<Vec<Value<'a>>>,
}
