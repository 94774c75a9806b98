//! What lies in a campaign folder and does not air: why, and how to make it something that does.
//!
//! Invariant: every name gets an answer. What its owner surely meant to be seen is told from what
//! only lies beside it, such as a licence; where that is not known, it counts as meant.

mod formats;
#[cfg(test)]
mod tests;

use crate::campaign;
use crate::creative::{CREATIVE_ENDINGS, CreativeKind, ending_of_content};
use crate::file_names::normal_form;
use crate::left_out::formats::family_of;
use crate::toml_fields::Problem;

/// What of some folders does not air.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// What somebody meant to be seen.
    pub problems: Vec<Problem>,
    /// What may well lie there, such as notes, or a drawing's source beside its export.
    pub notes: Vec<Problem>,
}

impl LeftOut {
    /// Adds a file or folder.
    pub fn add(&mut self, file: String, reason: Reason) {
        let list = if reason.is_meant {
            &mut self.problems
        } else {
            &mut self.notes
        };
        list.push(Problem::with_file(file, reason.message));
    }

    /// What of it was not known before.
    #[must_use]
    pub fn new_since(&self, known: &Self) -> Self {
        let new = |now: &[Problem], known: &[Problem]| {
            let new = now.iter().filter(|problem| !known.contains(problem));
            new.cloned().collect()
        };
        Self {
            problems: new(&self.problems, &known.problems),
            notes: new(&self.notes, &known.notes),
        }
    }

    /// Adds what was found elsewhere.
    pub fn append(&mut self, mut other: Self) {
        self.problems.append(&mut other.problems);
        self.notes.append(&mut other.notes);
    }
}

/// Why one file does not air, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Whether its owner surely meant it to be seen.
    pub is_meant: bool,
    /// A sentence for its owner.
    pub message: String,
}

impl Reason {
    /// Of what was meant to be seen.
    pub fn meant(message: impl Into<String>) -> Self {
        Self {
            is_meant: true,
            message: message.into(),
        }
    }

    /// Of what may well lie there.
    pub fn beside(message: impl Into<String>) -> Self {
        Self {
            is_meant: false,
            message: message.into(),
        }
    }
}

/// Says why a file that is no creative and no `campaign.toml` does not air. `head` are its first
/// bytes, as many as [`crate::creative::HEAD_BYTES`]; `creatives` the names of the creatives beside
/// it.
pub fn reason_of(name: &str, head: &[u8], creatives: &[String]) -> Reason {
    let lower = normal_form(name).to_lowercase();
    if let Some(reason) = mistaken_name(&lower) {
        return reason;
    }
    let stem = stem_of(&lower);
    let export = creatives
        .iter()
        .find(|creative| stem_of(&creative.to_lowercase()) == stem);
    let family = family_of(&lower);
    if family.is_none_or(|family| family.is_meant)
        && let Some(ending) = ending_of_content(head)
    {
        return Reason::meant(format!(
            "it holds what a screen can show, but its name does not say so, and it does not air; call it {name}{ending}"
        ));
    }
    if let Some(family) = family {
        return match export {
            Some(export) if family.is_meant => Reason::beside(format!(
                "it is {} and does not air; {export} beside it is what people see",
                family.what
            )),
            _ => Reason {
                is_meant: family.is_meant,
                message: format!("it is {} and does not air; {}", family.what, family.cure),
            },
        };
    }
    if COMPANIONS.contains(&stem) {
        return Reason::beside("it does not air; nothing is to be done if it only lies beside");
    }
    let message = format!(
        "screens cannot show such a file, and it does not air; save what people should see as {CREATIVE_ENDINGS}, or take it out of the folder"
    );
    Reason::meant(message)
}

/// Names that are almost those of a campaign's own files, in lower case.
fn mistaken_name(lower: &str) -> Option<Reason> {
    if lower == "emergency.txt" {
        return Some(Reason::meant(
            "a message over everything is read from the folder that data.dir of kiosk.toml names, and not from here; move it there",
        ));
    }
    let is_campaign_file = |name: &str| name == campaign::FILE_NAME;
    if is_campaign_file(lower) {
        return Some(Reason::meant(format!(
            "its name is written otherwise than {}, and what it says does not count; call it {}",
            campaign::FILE_NAME,
            campaign::FILE_NAME
        )));
    }
    let (rest, last) = lower.rsplit_once('.')?;
    if UNFINISHED.contains(&last) {
        return Some(Reason::meant(
            "it has not been copied or loaded to its end, and does not air; wait for that, or copy it again",
        ));
    }
    let is_text = CreativeKind::of_name(rest).is_some_and(CreativeKind::is_text);
    if (is_campaign_file(rest) || is_text) && !COPIES.contains(&last) {
        return Some(Reason::meant(format!(
            "its name ends in .{last}, and what it says does not count; take that ending away (in Windows, let the Explorer show file name extensions first)"
        )));
    }
    if CreativeKind::of_name(rest).is_some() && !COPIES.contains(&last) {
        let family = family_of(lower);
        if family.is_none_or(|family| !family.is_meant) {
            return Some(Reason::meant(format!(
                "its name ends in .{last}, and it does not air; take that ending away if it is what {rest} says"
            )));
        }
    }
    (last == "toml").then(|| {
        Reason::meant(format!(
            "no screen reads a file of this name, and it does not air; a campaign's settings are called {}, texts NAME.card.toml, NAME.ticker.toml or NAME.page.toml",
            campaign::FILE_NAME
        ))
    })
}

/// What programs that copy and load call a file that is not whole.
const UNFINISHED: [&str; 6] = [
    "part",
    "partial",
    "crdownload",
    "download",
    "filepart",
    "!ut",
];
/// Endings behind an ending that say that a file stands beside another.
const COPIES: [&str; 12] = [
    "bak", "old", "orig", "xmp", "aae", "md5", "sha1", "sha256", "asc", "sig", "license", "json",
];
/// Names without an ending, or before one, of what only lies beside.
const COMPANIONS: [&str; 12] = [
    "readme",
    "license",
    "licence",
    "licenses",
    "licences",
    "copying",
    "copyright",
    "notice",
    "authors",
    "changelog",
    "makefile",
    "checksums",
];

/// Everything up to the first ending that means something: `a` of `a.png` and of `a.card.toml`.
fn stem_of(lower: &str) -> &str {
    let stem = lower.rsplit_once('.').map_or(lower, |(stem, _)| stem);
    [".card", ".ticker", ".page"]
        .iter()
        .find_map(|inner| stem.strip_suffix(inner))
        .unwrap_or(stem)
}
