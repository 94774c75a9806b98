//! commands.md: what both programs say in their `--help`.

use clap::{Arg, ArgAction, Command, CommandFactory as _};
use passerby_protocol::help::Meaning;
use passerby_protocol::toml_reference::numbers_with_commas;

use crate::page::{entry, in_sentence, paragraph, sentence, table};

/// An option that so many commands have is told once.
const SHARED_BY_MIN: usize = 4;

/// The whole page.
pub(crate) fn page() -> String {
    let terminal = program(
        &passerby::cli::Cli::command(),
        &passerby::cli::EXIT_CODES,
        &passerby::cli::environment(),
    );
    let hub = program(
        &passerby_hub::cli::Cli::command(),
        &passerby_hub::cli::EXIT_CODES,
        &passerby_hub::cli::environment(),
    );
    let what = "What `passerby --help`, `passerby-hub --help` and `--help` behind each of their commands say.";
    format!("# Commands\n\n{}\n{terminal}\n{hub}", paragraph(what))
}

fn program(program: &Command, exit_codes: &[(u8, &str)], environment: &[Meaning]) -> String {
    let name = program.get_name();
    let mut all = Vec::new();
    leaves(program, name, &mut all);
    let shared = shared(&all);
    let mut text = format!("## `{name}`\n\n{}", paragraphs(&about(program)));
    for (option, lacking) in &shared {
        let but = match lacking.as_slice() {
            [] => String::new(),
            names => format!(" but `{}`", names.join("` and `")),
        };
        let takes = format!("Every command{but} takes {}", told(option));
        text += &paragraph(&takes);
        text.push('\n');
    }
    let shared: Vec<&Arg> = shared.into_iter().map(|(option, _)| option).collect();
    for command in visible(program) {
        text += &written(
            command,
            &format!("{name} {}", command.get_name()),
            3,
            &shared,
        );
    }
    let codes: Vec<[String; 2]> = exit_codes
        .iter()
        .map(|(code, means)| [code.to_string(), (*means).to_owned()])
        .collect();
    let variables: Vec<[String; 2]> = environment
        .iter()
        .map(|(variable, means)| [format!("`{variable}`"), means.clone()])
        .collect();
    text += &format!(
        "### Exit codes of `{name}`\n\n{}\n### Environment of `{name}`\n\n{}",
        table(["exit code", "means"], &codes),
        table(["variable", "means"], &variables)
    );
    text
}

/// One command with all that is below it.
fn written(command: &Command, path: &str, level: usize, shared: &[&Arg]) -> String {
    let mut heading = path.to_owned();
    for part in command.get_arguments().filter(|arg| is_in_heading(arg)) {
        heading += &format!(" {}", form(part));
    }
    let mut text = format!(
        "{} `{heading}`\n\n{}",
        "#".repeat(level),
        paragraphs(&about(command))
    );
    let own = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && !shared.iter().any(|other| is_same(arg, other)));
    let (places, options): (Vec<&Arg>, Vec<&Arg>) = own.partition(|arg| arg.is_positional());
    let entries: Vec<String> = places.into_iter().chain(options).map(listed).collect();
    if !entries.is_empty() {
        text += &entries.concat();
        text.push('\n');
    }
    for below in visible(command) {
        text += &written(
            below,
            &format!("{path} {}", below.get_name()),
            level + 1,
            shared,
        );
    }
    text
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
}

/// Every command that has none below it, with its path.
fn leaves<'a>(command: &'a Command, path: &str, found: &mut Vec<(String, &'a Command)>) {
    if command.get_subcommands().next().is_none() {
        found.push((path.to_owned(), command));
    }
    for below in visible(command) {
        leaves(below, &format!("{path} {}", below.get_name()), found);
    }
}

/// The options that many commands have, each with the commands that lack it.
fn shared<'a>(all: &[(String, &'a Command)]) -> Vec<(&'a Arg, Vec<String>)> {
    let mut found: Vec<(&Arg, Vec<String>)> = Vec::new();
    for option in all.iter().flat_map(|(_, command)| command.get_arguments()) {
        let has = |command: &Command| command.get_arguments().any(|arg| is_same(arg, option));
        let (with, without): (Vec<_>, Vec<_>) = all.iter().partition(|(_, command)| has(command));
        let is_known = found.iter().any(|(other, _)| is_same(other, option));
        if !option.is_positional()
            && !is_known
            && with.len() >= SHARED_BY_MIN
            && with.len() > without.len()
        {
            found.push((
                option,
                without.into_iter().map(|(path, _)| path.clone()).collect(),
            ));
        }
    }
    found
}

fn is_same(one: &Arg, other: &Arg) -> bool {
    one.get_long() == other.get_long() && one.get_long().is_some() && help(one) == help(other)
}

/// What a command is of no use without.
fn is_in_heading(arg: &Arg) -> bool {
    arg.is_positional() || arg.is_required_set()
}

/// How it is written: `--size WIDTHxHEIGHT`, `FOLDER…`.
fn form(arg: &Arg) -> String {
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let names = arg.get_value_names().unwrap_or_default();
    let mut value = match names {
        _ if !takes_value => String::new(),
        [] => arg.get_id().as_str().to_uppercase(),
        [name, ..] => name.to_string(),
    };
    match arg.get_long() {
        Some(long) if value.is_empty() => format!("--{long}"),
        Some(long) => format!("--{long} {value}"),
        None => {
            if matches!(arg.get_action(), ArgAction::Append) {
                value.push('…');
            }
            if arg.is_required_set() {
                value
            } else {
                format!("[{value}]")
            }
        }
    }
}

fn help(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    help.map(ToString::to_string).unwrap_or_default()
}

/// An option with what it does, what it takes and what it is when it is absent.
fn told(arg: &Arg) -> String {
    let does = sentence(&numbers_with_commas(&in_sentence(
        &help(arg).replace("\n\n", " "),
    )));
    let defaults: Vec<String> = match arg.get_action() {
        ArgAction::Set | ArgAction::Append => arg.get_default_values(),
        _ => &[],
    }
    .iter()
    .map(|value| value.to_string_lossy().into_owned())
    .collect();
    let absent = match defaults.first() {
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!(" Default: {}.", numbers_with_commas(number))
        }
        Some(word) => format!(" Default: `{word}`."),
        None => String::new(),
    };
    format!("`{}`: {does}{absent}", form(arg))
}

fn listed(arg: &Arg) -> String {
    let mut text = entry(0, &told(arg));
    for value in arg.get_possible_values() {
        if value.get_help().is_some() {
            let means = value.get_help().map(ToString::to_string);
            let means = in_sentence(&means.unwrap_or_default());
            text += &entry(1, &sentence(&format!("`{}`: {means}", value.get_name())));
        }
    }
    text
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

fn paragraphs(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|text| {
        let text = numbers_with_commas(&sentence(text));
        format!("{}\n", paragraph(&text).trim_end())
    });
    let joined = paragraphs.collect::<Vec<_>>().join("\n");
    format!("{joined}\n")
}

#[test]
fn every_command_and_option_says_what_it_does() {
    for program in [
        passerby::cli::Cli::command(),
        passerby_hub::cli::Cli::command(),
    ] {
        let mut all = Vec::new();
        leaves(&program, program.get_name(), &mut all);
        assert!(all.len() > 5, "{} commands", all.len());
        for (path, command) in all {
            assert!(!about(command).is_empty(), "{path} says nothing");
            for arg in command.get_arguments() {
                assert!(
                    !help(arg).is_empty(),
                    "{path} {} says nothing",
                    arg.get_id()
                );
            }
        }
    }
}
