//! A picture with its words and its code: the poster, where it fills the frame, and the page, where
//! it stands beside a panel with the headline.
//!
//! Invariants: all of a picture is shown unless little is lost by cropping; what moves is seen in
//! the picture's place only, beneath panels and words; no word stands on what moves without a
//! panel.

use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::{Colours, Rgb};

use crate::live::LiveElement;
use crate::page::backdrop::backdrop;
use crate::page::code_panel;
use crate::page::content::Content;
use crate::page::frame::Frame;
use crate::page::layout;
use crate::page::layout::CodeWords;
use crate::page::moving_layer::{Film, KenBurns, may_drift, stage_moving};
use crate::raster::canvas::{Area, Canvas, real};
use crate::raster::palette::{Theme, WHITE};
use crate::raster::scale;
use crate::raster::scale::Crop;
use crate::slide::{FrameSource, Moving};
use crate::text::Typesetter;
use crate::too_long;

/// Share of a side that a picture over the whole frame may lose.
const BLEED_LOSS_MAX: f64 = 0.15;
/// Share of a side that a picture beside a panel may lose.
const PANEL_LOSS_MAX: f64 = 0.35;

/// What a slide says beside its picture.
pub(crate) struct SlideWords<'a> {
    /// The line beside the picture; blank or none makes a poster.
    pub(crate) headline: Option<&'a str>,
    /// The code with its words.
    pub(crate) words: Option<&'a CodeWords<'a>>,
    /// The campaign's colours.
    pub(crate) colours: &'a Colours,
    /// How a still picture moves.
    pub(crate) ken_burns: Option<KenBurns>,
}

/// A slide before its code is drawn.
pub(crate) struct UnturnedSlide {
    /// The still layer, upright.
    pub(crate) canvas: Canvas,
    /// What moves beneath it; its area is turned for the output already.
    pub(crate) moving: Option<Moving>,
    /// What feeds it.
    pub(crate) frame_source: Option<Box<dyn FrameSource>>,
    /// What is redrawn on the still layer.
    pub(crate) live: Vec<LiveElement>,
    /// What people will not see of the words as it was written, and what to do.
    pub(crate) remarks: Vec<String>,
}

impl UnturnedSlide {
    /// Nothing of it moves.
    pub(crate) const fn still(canvas: Canvas) -> Self {
        Self {
            canvas,
            moving: None,
            frame_source: None,
            live: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

/// Composes a poster or, with a headline, a page.
pub(crate) fn draw(
    typesetter: &mut Typesetter,
    frame: &Frame,
    content: &mut dyn Content,
    script: &SlideWords<'_>,
) -> Result<UnturnedSlide, ComposeError> {
    let theme = Theme::choose(script.colours, &content.sample());
    match script.headline.filter(|line| !typesetter.is_blank(line)) {
        Some(line) => page(typesetter, frame, content, line, script, &theme),
        None => poster(typesetter, frame, content, script, &theme),
    }
}

/// The picture over the whole frame.
fn poster(
    typesetter: &mut Typesetter,
    frame: &Frame,
    content: &mut dyn Content,
    script: &SlideWords<'_>,
    theme: &Theme,
) -> Result<UnturnedSlide, ComposeError> {
    let mut upright = UnturnedSlide::still(Canvas::filled(frame.width, frame.height, theme.paper));
    let size = content.size();
    let area = upright.canvas.area();
    let crop = Crop::covering(size, (area.width, area.height));
    let (crop, shown) = if crop.loss(size) <= BLEED_LOSS_MAX {
        (crop, area)
    } else {
        if !content.stands_on_paper() {
            let rgb = backdrop(content, (area.width, area.height), theme.paper)?;
            upright.canvas.paste_rgb(area, &rgb);
        }
        (Crop::whole(size.0, size.1), scale::contained(size, area))
    };
    hang(&mut upright, frame, content, (crop, shown), script, theme)?;
    if let Some(words) = script.words {
        let remarks = &mut upright.remarks;
        code_panel::draw(
            &mut upright.canvas,
            typesetter,
            frame,
            words,
            theme,
            remarks,
        )
        .ok_or_else(|| too_long("call to action", words.call))?;
    }
    Ok(upright)
}

/// The picture beside a panel with the headline.
fn page(
    typesetter: &mut Typesetter,
    frame: &Frame,
    content: &mut dyn Content,
    headline: &str,
    script: &SlideWords<'_>,
    theme: &Theme,
) -> Result<UnturnedSlide, ComposeError> {
    let size = content.size();
    let bleeds = |room: Area| {
        let crop = Crop::covering(size, (room.width, room.height));
        crop.loss(size) <= PANEL_LOSS_MAX
    };
    let page = layout::page(typesetter, frame, headline, script.words, bleeds)
        .ok_or_else(|| too_long("headline", headline))?;
    let mut upright = UnturnedSlide::still(Canvas::filled(frame.width, frame.height, theme.paper));
    let room = page.picture;
    if room.width > 0 && room.height > 0 {
        let place = if bleeds(room) {
            (Crop::covering(size, (room.width, room.height)), room)
        } else {
            let shown = scale::contained(size, room.inset(frame.margin));
            (Crop::whole(size.0, size.1), shown)
        };
        hang(&mut upright, frame, content, place, script, theme)?;
    }
    if page.headline.block.size < frame.size(1) * 0.99 {
        upright.remarks.push(format!(
            "its headline {headline:?} is set smaller than people can read from where they stand; shorten it, or give it a larger zone"
        ));
    }
    if let Some(words) = script.words {
        let (call, host) = (page.call.as_ref(), page.host.as_ref());
        let (call, host) = (call.map(|call| &call.block), host.map(|host| &host.block));
        let remarks = layout::label_remarks(typesetter, frame, words, call, host);
        upright.remarks.extend(remarks);
    }
    let canvas = &mut upright.canvas;
    canvas.fill(page.panel, theme.paper);
    canvas.fill(page.rule, theme.accent);
    let mut write = |words: &layout::Words, ink: Rgb| {
        typesetter.draw(canvas, &words.block, words.x, words.y, ink);
    };
    write(&page.headline, theme.ink);
    if let Some(call) = &page.call {
        write(call, theme.accent);
    }
    if let Some(host) = &page.host {
        write(host, theme.quiet);
    }
    if let Some(words) = script.words {
        let radius = real(words.plan.module_px);
        canvas.fill_rounded(words.plan.code_square, radius, WHITE);
    }
    Ok(upright)
}

/// Puts the picture into its place: pasted when it rests, beneath a hole when it moves.
fn hang(
    upright: &mut UnturnedSlide,
    frame: &Frame,
    content: &mut dyn Content,
    (crop, shown): (Crop, Area),
    script: &SlideWords<'_>,
    theme: &Theme,
) -> Result<(), ComposeError> {
    let size = (shown.width, shown.height);
    let mut film = content.film(crop, size, theme.paper)?;
    if film.is_none()
        && let Some(ken_burns) = script.ken_burns
        && may_drift(shown, script.words.map(|words| words.plan.code_square))
    {
        let scaled = |size| content.scaled(crop, size, theme.paper);
        film = Some(ken_burns.film(size, scaled)?);
    }
    match film {
        Some(Film {
            picture,
            travel,
            frame_source,
        }) => {
            let moving = stage_moving(&mut upright.canvas, shown, frame, picture, travel);
            upright.moving = Some(moving);
            upright.frame_source = frame_source;
        }
        None => {
            let canvas = &mut upright.canvas;
            match content.ready(crop, size) {
                Some(rgb) => canvas.paste_rgb(shown, rgb),
                None => canvas.paste_rgb(shown, &content.scaled(crop, size, theme.paper)?),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
