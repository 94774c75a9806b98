//! Looks at every frame of the show and says what is wrong with it.
//!
//! It knows what was composed and what was sent to the stage, nothing of how the stage draws. A
//! frame is judged zone by zone: which slide has to be there, which code, and that nothing is
//! black, stale or half drawn.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use passerby_compose::slide::{Area, Slide};
use passerby_playout::messages::stage_messages::{StageCommand, Ticket, Transition};
use passerby_playout::screen::geometry::Zone;

use crate::frames;

/// Most prints that are kept; more than can be on the stage.
const PRINTS_MAX: usize = 64;
/// How far a channel may be off where a picture should be exact.
const CHANNEL_SLACK: u8 = 1;
/// A channel below this is black.
const BLACK: u8 = 12;
/// Share of a zone that may be black: text and the code's modules.
const BLACK_SHARE_MAX: f64 = 0.45;

/// What is known about a slide.
#[derive(Clone)]
pub(crate) struct Print {
    width: u32,
    rgba: Vec<u8>,
    code_square: Option<Area>,
    url: Option<String>,
    /// Nothing in it changes while it is shown.
    rests: bool,
}

impl Print {
    fn of(slide: &Slide) -> Self {
        Self {
            width: slide.width_px,
            rgba: slide.rgba.clone(),
            code_square: slide.code_square,
            url: slide.caption.url.clone(),
            rests: slide.moving.is_none() && slide.frame_source.is_none(),
        }
    }

    fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y as usize * self.width as usize + x as usize) * 4;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2]]
    }

    fn row(&self, x: u32, y: u32, width: u32) -> &[u8] {
        row(&self.rgba, self.width, (x, y), width)
    }

    fn is_opaque(&self, x: u32, y: u32) -> bool {
        self.rgba[(y as usize * self.width as usize + x as usize) * 4 + 3] == 255
    }
}

/// A frame as the stage drew it.
pub(crate) struct Seen<'a> {
    pub(crate) width: u32,
    pub(crate) rgba: &'a [u8],
    /// Since the show started.
    pub(crate) at: Duration,
}

/// A stretch of a row of a picture, four bytes a pixel.
fn row(rgba: &[u8], picture_width: u32, (x, y): (u32, u32), width: u32) -> &[u8] {
    let first = (y as usize * picture_width as usize + x as usize) * 4;
    &rgba[first..first + width as usize * 4]
}

impl Seen<'_> {
    fn row(&self, x: u32, y: u32, width: u32) -> &[u8] {
        row(self.rgba, self.width, (x, y), width)
    }

    fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y as usize * self.width as usize + x as usize) * 4;
        [self.rgba[at], self.rgba[at + 1], self.rgba[at + 2]]
    }
}

#[derive(Default)]
struct Track {
    area: Area,
    previous: Option<Ticket>,
    current: Option<Ticket>,
    swapped_at: Duration,
    transition: Option<Transition>,
}

/// What came of it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Verdict {
    pub(crate) frames: u64,
    pub(crate) frames_in_transition: u64,
    pub(crate) codes_read: u64,
    pub(crate) changes: u64,
    pub(crate) notices: u64,
    pub(crate) faults: Vec<String>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Judge(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    prints: HashMap<Ticket, Print>,
    /// Where what was loaded is to be shown, until it is.
    areas: HashMap<Ticket, (Zone, Area)>,
    tracks: HashMap<Zone, Track>,
    /// When a notice was last taken away.
    uncovered_at: Option<Duration>,
    readings: Readings,
    verdict: Verdict,
}

impl Judge {
    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers what was composed.
    pub(crate) fn composed(&self, ticket: Ticket, slide: &Slide) {
        let mut inner = self.inner();
        inner.prints.insert(ticket, Print::of(slide));
        if inner.prints.len() > PRINTS_MAX {
            let shown: Vec<Ticket> = inner
                .tracks
                .values()
                .flat_map(|track| [track.previous, track.current])
                .flatten()
                .collect();
            let oldest = inner
                .prints
                .keys()
                .filter(|ticket| !shown.contains(ticket))
                .min()
                .copied();
            if let Some(oldest) = oldest {
                inner.prints.remove(&oldest);
            }
        }
    }

    /// Remembers what the player asked of the stage.
    pub(crate) fn sent(&self, command: &StageCommand<Slide>, at: Duration) {
        let mut inner = self.inner();
        match command {
            StageCommand::Load {
                ticket, zone, area, ..
            } => {
                inner.areas.insert(*ticket, (*zone, *area));
            }
            StageCommand::Swap { ticket, transition } => {
                let Some((zone, area)) = inner.areas.remove(ticket) else {
                    return;
                };
                let track = inner.tracks.entry(zone).or_default();
                track.area = area;
                track.previous = track.current.replace(*ticket);
                track.swapped_at = at;
                track.transition = Some(*transition);
                inner.verdict.changes += 1;
                inner.verdict.notices += u64::from(zone == Zone::NOTICE);
            }
            StageCommand::Drop { ticket } => {
                inner.areas.remove(ticket);
            }
            StageCommand::Clear { zone } => {
                inner.tracks.remove(zone);
                if *zone == Zone::NOTICE {
                    inner.uncovered_at = Some(at);
                }
            }
            _ => {}
        }
    }

    /// Counts a frame that nobody judges.
    pub(crate) fn pass(&self) {
        self.inner().verdict.frames += 1;
    }

    /// Looks at a frame.
    pub(crate) fn look(&self, seen: &Seen<'_>) {
        let mut inner = self.inner();
        let inner = &mut *inner;
        inner.verdict.frames += 1;
        if inner.tracks.is_empty() {
            return;
        }
        // Between the command and the frame that obeys it either picture is right.
        let uncovering = inner
            .uncovered_at
            .is_some_and(|at| seen.at <= at + crate::FRAME);
        let covered = inner.tracks.contains_key(&Zone::NOTICE);
        let mut moves = false;
        for (zone, track) in &inner.tracks {
            if uncovering || (covered && *zone != Zone::NOTICE) {
                continue;
            }
            let Some(current) = track.current.and_then(|ticket| inner.prints.get(&ticket)) else {
                continue;
            };
            let previous = track.previous.and_then(|ticket| inner.prints.get(&ticket));
            let readings = &mut inner.readings;
            let judged = judge(seen, (*zone, track), previous, current, readings);
            moves |= judged.in_transition;
            inner.verdict.codes_read += u64::from(judged.code_read);
            for fault in judged.faults {
                if inner.verdict.faults.len() < 20 {
                    inner.verdict.faults.push(format!(
                        "{:?} in zone {}, {:?} after swap by {:?}: {fault}",
                        seen.at,
                        zone.0,
                        seen.at.saturating_sub(track.swapped_at),
                        track.transition.map(|transition| transition.kind),
                    ));
                }
            }
        }
        inner.verdict.frames_in_transition += u64::from(moves);
    }

    /// How often a slide has taken another's place.
    pub(crate) fn changes(&self) -> u64 {
        self.inner().verdict.changes
    }

    /// Tells whether an emergency lies over the zones.
    pub(crate) fn notice_is_up(&self) -> bool {
        self.inner().tracks.contains_key(&Zone::NOTICE)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.inner().verdict.clone()
    }
}

#[derive(Default)]
struct Judged {
    faults: Vec<String>,
    in_transition: bool,
    code_read: bool,
}

fn judge(
    seen: &Seen<'_>,
    (zone, track): (Zone, &Track),
    previous: Option<&Print>,
    current: &Print,
    readings: &mut Readings,
) -> Judged {
    let mut judged = Judged::default();
    let length = track
        .transition
        .map_or(Duration::ZERO, |transition| transition.length);
    let elapsed = seen.at.saturating_sub(track.swapped_at);
    let settled = elapsed > length + crate::FRAME;
    judged.in_transition = !settled;

    let black = black_share(seen, track.area);
    if black > BLACK_SHARE_MAX {
        judged
            .faults
            .push(format!("{:.0} % of it is black", black * 100.0));
    }
    let off = |print: &Print, area: Area, slack: u8| -> u64 {
        let mut off = 0;
        for y in area.y..area.bottom() {
            // Most rows are the same to the last bit, which is soon told.
            let drawn = seen.row(track.area.x + area.x, track.area.y + y, area.width);
            if drawn == print.row(area.x, y, area.width) {
                continue;
            }
            for x in area.x..area.right() {
                let (drawn, wanted) = (
                    seen.pixel(track.area.x + x, track.area.y + y),
                    print.pixel(x, y),
                );
                // What moves shows through.
                let far = print.is_opaque(x, y)
                    && drawn
                        .iter()
                        .zip(wanted)
                        .any(|(drawn, wanted)| drawn.abs_diff(wanted) > slack);
                off += u64::from(far);
            }
        }
        off
    };
    if settled {
        if current.rests {
            let whole = Area::new(0, 0, track.area.width, track.area.height);
            let off = off(current, whole, CHANNEL_SLACK);
            if off > 0 {
                judged
                    .faults
                    .push(format!("{off} pixels are not those of its slide"));
            }
        }
        // The same pixels in every frame of the play, whatever moves beside them.
        if let Some(code_square) = current.code_square {
            let off = off(current, code_square, 0);
            if off > 0 {
                judged
                    .faults
                    .push(format!("{off} pixels of the code square are wrong"));
            }
        }
    } else {
        // One of the two codes, whole.
        let holds = |print: &Print| {
            print
                .code_square
                .is_some_and(|code_square| off(print, code_square, 0) == 0)
        };
        let both = previous.is_some_and(|previous| previous.code_square.is_some());
        let good = holds(current) || previous.is_some_and(holds);
        if current.code_square.is_some() && both && !good {
            judged
                .faults
                .push("no code is whole in the middle of a change".to_owned());
        }
        if current.code_square.is_some() && elapsed > length / 2 + crate::FRAME && !holds(current) {
            judged
                .faults
                .push("the new code is not there after the middle of a change".to_owned());
        }
        if let Some(previous) = previous
            && previous.code_square.is_some()
            && elapsed + crate::FRAME < length / 2
            && !holds(previous)
        {
            judged
                .faults
                .push("the old code is gone before the middle of a change".to_owned());
        }
    }
    // An independent reader agrees.
    let showing = if elapsed >= length / 2 + crate::FRAME {
        Some(current)
    } else if elapsed + crate::FRAME < length / 2 {
        previous
    } else {
        None
    };
    if let Some((code_square, url)) =
        showing.and_then(|print| print.code_square.zip(print.url.as_deref()))
    {
        match readings.read(seen, (zone, track.area), code_square) {
            Some(text) if text == url => judged.code_read = true,
            other => judged
                .faults
                .push(format!("the code reads as {other:?} instead of {url:?}")),
        }
    }
    judged
}

fn black_share(seen: &Seen<'_>, area: Area) -> f64 {
    let mut black = 0;
    for y in area.y..area.bottom() {
        let row = seen.row(area.x, y, area.width).as_chunks::<4>().0;
        black += row
            .iter()
            .filter(|[red, green, blue, _]| *red.max(green).max(blue) < BLACK)
            .count();
    }
    black as f64 / f64::from((area.width * area.height).max(1))
}

/// What was read last in each zone: the same pixels say the same, and most frames of a play have
/// them.
#[derive(Default)]
struct Readings(HashMap<Zone, (Vec<u8>, Option<String>)>);

impl Readings {
    fn read(&mut self, seen: &Seen<'_>, zone: (Zone, Area), code_square: Area) -> Option<String> {
        let part = Area::new(
            zone.1.x + code_square.x,
            zone.1.y + code_square.y,
            code_square.width,
            code_square.height,
        );
        let pixels = frames::cut_out(seen.width, seen.rgba, part);
        match self.0.get(&zone.0) {
            Some((known, text)) if *known == pixels => text.clone(),
            _ => {
                let text = frames::only_code(part.width, &pixels);
                self.0.insert(zone.0, (pixels, text.clone()));
                text
            }
        }
    }
}
