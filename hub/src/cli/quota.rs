//! `passerby-hub quota`: how much the files of people, of slots and of the whole hub may take.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use passerby_protocol::foreign;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::people::Actor;
use crate::store::{Quota, QuotaLine, QuotaSubject, Store};
use crate::system::clock;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List quotas, and what is used of each
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Set how much there may be; without a bound there is none
    ///
    /// What is there stays, also if it is more. What somebody brings is counted once, also if it is
    /// used in several places, until nobody uses it any more.
    Set(Set),
}

#[derive(Args)]
pub(crate) struct Set {
    #[command(flatten)]
    whose: Whose,
    /// Most MiB of files
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1 << 40))]
    mib: Option<u64>,
    /// Most files
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=1 << 40))]
    files: Option<u64>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Whose {
    /// Of the whole hub, whoever brings what
    #[arg(long)]
    hub: bool,
    /// Of each person that has none of their own
    #[arg(long)]
    everybody: bool,
    /// Of one person, with their tokens
    #[arg(long, value_name = "NAME")]
    person: Option<String>,
    /// Of one slot
    #[arg(long, value_name = "N")]
    slot: Option<i64>,
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::List { output, data } => {
            let lines = data.open()?.store.quotas()?;
            let said: Vec<Value> = lines.iter().map(told).collect();
            output.print(&json!(said), &text(&lines))?;
            Ok(())
        }
        Command::Set(set) => {
            let store = data_of(&set)?;
            let subject = subject(&store, &set.whose)?;
            let quota = Quota {
                bytes_max: set.mib.map(|mib| mib << 20),
                files_max: set.files,
            };
            store
                .set_quota(&Actor::COMMAND_LINE, subject, quota, clock::now_ms())
                .map_err(|error| match error {
                    crate::store::StoreError::OutOfScope => {
                        Failure::Input(vec!["there is no such slot".to_owned()])
                    }
                    error => error.into(),
                })?;
            let lines = store.quotas()?;
            let line: Vec<QuotaLine> = lines
                .into_iter()
                .filter(|line| line.subject == subject)
                .collect();
            let said: Vec<Value> = line.iter().map(told).collect();
            set.output.print(&json!(said), &text(&line))?;
            Ok(())
        }
    }
}

fn data_of(set: &Set) -> Result<Store, Failure> {
    Ok(set.data.open()?.store)
}

fn subject(store: &Store, whose: &Whose) -> Result<QuotaSubject, Failure> {
    if let Some(name) = &whose.person {
        let found = store.person_named(name)?;
        return match found {
            Some((person, _)) => Ok(QuotaSubject::Person(person.id)),
            None => Err(Failure::Input(vec![format!(
                "there is nobody called {name:?}"
            )])),
        };
    }
    Ok(match whose.slot {
        Some(slot) => QuotaSubject::Slot(slot),
        None if whose.hub => QuotaSubject::Hub,
        None => QuotaSubject::Everybody,
    })
}

fn told(line: &QuotaLine) -> Value {
    json!({
        "subject": line.subject.word(),
        "name": line.name,
        "bytes_max": line.quota.bytes_max,
        "files_max": line.quota.files_max,
        "of_everybody": line.is_of_everybody,
        "bytes": line.used.bytes,
        "files": line.used.files,
    })
}

fn text(lines: &[QuotaLine]) -> String {
    let mut text = String::new();
    for line in lines {
        let most =
            |most: Option<u64>| most.map_or("any number of".to_owned(), |most| most.to_string());
        let mib = line.used.bytes.div_ceil(1 << 20);
        let _ = writeln!(
            text,
            "{} {}: {mib} of {} MiB, {} of {} files{}",
            line.subject.word(),
            foreign::escaped(&line.name),
            most(line.quota.bytes_max.map(|bytes| bytes >> 20)),
            line.used.files,
            most(line.quota.files_max),
            if line.is_of_everybody {
                ", as everybody"
            } else {
                ""
            }
        );
    }
    text
}
