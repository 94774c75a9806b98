//! Films that can be looked through, and what is seen beneath them.

use std::path::{Path, PathBuf};

use passerby_compose::creative::video::{Clip, Tools, rgb_of_yuv};
use passerby_compose::settings::Settings;
use passerby_compose::slide::{MovingPicture, VideoCoding};
use passerby_compose::{Fonts, SlideComposer, judgement::Judge};
use passerby_playout::content::creative::{Creative, CreativeFile};
use passerby_playout::messages::stage_messages::{Composer as _, SlideOrder, Ticket};
use passerby_playout::screen::geometry::{Geometry, Zone};
use passerby_protocol::Digest;
use passerby_protocol::campaign::{Colours, CreativeKind, Motion, Rgb};
use tempfile::TempDir;

use crate::alone;
use crate::clips::ffmpeg;
use crate::viewer::name_of;

/// Red on the left, transparent on the right, half of each in between.
const SOURCE: &str = "color=red:s=192x64:r=12:d=0.5,format=rgba,geq=r=220:g=30:b=40:a='if(lt(X,64),255,if(lt(X,128),128,0))'";

/// A film in each form that people export with transparency.
fn films(folder: &Path) -> Vec<PathBuf> {
    let forms: [(&str, &[&str]); 5] = [
        (
            "vp9.webm",
            &[
                "-c:v",
                "libvpx-vp9",
                "-pix_fmt",
                "yuva420p",
                "-crf",
                "4",
                "-b:v",
                "0",
            ],
        ),
        (
            "vp8.webm",
            &[
                "-c:v",
                "libvpx",
                "-pix_fmt",
                "yuva420p",
                "-auto-alt-ref",
                "0",
                "-crf",
                "4",
                "-b:v",
                "4M",
            ],
        ),
        (
            "prores.mov",
            &[
                "-c:v",
                "prores_ks",
                "-profile:v",
                "4444",
                "-pix_fmt",
                "yuva444p10le",
            ],
        ),
        ("animation.mov", &["-c:v", "qtrle", "-pix_fmt", "argb"]),
        ("png.mov", &["-c:v", "png", "-pix_fmt", "rgba"]),
    ];
    forms
        .into_iter()
        .map(|(name, form)| {
            let path = folder.join(name);
            let args = [&["-f", "lavfi", "-i", SOURCE], form].concat();
            ffmpeg(&args, &path);
            path
        })
        .collect()
}

fn creative(path: &Path) -> CreativeFile {
    CreativeFile {
        kind: CreativeKind::Video,
        name: name_of(path),
        path: path.to_owned(),
        digest: Digest::of(&std::fs::read(path).unwrap()),
        parts: [].into(),
    }
}

fn colour(
    luma: &[u8],
    chroma: &[u8],
    width: usize,
    coding: VideoCoding,
    at: (usize, usize),
) -> [u8; 3] {
    let (x, y) = at;
    let pair = y / 2 * width + x / 2 * 2;
    rgb_of_yuv(luma[y * width + x], chroma[pair], chroma[pair + 1], coding)
}

fn near(is: [u8; 3], wanted: [u8; 3], tolerance: u8) -> bool {
    is.iter()
        .zip(wanted)
        .all(|(is, wanted)| is.abs_diff(wanted) <= tolerance)
}

#[test]
fn they_stand_on_the_paper_of_the_slide_in_every_form() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let paper = Rgb([200, 220, 250]);
    for path in films(folder.path()) {
        let name = name_of(&path);
        let judge = Judge::new(Fonts::default(), Tools::find());
        let judged = judge.judge(&creative(&path), &Colours::default());
        assert_eq!(judged.is_shown(), Some(true), "{name}: {judged:?}");
        assert!(judged.notes.is_empty(), "{name}: {judged:?}");
        let clip = Clip::probe(&Tools::find(), &path, &name).unwrap();
        assert!(clip.shows_paper(), "{name}");

        let mut composer = SlideComposer::new(Settings::default());
        let order = SlideOrder {
            play: None,
            ticket: Ticket(1),
            zone: Zone::MAIN,
            creative: Creative::File(creative(&path)),
            motion: Motion::Still,
            sound: false,
            dwell: None,
            campaign: "Test".into(),
            headline: None,
            code: None,
            colours: Colours {
                paper: Some(paper),
                ..Colours::default()
            },
        };
        let made = composer
            .compose(&order, &Geometry::whole(192, 64))
            .expect(&name);
        let moving = made.slide.moving.expect("a film");
        let MovingPicture::Nv12 {
            width_px,
            height_px,
            luma,
            chroma,
            coding,
        } = &moving.picture
        else {
            panic!("{name} is no film");
        };
        let (width, height) = (*width_px as usize, *height_px as usize);
        let at = |share: usize| (width * share / 6, height / 2);
        let seen = [1, 3, 5].map(|share| colour(luma, chroma, width, *coding, at(share)));
        assert!(near(seen[0], [220, 30, 40], 12), "{name}: {seen:?}");
        assert!(near(seen[1], [210, 125, 145], 14), "{name}: {seen:?}");
        assert!(near(seen[2], paper.0, 6), "{name}: {seen:?}");
        assert_eq!(made.health.trouble(), None, "{name}");

        let preview = judge
            .preview(&creative(&path), &order.colours, 192)
            .expect(&name);
        let (width, height) = (preview.width_px as usize, preview.height_px as usize);
        let at = (height / 2 * width + width * 5 / 6) * 3;
        assert!(
            near(
                [preview.rgb[at], preview.rgb[at + 1], preview.rgb[at + 2]],
                paper.0,
                6
            ),
            "{name}"
        );
    }
}
