//! Each row of the table, and each kind of thing in it.

use std::os::unix::fs::symlink;

use super::*;

/// What a folder is made of (names that end in a slash are empty folders), which campaigns air with
/// how many placements, and what is named: as a problem, and as a note.
struct Case {
    holds: &'static [&'static str],
    airs: &'static [(&'static str, usize)],
    problems: &'static [&'static str],
    named: &'static [&'static str],
    beside: &'static [&'static str],
}

fn make(folder: &Path, names: &[&str]) {
    for name in names {
        let path = folder.join(name);
        if name.ends_with('/') {
            std::fs::create_dir_all(path).expect("a folder");
            continue;
        }
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        let bytes: &[u8] = if name.ends_with(".toml") {
            b"title = 'x'\n"
        } else {
            b"x"
        };
        std::fs::write(path, bytes).expect("writes");
    }
}

/// Paths below `folder`.
fn names(folder: &Path, problems: &[Problem]) -> Vec<String> {
    let name = |problem: &Problem| {
        let name = Path::new(&problem.file).strip_prefix(folder);
        name.expect("below").display().to_string()
    };
    problems.iter().map(name).collect()
}

#[test]
fn every_row_of_the_table_holds() {
    for case in [
        // A campaign.toml makes it a campaign, whatever else is there.
        Case {
            holds: &[
                "campaign.toml",
                "a.png",
                "deck.pptx",
                "README.md",
                "monday/b.png",
            ],
            airs: &[("content", 1)],
            problems: &[],
            named: &["deck.pptx", "monday"],
            beside: &["README.md"],
        },
        // Folders that are campaigns go before a stray picture.
        Case {
            holds: &["logo.png", "monday/p.jpg", "tuesday/p.jpg"],
            airs: &[("monday", 1), ("tuesday", 1)],
            problems: &[],
            named: &["logo.png"],
            beside: &[],
        },
        // A campaign is also what has only a campaign.toml, good or bad.
        Case {
            holds: &["logo.png", "monday/campaign.toml", "tuesday/p.jpg"],
            airs: &[("tuesday", 1)],
            problems: &["monday/campaign.toml"],
            named: &["logo.png"],
            beside: &[],
        },
        // The same holds one folder down, and two.
        Case {
            holds: &[
                "content/logo.png",
                "content/monday/p.jpg",
                "content/tuesday/p.jpg",
                "notes.txt",
            ],
            airs: &[("monday", 1), ("tuesday", 1)],
            problems: &[],
            named: &["content/logo.png"],
            beside: &["notes.txt"],
        },
        Case {
            holds: &[
                "a.png",
                "shops/b.png",
                "shops/north/c.png",
                "shops/north/week 1/d.jpg",
                "shops/north/week 1/old/",
                "shops/south/campaign.toml",
                "shops/south/e.jpg",
                "shops/south/raw/f.jpg",
            ],
            airs: &[("week 1", 1), ("south", 1)],
            problems: &[],
            named: &[
                "a.png",
                "shops/b.png",
                "shops/north/c.png",
                "shops/south/raw",
            ],
            beside: &["shops/north/week 1/old"],
        },
        // Beside them: folders without anything that airs, with their files, and folders of
        // campaigns.
        Case {
            holds: &[
                "monday/p.jpg",
                "phone/IMG_1.HEIC",
                "empty/",
                "group/deep/p.jpg",
                "LICENCES.md",
                "price.pdf",
            ],
            airs: &[("deep", 1), ("monday", 1)],
            problems: &[],
            named: &["empty", "phone", "phone/IMG_1.HEIC", "price.pdf"],
            beside: &["LICENCES.md"],
        },
        // Pictures alone are a campaign.
        Case {
            holds: &["a.png", "b.jpg", "c.heic", "old/", "raw/d.cr2"],
            airs: &[("content", 2)],
            problems: &[],
            named: &["c.heic", "raw"],
            beside: &["old"],
        },
        // Nothing that airs: that is said, and each file.
        Case {
            holds: &["a.heic", "b.pdf", "phone/c.heic"],
            airs: &[],
            problems: &[""],
            named: &["a.heic", "b.pdf", "phone", "phone/c.heic"],
            beside: &[],
        },
        Case {
            holds: &[],
            airs: &[],
            problems: &[""],
            named: &[],
            beside: &[],
        },
        // What systems make counts for nothing.
        Case {
            holds: &[
                "._logo.png",
                ".DS_Store",
                "Thumbs.db",
                "desktop.ini",
                "__MACOSX/x.png",
                "@eaDir/y.png",
                ".Trashes/z.png",
                "$RECYCLE.BIN/old.png",
                "lost+found/",
                "a.png",
            ],
            airs: &[("content", 1)],
            problems: &[],
            named: &[],
            beside: &[],
        },
        // Folders come in natural order.
        Case {
            holds: &["week 10/a.png", "week 2/a.png", "week 1/a.png"],
            airs: &[("week 1", 1), ("week 2", 1), ("week 10", 1)],
            problems: &[],
            named: &[],
            beside: &[],
        },
    ] {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("content");
        std::fs::create_dir(&folder).expect("a folder");
        make(&folder, case.holds);
        let read = ContentFolder::read(&folder);
        let airs: Vec<(&str, usize)> = read
            .campaigns
            .iter()
            .map(|campaign| (campaign.id.as_str(), campaign.campaign.placements.len()))
            .collect();
        let told = format!("{:?}: {read:?}", case.holds);
        assert_eq!(airs, case.airs, "{told}");
        assert_eq!(names(&folder, &read.problems), case.problems, "{told}");
        assert_eq!(
            names(&folder, &read.left_out.problems),
            case.named,
            "{told}"
        );
        assert_eq!(names(&folder, &read.left_out.notes), case.beside, "{told}");
    }
}

#[test]
fn links_that_lead_around_in_a_circle_and_folders_that_lie_too_deep_end_somewhere() {
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("content");
    let deep = "a/".repeat(DEPTH_MAX + 1) + "p.jpg";
    make(&folder, &["monday/p.jpg", "shops/tuesday/p.jpg", &deep]);
    for name in ["around", "shops/around", "shops/tuesday/around"] {
        symlink(&folder, folder.join(name)).expect("a link");
    }
    let read = ContentFolder::read(&folder);
    let airs: Vec<&str> = read
        .campaigns
        .iter()
        .map(|campaign| campaign.id.as_str())
        .collect();
    assert_eq!(airs, ["monday", "tuesday"], "{read:?}");
    let left_out: Vec<String> = read
        .left_out
        .problems
        .iter()
        .map(Problem::to_string)
        .collect();
    assert!(
        left_out.iter().any(|said| said.contains("content/a: ")),
        "{left_out:?}"
    );
}

#[test]
fn a_folder_that_is_not_there_is_a_problem_with_its_cure() {
    let read = ContentFolder::read(Path::new("/gone/content"));
    let said = read.problems[0].to_string();
    assert!(
        said.contains("give content.folders a folder that exists"),
        "{said}"
    );
}

#[test]
fn a_file_where_a_folder_should_be_is_told_to_be_one() {
    let outer = tempfile::tempdir().expect("a folder");
    let picture = outer.path().join("picture.jpg");
    std::fs::write(&picture, b"x").expect("writes");
    let read = ContentFolder::read(&picture);
    let said = read.problems[0].to_string();
    assert!(
        said.contains("it is a file, and campaigns are folders; name the folder in which it lies"),
        "{said}"
    );
}

#[test]
fn a_link_to_its_own_folder_is_told_to_be_one_and_is_no_campaign() {
    for relative in [true, false] {
        let outer = tempfile::tempdir().expect("a folder");
        let folder = outer.path().join("content");
        make(&folder, &["a.png"]);
        let target = if relative { Path::new(".") } else { &folder };
        symlink(target, folder.join("again")).expect("a link");
        let read = ContentFolder::read(&folder);
        assert_eq!(read.campaigns.len(), 1, "{read:?}");
        assert_eq!(read.campaigns[0].id.as_str(), "content");
        let said = read.left_out.problems[0].to_string();
        assert!(
            said.contains("again: it does not air: it is a link to the folder in which it lies"),
            "{said}"
        );
    }
}

#[test]
fn links_to_folders_stay_inside_and_the_folder_itself_may_be_one() {
    let outer = tempfile::tempdir().expect("a folder");
    let folder = outer.path().join("content");
    make(outer.path(), &["content/monday/p.jpg", "elsewhere/q.jpg"]);
    symlink("monday", folder.join("again")).expect("a link");
    symlink(outer.path().join("elsewhere"), folder.join("out")).expect("a link");
    let linked = outer.path().join("linked");
    symlink(&folder, &linked).expect("a link");
    for folder in [folder, linked] {
        let read = ContentFolder::read(&folder);
        let said = read.left_out.problems[0].to_string();
        assert!(
            said.contains("out: it is a link to a folder elsewhere"),
            "{said}"
        );
        assert!(
            read.campaigns
                .iter()
                .any(|campaign| campaign.id.as_str() == "monday")
        );
    }
}

#[test]
fn of_two_folders_that_differ_only_in_their_accents_one_airs_and_the_other_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    make(folder.path(), &["Cafe\u{301}/a.png", "Caf\u{e9}/a.png"]);
    let read = ContentFolder::read(folder.path());
    assert_eq!(read.campaigns.len(), 1);
    let said = read.problems[0].to_string();
    assert!(said.contains("call one of the two otherwise"), "{said}");
}
