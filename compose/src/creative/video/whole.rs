//! Whether all of a film is there, found out without showing it.
//!
//! A film is decoded once as fast as it goes, as a screen decodes it, and judged as a pass on a screen is. One that takes
//! longer than [`DECODE_MAX`] is left there, and its last [`END`] decoded instead: a file that was cut off lacks its end.
//!
//! A screen asks in the background while it shows a film for the first time, since its slot may end before the film does:
//! of one film at a time, with software, and with the lowest priority.
//!
//! Invariant: asking takes [`DECODE_MAX`], [`END_WAIT_MAX`] and the time of [`crate::creative::video::open`] at most, however long the film
//! is; in the background, [`END_WAIT_MAX`] and twice [`BACKGROUND_MAX`]. Damage behind the first part of a long film and
//! before its end is not found; the screen tells it when it comes there.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use passerby_playout::messages::stage_messages::{ComposeError, Health};
use passerby_protocol::Digest;

use crate::creative::video::container::EXPORT_ANEW;
use crate::creative::video::decoder::DecoderKind;
use crate::creative::video::probe::Clip;
use crate::creative::video::programs::Input;
use crate::creative::video::queue::{End, Next};
use crate::creative::video::supervise::{RunError, STACK_BYTES, run};
use crate::creative::video::tools::Tools;
use crate::creative::video::{Showing, Started, begin, film, start};

/// How long a film is decoded from its beginning.
const DECODE_MAX: Duration = Duration::from_secs(20);
/// The same in the background, where others go first, and for its first picture.
const BACKGROUND_MAX: Duration = Duration::from_secs(60);
/// How much of its end is decoded of a film that takes longer.
const END: Duration = Duration::from_secs(5);
/// How long the end may take.
const END_WAIT_MAX: Duration = Duration::from_secs(20);
/// The size in which it is decoded; nobody sees it.
const DECODED_PX: (u32, u32) = (64, 64);
/// Most films that are remembered.
const FILMS_MAX: usize = 1_024;
/// The priority of what nobody waits for.
const LOWEST_PRIORITY: i32 = 19;
/// Width and height of a picture of the end, one byte a pixel.
const END_PX: usize = 16;

/// Says what a screen will miss of a film and what to do; `None` when it is whole, as far as that was looked at.
///
/// # Errors
/// A reason that names the file, when not even its first picture can be decoded.
pub(crate) fn what_is_missing(tools: &Tools, clip: &Clip) -> Result<Option<String>, ComposeError> {
    what_is_missing_within(tools, clip, None, DECODE_MAX)
}

/// The films that were decoded in the background, and whether one is now.
#[derive(Default)]
pub(super) struct LookedThrough(Mutex<Films>);

#[derive(Default)]
struct Films {
    known: BTreeSet<Digest>,
    is_busy: bool,
}

impl LookedThrough {
    /// Whether this film is to be decoded now.
    fn begins(&self, digest: &Digest) -> bool {
        let mut films = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if films.is_busy || films.known.contains(digest) {
            return false;
        }
        if films.known.len() == FILMS_MAX {
            films.known.clear();
        }
        films.known.insert(*digest);
        films.is_busy = true;
        true
    }

    #[cfg(test)]
    pub(super) fn knows(&self, digest: &Digest) -> bool {
        let films = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        films.known.contains(digest)
    }

    fn ends(&self) {
        let mut films = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        films.is_busy = false;
    }
}

/// Lets another film be looked at when this one is done with, also when that panicked or never began.
struct LookPermit(Tools);

impl Drop for LookPermit {
    fn drop(&mut self) {
        self.0.looked_through().ends();
    }
}

/// Tells the log what a screen will miss of a film, once for each film and some time later, unless another film is looked
/// at. Of one that cannot be decoded at all, whoever shows it tells.
pub(crate) fn look_through_in_background(tools: &Tools, clip: &Clip, digest: &Digest) {
    look_through_within(tools, clip, digest, BACKGROUND_MAX);
}

/// The same; what is told, or `None` when nobody looks.
fn look_through_within(
    tools: &Tools,
    clip: &Clip,
    digest: &Digest,
    patience: Duration,
) -> Option<JoinHandle<Option<String>>> {
    if !tools.looked_through().begins(digest) {
        return None;
    }
    let (turn, clip) = (LookPermit(tools.clone()), clip.clone());
    let thread = thread::Builder::new()
        .name("video-whole".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // Linux gives a priority to a thread, and what that starts inherits it. Without one it only takes longer.
            let _ = rustix::process::setpriority_process(None, LOWEST_PRIORITY);
            let software = Some(DecoderKind::Software);
            let missing = what_is_missing_within(&turn.0, &clip, software, patience);
            drop(turn);
            let reason = missing.ok().flatten()?;
            tracing::warn!("{reason}");
            Some(reason)
        });
    thread.ok()
}

/// With the given decoder, else with the one that was chosen for its codec.
fn what_is_missing_within(
    tools: &Tools,
    clip: &Clip,
    kind: Option<DecoderKind>,
    patience: Duration,
) -> Result<Option<String>, ComposeError> {
    let health = Health::default();
    let showing = Showing {
        shown_px: DECODED_PX,
        sound: None,
        poster: &mut |_, _, _| None,
        health: health.clone(),
    };
    let started = match kind {
        Some(kind) => start(tools, clip, kind, &showing, None, patience)
            .map_err(|what| ComposeError(format!("{}: {what}", clip.name))),
        None => begin(tools, clip, &showing, None),
    };
    let Started { queue, guard, .. } = started?;
    let until = Instant::now() + patience;
    let end = loop {
        match queue.first(until.saturating_duration_since(Instant::now())) {
            Next::Picture(_) => {}
            Next::Over(end) => break Some(end),
            Next::Late => break None,
        }
    };
    queue.close();
    guard.cut();
    Ok(match end {
        Some(End::Failed(what)) => Some(format!("{}: {what}", clip.name)),
        Some(End::Rests) => health.trouble().map(str::to_owned),
        None => what_the_end_misses(tools, clip),
    })
}

/// The same of the end alone.
fn what_the_end_misses(tools: &Tools, clip: &Clip) -> Option<String> {
    let found = tools.programs().ok()?;
    let length = clip.length?;
    let end = length.min(END);
    let start = length.saturating_sub(end);
    let mut before = vec!["-ss".into(), start.as_secs_f64().to_string().into()];
    before.extend(clip.before_input(DecoderKind::Software));
    let input = Input::File(&clip.path, clip.container);
    let mut command = found.reader(DecoderKind::Software.bounds(), &before, &input);
    command.args(["-map", &format!("0:{}", clip.stream)]);
    command.args(["-map_metadata", "-1", "-an", "-sn", "-dn"]);
    let rate = clip.rate;
    command.args([
        "-vf",
        &format!(
            "fps={}/{},scale={END_PX}:{END_PX}:flags=fast_bilinear,format=gray",
            rate.pictures, rate.seconds
        ),
    ]);
    command.args(["-f", "rawvideo", "pipe:1"]);
    let expected = rate.count(end);
    let picture_bytes = END_PX * END_PX;
    let bytes_max = picture_bytes * (usize::try_from(expected).unwrap_or(usize::MAX / 1024) * 4);
    let (count, damage) = match run(&mut command, b"", bytes_max, END_WAIT_MAX) {
        Ok(output) => (
            output.made.len() / picture_bytes,
            film::damage_told(&output.said),
        ),
        Err(RunError::Failed(_)) => (0, None),
        // It may be whole and this machine slow; more than enough came of a flood.
        Err(RunError::Start(_) | RunError::Late(_) | RunError::Flood(_)) => return None,
    };
    // Some films end before the time that they say.
    let what = if (count as u64) < expected / 4 {
        let end = end.as_secs_f32();
        format!("its last {end:.1} s cannot be decoded; copy it again, or {EXPORT_ANEW}")
    } else {
        damage?
    };
    Some(format!("{}: {what}", clip.name))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use passerby_testing::required_program;

    use super::*;

    fn tools() -> Tools {
        Tools::with(None, Some(DecoderKind::Software), "/")
    }

    /// A film of eight seconds of noise.
    fn film(folder: &Path, name: &str, options: &[&str]) -> PathBuf {
        let path = folder.join(name);
        let source = "testsrc2=s=160x90:r=25:d=8,noise=alls=20:allf=t,format=yuv420p";
        let made = Command::new(required_program("ffmpeg"))
            .args(["-v", "error", "-y", "-f", "lavfi", "-i", source])
            .args(options)
            .arg(&path)
            .status();
        assert!(made.expect("ffmpeg runs").success());
        path
    }

    fn missing_of(path: &Path, patience: Duration) -> Option<String> {
        let clip = Clip::probe(&tools(), path, "film").expect("a clip");
        what_is_missing_within(&tools(), &clip, None, patience).expect("it has a first picture")
    }

    const H264: [&str; 8] = [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-g",
        "25",
        "-movflags",
        "+faststart",
    ];
    const FRAGMENTS: [&str; 8] = [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-g",
        "25",
        "-movflags",
        "+frag_keyframe+default_base_moof",
    ];
    const VP9: [&str; 6] = [
        "-c:v",
        "libvpx-vp9",
        "-cpu-used",
        "8",
        "-deadline",
        "realtime",
    ];

    #[test]
    fn a_film_that_was_cut_off_is_told_from_a_whole_one() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, options) in [("a.mp4", &H264[..]), ("b.webm", &VP9)] {
            let path = film(folder.path(), name, options);
            assert_eq!(missing_of(&path, DECODE_MAX), None, "{name}");
            let bytes = std::fs::read(&path).expect("reads");
            for share in [2, 4] {
                std::fs::write(&path, &bytes[..bytes.len() / share]).expect("writes");
                let said = missing_of(&path, DECODE_MAX).expect(name);
                assert!(said.starts_with("film: only "), "{name}: {said}");
                assert!(
                    said.contains(" s of 8.0 s can be decoded; copy it"),
                    "{said}"
                );
            }
        }
    }

    #[test]
    fn a_screen_is_told_once_of_a_film_whose_end_no_slot_reaches() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = film(folder.path(), "a.mp4", &H264);
        let bytes = std::fs::read(&path).expect("reads");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("writes");
        let tools = tools();
        let clip = Clip::probe(&tools, &path, "film").expect("a clip");
        let digest = Digest::of(b"film");
        let look = |digest| look_through_within(&tools, &clip, digest, Duration::from_secs(600));
        let thread = look(&digest).expect("it looks");
        let other = Digest::of(b"another");
        let told = thread.join().expect("it ends well");
        let judged = what_is_missing(&tools, &clip).expect("it has a first picture");
        assert!(told.is_some());
        assert_eq!(told, judged, "check and the screen say the same");
        assert!(look(&digest).is_none());
        let thread = look(&other).expect("it looks");
        thread.join().expect("it ends well");
    }

    #[test]
    fn damage_in_the_middle_of_a_film_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = film(folder.path(), "a.mp4", &H264);
        let mut bytes = std::fs::read(&path).expect("reads");
        let middle = bytes.len() / 2;
        bytes[middle..middle + 20_000].fill(0);
        std::fs::write(&path, &bytes).expect("writes");
        let said = missing_of(&path, DECODE_MAX).expect("it is damaged");
        assert!(said.starts_with("film: it is damaged ("), "{said}");
        assert!(said.contains("; copy it again"), "{said}");
    }

    #[test]
    fn the_end_alone_tells_that_a_long_film_was_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let films = [
            ("a.mp4", &H264[..]),
            ("b.mp4", &FRAGMENTS),
            ("c.webm", &VP9),
        ];
        for (name, options) in films {
            let path = film(folder.path(), name, options);
            assert_eq!(missing_of(&path, Duration::ZERO), None, "{name}");
            let bytes = std::fs::read(&path).expect("reads");
            std::fs::write(&path, &bytes[..bytes.len() / 4]).expect("writes");
            let said = missing_of(&path, Duration::ZERO).expect(name);
            // A film in fragments does not say how long it was.
            let wanted = match name {
                "b.mp4" => "film: it is damaged (",
                _ => "film: its last 5.0 s cannot be decoded; copy it again",
            };
            assert!(said.starts_with(wanted), "{name}: {said}");
        }
    }
}
