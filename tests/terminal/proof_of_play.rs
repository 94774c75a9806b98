//! Proof of play, as others take it.

use std::collections::BTreeSet;

use crate::parts::{Terminal, finish, picture, run_until, terminal, text};

fn outsmart(screen: &Terminal) -> std::process::Output {
    finish(
        terminal()
            .args(["plays", "--format", "outsmart", "--config"])
            .arg(&screen.settings),
    )
}

#[test]
fn a_folder_in_which_nothing_was_played_is_told_in_one_line() {
    let folder = tempfile::tempdir().expect("folder");
    let screen = Terminal::with_settings(folder.path(), "");
    let output = finish(terminal().args(["plays", "--config"]).arg(&screen.settings));
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(
        said.lines().count() == 1 && said.contains("nothing has been played here yet"),
        "{said}"
    );
}

#[test]
fn every_sold_play_has_a_record_of_the_industrys_and_every_other_a_reason() {
    let folder = tempfile::tempdir().expect("folder");
    for (name, buyer) in [
        ("sold", "[buyer]\norder = 'A, 1'\nbuyer = 12\nbrand = 56\n"),
        ("own", ""),
    ] {
        let campaign = folder.path().join(name);
        picture(&campaign.join("a.png"), [[10, 90, 90], [240, 240, 200]]);
        let toml = format!("title = 'x'\n{buyer}[[placement]]\ncreative = 'a.png'\nseconds = 2\n");
        std::fs::write(campaign.join("campaign.toml"), toml).expect("writes");
    }
    let settings = "[content]\nfolders = ['sold', 'own']\n[screen]\ntrust_clock = true\ntimezone = 'Asia/Shanghai'\n";
    let screen = Terminal::with_settings(folder.path(), settings);
    run_until(&mut screen.run(), "a play of each", |_| {
        let plays = screen.plays_so_far();
        ["sold", "own"]
            .iter()
            .all(|name| plays.iter().any(|play| play["campaign"] == **name))
    });
    let sold = screen
        .plays()
        .iter()
        .filter(|play| play["campaign"] == "sold")
        .count();
    assert!(sold >= 1, "{sold}");

    let refused = outsmart(&screen);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("screen.frame is missing"));

    let screen = Terminal::with_settings(folder.path(), &format!("{settings}frame = 1234\n"));
    let told = outsmart(&screen);
    assert!(told.status.success(), "{}", text(&told.stderr));
    assert!(text(&told.stderr).contains("own has no [buyer]"));
    let records = text(&told.stdout);
    assert_eq!(records.matches('\n').count(), sold, "{records}");
    let mut names = BTreeSet::new();
    for record in records.lines() {
        // The order's comma stands in quotes; nothing else has one.
        let fields: Vec<&str> = record.split(',').collect();
        assert_eq!(fields.len(), 20, "{record}");
        assert_eq!(
            (fields[0], fields[2], fields[4]),
            ("1234", "+08:00", "+08:00")
        );
        assert_eq!((fields[7], fields[8]), ("\"A", " 1\""));
        assert!(names.insert(fields[19].to_owned()), "{record}");
    }
}

#[test]
fn a_list_for_spreadsheets_opens_in_its_own_letters_and_runs_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    for name in ["=1+2", "新品上市", "-1"] {
        picture(
            &folder.path().join("all").join(name).join("a.png"),
            [[10, 90, 90], [240, 240, 200]],
        );
    }
    let settings = "[content]\nfolders = ['all']\nseconds = 2\n[screen]\ntrust_clock = true\n";
    let screen = Terminal::with_settings(folder.path(), settings);
    assert!(finish(screen.run().args(["--for", "11"])).status.success());
    let list = folder.path().join("plays.csv");
    let written = finish(
        terminal()
            .args(["plays", "--format", "csv", "--config"])
            .arg(&screen.settings)
            .arg("--out")
            .arg(&list),
    );
    assert!(written.status.success(), "{}", text(&written.stderr));
    let bytes = std::fs::read(&list).expect("a list");
    assert!(bytes.starts_with("\u{feff}epoch,seq,play,campaign,".as_bytes()));
    assert!(bytes.ends_with(b"\r\n"));
    // As another program reads it.
    let script = "import csv, json, sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1], encoding='utf-8-sig', newline='')))))";
    let read = finish(
        std::process::Command::new("python3")
            .args(["-c", script])
            .arg(&list),
    );
    assert!(read.status.success(), "{}", text(&read.stderr));
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        serde_json::from_slice(&read.stdout).expect("rows");
    let names: BTreeSet<&str> = rows.iter().map(|row| row["campaign"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["'=1+2", "'-1", "新品上市"]));
    for row in &rows {
        assert_eq!(row.len(), 12, "{row:?}");
        for number in ["seq", "play", "assignment", "visible_ms"] {
            assert!(row[number].parse::<u64>().is_ok(), "{row:?}");
        }
        let runs = |cell: &String| cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        assert!(!row.values().any(runs), "{row:?}");
    }
}
