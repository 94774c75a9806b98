//! Takes one picture of one page, and judges whether it is worth showing.
//!
//! Invariants: a page that the server refused, that could not be reached, that led away from the
//! web or to another page, or that lacks what it should show never becomes a picture; every picture
//! has exactly the wanted size.

use std::io::Cursor;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ExtendedColorType, ImageEncoder, ImageFormat, ImageReader, Limits, RgbImage};
use passerby_protocol::web_page::WebPage;
use serde_json::json;
use url::Url;

use crate::creative::web_page::browser::{Browser, Launch};
use crate::creative::web_page::destination::Destinations;
use crate::creative::web_page::devtools::{PageSession, RunError, StopSignal};
use crate::creative::web_page::proxy::Proxy;
use crate::creative::web_page::visible_text::Waited;
use crate::creative::web_page::{final_address, visible_text};

/// Most pixels of a picture of a page: 8K.
pub const PIXELS_MAX: u32 = 7_680 * 4_320;
/// How long one browser may run, beside the page's own time to settle.
pub const RUN_MAX: Duration = Duration::from_secs(45);
/// How long a page may load, from the first request.
pub(super) const LOAD_MAX: Duration = Duration::from_secs(25);
/// How long fonts and pictures are waited for once the page says that it is loaded, in
/// milliseconds.
const PARTS_MAX_MS: u32 = 5_000;
/// What a picture may be larger than wanted, in pixels a side, from rounding the zoom.
const ROUNDING_PX_MAX: u32 = 8;
/// Colours that differ by no more than this in each channel are one.
const SAME_COLOUR_MAX: u8 = 2;

/// A picture of a page.
pub(super) struct Shot {
    /// PNG of the wanted size.
    pub(super) png: Vec<u8>,
    /// Why it is not worth replacing a better one.
    pub(super) doubt: Option<String>,
    /// What the operator should know beside, each in words that stand alone.
    pub(super) notes: Vec<String>,
}

/// What a picture is taken of, and how.
pub(super) struct Task<'a> {
    pub(super) page: &'a WebPage,
    pub(super) width_px: u32,
    pub(super) height_px: u32,
    /// What the page takes for the local time zone; the machine's own when absent.
    pub(super) time_zone: Option<&'a str>,
    /// What it may open.
    pub(super) destinations: Destinations,
    /// How long it may load.
    pub(super) load_max: Duration,
    /// How long the run may take beside the page's own time to settle.
    pub(super) run_max: Duration,
}

/// Starts a browser, takes the picture and ends the browser, also when something fails.
///
/// A browser that cannot build its sandbox is started again without one where it runs as another
/// user than the terminal.
pub(super) fn take(
    browser: &Browser,
    task: &Task<'_>,
    call_off: &StopSignal<'_>,
) -> Result<Shot, RunError> {
    let said = match attempt(browser, task, call_off, true) {
        Err(RunError::NoSandbox(said)) => said,
        other => return other,
    };
    let why = format!(
        "Chromium cannot build its sandbox here ({said}); allow user namespaces, for example with: \
         sysctl -w kernel.unprivileged_userns_clone=1"
    );
    let Some(user) = &browser.user else {
        return Err(RunError::Failed(why));
    };
    let mut shot = attempt(browser, task, call_off, false)?;
    let name = &user.name;
    shot.notes.push(format!(
        "{why}; until then it runs without, as user {name}, who should own nothing on this machine"
    ));
    Ok(shot)
}

fn attempt(
    browser: &Browser,
    task: &Task<'_>,
    call_off: &StopSignal<'_>,
    sandbox: bool,
) -> Result<Shot, RunError> {
    let settle = Duration::from_secs(task.page.settle_seconds.into());
    let deadline = Instant::now() + task.run_max + settle;
    let proxy = Proxy::start(task.destinations.clone()).map_err(|error| {
        RunError::failed(format!("its way to the network is not there: {error}"))
    })?;
    let launch = Launch {
        time_zone: task.time_zone,
        proxy: proxy.address(),
        sandbox,
    };
    let mut running = browser.start(launch).map_err(|error| {
        RunError::failed(format!(
            "{} does not start: {error}",
            browser.program.display()
        ))
    })?;
    let mut talk = PageSession::open(&mut running, call_off, deadline)?;
    look(&mut talk, task)?;
    let mut doubt = load(&mut talk, task, &proxy, settle)?;
    let picture = talk.call(
        "Page.captureScreenshot",
        &json!({ "format": "png", "fromSurface": true, "captureBeyondViewport": false }),
    )?;
    // It may have gone elsewhere in the meantime.
    judge(&talk, task, &proxy)?;
    drop(running);
    let png = STANDARD
        .decode(picture["data"].as_str().unwrap_or_default())
        .map_err(|_| RunError::failed("the browser's picture is damaged"))?;
    let rgb = decode(&png).map_err(RunError::Failed)?;
    let (png, rgb) = fitted(png, rgb, (task.width_px, task.height_px))?;
    if doubt.is_none() && is_one_colour(&rgb) {
        doubt = Some("it came out as one plain colour".to_owned());
    }
    let refused = proxy.refused();
    let notes = refused.iter().map(ToString::to_string).collect();
    Ok(Shot { png, doubt, notes })
}

/// Says why what is shown must not become a picture, if that is so.
fn judge(talk: &PageSession<'_>, task: &Task<'_>, proxy: &Proxy) -> Result<(), RunError> {
    if let Some(trouble) = talk.watch.trouble() {
        let reason = if talk.watch.is_error_page() {
            unreached(talk, proxy).unwrap_or(trouble)
        } else {
            trouble
        };
        return Err(RunError::Failed(reason));
    }
    let address = talk.watch.address().unwrap_or_default();
    let ends_at = task.page.ends_at.as_deref();
    final_address::judge(&task.page.url, ends_at, address).map_err(RunError::Failed)
}

/// Says why the page that was asked for last was not reached, as the proxy knows better than the
/// browser.
fn unreached(talk: &PageSession<'_>, proxy: &Proxy) -> Option<String> {
    let asked = Url::parse(talk.watch.asked()).ok()?;
    let host = asked.host_str()?.trim_matches(['[', ']']);
    proxy.failure(host).map(|reason| reason.to_string())
}

/// Sets how large the page is. Zoom works as it does in a browser: fewer, larger CSS pixels.
fn look(talk: &mut PageSession<'_>, task: &Task<'_>) -> Result<(), RunError> {
    let zoom = u32::from(task.page.zoom_percent.max(1));
    let metrics = json!({
        "width": (task.width_px * 100).div_ceil(zoom),
        "height": (task.height_px * 100).div_ceil(zoom),
        "deviceScaleFactor": f64::from(zoom) / 100.0,
        "mobile": false,
    });
    talk.call("Emulation.setDeviceMetricsOverride", &metrics)?;
    // What fades in is there at once.
    let still = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
    talk.call("Emulation.setEmulatedMedia", &still).map(|_| ())
}

/// Goes to the page and waits until it is there and has settled. Returns what is missing on it.
fn load(
    talk: &mut PageSession<'_>,
    task: &Task<'_>,
    proxy: &Proxy,
    settle: Duration,
) -> Result<Option<String>, RunError> {
    let late = Instant::now() + task.load_max;
    let seconds = task.load_max.as_secs();
    let go = json!({ "url": task.page.url });
    // The answer comes once the server has begun to answer.
    let answer = match talk.call_until("Page.navigate", &go, late) {
        Err(RunError::TooLong) => {
            return Err(RunError::Failed(format!(
                "its server does not answer within {seconds} s"
            )));
        }
        answer => answer?,
    };
    if let Some(error) = answer["errorText"].as_str().filter(|text| !text.is_empty()) {
        return Err(RunError::Failed(match talk.watch.refused() {
            Some(status) => format!("the server answered {status}"),
            None => unreached(talk, proxy).unwrap_or_else(|| explained(error)),
        }));
    }
    if answer["isDownload"] == true {
        return Err(RunError::failed("it is a download and no page"));
    }
    // A page may send its visitor on to another; the last one counts.
    let until = late + settle;
    loop {
        if !talk.wait(until, |watch| {
            watch.loaded().is_some() || watch.trouble().is_some()
        })? {
            break;
        }
        if talk.watch.trouble().is_some() {
            return judge(talk, task, proxy).map(|()| None);
        }
        let loaded = talk.watch.loaded();
        let missing = missing_parts(talk)?;
        talk.rest(settle)?;
        if talk.watch.loaded() == loaded && !expected(talk, task, proxy, settle, until)? {
            return Ok(missing);
        }
    }
    let slow = format!("it does not finish loading within {seconds} s");
    if !talk.watch.readable() {
        return Err(RunError::Failed(slow));
    }
    expected(talk, task, proxy, Duration::ZERO, Instant::now())?;
    Ok(Some(slow))
}

/// Makes sure that what the page should show is on it, once it is where it should be; tells whether
/// that took a wait, so that the page may have changed.
fn expected(
    talk: &mut PageSession<'_>,
    task: &Task<'_>,
    proxy: &Proxy,
    settle: Duration,
    until: Instant,
) -> Result<bool, RunError> {
    judge(talk, task, proxy)?;
    let Some(words) = &task.page.expect else {
        return Ok(false);
    };
    match visible_text::wait_for(talk, words, until)? {
        Some(Waited(false)) => Ok(false),
        Some(Waited(true)) => talk.rest(settle).map(|()| true),
        None => {
            judge(talk, task, proxy)?;
            Err(RunError::Failed(format!(
                "it does not show {words:?}, as it should; if the page has changed, correct expect in its file"
            )))
        }
    }
}

/// Waits for fonts, for the pictures that can be seen and until they are drawn; says whether
/// pictures are missing. Small ones, which count visitors, do not matter.
fn missing_parts(talk: &mut PageSession<'_>) -> Result<Option<String>, RunError> {
    let script = format!(
        "(async () => {{
            const late = new Promise((done) => setTimeout(() => done('late'), {PARTS_MAX_MS}));
            await Promise.race([document.fonts.ready, late]);
            const seen = [...document.images].filter((image) => {{
                const box = image.getBoundingClientRect();
                return image.currentSrc && box.width >= 8 && box.height >= 8 && box.bottom > 0 && box.right > 0
                    && box.top < innerHeight && box.left < innerWidth;
            }});
            const there = await Promise.all(seen.map((image) =>
                Promise.race([image.decode().then(() => true, () => false), late])));
            const drawn = new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            await Promise.race([drawn, late]);
            return there.filter((there) => there !== true).length;
        }})()"
    );
    let answer = talk.call(
        "Runtime.evaluate",
        &json!({ "expression": script, "awaitPromise": true, "returnByValue": true }),
    );
    match answer {
        // The page went elsewhere meanwhile, or its own scripts are in the way: whether it is good
        // is seen elsewhere.
        Err(RunError::Failed(_)) => Ok(None),
        Err(error) => Err(error),
        Ok(answer) => Ok(match answer["result"]["value"].as_u64() {
            Some(1) => Some("a picture on it is missing".to_owned()),
            Some(count @ 2..) => Some(format!("{count} pictures on it are missing")),
            _ => None,
        }),
    }
}

/// Says in plain words what the browser says in capitals.
fn explained(error: &str) -> String {
    let reason = match error.trim_start_matches("net::") {
        "ERR_NAME_NOT_RESOLVED" | "ERR_NAME_RESOLUTION_FAILED" => {
            "its server is not found; check the link and the network"
        }
        "ERR_INTERNET_DISCONNECTED" | "ERR_NETWORK_CHANGED" | "ERR_ADDRESS_UNREACHABLE" => {
            "there is no network"
        }
        "ERR_CONNECTION_REFUSED" => "its server refuses connections",
        "ERR_CONNECTION_TIMED_OUT" | "ERR_TIMED_OUT" => "its server does not answer",
        "ERR_CONNECTION_RESET" | "ERR_CONNECTION_CLOSED" | "ERR_EMPTY_RESPONSE" => {
            "its server hung up"
        }
        "ERR_TOO_MANY_REDIRECTS" => "it leads in circles",
        "ERR_UNSAFE_REDIRECT" | "ERR_DISALLOWED_URL_SCHEME" | "ERR_UNKNOWN_URL_SCHEME" => {
            "it leads to a link that is neither http nor https"
        }
        "ERR_ABORTED" => "it is a download or empty, and no page",
        certificate if certificate.starts_with("ERR_CERT_") => {
            return format!(
                "its certificate is not good ({certificate}); check this machine's clock and the server"
            );
        }
        other => return format!("it cannot be loaded ({other})"),
    };
    reason.to_owned()
}

/// Decodes a picture of a page within limits.
pub(super) fn decode(png: &[u8]) -> Result<RgbImage, String> {
    let mut reader = ImageReader::with_format(Cursor::new(png), ImageFormat::Png);
    let mut limits = Limits::default();
    limits.max_alloc = Some(u64::from(PIXELS_MAX) * 8);
    reader.limits(limits);
    reader
        .decode()
        .map(image::DynamicImage::into_rgb8)
        .map_err(|error| format!("its picture is damaged ({error})"))
}

/// Cuts off what rounding added.
fn fitted(
    png: Vec<u8>,
    rgb: RgbImage,
    (width_px, height_px): (u32, u32),
) -> Result<(Vec<u8>, RgbImage), RunError> {
    if rgb.dimensions() == (width_px, height_px) {
        return Ok((png, rgb));
    }
    let (width, height) = rgb.dimensions();
    let fits = |is: u32, wanted: u32| (wanted..=wanted + ROUNDING_PX_MAX).contains(&is);
    if !fits(width, width_px) || !fits(height, height_px) {
        return Err(RunError::Failed(format!(
            "the browser's picture has {width} × {height} pixels instead of {width_px} × {height_px}"
        )));
    }
    let rgb = image::imageops::crop_imm(&rgb, 0, 0, width_px, height_px).to_image();
    let mut png = Vec::new();
    image::codecs::png::PngEncoder::new(&mut png)
        .write_image(&rgb, width_px, height_px, ExtendedColorType::Rgb8)
        .map_err(|error| RunError::Failed(format!("its picture cannot be kept ({error})")))?;
    Ok((png, rgb))
}

fn is_one_colour(rgb: &RgbImage) -> bool {
    let Some(first) = rgb.pixels().next() else {
        return true;
    };
    rgb.pixels().all(|pixel| {
        pixel
            .0
            .iter()
            .zip(first.0)
            .all(|(is, was)| is.abs_diff(was) <= SAME_COLOUR_MAX)
    })
}
