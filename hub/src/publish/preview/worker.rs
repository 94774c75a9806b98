//! `passerby-hub draw`: draws one slide with the composer's code, as a screen shows it first.
//!
//! Invariants: before it opens anything it has bound its memory, may write no file, and dies with
//! whoever started it; what it says on standard output is the answer and nothing else; it reads no
//! clock, so the same order always gives the same picture.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _};
use passerby_compose::confinement::confine;
use passerby_compose::creative::video::{DecoderKind, FFMPEG_VARIABLE, Tools};
use passerby_compose::settings::Settings;
use passerby_compose::{PreviewSlide, SlideComposer, inspect_code};
use passerby_paint::first_frame;
use passerby_playout::code::issuer::{CodeIssuer, CodeOrder, PlayStamp};
use passerby_playout::code::qr::QUIET_MODULES;
use passerby_playout::content::catalog::{CatalogItem, ItemKey};
use passerby_playout::content::creative::Part;
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::messages::stage_messages::{ComposeError, SlideOrder, Ticket};
use passerby_playout::screen::layout::{MAIN, PlacedZone};
use passerby_playout::settings::config::Config;
use passerby_playout::system::clock::{Clock, Moment};
use passerby_protocol::campaign::LinkForm;
use passerby_protocol::content_fault::Told;
use passerby_protocol::creative::CreativeKind;
use passerby_protocol::token::{SAMPLE, TokenContents};
use passerby_protocol::wire::Credentials;
use passerby_protocol::{Assignment, PlayNumber, ScreenNumber};

use crate::publish::preview::order::{
    Asked, CodeVerdict, ORDER_BYTES_MAX, Order, Preview, PreviewFacts, PreviewRefusal, RefusalOf,
    Subject,
};

/// Reads an order from standard input, obeys it and writes the answer to standard output.
///
/// # Errors
/// What is wrong with the order, or with writing the answer.
pub fn run() -> io::Result<()> {
    let mut order = Vec::new();
    io::stdin()
        .take(ORDER_BYTES_MAX as u64)
        .read_to_end(&mut order)?;
    let order: Order = serde_json::from_slice(&order)?;
    confine(order.memory_bytes_max)?;
    let preview = draw(order);
    let mut out = io::stdout().lock();
    out.write_all(&preview.to_bytes())?;
    out.flush()
}

/// A clock that stands still.
struct StoppedClock(Moment);

impl Clock for StoppedClock {
    fn now(&self) -> Moment {
        self.0.clone()
    }

    fn learn(&self, _: u64, _: i64) {}
}

fn refusal(of: RefusalOf, reason: impl Into<Told>) -> Option<PreviewRefusal> {
    let Told {
        words: reason,
        fault,
    } = reason.into();
    Some(PreviewRefusal { of, reason, fault })
}

fn told(error: &ComposeError) -> Told {
    Told {
        words: error.to_string(),
        fault: error.fault().cloned(),
    }
}

fn draw(order: Order) -> Preview {
    let Order { asked, fonts, .. } = order;
    let mut facts = PreviewFacts {
        width_px: asked.view.width_px,
        height_px: asked.view.height_px,
        ..PreviewFacts::default()
    };
    let png = match picture(&asked, fonts, &mut facts) {
        Ok(png) => png,
        Err(refused) => {
            facts.refusal = refused;
            Vec::new()
        }
    };
    Preview { facts, png }
}

/// The picture; the reason where there is none.
fn picture(
    asked: &Asked,
    fonts: Vec<PathBuf>,
    facts: &mut PreviewFacts,
) -> Result<Vec<u8>, Option<PreviewRefusal>> {
    let at_screen = |reason: String| refusal(RefusalOf::Screen, reason);
    let size_px = (asked.view.width_px, asked.view.height_px);
    let config = Config::parse("kiosk.toml", &asked.view.settings)
        .map_err(|problems| at_screen(lines(&problems)))?;
    let item = item_of(&asked.subject).map_err(at_screen)?;
    let output = config.geometry(size_px.0, size_px.1);
    let places = config.layout.place(&output);
    let place = place_of(&places, &item, asked, facts).map_err(at_screen)?;
    let now = Moment {
        boot: "preview".into(),
        boot_ms: 0,
        wall_ms: Some(asked.now_ms),
    };
    let rules = config.rules();
    let dwell_ms = match rules.slot_ms(&item) {
        Some(ms) => ms,
        None if asked.view.settings.is_empty() => {
            let seconds = item.placement().seconds.map(u64::from);
            facts.notes.push("it is only for some screens".to_owned());
            seconds.map_or(config.dwell_ms, |seconds| seconds * 1_000)
        }
        None => return Err(at_screen("it is not for this screen".to_owned())),
    };
    let dwell = Duration::from_millis(dwell_ms);
    let lands_on_hub = rules.lands_on_hub(&item.campaign, &now);
    let code = code_of(&config, &item, asked, lands_on_hub);
    let settings = Settings {
        fonts,
        time_zone: config.time_zone.clone(),
        clock: Arc::new(StoppedClock(now)),
        pages_as_cards: true,
        ..Settings::default()
    };
    let ffmpeg = env::var_os(FFMPEG_VARIABLE).filter(|value| !value.is_empty());
    // A hub has no need for the drivers of a screen, and they no need for its files.
    let tools = Tools::with(ffmpeg.map(PathBuf::from), Some(DecoderKind::Software), "/");
    let mut composer = SlideComposer::with_tools(settings, tools);
    let order = SlideOrder {
        dwell: Some(dwell),
        ..SlideOrder::of_item(Ticket(0), place.zone, &item, code)
    };
    let drawn = match composer.preview(&order, &place.geometry) {
        Ok(drawn) => {
            facts.code =
                (order.code.as_ref()).and_then(|code| verdict(code, place, dwell, config.contrast));
            drawn
        }
        Err(reason) => {
            let without_code = SlideOrder {
                code: None,
                ..order.clone()
            };
            let drawn = (order.code.is_some())
                .then(|| composer.preview(&without_code, &place.geometry).ok())
                .flatten();
            let Some(drawn) = drawn else {
                return Err(refusal(RefusalOf::Creative, told(&reason)));
            };
            facts.refusal = refusal(RefusalOf::Code, told(&reason));
            drawn
        }
    };
    let PreviewSlide {
        slide,
        remarks,
        health,
    } = drawn;
    if item.kind == CreativeKind::Page && facts.refusal.is_none() {
        let reason = "a web page is only seen from the screen's own network, as it is then; this card stands for it";
        facts.refusal = refusal(RefusalOf::Page, reason);
    }
    facts.moves = slide.moving.is_some() || slide.frame_source.is_some();
    facts.notes.extend(remarks);
    facts.notes.extend(health.trouble().map(str::to_owned));
    let background = config.layout.background.0;
    let rgba = first_frame(slide, place.area, size_px, background)
        .map_err(|reason| refusal(RefusalOf::Creative, reason))?;
    png_of(&rgba, size_px).map_err(|error| refusal(RefusalOf::Creative, error.to_string()))
}

fn lines(problems: &[passerby_protocol::toml_fields::Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The item as a terminal has it from its hub.
fn item_of(subject: &Subject) -> Result<CatalogItem, String> {
    let nothing = || "the campaign has no such placement".to_owned();
    let kind = subject.kind().ok_or_else(nothing)?;
    let parts = subject.parts.iter().map(|part| Part {
        name: part.name.clone(),
        path: part.file.clone(),
        digest: part.digest,
    });
    Ok(CatalogItem {
        key: ItemKey::from("preview".to_owned()),
        campaign_id: subject.id.clone(),
        campaign: Arc::new(subject.campaign.clone()),
        placement: subject.placement,
        assignment: Assignment::new(1).ok_or_else(nothing)?,
        kind,
        creative: subject.digest,
        path: subject.file.clone(),
        parts: parts.collect(),
    })
}

/// The zone in which it airs. Where nobody knows the screen's zones, it has one.
fn place_of<'a>(
    places: &'a [PlacedZone],
    item: &CatalogItem,
    asked: &Asked,
    facts: &mut PreviewFacts,
) -> Result<&'a PlacedZone, String> {
    let named = |name: &str| places.iter().find(|place| place.name == name);
    let zone = item.zone();
    if let Some(place) = named(zone) {
        return Ok(place);
    }
    let nowhere = format!("this screen has no zone {zone:?}, so it does not air there");
    if !asked.view.settings.is_empty() {
        return Err(nowhere);
    }
    let note = format!("it airs in the zone {zone:?} of a screen; here it has the whole of one");
    facts.notes.push(note);
    named(MAIN).ok_or(nowhere)
}

/// The code as the screen's own issuer makes it, but for its token.
fn code_of(
    config: &Config,
    item: &CatalogItem,
    asked: &Asked,
    lands_on_hub: bool,
) -> Option<CodeOrder> {
    let enrolment = Enrolment {
        hub: asked.scan_base.clone(),
        credentials: Credentials {
            screen: ScreenNumber::new(1)?,
            token_key: "00".repeat(32),
            generation: 0,
            bearer: String::new(),
            manifest_key: "00".repeat(32),
            manifest_key_generation: 0,
            scan_base: asked.scan_base.clone(),
            play_floor: PlayNumber::new(0)?,
        },
        kept_manifests: Vec::new(),
    };
    let issuer = CodeIssuer {
        screen: &config.name,
        languages: &config.languages,
        enrolment: Some(&enrolment),
    };
    let stamp = PlayStamp {
        play: PlayNumber::new(1)?,
        minutes: TokenContents::minutes_at(Some(asked.now_ms)),
        lands_on_hub,
    };
    let mut code = issuer.order(item, &stamp)?;
    let has_token =
        item.campaign.link.form == LinkForm::Token && item.placement().code.contents.is_none();
    if has_token {
        code.url
            .truncate(code.url.len().saturating_sub(SAMPLE.len()));
        code.url.push_str(&asked.token);
    }
    Some(code)
}

fn verdict(
    code: &CodeOrder,
    place: &PlacedZone,
    dwell: Duration,
    contrast: Option<f64>,
) -> Option<CodeVerdict> {
    let seen = inspect_code(&code.url, code.corner, &place.geometry, dwell).ok()?;
    let legible = seen.legible;
    Some(CodeVerdict {
        modules: seen.modules,
        module_px: legible.module_px,
        quiet_px: legible.module_px * QUIET_MODULES,
        width_cm: legible.width_cm,
        reach_m: legible.reach_m,
        contrast,
        seconds: dwell.as_secs_f64(),
    })
}

fn png_of(rgba: &[u8], (width_px, height_px): (u32, u32)) -> image::ImageResult<Vec<u8>> {
    let rgb: Vec<u8> = rgba
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
        .write_image(&rgb, width_px, height_px, ExtendedColorType::Rgb8)?;
    Ok(png)
}
