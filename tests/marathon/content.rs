//! One of everything that a screen can show, made anew for each run. None of it is black.

use std::path::Path;
use std::process::Command;

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, Rgb, RgbImage, Rgba, RgbaImage};
use passerby_testing::required_program;

/// Where every code leads.
pub(crate) const TARGET: &str = "https://shop.example/books";

/// Writes the campaigns into `folder`; `page_url` is the page whose picture airs.
pub(crate) fn write(folder: &Path, page_url: &str) {
    let mut placements = String::new();
    let mut place = |creative: &str, more: &str| {
        placements.push_str(&format!(
            "[[placement]]\ncreative = \"{creative}\"\n{more}\n"
        ));
    };
    let mix = folder.join("mix");
    std::fs::create_dir_all(&mix).expect("a folder");
    for (at, transition) in ["cross-fade", "cut", "slide", "wipe"]
        .into_iter()
        .enumerate()
    {
        let hue = u8::try_from(at).expect("few");
        let name = format!("poster-{transition}.png");
        poster(hue, (480, 270))
            .save(mix.join(&name))
            .expect("writes");
        place(&name, &format!("transition = \"{transition}\""));
        let name = format!("photo-{transition}.jpg");
        poster(hue + 4, (400, 400))
            .save(mix.join(&name))
            .expect("writes");
        let corner = ["top-left", "top-right", "bottom-left", "bottom-right"][at];
        place(
            &name,
            &format!(
                "transition = \"{transition}\"\nheadline = \"它在等你 Wait for me\"\ncode = {{ corner = \"{corner}\" }}"
            ),
        );
    }
    std::fs::write(mix.join("drawing.svg"), DRAWING).expect("writes");
    place("drawing.svg", "transition = \"wipe\"");
    animation(&mix.join("dance.gif"));
    place("dance.gif", "transition = \"slide\"");
    poster(9, (640, 360))
        .save(mix.join("slow.jpg"))
        .expect("writes");
    place("slow.jpg", "motion = \"ken-burns\"");
    std::fs::write(mix.join("sale.card.toml"), CARD).expect("writes");
    place("sale.card.toml", "transition = \"slide\"");
    film(&mix.join("clip.mp4"));
    poster(2, (320, 180))
        .save(mix.join("clip.png"))
        .expect("writes");
    place("clip.mp4", "transition = \"cross-fade\"");
    required_program("chromium");
    let page = format!("url = \"{page_url}\"\nevery_minutes = 1440\nsettle_seconds = 0\n");
    std::fs::write(mix.join("board.page.toml"), page).expect("writes");
    place("board.page.toml", "transition = \"wipe\"");
    write_campaign(&mix, &placements);

    let news = folder.join("news");
    std::fs::create_dir_all(&news).expect("a folder");
    std::fs::write(news.join("news.ticker.toml"), TICKER).expect("writes");
    std::fs::write(
        news.join("campaign.toml"),
        "title = \"News\"\n[[placement]]\ncreative = \"news.ticker.toml\"\nzone = \"ticker\"\nseconds = 30\n",
    )
    .expect("writes");
}

fn write_campaign(folder: &Path, placements: &str) {
    let text = format!("title = \"Mix\"\ntarget = \"{TARGET}\"\n{placements}");
    std::fs::write(folder.join("campaign.toml"), text).expect("writes");
}

/// Soft colours with a pattern of its own.
fn poster(hue: u8, (width, height): (u32, u32)) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = u8::try_from((x * 90 / width + y * 60 / height) % 150).expect("a byte");
        let stripe = if (x / 23 + y / 31 + u32::from(hue)).is_multiple_of(3) {
            40
        } else {
            0
        };
        let turn = hue.wrapping_mul(53) % 90;
        Rgb([90 + wave / 2 + turn / 2, 120 + stripe, 200 - turn])
    })
}

fn animation(path: &Path) {
    let file = std::fs::File::create(path).expect("a file");
    let mut encoder = GifEncoder::new(file);
    encoder.set_repeat(Repeat::Infinite).expect("repeats");
    for step in 0..6_u32 {
        let picture = RgbaImage::from_fn(160, 90, |x, y| {
            let near = x.abs_diff(20 + step * 22) < 16 && y.abs_diff(45) < 16;
            if near {
                Rgba([220, 90, 60, 255])
            } else {
                Rgba([120, 160, 190, 255])
            }
        });
        let delay = Delay::from_numer_denom_ms(120, 1);
        encoder
            .encode_frame(Frame::from_parts(picture, 0, 0, delay))
            .expect("encodes");
    }
}

/// Two seconds of a grey wheel.
fn film(path: &Path) {
    let made = Command::new(required_program("ffmpeg"))
        .args(["-v", "error", "-y", "-f", "lavfi", "-i"])
        .arg("gradients=s=320x180:r=10:d=2:c0=0xc08040:c1=0x4080c0")
        .args([
            "-pix_fmt",
            "yuv420p",
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
        ])
        .arg(path)
        .status();
    assert!(made.expect("ffmpeg runs").success());
}

const DRAWING: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180">
<rect width="320" height="180" fill="#7fb0a0"/>
<circle cx="120" cy="90" r="60" fill="#f0d080"/>
<path d="M180 150 L240 40 L300 150 Z" fill="#c06050"/>
</svg>
"##;

const CARD: &str = "headline = \"今晚七点 Tonight at seven\"\nprice = \"¥48\"\nclock = true\n[colours]\npaper = \"#274060\"\nink = \"#f4f0e4\"\naccent = \"#f0c060\"\n";

const TICKER: &str =
    "lines = [\"下一班车 3 分钟 Next train in 3 minutes\", \"今日有雨 Rain today\"]\n";
