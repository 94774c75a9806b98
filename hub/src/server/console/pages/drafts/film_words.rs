//! What is told of films on their way, in the language of who reads it.

use crate::publish::conversion::{Reason, told};
use crate::server::language::Language;

/// What is kept, in Chinese. What a sentence says of one film stands where the braces are.
const IN_CHINESE: [(&str, &str); 11] = [
    (told::LONG, "它超过一小时，请剪短"),
    (
        told::PALE,
        "颜色可能发灰：hub 的 ffmpeg 缺少 zscale 和 tonemap 滤镜",
    ),
    (told::NOT_WRITTEN, "hub 现在写不了文件"),
    (told::NOT_STARTED, "hub 启动不了 ffmpeg，或者写不了文件"),
    (told::DISK_FULL, "hub 的硬盘太满"),
    (
        told::ENDED_OVER,
        "处理它的时候 hub 几次中断；请缩小它，或者重新导出",
    ),
    (
        "it is no film that ffmpeg reads ({}); export it anew",
        "ffmpeg 读不了它（{}）；请重新导出",
    ),
    (
        "it took longer than {} s; make it shorter",
        "处理超过 {} 秒；请剪短",
    ),
    (
        "ffmpeg broke off ({}); make the film smaller, or export it anew",
        "ffmpeg 中断了（{}）；请缩小它，或者重新导出",
    ),
    (
        "the new film would have more than {} MiB; make it shorter",
        "转好的视频会超过 {} MiB；请剪短",
    ),
    (
        "a file with the same content is just being deleted; try again in a minute",
        "内容相同的文件正在被删除，请过一分钟再试",
    ),
];

/// What is told of a film; as it is kept where nobody has words for it.
pub(super) fn told(language: Language, said: &str) -> String {
    if language == Language::English {
        return said.to_owned();
    }
    if let Some(reason) = said.strip_prefix(told::NO_BETTER) {
        let known = Reason::ALL
            .into_iter()
            .find(|known| known.to_string() == reason);
        let reason = known.map_or(reason, |known| reason_words(known)[0]);
        return format!("转出来的也不合适：{reason}");
    }
    let known = IN_CHINESE.iter().find_map(|(english, chinese)| {
        let Some((before, after)) = english.split_once("{}") else {
            return (said == *english).then(|| (*chinese).to_owned());
        };
        let of_this = said.strip_prefix(before)?.strip_suffix(after)?;
        Some(chinese.replace("{}", of_this))
    });
    known.unwrap_or_else(|| said.to_owned())
}

/// Why a film is made anew.
pub(super) const fn reason_words(reason: Reason) -> [&'static str; 2] {
    match reason {
        Reason::Codec => [
            "很多屏幕放不动这种编码",
            "many screens cannot decode its codec, or only slowly",
        ],
        Reason::Profile => [
            "硬件不支持它的编码方式",
            "its codec is in a form that hardware does not decode",
        ],
        Reason::Container => ["它不是 MP4 或 WebM", "its file is neither MP4 nor WebM"],
        Reason::Size => [
            "画面大于 1920 × 1080",
            "it has more pixels than 1920 x 1080",
        ],
        Reason::Rate => ["每秒超过 30 帧", "it has more than 30 pictures a second"],
        Reason::Uneven => ["帧间隔不均匀", "its pictures come unevenly"],
        Reason::Interlaced => [
            "它是隔行扫描的",
            "each of its pictures is two halves (interlaced)",
        ],
        Reason::Pixels => [
            "颜色不是 8 位 4:2:0",
            "it has more than 8 bits a colour, or another form than 4:2:0",
        ],
        Reason::Hdr => [
            "它是 HDR，屏幕显示不了那么亮",
            "it is made for more light than screens show (HDR)",
        ],
        Reason::Bitrate => ["码率超过 20 Mbit/s", "it has more than 20 Mbit a second"],
        Reason::Turned => [
            "画面是横着存的，播放时要逐帧旋转",
            "its pictures lie on their side and would have to be turned one by one",
        ],
        Reason::Sound => [
            "手机和屏幕放不了它的声音",
            "its sound is in a form that phones and screens do not play",
        ],
        Reason::HeadLast => [
            "播放器最先要读的内容在文件末尾",
            "what a player needs first stands at the end of its file",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conversion::ConvertError;
    use crate::store::ClaimError;

    #[test]
    fn whatever_is_told_of_a_film_is_told_in_both_languages() {
        let kept = [
            told::LONG,
            told::PALE,
            told::NOT_WRITTEN,
            told::NOT_STARTED,
            told::DISK_FULL,
            told::ENDED_OVER,
        ];
        let mut kept: Vec<String> = kept.map(str::to_owned).into();
        kept.extend([
            ConvertError::Film("moov".to_owned()).to_string(),
            ConvertError::Late(60).to_string(),
            ConvertError::Broke("signal: 9".to_owned()).to_string(),
            ConvertError::TooLarge(512).to_string(),
            ClaimError::Dropped.to_string(),
        ]);
        let reasons = Reason::ALL.into_iter();
        kept.extend(reasons.map(|reason| format!("{}{reason}", told::NO_BETTER)));
        for said in kept {
            assert_eq!(told(Language::English, &said), said);
            let chinese = told(Language::Chinese, &said);
            assert!(chinese.chars().any(|c| c >= '一'), "{said}");
            for word in [" it ", " the ", "{}"] {
                assert!(!chinese.contains(word), "{chinese}");
            }
        }
        let film = ConvertError::Film("moov atom not found".to_owned()).to_string();
        assert_eq!(
            told(Language::Chinese, &film),
            "ffmpeg 读不了它（moov atom not found）；请重新导出"
        );
        assert_eq!(told(Language::Chinese, "of a newer hub"), "of a newer hub");
    }
}
