//! Films that a screen shows, decoded in the background, one after the other.
//!
//! Invariants: a film is looked at once, and again only after it was taken away; one thread looks
//! at a time, and its end, however it comes, leaves the line to the next.

use std::collections::{BTreeSet, VecDeque};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::Sender;
use passerby_protocol::Digest;

use crate::creative::supervise::STACK_BYTES;
use crate::creative::video::decoder::DecoderKind;
use crate::creative::video::probe::Clip;
use crate::creative::video::tools::Tools;
use crate::creative::video::whole::{Budget, what_is_missing_within};

/// How much of the machine's time it may take in the background.
pub(super) const MACHINE_MAX: Duration = Duration::from_secs(60);
/// Most films that are remembered.
const FILMS_MAX: usize = 1_024;
/// Most films that wait to be looked at; one more waits until it is shown again.
const WAITING_MAX: usize = 256;
/// The priority of what nobody waits for: about a tenth of a core's time where everything else
/// wants all of it. With the lowest one a screen that draws with software leaves nothing for it.
const LOW_PRIORITY: i32 = 10;

/// A film that a screen shows, to be looked at in the background.
pub(crate) struct BackgroundLook {
    /// What is decoded.
    pub(crate) clip: Clip,
    /// Which film it is; one is looked at once.
    pub(crate) digest: Digest,
    /// The campaign of which it is; empty for none.
    pub(crate) campaign: String,
    /// Where is told what a screen will miss of it.
    pub(crate) found: Sender<String>,
}

/// The films that were or will be decoded in the background; all clones share them.
#[derive(Clone, Default)]
pub(crate) struct BackgroundLooks(Arc<Mutex<Films>>);

#[derive(Default)]
struct Films {
    known: BTreeSet<Digest>,
    waiting: VecDeque<BackgroundLook>,
    is_busy: bool,
}

impl Films {
    fn remember(&mut self, digest: Digest) {
        if self.known.len() == FILMS_MAX {
            self.known.clear();
        }
        self.known.insert(digest);
    }
}

impl BackgroundLooks {
    /// Looks at a film some time later, once, after those that were shown before it, and tells what
    /// a screen will miss of it.
    pub(crate) fn look_through(&self, tools: &Tools, look: BackgroundLook) {
        self.look_through_within(tools, look, MACHINE_MAX);
    }

    /// Notes that a film was decoded to its end elsewhere.
    pub(super) fn was_seen(&self, digest: Digest) {
        let mut films = self.films();
        films.remember(digest);
    }

    pub(super) fn look_through_within(
        &self,
        tools: &Tools,
        look: BackgroundLook,
        machine_max: Duration,
    ) {
        if !self.put(look) {
            return;
        }
        let (permit, tools) = (LookPermit(self.clone()), tools.clone());
        let thread = thread::Builder::new()
            .name("video-whole".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                // Linux gives a priority to a thread, and what that starts inherits it. Without one
                // it only takes longer.
                let _ = rustix::process::setpriority_process(None, LOW_PRIORITY);
                while let Some(look) = permit.0.next() {
                    look.look(&permit.0, &tools, machine_max);
                }
            });
        if let Err(error) = thread {
            tracing::warn!("there can be no thread that looks through films ({error})");
            self.stops();
        }
    }

    /// Puts a film in line, once. Whether a thread has to begin with the line.
    fn put(&self, look: BackgroundLook) -> bool {
        let mut films = self.films();
        if films.known.contains(&look.digest) || films.waiting.len() == WAITING_MAX {
            return false;
        }
        films.remember(look.digest);
        films.waiting.push_back(look);
        !mem::replace(&mut films.is_busy, true)
    }

    /// The next film in line; without one the thread that asks is done.
    fn next(&self) -> Option<BackgroundLook> {
        let mut films = self.films();
        let next = films.waiting.pop_front();
        films.is_busy = next.is_some();
        next
    }

    /// Lets the next film that is shown begin with the line.
    fn stops(&self) {
        self.films().is_busy = false;
    }

    /// Lets a film be looked at again when it is shown again.
    fn forget(&self, digest: &Digest) {
        self.films().known.remove(digest);
    }

    #[cfg(test)]
    pub(crate) fn knows(&self, digest: &Digest) -> bool {
        self.films().known.contains(digest)
    }

    /// A thread that panicked leaves the line as good as it was.
    fn films(&self) -> MutexGuard<'_, Films> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets others go on with the line when the thread that has it panics.
struct LookPermit(BackgroundLooks);

impl Drop for LookPermit {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stops();
        }
    }
}

impl BackgroundLook {
    fn look(self, looks: &BackgroundLooks, tools: &Tools, machine_max: Duration) {
        let software = Some(DecoderKind::Software);
        let budget = Budget::Machine(machine_max);
        let missing = match what_is_missing_within(tools, &self.clip, software, budget) {
            Ok(missing) => missing,
            Err(error) => Some(error.to_string()),
        };
        if !self.clip.path.exists() {
            // It was taken away meanwhile, and nothing was found out about it.
            looks.forget(&self.digest);
            return;
        }
        if let Some(reason) = missing {
            let campaign = match self.campaign.as_str() {
                "" => String::new(),
                campaign => format!("{campaign}: "),
            };
            // Whoever asked has ended.
            let _ = self.found.send(format!("{campaign}{reason}"));
        }
    }
}
