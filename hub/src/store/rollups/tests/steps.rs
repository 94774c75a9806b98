//! What a step of the schema makes of the rows of an older hub.

use passerby_testing::random_cases;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{Street, step};
use crate::database::{DatabaseError, Lock};
use crate::store::migrations::{POSTGRES, SQLITE};
use crate::store::testing::on_each_database;

/// The statements of the step that makes the sums of creatives and screens which fill these.
fn inserts(is_on_postgres: bool) -> Vec<String> {
    let steps = if is_on_postgres { POSTGRES } else { SQLITE };
    let step = steps
        .iter()
        .find(|step| step.contains("CREATE TABLE creative_sums"))
        .unwrap();
    let lines = step.lines().filter(|line| !line.starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let statements = text.split(';').map(str::trim);
    let inserts = statements.filter(|statement| statement.starts_with("INSERT"));
    inserts.map(str::to_owned).collect()
}

#[test]
fn sums_that_a_step_makes_of_older_rows_and_notes_are_those_that_would_have_been_kept() {
    on_each_database(|database| {
        let config = ProptestConfig {
            source_file: Some(file!()),
            ..random_cases(8)
        };
        let steps = prop::collection::vec(step(), 1..60);
        TestRunner::new(config)
            .run(&steps, |steps| {
                let database = database.another();
                let mut street = Street::new(&database);
                for step in &steps {
                    street.take(step);
                }
                let filled: Result<usize, DatabaseError> =
                    street.store.write(Lock::Everything, |tx| {
                        tx.run("DELETE FROM creative_sums")?;
                        tx.run("DELETE FROM screen_sums")?;
                        let inserts = inserts(tx.is_on_postgres());
                        for insert in &inserts {
                            tx.run(insert)?;
                        }
                        Ok(inserts.len())
                    });
                prop_assert_eq!(filled.unwrap(), 5);
                prop_assert_eq!(street.store.recount().unwrap(), [], "with the notes");
                street.store.add_up_figures().unwrap();
                prop_assert_eq!(street.store.recount().unwrap(), []);
                Ok(())
            })
            .unwrap();
    });
}
