//! `passerby-hub slot`: slots for contributors.

use std::fmt::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use passerby_protocol::{ScreenNumber, foreign};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::drafts::desk;
use crate::people::{Actor, GROUP_CHARS_MAX, Scope, line};
use crate::store::{ChosenScreens, NewSlot, Slot, SlotError, SlotKind};
use crate::system::clock;

/// Most slots that are listed.
const LISTED_MAX: usize = 500;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Open a slot: room for pieces of a contributor on some days
    Open(Open),
    /// List slots, the newest first
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Close a slot before its last day; what airs of it goes on
    Close {
        /// The slot's number
        #[arg(value_name = "N")]
        slot: i64,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Args)]
pub(crate) struct Open {
    /// What to call it; the group of its campaign is called so too
    #[arg(value_name = "NAME", value_parser = name)]
    name: String,
    /// The first day on which its pieces air, such as `2026-12-01`
    #[arg(long, value_name = "DATE")]
    from: Date,
    /// The last one
    #[arg(long, value_name = "DATE")]
    until: Date,
    /// How many pieces there may be
    #[arg(long, value_name = "N", default_value_t = 5)]
    pieces: u32,
    /// What may come in; may be repeated
    #[arg(long = "kind", value_name = "KIND", default_values_t = [Kind::Picture])]
    kinds: Vec<Kind>,
    /// The number of a screen that it is for; may be repeated. Default: all screens
    #[arg(long = "screen", value_name = "N", value_delimiter = ',')]
    screens: Vec<ScreenNumber>,
    /// A group of screens that it is for; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Picture,
    Film,
    Text,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(SlotKind::from(*self).word())
    }
}

impl From<Kind> for SlotKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Picture => Self::Picture,
            Kind::Film => Self::Film,
            Kind::Text => Self::Text,
        }
    }
}

fn name(text: &str) -> Result<String, String> {
    line(text, GROUP_CHARS_MAX).map_err(|error| error.to_string())
}

impl From<SlotError> for Failure {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::Store(error) => error.into(),
            refused => Self::Input(vec![refused.to_string()]),
        }
    }
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Open(open) => run_open(open),
        Command::List { output, data } => {
            let slots = data.open()?.store.slots(&Scope::ALL, None, LISTED_MAX)?;
            let said: Vec<_> = slots.iter().map(told).collect();
            output.print(&json!(said), &text(&slots))?;
            Ok(())
        }
        Command::Close { slot, output, data } => {
            let store = data.open()?.store;
            if store.slot(slot, &Scope::ALL)?.is_none() {
                return Err(Failure::Input(vec![format!("there is no slot {slot}")]));
            }
            store.close_slot(&Actor::COMMAND_LINE, slot, clock::now_ms())?;
            output.print(
                &json!({ "slot": slot }),
                &format!("slot {slot} is closed\n"),
            )?;
            Ok(())
        }
    }
}

fn run_open(open: Open) -> Result<(), Failure> {
    let new = NewSlot {
        // The desk finds the one that is free.
        campaign: "slot"
            .parse()
            .map_err(|_| Failure::Input(vec!["no name is free".to_owned()]))?,
        name: open.name,
        first: open.from,
        last: open.until,
        pieces_max: open.pieces,
        kinds: open.kinds.into_iter().map(SlotKind::from).collect(),
        targets: ChosenScreens {
            screens: open.screens.into_iter().collect(),
            groups: open.groups.into_iter().collect(),
        },
    };
    let hub = open.data.open()?;
    let id = desk::open_slot(&hub, &Actor::COMMAND_LINE, new, None, clock::now_ms())?;
    let said =
        format!("slot {id} is open; its page in the console makes a link for a contributor\n");
    open.output.print(&json!({ "slot": id }), &said)?;
    Ok(())
}

fn state(slot: &Slot) -> &'static str {
    slot.state(clock::date_of(clock::now_ms())).word()
}

fn told(slot: &Slot) -> serde_json::Value {
    let terms = &slot.terms;
    json!({
        "slot": slot.id,
        "name": terms.name,
        "campaign": terms.campaign,
        "first": terms.first.to_string(),
        "last": terms.last.to_string(),
        "state": state(slot),
        "pieces": slot.pieces,
        "pieces_max": terms.pieces_max,
        "submitted": slot.is_submitted,
        "live": slot.is_live,
    })
}

fn text(slots: &[Slot]) -> String {
    let mut text = String::new();
    for slot in slots {
        let terms = &slot.terms;
        let _ = writeln!(
            text,
            "{} {}: {} to {}, {} of {} pieces, {}",
            slot.id,
            foreign::escaped(&terms.name),
            terms.first,
            terms.last,
            slot.pieces,
            terms.pieces_max,
            state(slot)
        );
    }
    text
}
