//! A place on a slide where something live is shown, and the frame source of clocks, dates and
//! countdowns.
//!
//! Invariant: what is drawn stays within the place, and is smaller rather than cut.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use passerby_playout::system::clock::Clock;
use passerby_protocol::campaign::Rgb;

use crate::live::kind::LiveKind;
use crate::live::moment;
use crate::live::moment::Said;
use crate::raster::canvas::{Area, Canvas, real};
use crate::settings::Settings;
use crate::slide::{FrameSource, Patch, Plane};
use crate::text::fonts::Fonts;
use crate::text::{Glyphs, HEADLINE_LEADING, LineStyle, Typesetter, Weight};

/// How long an element that shows nothing, or waits for long, sleeps before it looks at the clock
/// again: clocks are set.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Shown where nothing is known.
pub(super) const UNKNOWN: &str = "–";

/// Which side of its place a text keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// How a live element is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    pub(crate) weight: Weight,
    /// Of the type, in pixels.
    pub(crate) size: f32,
    pub(crate) ink: Rgb,
    pub(crate) align: Align,
    /// From the top of the area to the baseline, in pixels.
    pub(crate) baseline: f32,
    /// Free pixels left and right of the text inside the area, for what leans out of its cell.
    pub(crate) lean: u32,
}

/// A place on a slide where something live is shown. It is made with the frame and outlives no
/// change of it.
#[derive(Clone)]
pub(crate) struct LiveElement {
    pub(crate) kind: LiveKind,
    /// Upright, in pixels of the slide.
    pub(crate) area: Area,
    pub(crate) setting: Setting,
    /// What lies beneath, upright.
    ground: Arc<Canvas>,
    /// What a countdown shows in the end, drawn already.
    ended: Option<Arc<Canvas>>,
    fonts: Fonts,
    /// Width and height of the upright slide, and its turn.
    frame: (u32, u32, u16),
}

/// What a frame source draws with.
pub(super) struct ElementStyle {
    pub(super) glyphs: Glyphs,
    pub(super) element: LiveElement,
}

impl LiveElement {
    /// Takes the ground from a finished upright canvas, which turns by `rotation` afterwards.
    pub(crate) fn on(
        canvas: &Canvas,
        rotation: u16,
        kind: LiveKind,
        area: Area,
        setting: Setting,
        typesetter: &mut Typesetter,
    ) -> Self {
        let ground = canvas.part(area);
        let done = match &kind {
            LiveKind::Countdown {
                done: Some(done), ..
            } => Some(done),
            _ => None,
        };
        let ended = done.and_then(|done| ended(typesetter, &ground, area, &setting, done));
        Self {
            kind,
            area,
            setting,
            ground: Arc::new(ground),
            ended: ended.map(Arc::new),
            fonts: typesetter.fonts().clone(),
            frame: (canvas.width, canvas.height, rotation),
        }
    }

    /// Tells whether what a countdown should show in the end finds no room.
    pub(crate) fn lacks_end(&self) -> bool {
        let done = matches!(&self.kind, LiveKind::Countdown { done: Some(_), .. });
        done && self.ended.is_none()
    }

    /// Bytes that it keeps.
    pub(crate) fn bytes(&self) -> usize {
        let ended = self.ended.as_ref().map_or(0, |canvas| canvas.rgba.len());
        self.ground.rgba.len() + ended
    }

    /// What it is drawn with. Everything that can be foreseen is drawn now, so that little is left
    /// to do on the stage's thread.
    pub(super) fn style(&self) -> ElementStyle {
        let mut style = ElementStyle {
            glyphs: Glyphs::new(&self.fonts, self.setting.weight, self.setting.size),
            element: self.clone(),
        };
        style.glyphs.width(&format!("{UNKNOWN}: "));
        style.element.kind.width(&mut style.glyphs);
        style
    }

    /// What it shows.
    pub(super) const fn kind(&self) -> &LiveKind {
        &self.kind
    }

    /// What feeds it where it shows a moment: a clock, a date or a countdown.
    pub(super) fn moment_frame_source(&self, settings: &Settings) -> Box<dyn FrameSource> {
        let to_ms = match &self.kind {
            LiveKind::Countdown { to, .. } => moment::moment_ms(*to, &settings.time_zone),
            _ => None,
        };
        Box::new(MomentFrameSource {
            style: self.style(),
            clock: Arc::clone(&settings.clock),
            zone: settings.time_zone.clone(),
            to_ms,
            shown: None,
        })
    }

    /// Turns finished pixels of the element for the output.
    pub(super) fn patch(&self, canvas: Canvas) -> Patch {
        let (width, height, rotation) = self.frame;
        Patch {
            plane: Plane::Still,
            area: self.area.rotated(width, height, rotation),
            bytes: canvas.rotated(rotation).rgba,
        }
    }

    pub(super) fn ground(&self) -> Canvas {
        Canvas::clone(&self.ground)
    }

    /// Where a text of some width begins.
    pub(super) fn start(&self, width: f32) -> f32 {
        let (lean, room) = (real(self.setting.lean), real(self.area.width));
        match self.setting.align {
            Align::Left => lean,
            Align::Right => room - lean - width,
        }
    }

    /// Pixels across that a text may take.
    pub(super) fn width(&self) -> f32 {
        real(self.area.width.saturating_sub(2 * self.setting.lean))
    }
}

impl ElementStyle {
    /// Draws a text on the element's ground; one that is wider than the element is set smaller.
    pub(super) fn draw(&mut self, text: &str) -> Canvas {
        let mut canvas = self.element.ground();
        let setting = self.element.setting;
        let width = self.glyphs.width(text);
        if width <= self.element.width() {
            let x = self.element.start(width);
            self.glyphs
                .draw(&mut canvas, text, x, setting.baseline, setting.ink);
        } else {
            let size = setting.size * self.element.width() / width;
            let mut glyphs = Glyphs::new(&self.element.fonts, setting.weight, size);
            let x = self.element.start(glyphs.width(text));
            glyphs.draw(&mut canvas, text, x, setting.baseline, setting.ink);
        }
        canvas
    }
}

/// Draws what a countdown shows in the end, as large as it fits.
fn ended(
    typesetter: &mut Typesetter,
    ground: &Canvas,
    area: Area,
    setting: &Setting,
    done: &str,
) -> Option<Canvas> {
    let sizes: Vec<f32> = (0..8)
        .map(|step| setting.size * 0.86_f32.powi(step))
        .collect();
    let style = LineStyle {
        weight: Weight::Bold,
        leading: HEADLINE_LEADING,
        sizes: &sizes,
        lines_max: 2,
    };
    let width = real(area.width.saturating_sub(2 * setting.lean));
    let height = real(area.height);
    let block = typesetter.fit(done, style, width, height)?;
    let mut canvas = ground.clone();
    let x = match setting.align {
        Align::Left => real(setting.lean),
        Align::Right => real(area.width) - real(setting.lean) - block.width,
    };
    let y = if block.lines == 1 {
        (setting.baseline - block.ascent).min(height - block.height)
    } else {
        height - block.height
    };
    typesetter.draw(&mut canvas, &block, x, y.max(0.0), setting.ink);
    Some(canvas)
}

/// Clocks, dates and countdowns.
struct MomentFrameSource {
    style: ElementStyle,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    to_ms: Option<i64>,
    shown: Option<String>,
}

impl MomentFrameSource {
    /// What to show now; `None` where nothing is known.
    fn said(&self, now_ms: Option<i64>) -> Option<Said> {
        let now_ms = now_ms?;
        match &self.style.element.kind {
            LiveKind::Clock => moment::clock(now_ms, &self.zone),
            LiveKind::Date(language) => moment::date(now_ms, &self.zone, *language),
            LiveKind::Countdown { language, .. } => {
                Some(moment::countdown(now_ms, self.to_ms?, *language))
            }
            LiveKind::Counter { .. } => None,
        }
    }

    fn unknown(&self) -> &'static str {
        match self.style.element.kind {
            LiveKind::Countdown { .. } => UNKNOWN,
            _ => "",
        }
    }
}

impl FrameSource for MomentFrameSource {
    fn begin(&mut self) {
        self.shown = None;
    }

    fn advance(&mut self, at: Duration, due: &mut Vec<Patch>) -> Option<Duration> {
        let now_ms = self.clock.now().wall_ms;
        let said = self.said(now_ms);
        let text = said.as_ref().map_or(self.unknown(), |said| &said.text);
        if self.shown.as_deref() != Some(text) {
            let ended = said.is_some() && text.is_empty();
            let text = text.to_owned();
            let canvas = match &self.style.element.ended {
                Some(canvas) if ended => Canvas::clone(canvas),
                None if ended => self.style.draw("00:00:00"),
                _ => self.style.draw(&text),
            };
            due.push(self.style.element.patch(canvas));
            self.shown = Some(text);
        }
        // Clocks are set now and then, so even a long wait is cut into looks that usually change
        // nothing.
        let wait = match (said.and_then(|said| said.until_ms), now_ms) {
            (Some(until_ms), Some(now_ms)) => {
                let left_ms = u64::try_from(until_ms.saturating_sub(now_ms)).unwrap_or(0);
                Duration::from_millis(left_ms.max(1))
            }
            _ => LOOK_AGAIN,
        };
        Some(at + wait.min(LOOK_AGAIN))
    }
}
