use super::*;

fn wide(text: &str, has_mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = has_mark.then_some(0xFEFF).into_iter();
    mark.chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// A text in an encoding that encoding_rs writes.
fn saved_as(label: &str, text: &str) -> Vec<u8> {
    let encoding = Encoding::for_label(label.as_bytes()).expect("an encoding");
    let (bytes, _, is_lossy) = encoding.encode(text);
    assert!(!is_lossy, "{text} in {label}");
    bytes.into_owned()
}

#[track_caller]
fn assert_decoded(bytes: &[u8], text: &str) {
    let decoded = decode(bytes).unwrap_or_else(|| panic!("{text}: no text: {bytes:x?}"));
    assert_eq!(decoded.text, text, "as {}", decoded.encoding);
    assert_eq!(decoded.damaged, 0);
}

const MESSAGES: [&str; 11] = [
    // As Hangul: 헝접섦낮잼.
    "请立即撤离",
    "着火了",
    "火警",
    "请立即撤离大楼",
    "火警！请走楼梯，不要使用电梯。",
    "紧急通知\r\n地铁2号线暂停运营，请改乘公交车。\r\n",
    "停电",
    "Fire alarm: leave the building by exit B",
    "着火了 FIRE 离开",
    "Evacuate now / 请撤离 / 避難してください",
    "全体人员注意：三号楼发生燃气泄漏，请勿使用明火，立即前往操场集合。",
];

#[test]
fn unicode_in_every_form_is_read() {
    for text in MESSAGES {
        assert_decoded(text.as_bytes(), text);
        assert_decoded(format!("\u{feff}{text}").as_bytes(), text);
        // Without a mark, some short texts could be others: 停电 is then \\P5u.
        for has_mark in [true, text.chars().count() < 5] {
            assert_decoded(&wide(text, has_mark, u16::to_le_bytes), text);
            assert_decoded(&wide(text, has_mark, u16::to_be_bytes), text);
        }
    }
}

#[test]
fn what_notepad_calls_ansi_is_read_in_the_encodings_of_many_countries() {
    for text in MESSAGES.into_iter().filter(|text| !text.contains('避')) {
        assert_decoded(&saved_as("gbk", text), text);
        assert_decoded(&saved_as("gb18030", text), text);
    }
    for (label, text) in [
        ("big5", "緊急通知：請立即離開大樓，不要使用電梯。"),
        ("big5", "火警！請走樓梯"),
        (
            "windows-1252",
            "Achtung: Bitte verlassen Sie das Gebäude über die Treppe",
        ),
        ("windows-1252", "Évacuez le bâtiment immédiatement"),
        (
            "windows-1252",
            "Feueralarm – bitte ruhig bleiben, Türen schließen",
        ),
        ("windows-1251", "Внимание! Немедленно покиньте здание"),
        ("shift_jis", "火災です。すぐに避難してください。"),
        ("euc-kr", "화재 발생! 즉시 건물 밖으로 대피하십시오"),
        ("windows-1250", "Proszę natychmiast opuścić budynek"),
        ("windows-1253", "Εκκενώστε αμέσως το κτίριο"),
    ] {
        assert_decoded(&saved_as(label, text), text);
    }
}

#[test]
fn what_was_damaged_is_still_read_and_counted() {
    let mut bytes = "请立即撤离大楼，走楼梯，不要使用电梯。".as_bytes().to_vec();
    bytes[4] = 0xff;
    let decoded = decode(&bytes).expect("a text");
    assert_eq!(decoded.encoding, "UTF-8");
    assert!(decoded.damaged > 0 && decoded.text.ends_with("不要使用电梯。"));
}

/// A text in each of the encodings that have two bytes a character.
const EAST_ASIAN: [(&str, &str); 5] = [
    (
        "gbk",
        "紧急疏散\n请立即从最近的出口离开大楼，不要使用电梯。",
    ),
    (
        "big5",
        "緊急疏散\n請立即從最近的出口離開大樓，不要使用電梯。",
    ),
    (
        "shift_jis",
        "緊急のお知らせ\nただちに最寄りの出口から避難してください。",
    ),
    (
        "euc-jp",
        "緊急のお知らせ\nただちに最寄りの出口から避難してください。",
    ),
    (
        "euc-kr",
        "긴급 대피\n즉시 가장 가까운 출구로 건물을 나가십시오.",
    ),
];

/// Decodes what must be read but for one place, and says so.
#[track_caller]
fn assert_damaged_in_one_place(bytes: &[u8], text: &str) {
    let decoded = decode(bytes).unwrap_or_else(|| panic!("{text}: no text"));
    let shown = &decoded.text;
    assert!(decoded.is_doubtful, "as {}: {shown}", decoded.encoding);
    let lost = text.chars().filter(|&c| !shown.contains(c)).count();
    assert!(
        lost <= 2 && decoded.damaged <= 1,
        "as {}: {shown}",
        decoded.encoding
    );
}

#[test]
fn one_bad_byte_costs_a_text_in_an_east_asian_encoding_one_place_of_it() {
    for (label, text) in EAST_ASIAN {
        for repeats in [1, 8] {
            let text = text.repeat(repeats);
            let whole = saved_as(label, &text);
            let line_end = whole.iter().position(|&byte| byte == b'\n').expect("one");
            for bad in [0xff, 0xa0, 0x80] {
                // Some of these are a character in some of the encodings.
                let is_one = |label: &str| {
                    let encoding = Encoding::for_label(label.as_bytes()).expect("one");
                    !encoding.decode_without_bom_handling(&[bad]).1
                };
                if is_one(label) {
                    continue;
                }
                assert_damaged_in_one_place(&[whole.as_slice(), &[bad]].concat(), &text);
                let (start, end) = whole.split_at(line_end);
                assert_damaged_in_one_place(&[start, &[bad], end].concat(), &text);
            }
            let cut = &whole[..whole.len() - 1];
            if label != "euc-kr" {
                assert_damaged_in_one_place(cut, &text);
                assert_damaged_in_one_place(&[cut, b"\n"].concat(), &text);
            }
            let mut flipped = whole.clone();
            flipped[line_end + 1] &= 0x7f;
            let decoded = decode(&flipped).expect("a text");
            let end: String = text.chars().skip(text.chars().count() - 12).collect();
            assert!(decoded.text.ends_with(&end), "{label}: {}", decoded.text);
        }
    }
}

#[test]
fn languages_with_letters_are_not_taken_for_damaged_chinese() {
    for (label, text) in [
        (
            "windows-1251",
            "Внимание! Немедленно покиньте здание по лестнице, не пользуйтесь лифтом.",
        ),
        (
            "koi8-r",
            "Внимание! Немедленно покиньте здание по лестнице, не пользуйтесь лифтом.",
        ),
        (
            "windows-1253",
            "Προσοχή! Εκκενώστε αμέσως το κτίριο από τις σκάλες.",
        ),
        (
            "windows-1255",
            "שימו לב! יש לפנות את הבניין מיד דרך המדרגות",
        ),
        (
            "windows-1256",
            "تنبيه! يرجى مغادرة المبنى فورا عبر السلالم وعدم استخدام المصعد",
        ),
        ("windows-874", "โปรดทราบ กรุณาออกจากอาคารทันทีโดยใช้บันได"),
        (
            "windows-1254",
            "Dikkat! Lütfen binayı hemen merdivenlerden boşaltın, asansörü kullanmayın.",
        ),
        (
            "windows-1250",
            "Uwaga! Proszę natychmiast opuścić budynek schodami, nie używać windy.",
        ),
        (
            "windows-1252",
            "Achtung! Bitte verlassen Sie das Gebäude sofort über die Treppe.",
        ),
    ] {
        assert_decoded(&saved_as(label, text), text);
    }
}

#[test]
fn a_text_in_utf_8_with_one_emoji_in_surrogates_is_read_as_utf_8() {
    // As programs write 🔥 that take UTF-16 for characters (CESU-8).
    let mut bytes = b"Fire \xed\xa0\xbd\xed\xb4\xa5\n".to_vec();
    bytes.extend("出口请走这边，不要慌张".as_bytes());
    let decoded = decode(&bytes).expect("a text");
    assert_eq!(decoded.text, "Fire \u{fffd}\n出口请走这边，不要慌张");
    assert_eq!((decoded.encoding, decoded.damaged), ("UTF-8", 1));
}

#[test]
fn a_few_control_characters_are_left_out_and_ends_of_pages_end_lines() {
    let message = "紧急疏散\n请立即从最近的出口离开大楼，不要使用电梯。";
    for (odd, plain) in [
        ("\u{1a}", ""),
        ("\u{7f}", ""),
        ("\u{1f}", ""),
        ("\0", ""),
        ("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", ""),
        ("\u{c}", "\n"),
        ("\u{b}", "\n"),
        ("\u{85}", "\n"),
    ] {
        let [written, expected] = [odd, plain].map(|end| format!("{message}{end}"));
        assert_decoded(written.as_bytes(), &expected);
        assert_decoded(&wide(&written, true, u16::to_le_bytes), &expected);
        assert_decoded(&wide(&written, true, u16::to_be_bytes), &expected);
        if odd != "\u{85}" {
            assert_decoded(&saved_as("gbk", &written), &expected);
        }
    }
    for (written, plain) in [
        ("Fire\u{7}\nLeave", "Fire\nLeave"),
        ("Fire\u{b}Leave now", "Fire\nLeave now"),
        ("Fire\u{1b}[0m now", "Fire[0m now"),
        ("Fire\0\nLeave now by exit B", "Fire\nLeave now by exit B"),
        ("紧急\0疏散\n请立即离开", "紧急疏散\n请立即离开"),
        ("Fire\u{1a}", "Fire"),
    ] {
        assert_decoded(written.as_bytes(), plain);
    }
    // Its NUL is a part of the line end.
    assert_decoded(&wide("停电\n", false, u16::to_le_bytes), "停电\n");
    assert_decoded(b"\x1b$B2P;v\x1b(B FIRE", "火事 FIRE");
}

#[test]
fn what_is_no_text_is_none() {
    let mut noise = Vec::new();
    let mut state = 7_u32;
    for _ in 0..4_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push(state.to_be_bytes()[0]);
    }
    for bytes in [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80".as_slice(),
        b"\x7fELF\x02\x01\x01\0\0\0\0\0",
        b"PK\x03\x04\x14\0\0\0\x08\0",
        &[0; 100],
        b"\x07\x1b[2J",
        &noise,
    ] {
        let decoded = decode(bytes);
        assert_eq!(decoded, None, "{bytes:x?}");
    }
}

#[test]
fn toml_is_utf_8_and_what_is_not_is_told_with_its_encoding() {
    let text = "title = '周五夜，手冲与爵士'\nheadline = '咖啡会唱歌'\n";
    assert_eq!(toml_text(text.into()).as_deref(), Ok(text));
    assert_eq!(
        toml_text(format!("\u{feff}{text}").into()).as_deref(),
        Ok(text)
    );
    for (bytes, encoding) in [
        (wide(text, true, u16::to_le_bytes), "UTF-16LE"),
        (wide(text, true, u16::to_be_bytes), "UTF-16BE"),
        (wide(text, false, u16::to_le_bytes), "UTF-16LE"),
        // Such a text is valid UTF-8 byte for byte.
        (wide("title = 'x'\n", false, u16::to_le_bytes), "UTF-16LE"),
        (saved_as("gbk", text), "GBK"),
    ] {
        let expected = format!(
            "it is not UTF-8 text but {encoding}; save it as UTF-8 (in Notepad: Save as, Encoding, UTF-8)"
        );
        let told = toml_text(bytes).expect_err("not in UTF-8");
        assert_eq!(told.words, expected);
        let encoding = Some(encoding.to_owned());
        assert_eq!(told.fault, Some(FieldFault::NotUtf8 { encoding }.into()));
    }
    let noise = toml_text(vec![0xff; 9]).expect_err("no text");
    assert!(noise.words.starts_with("it is not UTF-8 text"), "{noise}");
}

#[test]
fn no_bytes_make_it_panic() {
    let mut state = 1_u32;
    for length in 0..600 {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect();
        if let Some(decoded) = decode(&bytes) {
            assert!(!decoded.text.contains('\0'));
        }
    }
}

#[test]
fn a_guess_from_few_bytes_says_that_it_may_be_wrong() {
    for (label, text) in [
        ("gbk", "停业"),
        ("gbk", "停电"),
        ("windows-1252", "Über"),
        ("windows-1252", "Café fermé"),
        ("windows-1252", "Größe"),
    ] {
        let decoded = decode(&saved_as(label, text)).expect(text);
        assert_eq!(
            (decoded.text.as_str(), decoded.is_doubtful),
            (text, true),
            "as {}",
            decoded.encoding
        );
    }
    for text in ["停业", "Über", "火警", "газ", "өрт", "حريق", "🎉", "²"] {
        assert_eq!(
            decode(text.as_bytes()).map(|it| it.is_doubtful),
            Some(false)
        );
    }
    for (label, text) in [
        ("gbk", "请立即撤离"),
        ("windows-1252", "Bitte verlassen Sie das Gebäude"),
    ] {
        let long = decode(&saved_as(label, text)).expect(text);
        assert!(!long.is_doubtful, "{text}");
    }
}
