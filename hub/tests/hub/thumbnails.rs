//! The small pictures that phones see of creatives: of films, drawings, animations and cards, in
//! their right colours.

use std::path::Path;

use crate::stand::{Stand, Terminal, film, location, png};

/// Longest side of a small picture, in pixels, and its largest file, in bytes.
const SIDE_PX_MAX: u32 = 800;
const BYTES_MAX: usize = 40 << 10;

/// The small picture of the creative that airs at a place of the only campaign, as a landing page
/// and a preview get it.
fn seen(stand: &Stand, terminal: &Terminal, at: usize) -> image::RgbImage {
    let item = stand.manifest(terminal).campaigns[0].items[at].clone();
    let scan = terminal.scan_path(item.assignment, 40 + u32::try_from(at).unwrap());
    let link = location(&stand.visit(1, &scan));
    let page = stand.visit(1, &link).text().unwrap();
    let preview = format!("/p/{}.jpg", item.creative);
    let is_seen = page.contains("<img ") || page.contains("<video ");
    assert!(is_seen && page.contains("summary_large_image"), "{page}");
    assert!(page.contains(&format!("{}{preview}", stand.base)), "{page}");
    let jpeg = |path: &str| {
        let picture = stand.visit(1, path);
        assert_eq!(picture.status(), 200, "{path}");
        assert_eq!(picture.headers()["content-type"], "image/jpeg");
        picture.bytes().unwrap()
    };
    let own = jpeg(&format!("{link}/picture.jpg"));
    assert_eq!(own, jpeg(&preview));
    assert!(own.len() <= BYTES_MAX, "{} bytes", own.len());
    let pixels = image::load_from_memory(&own).unwrap().into_rgb8();
    assert!(pixels.width().max(pixels.height()) <= SIDE_PX_MAX);
    let size = format!(
        "width=\"{}\" height=\"{}\"",
        pixels.width(),
        pixels.height()
    );
    assert!(page.contains(&size), "{size}: {page}");
    pixels
}

/// Whether a pixel, at percents of the width and the height, has a colour but for what JPEG takes.
#[track_caller]
fn assert_colour(pixels: &image::RgbImage, (x, y): (u32, u32), colour: [u8; 3]) {
    let at = |percent: u32, side: u32| percent * side / 100;
    let pixel = pixels
        .get_pixel(at(x, pixels.width()), at(y, pixels.height()))
        .0;
    let near = pixel
        .iter()
        .zip(colour)
        .all(|(&is, wanted)| is.abs_diff(wanted) <= 24);
    assert!(near, "{pixel:?} is not {colour:?} at {x}, {y}");
}

#[test]
fn a_film_is_seen_as_its_first_good_picture_or_else_as_its_poster() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("shop", "title = \"Shop\"\nlanding = \"page\"\n", &[]);
    let path = |name: &str| Path::new(&folder).join(name);
    // Black for 1.2 s, then white comes up beneath a dark field.
    let bars = "color=white:s=320x240:r=10:d=3,drawbox=w=160:h=240:color=blue:t=fill";
    film(&path("a-fade.mp4"), &format!("{bars},fade=in:st=1.2:d=0.5"));
    film(&path("b-poster.mp4"), bars);
    std::fs::write(path("b-poster.png"), png([9, 180, 9])).unwrap();
    film(&path("c-red.mp4"), "color=red:s=320x240:r=10:d=1");
    stand.publish(&folder);

    let fade = seen(&stand, &terminal, 0);
    assert_eq!(fade.dimensions(), (320, 240));
    assert_colour(&fade, (25, 50), [0, 0, 255]);
    assert_colour(&fade, (75, 50), [255; 3]);
    let poster = seen(&stand, &terminal, 1);
    assert!(poster.height() > poster.width(), "it is the poster's shape");
    assert_colour(&poster, (0, 0), [9, 180, 9]);
    // Where every picture is blank, a blank one is better than none.
    assert_colour(&seen(&stand, &terminal, 2), (50, 50), [255, 0, 0]);
}

#[test]
fn drawings_animations_and_cards_are_seen_and_what_is_transparent_shows_the_campaigns_paper() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml =
        "title = \"Shop\"\nlanding = \"page\"\n[colours]\npaper = \"#204060\"\nink = \"#ffffff\"\n";
    let folder = stand.campaign("shop", toml, &[]);
    let path = |name: &str| Path::new(&folder).join(name);
    let ring = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 200 100'><rect x='100' width='100' height='100' fill='#ff8000'/></svg>";
    std::fs::write(path("a.svg"), ring).unwrap();
    let half = image::RgbaImage::from_fn(60, 40, |x, _| {
        image::Rgba([200, 0, 0, if x < 30 { 0 } else { 255 }])
    });
    half.save(path("b.png")).unwrap();
    let frames = [[0, 160, 0, 255], [0, 0, 160, 255]]
        .map(|colour| image::Frame::new(image::RgbaImage::from_pixel(64, 48, image::Rgba(colour))));
    let mut gif =
        image::codecs::gif::GifEncoder::new(std::fs::File::create(path("c.gif")).unwrap());
    gif.encode_frames(frames).unwrap();
    drop(gif);
    // A card shows no time of day on a page, where it would stand still.
    std::fs::write(path("d.card.toml"), "headline = 'Sale'\nclock = true\n").unwrap();
    std::fs::write(path("e.ticker.toml"), "lines = ['Sale']\n").unwrap();
    let page = "url = 'https://weather.example/harbour'\n";
    std::fs::write(path("f.page.toml"), page).unwrap();
    stand.publish(&folder);

    let paper = [0x20, 0x40, 0x60];
    let ring = seen(&stand, &terminal, 0);
    assert_eq!(ring.dimensions(), (800, 400));
    assert_colour(&ring, (25, 50), paper);
    assert_colour(&ring, (75, 50), [255, 128, 0]);
    let half = seen(&stand, &terminal, 1);
    assert_eq!(half.dimensions(), (60, 40));
    assert_colour(&half, (20, 50), paper);
    assert_colour(&half, (80, 50), [200, 0, 0]);
    assert_colour(&seen(&stand, &terminal, 2), (50, 50), [0, 160, 0]);
    let card = seen(&stand, &terminal, 3);
    assert_eq!(card.dimensions(), (800, 450));
    assert_colour(&card, (1, 2), paper);
    let bright = card
        .pixels()
        .filter(|pixel| pixel.0.iter().all(|&byte| byte > 220))
        .count();
    assert!(bright > 500, "its words are white: {bright} pixels");
    let ticker = seen(&stand, &terminal, 4);
    assert_eq!(ticker.dimensions(), (800, 450));
    let bright = ticker
        .pixels()
        .filter(|pixel| pixel.0.iter().all(|&byte| byte > 220))
        .count();
    assert!(bright > 500, "its line is white: {bright} pixels");
    let page = seen(&stand, &terminal, 5);
    assert_eq!(page.dimensions(), (800, 450));
}

#[test]
fn pictures_of_other_colour_spaces_are_seen_in_their_right_colours() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let folder = stand.campaign("wide", "title = \"Wide\"\nlanding = \"page\"\n", &[]);
    // Four quarters once their profiles are heeded; profiles.py beside them makes them.
    let media = passerby_testing::package_folder().join("../compose/tests/media");
    let names = [
        "profile_adobe.jpg",
        "profile_p3.webp",
        "profile_prophoto16.png",
        "profile_swapped.png",
    ];
    for name in names {
        std::fs::copy(media.join(name), Path::new(&folder).join(name)).unwrap();
    }
    stand.publish(&folder);
    for (at, name) in names.into_iter().enumerate() {
        let pixels = seen(&stand, &terminal, at);
        assert_eq!(pixels.dimensions(), (32, 24), "{name}");
        let quarters = [
            ((25, 25), [255, 0, 0]),
            ((75, 25), [0, 255, 0]),
            ((25, 75), [0, 0, 255]),
            ((75, 75), [200; 3]),
        ];
        for (place, colour) in quarters {
            assert_colour(&pixels, place, colour);
        }
    }
}
