//! `passerby-hub conversion-key`: keys with which shops report what was bought.

use std::fmt::Write as _;

use clap::Subcommand;
use passerby_protocol::{CampaignId, foreign};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output, name};
use crate::people::{Actor, Scope};
use crate::shops;
use crate::store::{ConversionKeyError, ConversionKeyLine, StoreError};
use crate::system::clock;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a key of a campaign, and print it with what signs links; neither is shown again
    Add {
        /// The name of the campaign's folder
        #[arg(value_name = "CAMPAIGN")]
        campaign: CampaignId,
        /// What to call the key, such as the shop's name
        #[arg(long, value_parser = name)]
        name: String,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// List the keys of a campaign
    List {
        /// The name of the campaign's folder
        #[arg(value_name = "CAMPAIGN")]
        campaign: CampaignId,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// Revoke a key: neither what is sent with it nor links that it signed count from now on
    Revoke {
        /// The name of the campaign's folder
        #[arg(value_name = "CAMPAIGN")]
        campaign: CampaignId,
        /// The number of the key, as `conversion-key list` has it
        #[arg(value_name = "KEY")]
        key: i64,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
}

impl From<ConversionKeyError> for Failure {
    fn from(error: ConversionKeyError) -> Self {
        match error {
            ConversionKeyError::Store(StoreError::OutOfScope) => no_campaign(),
            ConversionKeyError::Store(error) => error.into(),
            refused => Self::Input(vec![refused.to_string()]),
        }
    }
}

fn no_campaign() -> Failure {
    Failure::Input(vec![
        "no such campaign was ever published here, or it has no such key".to_owned(),
    ])
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    let actor = Actor::COMMAND_LINE;
    match command {
        Command::Add {
            campaign,
            name,
            output,
            data,
        } => {
            let hub = data.open()?;
            let made = shops::add_key(&hub, &actor, &campaign, &name, clock::now_ms())?;
            let (bearer, link_secret) = (made.bearer.as_str(), made.link_secret.as_str());
            output.print(
                &json!({ "campaign": campaign, "key": made.key, "bearer": bearer, "link_secret": link_secret }),
                &format!(
                    "key {} of {campaign}, shown this once\nbearer       {bearer}\nlink secret  {link_secret}\n",
                    made.key
                ),
            )
        }
        Command::List {
            campaign,
            output,
            data,
        } => {
            let keys = data.open()?.store.conversion_keys(&campaign, &Scope::ALL)?;
            let keys = keys.ok_or_else(no_campaign)?;
            output.print(&json!(keys), &text(&keys))
        }
        Command::Revoke {
            campaign,
            key,
            output,
            data,
        } => {
            let store = data.open()?.store;
            match store.revoke_conversion_key(&actor, &campaign, key, clock::now_ms()) {
                Ok(()) => {}
                Err(StoreError::OutOfScope) => return Err(no_campaign()),
                Err(error) => return Err(error.into()),
            }
            output.print(
                &json!({ "campaign": campaign, "key": key }),
                &format!("key {key} of {campaign} is revoked\n"),
            )
        }
    }
}

fn text(keys: &[ConversionKeyLine]) -> String {
    let mut text = String::new();
    for key in keys {
        let state = match (key.revoked_ms, key.used_ms) {
            (Some(revoked_ms), _) => format!("revoked {}", clock::rfc3339(revoked_ms)),
            (None, Some(used_ms)) => format!("used {}", clock::rfc3339(used_ms)),
            (None, None) => "never used".to_owned(),
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "{:>6}  {}  made {} by {}, {state}",
            key.key,
            foreign::escaped(&key.name),
            clock::rfc3339(key.made_ms),
            foreign::escaped(&key.made_by)
        );
    }
    text
}
