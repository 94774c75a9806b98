//! `passerby-hub publish` and `unpublish`: campaign folders to the screens, and campaigns off them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use passerby_protocol::left_out::LeftOut;
use passerby_protocol::toml_fields::Problem;
use passerby_protocol::{CampaignId, ScreenNumber};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::options::{Data, Output, whole_paths};
use crate::people::Actor;
use crate::publish::folder::Publication;
use crate::publish::inspection::Workers;
use crate::store::{ChosenScreens, Targets};
use crate::system::clock;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Folders with pictures, or with a `campaign.toml` and pictures
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,
    /// A folder with fonts that the screens have beside the built-in ones; may be repeated
    #[arg(long = "fonts", value_name = "FOLDER")]
    fonts: Vec<PathBuf>,
    /// The number of a screen, to publish to it alone; may be repeated. Default: to all
    /// screens, also those that are added later
    #[arg(long = "screen", value_name = "N", value_delimiter = ',')]
    screens: Vec<ScreenNumber>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub(crate) struct Unpublish {
    /// The name of the folder it was published from
    campaign: CampaignId,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data: Data,
}

/// Publishes them.
///
/// # Errors
/// One of them cannot be shown, or the hub does not take it; nothing was published then.
pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments {
        folders,
        fonts,
        screens,
        output,
        data,
    } = arguments;
    let workers = Workers::of_this_program()
        .and_then(|workers| Ok(workers.with_fonts(&whole_paths(&fonts)?)))
        .map_err(|error| Failure::Start(format!("cannot look at files: {error}")))?;
    let (mut publications, mut problems) = (Vec::<Publication>::new(), Vec::new());
    let mut left_out = LeftOut::default();
    for folder in &folders {
        let read =
            Publication::read_with_left_out(folder, &|folder, jobs| workers.look_at(folder, jobs));
        left_out.append(read.left_out);
        match read.publication {
            Ok(read) if publications.iter().any(|known| known.id == read.id) => {
                problems.push(format!(
                    "{}: another folder is also called {}; rename one",
                    folder.display(),
                    read.id
                ));
            }
            Ok(publication) => publications.push(publication),
            Err(found) => problems.extend(found.iter().map(ToString::to_string)),
        }
    }
    for problem in &left_out.problems {
        eprintln!("not published: {problem}");
    }
    for note in &left_out.notes {
        eprintln!("note: not published: {note}");
    }
    if !problems.is_empty() {
        return Err(Failure::Input(problems));
    }
    let chosen = ChosenScreens {
        screens: screens.iter().copied().collect(),
        ..ChosenScreens::default()
    };
    let targets = if screens.is_empty() {
        Targets::Everywhere
    } else {
        Targets::Only(BTreeSet::from_iter(screens))
    };
    let hub = data.open_or_begin()?;
    for publication in &publications {
        for found in crate::cli::times::conflicts(&hub.store, publication, &chosen)? {
            eprintln!("note: {}: {found}", publication.id);
        }
    }
    for note in crate::cli::convert::better_films(&publications) {
        eprintln!("note: {note}");
    }
    // What cannot be stored keeps all of them from going out.
    for publication in &publications {
        hub.store_files(publication, clock::now_ms())?;
    }
    let (mut published, mut text) = (Vec::new(), String::new());
    for publication in &publications {
        for note in &publication.notes {
            eprintln!("note: {note}");
        }
        if let Some(note) = crate::followers::missing(&hub, &publication.campaign)? {
            eprintln!("note: {}: {note}", publication.id);
        }
        let changed = hub.announce(&Actor::COMMAND_LINE, publication, &targets, clock::now_ms())?;
        let known = hub.store.screens()?;
        let is_known = known.iter().any(|screen| !screen.revoked);
        text += &format!(
            "{}: {}; {}\n",
            publication.id,
            contents(publication),
            effect(changed.len(), is_known)
        );
        published.push(json!({
            "campaign": publication.id,
            "placements": publication.items.len(),
            "creatives": publication.creatives.iter().map(|creative| creative.digest).collect::<Vec<_>>(),
            "screens_changed": changed,
            "notes": publication.notes,
        }));
    }
    let problems = left_out.problems.iter().map(|found| ("problem", found));
    let notes = left_out.notes.iter().map(|found| ("note", found));
    let left_out: Vec<_> = problems
        .chain(notes)
        .map(|(severity, Problem { file, message, .. })| {
            json!({ "severity": severity, "file": file, "message": message })
        })
        .collect();
    output.print(
        &json!({ "published": published, "left_out": left_out }),
        &text,
    )?;
    Ok(())
}

/// Takes a campaign off the screens.
///
/// # Errors
/// No such campaign is published, or the database fails.
pub(super) fn unpublish(arguments: &Unpublish) -> Result<(), Failure> {
    let Unpublish {
        campaign,
        output,
        data,
    } = arguments;
    let store = data.open()?.store;
    let changed = store.unpublish(&Actor::COMMAND_LINE, campaign, clock::now_ms())?;
    let Some(screens) = changed else {
        return Err(Failure::Input(vec![format!(
            "no campaign {campaign} is published"
        )]));
    };
    output.print(
        &json!({ "campaign": campaign, "screens": screens }),
        &format!(
            "{campaign} is off the air; screens changed: {}\n",
            screens.len()
        ),
    )?;
    Ok(())
}

/// Says what a campaign has, and why it has fewer files than it names.
fn contents(publication: &Publication) -> String {
    let (placements, files) = (publication.items.len(), publication.creatives.len());
    let named = publication.items.iter().map(|item| 1 + item.parts.len());
    let why = if named.sum::<usize>() > files {
        ", since equal ones are kept once"
    } else {
        ""
    };
    format!("{placements} placements, {files} files{why}")
}

/// Says what publishing changed, and why it was nothing.
fn effect(changed: usize, is_any_screen_known: bool) -> String {
    match (changed, is_any_screen_known) {
        (0, false) => "published, but no screen is in service yet; add one with `passerby-hub screen add NAME`, or with `passerby-hub claim` and the code that it shows, on the same --data, and it shows this".to_owned(),
        (0, true) => "screens changed: 0, since the screens that it is for have it already".to_owned(),
        _ => format!("screens changed: {changed}"),
    }
}
