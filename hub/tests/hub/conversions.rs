//! Films that screens would refuse, or that are larger than they need, are converted by ffmpeg,
//! which is held to its limits and leaves nothing behind.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use passerby_hub::publish::conversion::{
    ConvertError, Converter, MEMORY_BYTES_MAX, Reason, TIME_MAX,
};
use passerby_testing::required_program;
use serde_json::Value;

use crate::processes::small_disk::SmallDisk;
use crate::stand::hub_command;

/// Largest film of these tests, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

fn converter() -> Converter {
    Converter::new(env!("CARGO_BIN_EXE_passerby-hub").into())
}

/// Makes a film.
fn film(file: &Path, source: &str, options: &[&str]) {
    let made = Command::new(required_program("ffmpeg"))
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", source])
        .args(options)
        .arg(file)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

/// Every name in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_film_that_screens_would_refuse_becomes_one_that_they_play_with_a_poster() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let old = "testsrc2=size=2560x1440:rate=60:duration=3";
    film(&at("old.avi"), old, &["-c:v", "mpeg4"]);
    let output = hub_command()
        .args(["convert", "--json", "--poster"])
        .args([at("poster.jpg"), at("old.avi"), at("new.mp4")])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("100 %"), "{told}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let reasons: Vec<&str> = said["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        ["codec", "container", "size", "rate"]
            .iter()
            .all(|wanted| reasons.contains(wanted)),
        "{said}"
    );
    let new = converter().facts(&at("new.mp4")).unwrap();
    assert_eq!(new.reasons(), Vec::<Reason>::new(), "{new:?}");
    assert_eq!((new.codec.as_str(), new.size_px), ("h264", (1_920, 1_080)));
    // Its head stands first, so that it begins before all of it is there.
    let bytes = fs::read(at("new.mp4")).unwrap();
    let place = |name: &[u8]| bytes.windows(4).position(|four| four == name).unwrap();
    assert!(place(b"moov") < place(b"mdat"));
    let poster = image::open(at("poster.jpg")).unwrap();
    assert_eq!((poster.width(), poster.height()), (1_920, 1_080));
    assert_eq!(names(folder.path()), ["new.mp4", "old.avi", "poster.jpg"]);

    // Again into the same file, which is not written over; and what is well stays as it is.
    let convert = |from: &str, to: &str| {
        let output = hub_command()
            .arg("convert")
            .args([at(from), at(to)])
            .output();
        let output = output.unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let (code, said) = convert("old.avi", "new.mp4");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("is there already"), "{said}");
    assert_eq!(fs::read(at("new.mp4")).unwrap(), bytes);
    let (code, said) = convert("new.mp4", "newer.mp4");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("play it well as it is"), "{said}");
    assert!(!at("newer.mp4").exists());
}

#[test]
fn what_is_no_film_or_leads_to_other_files_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    film(
        &at("good.mp4"),
        "testsrc2=size=320x180:rate=10:duration=1",
        &["-c:v", "mpeg4"],
    );
    let good = fs::read(at("good.mp4")).unwrap();
    let list = format!(
        "ffconcat version 1.0\nfile '{}'\n",
        at("good.mp4").display()
    );
    let playlist = format!(
        "#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
        at("good.mp4").display()
    );
    for (name, bytes) in [
        ("empty.mp4", Vec::new()),
        ("words.mp4", b"nothing of a film".to_vec()),
        ("cut.mp4", good[..good.len() / 3].to_vec()),
        ("list.mp4", list.into_bytes()),
        ("playlist.mp4", playlist.into_bytes()),
    ] {
        fs::write(at(name), bytes).unwrap();
        let error = converter().facts(&at(name)).unwrap_err();
        assert!(matches!(error, ConvertError::Film(_)), "{name}: {error}");
        fs::remove_file(at(name)).unwrap();
    }
    let missing = converter().facts(&at("missing.mp4")).unwrap_err();
    assert!(matches!(missing, ConvertError::Film(_)), "{missing}");
    // Its head is whole, and what comes after it is not.
    let mut facts = converter().facts(&at("good.mp4")).unwrap();
    facts.seconds = None;
    let error = converter()
        .convert(&at("no.mp4"), &facts, &at("new.mp4"), &mut |_| true)
        .unwrap_err();
    assert!(matches!(error, ConvertError::Film(_)), "{error}");
    assert_eq!(names(folder.path()), ["good.mp4"]);
}

#[test]
fn a_conversion_is_held_to_its_time_memory_and_bytes_and_can_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let noise = "testsrc2=size=640x360:rate=25:duration=20,noise=alls=60:allf=t";
    film(&at("old.avi"), noise, &["-c:v", "mpeg4", "-q:v", "2"]);
    let facts = converter().facts(&at("old.avi")).unwrap();
    let within = |time_max, memory_bytes_max, file_bytes_max| {
        let converter = converter().within(time_max, memory_bytes_max, file_bytes_max);
        converter.convert(&at("old.avi"), &facts, &at("new.mp4"), &mut |_| true)
    };
    let small = within(TIME_MAX, MEMORY_BYTES_MAX, 100 << 10).unwrap_err();
    assert!(matches!(small, ConvertError::TooLarge(_)), "{small}");
    let late = within(Duration::ZERO, MEMORY_BYTES_MAX, FILE_BYTES_MAX).unwrap_err();
    assert!(matches!(late, ConvertError::Late(0)), "{late}");
    assert!(within(TIME_MAX, 96 << 20, FILE_BYTES_MAX).is_err());
    let mut heard = Vec::new();
    let given_up = converter().convert(&at("old.avi"), &facts, &at("new.mp4"), &mut |done| {
        heard.push(done);
        done == 0.0
    });
    assert!(
        matches!(given_up, Err(ConvertError::Cancelled)),
        "{given_up:?}"
    );
    assert!(heard.iter().any(|done| *done > 0.0), "{heard:?}");
    assert_eq!(names(folder.path()), ["old.avi"]);
}

/// A `passerby-hub` whose ffmpeg is a script.
fn converter_with(folder: &Path, ffmpeg: &str) -> Converter {
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).unwrap();
        path
    };
    let ffmpeg = write("ffmpeg", format!("#!/bin/sh\n{ffmpeg}\n"));
    let hub = env!("CARGO_BIN_EXE_passerby-hub");
    let script = format!(
        "#!/bin/sh\nPASSERBY_FFMPEG='{}' exec '{hub}' \"$@\"\n",
        ffmpeg.display()
    );
    Converter::new(write("hub", script))
}

#[test]
fn an_ffmpeg_that_gets_no_further_is_ended_long_before_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let short = "testsrc2=size=320x180:rate=25:duration=1";
    film(&at("old.avi"), short, &["-c:v", "mpeg4"]);
    let facts = converter().facts(&at("old.avi")).unwrap();
    // One says nothing, one says the same for ever.
    let silent = "exec sleep 1000";
    let stuck = "while :; do printf 'frame=3\\nout_time_us=120000\\nspeed=%s\\n' $((n+=1)) >&2; sleep 0.02; done";
    for script in [silent, stuck] {
        let converter = converter_with(folder.path(), script);
        let converter = converter.given_up_after(Duration::from_millis(400));
        let ended = converter
            .convert(&at("old.avi"), &facts, &at("new.mp4"), &mut |_| true)
            .unwrap_err();
        assert!(matches!(ended, ConvertError::Broke(_)), "{ended}");
        assert!(ended.to_string().contains("nothing came of it"), "{ended}");
    }
    assert_eq!(names(folder.path()), ["ffmpeg", "hub", "old.avi"]);
}

#[test]
fn a_disk_that_fills_up_is_no_fault_of_the_film() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let noise = "testsrc2=size=640x360:rate=25:duration=8,noise=alls=60:allf=t";
    film(&at("old.avi"), noise, &["-c:v", "mpeg4", "-q:v", "2"]);
    let facts = converter().facts(&at("old.avi")).unwrap();
    let disk = SmallDisk::at(&at("disk"), 1);
    let new = disk.folder().join("new.mp4");
    let convert = || converter().convert(&at("old.avi"), &facts, &new, &mut |_| true);
    let full = convert().unwrap_err();
    assert!(matches!(full, ConvertError::System(_)), "{full}");
    assert!(full.to_string().contains("disk is full"), "{full}");
    assert!(names(disk.folder()).is_empty());
}

/// Tells whether a process names a file.
fn is_at_work(file: &Path) -> bool {
    let file = file.to_str().unwrap().as_bytes();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| line.windows(file.len()).any(|part| part == file))
}

#[test]
fn a_conversion_that_is_killed_ends_with_ffmpeg_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let long = "testsrc2=size=1280x720:rate=25:duration=120";
    film(&at("old.avi"), long, &["-c:v", "mpeg4"]);
    let mut child = hub_command()
        .arg("convert")
        .args([at("old.avi"), at("new.mp4")])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "10 %");
    assert!(is_at_work(&at("old.avi")));
    child.kill().unwrap();
    child.wait().unwrap();
    while is_at_work(&at("old.avi")) {
        thread::yield_now();
    }
    assert_eq!(names(folder.path()), ["old.avi"]);
}

#[test]
fn odd_films_of_phones_become_upright_even_and_plain_and_what_is_well_is_only_packed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let plain = [
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p",
        "-preset",
        "ultrafast",
    ];
    let small = "testsrc2=size=320x180:rate=30:duration=2";
    film(&at("plain.mp4"), small, &plain);
    let copy = Command::new(required_program("ffmpeg"))
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(at("plain.mp4"))
        .args([
            "-c",
            "copy",
            "-metadata:s:v",
            "rotate=90",
            "-movflags",
            "+faststart",
        ])
        .arg(at("turned.mp4"))
        .output()
        .unwrap();
    assert!(copy.status.success(), "{copy:?}");
    let uneven = [
        &[
            "-vf",
            "select=not(between(mod(n\\,10)\\,3\\,7))",
            "-vsync",
            "vfr",
        ],
        &plain[..],
    ]
    .concat();
    film(&at("uneven.mp4"), small, &uneven);
    let one = [&["-frames:v", "1"], &plain[..]].concat();
    film(&at("one.mp4"), small, &one);
    let ten = [
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p10le",
        "-movflags",
        "+faststart",
    ];
    film(&at("ten.mp4"), small, &ten);
    film(
        &at("fields.mp4"),
        small,
        &[&["-vf", "interlace", "-flags", "+ildct+ilme"], &plain[..]].concat(),
    );
    film(
        &at("odd.mp4"),
        "testsrc2=size=2051x1155:rate=10:duration=1",
        &["-c:v", "libx264", "-pix_fmt", "yuv444p"],
    );
    film(
        &at("vp9.webm"),
        small,
        &[
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
        ],
    );
    let converter = converter();
    let facts = |name: &str| converter.facts(&at(name)).unwrap();
    for (name, reasons) in [
        ("plain.mp4", vec![Reason::HeadLast]),
        ("turned.mp4", vec![Reason::Turned]),
        ("uneven.mp4", vec![Reason::Uneven, Reason::HeadLast]),
        ("one.mp4", vec![Reason::HeadLast]),
        ("ten.mp4", vec![Reason::Pixels]),
        ("fields.mp4", vec![Reason::Interlaced, Reason::HeadLast]),
        (
            "odd.mp4",
            vec![Reason::Size, Reason::Pixels, Reason::HeadLast],
        ),
        ("vp9.webm", vec![]),
    ] {
        let before = facts(name);
        assert_eq!(before.reasons(), reasons, "{name}: {before:?}");
        if reasons.is_empty() {
            continue;
        }
        let new = format!("new-{name}");
        let made = converter.convert(&at(name), &before, &at(&new), &mut |_| true);
        assert!(!made.unwrap().is_pale);
        let after = facts(&new);
        assert_eq!(after.reasons(), [], "{name}: {after:?}");
        assert_eq!(after.codec, "h264");
        let (width, height) = after.size_px;
        assert!(width % 2 == 0 && height % 2 == 0, "{name}: {after:?}");
        // The same film comes out the same again.
        let again = format!("again-{name}");
        let twice = converter.convert(&at(name), &before, &at(&again), &mut |_| true);
        twice.unwrap();
        let is_same = fs::read(at(&new)).unwrap() == fs::read(at(&again)).unwrap();
        assert!(is_same, "{name} became another film");
    }
    assert_eq!(facts("new-turned.mp4").size_px, (180, 320));
    assert!((facts("new-uneven.mp4").rate - 30.0).abs() < 0.1);
    // No picture of it was coded anew.
    let (before, after) = (
        fs::read(at("plain.mp4")).unwrap(),
        fs::read(at("new-plain.mp4")).unwrap(),
    );
    let picture = |bytes: &[u8]| {
        let at = bytes.windows(4).position(|four| four == b"mdat").unwrap();
        bytes[at + 600..at + 1_200].to_vec()
    };
    let wanted = picture(&before);
    assert!(after.windows(wanted.len()).any(|part| part == wanted));
}

#[test]
fn a_film_for_more_light_is_made_pale_and_says_so_where_ffmpeg_cannot_tone_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let hdr = [
        "-c:v",
        "libx264",
        "-pix_fmt",
        "yuv420p10le",
        "-color_primaries",
        "bt2020",
        "-color_trc",
        "smpte2084",
        "-colorspace",
        "bt2020nc",
    ];
    film(
        &at("hdr.mp4"),
        "testsrc2=size=320x180:rate=30:duration=1",
        &hdr,
    );
    // An ffmpeg without the filters, as some systems have it.
    let program = required_program("ffmpeg");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *zscale*) echo \"No such filter: 'zscale'\" >&2; exit 1;; esac\nexec {} \"$@\"\n",
        program.display()
    );
    fs::write(at("ffmpeg"), script).unwrap();
    fs::set_permissions(
        at("ffmpeg"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    for (variable, is_pale) in [(program, false), (at("ffmpeg"), true)] {
        let new = at(if is_pale { "pale.mp4" } else { "toned.mp4" });
        let output = hub_command()
            .env("PASSERBY_FFMPEG", variable)
            .arg("convert")
            .args([at("hdr.mp4"), new.clone()])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        assert_eq!(said.contains("may look pale"), is_pale, "{said}");
        assert_eq!(converter().facts(&new).unwrap().reasons(), []);
    }
}
