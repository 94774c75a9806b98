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
        b"bell \x07 and \x1b[2J",
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
        assert_eq!(toml_text(bytes), Err(expected));
    }
    let noise = toml_text(vec![0xff; 9]).expect_err("no text");
    assert!(noise.starts_with("it is not UTF-8 text"), "{noise}");
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
