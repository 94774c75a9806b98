//! `passerby-hub key`: changes the key that signs manifests, lists those that there were.

use clap::Subcommand;
use serde_json::json;

use crate::cli::options::counted;
use crate::cli::{Data, Failure, Output};
use crate::keys::manifest_keys::KeySummary;
use crate::store::ScreenSummary;
use crate::system::clock;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sign what screens air with a new key from now on; screens learn it by themselves and then
    /// refuse the old one
    Rotate {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
    /// List the keys, and how many screens know each
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        data: Data,
    },
}

pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Rotate { output, data } => {
            let hub = data.open()?;
            let generation = hub.rotate_manifest_key(clock::now_ms())?;
            output.print(
                &json!({ "generation": generation }),
                &format!(
                    "manifests are signed with key {generation} from now on; screens take it when they are online next.\n\
                     Back up the data folder now: a hub that is restored from an older copy has not got this key, and \
                     screens that know it refuse what such a hub signs.\n"
                ),
            )?;
        }
        Command::List { output, data } => {
            let hub = data.open()?;
            let (keys, screens) = (hub.manifest_keys(), hub.store.screens()?);
            let knowing = |generation: u32| {
                let in_service = screens.iter().filter(|screen| !screen.revoked);
                in_service
                    .filter(|screen| screen.manifest_key == Some(generation))
                    .count()
            };
            let rows: Vec<_> = keys
                .iter()
                .map(|key| {
                    json!({ "generation": key.generation, "key": key.key,
                            "since": key.made_ms.map(clock::rfc3339), "screens": knowing(key.generation) })
                })
                .collect();
            let mut text: String = keys
                .iter()
                .map(|key| line(key, knowing(key.generation)))
                .collect();
            text.extend(screens.iter().filter_map(|screen| ahead(screen, &keys)));
            output.print(&json!(rows), &text)?;
        }
    }
    Ok(())
}

fn line(key: &KeySummary, screens: usize) -> String {
    let since = key
        .made_ms
        .map_or_else(|| "the first".to_owned(), clock::rfc3339);
    format!(
        "key {:>4}  {}…  {since:<20}  known by {}\n",
        key.generation,
        &key.key[..16],
        counted(screens as u64, "screen")
    )
}

/// Tells of a screen that knows a key which this hub has not got.
fn ahead(screen: &ScreenSummary, keys: &[KeySummary]) -> Option<String> {
    let known = screen.manifest_key?;
    let newest = keys.last()?.generation;
    (known > newest).then(|| {
        format!(
            "screen {} knows key {known}, which this hub has not got: the hub was restored from a backup made before that key; \
             restore the newest copy of the folder manifest-keys, or enrol the screen again with an enrolment token of `passerby-hub screen renew {}`\n",
            screen.screen, screen.screen
        )
    })
}
