//! `passerby-hub convert`: a film that screens play well.

use std::path::{Path, PathBuf};

use clap::Args;
use passerby_folder::durable_file;
use serde_json::json;

use crate::cli::{Failure, Output};
use crate::publish::conversion::{ConvertError, Converter, Reason};
use crate::publish::folder::Publication;

/// How often it is said how much is done, in percent.
const STEP_PERCENT: u32 = 10;

#[derive(Args)]
pub(crate) struct Arguments {
    /// The film
    film: PathBuf,
    /// The new film, an MP4
    new: PathBuf,
    /// Write a picture that stands for it, a JPEG
    #[arg(long, value_name = "FILE")]
    poster: Option<PathBuf>,
    /// Convert it although screens play it well as it is
    #[arg(long)]
    anyway: bool,
    #[command(flatten)]
    output: Output,
}

impl From<ConvertError> for Failure {
    fn from(error: ConvertError) -> Self {
        match error {
            ConvertError::System(_) => Self::Start(error.to_string()),
            _ => Self::Input(vec![error.to_string()]),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let converter = Converter::of_this_program()
        .map_err(|error| Failure::Start(format!("films cannot be converted: {error}")))?;
    if arguments.new.exists() {
        return Err(ConvertError::Known(arguments.new.display().to_string()).into());
    }
    let facts = converter.facts(&arguments.film)?;
    let reasons = facts.reasons();
    let is_converted = arguments.anyway || !reasons.is_empty();
    let shown = arguments.new.display();
    let mut text = String::new();
    for reason in &reasons {
        text += &format!("{reason}\n");
    }
    if is_converted {
        let mut said = 0;
        let made = converter.convert(&arguments.film, &facts, &arguments.new, &mut |done| {
            // From 0 to 100.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let percent = (done * 100.0) as u32;
            if percent >= said + STEP_PERCENT {
                said = percent - percent % STEP_PERCENT;
                eprintln!("{said} %");
            }
            true
        })?;
        if made.is_pale {
            text += "its colours may look pale: this ffmpeg lacks the filters zscale and tonemap\n";
        }
        text += &format!("{shown} is what screens play well\n");
    } else {
        text += "screens play it well as it is; --anyway converts it all the same\n";
    }
    let film: &Path = if is_converted {
        &arguments.new
    } else {
        &arguments.film
    };
    if let Some(poster) = &arguments.poster {
        let jpeg = converter.poster(film, &facts)?;
        durable_file::write(poster, 0o644, &jpeg)
            .map_err(|error| Failure::Start(format!("{}: {error}", poster.display())))?;
    }
    let after = is_converted.then(|| converter.facts(film)).transpose()?;
    arguments.output.print(
        &json!({ "reasons": reasons, "film": facts, "converted": after }),
        &text,
    )?;
    Ok(())
}

/// Of which films that are published screens would play another one better, and how to make it.
pub(super) fn better_films(publications: &[Publication]) -> Vec<String> {
    let Ok(converter) = Converter::of_this_program() else {
        return Vec::new();
    };
    let films = publications.iter().flat_map(|publication| {
        let creatives = publication.creatives.iter();
        creatives.filter(|creative| creative.media_type.starts_with("video/"))
    });
    films
        .filter_map(|film| {
            // What ffmpeg does not read was told of already.
            let reasons = converter.facts(&film.source).ok()?.reasons();
            // A screen has all of its file before it plays it.
            let mut reasons = reasons.iter().filter(|reason| **reason != Reason::HeadLast);
            let first = reasons.next()?;
            let file = film.source.display();
            Some(format!(
                "{file}: screens would play another one better, since {first}; `passerby-hub convert {file} NEW.mp4` makes it"
            ))
        })
        .collect()
}
