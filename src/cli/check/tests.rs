//! Content as publishers write it, good and bad.

use std::process::Command;

use passerby_playout::hub_link::HubConfig;
use passerby_testing::{required_file, required_program};

use super::*;

const NOTO: &str = "/usr/share/fonts/truetype/noto";

/// A campaign folder in a folder of its own, and a screen that plays it.
struct Shop {
    folder: tempfile::TempDir,
    config: Config,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["shop", "data"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        let config = Config {
            folders: vec![folder.path().join("shop")],
            data_dir: folder.path().join("data"),
            ..Config::default()
        };
        Self { folder, config }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join("shop").join(name), bytes).expect("writes");
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("shop").join(name)
    }

    /// What is wrong, and what is well to know, without the folder's own path.
    fn look(&self) -> (Vec<String>, Vec<String>) {
        let (found, _) = look(&self.config, (1_920, 1_080));
        let base = format!("{}/", self.folder.path().display());
        let told = |list: Vec<Problem>| -> Vec<String> {
            let lines = list.iter().map(ToString::to_string);
            lines.map(|line| line.replace(&base, "")).collect()
        };
        (told(found.problems), told(found.notes))
    }

    /// What is said of the codes on a full-HD screen.
    fn look_at_codes(&self) -> Vec<String> {
        let (_, items) = look(&self.config, (1_920, 1_080));
        let mut found = Findings::default();
        codes::look_at(&self.config, (1_920, 1_080), &items, &mut found);
        let base = format!("{}/", self.folder.path().display());
        let problems = found.problems.iter().map(|told| format!("problem: {told}"));
        let notes = found.notes.iter().map(|told| format!("note: {told}"));
        problems
            .chain(notes)
            .map(|line| line.replace(&base, ""))
            .collect()
    }
}

#[track_caller]
fn assert_told(list: &[String], expected: &[&str]) {
    for expected in expected {
        assert!(
            list.iter().any(|told| told.contains(expected)),
            "{expected} is not in {list:#?}"
        );
    }
    assert_eq!(list.len(), expected.len(), "{list:#?}");
}

#[test]
fn what_this_screen_cannot_do_for_a_campaign_is_said() {
    let mut shop = Shop::new();
    shop.config.fonts = vec![shop.folder.path().join("type")];
    shop.write("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>");
    shop.write("sale.card.toml", b"picture = 'gone.png'\n");
    shop.write("bad.card.toml", b"headline = \n");
    shop.write("news.ticker.toml", b"lines = ['a']\nspeed = 'quick'\n");
    shop.write("board.page.toml", b"url = 'file:///etc/passwd'\n");
    shop.write(
        "campaign.toml",
        b"title = 'x'\n[[placement]]\ncreative = 'drawing.svg'\nsound = true\nzone = 'side'\n\
          [[placement]]\ncreative = 'sale.card.toml'\n[[placement]]\ncreative = 'bad.card.toml'\n\
          [[placement]]\ncreative = 'news.ticker.toml'\n[[placement]]\ncreative = 'board.page.toml'\n",
    );
    let (problems, notes) = shop.look();
    assert_told(
        &problems,
        &[
            "type: the font folder cannot be read",
            "placement 1 (drawing.svg) is for zone \"side\", which this screen does not have, and will not air here; its zones are main",
            "placement 1 (drawing.svg) wants to be heard, and this screen is silent",
            "placement 1 (drawing.svg) is a drawing and cannot be heard",
            "shop/sale.card.toml: it names \"gone.png\", which is missing",
            "shop/bad.card.toml:1: this is not TOML",
            "shop/news.ticker.toml:2: speed is",
            "shop/board.page.toml:1: url is \"file:///etc/passwd\"",
        ],
    );
    assert_told(&notes, &[]);
}

#[test]
fn every_letter_that_no_font_has_is_named_with_its_place_and_the_way_out() {
    let mut shop = Shop::new();
    shop.write(
        "sale.card.toml",
        "headline = 'مرحبا'\nbody = '好'\n[counter]\nname = 'q'\nlabel = 'm\u{b2} 𠀀'\n".as_bytes(),
    );
    shop.write(
        "news.ticker.toml",
        "lines = [\n 'fine',\n 'שלום',\n]\n".as_bytes(),
    );
    image::RgbImage::new(64, 48)
        .save(shop.path("poster.png"))
        .expect("a picture");
    shop.write(
        "campaign.toml",
        "title = 'x'\nheadline = 'Sale 🎉'\n[[placement]]\ncreative = 'poster.png'\n\
         [[placement]]\ncreative = 'poster.png'\nheadline = 'מה'\ncode = { call = 'ب' }\n\
         [[placement]]\ncreative = 'sale.card.toml'\n[[placement]]\ncreative = 'news.ticker.toml'\n"
            .as_bytes(),
    );
    let emergency = emergency::path(&shop.config.data_dir);
    std::fs::write(&emergency, "Leave\nUse the stairs ↯\n").expect("writes");
    let otherwise =
        "put a font that has it into a folder and name that in content.fonts of kiosk.toml";
    let (problems, _) = shop.look();
    assert_told(
        &problems,
        &[
            &format!(
                "shop/sale.card.toml:1: headline has م (U+0645), ر (U+0631), ح (U+062D), ب (U+0628), ا (U+0627), which no font here has; write it otherwise, or {otherwise}"
            ),
            "shop/sale.card.toml:5: counter.label has 𠀀 (U+20000), which no font here has",
            "shop/news.ticker.toml:3: line 2 of it has ש (U+05E9)",
            "shop/campaign.toml:2: headline has 🎉 (U+1F389)",
            "shop/campaign.toml:7: headline has מ (U+05DE)",
            "shop/campaign.toml:8: call has ب (U+0628)",
            "data/emergency.txt:2: it has ↯ (U+21AF)",
        ],
    );

    let fonts = shop.folder.path().join("type");
    std::fs::create_dir(&fonts).expect("a folder");
    shop.config.fonts = vec![fonts.clone()];
    for name in ["NotoSansArabic-Regular.ttf", "NotoSansHebrew-Regular.ttf"] {
        let font = format!("{NOTO}/{name}");
        std::fs::copy(required_file(&font), fonts.join(name)).expect("copies");
    }
    let (problems, _) = shop.look();
    assert_told(
        &problems,
        &[
            "𠀀 (U+20000), which no font here has; write it otherwise, or put a font that has it into the folder type",
            "🎉",
            "↯",
        ],
    );
}

#[test]
fn every_file_is_opened_as_the_player_will_and_what_it_notes_is_told() {
    let shop = Shop::new();
    let damaged = b"\x89PNG\r\n\x1a\n and then nothing";
    shop.write("beans.png", damaged);
    shop.write("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'");
    shop.write(
        "sale.card.toml",
        b"headline = 'Sale'\npicture = 'beans.png'\nlogo = 'logo.svg'\n",
    );
    shop.write("poster.gif", b"GIF89a and no more");
    let words = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 160 90'><text y='50'>Café مرحبا</text></svg>";
    shop.write("words.svg", words.as_bytes());
    shop.write(
        "campaign.toml",
        b"title = 'x'\ntarget = 'https://a.example'\n[[placement]]\ncreative = 'sale.card.toml'\n\
          [[placement]]\ncreative = 'poster.gif'\n[[placement]]\ncreative = 'words.svg'\nmotion = 'ken-burns'\n\
          [[placement]]\ncreative = 'words.svg'\n",
    );
    let (problems, notes) = shop.look();
    assert_told(
        &problems,
        &[
            "shop/beans.png: the picture is",
            "shop/logo.svg: the drawing is damaged",
            "shop/poster.gif: ",
            "shop/words.svg: its text has ا (U+0627)",
        ],
    );
    assert_told(
        &notes,
        &["shop/campaign.toml: placement 3 (words.svg): the picture rests"],
    );
}

#[test]
fn films_are_decoded_and_what_decodes_them_is_told() {
    let shop = Shop::new();
    let made = Command::new(required_program("ffmpeg"))
        .args(["-loglevel", "error", "-f", "lavfi", "-i"])
        .arg("testsrc=size=320x180:rate=10:duration=1")
        .args(["-pix_fmt", "yuv420p", "-c:v", "libx264"])
        .arg(shop.path("good.mp4"))
        .status();
    assert!(made.expect("ffmpeg runs").success());
    let whole = std::fs::read(shop.path("good.mp4")).expect("reads");
    shop.write("cut.mp4", &whole[..whole.len() / 8]);
    shop.write("false.mp4", b"not a film at all");
    let (problems, notes) = shop.look();
    assert_told(
        &problems,
        &[
            "shop/cut.mp4: it cannot be read as a film",
            "shop/false.mp4: it is no MP4, MOV or WebM",
        ],
    );
    assert_told(&notes, &["films: ffmpeg "]);
    assert!(notes[0].contains("H.264 by "), "{notes:?}");
}

#[test]
fn codes_that_nobody_could_read_are_told_before_they_air() {
    let mut shop = Shop::new();
    image::RgbImage::new(64, 48)
        .save(shop.path("poster.png"))
        .expect("a picture");
    let long = format!("https://shop.example/{}", "a".repeat(200));
    shop.write(
        "campaign.toml",
        format!(
            "title = 'x'\ntarget = '{long}'\n[[placement]]\ncreative = 'poster.png'\nseconds = 4\n\
             [[placement]]\ncreative = 'poster.png'\ncode = {{ wifi = {{ name = 'Guests' }} }}\n\
             [[placement]]\ncreative = 'poster.png'\nzone = 'side'\n"
        )
        .as_bytes(),
    );
    let brief = "its code is on the screen for 4 s";
    let large = "its code has 61 modules a side, and some phones";
    assert_told(&shop.look_at_codes(), &[large, brief]);
    shop.config.is_distance_told = true;
    let unknown = "note: kiosk.toml: screen.viewing_distance_m says nothing";
    assert_told(&shop.look_at_codes(), &[unknown, large, brief]);
    shop.config.size_cm = Some([122.0, 69.0]);
    shop.config.viewing_distance_m = 2.5;
    assert_told(
        &shop.look_at_codes(),
        &[
            "problem: shop/campaign.toml:3: placement 1 (poster.png): the code would not be read: people stand 2.5 m away",
            "note: shop/campaign.toml:6: placement 2 (poster.png): its code has 21 modules a side",
        ],
    );
    shop.config.contrast = Some(2.0);
    assert_told(
        &shop.look_at_codes(),
        &["phones need 2.5", "phones need 2.5"],
    );
    shop.config.contrast = None;
    shop.config.scan_time = std::time::Duration::from_secs(5);
    assert_told(
        &shop.look_at_codes(),
        &[
            "it is on the screen for 4 s, and people need 5 s",
            "its code has 21 modules a side",
        ],
    );
}

#[test]
fn every_file_of_a_folder_that_does_not_air_is_named() {
    let shop = Shop::new();
    for name in ["poster.jpe", "scan.jfif"] {
        image::RgbImage::new(64, 48)
            .save_with_format(shop.path(name), image::ImageFormat::Jpeg)
            .expect("a picture");
    }
    shop.write("IMG_0002.HEIC", b"x");
    shop.write("menu.pdf", b"%PDF-1.7");
    shop.write("sale.card.toml.txt", b"headline = 'x'\n");
    shop.write("README.md", b"x");
    shop.write("Thumbs.db", b"x");
    let made = Command::new("mkfifo").arg(shop.path("pipe.png")).status();
    assert!(made.expect("mkfifo runs").success());
    let (problems, notes) = shop.look();
    assert_told(
        &problems,
        &[
            "shop/IMG_0002.HEIC: it is a HEIC picture and does not air; export it as JPEG",
            "shop/menu.pdf: it is a document and does not air; export its pages",
            "shop/pipe.png: it does not air: it is not a file but a pipe",
            "shop/sale.card.toml.txt: its name ends in .txt",
        ],
    );
    assert_told(&notes, &["shop/README.md: it is a text"]);
}

#[test]
fn a_good_result_says_how_much_was_looked_at() {
    let mut shop = Shop::new();
    let said = |config: &Config| LookedAt::of(config, &look(config, (1_920, 1_080)).1).to_string();
    assert_eq!(
        said(&shop.config),
        "nothing to look at: no campaign in the folders, and no hub"
    );
    image::RgbImage::new(64, 48)
        .save(shop.path("poster.png"))
        .expect("a picture");
    assert_eq!(said(&shop.config), "all good: looked at 1 campaign");
    shop.config.folders.clear();
    assert_eq!(
        said(&shop.config),
        "nothing to look at: no content.folders, and no hub"
    );
    shop.config.hub = Some(HubConfig {
        url: "https://hub.example".into(),
        ..HubConfig::default()
    });
    assert_eq!(
        said(&shop.config),
        "nothing to look at: no content.folders, and the hub's content is not fetched yet"
    );
}

#[test]
fn an_emergency_is_read_in_any_encoding_and_told_when_it_cannot_be() {
    let shop = Shop::new();
    let emergency = emergency::path(&shop.config.data_dir);
    image::RgbImage::new(64, 48)
        .save(shop.path("poster.png"))
        .expect("a picture");
    // GBK.
    std::fs::write(&emergency, b"\xc7\xeb\xc1\xa2\xbc\xb4\xb3\xb7\xc0\xeb\r\n").expect("writes");
    assert_told(&shop.look().0, &[]);
    std::fs::write(&emergency, b"\xcd\xa3\xd2\xb5").expect("writes");
    assert_told(
        &shop.look().0,
        &["data/emergency.txt: it is not UTF-8 and too short or too damaged to tell"],
    );
    let cut = "请立即从最近的出口离开大楼。".as_bytes().split_last();
    std::fs::write(&emergency, cut.expect("one").1).expect("writes");
    assert_told(
        &shop.look().0,
        &["data/emergency.txt: one of its characters is damaged"],
    );
    std::fs::write(&emergency, "<!DOCTYPE html>\n<p>Leave</p>\n").expect("writes");
    assert_told(&shop.look().0, &["data/emergency.txt: it looks like HTML"]);
    std::fs::remove_file(&emergency).expect("removes");
    std::os::unix::fs::symlink("nowhere.txt", &emergency).expect("links");
    assert_told(
        &shop.look().0,
        &["data/emergency.txt: it is a link to a file that is missing"],
    );
    std::fs::remove_file(&emergency).expect("removes");
    std::fs::write(&emergency, b"\x7fELF\x02\x01\x01\0\0\0").expect("writes");
    assert_told(
        &shop.look().0,
        &["data/emergency.txt: it is no text; write"],
    );
    std::fs::remove_file(&emergency).expect("removes");
    std::fs::write(emergency.with_file_name("emergency.txt.txt"), "Fire").expect("writes");
    assert_told(
        &shop.look().0,
        &["data/emergency.txt.txt: its name is not emergency.txt"],
    );
}

/// Answers whoever asks with one page, as long as the test runs.
fn serve(page: &'static str) -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            use std::io::{Read as _, Write as _};
            let _ = stream.read(&mut [0; 4096]);
            let length = page.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            // A browser that has seen enough goes away.
            let _ = stream.write_all((head + page).as_bytes());
        }
    });
    address
}

#[test]
fn a_page_that_comes_out_blank_is_a_problem_with_its_cure_and_one_that_does_not_is_none() {
    required_program("chromium");
    for (page, expected) in [
        (
            "<body style='background:#fff'>",
            &[
                "it came out as one plain colour, and such a one does not air where there is a better one; open the page",
            ][..],
        ),
        (
            "<body style='margin:0'><div style='width:50%;height:100vh;background:#c00'></div>",
            &[],
        ),
    ] {
        let shop = Shop::new();
        let text = format!("url = 'http://{}/'\nsettle_seconds = 0\n", serve(page));
        shop.write("board.page.toml", text.as_bytes());
        let (_, items) = look(&shop.config, (1_920, 1_080));
        let mut found = Findings::default();
        pages::look_at(&shop.config, (640, 360), &items, &mut found);
        let told: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        assert_told(&told, expected);
    }
}
