//! Whether all of a film is there, found out without showing it.
//!
//! A film is decoded once as fast as it goes, as a screen decodes it, and judged as a pass on a
//! screen is. One that takes longer than [`DECODE_MAX`] is left there, and its last [`END`] decoded
//! instead: a file that was cut off lacks its end.
//!
//! A screen asks in the background of each film that it shows, since its slot may end before the
//! film does: of one film after the other, with software, and with a low priority.
//!
//! Invariants:
//! - Asking takes [`DECODE_MAX`], [`END_WAIT_MAX`] and the time of [`crate::creative::video::open`]
//!   at most, however long the film is. Damage behind the first part of a long film and before its
//!   end is not found; the screen tells it when it comes there.
//! - In the background a film may take [`MACHINE_MAX`] of the machine's time, however long that
//!   lasts on a busy one. It is given up when nothing comes of it for [`STUCK_MAX`], and that is
//!   told.
//! - What is found in the background is told to whoever asked, whether the film is still shown or
//!   not.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use passerby_playout::messages::stage_messages::{ComposeError, Health};
use passerby_protocol::Digest;

use crate::creative::video::container::EXPORT_ANEW;
use crate::creative::video::decoder::DecoderKind;
use crate::creative::video::probe::Clip;
use crate::creative::video::programs::Input;
use crate::creative::video::queue::{End, Next, Queue};
use crate::creative::video::supervise::{ChildGuard, Patience, RunError, STACK_BYTES, run};
use crate::creative::video::tools::Tools;
use crate::creative::video::{Showing, Started, begin, film, start};

/// How long a film is decoded from its beginning.
const DECODE_MAX: Duration = Duration::from_secs(20);
/// How much of the machine's time it may take in the background.
const MACHINE_MAX: Duration = Duration::from_secs(60);
/// How long a film in the background may give no picture before it is given up.
const STUCK_MAX: Duration = Duration::from_secs(600);
/// How often the time that a film in the background took is looked at.
const MACHINE_LOOK: Duration = Duration::from_secs(1);
/// How much of its end is decoded of a film that takes longer.
const END: Duration = Duration::from_secs(5);
/// How long the end may take.
const END_WAIT_MAX: Duration = Duration::from_secs(20);
/// The size in which it is decoded; nobody sees it.
const DECODED_PX: (u32, u32) = (64, 64);
/// Most films that are remembered.
const FILMS_MAX: usize = 1_024;
/// Most films that wait to be looked at; one more waits until it is shown again.
const WAITING_MAX: usize = 256;
/// The priority of what nobody waits for: about a tenth of a core's time where everything else
/// wants all of it. With the lowest one a screen that draws with software leaves nothing for it.
const LOW_PRIORITY: i32 = 10;
/// Width and height of a picture of the end, one byte a pixel.
const END_PX: usize = 16;

/// Says what a screen will miss of a film and what to do; `None` when it is whole, as far as that
/// was looked at.
///
/// # Errors
/// A reason that names the file, when not even its first picture can be decoded.
pub(crate) fn what_is_missing(tools: &Tools, clip: &Clip) -> Result<Option<String>, ComposeError> {
    what_is_missing_within(tools, clip, None, Budget::Clock(DECODE_MAX))
}

/// A film that a screen shows, to be looked at in the background.
pub(crate) struct Look {
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
    waiting: VecDeque<Look>,
    is_busy: bool,
}

impl BackgroundLooks {
    /// Looks at a film some time later, once, after those that were shown before it, and tells what
    /// a screen will miss of it.
    pub(crate) fn look_through(&self, tools: &Tools, look: Look) {
        self.look_through_within(tools, look, MACHINE_MAX);
    }

    fn look_through_within(&self, tools: &Tools, look: Look, machine_max: Duration) {
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
    fn put(&self, look: Look) -> bool {
        let mut films = self.films();
        if films.known.contains(&look.digest) || films.waiting.len() == WAITING_MAX {
            return false;
        }
        if films.known.len() == FILMS_MAX {
            films.known.clear();
        }
        films.known.insert(look.digest);
        films.waiting.push_back(look);
        !std::mem::replace(&mut films.is_busy, true)
    }

    /// The next film in line; without one the thread that asks is done.
    fn next(&self) -> Option<Look> {
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

impl Look {
    fn look(self, looks: &BackgroundLooks, tools: &Tools, machine_max: Duration) {
        let software = Some(DecoderKind::Software);
        let budget = Budget::Machine(machine_max);
        let missing = match what_is_missing_within(tools, &self.clip, software, budget) {
            Ok(missing) => missing,
            Err(ComposeError(reason)) => Some(reason),
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

/// How much a look at a film may take.
#[derive(Debug, Clone, Copy)]
enum Budget {
    /// So long by the clock: somebody waits.
    Clock(Duration),
    /// So much of the machine's time: nobody waits, and other work goes first.
    Machine(Duration),
}

impl Budget {
    const fn first_picture_max(self) -> Duration {
        match self {
            Self::Clock(patience) => patience,
            Self::Machine(_) => STUCK_MAX,
        }
    }

    const fn end_wait_max(self) -> Duration {
        match self {
            Self::Clock(_) => END_WAIT_MAX,
            Self::Machine(_) => STUCK_MAX,
        }
    }

    /// Takes all pictures until the film is over, or until the budget is: `None`.
    ///
    /// # Errors
    /// When nothing comes any more.
    fn rest(self, queue: &Queue, guard: &ChildGuard) -> Result<Option<End>, Stuck> {
        let begin = Instant::now();
        let (mut came, mut looked) = (begin, None::<Instant>);
        loop {
            let patience = match self {
                Self::Clock(patience) => patience.saturating_sub(begin.elapsed()),
                Self::Machine(_) => MACHINE_LOOK,
            };
            match (queue.first(patience), self) {
                (Next::Picture(_), _) => came = Instant::now(),
                (Next::Over(end), _) => return Ok(Some(end)),
                (Next::Late, Self::Clock(_)) => return Ok(None),
                (Next::Late, Self::Machine(_)) if came.elapsed() > STUCK_MAX => return Err(Stuck),
                (Next::Late, Self::Machine(_)) => {}
            }
            if let Self::Machine(machine_max) = self
                && looked.is_none_or(|at| at.elapsed() >= MACHINE_LOOK)
            {
                if guard.machine_time() > machine_max {
                    return Ok(None);
                }
                looked = Some(Instant::now());
            }
        }
    }
}

/// Nothing more came of a film, and it may be whole.
#[derive(Debug, PartialEq, Eq)]
struct Stuck;

/// With the given decoder, else with the one that was chosen for its codec.
fn what_is_missing_within(
    tools: &Tools,
    clip: &Clip,
    kind: Option<DecoderKind>,
    budget: Budget,
) -> Result<Option<String>, ComposeError> {
    let health = Health::default();
    let showing = Showing {
        shown_px: DECODED_PX,
        sound: None,
        poster: &mut |_, _, _| None,
        health: health.clone(),
    };
    let started = match kind {
        Some(kind) => start(
            tools,
            clip,
            kind,
            &showing,
            None,
            Patience::of_clock(budget.first_picture_max()),
        )
        .map_err(|what| ComposeError(format!("{}: {what}", clip.name))),
        None => begin(tools, clip, &showing, None),
    };
    let Started { queue, guard, .. } = started?;
    let end = budget.rest(&queue, &guard);
    queue.close();
    guard.cut();
    let missing = match end {
        Ok(Some(End::Failed(what))) => Ok(Some(format!("{}: {what}", clip.name))),
        Ok(Some(End::Rests)) => Ok(health.trouble().map(str::to_owned)),
        Ok(None) => what_the_end_misses(tools, clip, budget.end_wait_max()),
        Err(stuck) => Err(stuck),
    };
    Ok(match (missing, budget) {
        (Ok(missing), _) => missing,
        // Somebody who waits need not hear that this machine is slow.
        (Err(Stuck), Budget::Clock(_)) => None,
        (Err(Stuck), Budget::Machine(_)) => Some(format!(
            "{}: whether all of it can be decoded was not found out, since nothing came of it for {} minutes; look at it once from its beginning to its end",
            clip.name,
            STUCK_MAX.as_secs() / 60
        )),
    })
}

/// The same of the end alone, which may take so long by the clock.
fn what_the_end_misses(
    tools: &Tools,
    clip: &Clip,
    wait_max: Duration,
) -> Result<Option<String>, Stuck> {
    let (Ok(found), Some(length)) = (tools.programs(), clip.length) else {
        return Ok(None);
    };
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
    let (count, damage) = match run(&mut command, b"", bytes_max, Patience::of_clock(wait_max)) {
        Ok(output) => (
            output.made.len() / picture_bytes,
            film::damage_told(&output.said),
        ),
        Err(RunError::Failed(_)) => (0, None),
        // It may be whole and this machine slow.
        Err(RunError::Start(_) | RunError::Late(_)) => return Err(Stuck),
        // More than enough came.
        Err(RunError::Flood(_)) => return Ok(None),
    };
    // Some films end before the time that they say.
    let what = if (count as u64) < expected / 4 {
        let end = end.as_secs_f32();
        Some(format!(
            "its last {end:.1} s cannot be decoded; copy it again, or {EXPORT_ANEW}"
        ))
    } else {
        damage
    };
    Ok(what.map(|what| format!("{}: {what}", clip.name)))
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
        what_is_missing_within(&tools(), &clip, None, Budget::Clock(patience))
            .expect("it has a first picture")
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

    /// Films that were cut off after a half, with their digests, and what a screen is told of all
    /// that are put in line.
    fn told_of(
        (looks, tools): (&BackgroundLooks, &Tools),
        films: &[(&Path, Digest)],
        machine_max: Duration,
    ) -> Vec<String> {
        let (found, told) = crossbeam_channel::bounded(8);
        for (path, digest) in films {
            let name = path.file_name().expect("a name").to_string_lossy();
            let look = Look {
                clip: Clip::probe(tools, path, &name).expect("a clip"),
                digest: *digest,
                campaign: "cafe".to_owned(),
                found: found.clone(),
            };
            looks.look_through_within(tools, look, machine_max);
        }
        // What is told ends with the thread that looks.
        drop(found);
        told.iter().collect()
    }

    fn cut_off(folder: &Path, name: &str) -> PathBuf {
        let path = film(folder, name, &H264);
        let bytes = std::fs::read(&path).expect("reads");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("writes");
        path
    }

    #[test]
    fn a_screen_is_told_once_of_each_film_whose_end_no_slot_reaches() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = ["a.mp4", "b.mp4"].map(|name| cut_off(folder.path(), name));
        let whole = film(folder.path(), "whole.mp4", &H264);
        let [a, b] = [&paths[0], &paths[1]].map(PathBuf::as_path);
        let [one, two, three] = [b"1", b"2", b"3"].map(|bytes| Digest::of(bytes));
        // The second is shown while the first is looked at, and never again.
        let films = [(a, one), (b, two), (whole.as_path(), three), (a, one)];
        let (looks, tools) = (BackgroundLooks::default(), tools());
        let told = told_of((&looks, &tools), &films, MACHINE_MAX);
        let judged: Vec<String> = [a, b]
            .iter()
            .map(|path| {
                let name = path.file_name().expect("a name").to_string_lossy();
                let clip = Clip::probe(&tools, path, &name).expect("a clip");
                let missing = what_is_missing(&tools, &clip).expect("it has a first picture");
                format!("cafe: {}", missing.expect("it is cut off"))
            })
            .collect();
        assert_eq!(told, judged, "check and the screen say the same");
        assert_eq!(told_of((&looks, &tools), &films, MACHINE_MAX), [""; 0]);
    }

    #[test]
    fn a_film_that_was_taken_away_is_looked_at_when_it_comes_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = cut_off(folder.path(), "a.mp4");
        let (looks, tools, digest) = (BackgroundLooks::default(), tools(), Digest::of(b"film"));
        let clip = Clip::probe(&tools, &path, "a.mp4").expect("a clip");
        let bytes = std::fs::read(&path).expect("reads");
        std::fs::remove_file(&path).expect("removes");
        let (found, told) = crossbeam_channel::bounded(8);
        let look = |clip: &Clip| Look {
            clip: clip.clone(),
            digest,
            campaign: String::new(),
            found: found.clone(),
        };
        looks.look_through_within(&tools, look(&clip), MACHINE_MAX);
        while looks.knows(&digest) {
            thread::yield_now();
        }
        std::fs::write(&path, bytes).expect("writes");
        looks.look_through_within(&tools, look(&clip), MACHINE_MAX);
        drop(found);
        let told: Vec<String> = told.iter().collect();
        assert_eq!(told.len(), 1, "{told:?}");
    }

    /// An ffmpeg that does something else before it decodes a film.
    fn ffmpeg_after(folder: &Path, something: &str) -> PathBuf {
        let path = folder.join("ffmpeg");
        let ffmpeg = required_program("ffmpeg");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *rawvideo*) {something};; esac\nexec '{}' \"$@\"\n",
            Path::new(&ffmpeg).display()
        );
        std::fs::write(&path, script).expect("writes");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("it may run");
        path
    }

    /// What is told of a film of which a half is missing.
    fn told_with(something: &str, machine_max: Duration) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = cut_off(folder.path(), "a.mp4");
        let ffmpeg = ffmpeg_after(folder.path(), something);
        let tools = Tools::with(Some(ffmpeg), Some(DecoderKind::Software), "/");
        let told = told_of(
            (&BackgroundLooks::default(), &tools),
            &[(&path, Digest::of(b"film"))],
            machine_max,
        );
        assert_eq!(told.len(), 1, "{told:?}");
        told.concat()
    }

    #[test]
    fn what_the_background_may_take_is_the_machines_time_and_not_the_clocks() {
        let told = told_with("sleep 4", Duration::from_secs(3));
        assert!(told.starts_with("cafe: a.mp4: only "), "{told}");
    }

    #[test]
    fn of_a_film_that_takes_more_than_the_machines_time_the_end_is_looked_at() {
        let work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let told = told_with(work, Duration::ZERO);
        let wanted = "cafe: a.mp4: its last 5.0 s cannot be decoded";
        assert!(told.starts_with(wanted), "{told}");
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
