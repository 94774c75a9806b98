//! What ffmpeg does with the pictures of a film before they come: onto an even beat, smaller,
//! upright, opaque, and with colours that a screen shows.
//!
//! Colours stay as they are coded, but for two kinds of films:
//! - What is transparent is laid on the paper of the slide. Its numbers are made limited in range
//!   first.
//! - Light of HDR films (ITU-R BT.2100, PQ and HLG) is brought down to BT.709 with 203 nits for
//!   white (ITU-R BT.2408), and what is brighter is bent into what is left. That happens at the
//!   size on screen, in linear light.

use crate::creative::video::colour::nv12_of_rgb;
use crate::creative::video::decoder::DecoderKind;
use crate::creative::video::probe::{Clip, Hdr};
use crate::slide::{Matrix, VideoCoding};

/// The light of white in an HDR film, in nits (ITU-R BT.2408).
const WHITE_NITS: u32 = 203;

/// The filters for a film that plays without end, in ffmpeg's words.
pub(super) fn of_film(clip: &Clip, kind: DecoderKind, scaled_px: (u32, u32)) -> String {
    let mut filters: Vec<String> = Vec::new();
    filters.extend(kind.download(clip.has_ten_bits).map(str::to_owned));
    if clip.is_interlaced {
        filters.push("bwdif=mode=send_frame:deint=interlaced".to_owned());
    }
    let rate = clip.rate;
    filters.push(format!(
        "fps={}/{}:start_time=0",
        rate.pictures, rate.seconds
    ));
    if clip.maps_tones() {
        filters.extend(tones(clip, scaled_px));
    } else if kind == DecoderKind::Software && comes_as_it_is(clip, scaled_px) {
        let (width, height) = scaled_px;
        // Does nothing while pictures have this size, if it is told nothing about colours.
        filters.push(format!("scale={width}:{height}:flags=bicubic"));
    } else {
        filters.push(scale(clip, scaled_px));
    }
    if clip.shows_paper() {
        filters.push(on_paper(clip));
    }
    let form = if has_pairs(kind) {
        "format=nv12"
    } else {
        "format=yuv420p"
    };
    filters.push(form.to_owned());
    filters.extend(clip.orientation.filter().map(str::to_owned));
    filters.join(",")
}

/// Whether pictures come with Cb and Cr in turn, as hardware decodes them, and not in a plane for
/// each, as software does.
pub(super) fn has_pairs(kind: DecoderKind) -> bool {
    kind != DecoderKind::Software
}

/// Whether nothing about the decoded pictures has to be changed.
fn comes_as_it_is(clip: &Clip, scaled_px: (u32, u32)) -> bool {
    clip.is_plain
        && clip.coded_px == scaled_px
        && clip.coding == clip.source
        && !clip.source.full_range
        && !clip.shows_paper()
}

/// The filters for one picture with its transparency, as RGBA.
pub(super) fn of_transparent_picture(clip: &Clip, (width, height): (u32, u32)) -> String {
    let mut filters = vec![
        format!("scale={width}:{height}:flags=bicubic{}", from(clip)),
        "format=rgba".to_owned(),
    ];
    filters.extend(clip.orientation.filter().map(str::to_owned));
    filters.join(",")
}

fn scale(clip: &Clip, (width, height): (u32, u32)) -> String {
    let matrix = matrix(clip.coding);
    let range = range(clip.coding);
    format!(
        "scale={width}:{height}:flags=bicubic{}:out_color_matrix={matrix}:out_range={range}",
        from(clip)
    )
}

/// How its numbers come out of the decoder.
fn from(clip: &Clip) -> String {
    if clip.is_rgb {
        return String::new();
    }
    let (matrix, range) = (matrix(clip.source), range(clip.source));
    format!(":in_color_matrix={matrix}:in_range={range}")
}

const fn matrix(coding: VideoCoding) -> &'static str {
    match coding.matrix {
        Matrix::Bt601 => "bt601",
        Matrix::Bt709 => "bt709",
        Matrix::Bt2020 => "bt2020",
    }
}

const fn range(coding: VideoCoding) -> &'static str {
    if coding.full_range { "full" } else { "limited" }
}

/// Lays a film on paper: the paper is a copy of each picture whose numbers are all set to those of
/// the paper.
fn on_paper(clip: &Clip) -> String {
    let paper = nv12_of_rgb(&clip.paper.0.repeat(4), 2, 2, clip.coding);
    let [luma, cb, cr] = paper.map_or([235, 128, 128], |paper| {
        [paper.luma[0], paper.chroma[0], paper.chroma[1]]
    });
    format!(
        "format=yuva420p,split[film][copy];[copy]lutyuv=y={luma}:u={cb}:v={cr}:a=255[paper];[paper][film]overlay=format=yuv420"
    )
}

/// Brings HDR light down to that of usual screens.
fn tones(clip: &Clip, (width, height): (u32, u32)) -> Vec<String> {
    let transfer = match clip.hdr {
        Some(Hdr::Hlg) => "arib-std-b67",
        _ => "smpte2084",
    };
    let (matrix, primaries) = match clip.source.matrix {
        Matrix::Bt2020 => ("2020_ncl", "2020"),
        Matrix::Bt709 => ("709", "709"),
        Matrix::Bt601 => ("170m", "170m"),
    };
    let range = range(clip.source);
    vec![
        format!("scale={width}:{height}:flags=bicubic"),
        format!(
            "zscale=transferin={transfer}:matrixin={matrix}:primariesin={primaries}:rangein={range}:primaries=709:transfer=linear:npl={WHITE_NITS}"
        ),
        "format=gbrpf32le".to_owned(),
        "tonemap=mobius".to_owned(),
        "zscale=transfer=709:matrix=709:range=limited".to_owned(),
        "format=yuv420p".to_owned(),
    ]
}
