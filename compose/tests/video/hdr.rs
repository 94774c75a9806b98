//! Films for screens that shine brighter than ours.

use std::path::Path;

use passerby_compose::creative::video::{Clip, Tools, rgb_of_yuv};
use passerby_compose::slide::{Matrix, MovingPicture};
use tempfile::TempDir;

use crate::alone;
use crate::clips::ffmpeg;
use crate::viewer::{shown, tools};

/// Makes an HDR film of one colour of sRGB, with white at 203 nits.
fn film(path: &Path, colour: &str, transfer: &str) {
    let source = format!(
        "color={colour}:s=160x96:r=12:d=0.3,format=gbrp,zscale=transferin=iec61966-2-1:primariesin=709:transfer=linear:primaries=2020:npl=100,format=gbrpf32le,zscale=transfer={transfer}:matrix=2020_ncl:range=limited:npl=203,format=yuv420p10le"
    );
    let tags = [
        "-c:v",
        "libx265",
        "-preset",
        "veryfast",
        "-x265-params",
        "qp=4:log-level=none",
        "-color_primaries",
        "bt2020",
        "-color_trc",
        transfer,
        "-colorspace",
        "bt2020nc",
        "-color_range",
        "tv",
    ];
    let args = [&["-f", "lavfi", "-i", &source], &tags[..]].concat();
    ffmpeg(&args, path);
}

fn seen(path: &Path) -> [u8; 3] {
    let tools = tools();
    let clip = Clip::probe(&tools, path, "film.mp4").unwrap();
    assert!(clip.is_hdr());
    let video = shown(&tools, &clip, (160, 96));
    assert_eq!(video.coding.matrix, Matrix::Bt709);
    let MovingPicture::Nv12 { luma, chroma, .. } = &video.first else {
        panic!("not a film");
    };
    let (at, pair) = (48 * 160 + 80, 24 * 160 + 80);
    rgb_of_yuv(luma[at], chroma[pair], chroma[pair + 1], video.coding)
}

#[test]
fn their_light_is_brought_down_and_their_colours_stay() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    for transfer in ["smpte2084", "arib-std-b67"] {
        let path = folder.path().join("film.mp4");
        let seen = |colour| {
            film(&path, colour, transfer);
            seen(&path)
        };
        let [white, grey, red, black] = [
            seen("white"),
            seen("0x808080"),
            seen("0xC83C1E"),
            seen("black"),
        ];
        println!("{transfer}: {white:?} {grey:?} {red:?} {black:?}");
        assert!(white[1] > 200, "{transfer}: white is {white:?}");
        assert!(
            (100..=160).contains(&grey[1]),
            "{transfer}: grey is {grey:?}"
        );
        assert!(
            red[0] > 160 && red[1] < 110 && red[2] < 90,
            "{transfer}: red is {red:?}"
        );
        assert!(black[1] < 12, "{transfer}: black is {black:?}");
        for colour in [white, grey, black] {
            let [r, g, b] = colour.map(i16::from);
            assert!(
                (r - g).abs() <= 4 && (b - g).abs() <= 4,
                "{transfer}: {colour:?} has no tint"
            );
        }
    }
    let clip = Clip::probe(&Tools::find(), &folder.path().join("film.mp4"), "film.mp4").unwrap();
    assert!(
        clip.notes()[0].starts_with("it is an HDR film; its light is brought down"),
        "{:?}",
        clip.notes()
    );
}
