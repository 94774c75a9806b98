//! The figures of rows that a database has made by itself, by the statements with which the
//! schema's own steps made those of older databases.

const STEPS: [&[&str]; 2] = [
    &[
        include_str!("../../src/store/migrations/sqlite/0017_rollups.sql"),
        include_str!("../../src/store/migrations/sqlite/0019_report_figures.sql"),
        include_str!("../../src/store/migrations/sqlite/0030_hub_quarters.sql"),
        include_str!("../../src/store/migrations/sqlite/0032_report_sums.sql"),
        include_str!("../../src/store/migrations/sqlite/0037_chains.sql"),
    ],
    &[
        include_str!("../../src/store/migrations/postgres/0002_rollups.sql"),
        include_str!("../../src/store/migrations/postgres/0004_report_figures.sql"),
        include_str!("../../src/store/migrations/postgres/0016_hub_quarters.sql"),
        include_str!("../../src/store/migrations/postgres/0018_report_sums.sql"),
        include_str!("../../src/store/migrations/postgres/0023_chains.sql"),
    ],
];

/// The statements, for tables that are empty; a publication has written the names.
pub(crate) fn inserts(is_on_server: bool) -> Vec<String> {
    let steps = STEPS[usize::from(is_on_server)].iter();
    steps
        .flat_map(|step| {
            let lines = step.lines().filter(|line| !line.starts_with("--"));
            let text = lines.collect::<Vec<_>>().join("\n");
            text.split(';')
                .map(str::trim)
                .filter(|statement| statement.starts_with("INSERT INTO"))
                .filter(|statement| !statement.starts_with("INSERT INTO creative_names"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}
