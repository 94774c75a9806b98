//! Postcards from a street: what somebody saw on a screen, where and when, with their own sentence,
//! and a code by which a friend gets there. Whoever opens the link draws nothing; the picture is
//! passed on as a file.
//!
//! Invariants: a postcard has a fixed size and is opaque; its code is a square of whole pixels in
//! pure black and white, and was read back from the finished pixels; the longest sentence fits;
//! where no font has the letters of a sentence or a name, no empty place is left for it.

use passerby_playout::code::qr::{QUIET_MODULES, QrMatrix};
use passerby_protocol::campaign::{Colours, Rgb};

use crate::raster::bitmap::{Bitmap, Pixels};
use crate::raster::canvas::{Area, Canvas, real};
use crate::raster::palette::{Sample, Theme};
use crate::raster::scale::{self, Crop, contained};
use crate::text::fonts::{Fonts, needs_no_ink};
use crate::text::{HEADLINE_LEADING, LineStyle, SMALL_LEADING, Typesetter, Weight};
use crate::verify::{Reader, ReaderInput, View};

/// Pixels across.
pub const WIDTH_PX: u32 = 1_080;
/// Pixels down.
pub const HEIGHT_PX: u32 = 1_440;
/// Five percent of the short side.
const MARGIN_PX: u32 = 54;
/// What the picture has at most, from the top margin down.
const PICTURE_HEIGHT_PX: u32 = 800;
/// Most pixels that a code takes on a side, with its quiet zone.
const CODE_SIDE_PX: u32 = 300;
/// Sizes of the sentence, best first.
const SENTENCE_SIZES: [f32; 7] = [76.0, 66.0, 58.0, 50.0, 44.0, 38.0, 34.0];
/// Size of all other text.
const TEXT_SIZE: f32 = 34.0;
/// Size of small print.
const SMALL_SIZE: f32 = 28.0;
/// Space between two things.
const GAP_PX: f32 = 28.0;

/// What stands on a postcard.
#[derive(Debug, Clone, Copy)]
pub struct Postcard<'a> {
    /// The small picture of what was on the screen: pixels across, and three bytes a pixel.
    pub picture: Option<(u32, &'a [u8])>,
    /// The large line: the sentence of whoever passes it on, else what it is called.
    pub sentence: &'a str,
    /// What stands in the sentence's place where no font has its letters.
    pub title: &'a str,
    /// Who passes it on; empty where they did not say.
    pub name: &'a str,
    /// Where and when.
    pub seen: &'a str,
    /// What to do with the code.
    pub call: &'a str,
    /// Where the code leads, for eyes.
    pub host: &'a str,
    /// What the code holds.
    pub link: &'a str,
    /// The campaign's colours.
    pub colours: Colours,
}

/// Draws postcards; it keeps scratch space, so one serves a process for its whole life.
pub struct PostcardPainter {
    typesetter: Typesetter,
}

impl PostcardPainter {
    /// Draws text with these fonts.
    pub fn new(fonts: Fonts) -> Self {
        Self {
            typesetter: Typesetter::with_fonts(fonts),
        }
    }

    /// Draws one: three bytes a pixel, rows from the top.
    ///
    /// # Errors
    /// Why there is none: the link has no code, or the finished code would not scan.
    pub fn draw(&mut self, card: &Postcard<'_>) -> Result<Vec<u8>, String> {
        let card = &self.legible(card);
        let picture = card.picture.and_then(|(width, rgb)| bitmap(width, rgb));
        let sample = picture
            .as_ref()
            .map_or_else(|| Sample::of(&[]), scale::sample);
        let theme = Theme::choose(&card.colours, &sample);
        let mut canvas = Canvas::filled(WIDTH_PX, HEIGHT_PX, theme.paper);
        let top = match &picture {
            Some(picture) => Self::picture(&mut canvas, picture, theme.paper)?,
            None => real(MARGIN_PX) * 3.0,
        };
        let code = Self::code(&mut canvas, card.link)?;
        self.words(&mut canvas, card, &theme, top, code);
        verify(&canvas, card.link, code)?;
        let (pixels, _) = canvas.rgba.as_chunks::<4>();
        Ok(pixels
            .iter()
            .flat_map(|&[red, green, blue, _]| [red, green, blue])
            .collect())
    }

    /// Leaves out what would be an empty place.
    fn legible<'a>(&self, card: &Postcard<'a>) -> Postcard<'a> {
        let fonts = self.typesetter.fonts();
        let is_seen = |text: &str| {
            let has_letters = text.chars().any(char::is_alphanumeric);
            text.chars().any(|c| {
                !needs_no_ink(c) && fonts.can_draw(c) && (c.is_alphanumeric() || !has_letters)
            })
        };
        Postcard {
            sentence: if is_seen(card.sentence) {
                card.sentence
            } else {
                card.title
            },
            name: if is_seen(card.name) { card.name } else { "" },
            ..*card
        }
    }

    /// Draws the picture as large as it goes, and returns where what follows begins.
    fn picture(canvas: &mut Canvas, picture: &Bitmap, paper: Rgb) -> Result<f32, String> {
        let side = WIDTH_PX - 2 * MARGIN_PX;
        let room = Area::new(MARGIN_PX, MARGIN_PX, side, PICTURE_HEIGHT_PX);
        let place = contained((picture.width, picture.height), room);
        // From the top, whatever its shape: what follows is text.
        let place = Area::new(place.x, MARGIN_PX, place.width, place.height);
        let whole = Crop::whole(picture.width, picture.height);
        let pixels = scale::scaled(picture, whole, (place.width, place.height), paper)
            .map_err(|error| error.to_string())?;
        canvas.paste_rgb(place, &pixels);
        Ok(real(place.bottom()) + GAP_PX * 1.5)
    }

    /// Draws the code into the lower right corner, on white.
    fn code(canvas: &mut Canvas, link: &str) -> Result<Area, String> {
        let matrix = QrMatrix::encode(link).map_err(|error| error.to_string())?;
        let modules = matrix.modules();
        let across = modules + 2 * QUIET_MODULES;
        let module_px = CODE_SIDE_PX / across;
        if module_px < 4 {
            return Err("the link is too long for a code on a postcard".to_owned());
        }
        let side = module_px * across;
        let square = Area::new(
            WIDTH_PX - MARGIN_PX - side,
            HEIGHT_PX - MARGIN_PX - side,
            side,
            side,
        );
        canvas.fill_rounded(square, real(module_px), Rgb([255; 3]));
        for y in 0..modules {
            for x in (0..modules).filter(|&x| matrix.is_dark(x, y)) {
                let module = Area::new(
                    square.x + (x + QUIET_MODULES) * module_px,
                    square.y + (y + QUIET_MODULES) * module_px,
                    module_px,
                    module_px,
                );
                canvas.fill(module, Rgb([0; 3]));
            }
        }
        Ok(square)
    }

    fn words(
        &mut self,
        canvas: &mut Canvas,
        card: &Postcard<'_>,
        theme: &Theme,
        top: f32,
        code: Area,
    ) {
        let left = real(MARGIN_PX);
        let width = real(WIDTH_PX - 2 * MARGIN_PX);
        // Beside the code.
        let narrow = real(code.x) - left - GAP_PX;
        let small = SMALL_SIZE * SMALL_LEADING;
        let mut bottom = real(HEIGHT_PX - MARGIN_PX);
        for (text, ink) in [(card.host, theme.quiet), (card.call, theme.accent)] {
            if let Some(block) = self
                .typesetter
                .fit_line(text, Weight::Regular, SMALL_SIZE, narrow)
            {
                bottom -= small;
                self.typesetter.draw(canvas, &block, left, bottom, ink);
            }
        }
        bottom -= GAP_PX * 0.5;
        let style = |sizes, weight, lines_max, leading| LineStyle {
            weight,
            leading,
            sizes,
            lines_max,
        };
        if let Some(block) = self.typesetter.fit(
            card.seen,
            style(&[TEXT_SIZE, SMALL_SIZE], Weight::Regular, 3, SMALL_LEADING),
            narrow,
            TEXT_SIZE * SMALL_LEADING * 3.0,
        ) {
            bottom -= block.height + GAP_PX * 0.5;
            self.typesetter
                .draw(canvas, &block, left, bottom, theme.quiet);
        }
        let mut y = top;
        // Above the code the sentence has the whole width; where it reaches beside it, the rest.
        let above = real(code.y) - GAP_PX - y;
        let name_height = if card.name.is_empty() {
            0.0
        } else {
            TEXT_SIZE * SMALL_LEADING + GAP_PX
        };
        let sentence = style(&SENTENCE_SIZES, Weight::Bold, 5, HEADLINE_LEADING);
        let (room_above, room_beside) = (above - name_height, bottom - GAP_PX - y - name_height);
        let block = (room_above > SENTENCE_SIZES[4])
            .then(|| {
                self.typesetter
                    .fit_scale(card.sentence, sentence, width, room_above)
            })
            .flatten();
        let block = match block {
            Some(block) => Some(block),
            None => {
                self.typesetter
                    .fit(card.sentence, sentence, narrow, room_beside.max(SMALL_SIZE))
            }
        };
        if let Some(block) = block {
            self.typesetter.draw(canvas, &block, left, y, theme.ink);
            y += block.height + GAP_PX;
        }
        if !card.name.is_empty()
            && let Some(block) = self.typesetter.fit_line(
                &format!("— {}", card.name),
                Weight::Regular,
                TEXT_SIZE,
                narrow,
            )
        {
            self.typesetter.draw(canvas, &block, left, y, theme.ink);
        }
    }
}

fn bitmap(width: u32, rgb: &[u8]) -> Option<Bitmap> {
    let row_bytes = usize::try_from(width).ok()?.checked_mul(3)?;
    let rows = rgb.len().checked_div(row_bytes)?;
    let height = u32::try_from(rows).ok().filter(|&height| height > 0)?;
    let pixels = Pixels::Rgb(rgb[..rows * row_bytes].to_vec());
    Some(Bitmap {
        width,
        height,
        pixels,
    })
}

/// Has a reader that did not draw the code read it.
fn verify(canvas: &Canvas, link: &str, code: Area) -> Result<(), String> {
    let view = View::new(canvas.width, &canvas.rgba, code);
    let mut seen = ReaderInput::Nothing;
    for reader in Reader::ALL {
        seen = reader.read_once(&view);
        match &seen {
            ReaderInput::Text(text) if text == link => return Ok(()),
            ReaderInput::Text(_) => break,
            ReaderInput::Nothing | ReaderInput::Unclear(_) => {}
        }
    }
    Err(format!("the code on the postcard does not scan: {seen:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: &str = "HTTPS://HUB.EXAMPLE/S/ABCDEFGH23456723";

    fn draw(sentence: &str, name: &str, size: (u32, u32)) -> Vec<u8> {
        let rgb = [200, 80, 40].repeat(size.0 as usize * size.1 as usize);
        let card = Postcard {
            picture: (size.0 > 0).then_some((size.0, &rgb)),
            sentence,
            title: "书",
            name,
            seen: "地铁2号线 B口 · 19:42",
            call: "扫一扫，看看是什么",
            host: "hub.example",
            link: LINK,
            colours: Colours::default(),
        };
        let mut painter = PostcardPainter::new(Fonts::default());
        painter.draw(&card).expect("a postcard")
    }

    #[test]
    fn the_longest_words_fit_with_pictures_of_every_shape() {
        let longest = "四".repeat(80);
        let western = "w".repeat(80);
        for size in [
            (800, 450),
            (450, 800),
            (800, 800),
            (800, 20),
            (20, 800),
            (0, 0),
        ] {
            for sentence in [
                "书",
                longest.as_str(),
                western.as_str(),
                "out shopping, and still buying books!",
            ] {
                let rgb = draw(sentence, "一个名字很长很长的路人甲乙丙丁戊己庚", size);
                assert_eq!(rgb.len(), (WIDTH_PX * HEIGHT_PX * 3) as usize);
            }
        }
    }

    #[test]
    fn a_sentence_and_a_name_change_the_picture() {
        let plain = draw("书", "", (800, 450));
        assert_ne!(plain, draw("书", "李雷", (800, 450)));
        assert_ne!(plain, draw("逛街还买书", "", (800, 450)));
        assert_eq!(plain, draw("书", "", (800, 450)));
    }

    #[test]
    fn what_no_font_can_draw_leaves_no_empty_place() {
        let size = (800, 450);
        let titled = draw("书", "", size);
        for lost in ["مرحبا بالعالم!", "😀📚", "\u{e000}"] {
            assert_eq!(draw(lost, lost, size), titled, "{lost}");
        }
        assert_ne!(draw("好书 😀", "", size), titled);
        assert_ne!(draw("！！", "", size), titled, "signs alone are a sentence");
    }

    #[test]
    fn a_link_that_is_too_long_is_refused_with_a_reason() {
        let mut painter = PostcardPainter::new(Fonts::default());
        let link = format!("https://{}.example/", "x".repeat(2_000));
        let card = Postcard {
            picture: None,
            sentence: "x",
            title: "x",
            name: "",
            seen: "",
            call: "",
            host: "",
            link: &link,
            colours: Colours::default(),
        };
        assert!(painter.draw(&card).is_err());
    }
}
