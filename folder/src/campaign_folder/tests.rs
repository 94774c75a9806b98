use std::os::unix::fs::symlink;

use passerby_protocol::limits::PLACEMENTS_MAX;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A campaign folder of the name `shop` in a folder of its own.
struct Shop(tempfile::TempDir);

impl Shop {
    fn new() -> Self {
        let outer = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(outer.path().join("shop")).expect("a folder");
        Self(outer)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("shop").join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, bytes).expect("writes");
        self
    }

    fn read(&self) -> (Result<CampaignFolder, Vec<Problem>>, LeftOut) {
        let mut left_out = LeftOut::default();
        let read = CampaignFolder::read(&self.path(""), &mut left_out);
        (read, left_out)
    }

    /// What airs, in its order; what was meant to; what only lies beside: by their names.
    fn airs(&self) -> (Vec<String>, Vec<String>, Vec<String>) {
        let (read, left_out) = self.read();
        let read = read.expect("a campaign");
        let placements = read.campaign.placements.iter();
        (
            placements
                .map(|placement| placement.creative.clone())
                .collect(),
            names(&left_out.problems),
            names(&left_out.notes),
        )
    }
}

fn names(problems: &[Problem]) -> Vec<String> {
    let name = |problem: &Problem| {
        let name = Path::new(&problem.file).file_name().expect("a name");
        name.to_string_lossy().into_owned()
    };
    problems.iter().map(name).collect()
}

#[test]
fn a_folder_whose_name_has_what_cannot_be_seen_is_no_campaign_and_its_name_is_written_out() {
    let outer = tempfile::tempdir().expect("a folder");
    for (name, seen) in [("=1\u{202e}2", "=1\\u{202e}2"), ("a\u{200b}", "a\\u{200b}")] {
        let folder = outer.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("p.png"), PNG).expect("writes");
        let problems = CampaignFolder::read(&folder, &mut LeftOut::default()).expect_err(name);
        let said = problems[0].to_string();
        assert!(
            said.contains(seen) && said.contains("rename the folder"),
            "{said}"
        );
    }
}

#[test]
fn what_a_phone_and_an_office_leave_airs_or_is_named() {
    let shop = Shop::new();
    for name in [
        "IMG_0001.MOV",
        "IMG_0002.HEIC",
        "IMG_0003.jpg",
        "deck.pptx",
        "party.jpe",
        "poster.pdf",
        "scan.jfif",
        "clip.m4v",
        "README.md",
    ] {
        shop.write(name, b"x");
    }
    assert_eq!(
        shop.airs(),
        (
            [
                "clip.m4v",
                "IMG_0001.MOV",
                "IMG_0003.jpg",
                "party.jpe",
                "scan.jfif"
            ]
            .map(str::to_owned)
            .to_vec(),
            ["deck.pptx", "IMG_0002.HEIC", "poster.pdf"]
                .map(str::to_owned)
                .to_vec(),
            vec!["README.md".to_owned()],
        )
    );
}

#[test]
fn slides_air_in_the_order_of_their_numbers() {
    let shop = Shop::new();
    for number in [1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9] {
        shop.write(&format!("Slide{number}.jpg"), b"x");
    }
    let expected: Vec<String> = (1..=12)
        .map(|number| format!("Slide{number}.jpg"))
        .collect();
    assert_eq!(shop.airs().0, expected);
    shop.write("campaign.toml", "title = 'x'\n");
    assert_eq!(shop.airs().0, expected, "also with a campaign.toml");
}

#[test]
fn names_are_one_however_their_accents_are_stored() {
    let shop = Shop::new();
    // The disk has them decomposed, as macOS writes them; what people type is composed, and the
    // other way round.
    shop.write("Cafe\u{301}.png", PNG)
        .write("cre\u{300}me.jpg", PNG)
        .write("th\u{e9}.svg", "<svg/>")
        .write("fe\u{302}te.mp4", b"x")
        .write("f\u{ea}te.jpg", PNG)
        .write("sale.card.toml", "headline = 'x'\npicture = 'cr\u{e8}me.jpg'\nlogo = 'the\u{301}.svg'\n")
        .write(
            "campaign.toml",
            "title = 'x'\n[[placement]]\ncreative = 'Caf\u{e9}.png'\n[[placement]]\ncreative = 'sale.card.toml'\n\
             [[placement]]\ncreative = 'f\u{ea}te.mp4'\n",
        );
    let (read, left_out) = shop.read();
    let read = read.expect("a campaign");
    assert_eq!(left_out, LeftOut::default());
    assert_eq!(read.campaign.placements[0].creative, "Caf\u{e9}.png");
    assert_eq!(read.path_of("Caf\u{e9}.png"), shop.path("Cafe\u{301}.png"));
    let parts = |creative: &str| -> Vec<(String, PathBuf)> {
        read.parts_of(creative)
            .map(|part| part.expect("there"))
            .collect()
    };
    assert_eq!(
        parts("sale.card.toml"),
        [
            ("cr\u{e8}me.jpg".to_owned(), shop.path("cre\u{300}me.jpg")),
            ("th\u{e9}.svg".to_owned(), shop.path("th\u{e9}.svg")),
        ]
    );
    assert_eq!(
        parts("f\u{ea}te.mp4"),
        [("f\u{ea}te.jpg".to_owned(), shop.path("f\u{ea}te.jpg"))]
    );
}

#[test]
fn a_campaigns_name_is_one_however_its_accents_are_stored() {
    let outer = tempfile::tempdir().expect("a folder");
    for name in ["Cafe\u{301}", "Caf\u{e9}"] {
        let folder = outer.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("a.png"), PNG).expect("writes");
        let read = CampaignFolder::read(&folder, &mut LeftOut::default()).expect("a campaign");
        assert_eq!(read.id.as_str(), "Caf\u{e9}");
    }
}

#[test]
fn of_two_files_that_differ_in_nothing_else_one_airs_and_the_other_is_named() {
    let shop = Shop::new();
    shop.write("Cafe\u{301}.png", PNG)
        .write("Caf\u{e9}.png", PNG);
    let (airing, meant, _) = shop.airs();
    assert_eq!(airing, ["Caf\u{e9}.png"]);
    assert_eq!(meant.len(), 1);
    let (_, left_out) = shop.read();
    let said = left_out.problems[0].to_string();
    assert!(said.contains("call one of the two otherwise"), "{said}");
}

#[test]
fn what_systems_leave_is_nobodys() {
    let shop = Shop::new();
    for name in [
        "._a.png",
        ".DS_Store",
        "__MACOSX/a.png",
        "Thumbs.db",
        "desktop.ini",
        "@eaDir/a.png@SynoEAStream",
        "~$menu.pptx",
        "campaign.toml~",
        ".a.png.swp",
        "$RECYCLE.BIN/b.png",
        "System Volume Information/x",
        "lost+found/x",
        "#recycle/old.png",
        "a.png",
    ] {
        shop.write(name, PNG);
    }
    assert_eq!(shop.airs(), (vec!["a.png".to_owned()], vec![], vec![]));
}

#[test]
fn what_no_placement_names_is_told() {
    let shop = Shop::new();
    for name in ["a.png", "b.png", "clip.mp4", "clip.jpg", "logo.svg"] {
        shop.write(name, PNG);
    }
    shop.write("sale.card.toml", "headline = 'x'\nlogo = 'logo.svg'\n").write(
        "campaign.toml",
        "title = 'x'\n[[placement]]\ncreative = 'a.png'\n[[placement]]\ncreative = 'clip.mp4'\n",
    );
    let (airing, meant, beside) = shop.airs();
    assert_eq!(airing, ["a.png", "clip.mp4"]);
    assert_eq!(meant, [""; 0]);
    assert_eq!(beside, ["b.png", "logo.svg", "sale.card.toml"]);
}

#[test]
fn almost_right_names_are_told() {
    let shop = Shop::new();
    for name in [
        "a.png",
        "Campaign.toml",
        "campaign.toml.txt",
        "sale.card.toml.txt",
        "sale.toml",
        "poster.png.txt",
        "clip.mp4.crdownload",
    ] {
        shop.write(name, b"title = 'x'\n");
    }
    let (airing, meant, _) = shop.airs();
    assert_eq!(airing, ["a.png"]);
    assert_eq!(meant.len(), 6, "{meant:?}");
}

#[test]
fn a_picture_without_an_ending_is_told_by_what_is_in_it() {
    let shop = Shop::new();
    shop.write("a.png", PNG)
        .write("poster", PNG)
        .write("README", b"read me");
    let (_, left_out) = shop.read();
    assert!(left_out.problems[0].message.contains("call it poster.png"));
    assert_eq!(names(&left_out.notes), ["README"]);
}

#[test]
fn folders_in_a_campaign_are_named() {
    let shop = Shop::new();
    shop.write("a.png", PNG)
        .write("old/b.png", PNG)
        .write("notes/todo.txt", b"x")
        .write("c.png/inner.txt", b"x");
    std::fs::create_dir(shop.path("empty")).expect("a folder");
    let (airing, meant, beside) = shop.airs();
    assert_eq!(airing, ["a.png"]);
    assert_eq!(meant, ["c.png", "old"]);
    assert_eq!(beside, ["empty", "notes"]);
}

#[test]
fn pipes_and_links_out_of_the_folder_cost_themselves_alone() {
    let shop = Shop::new();
    let private = shop.0.path().join("private.png");
    std::fs::write(&private, b"private").expect("writes");
    shop.write("a.png", PNG);
    let made = std::process::Command::new("mkfifo")
        .arg(shop.path("pipe.png"))
        .status();
    assert!(made.expect("mkfifo runs").success());
    symlink(&private, shop.path("stolen.png")).expect("a link");
    symlink("../private.png", shop.path("up.png")).expect("a link");
    symlink("a.png", shop.path("again.png")).expect("a link");
    symlink("gone.png", shop.path("broken.png")).expect("a link");
    let (airing, meant, beside) = shop.airs();
    assert_eq!(airing, ["a.png", "again.png"]);
    assert_eq!(meant, ["broken.png", "pipe.png", "stolen.png", "up.png"]);
    assert_eq!(beside, [""; 0]);
}

#[test]
fn a_campaign_file_that_is_no_file_is_one_readable_problem() {
    for target in ["/dev/zero", "/etc/passwd"] {
        let shop = Shop::new();
        shop.write("a.png", PNG);
        symlink(target, shop.path("campaign.toml")).expect("a link");
        let problems = shop.read().0.expect_err("refused");
        assert_eq!(problems.len(), 1);
        let said = problems[0].to_string();
        assert!(
            said.contains("a link that leads out of its folder"),
            "{said}"
        );
    }
    let shop = Shop::new();
    shop.write("a.png", PNG);
    let made = std::process::Command::new("mkfifo")
        .arg(shop.path("campaign.toml"))
        .status();
    assert!(made.expect("mkfifo runs").success());
    let said = shop.read().0.expect_err("refused")[0].to_string();
    assert!(said.contains("not a file but a pipe"), "{said}");
}

#[test]
fn a_campaign_file_in_another_encoding_is_refused_with_that_reason() {
    let shop = Shop::new();
    shop.write("a.png", PNG);
    let text: Vec<u8> = "title = '周五'\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    shop.write("campaign.toml", [b"\xff\xfe".as_slice(), &text].concat());
    let said = shop.read().0.expect_err("refused")[0].to_string();
    assert!(
        said.contains("campaign.toml: it is not UTF-8 text but UTF-16LE; save it as UTF-8"),
        "{said}"
    );
    shop.write("campaign.toml", "\u{feff}title = '周五'\n");
    assert_eq!(shop.read().0.expect("a campaign").campaign.title, "周五");
}

#[test]
fn a_folder_of_campaigns_says_which_they_are() {
    let outer = Shop::new();
    outer
        .write("monday/a.png", PNG)
        .write("tuesday/a.png", PNG)
        .write("README.md", b"x");
    let said = outer.read().0.expect_err("refused")[0].to_string();
    assert!(
        said.contains("name those one by one: monday, tuesday"),
        "{said}"
    );
    let empty = Shop::new();
    empty.write("a.heic", b"x");
    let (read, left_out) = empty.read();
    let said = read.expect_err("refused")[0].to_string();
    assert!(said.contains("nothing in this folder can air"), "{said}");
    assert_eq!(names(&left_out.problems), ["a.heic"]);
}

#[test]
fn more_pictures_than_a_campaign_can_have_are_refused_and_not_dropped() {
    let shop = Shop::new();
    for number in 0..=PLACEMENTS_MAX {
        shop.write(&format!("{number}.png"), b"x");
    }
    let said = shop.read().0.expect_err("refused")[0].to_string();
    assert!(
        said.contains("holds 1001 pictures; use at most 1000"),
        "{said}"
    );
    shop.write("campaign.toml", "title = 'x'\n");
    let said = shop.read().0.expect_err("refused")[0].to_string();
    assert!(
        said.contains("1001 are here, and at most 1000 can"),
        "{said}"
    );
}

#[test]
fn a_name_that_cannot_be_said_is_told_without_what_moves_a_cursor() {
    use std::os::unix::ffi::OsStrExt;
    let shop = Shop::new();
    shop.write("a.png", PNG).write("b\u{1b}[2J.png", PNG);
    let unnameable = std::ffi::OsStr::from_bytes(b"\xc7\xeb.png");
    std::fs::write(shop.path("").join(unnameable), PNG).expect("writes");
    let (read, left_out) = shop.read();
    assert_eq!(read.expect("a campaign").campaign.placements.len(), 1);
    assert_eq!(left_out.problems.len(), 2);
    for problem in left_out.problems {
        let said = problem.to_string();
        assert!(
            said.contains("call it otherwise") && !said.contains('\u{1b}'),
            "{said:?}"
        );
    }
}
