//! What is wrong with a file, in the words of whoever reads: of what has a form of its own in both
//! languages, of everything else as the judge said it, in English.

use passerby_protocol::content_fault::{ContentFault, OtherFile};
use passerby_protocol::creative::CreativeKind;

use crate::server::console::{field_words, rule_words};
use crate::server::language::Language;

/// Says it; `words` are the judge's own.
pub(crate) fn said(language: Language, words: &str, fault: Option<&ContentFault>) -> String {
    match (language, fault) {
        (Language::Chinese, Some(fault)) => chinese(fault),
        _ => words.to_owned(),
    }
}

/// In which language a text is, for whoever reads it aloud; `None` where it is that of the page.
pub(crate) fn language_of(
    language: Language,
    fault: Option<&ContentFault>,
) -> Option<&'static str> {
    (language == Language::Chinese && fault.is_none()).then_some("en")
}

fn chinese(fault: &ContentFault) -> String {
    match *fault {
        ContentFault::Empty => "文件是空的，请重新复制一次".to_owned(),
        ContentFault::Changed => "文件在排期之后变了，请重新载入内容，或放回原来的文件".to_owned(),
        ContentFault::TooManyBytes {
            bytes,
            bytes_max,
            kind,
        } => format!(
            "文件有 {}，{}最大 {}，请改小一些",
            size(bytes),
            kind_words(kind),
            size(bytes_max)
        ),
        ContentFault::FileTooLarge { mib_max } => {
            format!("文件超过 {mib_max} MiB，请导出得小一些")
        }
        ContentFault::NoPicture => {
            "不管名字叫什么，它不是 JPEG、PNG、WebP、GIF 或 SVG 图片，请导出成其中一种".to_owned()
        }
        ContentFault::WebPageAsPicture => "这是用图片的名字保存的网页，请保存图片本身".to_owned(),
        ContentFault::OtherFile { what } => format!(
            "不管名字叫什么，这是{}，请导出成 JPEG 或 PNG",
            other_words(what)
        ),
        ContentFault::NoPixels => "图片里没有像素，请重新导出".to_owned(),
        ContentFault::SideTooLong {
            width,
            height,
            side_max,
        } => format!("图片有 {width} × {height} 像素，每边最多 {side_max}，请改小一些"),
        ContentFault::TooManyPixels {
            width,
            height,
            million_max,
        } => format!(
            "图片有 {width} × {height} 像素，最多 {} 万像素，请改小一些",
            million_max * 100
        ),
        ContentFault::ProgressiveTooLarge {
            width,
            height,
            million_max,
        } => format!(
            "渐进式 JPEG 有 {width} × {height} 像素，最多 {} 万像素，请导出成普通 JPEG，或改小一些",
            million_max * 100
        ),
        ContentFault::PixelsTooDeep {
            width,
            height,
            bytes_a_pixel,
            mib_max,
        } => format!(
            "{width} × {height} 像素、每像素 {bytes_a_pixel} 字节，打开要超过 {mib_max} MiB 内存，请按每通道 8 位导出，或改小一些"
        ),
        ContentFault::NeedsMemory => "打开这张图片要太多内存，请改小一些".to_owned(),
        ContentFault::CutOff => "图片不完整，后面一截没有了，请重新复制一次".to_owned(),
        ContentFault::PartDamaged => {
            "图片损坏或不完整，有一部分读不出来，请重新复制或重新导出".to_owned()
        }
        ContentFault::Damaged => "图片损坏了，请重新导出".to_owned(),
        ContentFault::Unsupported => "不支持这种图片，请重新导出成 JPEG 或 PNG".to_owned(),
        ContentFault::AnimationTooLarge {
            width,
            height,
            million_max,
            side_max,
        } => format!(
            "动图有 {width} × {height} 像素，最多 {} 万像素、每边 {side_max}，请改小一些，或做成视频",
            million_max * 100
        ),
        ContentFault::AnimationTooLong { frames, frames_max } => {
            format!("动图有 {frames} 帧，最多 {frames_max} 帧，请缩短，或做成视频")
        }
        ContentFault::AnimationTooMuch {
            frames,
            width,
            height,
            million_max,
        } => format!(
            "动图有 {frames} 帧、每帧 {width} × {height} 像素，全部加起来最多 {} 亿像素，请做成视频",
            million_max / 100
        ),
        ContentFault::NoFilm => {
            "不管名字叫什么，它不是能播放的 MP4、MOV 或 WebM 视频，请重新导出成 H.264 的 MP4"
                .to_owned()
        }
        ContentFault::SoundOnly => "里面只有声音，没有画面，请重新导出成 H.264 的 MP4".to_owned(),
        ContentFault::PictureAsFilm => {
            "不管名字叫什么，这是一张图片（HEIF 或 AVIF），请存成 JPEG 或 PNG".to_owned()
        }
        ContentFault::FilmTooLong { minutes_max } => {
            format!("视频超过 {minutes_max} 分钟，请剪短")
        }
        ContentFault::FilmTooLarge {
            width: 0,
            height: 0,
        } => "视频画面超过 4096 × 2304 像素，请按 1920 × 1080 导出".to_owned(),
        ContentFault::FilmTooLarge { width, height } => {
            format!("视频画面有 {width} × {height} 像素，超过 4096 × 2304，请按 1920 × 1080 导出")
        }
        ContentFault::PackedDrawing => {
            "这是压缩过的 SVG（SVGZ），不支持，请存成普通 SVG".to_owned()
        }
        ContentFault::DrawingTooLarge { mib_max } => {
            format!("SVG 超过 {mib_max} MiB，请导出成 PNG，或改小一些")
        }
        ContentFault::TooSlow { seconds_max } => {
            format!("检查它用了超过 {seconds_max} 秒，请改小或改简单一些，或重新导出")
        }
        ContentFault::TooMuchMemory { mib_max } => {
            format!("打开它要超过 {mib_max} MiB 内存，请改小一些")
        }
        ContentFault::BrokeOff => "检查它的程序中途退出了，请重新导出".to_owned(),
        ContentFault::CodeTooFar {
            distance_cm,
            reach_cm,
        } => format!(
            "码太小：人们站在 {} 米外，最大的码只能从 {} 米内扫到",
            metres(distance_cm),
            metres(reach_cm)
        ),
        ContentFault::CodeTooSmall { needed, room } => {
            format!("码太小：需要 {needed} 像素，只有 {room} 像素的地方")
        }
        ContentFault::CodeTooShort {
            dwell_ms,
            needed_ms,
        } => format!(
            "停留太短：码只出现 {} 秒，至少要 {} 秒才来得及扫",
            seconds(dwell_ms),
            seconds(needed_ms)
        ),
        ContentFault::CodeTooPale => "屏幕上的光太强，码的黑白不够分明".to_owned(),
        ContentFault::CodeTooNearEdge { needed, room } => {
            format!("码会碰到屏幕边缘：需要 {needed} 像素，只有 {room} 像素")
        }
        ContentFault::Field { ref what } => field_words::said(what),
        ContentFault::Rule { ref what } => rule_words::said(what),
    }
}

const fn kind_words(kind: CreativeKind) -> &'static str {
    match kind {
        CreativeKind::Picture => "图片",
        CreativeKind::Drawing => "SVG 图",
        CreativeKind::Video => "视频",
        CreativeKind::Card => "卡片",
        CreativeKind::Ticker => "滚动字幕",
        CreativeKind::Page => "网页",
    }
}

const fn other_words(what: OtherFile) -> &'static str {
    match what {
        OtherFile::Heic => " HEIC 图片",
        OtherFile::Avif => " AVIF 图片",
        OtherFile::Pdf => " PDF 文档",
        OtherFile::Bmp => " BMP 图片",
        OtherFile::Tiff => " TIFF 图片",
        OtherFile::Icon => "图标",
        OtherFile::Film => "视频或声音",
    }
}

fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 {
        format!("{} MiB", bytes.div_ceil(1 << 20))
    } else {
        format!("{bytes} 字节")
    }
}

fn metres(cm: u32) -> String {
    format!("{}.{}", cm / 100, cm % 100 / 10)
}

fn seconds(ms: u64) -> String {
    format!("{}.{}", ms / 1_000, ms % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_said_with_its_numbers_and_what_has_no_form_stays_in_english() {
        let fault = ContentFault::SideTooLong {
            width: 30_000,
            height: 4,
            side_max: 20_000,
        };
        let words = fault.to_string();
        let of = |language, fault| said(language, &words, fault);
        assert_eq!(
            of(Language::Chinese, Some(&fault)),
            "图片有 30000 × 4 像素，每边最多 20000，请改小一些"
        );
        assert_eq!(of(Language::English, Some(&fault)), words);
        assert_eq!(of(Language::Chinese, None), words);
        assert_eq!(language_of(Language::Chinese, None), Some("en"));
        assert_eq!(language_of(Language::Chinese, Some(&fault)), None);
        let code = ContentFault::CodeTooShort {
            dwell_ms: 3_000,
            needed_ms: 6_500,
        };
        assert!(chinese(&code).contains("3.0 秒，至少要 6.5 秒"));
    }
}
