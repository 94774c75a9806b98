//! Colours, turn and size of what is seen; names that are only names.

use std::fs;

use passerby_compose::creative::video::{Clip, rgb_of_yuv};
use passerby_compose::slide::{Matrix, MovingPicture, VideoCoding};
use passerby_playout::messages::stage_messages::Health;
use tempfile::TempDir;

use crate::alone;
use crate::clips::{H264, counting, ffmpeg, try_ffmpeg};
use crate::viewer::{luma, opened, shown, tools};

#[test]
fn colours_are_those_that_the_file_says() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let colour = [200_u8, 60, 30];
    for (matrix, space, filter_name) in [
        (Matrix::Bt709, "bt709", "bt709"),
        (Matrix::Bt601, "smpte170m", "bt601"),
        (Matrix::Bt2020, "bt2020nc", "bt2020"),
    ] {
        for (full_range, range, filter_range) in [(false, "tv", "limited"), (true, "pc", "full")] {
            let path = folder.path().join(format!("{space}-{range}.mp4"));
            let source = format!(
                "color=0xC83C1E:s=320x180:r=12:d=0.5,format=rgb24,scale=out_color_matrix={filter_name}:out_range={filter_range},format=yuv420p"
            );
            let tags = ["-colorspace", space, "-color_range", range];
            let args = [&["-f", "lavfi", "-i", &source], H264, &tags].concat();
            ffmpeg(&args, &path);
            for shown_px in [(320, 180), (160, 90)] {
                let tools = tools();
                let clip = Clip::probe(&tools, &path, "flat.mp4").unwrap();
                let video = shown(&tools, &clip, shown_px);
                assert_eq!((video.width_px, video.height_px), shown_px);
                let coding = VideoCoding { matrix, full_range };
                assert_eq!(video.coding, coding, "{space} {range}");
                let MovingPicture::Nv12 { luma, chroma, .. } = &video.first else {
                    panic!("not a video");
                };
                for at in [0, luma.len() / 2, luma.len() - 2] {
                    let pair = at / 2 / 2 * 2;
                    let is = rgb_of_yuv(luma[at], chroma[pair], chroma[pair + 1], coding);
                    for (wanted, is) in colour.iter().zip(is) {
                        assert!(wanted.abs_diff(is) <= 5, "{space} {range} {is}");
                    }
                }
            }
        }
    }
}

#[test]
fn phone_videos_stand_upright_and_large_ones_come_smaller() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let lying = folder.path().join("lying.mp4");
    let path = folder.path().join("upright.mp4");
    // Bright on the left: turned clockwise it is bright above.
    let source = "color=black:s=320x180:r=12:d=0.5,format=yuv420p,geq=lum='if(lt(X,W/2),200,50)':cb=128:cr=128";
    let args = [&["-f", "lavfi", "-i", source], H264].concat();
    ffmpeg(&args, &lying);
    let from = lying.to_str().unwrap();
    let new = ["-display_rotation", "-90", "-i", from, "-c", "copy"];
    let old = ["-i", from, "-c", "copy", "-metadata:s:v:0", "rotate=270"];
    if try_ffmpeg(&new, &path).is_err() {
        ffmpeg(&old, &path);
    }
    let tools = tools();
    let clip = Clip::probe(&tools, &path, "upright.mp4").unwrap();
    assert_eq!(clip.size_px(), (180, 320));
    let video = shown(&tools, &clip, (90, 4000));
    assert_eq!((video.width_px, video.height_px), (90, 160));
    let luma = luma(&video.first);
    assert!(luma[90 * 20 + 45].abs_diff(200) <= 4);
    assert!(luma[90 * 140 + 45].abs_diff(50) <= 4);
}

#[test]
fn odd_names_are_only_names() {
    let _alone = alone();
    let folder = TempDir::new().unwrap();
    let clip = folder.path().join("clip.mp4");
    counting(&clip, "64x36", 3, H264);
    for name in [
        "-i %03d 名字 'x'.mp4",
        "concat:a|b.mp4",
        "http:..x.mp4",
        "a\nb.webm",
    ] {
        let path = folder.path().join(name);
        fs::copy(&clip, &path).unwrap();
        assert!(opened(&path, &Health::default(), None).is_ok(), "{name}");
    }
}
