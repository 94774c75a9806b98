//! Colour profiles of every kind, on files that Little CMS made or shows.

use super::*;

#[test]
fn profiles_of_every_kind_become_srgb() {
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [200; 3]];
    let inks = [[245, 49, 47], [46, 245, 47], [44, 48, 246], [198; 3]];
    let cases = [
        ("profile_adobe.jpg", colours, 6),
        ("profile_two_pieces.jpg", colours, 6),
        ("profile_srgb.jpg", colours, 6),
        ("profile_prophoto16.png", colours, 8),
        ("profile_swapped.png", colours, 3),
        ("profile_alpha.png", colours, 4),
        ("profile_p3.webp", colours, 4),
        ("cicp_p3.png", colours, 4),
        ("gamma_adobe.png", colours, 4),
        // What Little CMS shows of them, as profiles.py prints it.
        ("profile_cmyk.jpg", inks, 8),
        (
            "profile_grey.png",
            [[0; 3], [255; 3], [127; 3], [200; 3]],
            2,
        ),
        (
            "profile_grey_rgb.jpg",
            [[0; 3], [255; 3], [105; 3], [215; 3]],
            3,
        ),
    ];
    for (name, expected, tolerance) in cases {
        let found = quarters(&opened(&media(name)).expect(name));
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let near = found
                .iter()
                .zip(expected)
                .all(|(found, expected)| found.abs_diff(expected) <= tolerance);
            assert!(near || found[3] == 0, "{name}, quarter {at}: {found:?}");
        }
        assert_eq!(found[3][3] == 0, name == "profile_alpha.png", "{name}");
        let inspected = inspect(&media(name), &fonts::Fonts::default()).expect(name);
        assert_eq!(inspected.notes, [""; 0], "{name}");
    }
}

#[test]
fn frames_of_animations_are_in_srgb_too() {
    for name in ["profile.apng", "profile_moving.webp"] {
        let bitmap = opened(&media(name)).expect(name);
        for (found, expected) in quarters(&bitmap)
            .iter()
            .flatten()
            .zip([255, 0, 0, 255].iter().cycle())
        {
            assert!(found.abs_diff(*expected) <= 4, "{name}: {found}");
        }
    }
}

#[test]
fn a_profile_that_is_no_use_costs_a_note_and_not_the_picture() {
    let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [200; 3]];
    for (name, why) in [
        ("profile_cut.png", "is damaged"),
        ("profile_noise.jpg", "is damaged"),
        ("profile_of_inks.png", "is made for other colours"),
    ] {
        let found = quarters(&opened(&media(name)).expect(name));
        for (found, expected) in found.iter().zip(colours) {
            let near = found
                .iter()
                .zip(expected)
                .all(|(found, expected)| found.abs_diff(expected) <= 6);
            assert!(near, "{name}: {found:?}");
        }
        let inspected = inspect(&media(name), &fonts::Fonts::default()).expect(name);
        assert_eq!(inspected.notes.len(), 1, "{name}: {:?}", inspected.notes);
        assert!(inspected.notes[0].contains(why), "{:?}", inspected.notes);
        assert!(inspected.notes[0].contains("; export it"), "{name}");
    }
}
