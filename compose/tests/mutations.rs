//! Hundreds of damaged and hostile media files: each costs its own item only, with a reason that
//! names the file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use passerby_compose::creative::video::Tools;
use passerby_compose::judgement::Judge;
use passerby_compose::slide::{Moving, MovingPicture, Patch, Plane, Slide, Travel};
use passerby_compose::{Fonts, SlideComposer};
use passerby_playout::code::issuer::CodeOrder;
use passerby_playout::content::creative::{Creative, CreativeFile};
use passerby_playout::messages::stage_messages::{Composer, SlideOrder, Ticket};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, Corner, CreativeKind, Motion};
use passerby_testing::seeds;

/// What the seed of a run is multiplied with.
const SEED: u64 = 0x5EED_0003;
/// Mutations of each file of the corpus.
const MUTATIONS: u64 = 13;
/// What one file may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);

/// A generator of numbers that are the same on every machine (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).expect("small")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = passerby_testing::package_folder().join("tests/media");
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("the media")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending != "py"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), std::fs::read(&path).expect("reads"))
        })
        .collect();
    files.sort();
    assert!(files.len() >= 34, "{}", files.len());
    files
}

/// Damages a file in one of the ways in which disks, networks and people do.
fn mutated(name: &str, bytes: &[u8], dice: &mut Dice) -> (String, Vec<u8>) {
    const ENDINGS: [&str; 6] = ["jpg", "png", "webp", "gif", "svg", "apng"];
    let mut bytes = bytes.to_vec();
    let mut name = name.to_owned();
    let length = bytes.len();
    match dice.below(9) {
        // Single bits.
        0 => {
            for _ in 0..=dice.below(4) {
                let at = dice.below(length);
                bytes[at] ^= 1 << dice.below(8);
            }
        }
        // Bits of the header, where sizes and counts are.
        1 => {
            for _ in 0..=dice.below(3) {
                let at = dice.below(length.min(64));
                bytes[at] = dice.byte();
            }
        }
        // A run of noise.
        2 => {
            let from = dice.below(length);
            let to = (from + 1 + dice.below(40)).min(length);
            bytes[from..to].fill_with(|| dice.byte());
        }
        3 => bytes.truncate(dice.below(length)),
        // Another name for the same thing.
        4 => {
            let ending = ENDINGS[dice.below(ENDINGS.len())];
            name = format!("{name}.{ending}");
        }
        // Numbers that are as large as they go.
        5 => {
            let at = dice.below(length.saturating_sub(4));
            let large = [[0xFF; 4], [0x7F, 0xFF, 0xFF, 0xFF], [0xFF, 0xFF, 0, 0]];
            bytes[at..at + 4].copy_from_slice(&large[dice.below(3)]);
        }
        // A piece twice, a piece less.
        6 => {
            let from = dice.below(length);
            let to = (from + dice.below(60)).min(length);
            let piece = bytes[from..to].to_vec();
            let at = dice.below(length);
            bytes.splice(at..at, piece);
        }
        7 => {
            let from = dice.below(length);
            let to = (from + dice.below(60)).min(length);
            bytes.drain(from..to);
        }
        // The PNG checksums made good again, so that what is behind them is reached.
        _ => {
            let at = dice.below(length);
            bytes[at] = dice.byte();
            mend_checksums(&mut bytes);
        }
    }
    (name, bytes)
}

fn mend_checksums(png: &mut [u8]) {
    let mut at = 8;
    while png.starts_with(b"\x89PNG") && at + 12 <= png.len() {
        let length = u32::from_be_bytes(png[at..at + 4].try_into().expect("four")) as usize;
        let Some(end) = (at + 8)
            .checked_add(length)
            .filter(|end| end + 4 <= png.len())
        else {
            return;
        };
        let mut checksum = u32::MAX;
        for byte in &png[at + 4..end] {
            checksum ^= u32::from(*byte);
            for _ in 0..8 {
                checksum = (checksum >> 1) ^ (0xEDB8_8320 & (0_u32.wrapping_sub(checksum & 1)));
            }
        }
        png[end..end + 4].copy_from_slice(&(!checksum).to_be_bytes());
        at = end + 4;
    }
}

fn order(path: &Path, name: &str, bytes: &[u8], with_code: bool) -> SlideOrder {
    SlideOrder {
        ticket: Ticket(1),
        zone: Zone::MAIN,
        creative: Creative::File(CreativeFile {
            kind: CreativeKind::of_name(name).unwrap_or(CreativeKind::Picture),
            name: name.to_owned(),
            path: path.to_owned(),
            digest: Digest::of(bytes),
            parts: [].into(),
        }),
        campaign: "Test".into(),
        play: None,
        headline: None,
        code: with_code.then(|| CodeOrder {
            url: "HTTPS://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRSTVWXYZ".into(),
            call: "扫码 Scan".into(),
            leads_to: "hub.example".into(),
            corner: Corner::BottomRight,
        }),
        colours: Colours::default(),
        motion: Motion::KenBurns,
        sound: false,
        dwell: Some(Duration::from_secs(10)),
    }
}

/// What `slide.rs` promises of every slide.
fn check_slide(slide: &Slide, width: u32, height: u32) {
    assert_eq!((slide.width_px, slide.height_px), (width, height));
    assert_eq!(slide.rgba.len(), (width * height * 4) as usize);
    let hole = slide.moving.as_ref().map(|moving| moving.area);
    for (at, pixel) in (0..).zip(slide.rgba.chunks_exact(4)) {
        let is_in_hole = hole.is_some_and(|hole| {
            (hole.x..hole.right()).contains(&(at % width))
                && (hole.y..hole.bottom()).contains(&(at / width))
        });
        assert!(pixel[3] == 255 || is_in_hole, "a hole with nothing beneath");
    }
    if let Some(moving) = &slide.moving {
        check_moving(moving);
        assert!(moving.area.right() <= width && moving.area.bottom() <= height);
    }
    if let Some(code_square) = slide.code_square {
        for y in code_square.y..code_square.bottom() {
            for x in
                code_square.x + code_square.width / 4..code_square.right() - code_square.width / 4
            {
                assert_eq!(slide.rgba[((y * width + x) * 4 + 3) as usize], 255);
            }
        }
    }
}

fn check_moving(moving: &Moving) {
    let MovingPicture::Rgba {
        width_px,
        height_px,
        pixels,
    } = &moving.picture
    else {
        panic!("a picture moves as pixels");
    };
    assert_eq!(pixels.len(), (width_px * height_px * 4) as usize);
    assert!(pixels.chunks_exact(4).all(|pixel| pixel[3] == 255));
    let parts = match moving.travel {
        Travel::Still(part) => vec![part],
        Travel::Zoom { from, to, .. } => vec![from, to],
        Travel::Run { .. } => panic!("pictures do not run"),
    };
    for [x, y, width, height] in parts {
        assert!(x >= 0.0 && y >= 0.0 && width > 0.0 && height > 0.0);
        assert!(x + width <= 1.001 && y + height <= 1.001);
    }
}

/// Plays a frame source for two rounds and more, by a clock of its own, as fast as frames come.
fn play(slide: &mut Slide) {
    let Some(frame_source) = &mut slide.frame_source else {
        return;
    };
    let size = match slide.moving.as_ref().map(|moving| &moving.picture) {
        Some(MovingPicture::Rgba {
            width_px,
            height_px,
            ..
        }) => (*width_px, *height_px),
        _ => panic!("a frame source without pixels"),
    };
    frame_source.begin();
    let began = Instant::now();
    let mut at = Duration::ZERO;
    let mut shown = 0;
    while shown < 12 {
        let mut patches: Vec<Patch> = Vec::new();
        let next = frame_source.advance(at, &mut patches);
        for patch in &patches {
            assert_eq!(patch.plane, Plane::Moving);
            assert_eq!((patch.area.x, patch.area.y), (0, 0));
            assert_eq!((patch.area.width, patch.area.height), size);
            assert_eq!(patch.bytes.len(), (size.0 * size.1 * 4) as usize);
        }
        shown += patches.len();
        let Some(next) = next else {
            return;
        };
        assert!(next > at, "time moves on");
        if patches.is_empty() {
            assert!(began.elapsed() < PATIENCE, "the frame source is stuck");
            std::thread::yield_now();
        }
        at = next;
    }
}

/// Composes a file and plays what came of it. Returns whether it was shown.
fn try_out(
    composer: &mut SlideComposer,
    folder: &Path,
    name: &str,
    bytes: &[u8],
    odd: bool,
) -> bool {
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, bytes).expect("writes");
    let rotation = if odd { 90 } else { 0 };
    let screen = Geometry {
        rotation,
        ..Geometry::whole(320, 240)
    };
    let began = Instant::now();
    let made = composer.compose(&order(&path, name, bytes, odd), &screen);
    let was_shown = match made {
        Ok(mut made) => {
            check_slide(&made.slide, 320, 240);
            play(&mut made.slide);
            if let Some(trouble) = made.health.trouble() {
                assert!(trouble.starts_with(&format!("{name}: ")), "{trouble}");
            }
            true
        }
        Err(error) => {
            assert!(error.0.starts_with(&format!("{name}: ")), "{error}");
            assert!(error.0.len() > name.len() + 12, "{error} says too little");
            false
        }
    };
    let Creative::File(creative) = order(&path, name, bytes, odd).creative else {
        panic!("no file");
    };
    let judged = Judge::new(Fonts::default(), Tools::find()).judge(&creative, &Colours::default());
    assert_eq!(judged.is_shown(), Some(was_shown), "{name}: {judged:?}");
    assert!(began.elapsed() < PATIENCE, "it took {:?}", began.elapsed());
    std::fs::remove_file(&path).expect("removes");
    was_shown
}

#[test]
fn damaged_and_hostile_files_cost_their_own_item_only() {
    seeds(file!()).each(damage_files);
}

fn damage_files(seed: u64) {
    let first = SEED.wrapping_mul(seed);
    let folder = tempfile::tempdir().expect("a folder");
    let mut composer = SlideComposer::default();
    let (mut shown, mut refused) = (0_u32, 0_u32);
    for (at, (name, bytes)) in (0_u64..).zip(corpus()) {
        let fine = try_out(&mut composer, folder.path(), &name, &bytes, at % 2 == 0);
        assert!(fine, "{name} is good");
        for mutation in 0..MUTATIONS {
            let seed = first ^ (at << 32) ^ mutation;
            let mut dice = Dice(seed);
            let (name, bytes) = mutated(&name, &bytes, &mut dice);
            let odd = mutation % 2 == 1;
            let tried = catch_unwind(AssertUnwindSafe(|| {
                try_out(&mut composer, folder.path(), &name, &bytes, odd)
            }));
            match tried {
                Ok(true) => shown += 1,
                Ok(false) => refused += 1,
                Err(_) => panic!("seed {seed:#x}: mutation {mutation} of {name} broke out"),
            }
        }
    }
    println!("{shown} shown, {refused} refused");
    assert!(shown + refused >= 400);
    assert!(
        shown >= 50 && refused >= 100,
        "{shown} shown, {refused} refused"
    );
}
