//! What plays videos on this machine, and what was found out about it; shared by all who play.
//!
//! Invariant: without ffmpeg every use is one readable error that says how to get it.

use std::env;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::creative::video::abilities::Abilities;
use crate::creative::video::choices::Choices;
use crate::creative::video::decoder::{Codec, DecoderKind};
use crate::creative::video::programs::{FFMPEG_VARIABLE, Programs};

/// Names the only decoder to use: one of [`DecoderKind::WORDS`].
pub const DECODER_VARIABLE: &str = "PASSERBY_VIDEO_DECODER";

/// The programs that play videos. Cheap to clone; all clones share what was found out.
#[derive(Clone)]
pub struct Tools(Arc<Inner>);

struct Inner {
    /// Instead of the one in the search path.
    ffmpeg: Option<PathBuf>,
    programs: OnceLock<Result<Programs, String>>,
    abilities: OnceLock<Abilities>,
    choices: Choices,
}

impl Default for Tools {
    fn default() -> Self {
        Self::find()
    }
}

impl Tools {
    /// Uses what the environment says ([`FFMPEG_VARIABLE`], [`DECODER_VARIABLE`]), else what is in
    /// the search path. Nothing is looked for before it is needed.
    pub fn find() -> Self {
        let named = |variable| env::var_os(variable).filter(|value| !value.is_empty());
        let forced = named(DECODER_VARIABLE).and_then(|word| {
            let word = word.to_string_lossy();
            let kind = DecoderKind::of_word(&word);
            if kind.is_none() {
                tracing::warn!(
                    "{DECODER_VARIABLE}={word} is no decoder; it can be {}",
                    DecoderKind::WORDS.map(|(word, _)| word).join(", ")
                );
            }
            kind
        });
        Self::with(named(FFMPEG_VARIABLE).map(PathBuf::from), forced, "/")
    }

    /// Uses the given ffmpeg, if any, and only the given decoder, if any. Devices are looked for
    /// below `root`, which is `/` on a real machine.
    pub fn with(
        ffmpeg: Option<PathBuf>,
        forced: Option<DecoderKind>,
        root: impl Into<PathBuf>,
    ) -> Self {
        Self(Arc::new(Inner {
            ffmpeg,
            programs: OnceLock::new(),
            abilities: OnceLock::new(),
            choices: Choices::new(forced, root.into()),
        }))
    }

    /// Says in a line which ffmpeg plays videos and which decoders were chosen so far, and why no
    /// others; or what is missing and how to get it. Takes some seconds at most, and only the first
    /// time.
    pub fn report(&self) -> String {
        match self.programs() {
            Ok(found) => {
                let choices = self.0.choices.to_string();
                let comma = if choices.is_empty() { "" } else { "; " };
                format!("ffmpeg {}{comma}{choices}", found.version)
            }
            Err(trouble) => trouble.clone(),
        }
    }

    /// Says why no video can be played on this machine, and what to do, if that is so.
    pub fn trouble(&self) -> Option<&str> {
        self.programs().err().map(String::as_str)
    }

    /// Chooses a decoder, which takes a while for the first video of a kind, and names it.
    ///
    /// # Errors
    /// What is missing and how to get it.
    pub fn decoder(&self, codec: Codec) -> Result<DecoderKind, String> {
        let programs = self.programs().map_err(String::clone)?;
        Ok(self.0.choices.choose(programs, codec))
    }

    /// What its ffmpeg can do beyond the usual; nothing without one.
    pub(super) fn abilities(&self) -> Abilities {
        let ask = || self.programs().map(Abilities::of).unwrap_or_default();
        *self.0.abilities.get_or_init(ask)
    }

    /// What is there; looked for once.
    pub(super) fn programs(&self) -> Result<&Programs, &String> {
        let look = || {
            let found = Programs::look(self.0.ffmpeg.as_deref());
            match &found {
                Ok(found) => tracing::info!(
                    ffmpeg = %found.ffmpeg.display(),
                    version = found.version,
                    bounded = found.prlimit.is_some(),
                    "films are played by ffmpeg"
                ),
                Err(trouble) => tracing::warn!("films cannot be played: {trouble}"),
            }
            found
        };
        self.0.programs.get_or_init(look).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::creative::video::programs::in_path;

    #[test]
    fn what_is_missing_is_said_with_the_way_to_get_it() {
        let report = Tools::with(Some("/nowhere/ffmpeg".into()), None, "/").report();
        assert!(report.contains("/nowhere/ffmpeg"), "{report}");
        assert!(report.contains("apt-get install ffmpeg"), "{report}");
    }

    #[test]
    fn what_is_no_ffmpeg_is_not_used() {
        let other = in_path("true").expect("every system has it");
        let report = Tools::with(Some(other), None, "/").report();
        assert!(report.contains("does not run"), "{report}");
    }
}
