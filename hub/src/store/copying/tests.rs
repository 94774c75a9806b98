//! The list of tables is that of both databases, and what it copies is the same on both.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::{DatabaseError, Lock, values};
use crate::store::Store;
use crate::store::copying::ranges::{Range, Total, each_row};
use crate::store::copying::rows;
use crate::store::copying::tables::{Kind, TABLES, Table};
use crate::store::testing::on_each_database;

/// What is in a schema and not in the data of a hub: the number that tells processes of changes may
/// begin anew, and manifest keys lie in files as well, which a copy takes.
const NO_DATA: [&str; 3] = ["schema_steps", "change_number", "manifest_keys"];
/// The same of columns: what processes tell each other while they serve.
const NO_DATA_COLUMNS: [(&str, &str); 1] = [("pairings", "asked_ms")];

/// All tables with their columns and the types of these, and the keys where they are known.
type Schema = BTreeMap<String, (BTreeMap<String, String>, Option<Vec<String>>)>;

fn schema_of(store: &Store) -> Schema {
    let of_sqlite = "SELECT m.name, c.name, c.type, c.pk FROM sqlite_master AS m, pragma_table_info(m.name) AS c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.pk";
    // A partition has what its table has.
    let of_postgres = "SELECT CAST(relname AS TEXT), CAST(attname AS TEXT), format_type(atttypid, NULL), CAST(0 AS BIGINT)
         FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
         WHERE relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0 AND NOT attisdropped
         AND relnamespace = CAST(CAST(current_schema() AS TEXT) AS regnamespace)";
    let mut schema = Schema::new();
    store
        .read(|tx| {
            let is_on_postgres = tx.is_on_postgres();
            let query = if is_on_postgres {
                of_postgres
            } else {
                of_sqlite
            };
            let columns: Vec<(String, String, String, i64)> = tx.all(query, values![], |row| {
                Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
            for (table, column, kind, key) in columns {
                if NO_DATA_COLUMNS.contains(&(table.as_str(), column.as_str())) {
                    continue;
                }
                let (known, keys) = schema
                    .entry(table)
                    .or_insert_with(|| (BTreeMap::new(), (!is_on_postgres).then(Vec::new)));
                if let Some(keys) = keys.as_mut().filter(|_| key > 0) {
                    keys.push(column.clone());
                }
                known.insert(column, kind);
            }
            Ok::<_, DatabaseError>(())
        })
        .unwrap();
    schema.retain(|name, _| !NO_DATA.contains(&name.as_str()));
    schema
}

#[test]
fn every_table_with_every_column_is_in_the_list() {
    on_each_database(|database| {
        let store = database.open();
        let schema = schema_of(&store);
        let listed: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
        let there: BTreeSet<&str> = schema.keys().map(String::as_str).collect();
        assert_eq!(listed, there, "add it to hub/src/store/copying/tables.rs");
        for table in TABLES {
            let (columns, key) = &schema[table.name];
            let listed: BTreeSet<&str> = table.names().into_iter().collect();
            let there: BTreeSet<&str> = columns.keys().map(String::as_str).collect();
            assert_eq!(listed, there, "{}", table.name);
            for (name, kind) in table.columns {
                let fits = match columns[*name].as_str() {
                    "INTEGER" => matches!(kind, Kind::Integer | Kind::Boolean),
                    "bigint" => *kind == Kind::Integer,
                    "boolean" => *kind == Kind::Boolean,
                    "TEXT" | "text" => *kind == Kind::Text,
                    "BLOB" | "bytea" => *kind == Kind::Bytes,
                    _ => false,
                };
                assert!(fits, "{}.{name} is {}", table.name, columns[*name]);
            }
            if let Some(key) = key {
                assert_eq!(table.key, key, "{}", table.name);
            }
        }
    });
}

#[test]
fn a_table_stands_behind_those_to_which_it_refers() {
    on_each_database(|database| {
        let store = database.open();
        let references: Vec<(String, String)> = store
            .read(|tx| {
                let query = if tx.is_on_postgres() {
                    "SELECT CAST(CAST(conrelid AS regclass) AS TEXT), CAST(CAST(confrelid AS regclass) AS TEXT)
                     FROM pg_constraint WHERE contype = 'f'"
                } else {
                    "SELECT m.name, f.\"table\" FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f
                     WHERE m.type = 'table'"
                };
                tx.all(query, values![], |row| {
                    Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?))
                })
            })
            .unwrap();
        assert!(references.len() > 10);
        let place = |name: &str| TABLES.iter().position(|table| table.name == name);
        for (from, to) in references {
            assert!(place(&to) <= place(&from), "{from} refers to {to}");
        }
    });
}

/// How many rows of a table the sample has.
fn rows_of(table: &Table) -> i64 {
    // This has one row, no less and no more.
    if table.name == "pruned_before" { 1 } else { 40 }
}

/// Rows of every table that are all different, and strange where they may be.
fn sample(table: &Table, rows: i64) -> Vec<Vec<crate::database::Value<'static>>> {
    let texts = ["z", "Z", "ä", "a\tb\n\\N", "🦀 \"x\"", "", "\u{7f}"];
    (1..=rows)
        .map(|number| {
            let columns = table.columns.iter().map(|(name, kind)| match kind {
                // Whatever refers to another row refers to one that is there.
                Kind::Integer if *name == "parent" => None::<i64>.into(),
                Kind::Integer if *name == "generation" => number.into(),
                Kind::Integer => number.into(),
                Kind::Text => {
                    let text = texts[usize::try_from(number).unwrap() % texts.len()];
                    format!("{text}{number}").into()
                }
                Kind::Bytes => {
                    let byte = u8::try_from(number * 37 % 256).unwrap();
                    [byte, 0xff, u8::try_from(number).unwrap()].into()
                }
                Kind::Boolean => (number % 2 == 0).into(),
            });
            columns.collect()
        })
        .collect()
}

#[test]
fn rows_come_back_as_they_were_and_in_the_same_order_from_both_databases() {
    let totals = std::sync::Mutex::new(Vec::new());
    on_each_database(|database| {
        let store = database.open();
        store
            .write(Lock::Everything, |tx| {
                tx.execute("DELETE FROM settings", values![])?;
                tx.execute("DELETE FROM pruned_before", values![])?;
                for table in TABLES {
                    let rows = sample(table, rows_of(table));
                    tx.append(table.name, &table.names(), &rows)?;
                }
                Ok::<_, DatabaseError>(())
            })
            .unwrap();
        let mut found = Vec::new();
        store
            .read(|tx| {
                for table in TABLES {
                    let mut total = Total::default();
                    let kinds = table.kinds();
                    let mut read = Vec::new();
                    each_row(tx, table, Range::default(), |row, line| {
                        assert_eq!(rows::parse(line, &kinds).as_ref(), Some(&row));
                        total.add(line);
                        read.push(row);
                        Ok::<_, DatabaseError>(())
                    })?;
                    let mut expected = sample(table, rows_of(table));
                    let key = |row: &Vec<_>| format!("{row:?}");
                    expected.sort_by_key(key);
                    let mut sorted = read.clone();
                    sorted.sort_by_key(key);
                    assert_eq!(sorted, expected, "{}", table.name);
                    found.push((table.name, total.end()));
                    if read.len() == 1 {
                        continue;
                    }
                    // Parts of it are that part.
                    let key_of = |row: &Vec<crate::database::Value<'static>>| {
                        let names = table.names();
                        let place = |name: &&str| names.iter().position(|known| known == name);
                        let places = table.key.iter().map(|name| place(name).unwrap());
                        places.map(|at| row[at].clone()).collect::<Vec<_>>()
                    };
                    let (after, until) = (key_of(&read[9]), key_of(&read[29]));
                    let range = Range {
                        after: Some(&after),
                        until: Some(&until),
                    };
                    let mut part = Vec::new();
                    each_row(tx, table, range, |row, _| {
                        part.push(row);
                        Ok::<_, DatabaseError>(())
                    })?;
                    assert_eq!(part, read[10..30], "{}", table.name);
                }
                Ok::<_, DatabaseError>(())
            })
            .unwrap();
        totals.lock().unwrap().push(found);
    });
    let totals = totals.into_inner().unwrap();
    assert_eq!(totals[0], totals[1]);
}
