//! The composer as a whole, on real files.

mod codes;
mod refusals;
mod room;

use std::path::{Path, PathBuf};

use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::code::qr::QrMatrix;
use passerby_playout::content::creative::{Creative, CreativeFile};
use passerby_playout::messages::stage_messages::{ComposeError, Composer, SlideOrder, Ticket};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, Corner, CreativeKind, Motion};

use crate::page::code_square;
use crate::page::code_square::CodePlan;
use crate::page::frame::Frame;
use crate::page::layout::CodeWords;
use crate::raster::canvas;
use crate::raster::canvas::Canvas;
use crate::slide::Slide;
use crate::{Fonts, SlideComposer, inspect};

/// What every code of these tests says.
pub(crate) const URL: &str = "HTTPS://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const CORNERS: [Corner; 4] = [
    Corner::TopLeft,
    Corner::TopRight,
    Corner::BottomLeft,
    Corner::BottomRight,
];

fn screen(width_px: u32, height_px: u32, rotation: u16) -> Geometry {
    Geometry {
        width_px,
        height_px,
        rotation,
        ..Geometry::whole(width_px, height_px)
    }
}

pub(crate) fn code(corner: Corner) -> CodeOrder {
    CodeOrder {
        url: URL.into(),
        call: "扫码购书 Scan to buy".into(),
        leads_to: "hub.example".into(),
        corner,
    }
}

pub(crate) fn order(
    creative: Creative,
    headline: Option<&str>,
    code: Option<CodeOrder>,
) -> SlideOrder {
    SlideOrder {
        play: None,
        ticket: Ticket(1),
        zone: Zone::MAIN,
        creative,
        motion: Motion::Still,
        sound: false,
        dwell: None,
        campaign: "Test".into(),
        headline: headline.map(str::to_owned),
        code,
        colours: Colours::default(),
    }
}

/// Where the code stands that is wanted in a corner, if one is.
pub(crate) fn planned(
    frame: &Frame,
    screen: &Geometry,
    corner: Option<Corner>,
) -> Result<Option<(Corner, CodePlan)>, ComposeError> {
    let matrix = QrMatrix::encode(URL).expect("fits");
    corner
        .map(|corner| code_square::plan_code(matrix.modules(), corner, frame, screen, None))
        .transpose()
}

/// What is written beside a planned code.
pub(crate) fn words<'a>(
    plan: Option<&'a (Corner, CodePlan)>,
    call: &'a str,
) -> Option<CodeWords<'a>> {
    plan.map(|(corner, plan)| CodeWords {
        plan,
        corner: *corner,
        call,
        leads_to: "hub.example",
    })
}

/// A file as a creative of the kind that its name tells.
pub(crate) fn file(path: &Path) -> Creative {
    let name = path.file_name().expect("a name").to_string_lossy();
    Creative::File(CreativeFile {
        kind: CreativeKind::of_name(&name).unwrap_or(CreativeKind::Picture),
        name: name.into_owned(),
        path: path.to_owned(),
        digest: Digest::of(&std::fs::read(path).unwrap_or_default()),
        parts: [].into(),
    })
}

/// Writes a picture with soft colours and sharp edges.
fn photo(folder: &Path, name: &str, width: u32, height: u32) -> PathBuf {
    let path = folder.join(name);
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        let wave = u8::try_from((x * 255 / width + y * 40 / height) % 256).expect("a byte");
        let stripe = if (x / 37 + y / 53) % 2 == 0 { 40 } else { 200 };
        image::Rgb([wave, stripe, 255 - wave])
    });
    picture.save(&path).expect("writes a picture");
    path
}

/// Reads every code in a frame with the independent reader.
fn codes(slide: &Slide) -> Vec<String> {
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(
        slide.width_px as usize,
        slide.height_px as usize,
        |x, y| slide.rgba[(y * slide.width_px as usize + x) * 4 + 1],
    );
    let grids = picture.detect_grids();
    grids
        .iter()
        .filter_map(|grid| grid.decode().ok())
        .map(|(_, text)| text)
        .collect()
}
