//! Answers of ffprobe, and what is made of them.

use serde_json::json;

use super::*;
use crate::slide::Matrix;

fn clip(stream: &Value) -> Result<Clip, String> {
    let mut full = json!({
        "index": 0, "codec_type": "video", "codec_name": "h264", "width": 1920, "height": 1080,
        "pix_fmt": "yuv420p", "avg_frame_rate": "25/1", "r_frame_rate": "25/1",
    });
    for (key, value) in stream.as_object().expect("an object") {
        full[key] = value.clone();
    }
    let answer = json!({"streams": [full]});
    Clip::from_answer(&answer, Path::new("x.mp4"), "x.mp4", Container::Mp4).map_err(String::from)
}

/// A clip that is played.
fn good(stream: &Value) -> Clip {
    clip(stream).expect("it is played")
}

#[test]
fn sizes_are_even_and_never_grow() {
    let hd = good(&json!({}));
    assert_eq!(hd.decoded_px((4000, 4000)), (1920, 1080));
    assert_eq!(hd.decoded_px((1000, 1000)), (1000, 562));
    assert_eq!(hd.decoded_px((1, 1)), (2, 2));
    let odd = good(&json!({"width": 321, "height": 181}));
    assert_eq!(odd.decoded_px((1920, 1080)), (320, 180));
}

#[test]
fn turned_and_oblong_videos_are_seen_upright_and_square() {
    let phone = good(&json!({"side_data_list": [{"rotation": -90}]}));
    assert_eq!(phone.orientation, Orientation::Clockwise);
    assert_eq!(phone.size_px(), (1080, 1920));
    assert_eq!(phone.decoded_px((540, 2000)), (540, 960));
    let old = good(&json!({"tags": {"rotate": "270"}}));
    assert_eq!(old.orientation, Orientation::CounterClockwise);
    let tv = json!({"width": 720, "height": 576, "sample_aspect_ratio": "64:45"});
    assert_eq!(good(&tv).size_px(), (720, 405));
    let odd = json!({"sample_aspect_ratio": "1:4000"});
    assert_eq!(good(&odd).size_px(), (1920, 1080));
}

#[test]
fn unmarked_colours_are_those_that_are_usual() {
    let matrix = |stream: Value| good(&stream).coding.matrix;
    assert_eq!(matrix(json!({"height": 720})), Matrix::Bt709);
    assert_eq!(matrix(json!({"height": 576})), Matrix::Bt601);
    assert_eq!(
        matrix(json!({"height": 576, "color_space": "bt709"})),
        Matrix::Bt709
    );
    assert_eq!(matrix(json!({"color_space": "bt2020nc"})), Matrix::Bt2020);
    let range = |stream: Value| good(&stream).coding.full_range;
    assert!(!range(json!({})));
    assert!(range(json!({"color_range": "pc"})));
    assert!(range(json!({"pix_fmt": "yuvj420p"})));
    assert!(!range(json!({"pix_fmt": "gbrp", "color_range": "pc"})));
}

#[test]
fn what_is_beyond_limits_or_unknown_is_refused_with_advice() {
    for (stream, words) in [
        (json!({"width": 8193, "height": 16}), "8193 × 16"),
        (json!({"width": 7680, "height": 4320}), "4096 × 2304"),
        (json!({"width": 0}), "no size"),
        (json!({"duration": "3601.0"}), "60 minutes"),
        (json!({"codec_name": "wmv3"}), "wmv3"),
        (json!({"codec_type": "audio"}), "no moving pictures"),
        (
            json!({"disposition": {"attached_pic": 1}}),
            "no moving pictures",
        ),
        (json!({"pix_fmt": null}), "cannot be decoded"),
    ] {
        let trouble = clip(&stream).expect_err("it is refused");
        assert!(trouble.contains(words), "{trouble}");
        assert!(trouble.contains("; "), "{trouble}");
    }
}

#[test]
fn lengths_are_those_of_the_pictures() {
    let length = |stream: Value| good(&stream).length();
    let two = Some(Duration::from_secs(2));
    assert_eq!(length(json!({"duration": "2.000000"})), two);
    assert_eq!(
        length(json!({"tags": {"DURATION": "00:00:02.000000000"}})),
        two
    );
    assert_eq!(length(json!({"duration": "-7"})), None);
    assert_eq!(length(json!({"duration": "NaN"})), None);
}
