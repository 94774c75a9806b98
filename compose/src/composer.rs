//! The composer of the terminal: what an order's creative is decides who draws it; the code is
//! proved last.
//!
//! Invariants: a slide with a code is handed out only once that code was read back from its pixels;
//! frames are kept without their codes, and everything that is kept is bounded.

use crossbeam_channel::{Receiver, Sender, bounded};
use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::code::qr::QrMatrix;
use passerby_playout::content::creative::{Creative, CreativeFile};
use passerby_playout::messages::stage_messages::{
    ComposeError, Composed, Composer, Health, SlideOrder,
};
use passerby_playout::screen::geometry::Geometry;
use passerby_protocol::PlayNumber;
use passerby_protocol::campaign::{Corner, CreativeKind, Motion};
use passerby_protocol::foreign;

use crate::base_frames::{AboutBase, Base, FrameKey, KeptFrames};
use crate::creative::known_films::KnownFilms;
use crate::creative::picture_file;
use crate::creative::video::{BackgroundLooks, Tools};
use crate::creative::web_page::{KeeperConfig, PAGES_MAX, SnapshotKeeper, stand_in};
use crate::creative::{card, house, notice, ticker, video_content};
use crate::live::FrameSources;
use crate::page::code_square::CodePlan;
use crate::page::content::Content;
use crate::page::frame::Frame;
use crate::page::layout::CodeWords;
use crate::page::moving_layer::KenBurns;
use crate::page::poster::{SlideWords, UnturnedSlide};
use crate::page::{code_square, poster};
use crate::raster::bitmap::Bitmap;
use crate::raster::bitmap::Pixels;
use crate::settings::Settings;
use crate::slide::{Caption, FrameSource, Slide};
use crate::text::Typesetter;
use crate::text::fonts::Fonts;
use crate::verify::CodeVerifier;

/// The composer of the terminal. It keeps the last frames without their codes, so that a repeat
/// only costs its code; in files, where they may be written.
pub struct SlideComposer {
    settings: Settings,
    typesetter: Typesetter,
    tools: Tools,
    film_looks: BackgroundLooks,
    films: KnownFilms,
    pages: SnapshotKeeper,
    frames: KeptFrames,
    frames_drawn: u64,
    verifier: CodeVerifier,
    /// What was said of slides already; at most [`SAID_MAX`].
    said: Vec<String>,
    /// What is found out in the background; at most [`FOUND_MAX`] wait for whoever listens.
    found: (Sender<String>, Receiver<String>),
}

/// A slide that somebody sees before it airs.
pub struct PreviewSlide {
    /// The slide.
    pub slide: Slide,
    /// What of its words people would not see as they were written, and what to do.
    pub remarks: Vec<String>,
    /// Whether people would see less than they should.
    pub health: Health,
}

/// Most findings that wait to be heard.
const FOUND_MAX: usize = 16;
/// Most remarks that are remembered, so that each is logged once.
const SAID_MAX: usize = 200;

impl Default for SlideComposer {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl SlideComposer {
    #[cfg(test)]
    pub(crate) const fn film_looks(&self) -> &BackgroundLooks {
        &self.film_looks
    }

    /// Makes a composer with an empty cache, for films with what is on this machine.
    pub fn new(settings: Settings) -> Self {
        Self::with_tools(settings, Tools::find())
    }

    /// The same, with what plays films.
    pub fn with_tools(settings: Settings, tools: Tools) -> Self {
        let (fonts, problems) = Fonts::load(&settings.fonts);
        for problem in problems {
            tracing::warn!("{problem}");
        }
        Self {
            pages: SnapshotKeeper::new(KeeperConfig::new(&settings)),
            tools,
            film_looks: BackgroundLooks::default(),
            films: KnownFilms::default(),
            frames: KeptFrames::new(settings.frames.as_deref()),
            settings,
            typesetter: Typesetter::with_fonts(fonts),
            frames_drawn: 0,
            verifier: CodeVerifier::default(),
            said: Vec::new(),
            found: bounded(FOUND_MAX),
        }
    }

    /// Draws a frame but for its code, or finds it in the cache. What a frame source feeds is made
    /// anew for each slide.
    fn base(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
        frame: &Frame,
        code: Option<(&CodeOrder, Corner, &CodePlan)>,
        health: &Health,
    ) -> Result<(Base, Option<Box<dyn FrameSource>>), ComposeError> {
        let key = FrameKey {
            creative: order.creative.clone(),
            headline: order.headline.clone(),
            code: code.map(|(code, _, plan)| (code.call.clone(), code.leads_to.clone(), *plan)),
            colours: order.colours,
            ken_burns: ken_burns(order),
            screen: screen.clone(),
            is_brief: card::is_brief(order.dwell) && is_card(&order.creative),
        };
        let is_notice = matches!(order.creative, Creative::Notice { .. });
        // A notice is drawn anew each time it comes, so that what it lacks is logged each time.
        if !is_notice && let Some(base) = self.frames.get(&key) {
            return Ok((base, None));
        }
        let words = code.map(|(code, corner, plan)| CodeWords {
            plan,
            corner,
            call: &code.call,
            leads_to: &code.leads_to,
        });
        let card_context = card::CardContext {
            frame,
            code: words.as_ref(),
            colours: &order.colours,
            dwell: order.dwell,
        };
        let upright = match &order.creative {
            Creative::House => UnturnedSlide::still(house::draw(
                &mut self.typesetter,
                frame,
                order.headline.as_deref(),
                words.as_ref(),
            )),
            Creative::Notice { headline, body } => {
                let text = format!("{headline}\n{body}");
                if let Some(letters) = self.typesetter.fonts().lacking(&text) {
                    tracing::warn!(
                        "the emergency message has {letters}, which no font here has; write it otherwise, or put a font that has it into a folder of content.fonts"
                    );
                }
                let (canvas, remarks) = notice::draw(&mut self.typesetter, frame, headline, body);
                UnturnedSlide {
                    remarks,
                    ..UnturnedSlide::still(canvas)
                }
            }
            Creative::File(file) => match file.kind {
                CreativeKind::Picture | CreativeKind::Drawing => {
                    let fonts = self.typesetter.fonts().of_drawings();
                    let mut content = picture_file::load(file, fonts, health)?;
                    self.tell(&order.campaign, &order.creative, content.losses());
                    self.hang(content.as_mut(), order, frame, words.as_ref())?
                }
                CreativeKind::Video => {
                    let fonts = self.typesetter.fonts().of_drawings();
                    let settings = &self.settings;
                    let with = (settings, &self.tools, &mut self.films);
                    let mut content = video_content::open(with, fonts, file, order.sound, health)?;
                    if settings.looks_through_films {
                        let (looks, found) = (&self.film_looks, &self.found.0);
                        content.look_through(looks, &order.campaign, &file.digest, found);
                    }
                    self.hang(&mut content, order, frame, words.as_ref())?
                }
                CreativeKind::Page if self.settings.pages_as_cards => {
                    self.check_letters(None, words.as_ref())?;
                    let address = stand_in::card(file)?;
                    let none = card::Pictures::default();
                    let page = card::draw(&mut self.typesetter, &address, &none, &card_context)
                        .map_err(|error| ComposeError::new(format!("{}: {error}", file.name)))?;
                    UnturnedSlide {
                        remarks: page.remarks,
                        ..UnturnedSlide::still(page.canvas)
                    }
                }
                CreativeKind::Page => self.web_page(file, order, frame, words.as_ref(), health)?,
                CreativeKind::Card => {
                    self.check_letters(None, words.as_ref())?;
                    let page = card::open(&mut self.typesetter, file, &card_context)?;
                    UnturnedSlide {
                        live: page.live,
                        remarks: page.remarks,
                        ..UnturnedSlide::still(page.canvas)
                    }
                }
                CreativeKind::Ticker => {
                    self.check_letters(None, words.as_ref())?;
                    let page = ticker::open(&mut self.typesetter, file, &card_context)?;
                    UnturnedSlide {
                        moving: Some(page.moving),
                        remarks: page.remarks,
                        ..UnturnedSlide::still(page.canvas)
                    }
                }
            },
        };
        self.tell(&order.campaign, &order.creative, &upright.remarks);
        self.frames_drawn += 1;
        let base = Base {
            canvas: upright.canvas.rotated(frame.rotation),
            moving: upright.moving,
            about: AboutBase {
                number: self.frames_drawn,
                live: upright.live,
                remarks: upright.remarks,
            },
        };
        if upright.frame_source.is_none() {
            self.frames.put(key, &base);
        }
        Ok((base, upright.frame_source))
    }

    /// A poster or, with a headline, a page of anything that fills a picture's place.
    fn hang(
        &mut self,
        content: &mut dyn Content,
        order: &SlideOrder,
        frame: &Frame,
        words: Option<&CodeWords<'_>>,
    ) -> Result<UnturnedSlide, ComposeError> {
        self.check_letters(order.headline.as_deref(), words)?;
        self.poster(content, order.headline.as_deref(), order, frame, words)
    }

    /// The last good picture of a web page over the whole frame. Its frame source keeps browsers
    /// away while it is shown.
    fn web_page(
        &mut self,
        file: &CreativeFile,
        order: &SlideOrder,
        frame: &Frame,
        words: Option<&CodeWords<'_>>,
        health: &Health,
    ) -> Result<UnturnedSlide, ComposeError> {
        self.check_letters(None, words)?;
        let page = self.pages.picture(file, (frame.width, frame.height))?;
        if let Some(trouble) = &page.trouble {
            health.fail(trouble.clone());
        }
        let mut content = Bitmap {
            width: frame.width,
            height: frame.height,
            pixels: Pixels::Rgb(page.rgb()?),
        };
        let mut upright = self.poster(&mut content, None, order, frame, words)?;
        upright.frame_source = Some(Box::new(page.frame_source()));
        Ok(upright)
    }

    fn poster(
        &mut self,
        content: &mut dyn Content,
        headline: Option<&str>,
        order: &SlideOrder,
        frame: &Frame,
        words: Option<&CodeWords<'_>>,
    ) -> Result<UnturnedSlide, ComposeError> {
        let script = SlideWords {
            headline,
            words,
            colours: &order.colours,
            ken_burns: ken_burns(order),
        };
        poster::draw(&mut self.typesetter, frame, content, &script)
    }

    fn slide(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
        code: Option<&CodeOrder>,
        health: &Health,
    ) -> Result<(Slide, Vec<String>), ComposeError> {
        let frame = Frame::of(screen)?;
        let planned = code
            .map(|code| {
                let span = tracing::trace_span!("code encode").entered();
                let matrix = QrMatrix::encode(&code.url)
                    .map_err(|error| ComposeError::new(error.to_string()))?;
                drop(span);
                let modules = matrix.modules();
                let (corner, plan) =
                    code_square::plan_code(modules, code.corner, &frame, screen, order.dwell)?;
                Ok((code, matrix, corner, plan))
            })
            .transpose()?;
        let (base, frame_source) = self.base(
            order,
            screen,
            &frame,
            planned
                .as_ref()
                .map(|(code, _, corner, plan)| (*code, *corner, plan)),
            health,
        )?;
        let Base {
            mut canvas,
            moving,
            about,
        } = base;
        let AboutBase {
            number,
            live,
            remarks,
        } = about;
        if let Some((code, matrix, _, plan)) = &planned {
            code_square::draw(&mut canvas, matrix, plan, &frame);
            self.verifier
                .verify(number, &canvas, matrix, plan, &frame, &code.url)?;
        }
        let caption = Caption {
            campaign: order.campaign.clone(),
            creative: order.creative.label(),
            play: order.play.map(PlayNumber::get),
            url: code.map(|code| code.url.clone()),
        };
        let mut slide = Slide::still(canvas.width, canvas.height, canvas.rgba, caption);
        slide.code_square = planned.map(|(_, _, _, plan)| {
            plan.code_square
                .rotated(frame.width, frame.height, frame.rotation)
        });
        slide.moving = moving;
        let frame_sources = live
            .iter()
            .map(|element| element.frame_source(&self.settings));
        slide.frame_source = FrameSources::joined(frame_sources.chain(frame_source).collect());
        Ok((slide, remarks))
    }

    /// Makes a slide as it would air, and says what of its words people would not see as they were
    /// written, and what to do.
    ///
    /// # Errors
    /// Why it would not air.
    pub fn check_words(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
    ) -> Result<Vec<String>, ComposeError> {
        Ok(self.preview(order, screen)?.remarks)
    }

    /// Makes a slide as it would air, for whoever wants to see it before.
    ///
    /// # Errors
    /// Why it would not air.
    pub fn preview(
        &mut self,
        order: &SlideOrder,
        screen: &Geometry,
    ) -> Result<PreviewSlide, ComposeError> {
        let health = Health::default();
        let (slide, remarks) = self.slide(order, screen, order.code.as_ref(), &health)?;
        Ok(PreviewSlide {
            slide,
            remarks,
            health,
        })
    }

    /// Logs what people do not see of a slide, each once.
    fn tell(&mut self, campaign: &str, creative: &Creative, remarks: &[String]) {
        for remark in remarks {
            let name = match creative {
                Creative::File(file) => file.name.as_str(),
                Creative::House => "the house creative",
                Creative::Notice { .. } => "the emergency message",
            };
            let line = foreign::plain(&format!("{name}: {remark}")).into_owned();
            let is_notice = matches!(creative, Creative::Notice { .. });
            if !is_notice && self.said.contains(&line) {
                continue;
            }
            tracing::warn!(campaign, "{line}");
            if self.said.len() == SAID_MAX {
                self.said.clear();
            }
            self.said.push(line);
        }
    }

    /// Refuses lines with letters that no font has; signs and emoji are left out of the line
    /// instead.
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
                return Err(ComposeError::new(format!(
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
        let health = Health::default();
        let slide = self.slide(order, screen, order.code.as_ref(), &health);
        match (&order.creative, slide) {
            // The house is what airs when nothing else can: better without its code than not at
            // all.
            (Creative::House, Err(reason)) if order.code.is_some() => {
                tracing::warn!(%reason, "the built-in screen airs without its code");
                self.slide(order, screen, None, &health)
            }
            (_, slide) => slide,
        }
        .map(|(slide, _)| Composed { slide, health })
    }

    fn findings(&self) -> Receiver<String> {
        self.found.1.clone()
    }

    /// Has pictures taken of the web pages among the files, [`PAGES_MAX`] at most, the first ones.
    fn expect(&mut self, coming: &[(CreativeFile, Geometry)]) {
        let pages = coming
            .iter()
            .filter(|(file, _)| file.kind == CreativeKind::Page)
            .filter_map(|(file, screen)| {
                let frame = Frame::of(screen).ok()?;
                Some((file, (frame.width, frame.height)))
            });
        self.pages.prefetch(pages.take(PAGES_MAX));
    }
}

fn is_card(creative: &Creative) -> bool {
    matches!(creative, Creative::File(file) if file.kind == CreativeKind::Card)
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
