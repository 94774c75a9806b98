//! `passerby-hub privacy`: what is kept of people, by whom, and which campaigns use it.

use clap::Args;
use passerby_protocol::{Campaign, CampaignId};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output};
use crate::people::{Actor, Scope};
use crate::privacy::Record;
use crate::store::{HubOperator, Store};
use crate::system::clock;

/// How many campaigns are read at once.
const CAMPAIGNS_AT_ONCE: usize = 500;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Say who runs the hub, for its privacy pages
    #[arg(long, value_name = "NAME", requires = "contact")]
    operator: Option<String>,
    /// How people reach them: an address, mail or phone
    #[arg(long, value_name = "HOW", requires = "operator")]
    contact: Option<String>,
    /// Print the record as CSV for spreadsheets
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let store = arguments.data.open()?.store;
    if let (Some(name), Some(contact)) = (arguments.operator, arguments.contact) {
        let operator = HubOperator::read(&name, &contact)
            .map_err(|error| Failure::Input(vec![error.to_string()]))?;
        store.set_hub_operator(&Actor::COMMAND_LINE, &operator, clock::now_ms())?;
    }
    let record = Record::new(store.hub_operator()?, &live_campaigns(&store)?);
    let text = if arguments.csv {
        record.csv()
    } else {
        record.text()
    };
    arguments.output.print(&json!(record), &text)
}

/// The campaigns that are on screens.
fn live_campaigns(store: &Store) -> Result<Vec<(CampaignId, Campaign)>, Failure> {
    let mut live = Vec::new();
    let mut after = String::new();
    loop {
        let rows = store.campaign_list(("", None), &after, &Scope::ALL, CAMPAIGNS_AT_ONCE)?;
        let Some(last) = rows.last() else {
            return Ok(live);
        };
        after = last.id.as_str().to_owned();
        let rows = rows.into_iter().filter(|row| row.is_live);
        live.extend(rows.map(|row| (row.id, row.campaign)));
    }
}
