//! `passerby-hub preview`: what a screen would show of a campaign folder.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use passerby_folder::durable_file;
use passerby_folder::text::read_toml_anywhere;
use passerby_protocol::token::SAMPLE;
use serde_json::json;

use crate::cli::options::whole_paths;
use crate::cli::{Failure, Output};
use crate::public_url::PublicUrl;
use crate::publish::preview::{Asked, Drawers, Preview, RefusalOf, Subject, View};
use crate::system::clock;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder of the campaign
    folder: PathBuf,
    /// The picture that is written, a PNG
    picture: PathBuf,
    /// Which placement of the campaign, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    placement: u32,
    /// Pixels across and down of the screen, before it is turned
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1920x1080", value_parser = size)]
    size: (u32, u32),
    /// The `kiosk.toml` of the screen: how it is turned, divided and looked at
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// How phones reach the hub; the longer it is, the larger the code
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8420")]
    public_url: PublicUrl,
    /// A folder with fonts that the screens have beside the built-in ones; may be repeated
    #[arg(long = "fonts", value_name = "FOLDER")]
    fonts: Vec<PathBuf>,
    /// What stands in the code in place of a play's token
    #[arg(long, value_name = "TOKEN", default_value = SAMPLE, hide = true)]
    token: String,
    #[command(flatten)]
    output: Output,
}

/// Reads a size such as `1920x1080`.
fn size(text: &str) -> Result<(u32, u32), String> {
    text.split_once('x')
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)))
        .ok_or_else(|| "use a size such as 1920x1080".to_owned())
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let start = |error: &dyn std::fmt::Display| Failure::Start(error.to_string());
    let lines = |problems: Vec<passerby_protocol::toml_fields::Problem>| {
        Failure::Input(problems.iter().map(ToString::to_string).collect())
    };
    let at = usize::try_from(arguments.placement - 1).unwrap_or(usize::MAX);
    let subject = Subject::of_folder(&arguments.folder, at).map_err(lines)?;
    let settings = match &arguments.settings {
        Some(file) => read_toml_anywhere(file)
            .map_err(|reason| Failure::Input(vec![format!("{}: {reason}", file.display())]))?,
        None => String::new(),
    };
    let asked = Asked {
        subject,
        view: View {
            width_px: arguments.size.0,
            height_px: arguments.size.1,
            settings,
        },
        scan_base: arguments.public_url.scan_base(),
        token: arguments.token.clone(),
        now_ms: clock::now_ms(),
    };
    let drawers = Drawers::of_this_program()
        .and_then(|drawers| Ok(drawers.with_fonts(&whole_paths(&arguments.fonts)?)))
        .map_err(|error| start(&error))?;
    let preview = drawers
        .draw(&arguments.folder, &asked)
        .map_err(|error| Failure::Input(vec![error.to_string()]))?;
    let shown = arguments.picture.display();
    if !preview.png.is_empty() {
        durable_file::write(&arguments.picture, 0o644, &preview.png)
            .map_err(|error| start(&format!("{shown}: {error}")))?;
    }
    let facts = &preview.facts;
    let picture = (!preview.png.is_empty()).then(|| shown.to_string());
    arguments.output.print(
        &json!({ "picture": picture, "facts": facts }),
        &told(&preview),
    )?;
    match &facts.refusal {
        None => Ok(()),
        Some(refusal) if refusal.of == RefusalOf::Page => {
            eprintln!("note: {}", refusal.reason);
            Ok(())
        }
        Some(refusal) => Err(Failure::Input(vec![format!(
            "screens skip it: {}",
            refusal.reason
        )])),
    }
}

fn told(preview: &Preview) -> String {
    let facts = &preview.facts;
    let mut text = String::new();
    // A String takes everything.
    if let Some(code) = &facts.code {
        let _ = writeln!(
            text,
            "its code was read back: {} modules of {} pixels a side, {} pixels of white around it",
            code.modules, code.module_px, code.quiet_px
        );
        if let (Some(width_cm), Some(reach_m)) = (code.width_cm, code.reach_m) {
            let _ = writeln!(
                text,
                "it is {width_cm:.1} cm wide and can be read from up to {reach_m:.1} m"
            );
        }
    }
    if facts.moves {
        text.push_str("it moves; the picture is its first moment\n");
    }
    for note in &facts.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}
