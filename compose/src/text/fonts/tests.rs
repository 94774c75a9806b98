//! Fonts as operators bring them, good and bad.

use passerby_testing::required_file;

use super::*;
use crate::text::fonts::files::FILE_BYTES_MAX;

/// Where Debian puts the fonts of `fonts-noto-core` and `fonts-noto-cjk`.
const NOTO: &str = "/usr/share/fonts/truetype/noto";
const NOTO_CJK: &str = "/usr/share/fonts/opentype/noto";

fn folder_with(names: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (place, name) in names {
        let font = format!("{place}/{name}");
        std::fs::copy(required_file(&font), folder.path().join(name)).expect("copies");
    }
    folder
}

#[test]
fn missing_glyphs_finds_rare_hanzi_and_emoji_and_nothing_else() {
    let missing_glyphs = |text| Fonts::default().missing_glyphs(text);
    assert_eq!(missing_glyphs("读𠀀书🎉，Ünïcode «ok» 🎉"), ['𠀀', '🎉']);
    assert!(missing_glyphs("路过地铁站，看到想读的书。Scan to buy! ¥99 №5 →").is_empty());
    assert!(missing_glyphs("Добро пожаловать こんにちは \u{200f}\u{fe0f}").is_empty());
    assert_eq!(missing_glyphs("مرحبا").len(), 5);
}

#[test]
fn a_font_in_a_folder_fills_what_the_bundled_ones_lack() {
    let folder = folder_with(&[
        (NOTO, "NotoSansArabic-Regular.ttf"),
        (NOTO, "NotoSansArabic-Bold.ttf"),
        (NOTO, "NotoSansHebrew-Regular.ttf"),
    ]);
    let folders = [folder.path().to_owned()];
    let (fonts, problems) = Fonts::load(&folders);
    assert!(problems.is_empty(), "{problems:?}");
    assert!(fonts.missing_glyphs("مرحبا بكم שלום").is_empty());
    assert_eq!(
        fonts.lacking("한국").as_deref(),
        Some("한 (U+D55C), 국 (U+AD6D)")
    );
    let many: String = ('가'..='갍').collect();
    let named = fonts.lacking(&many).expect("none of them");
    assert!(named.ends_with("갉 (U+AC09) and 4 more"), "{named}");
    assert_eq!(
        fonts.families("مرحبا"),
        [BUNDLED, "Noto Sans Arabic", "Noto Sans Hebrew"].map(FontFamilyName::named)
    );
    assert!(fonts.face_of('م', true).is_some());
}

#[test]
fn japanese_and_korean_lead_with_a_font_made_for_them() {
    let folder = folder_with(&[(NOTO_CJK, "NotoSansCJK-Regular.ttc")]);
    let (fonts, problems) = Fonts::load(&[folder.path().to_owned()]);
    assert!(problems.is_empty(), "{problems:?}");
    let first = |text: &str| fonts.families(text).remove(0);
    assert_eq!(first("読書の秋"), FontFamilyName::named("Noto Sans CJK JP"));
    assert_eq!(first("가을"), FontFamilyName::named("Noto Sans CJK KR"));
    assert_eq!(first("读书"), FontFamilyName::named(BUNDLED));
    assert!(fonts.missing_glyphs("가을 読書").is_empty());
}

#[test]
fn bad_fonts_cost_one_problem_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("writes");
    };
    write("a.ttf", b"");
    write("b.otf", &[0xA7; 9_000]);
    write("c.ttf", &REGULAR[..20_000]);
    write("d.otf", &REGULAR[..200]);
    write("notes.txt", b"not a font, and not asked for");
    std::fs::create_dir(folder.path().join("e.ttf")).expect("makes it");
    let mut damaged = REGULAR[..400_000].to_vec();
    for at in (12..damaged.len()).step_by(61) {
        damaged[at] ^= 0x5A;
    }
    write("f.otf", &damaged);
    let missing = folder.path().join("nowhere");
    let (fonts, problems) = Fonts::load(&[folder.path().to_owned(), missing]);
    assert_eq!(problems.len(), 7, "{problems:#?}");
    assert!(
        problems[0].to_string().contains("a.ttf: it is no font"),
        "{problems:?}"
    );
    assert!(problems[6].to_string().contains("nowhere: the font folder"));
    assert!(fonts.missing_glyphs("读书 Books").is_empty());
}

#[test]
fn more_files_than_the_limit_are_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    for at in 0..=FILES_MAX {
        std::fs::write(folder.path().join(format!("{at:03}.ttf")), b"x").expect("writes");
    }
    let (_, problems) = Fonts::load(&[folder.path().to_owned()]);
    assert_eq!(problems.len(), FILES_MAX + 1);
    assert!(problems[FILES_MAX].message.contains("more than 64 fonts"));
    let big = folder.path().join("000.ttf");
    let file = std::fs::File::create(&big).expect("makes it");
    file.set_len(FILE_BYTES_MAX + 1).expect("stretches it");
    let refused = files::read(&big, BYTES_MAX).expect_err("refused");
    assert!(refused.contains("larger than 64 MiB"), "{refused}");
}
