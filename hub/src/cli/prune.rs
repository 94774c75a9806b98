//! `passerby-hub prune`: deletes rows that the operator no longer wants to keep.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::server::CODE_DAYS;
use crate::store::{Pruned, Table};
use crate::system::clock;

/// Time between two words about how far it is.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(crate) struct Options {
    /// For how many whole days of UTC rows are kept, by the day on which the hub received them. At
    /// least two more than codes are accepted (`serve --code-days`), and at least 62
    #[arg(long, value_name = "N")]
    keep_days: u32,
    /// Print what would go, and delete nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let store = options.data.open()?.store;
    let (keep_days, now_ms) = (i64::from(options.keep_days), clock::now_ms());
    let pruned = if options.dry_run {
        store.would_prune(keep_days, CODE_DAYS, now_ms)?
    } else {
        let mut said = Instant::now();
        store.prune(keep_days, CODE_DAYS, now_ms, |rows| {
            if said.elapsed() >= PAUSE {
                eprintln!("{rows} rows are gone so far");
                said = Instant::now();
            }
        })?
    };
    let rows: serde_json::Map<String, serde_json::Value> = Table::ALL
        .map(|table| (table.word().to_owned(), pruned.rows.of(table).into()))
        .into_iter()
        .collect();
    options.output.print(
        &json!({
            "dry_run": options.dry_run,
            "before": clock::rfc3339(pruned.before_ms),
            "rows": rows,
            "days": pruned.rows.list(),
            "free_bytes": pruned.free_bytes,
        }),
        &text(&pruned, options.dry_run),
    )?;
    Ok(())
}

fn text(pruned: &Pruned, is_dry_run: bool) -> String {
    let mut text = String::new();
    for line in pruned.rows.list() {
        text += &format!(
            "{:<6}  {}  {:>12}\n",
            line.table.word(),
            line.day,
            line.rows
        );
    }
    let counts = Table::ALL.map(|table| format!("{} {}", pruned.rows.of(table), table.word()));
    text += &format!(
        "{}: {}, received before {}\n",
        if is_dry_run { "would go" } else { "gone" },
        counts.join(", "),
        clock::rfc3339(pruned.before_ms)
    );
    if let Some(bytes) = pruned.free_bytes {
        text += &format!("hub.db has {} MB free for new rows\n", bytes / 1_000_000);
    }
    text
}
