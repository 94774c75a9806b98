//! Animations from real files, driven by a clock that the test turns.

use std::process::Command;
use std::time::Instant;

use image::Frame;
use passerby_playout::content::creative::CreativeFile;
use passerby_protocol::Digest;
use passerby_protocol::campaign::CreativeKind;
use passerby_testing::required_program;

use super::*;
use crate::creative::picture_file;
use crate::slide::{FrameSource, Patch};
use crate::text::fonts::drawings::DrawingFonts;

const PAPER: Rgb = Rgb([10, 20, 30]);

fn media(name: &str) -> Vec<u8> {
    let folder = passerby_testing::package_folder().join("tests/media");
    std::fs::read(folder.join(name)).expect("reads")
}

/// A film of a file at a size, and where its troubles are told.
fn film(bytes: &[u8], size: (u32, u32)) -> (Film, Health) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("moving.gif");
    std::fs::write(&path, bytes).expect("writes");
    let file = CreativeFile {
        kind: CreativeKind::Picture,
        name: "moving.gif".to_owned(),
        path,
        digest: Digest::of(bytes),
        parts: [].into(),
    };
    let health = Health::default();
    let fonts = DrawingFonts::bundled();
    let mut content = picture_file::load(&file, fonts, &health).expect("opens");
    let (width, height) = content.size();
    let film = content
        .film(Crop::whole(width, height), size, PAPER)
        .expect("a film")
        .expect("it moves");
    (film, health)
}

fn first_pixel(pixels: &[u8]) -> [u8; 3] {
    assert!(pixels.chunks_exact(4).all(|pixel| pixel[3] == 255));
    [pixels[0], pixels[1], pixels[2]]
}

/// Asks at `at` until the frame source no longer waits for its decoder.
fn ask(frame_source: &mut dyn FrameSource, at: Duration) -> (Vec<Patch>, Option<Duration>) {
    let patience = Instant::now() + Duration::from_secs(600);
    let mut patches = Vec::new();
    loop {
        let next = frame_source.advance(at, &mut patches);
        match next {
            Some(next) if next == at + Duration::from_millis(10) => {
                assert!(Instant::now() < patience, "the decoder is stuck");
                std::thread::yield_now();
            }
            next => return (patches, next),
        }
    }
}

/// Plays at exactly the wished times, up to `most` changes: when each frame came and its first
/// pixel.
fn played(film: Film, most: usize) -> Vec<(u64, [u8; 3])> {
    let mut frame_source = film.frame_source.expect("a frame source");
    let MovingPicture::Rgba {
        width_px,
        height_px,
        pixels,
    } = film.picture
    else {
        panic!("pixels");
    };
    let mut seen = vec![(0, first_pixel(&pixels))];
    frame_source.begin();
    let (patches, mut next) = ask(frame_source.as_mut(), Duration::ZERO);
    assert!(patches.is_empty(), "the first frame is there already");
    while let Some(at) = next
        && seen.len() < most
    {
        let (patches, later) = ask(frame_source.as_mut(), at);
        assert!(patches.len() <= 1);
        for patch in patches {
            assert_eq!((patch.area.width, patch.area.height), (width_px, height_px));
            let millis = u64::try_from(at.as_millis()).expect("short");
            seen.push((millis, first_pixel(&patch.bytes)));
        }
        assert!(later.is_none_or(|later| later > at));
        next = later;
    }
    seen
}

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const WHITE: [u8; 3] = [255; 3];

#[test]
fn frames_come_at_the_files_own_times_and_rounds_end() {
    let round = [(0, RED), (50, GREEN), (150, BLUE), (350, WHITE)];
    let again = [(500, RED), (550, GREEN), (650, BLUE), (850, WHITE)];
    let twice = [round, again].concat();
    assert_eq!(played(film(&media("once.gif"), (32, 24)).0, 99), round);
    for name in ["twice.gif", "twice.apng", "twice.webp"] {
        let seen = played(film(&media(name), (32, 24)).0, 99);
        assert_eq!(seen, twice, "{name}");
    }
    let forever = played(film(&media("forever.gif"), (32, 24)).0, 21);
    assert_eq!(forever[..8], twice);
    assert_eq!(forever.len(), 21);
    assert_eq!(forever[20], (2_500, RED));
}

#[test]
fn a_frame_without_a_sensible_time_lasts_a_tenth_of_a_second() {
    let seen = played(film(&media("no_delay.gif"), (32, 24)).0, 4);
    assert_eq!(seen, [(0, RED), (100, GREEN), (200, BLUE), (300, WHITE)]);
}

/// An animated WebP of four lossy frames that ffmpeg makes of `source`.
fn lossy_webp(source: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lossy.webp");
    let made = Command::new(required_program("ffmpeg"))
        .args(["-v", "error", "-f", "lavfi", "-i", source])
        .args(["-c:v", "libwebp_anim", "-lossless", "0", "-quality", "95"])
        .args(["-frames:v", "4", "-loop", "0"])
        .arg(&path)
        .status();
    assert!(made.expect("ffmpeg runs").success());
    let bytes = std::fs::read(&path).expect("reads");
    assert!(bytes.windows(4).any(|kind| kind == b"VP8 "), "it is lossy");
    bytes
}

fn is_near(found: [u8; 3], wanted: [u8; 3]) -> bool {
    found
        .iter()
        .zip(wanted)
        .all(|(found, wanted)| found.abs_diff(wanted) <= 6)
}

#[test]
fn lossy_frames_without_alpha_are_shown() {
    let source =
        "color=black:s=32x24:r=10,format=rgb24,geq=r='60*N':g='200-60*N':b=90,format=yuv420p";
    let bytes = lossy_webp(source);
    let seen = played(film(&bytes, (32, 24)).0, 5);
    let times: Vec<u64> = seen.iter().map(|&(at, _)| at).collect();
    assert_eq!(times, [0, 100, 200, 300, 400]);
    for (at, &(_, found)) in (0_u8..).zip(&seen) {
        let step = at % 4 * 60;
        assert!(is_near(found, [step, 200 - step, 90]), "{at}: {found:?}");
    }
}

#[test]
fn lossy_frames_show_the_paper_where_they_are_transparent() {
    let source = "color=red:s=32x24:r=10,format=yuva444p,\
                  geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='255*gte(X,8*N)',format=yuva420p";
    let bytes = lossy_webp(source);
    assert!(bytes.windows(4).any(|kind| kind == b"ALPH"), "it has alpha");
    let seen = played(film(&bytes, (32, 24)).0, 5);
    for (at, &(_, found)) in seen.iter().enumerate() {
        let wanted = if at % 4 == 0 { [254, 0, 0] } else { PAPER.0 };
        assert!(is_near(found, wanted), "{at}: {found:?}");
    }
}

#[test]
fn what_is_transparent_shows_the_paper_and_earlier_frames_go() {
    for name in ["dot.gif", "dot.apng", "dot.webp"] {
        let (film, _) = film(&media(name), (32, 24));
        let MovingPicture::Rgba { pixels, .. } = &film.picture else {
            panic!("pixels");
        };
        assert_eq!(first_pixel(pixels), PAPER.0, "{name}");
        let mut frame_source = film.frame_source.expect("a frame source");
        for frame in 1..8_u32 {
            let (patches, _) = ask(
                frame_source.as_mut(),
                Duration::from_millis(u64::from(frame) * 100),
            );
            let [patch] = &patches[..] else {
                panic!("{name}: one frame");
            };
            for dot in 0..4_u32 {
                let at = ((12 * 32 + dot * 8 + 4) * 4) as usize;
                let found = &patch.bytes[at..at + 3];
                let expected = if dot == frame % 4 { RED } else { PAPER.0 };
                assert_eq!(found, expected, "{name}, frame {frame}, dot {dot}");
            }
        }
    }
}

#[test]
fn the_cover_of_an_animated_png_is_not_a_frame_of_it() {
    let seen = played(film(&media("cover.apng"), (32, 24)).0, 5);
    let colours: Vec<_> = seen.iter().map(|&(_, colour)| colour).collect();
    assert_eq!(colours, [RED, GREEN, BLUE, WHITE, RED]);
}

#[test]
fn frames_are_scaled_down_here_and_up_by_the_stage() {
    let size = |film: &Film| match &film.picture {
        MovingPicture::Rgba {
            width_px,
            height_px,
            pixels,
        } => {
            assert_eq!(pixels.len(), (width_px * height_px * 4) as usize);
            (*width_px, *height_px)
        }
        _ => panic!("pixels"),
    };
    let (small, _) = film(&media("twice.gif"), (16, 12));
    assert_eq!(size(&small), (16, 12));
    assert_eq!(played(small, 3).last(), Some(&(150, BLUE)));
    let (large, _) = film(&media("twice.gif"), (1_920, 1_440));
    assert_eq!(size(&large), (32, 24));
    assert_eq!(large.travel, Travel::Still([0.0, 0.0, 1.0, 1.0]));
}

#[test]
fn a_late_stage_gets_one_frame_and_the_animation_goes_on_from_there() {
    let (film, _) = film(&media("forever.gif"), (32, 24));
    let mut frame_source = film.frame_source.expect("a frame source");
    frame_source.begin();
    let hour = Duration::from_secs(3_600);
    let (patches, next) = ask(frame_source.as_mut(), hour);
    assert_eq!(patches.len(), 1);
    assert!(next.is_some_and(|next| next > hour && next < hour + Duration::from_secs(1)));
    let mut patches = Vec::new();
    // The end of time is no reason to turn in circles.
    frame_source.advance(Duration::MAX, &mut patches);
    assert!(patches.len() <= 1);
}

/// An animated GIF that is too large to keep: 1024 × 1024 pixels, 12 frames of alternating greys.
fn large_gif(repeats: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new_with_speed(&mut bytes, 30);
    let repeat = image::codecs::gif::Repeat::Finite(repeats);
    encoder.set_repeat(repeat).expect("a loop");
    for at in 0..12_u8 {
        let pixel = image::Rgba([at * 20, at * 20, at * 20, 255]);
        let picture = image::RgbaImage::from_pixel(1_024, 1_024, pixel);
        let delay = image::Delay::from_numer_denom_ms(100, 1);
        let frame = Frame::from_parts(picture, 0, 0, delay);
        encoder.encode_frame(frame).expect("encodes");
    }
    drop(encoder);
    bytes
}

#[test]
fn an_animation_that_is_too_large_to_keep_is_decoded_again_in_each_round() {
    const { assert!(12 * 1_024 * 1_024 * 4 > KEPT_BYTES_MAX) };
    let seen = played(film(&large_gif(1), (1_024, 1_024)).0, 99);
    assert_eq!(seen.len(), 24);
    for (at, (millis, colour)) in seen.into_iter().enumerate() {
        assert_eq!(millis, at as u64 * 100);
        let grey = u8::try_from(at % 12 * 20).expect("a byte");
        assert!(colour[0].abs_diff(grey) <= 3, "{at}: {colour:?}");
    }
}

#[test]
fn a_damaged_frame_makes_it_rest_on_the_one_before_and_say_so() {
    let mut bytes = media("forever.gif");
    // The third image: a code size that no GIF may have.
    let images: Vec<usize> = (0..bytes.len() - 10)
        .filter(|&at| bytes[at..].starts_with(&[0x2C, 0, 0, 0, 0, 32, 0, 24, 0]))
        .collect();
    assert_eq!(images.len(), 4);
    let local = if bytes[images[2] + 9] & 0x80 != 0 {
        3 << ((bytes[images[2] + 9] & 7) + 1)
    } else {
        0
    };
    bytes[images[2] + 10 + local] = 0xFF;
    let (film, health) = film(&bytes, (32, 24));
    assert_eq!(health.trouble(), None);
    let seen = played(film, 99);
    assert_eq!(seen, [(0, RED), (50, GREEN)]);
    let trouble = health.trouble().expect("a reason");
    assert!(
        trouble.starts_with("moving.gif: frame 3 of its animation: "),
        "{trouble}"
    );
}

#[test]
fn a_webp_that_the_decoder_refuses_as_a_whole_is_refused_although_its_frames_are_sound() {
    let sound = media("twice.webp");
    let at = |chunk: &[u8]| sound.windows(4).position(|word| word == chunk);
    let mut headless = sound.clone();
    headless[at(b"ANIM").expect("a chunk")] = b'_';
    let mut noted = sound.clone();
    // A note of a camera's is announced, and not there.
    noted[at(b"VP8X").expect("a chunk") + 8] |= 8;
    for damaged in [headless, noted] {
        let bytes: Arc<[u8]> = damaged.into();
        let outline = outline(ImageFormat::WebP, &bytes)
            .expect("walks")
            .expect("it moves");
        let opened = Animation::open("odd.webp", ImageFormat::WebP, &bytes, outline);
        let Err(AnimationError::Unreadable(reason)) = opened else {
            panic!("it opens");
        };
        let reason = reason.words;
        assert!(reason.starts_with("the picture is damaged ("), "{reason}");
    }
}

#[test]
fn dropping_a_reel_ends_its_thread() {
    let bytes: Arc<[u8]> = large_gif(5).into();
    let outline = outline(ImageFormat::Gif, &bytes)
        .expect("walks")
        .expect("it moves");
    let films: Vec<_> = (0..4)
        .map(|_| {
            let animation = Animation::open("large.gif", ImageFormat::Gif, &bytes, outline);
            let Ok(mut animation) = animation else {
                panic!("it opens");
            };
            let film = animation.film(Crop::whole(1_024, 1_024), (1_024, 1_024), PAPER);
            film.expect("a film")
        })
        .collect();
    assert!(Arc::strong_count(&bytes) > 4);
    drop(films);
    // Each thread holds the file until it ends.
    let patience = Instant::now() + Duration::from_secs(600);
    while Arc::strong_count(&bytes) > 1 {
        assert!(Instant::now() < patience, "threads stay");
        std::thread::yield_now();
    }
}
