//! Composes slides: one picture, one line, one code.
//!
//! A slide is made in the upright frame and turned at the end. There are two pages: the picture alone over the whole
//! frame, and the picture with a panel that carries the headline. The built-in house creative is a third, drawn from
//! nothing.
//!
//! Invariants: a slide has exactly the size of the output and is opaque; every code on it was read back from its
//! final pixels; bad content costs an error with a reason, never a panic; the house creative never fails.

mod cache;
mod canvas;
mod card;
mod code_card;
mod fit;
mod fonts;
mod house;
mod layout;
mod live;
mod notice;
mod palette;
mod picture;
mod plate;
pub mod settings;
pub mod slide;
mod text;
mod ticker;

use std::sync::Arc;

use passerby_playout::code::QrMatrix;
use passerby_playout::show::{
    CodeOrder, ComposeError, Composed, Composer, Creative, Geometry, SlideOrder,
};
use passerby_protocol::campaign::{Colours, Corner, Rgb};
use passerby_protocol::creative::CreativeKind;

use cache::{Cache, Weigh};
use canvas::Canvas;
use code_card::CodePlan;
use fit::Crop;
use layout::{CodeWords, Frame};
use live::{LiveSpot, Reels};
use palette::{Sample, Theme, WHITE};
use picture::Bitmap;
use settings::Settings;
use slide::{Caption, Moving, MovingPicture, Slide};
use text::Typesetter;

pub use fonts::{Fonts, missing_glyphs, missing_glyphs_with};
pub use picture::{PIXELS_MAX, SIDE_PX_MAX, inspect_picture};

/// Share of a side that a picture over the whole frame may lose.
const BLEED_LOSS_MAX: f64 = 0.15;
/// Share of a side that a picture beside a panel may lose.
const PANEL_LOSS_MAX: f64 = 0.35;

/// The composer of the terminal. It keeps the last frames without their codes, so that a repeat only costs its code.
pub struct SlideComposer {
    settings: Settings,
    typesetter: Typesetter,
    frames: Cache<FrameKey, Base>,
}

/// What a frame without its code depends on.
#[derive(Debug, Clone, PartialEq)]
struct FrameKey {
    creative: Creative,
    headline: Option<String>,
    /// Call, host and the card's plan.
    code: Option<(String, String, CodePlan)>,
    colours: Colours,
    screen: Geometry,
}

/// A finished frame but for the code, turned for the output.
struct Base {
    canvas: Canvas,
    live: Vec<LiveSpot>,
    moving: Option<Moving>,
}

impl From<Canvas> for Base {
    fn from(canvas: Canvas) -> Self {
        Self {
            canvas,
            live: Vec::new(),
            moving: None,
        }
    }
}

impl Weigh for Base {
    fn bytes(&self) -> usize {
        let live: usize = self.live.iter().map(LiveSpot::bytes).sum();
        let strip = match &self.moving {
            Some(Moving {
                picture: MovingPicture::Strip { pixels, .. },
                ..
            }) => pixels.len(),
            _ => 0,
        };
        self.canvas.rgba.len() + live + strip
    }
}

impl Default for SlideComposer {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl SlideComposer {
    /// Makes a composer with an empty cache.
    pub fn new(settings: Settings) -> Self {
        let (fonts, problems) = Fonts::load(&settings.fonts);
        for problem in problems {
            tracing::warn!("{problem}");
        }
        Self {
            settings,
            typesetter: Typesetter::with_fonts(fonts),
            frames: Cache::new(),
        }
    }

    fn base(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
        frame: &Frame,
        code: Option<(&CodeOrder, Corner, &CodePlan)>,
    ) -> Result<Arc<Base>, ComposeError> {
        let key = FrameKey {
            creative: order.creative.clone(),
            headline: order.headline.clone(),
            code: code.map(|(code, _, plan)| (code.call.clone(), code.leads_to.clone(), *plan)),
            colours: order.colours,
            screen: screen.clone(),
        };
        if let Some(base) = self.frames.get(&key) {
            return Ok(base);
        }
        let words = code.map(|(code, corner, plan)| CodeWords {
            plan,
            corner,
            call: &code.call,
            leads_to: &code.leads_to,
        });
        let occasion = card::Occasion {
            frame,
            code: words.as_ref(),
            colours: &order.colours,
            dwell: order.dwell,
        };
        let mut base = match &order.creative {
            Creative::House => house::draw(
                &mut self.typesetter,
                frame,
                order.headline.as_deref(),
                words.as_ref(),
            )
            .into(),
            Creative::Notice { headline, body } => {
                notice::draw(&mut self.typesetter, frame, headline, body).into()
            }
            Creative::File(file) if file.kind == CreativeKind::Card => {
                self.check_letters(None, words.as_ref())?;
                let page = card::open(&mut self.typesetter, file, &occasion)?;
                Base {
                    canvas: page.canvas,
                    live: page.live,
                    moving: None,
                }
            }
            Creative::File(file) if file.kind == CreativeKind::Ticker => {
                self.check_letters(None, words.as_ref())?;
                let page = ticker::open(&mut self.typesetter, file, &occasion)?;
                Base {
                    canvas: page.canvas,
                    live: Vec::new(),
                    moving: Some(page.moving),
                }
            }
            Creative::File(file) => {
                let bitmap = picture::open(&file.path, Some(&file.digest))?;
                let theme = Theme::choose(&order.colours, &Sample::of(&fit::samples(&bitmap)));
                self.check_letters(order.headline.as_deref(), words.as_ref())?;
                match order
                    .headline
                    .as_deref()
                    .filter(|line| !self.typesetter.is_blank(line))
                {
                    Some(line) => self.page(frame, &bitmap, line, words.as_ref(), &theme)?,
                    None => self.poster(frame, &bitmap, words.as_ref(), &theme)?,
                }
                .into()
            }
        };
        base.canvas = base.canvas.rotated(frame.rotation);
        let base = Arc::new(base);
        self.frames.put(key, Arc::clone(&base));
        Ok(base)
    }

    /// The picture over the whole frame.
    fn poster(
        &mut self,
        frame: &Frame,
        bitmap: &Bitmap,
        words: Option<&CodeWords<'_>>,
        theme: &Theme,
    ) -> Result<Canvas, ComposeError> {
        let mut canvas = Canvas::filled(frame.width, frame.height, theme.paper);
        let size = (bitmap.width, bitmap.height);
        let area = canvas.area();
        let crop = Crop::covering(size, (area.width, area.height));
        if crop.loss(size) <= BLEED_LOSS_MAX {
            let rgb = fit::scaled(bitmap, crop, (area.width, area.height), theme.paper)?;
            canvas.paste_rgb(area, &rgb);
        } else {
            let rgb = fit::backdrop(bitmap, (area.width, area.height), theme.paper)?;
            canvas.paste_rgb(area, &rgb);
            let shown = fit::contained(size, area);
            let whole = Crop::whole(size.0, size.1);
            let rgb = fit::scaled(bitmap, whole, (shown.width, shown.height), theme.paper)?;
            canvas.paste_rgb(shown, &rgb);
        }
        if let Some(words) = words {
            plate::draw(&mut canvas, &mut self.typesetter, frame, words, theme)
                .ok_or_else(|| too_long("call to action", words.call))?;
        }
        Ok(canvas)
    }

    /// The picture beside a panel with the headline.
    fn page(
        &mut self,
        frame: &Frame,
        bitmap: &Bitmap,
        headline: &str,
        words: Option<&CodeWords<'_>>,
        theme: &Theme,
    ) -> Result<Canvas, ComposeError> {
        let size = (bitmap.width, bitmap.height);
        let bleeds = |room: canvas::Area| {
            let crop = Crop::covering(size, (room.width, room.height));
            crop.loss(size) <= PANEL_LOSS_MAX
        };
        let page = layout::page(&mut self.typesetter, frame, headline, words, bleeds)
            .ok_or_else(|| too_long("headline", headline))?;
        let mut canvas = Canvas::filled(frame.width, frame.height, theme.paper);
        let room = page.picture;
        if room.width > 0 && room.height > 0 {
            let (crop, shown) = if bleeds(room) {
                (Crop::covering(size, (room.width, room.height)), room)
            } else {
                let shown = fit::contained(size, room.inset(frame.margin));
                (Crop::whole(size.0, size.1), shown)
            };
            let rgb = fit::scaled(bitmap, crop, (shown.width, shown.height), theme.paper)?;
            canvas.paste_rgb(shown, &rgb);
        }
        canvas.fill(page.panel, theme.paper);
        canvas.fill(page.rule, theme.accent);
        let mut draw = |words: &layout::Words, ink: Rgb| {
            self.typesetter
                .draw(&mut canvas, &words.block, words.x, words.y, ink);
        };
        draw(&page.headline, theme.ink);
        if let Some(call) = &page.call {
            draw(call, theme.accent);
        }
        if let Some(host) = &page.host {
            draw(host, theme.quiet);
        }
        if let Some(words) = words {
            let radius = canvas::real(words.plan.module_px);
            canvas.fill_rounded(words.plan.card, radius, WHITE);
        }
        Ok(canvas)
    }

    fn slide(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
        code: Option<&CodeOrder>,
    ) -> Result<Slide, ComposeError> {
        let frame = Frame::of(screen)?;
        let planned = code
            .map(|code| {
                let matrix =
                    QrMatrix::encode(&code.url).map_err(|error| ComposeError(error.to_string()))?;
                let (corner, plan) = layout::plan_code(&matrix, code.corner, &frame, screen)?;
                Ok((code, matrix, corner, plan))
            })
            .transpose()?;
        let base = self.base(
            order,
            screen,
            &frame,
            planned
                .as_ref()
                .map(|(code, _, corner, plan)| (*code, *corner, plan)),
        )?;
        let mut canvas = base.canvas.clone();
        if let Some((code, matrix, _, plan)) = &planned {
            code_card::draw(&mut canvas, matrix, plan, &frame);
            code_card::prove(&canvas, plan, &frame, &code.url)?;
        }
        let caption = Caption {
            campaign: order.campaign.clone(),
            creative: match &order.creative {
                Creative::File(file) => file.digest.to_string(),
                Creative::House => "house".to_owned(),
                Creative::Notice { .. } => "notice".to_owned(),
            },
            play: order.play.map(passerby_protocol::PlayNumber::get),
            url: code.map(|code| code.url.clone()),
        };
        let mut slide = Slide::still(canvas.width, canvas.height, canvas.rgba, caption);
        slide.card = planned
            .map(|(_, _, _, plan)| plan.card.rotated(frame.width, frame.height, frame.rotation));
        slide.moving.clone_from(&base.moving);
        slide.reel = Reels::joined(
            base.live
                .iter()
                .map(|spot| spot.reel(&self.settings))
                .collect(),
        );
        Ok(slide)
    }

    /// Refuses lines with letters that no font has; signs and emoji are left out of the line instead.
    fn check_letters(
        &self,
        headline: Option<&str>,
        words: Option<&CodeWords<'_>>,
    ) -> Result<(), ComposeError> {
        let lines = [
            ("headline", headline),
            ("call to action", words.map(|words| words.call)),
        ];
        for (what, line) in lines {
            let line = line.unwrap_or_default();
            let missing = self.typesetter.fonts().missing_glyphs(line);
            if let Some(letter) = missing.into_iter().find(|c| c.is_alphanumeric()) {
                return Err(ComposeError(format!(
                    "the {what} {line:?} has {letter} (U+{:04X}), which the fonts lack; write it without, or put a font that has it into the font folder",
                    u32::from(letter)
                )));
            }
        }
        Ok(())
    }
}

impl Composer for SlideComposer {
    type Slide = Slide;

    fn compose(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
    ) -> Result<Composed<Slide>, ComposeError> {
        let slide = self.slide(order, screen, order.code.as_ref());
        match (&order.creative, slide) {
            // The house is what airs when nothing else can: better without its code than not at all.
            (Creative::House, Err(reason)) if order.code.is_some() => {
                tracing::warn!(%reason, "the built-in screen airs without its code");
                self.slide(order, screen, None)
            }
            (_, slide) => slide,
        }
        .map(Composed::from)
    }
}

fn too_long(what: &str, line: &str) -> ComposeError {
    ComposeError(format!(
        "the {what} {line:?} does not fit on this screen; shorten it"
    ))
}

#[cfg(test)]
mod tests;
