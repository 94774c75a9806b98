//! `passerby-hub alert`: who is told when a screen needs somebody.

use std::fmt::Write as _;

use clap::Subcommand;
use passerby_protocol::private_host::PrivateHost;
use serde_json::{Value, json};

use crate::alerts::Sender;
use crate::cli::{Data, Failure, Output};
use crate::people::Scope;
use crate::store::{AlertError, AlertRule};
use crate::system::clock;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the rules, whom they tell, and what is wrong now; the console makes and changes them
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Send a test to all whom a rule tells, at once, and say what came of each
    Test {
        /// The number of the rule, as `alert list` and the address of its page have it
        #[arg(value_name = "RULE")]
        rule: i64,
        /// Let it open this host although its address is private or this machine's own; may be
        /// repeated
        #[arg(long = "source-host", value_name = "HOST")]
        source_hosts: Vec<PrivateHost>,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
}

pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::List { output, data } => list(&output, &data),
        Command::Test {
            rule,
            source_hosts,
            output,
            data,
        } => test(rule, source_hosts, &output, &data),
    }
}

fn line(rule: &AlertRule, wrong: u64) -> String {
    let settings = &rule.settings;
    let kinds: Vec<&str> = settings.kinds.iter().map(|kind| kind.word()).collect();
    let mut to = settings.mails.clone();
    to.extend(settings.hook_host.clone());
    let state = match (settings.paused, wrong) {
        (true, _) => "paused".to_owned(),
        (false, 0) => "well".to_owned(),
        (false, wrong) => format!("{wrong} wrong"),
    };
    format!(
        "{:>4}  {}  {}  {}  to {}  {state}\n",
        rule.id,
        settings.name,
        settings.group.as_deref().unwrap_or("all screens"),
        kinds.join(","),
        to.join(", ")
    )
}

fn list(output: &Output, data: &Data) -> Result<(), Failure> {
    let store = data.open()?.store;
    let (rules, counts) = (store.alert_rules(&Scope::ALL)?, store.alert_counts()?);
    let wrong = |rule: &AlertRule| counts.get(&rule.id).copied().unwrap_or(0);
    let lines: String = rules.iter().map(|rule| line(rule, wrong(rule))).collect();
    let told: Vec<Value> = rules
        .iter()
        .map(|rule| json!({ "alert": rule.id, "rule": rule.settings, "wrong": wrong(rule) }))
        .collect();
    output.print(&json!(told), &lines)?;
    Ok(())
}

fn test(
    id: i64,
    source_hosts: Vec<PrivateHost>,
    output: &Output,
    data: &Data,
) -> Result<(), Failure> {
    let hub = data.open()?;
    let rule = hub.store.alert_rule(&Scope::ALL, id)?;
    let rule = rule.ok_or_else(|| Failure::Input(vec![AlertError::Unknown.to_string()]))?;
    let sender = Sender::new(source_hosts, None);
    let mails = rule.settings.mails.iter().map(|mail| Some(mail.as_str()));
    let recipients = mails.chain(rule.settings.hook.map(|_| None));
    let (mut text, mut told, mut problems) = (String::new(), Vec::new(), Vec::new());
    for recipient in recipients {
        let sent = sender.attempt(&hub, &rule, recipient, clock::now_ms());
        let to = recipient.or(rule.settings.hook_host.as_deref());
        let to = to.unwrap_or("the web hook");
        match &sent {
            Ok(()) => {
                let _ = writeln!(text, "{to}: taken");
            }
            Err(problem) => problems.push(format!("{to}: {problem}")),
        }
        told.push(json!({ "to": to, "problem": sent.err() }));
    }
    output.print(&json!(told), &text)?;
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Failure::Input(problems))
    }
}
