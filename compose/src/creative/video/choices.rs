//! Which decoder plays which codec.
//!
//! Invariants: a choice is made once for a codec while the process lives, when the first video of
//! it comes, and is reported with the reasons against what was not chosen; nobody waits for a
//! choice but who needs it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::creative::video::decoder::{Codec, DecoderKind};
use crate::creative::video::programs::Programs;

/// What was chosen so far.
pub(super) struct Choices {
    forced: Option<DecoderKind>,
    root: PathBuf,
    /// Held while decoders are tried, so that nobody else has to wait to read what was chosen.
    trial: Mutex<()>,
    made: Mutex<BTreeMap<Codec, Choice>>,
}

#[derive(Clone)]
struct Choice {
    kind: DecoderKind,
    /// What was not chosen, and why.
    passed_over: Vec<(DecoderKind, String)>,
}

impl Choices {
    /// Nothing is chosen yet.
    pub(super) const fn new(forced: Option<DecoderKind>, root: PathBuf) -> Self {
        Self {
            forced,
            root,
            trial: Mutex::new(()),
            made: Mutex::new(BTreeMap::new()),
        }
    }

    /// Returns the choice for a codec, and makes it if need be.
    pub(super) fn choose(&self, programs: &Programs, codec: Codec) -> DecoderKind {
        let _trial = self.trial.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(choice) = self.made().get(&codec) {
            return choice.kind;
        }
        let mut choice = Choice {
            kind: DecoderKind::Software,
            passed_over: Vec::new(),
        };
        for (_, kind) in DecoderKind::WORDS {
            if kind == DecoderKind::Software || !codec.may_be_hardware() {
                break;
            }
            let trouble = match self.forced {
                Some(forced) if forced != kind => continue,
                // Who names a decoder may know of devices that we do not look for.
                Some(_) => kind.try_sample(programs, codec).err(),
                None => kind
                    .missing(&self.root)
                    .or_else(|| kind.try_sample(programs, codec).err()),
            };
            match trouble {
                None => {
                    choice.kind = kind;
                    break;
                }
                Some(trouble) => choice.passed_over.push((kind, trouble)),
            }
        }
        tracing::info!("decoder of films: {}", ChoiceText(codec, &choice));
        let kind = choice.kind;
        self.made().insert(codec, choice);
        kind
    }

    fn made(&self) -> MutexGuard<'_, BTreeMap<Codec, Choice>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (codec, choice)) in self.made().iter().enumerate() {
            let comma = if at > 0 { "; " } else { "" };
            write!(f, "{comma}{}", ChoiceText(*codec, choice))?;
        }
        Ok(())
    }
}

/// A choice in words.
struct ChoiceText<'a>(Codec, &'a Choice);

impl fmt::Display for ChoiceText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(codec, choice) = self;
        write!(f, "{} by {}", codec.word(), choice.kind)?;
        for (at, (kind, trouble)) in choice.passed_over.iter().enumerate() {
            let before = if at == 0 { " (not " } else { ", " };
            write!(f, "{before}{kind}: {trouble}")?;
        }
        if !choice.passed_over.is_empty() {
            f.write_str(")")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use passerby_testing::required_program;

    use super::*;
    use crate::creative::video::tools::Tools;

    #[test]
    fn devices_that_are_there_but_do_not_decode_are_passed_over_with_a_reason() {
        let root = tempfile::tempdir().expect("a folder");
        for device in ["dev/dri/renderD128", "dev/nvidia0", "dev/media0"] {
            let path = root.path().join(device);
            fs::create_dir_all(path.parent().expect("a folder")).expect("makes it");
            fs::write(path, "").expect("writes");
        }
        let node = root.path().join("sys/class/video4linux/video10");
        fs::create_dir_all(&node).expect("makes it");
        fs::write(node.join("name"), "bcm2835-codec-decode\n").expect("writes");
        let tools = Tools::with(None, None, root.path());
        required_program("ffmpeg");
        for (_, kind) in DecoderKind::WORDS {
            assert_eq!(kind.missing(root.path()), None, "{kind}");
        }
        let chosen = tools.decoder(Codec::H264).expect("a decoder");
        let report = tools.report();
        if chosen == DecoderKind::Software {
            assert!(
                report.contains("H.264 by software (not v4l2m2m: "),
                "{report}"
            );
            assert!(report.contains("vaapi: "), "{report}");
        } else {
            // The machine of the test has such a decoder.
            assert!(report.contains(chosen.word()), "{report}");
        }
    }

    #[test]
    fn machines_without_devices_use_software() {
        let root = tempfile::tempdir().expect("a folder");
        let tools = Tools::with(None, None, root.path());
        required_program("ffmpeg");
        assert_eq!(tools.decoder(Codec::Vp9), Ok(DecoderKind::Software));
        let report = tools.report();
        assert!(report.contains("VP9 by software"), "{report}");
        assert!(report.contains("vaapi: no /dev/dri/renderD128"), "{report}");
    }
}
