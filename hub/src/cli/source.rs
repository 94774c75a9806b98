//! `passerby-hub source`: what publishers have online, as cards on the screens.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use passerby_folder::text;
use passerby_protocol::private_host::PrivateHost;
use passerby_protocol::{Digest, ScreenNumber};
use reqwest::Url;
use serde_json::{Value, json};

use crate::cli::{Data, Failure, Output};
use crate::people::Actor;
use crate::publish::inspection::Workers;
use crate::sources::fetch::Fetcher;
use crate::sources::input::{name, url, word};
use crate::sources::rules::{NEWEST_MAX, Rules, WORDS_MAX};
use crate::sources::run::{RunReport, Runner};
use crate::sources::template::Template;
use crate::store::{
    ItemRecord, NewSource, SourceError, SourceKind, SourceRecord, StoreError, WhichItems,
};
use crate::system::{clock, random};

/// Who does what these commands do.
const ACTOR: Actor = Actor::COMMAND_LINE;
/// Most items that `show` lists.
const SHOWN_MAX: usize = 200;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Have cards made of a feed, a table or what a program sends
    ///
    /// RSS, Atom, JSON Feed, CSV and JSON are told apart by what is in them. A hub that serves
    /// fetches the source at once and then again and again; every item becomes a campaign of its
    /// own, `NAME:NUMBER` in reports, with its own code and its own end.
    Add(Box<Add>),
    /// List the sources and how they do
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Show a source with its items, the newest first
    Show {
        #[command(flatten)]
        source: Named,
    },
    /// Let items that wait for approval air, or try one again of which no card could be made
    Approve {
        #[command(flatten)]
        items: Items,
        #[command(flatten)]
        source: Named,
    },
    /// Take items off all screens, for good
    TakeDown {
        #[command(flatten)]
        items: Items,
        #[command(flatten)]
        source: Named,
    },
    /// Fetch a source no more for now, and take nothing that is sent; what airs of it airs to its
    /// end
    Pause {
        #[command(flatten)]
        source: Named,
    },
    /// Fetch a source again
    Resume {
        #[command(flatten)]
        source: Named,
    },
    /// Remove a source, and take all that airs of it off the screens
    Remove {
        #[command(flatten)]
        source: Named,
    },
    /// Fetch a source now, and publish what is new in it
    Fetch {
        /// Let it open this host although its address is private or this machine's own; may be
        /// repeated
        #[arg(long = "source-host", value_name = "HOST")]
        source_hosts: Vec<PrivateHost>,
        #[command(flatten)]
        source: Named,
    },
}

#[derive(Args)]
pub(crate) struct Add {
    /// What to call it: small letters, digits and hyphens
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    #[command(flatten)]
    place: Place,
    /// How many items air at one time, the newest
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(NEWEST_MAX)))]
    newest: u32,
    /// Take only items with this word in them, or with one of several
    #[arg(long, value_name = "WORD", value_parser = word)]
    must: Vec<String>,
    /// Take no item with this word in it; may be repeated
    #[arg(long, value_name = "WORD", value_parser = word)]
    must_not: Vec<String>,
    /// Let no item air that nobody has approved
    #[arg(long)]
    approval: bool,
    /// For how many days an item airs that names no end itself
    #[arg(long, value_name = "DAYS", default_value_t = 14,
          value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// How often to fetch it, in minutes
    #[arg(long = "every", value_name = "MINUTES", default_value_t = 15,
          value_parser = clap::value_parser!(u32).range(1..=1_440))]
    every_minutes: u32,
    /// The number of a screen, to air on it alone; may be repeated. Default: on all screens
    #[arg(long = "screen", value_name = "N", value_delimiter = ',')]
    screens: Vec<ScreenNumber>,
    /// A TOML file that says how its cards look
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// The address of a feed, a CSV or a JSON file
    #[arg(long, value_name = "URL", value_parser = url)]
    url: Option<Url>,
    /// A feed, a CSV or a JSON file on the hub's machine
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Take what a program sends to the hub; prints the secret that it needs, once
    #[arg(long)]
    hook: bool,
}

#[derive(Args)]
pub(crate) struct Named {
    /// The name of the source
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub(crate) struct Items {
    /// The number of an item; may be repeated
    #[arg(
        long = "item",
        value_name = "NUMBER",
        value_delimiter = ',',
        required_unless_present = "all"
    )]
    numbers: Vec<u32>,
    /// All items
    #[arg(long, conflicts_with = "numbers")]
    all: bool,
}

impl Items {
    fn which(self) -> WhichItems {
        if self.all {
            WhichItems::All
        } else {
            WhichItems::Only(self.numbers)
        }
    }
}

pub(crate) fn run(command: Command) -> Result<(), Failure> {
    let now_ms = clock::now_ms();
    match command {
        Command::Add(arguments) => add(*arguments, now_ms),
        Command::List { output, data } => {
            let sources = data.open()?.store.sources()?;
            let lines: String = sources.iter().map(line).collect();
            let told: Result<Vec<Value>, Failure> = sources.iter().map(told).collect();
            output.print(&json!(told?), &lines)?;
            Ok(())
        }
        Command::Show { source } => show(&source),
        Command::Approve { items, source } => {
            let store = source.data.open()?.store;
            let numbers =
                store.approve_source_items(&ACTOR, &source.name, &items.which(), now_ms)?;
            let text = format!(
                "approved: {}; a hub that serves publishes them within seconds, and `passerby-hub source fetch {}` does it now\n",
                numbers.len(),
                source.name
            );
            source.output.print(
                &json!({ "source": source.name, "approved": numbers }),
                &text,
            )?;
            Ok(())
        }
        Command::TakeDown { items, source } => {
            let store = source.data.open()?.store;
            let numbers =
                store.take_down_source_items(&ACTOR, &source.name, &items.which(), now_ms)?;
            let text = format!("taken down: {}\n", numbers.len());
            source.output.print(
                &json!({ "source": source.name, "taken_down": numbers }),
                &text,
            )?;
            Ok(())
        }
        Command::Pause { source } => pause(&source, true, now_ms),
        Command::Resume { source } => pause(&source, false, now_ms),
        Command::Remove { source } => {
            let off = source
                .data
                .open()?
                .store
                .remove_source(&ACTOR, &source.name, now_ms)?;
            let text = format!(
                "{} is removed; items taken off the air: {off}\n",
                source.name
            );
            source
                .output
                .print(&json!({ "source": source.name, "taken_off": off }), &text)?;
            Ok(())
        }
        Command::Fetch {
            source_hosts,
            source,
        } => fetch(&source, source_hosts, now_ms),
    }
}

fn add(arguments: Add, now_ms: i64) -> Result<(), Failure> {
    let Add {
        name,
        place,
        newest,
        must,
        must_not,
        approval,
        days,
        every_minutes,
        screens,
        template,
        output,
        data,
    } = arguments;
    if must.len() > WORDS_MAX || must_not.len() > WORDS_MAX {
        let problem = format!("name at most {WORDS_MAX} words of a kind");
        return Err(Failure::Input(vec![problem]));
    }
    let template = match template {
        Some(file) => {
            let name = file.display().to_string();
            let text = text::read_toml_within(&file)
                .map_err(|reason| Failure::Input(vec![format!("{name}: {reason}")]))?;
            Template::parse(&name, &text).map_err(|problems| {
                Failure::Input(problems.iter().map(ToString::to_string).collect())
            })?
        }
        None => Template::default(),
    };
    let rules = Rules {
        newest,
        must,
        must_not,
        approval,
        days,
        every_minutes,
        screens,
        template,
    };
    let (kind, location) = match (&place.url, &place.file) {
        (Some(url), _) => (SourceKind::Link, Some(url.to_string())),
        (None, Some(file)) => {
            let file = std::path::absolute(file)
                .map_err(|error| Failure::Input(vec![format!("{}: {error}", file.display())]))?;
            let path = file
                .to_str()
                .ok_or_else(|| Failure::Input(vec!["use a file whose name is UTF-8".to_owned()]))?;
            (SourceKind::File, Some(path.to_owned()))
        }
        (None, None) => (SourceKind::Hook, None),
    };
    let secret = place.hook.then(random::enrolment_token);
    let source = NewSource {
        name,
        kind,
        location,
        secret_sha256: secret
            .as_ref()
            .map(|secret| Digest::of(secret.as_bytes()).0),
        rules: serde_json::to_string(&rules).map_err(StoreError::from)?,
    };
    data.open()?.store.add_source(&ACTOR, &source, now_ms)?;
    let name = &source.name;
    let text = match &secret {
        Some(secret) => format!(
            "{name} takes items\n\ncurl -H 'Authorization: Bearer {secret}' -d '{{\"id\": \"1\", \"title\": \"…\"}}' URL/v1/sources/{name}/items\n\nURL is the hub's address. The secret is shown only now.\n"
        ),
        None => format!(
            "{name} is added; a hub that serves fetches it within seconds, and `passerby-hub source fetch {name}` does it now\n"
        ),
    };
    output.print(&json!({ "source": name, "secret": secret }), &text)?;
    Ok(())
}

fn pause(source: &Named, paused: bool, now_ms: i64) -> Result<(), Failure> {
    let store = source.data.open()?.store;
    store.pause_source(&ACTOR, &source.name, paused, now_ms)?;
    let text = if paused {
        format!("{} is not fetched for now\n", source.name)
    } else {
        format!("{} is fetched again\n", source.name)
    };
    source
        .output
        .print(&json!({ "source": source.name, "paused": paused }), &text)?;
    Ok(())
}

fn fetch(source: &Named, source_hosts: Vec<PrivateHost>, now_ms: i64) -> Result<(), Failure> {
    let hub = source.data.open()?;
    let workers = Workers::of_this_program()
        .map_err(|error| Failure::Start(format!("cannot look at files: {error}")))?;
    let runner = Runner {
        hub: &hub,
        workers: &workers,
        fetcher: &Fetcher::new(source_hosts),
        goes_on: &|| true,
    };
    let report = runner.run(&source.name, true, now_ms)?;
    if let Some(problem) = report.problem {
        return Err(Failure::Input(vec![format!("{}: {problem}", source.name)]));
    }
    let text = report_text(&source.name, &report);
    source.output.print(&json!(report), &text)?;
    Ok(())
}

fn report_text(name: &str, report: &RunReport) -> String {
    let mut text = if report.fetched {
        format!("{name}: new: {}; changed: {}", report.new, report.changed)
    } else {
        format!("{name}: nothing new")
    };
    let _ = writeln!(
        text,
        "; published: {}; failed: {}; ended: {}",
        report.published.len(),
        report.failed.len(),
        report.ended
    );
    if let Some(left_out) = &report.left_out {
        let _ = writeln!(text, "left out: {left_out}");
    }
    text
}

fn show(named: &Named) -> Result<(), Failure> {
    let store = named.data.open()?.store;
    let unknown = || SourceError::Unknown(named.name.clone());
    let source = store.source(&named.name)?.ok_or_else(unknown)?;
    let items = store.source_items(&named.name, SHOWN_MAX)?;
    let mut text = line(&source);
    for item in &items {
        let _ = writeln!(
            text,
            "{:>6}  {:<10}  until {}  {}",
            item.number,
            item.state.word(),
            clock::date_of(item.ends_ms - 1),
            item.title
        );
        if let Some(told) = &item.told {
            let _ = writeln!(text, "        {told}");
        }
    }
    let mut told = told(&source)?;
    told["items"] = items.iter().map(item_told).collect();
    named.output.print(&told, &text)?;
    Ok(())
}

fn item_told(item: &ItemRecord) -> Value {
    json!({
        "number": item.number,
        "state": item.state,
        "title": item.title,
        "campaign": item.campaign,
        "until": clock::date_of(item.ends_ms - 1),
        "told": item.told,
    })
}

fn line(source: &SourceRecord) -> String {
    let place = source.location.as_deref().unwrap_or("web hook");
    let state = match (&source.problem, source.succeeded_ms, source.paused) {
        (_, _, true) => "paused".to_owned(),
        (Some(problem), ..) => format!("failed {} times: {problem}", source.failures),
        (None, Some(at_ms), _) => format!("fetched {}", clock::rfc3339(at_ms)),
        (None, None, _) if source.kind == SourceKind::Hook => "waits for what is sent".to_owned(),
        (None, None, _) => "not fetched yet".to_owned(),
    };
    let mut line = format!("{}  {place}  {state}\n", source.name);
    if let Some(left_out) = &source.left_out {
        let _ = writeln!(line, "    left out: {left_out}");
    }
    line
}

fn told(source: &SourceRecord) -> Result<Value, Failure> {
    let rules: Value = serde_json::from_str(&source.rules).map_err(StoreError::from)?;
    Ok(json!({
        "source": source.name,
        "kind": source.kind,
        "location": source.location,
        "rules": rules,
        "paused": source.paused,
        "fetched": source.fetched_ms.map(clock::rfc3339),
        "succeeded": source.succeeded_ms.map(clock::rfc3339),
        "next": clock::rfc3339(source.fetch_ms),
        "failures": source.failures,
        "problem": source.problem,
        "left_out": source.left_out,
    }))
}
