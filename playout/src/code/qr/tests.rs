//! The contract of versions and levels, held against the library's own ways to encode.

use passerby_testing::random_cases;
use proptest::prelude::*;

use qrcode::QrCode;

use super::*;

/// The smallest version at level M, then the highest level of that version, by trying.
fn by_trying(link: &str) -> QrCode {
    let smallest = QrCode::with_error_correction_level(link, EcLevel::M).expect("fits");
    let version = smallest.version();
    [EcLevel::H, EcLevel::Q]
        .into_iter()
        .find_map(|level| QrCode::with_version(link, version, level).ok())
        .unwrap_or(smallest)
}

fn check(link: &str) {
    let tried = by_trying(link);
    let matrix = QrMatrix::encode(link).expect("fits");
    let plan = QrMatrix::plan(link).expect("fits");
    assert_eq!(plan, matrix.plan);
    assert_eq!(plan.modules(), matrix.modules());
    let (_, segments) = fit(link).expect("fits");
    if !Parser::new(link.as_bytes())
        .optimize(tried.version())
        .eq(segments)
    {
        // Cut better than the library does it: never worse.
        let Version::Normal(version) = tried.version() else {
            panic!("a small code");
        };
        let ours = (-i16::from(plan.version()), plan.level().of_library() as u8);
        assert!(
            ours >= (-version, tried.error_correction_level() as u8),
            "{link:?}"
        );
        return;
    }
    assert_eq!(Version::Normal(matrix.version().into()), tried.version());
    assert_eq!(
        matrix.level().of_library(),
        tried.error_correction_level(),
        "{link:?}"
    );
    assert_eq!(matrix.modules() as usize, tried.width());
    for y in 0..matrix.modules() {
        for x in 0..matrix.modules() {
            let dark = tried[(x as usize, y as usize)] == qrcode::Color::Dark;
            assert_eq!(matrix.is_dark(x, y), dark, "{link:?} at {x}, {y}");
        }
    }
}

#[test]
fn a_token_link_makes_a_small_code_of_a_high_level() {
    let token = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    // Version 3 holds 61 characters of alphanumeric mode at M and 47 at Q; version 4 holds 67 at Q.
    for (link, version, level) in [
        (format!("HTTPS://HUB.EXAMPLE/Q/{token}"), 3, Level::M),
        (format!("HTTPS://A.CN/Q/{token}"), 3, Level::Q),
        (format!("HTTPS://SCREENS.EXAMPLE.DE/Q/{token}"), 3, Level::M),
        (
            format!("HTTPS://SCREENS.OF.EXAMPLE.ORG/Q/{token}"),
            4,
            Level::Q,
        ),
    ] {
        let plan = QrMatrix::plan(&link).expect("fits");
        assert_eq!((plan.version(), plan.level()), (version, level), "{link}");
        assert_eq!(plan.modules(), 17 + 4 * u32::from(version));
        check(&link);
    }
}

#[test]
fn links_of_every_length_get_the_smallest_version_and_its_highest_level() {
    let kinds: [fn(usize) -> char; 3] = [
        |at| char::from(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"[at * 7 % 32]),
        |at| char::from(b'a' + u8::try_from(at * 11 % 26).expect("a letter")),
        |at| char::from(b'0' + u8::try_from(at * 3 % 10).expect("a digit")),
    ];
    for kind in kinds {
        // Each step of a version or a level is met; long codes are slow to make.
        let lengths = (0..400).step_by(3).chain([700, 1_000, 1_500, 2_331]);
        for length in lengths {
            check(&(0..length).map(kind).collect::<String>());
        }
    }
}

#[test]
fn a_link_past_every_version_is_refused() {
    let longest = "x".repeat(2_331);
    assert_eq!(QrMatrix::plan(&longest).expect("fits").version(), 40);
    let longer = "x".repeat(2_332);
    assert_eq!(QrMatrix::plan(&longer), Err(CodeError(2_332)));
    assert_eq!(QrMatrix::encode(&longer), Err(CodeError(2_332)));
}

#[test]
fn other_scripts_go_as_bytes_which_no_reader_takes_for_kanji() {
    // Some of these bytes, in pairs, are letters of Shift JIS.
    for text in ["https://shop.example/书/三体", "あ、書店", "WIFI:S:书店;;"] {
        let byte_mode = Segment {
            mode: Mode::Byte,
            begin: 0,
            end: text.len(),
        };
        let (plan, segments) = fit(text).expect("fits");
        assert!(segments.iter().all(|segment| segment.mode != Mode::Kanji));
        assert!(
            total_encoded_len(&segments, Version::Normal(plan.version.into()))
                <= byte_mode.encoded_len(Version::Normal(plan.version.into())) + 24
        );
        assert!(QrMatrix::encode(text).is_ok());
    }
}

proptest! {
    #![proptest_config(random_cases(64))]

    #[test]
    fn any_text_is_planned_as_it_would_be_by_trying(
        link in "[A-Z0-9:/.]{0,40}[a-z0-9?=&%]{0,30}[0-9]{0,20}[ -~]{0,10}",
    ) {
        check(&link);
    }
}
