//! One statement in place of many that differ only in their values, for a server that takes arrays.
//!
//! Invariant: what comes back is what the statements would have given one after the other. What is
//! not of a form of which that is certain is left alone, and sent one by one.

/// What is sent in place of a statement for each set of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Together {
    /// The statement; its parameters are arrays, one for each value of a set.
    pub(super) sql: String,
    /// How its rows belong to the sets.
    pub(super) rows: Rows,
}

/// How the rows of an answer belong to the sets of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// The last column says to which, from 1.
    Numbered,
    /// One each, in their order, also where the statement returns none.
    OneEach,
    /// At most one each, in their order; those that changed nothing have none.
    SomeOfThem,
}

/// Writes a statement with `?1`, `?2` … for many sets of so many values.
///
/// A query is asked for each set in their order. `OFFSET 0` keeps the planner from turning it into
/// a join over whole tables. What inserts one row a set inserts them in their order; where a set
/// may change a row that another one has made, it is left alone by whoever calls.
pub(super) fn together(sql: &str, width: usize) -> Option<Together> {
    if width == 0 {
        return None;
    }
    if sql.starts_with("SELECT ") {
        return Some(Together {
            sql: format!(
                "SELECT answered.*, given.at FROM {} CROSS JOIN LATERAL ({} OFFSET 0) AS answered",
                given(width),
                of_given(sql)
            ),
            rows: Rows::Numbered,
        });
    }
    let (head, tuple) = sql
        .strip_prefix("INSERT INTO ")?
        .split_once("VALUES (")
        .filter(|(head, _)| !head.contains(['?']))?;
    let (values, rest) = tuple.split_at(closing(tuple)?);
    let rest = &rest[1..];
    // The sets cannot be named there.
    if rest.contains('?') {
        return None;
    }
    Some(Together {
        sql: format!(
            "INSERT INTO {head}SELECT {} FROM {} ORDER BY given.at{rest}",
            of_given(values),
            given(width)
        ),
        // An update may leave a row as it is, too.
        rows: if rest.contains("DO NOTHING") || rest.contains("WHERE") {
            Rows::SomeOfThem
        } else {
            Rows::OneEach
        },
    })
}

/// The sets as a table: the values `v1`, `v2` … of each, and its number.
fn given(width: usize) -> String {
    let (mut arrays, mut names) = (Vec::new(), Vec::new());
    for number in 1..=width {
        arrays.push(format!("${number}"));
        names.push(format!("v{number}"));
    }
    format!(
        "unnest({}) WITH ORDINALITY AS given ({}, at)",
        arrays.join(", "),
        names.join(", ")
    )
}

/// No text in our statements has a question mark.
fn of_given(sql: &str) -> String {
    sql.replace('?', "given.v")
}

/// Where the parenthesis ends that was opened right before a text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    text.char_indices().find_map(|(at, letter)| {
        open += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        (open == 0).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_asked_for_each_set_and_says_for_which() {
        let sql = "SELECT name FROM screens WHERE number = ?1 AND name = ?2 LIMIT 1";
        assert_eq!(
            together(sql, 2),
            Some(Together {
                sql: "SELECT answered.*, given.at FROM unnest($1, $2) WITH ORDINALITY AS given (v1, v2, at) \
                      CROSS JOIN LATERAL (SELECT name FROM screens WHERE number = given.v1 AND name = given.v2 LIMIT 1 \
                      OFFSET 0) AS answered"
                    .to_owned(),
                rows: Rows::Numbered,
            })
        );
    }

    #[test]
    fn rows_are_inserted_in_the_order_of_their_sets() {
        let sql = "INSERT INTO t (a, b) VALUES (?1, (?2)) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING b";
        assert_eq!(
            together(sql, 2),
            Some(Together {
                sql: "INSERT INTO t (a, b) SELECT given.v1, (given.v2) FROM unnest($1, $2) WITH ORDINALITY AS given (v1, v2, at) \
                      ORDER BY given.at ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING b"
                    .to_owned(),
                rows: Rows::OneEach,
            })
        );
        let some = together("INSERT INTO t (a) VALUES (?1) ON CONFLICT DO NOTHING", 1);
        assert_eq!(some.unwrap().rows, Rows::SomeOfThem);
        let sql = "INSERT INTO t (a, b) VALUES (?1, ?2)
                   ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE excluded.b > 0";
        assert_eq!(together(sql, 2).unwrap().rows, Rows::SomeOfThem);
    }

    #[test]
    fn what_may_mean_something_else_together_is_left_alone() {
        for sql in [
            "UPDATE t SET a = ?1 WHERE b = ?2",
            "DELETE FROM t WHERE a = ?1",
            "INSERT INTO t (a) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM t WHERE a = ?1)",
            "INSERT INTO t (a) VALUES (?1) ON CONFLICT (a) DO UPDATE SET b = ?2",
        ] {
            assert_eq!(together(sql, 2), None, "{sql}");
        }
        assert_eq!(together("SELECT 1", 0), None);
    }
}
