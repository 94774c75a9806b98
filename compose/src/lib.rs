//! Composes slides: one picture, one line, one code.
//!
//! A slide is made in the upright frame and turned at the end. What the order's creative is decides who draws it:
//! pictures and drawings become a poster or a page, and the built-in house creative is drawn from nothing. The code is
//! added and proved last, the same for all.
//!
//! Invariants: a slide has exactly the size of the output and is opaque, but for the hole over what moves; every code on it was read back from its
//! final pixels; bad content costs an error with a reason, never a panic; the house creative never fails.

mod animation;
mod cache;
mod canvas;
mod code_card;
mod drawing;
mod fit;
mod house;
mod layout;
mod moving;
mod palette;
mod picture;
mod plate;
mod poster;
pub mod settings;
pub mod slide;
mod text;
pub mod video;
pub mod web_page;

use std::sync::Arc;

use passerby_playout::code::QrMatrix;
use passerby_playout::show::{
    CodeOrder, ComposeError, Composed, Composer, Creative, CreativeFile, Geometry, Health,
    SlideOrder,
};
use passerby_protocol::campaign::{Colours, CreativeKind, Motion};

use cache::{Cache, Weigh};
use canvas::Canvas;
use code_card::CodePlan;
use drawing::Fonts;
use layout::{CodeWords, Frame};
use moving::KenBurns;
use poster::{Script, Upright};
use settings::Settings;
use slide::{Caption, Moving, MovingPicture, Reel, Slide};
use text::Typesetter;

pub use animation::{
    ANIMATION_PIXELS_MAX, FRAME_PIXELS_MAX, FRAME_SIDE_PX_MAX, FRAMES_MAX, KEPT_BYTES_MAX,
};
pub use drawing::{EMBEDDED_PIXELS_MAX, SVG_BYTES_MAX};
pub use moving::ken_burns_note;
pub use picture::{
    Inspection, PIXELS_MAX, PROGRESSIVE_PIXELS_MAX, SIDE_PX_MAX, inspect, inspect_picture,
};
pub use text::missing_glyphs;

/// The composer of the terminal. It keeps the last frames without their codes, so that a repeat only costs its code.
pub struct SlideComposer {
    #[expect(
        dead_code,
        reason = "clocks, fonts and sound come with the creatives that use them"
    )]
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
    ken_burns: Option<KenBurns>,
    screen: Geometry,
}

/// A finished frame but for the code, turned for the output.
#[derive(Clone)]
struct Base {
    canvas: Canvas,
    moving: Option<Moving>,
}

impl Weigh for Base {
    fn bytes(&self) -> usize {
        let moving = self
            .moving
            .as_ref()
            .map_or(0, |moving| match &moving.picture {
                MovingPicture::Rgba { pixels, .. } | MovingPicture::Strip { pixels, .. } => {
                    pixels.len()
                }
                MovingPicture::Nv12 { luma, chroma, .. } => luma.len() + chroma.len(),
            });
        self.canvas.rgba.len() + moving
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
        Self {
            settings,
            typesetter: Typesetter::new(),
            frames: Cache::new(),
        }
    }

    /// Draws a frame but for its code, or finds it in the cache. What a reel feeds is made anew for each slide.
    fn base(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
        frame: &Frame,
        code: Option<(&CodeOrder, &CodePlan)>,
        health: &Health,
    ) -> Result<(Base, Option<Box<dyn Reel>>), ComposeError> {
        let key = FrameKey {
            creative: order.creative.clone(),
            headline: order.headline.clone(),
            code: code.map(|(code, plan)| (code.call.clone(), code.leads_to.clone(), *plan)),
            colours: order.colours,
            ken_burns: ken_burns(order),
            screen: screen.clone(),
        };
        if let Some(base) = self.frames.get(&key) {
            return Ok(((*base).clone(), None));
        }
        let words = code.map(|(code, plan)| CodeWords {
            plan,
            corner: code.corner,
            call: &code.call,
            leads_to: &code.leads_to,
        });
        let upright = match &order.creative {
            Creative::House | Creative::Notice { .. } => Upright::still(house::draw(
                &mut self.typesetter,
                frame,
                order.headline.as_deref(),
                words.as_ref(),
            )),
            Creative::File(file) => match file.kind {
                CreativeKind::Picture | CreativeKind::Drawing => {
                    self.picture(file, order, frame, words.as_ref(), health)?
                }
                kind => {
                    return Err(ComposeError(format!(
                        "{}: this version shows no {}; take it out",
                        file.name,
                        kind.word()
                    )));
                }
            },
        };
        let base = Base {
            canvas: upright.canvas.rotated(frame.rotation),
            moving: upright.moving,
        };
        if upright.reel.is_none() {
            self.frames.put(key, Arc::new(base.clone()));
        }
        Ok((base, upright.reel))
    }

    /// A poster or a page of a picture or a drawing.
    fn picture(
        &mut self,
        file: &CreativeFile,
        order: &SlideOrder,
        frame: &Frame,
        words: Option<&CodeWords<'_>>,
        health: &Health,
    ) -> Result<Upright, ComposeError> {
        let mut content = picture::load(file, Fonts::bundled(), health)?;
        check_letters(order)?;
        let script = Script {
            headline: order.headline.as_deref(),
            words,
            colours: &order.colours,
            ken_burns: ken_burns(order),
        };
        poster::draw(&mut self.typesetter, frame, content.as_mut(), &script)
    }

    fn slide(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
        code: Option<&CodeOrder>,
        health: &Health,
    ) -> Result<Slide, ComposeError> {
        let frame = Frame::of(screen)?;
        let planned = code
            .map(|code| {
                let matrix =
                    QrMatrix::encode(&code.url).map_err(|error| ComposeError(error.to_string()))?;
                let plan = code_card::plan(&matrix, code.corner, &frame, screen)?;
                Ok((code, matrix, plan))
            })
            .transpose()?;
        let (Base { mut canvas, moving }, reel) = self.base(
            order,
            screen,
            &frame,
            planned.as_ref().map(|(code, _, plan)| (*code, plan)),
            health,
        )?;
        if let Some((code, matrix, plan)) = &planned {
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
            .map(|(_, _, plan)| plan.card.rotated(frame.width, frame.height, frame.rotation));
        slide.moving = moving;
        slide.reel = reel;
        Ok(slide)
    }
}

impl Composer for SlideComposer {
    type Slide = Slide;

    fn compose(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
    ) -> Result<Composed<Slide>, ComposeError> {
        let health = Health::default();
        let slide = self.slide(order, screen, order.code.as_ref(), &health);
        match (&order.creative, slide) {
            // The house is what airs when nothing else can: better without its code than not at all.
            (Creative::House, Err(reason)) if order.code.is_some() => {
                tracing::warn!(%reason, "the built-in screen airs without its code");
                self.slide(order, screen, None, &health)
            }
            (_, slide) => slide,
        }
        .map(|slide| Composed { slide, health })
    }
}

/// The slow zoom that an order asks for; every other creative comes closer, the rest draw back.
fn ken_burns(order: &SlideOrder) -> Option<KenBurns> {
    let Creative::File(file) = &order.creative else {
        return None;
    };
    let over = order.dwell.filter(|dwell| !dwell.is_zero())?;
    (order.motion == Motion::KenBurns).then(|| KenBurns {
        over,
        closer: file.digest.to_string().bytes().map(u32::from).sum::<u32>() % 2 == 0,
    })
}

/// Refuses lines with letters that the bundled fonts lack; signs and emoji are left out of the line instead.
fn check_letters(order: &SlideOrder) -> Result<(), ComposeError> {
    let call = order.code.as_ref().map(|code| code.call.as_str());
    let lines = [
        ("headline", order.headline.as_deref()),
        ("call to action", call),
    ];
    for (what, line) in lines {
        let line = line.unwrap_or_default();
        let letter = missing_glyphs(line)
            .into_iter()
            .find(|character| character.is_alphanumeric());
        if let Some(letter) = letter {
            return Err(ComposeError(format!(
                "the {what} {line:?} has {letter} (U+{:04X}), which the built-in fonts lack; write it without",
                u32::from(letter)
            )));
        }
    }
    Ok(())
}

fn too_long(what: &str, line: &str) -> ComposeError {
    ComposeError(format!(
        "the {what} {line:?} does not fit on this screen; shorten it"
    ))
}

#[cfg(test)]
mod tests;
