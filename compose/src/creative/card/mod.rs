//! Cards: text creatives, laid out for a frame of any shape.
//!
//! Invariants: sizes come from the eight steps of the frame's scale; a card that does not fit at
//! them is refused with a reason that says what to shorten; nothing overlaps; the code square is
//! left free for the caller's code.

mod arrange;
mod divide;
pub(crate) mod file;
mod measure;
mod page;
mod paint;
mod place;
mod stack;
#[cfg(test)]
mod tests;
mod tile;

use std::time::Duration;

use passerby_playout::content::creative::CreativeFile;
use passerby_playout::messages::stage_messages::ComposeError;
use passerby_protocol::campaign::Colours;
use passerby_protocol::card::{BODY_DWELL_ADVISED, Card, colours_or};

use crate::creative::card::arrange::{Arrangement, arrange};
use crate::creative::card::measure::{Content, Measure, Tile, Value};
use crate::creative::card::page::LOSS_MAX;
use crate::creative::card::paint::paint;
use crate::creative::picture_file;
use crate::live::{LiveKind, LiveLanguage};
use crate::page::frame::Frame;
use crate::raster::bitmap::Bitmap;
use crate::raster::canvas::{Area, Canvas};
use crate::raster::palette::{Sample, Theme};
use crate::raster::scale;
use crate::raster::scale::Crop;
use crate::text::Typesetter;

pub(crate) use crate::creative::card::page::{CardContext, CardPage, Pictures};

/// Tells whether a card leaves before anybody has read a body. Then it airs without one where there
/// is no room for it, rather than not at all.
pub(crate) fn is_brief(dwell: Option<Duration>) -> bool {
    dwell.is_some_and(|dwell| dwell < BODY_DWELL_ADVISED)
}

/// Reads a card's file and its pictures, and draws it.
///
/// # Errors
/// A reason that names the file and what to do.
pub(crate) fn open(
    typesetter: &mut Typesetter,
    file: &CreativeFile,
    card_context: &CardContext<'_>,
) -> Result<CardPage, ComposeError> {
    let drawn_px = card_context.frame.width.max(card_context.frame.height);
    let (card, pictures) = read(typesetter, file, drawn_px)?;
    draw(typesetter, &card, &pictures, card_context)
        .map_err(|error| ComposeError::new(format!("{}: {error}", file.name)))
}

/// The same for a page where nothing moves: without what tells the time or counts, which would only
/// look alive there.
///
/// # Errors
/// A reason that names the file and what to do.
pub(crate) fn open_still(
    typesetter: &mut Typesetter,
    file: &CreativeFile,
    frame: &Frame,
    colours: &Colours,
) -> Result<Canvas, ComposeError> {
    let (mut card, pictures) = read(typesetter, file, frame.width.max(frame.height))?;
    card.clock = false;
    card.date = false;
    card.countdown = None;
    card.counter = None;
    let card_context = CardContext {
        frame,
        code: None,
        colours,
        dwell: None,
    };
    draw(typesetter, &card, &pictures, &card_context)
        .map(|page| page.canvas)
        .map_err(|error| ComposeError::new(format!("{}: {error}", file.name)))
}

/// Reads a card's file and its pictures; drawings among them get `drawn_px` pixels on the longer
/// side.
fn read(
    typesetter: &Typesetter,
    file: &CreativeFile,
    drawn_px: u32,
) -> Result<(Card, Pictures), ComposeError> {
    let text = file::read(file)?;
    let card = Card::parse(&file.name, &text).map_err(|problems| file::refused(&problems))?;
    let part = |name: &Option<String>| -> Result<Option<Bitmap>, ComposeError> {
        let Some(name) = name else {
            return Ok(None);
        };
        let part = file.part(name).ok_or_else(|| {
            let what = "is not beside the card; put the file into the same folder";
            ComposeError::new(format!("{}: {name} {what}", file.name))
        })?;
        let fonts = typesetter.fonts().of_drawings();
        picture_file::open(part, fonts, drawn_px)
            .map(Some)
            .map_err(|error| ComposeError::new(format!("{}: {error}", file.name)))
    };
    let pictures = Pictures {
        picture: part(&card.picture)?,
        logo: part(&card.logo)?,
    };
    Ok((card, pictures))
}

/// Draws a card.
///
/// # Errors
/// Says which of its texts is too long or has a letter that no font has.
pub(crate) fn draw(
    typesetter: &mut Typesetter,
    card: &Card,
    pictures: &Pictures,
    card_context: &CardContext<'_>,
) -> Result<CardPage, ComposeError> {
    check_letters(typesetter, card)?;
    let mut content = content_of(card, pictures);
    let planned = plan(typesetter, card, &content, pictures, card_context);
    let (arrangement, remark) = match planned {
        Ok(arrangement) => (arrangement, None),
        Err(reason) if content.body.is_some() && is_brief(card_context.dwell) => {
            content.body = None;
            let arrangement = plan(typesetter, card, &content, pictures, card_context)?;
            let seconds = card_context.dwell.unwrap_or_default().as_secs_f64();
            let remark = format!(
                "{reason} (it airs without its body, as it is only on the screen for {seconds} s)"
            );
            (arrangement, Some(remark))
        }
        Err(reason) => return Err(reason),
    };
    let colours = colours_or(&card.colours, card_context.colours);
    let sample = pictures.picture.as_ref().map(scale::sample);
    let logo = pictures.logo.as_ref().and_then(scale::art);
    let sample = sample.unwrap_or_else(|| Sample::of(&[])).with_art(logo);
    let theme = Theme::choose(&colours, &sample);
    let mut page = paint(
        typesetter,
        &content,
        pictures,
        card_context,
        &theme,
        &arrangement,
    )?;
    page.remarks.extend(remark);
    Ok(page)
}

fn plan(
    typesetter: &mut Typesetter,
    card: &Card,
    content: &Content,
    pictures: &Pictures,
    card_context: &CardContext<'_>,
) -> Result<Arrangement, ComposeError> {
    let size = pictures.picture.as_ref().map(|p| (p.width, p.height));
    let bleeds = |room: Area| {
        size.is_none_or(|size| {
            Crop::covering(size, (room.width, room.height)).loss(size) <= LOSS_MAX
        })
    };
    let mut measure = Measure::new(typesetter, card_context.frame, content);
    let try_with = |measure: &mut Measure<'_>| {
        arrange(
            measure,
            card.layout,
            size.is_some(),
            card_context.code,
            bleeds,
        )
    };
    if let Some(made) = try_with(&mut measure) {
        return Ok(made);
    }
    // What would have to go for the rest to fit is what the operator is told to shorten.
    let without_body = Content {
        body: None,
        ..content.clone()
    };
    let bare = Content {
        tiles: Vec::new(),
        status: Vec::new(),
        logo: None,
        ..without_body.clone()
    };
    let what = if content.body.is_some() && try_with(&mut measure.with(&without_body)).is_some() {
        "its body does not fit on this screen at a size that can be read; shorten it, or leave it out"
            .to_owned()
    } else if try_with(&mut measure.with(&bare)).is_some() {
        "it shows more than fits on this screen at a size that can be read; leave out its clock, date, countdown, counter, price or logo"
            .to_owned()
    } else {
        let call = card_context.code.map_or("", |code| code.call);
        let also = if call.is_empty() {
            String::new()
        } else {
            format!(" and its call to action {call:?}")
        };
        format!(
            "its headline {:?}{also} do not fit on this screen at a size that can be read; shorten them",
            card.headline
        )
    };
    Err(ComposeError::new(what))
}

fn content_of(card: &Card, pictures: &Pictures) -> Content {
    let language = LiveLanguage::of(&card.headline);
    let mut tiles = Vec::new();
    if let Some(price) = &card.price {
        tiles.push(Tile {
            label: None,
            value: Value::Price(price.clone(), card.was.clone()),
        });
    }
    if let Some(countdown) = &card.countdown {
        let kind = LiveKind::Countdown {
            to: countdown.to,
            done: countdown.done.clone(),
            language,
        };
        tiles.push(Tile {
            label: countdown.label.clone(),
            value: Value::Live(kind, None),
        });
    }
    if let Some(counter) = &card.counter {
        let kind = LiveKind::Counter {
            name: counter.name.clone(),
            unit: counter.unit.clone(),
        };
        tiles.push(Tile {
            label: counter.label.clone(),
            value: Value::Live(kind, None),
        });
    }
    // Beside a price or a number the time is a small thing; alone it is what the card is about.
    let mut status = Vec::new();
    match (card.clock, card.date, tiles.is_empty()) {
        (true, date, true) => tiles.push(Tile {
            label: None,
            value: Value::Live(LiveKind::Clock, date.then_some(LiveKind::Date(language))),
        }),
        (clock, date, _) => {
            status.extend(clock.then_some(LiveKind::Clock));
            status.extend(date.then_some(LiveKind::Date(language)));
        }
    }
    Content {
        headline: card.headline.clone(),
        body: card.body.clone(),
        tiles,
        status,
        logo: pictures.logo.as_ref().map(|logo| (logo.width, logo.height)),
    }
}

/// Refuses texts with letters that no font has; signs and emoji are left out instead.
fn check_letters(typesetter: &Typesetter, card: &Card) -> Result<(), ComposeError> {
    for (key, text) in card.texts() {
        let missing = typesetter.fonts().missing_glyphs(text);
        if let Some(letter) = missing.into_iter().find(|c| c.is_alphanumeric()) {
            return Err(ComposeError::new(format!(
                "{key} has {letter} (U+{:04X}), which no font here has; write it without, or put a font that has it into the font folder",
                u32::from(letter)
            )));
        }
    }
    if typesetter.is_blank(&card.headline) {
        let what = "its headline has nothing that the fonts can draw; write it in letters";
        return Err(ComposeError::new(what.to_owned()));
    }
    Ok(())
}
