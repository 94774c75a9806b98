//! Creatives in a store that speaks S3: a real server over loopback, which checks keys.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use passerby_protocol::Digest;
use passerby_protocol::manifest::Asset;
use passerby_testing::s3::{BUCKET, S3Server};
use serde_json::Value;

use crate::stand::{Stand, Terminal, hub_command, new_database};
use crate::test_certificates::Authority;

/// Longest time that a terminal may wait for an answer, whatever the store does.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A store's variables, and what names a place in it.
fn variables(server: &S3Server, address: &str) -> Vec<(String, String)> {
    let mut variables = server.variables();
    variables.push(("PASSERBY_HUB_BLOBS".to_owned(), address.to_owned()));
    variables
}

fn address(prefix: &str) -> String {
    format!("s3://{BUCKET}/{prefix}")
}

/// The same with another value of one variable.
fn with(variables: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let mut changed = variables.to_vec();
    changed.retain(|(known, _)| known != name);
    changed.push((name.to_owned(), value.to_owned()));
    changed
}

/// Where a creative lies, beneath the folder that a prefix or a data folder has.
fn file_of(folder: &Path, digest: Digest) -> PathBuf {
    let name = digest.to_string();
    folder.join(&name[..2]).join(name)
}

fn path_of(asset: &Asset) -> String {
    format!("/v1/blobs/{}", asset.sha256)
}

/// A refused command's one line.
fn one_line(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(output.stdout.is_empty(), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

/// What a terminal gets when the hub cannot read a creative.
fn assert_told_to_come_back(stand: &Stand, terminal: &Terminal, asset: &Asset) {
    let asked = Instant::now();
    let answer = stand.get(terminal, &path_of(asset)).send().unwrap();
    assert_eq!(answer.status(), 503);
    assert!(asked.elapsed() < ANSWER_MAX, "{:?}", asked.elapsed());
    let after = answer.headers()["retry-after"].to_str().unwrap();
    assert!(
        (1..=120).contains(&after.parse::<u32>().unwrap()),
        "{after}"
    );
    let kind = &answer.headers()["content-type"];
    assert_eq!(kind, "application/problem+json");
}

fn assert_has(stand: &Stand, terminal: &Terminal, asset: &Asset) {
    let answer = stand.get(terminal, &path_of(asset)).send().unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(Digest::of(&answer.bytes().unwrap()), asset.sha256);
}

#[test]
fn what_is_published_into_a_store_reaches_a_screen_as_a_whole_and_in_part() {
    let server = S3Server::start();
    let stand = Stand::start_in(variables(&server, &address("hub/one")), &[]);
    let terminal = stand.terminal("one");
    stand.publish(&stand.campaign("cafe", "", &[[9; 3], [90; 3]]));
    let asset = stand.manifest(&terminal).assets.remove(0);
    assert_eq!(stand.manifest(&terminal).assets.len(), 2);
    let stored = file_of(&server.bucket().join("hub/one"), asset.sha256);
    assert_eq!(fs::metadata(&stored).unwrap().len(), asset.size);
    assert!(!stand.data().join("blobs").exists());

    let whole = stand.get(&terminal, &path_of(&asset)).send().unwrap();
    assert_eq!(whole.headers()["content-type"], "image/png");
    assert_eq!(whole.headers()["content-length"], asset.size.to_string());
    let whole = whole.bytes().unwrap();
    assert_eq!(Digest::of(&whole), asset.sha256);
    let part = |range: &str| {
        let asked = stand.get(&terminal, &path_of(&asset));
        asked.header("range", range).send().unwrap()
    };
    let rest = part("bytes=1000-");
    assert_eq!(rest.status(), 206);
    let range = format!("bytes 1000-{}/{}", whole.len() - 1, whole.len());
    assert_eq!(rest.headers()["content-range"], range);
    assert_eq!(rest.bytes().unwrap(), whole[1000..]);
    assert_eq!(part("bytes=-7").bytes().unwrap(), whole[whole.len() - 7..]);
    assert_eq!(part("bytes=5-9").bytes().unwrap(), whole[5..10]);
    assert_eq!(part(&format!("bytes={}-", whole.len())).status(), 416);

    // A command that forgets where the creatives are would publish what nobody finds.
    let said = one_line(&command_in(&stand, &[], &["screen", "list"]));
    assert!(
        said.contains("s3://screens/hub/one") && said.contains("--blobs"),
        "{said}"
    );
    let elsewhere = variables(&server, &address("hub/two"));
    let said = one_line(&command_in(&stand, &elsewhere, &["screen", "list"]));
    assert!(said.contains("move-blobs"), "{said}");
}

#[test]
fn a_wrong_key_is_one_clear_line_and_nothing_is_published_with_it() {
    let server = S3Server::start();
    let right = variables(&server, &address("hub"));
    let stand = Stand::start_in(right.clone(), &[]);
    let terminal = stand.terminal("one");
    let folder = stand.campaign("cafe", "", &[[9; 3]]);
    let publish = ["publish", folder.as_str()];
    for (name, value, code) in [
        ("AWS_SECRET_ACCESS_KEY", "hush", "SignatureDoesNotMatch"),
        ("AWS_ACCESS_KEY_ID", "nobody", "InvalidAccessKeyId"),
    ] {
        let refused = command_in(&stand, &with(&right, name, value), &publish);
        let said = one_line(&refused);
        assert_eq!(refused.status.code(), Some(3));
        for word in ["AWS_SECRET_ACCESS_KEY", code, "s3://screens/hub"] {
            assert!(said.contains(word), "{said}");
        }
        assert!(!said.contains("hush"), "{said}");
    }
    // Nor does a hub begin to serve so.
    let wrong = with(&right, "AWS_SECRET_ACCESS_KEY", "hush");
    let said = one_line(&command_in(
        &stand,
        &wrong,
        &["serve", "--listen", "127.0.0.1:0"],
    ));
    assert!(said.contains("SignatureDoesNotMatch"), "{said}");
    assert!(stand.manifest(&terminal).campaigns.is_empty());
    assert!(!server.bucket().join("hub").exists());

    // A new hub that names a bucket which is not there keeps no word of it.
    let folder = tempfile::tempdir().unwrap();
    let begin = |address: &str, database: &Option<String>| {
        let mut command = hub_command();
        command.envs(variables(&server, address));
        command.envs(
            database
                .iter()
                .map(|address| ("PASSERBY_HUB_DATABASE", address)),
        );
        command
            .args(["screen", "add", "one", "--data"])
            .arg(folder.path().join("data"));
        command.output().unwrap()
    };
    let database = new_database();
    let said = one_line(&begin("s3://absent/hub", &database));
    assert!(said.contains("no bucket absent"), "{said}");
    assert!(begin(&address("new"), &database).status.success());
}

#[test]
fn a_store_that_is_away_or_hangs_is_told_in_time_and_publication_is_whole_or_not() {
    let mut server = S3Server::start();
    let stand = Stand::start_in(variables(&server, &address("hub")), &[]);
    let terminal = stand.terminal("one");
    stand.publish(&stand.campaign("cafe", "", &[[9; 3]]));
    let manifest = stand.manifest(&terminal);
    let (first, second) = (
        stand.campaign("first", "", &[[20; 3]]),
        stand.campaign("second", "", &[[40; 3], [60; 3]]),
    );
    let publish = ["publish", first.as_str(), second.as_str()];
    for is_away in [true, false] {
        match is_away {
            true => server.kill(),
            false => server.suspend(true),
        }
        assert_told_to_come_back(&stand, &terminal, &manifest.assets[0]);
        let refused = stand.command(&publish);
        let said = one_line(&refused);
        assert!(said.contains("nothing was published"), "{said}");
        assert!(said.contains("s3://screens/hub"), "{said}");
        assert_eq!(stand.manifest(&terminal), manifest);
        match is_away {
            true => server.start_again(),
            false => server.suspend(false),
        }
        // The hub has kept nothing of it in mind.
        assert_has(&stand, &terminal, &manifest.assets[0]);
    }
    assert!(stand.command(&publish).status.success());
    let manifest = stand.manifest(&terminal);
    assert_eq!((manifest.campaigns.len(), manifest.assets.len()), (3, 4));
    for asset in &manifest.assets {
        assert_has(&stand, &terminal, asset);
    }
}

#[test]
fn a_hub_starts_while_its_store_is_away_and_serves_once_it_is_back() {
    let mut server = S3Server::start();
    let mut stand = Stand::start_in(variables(&server, &address("hub")), &[]);
    let terminal = stand.terminal("one");
    stand.publish(&stand.campaign("cafe", "", &[[9; 3]]));
    stand.stop();
    server.kill();
    stand.start_again();
    assert!(
        stand.log().contains("screens get no new files"),
        "{}",
        stand.log()
    );
    let asset = stand.manifest(&terminal).assets.remove(0);
    assert_told_to_come_back(&stand, &terminal, &asset);
    server.start_again();
    assert_has(&stand, &terminal, &asset);
}

#[test]
fn a_store_that_gives_other_bytes_back_never_completes_an_answer_and_is_repaired_by_publishing() {
    let server = S3Server::start();
    let variables = variables(&server, &address("hub"));
    let stand = Stand::start_in(variables, &["--monitoring-listen", "127.0.0.1:0"]);
    let terminal = stand.terminal("one");
    let folder = stand.campaign("cafe", "", &[[9; 3]]);
    stand.publish(&folder);
    let asset = stand.manifest(&terminal).assets.remove(0);
    let stored = file_of(&server.bucket().join("hub"), asset.sha256);
    let right = fs::read(&stored).unwrap();
    let mut wrong = right.clone();
    *wrong.last_mut().unwrap() ^= 1;

    for (bytes, is_begun) in [(wrong, true), (right[1..].to_vec(), false)] {
        fs::write(&stored, &bytes).unwrap();
        if is_begun {
            let answer = stand.get(&terminal, &path_of(&asset)).send().unwrap();
            assert_eq!(answer.headers()["content-length"], asset.size.to_string());
            assert!(answer.bytes().is_err(), "it looked whole");
        } else {
            assert_told_to_come_back(&stand, &terminal, &asset);
        }
        stand.publish(&folder);
        assert_eq!(fs::read(&stored).unwrap(), right);
        assert_has(&stand, &terminal, &asset);
    }
    fs::remove_file(&stored).unwrap();
    assert_told_to_come_back(&stand, &terminal, &asset);

    let metrics = format!("{}/metrics", stand.others[0]);
    let metrics = reqwest::blocking::get(metrics).unwrap().text().unwrap();
    for sample in [
        r#"passerby_hub_blob_failures_total{why="damaged"} 2"#,
        r#"passerby_hub_blob_failures_total{why="missing"} 1"#,
        r#"passerby_hub_blob_store_requests_total{method="get",outcome="missing"} 1"#,
        r#"passerby_hub_blob_store_request_duration_seconds_count{method="get"}"#,
    ] {
        assert!(metrics.contains(sample), "{sample} in\n{metrics}");
    }
    assert!(!metrics.contains(&asset.sha256.to_string()));
}

#[test]
fn files_larger_than_a_part_move_up_and_down_with_little_memory() {
    const BYTES: usize = 150 << 20;
    let server = S3Server::start();
    let stand = Stand::start();
    // Nobody's creative, of a size that no picture has.
    let mut state = 7_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()
    })
    .take(BYTES / 8)
    .flatten()
    .collect();
    let digest = Digest::of(&bytes);
    let own = stand.data().join("blobs");
    let file = file_of(&own, digest);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, &bytes).unwrap();
    let there = address("large");
    let own = own.to_str().unwrap();
    for (from, to) in [(own, there.as_str()), (there.as_str(), own)] {
        let mut mover = hub_command();
        mover.envs(variables(&server, &there));
        mover.envs(
            stand
                .database_address()
                .map(|address| ("PASSERBY_HUB_DATABASE", address)),
        );
        mover.args(["move-blobs", "--from", from, "--to", to, "--data"]);
        let mover = mover
            .arg(stand.data())
            .stdout(std::process::Stdio::null())
            .spawn();
        let mut mover = mover.unwrap();
        let status = format!("/proc/{}/status", mover.id());
        let mut most_kb = 0;
        while mover.try_wait().unwrap().is_none() {
            let said = fs::read_to_string(&status).unwrap_or_default();
            let most = said.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let most = most.and_then(|most| most.trim().strip_suffix(" kB")?.parse().ok());
            most_kb = most_kb.max(most.unwrap_or(0));
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(mover.wait().unwrap().success());
        println!("{from}: {most_kb} kB at most");
        assert!((1..100 << 10).contains(&most_kb), "{most_kb} kB");
        let copied = match to == own {
            true => file.clone(),
            false => file_of(&server.bucket().join("large"), digest),
        };
        assert!(fs::read(&copied).unwrap() == bytes, "{to}");
        fs::remove_file(match to == own {
            true => file_of(&server.bucket().join("large"), digest),
            false => file.clone(),
        })
        .unwrap();
    }
}

#[test]
fn a_hub_moves_its_creatives_to_a_store_and_back_and_goes_on_where_it_was_cut_off() {
    let server = S3Server::start();
    let mut stand = Stand::start();
    let terminal = stand.terminal("one");
    stand.publish(&stand.campaign("cafe", "", &[[9; 3], [50; 3], [90; 3]]));
    let assets = stand.manifest(&terminal).assets;
    let own = stand.data().join("blobs");
    let there = address("hub");
    let place = server.bucket().join("hub");
    let store = variables(&server, &there);

    // Whoever names the store before the move is told how to move.
    let said = one_line(&command_in(&stand, &store, &["screen", "list"]));
    assert!(said.contains("passerby-hub move-blobs"), "{said}");
    let move_there = [
        "move-blobs",
        "--from",
        own.to_str().unwrap(),
        "--to",
        &there,
        "--json",
    ];
    let moved = |expected: (u64, u64)| {
        let output = command_in(&stand, &server.variables(), &move_there);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let moved = &said["moved"];
        let found = (&moved["creatives"], &moved["copied"]);
        assert_eq!(found, (&expected.0.into(), &expected.1.into()));
        assert_eq!(moved["is_settled"], true);
    };
    // Of an earlier try one is there, one is cut short, and a stranger's file is beside them.
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("readme.txt"), "no creative").unwrap();
    for (asset, bytes) in [(&assets[0], usize::MAX), (&assets[1], 1_000)] {
        let whole = fs::read(file_of(&own, asset.sha256)).unwrap();
        let target = file_of(&place, asset.sha256);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, &whole[..bytes.min(whole.len())]).unwrap();
    }
    // A creative that is damaged at home keeps the hub where it is, by name.
    let third = file_of(&own, assets[2].sha256);
    let right = fs::read(&third).unwrap();
    fs::write(&third, &right[1..]).unwrap();
    let said = one_line(&command_in(&stand, &server.variables(), &move_there));
    assert!(said.contains(&assets[2].sha256.to_string()), "{said}");
    assert!(stand.command(&["screen", "list"]).status.success());
    fs::write(&third, &right).unwrap();
    // The serving process goes on with the folder all the while.
    moved((3, 1));
    assert_has(&stand, &terminal, &assets[0]);
    moved((3, 0));
    assert_eq!(fs::read_dir(&place).unwrap().count(), 4);

    stand.serve_in(store);
    fs::remove_dir_all(&own).unwrap();
    for asset in &assets {
        assert_has(&stand, &terminal, asset);
    }
    stand.publish(&stand.campaign("later", "", &[[120; 3]]));
    let move_back = [
        "move-blobs",
        "--from",
        &there,
        "--to",
        own.to_str().unwrap(),
    ];
    assert!(stand.command(&move_back).status.success());
    stand.serve_in(Vec::new());
    drop(server);
    for asset in stand.manifest(&terminal).assets {
        assert_has(&stand, &terminal, &asset);
    }
}

#[test]
fn a_backup_brings_the_creatives_of_a_store_along_or_leaves_them_there() {
    let server = S3Server::start();
    let there = variables(&server, &address("hub"));
    let stand = Stand::start_in(there.clone(), &[]);
    let terminal = stand.terminal("one");
    stand.publish(&stand.campaign("cafe", "", &[[9; 3], [90; 3]]));
    let assets = stand.manifest(&terminal).assets;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (whole, without) = (at("whole"), at("without"));
    let made = stand.json(&["backup", &whole]);
    assert_eq!(made["made"]["creatives"], 2);
    let checked = Command::new("sha256sum")
        .args(["--check", "--quiet", "SHA256SUMS"])
        .current_dir(&whole)
        .status();
    assert!(checked.unwrap().success());
    assert!(file_of(&Path::new(&whole).join("blobs"), assets[0].sha256).exists());
    assert_eq!(
        stand.json(&["backup", &without, "--without-creatives"])["made"]["creatives"],
        2
    );
    assert!(!file_of(&Path::new(&without).join("blobs"), assets[0].sha256).exists());

    let restore = |backup: &str, data: &str, variables: &[(String, String)]| {
        let mut command = hub_command();
        command.args(["restore", backup, "--data", &at(data)]);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.envs(new_database().map(|address| ("PASSERBY_HUB_DATABASE", address)));
        command.output().unwrap()
    };
    // Into a folder, and into another store.
    assert!(restore(&whole, "in-folder", &[]).status.success());
    assert!(file_of(&folder.path().join("in-folder/blobs"), assets[1].sha256).exists());
    let other = variables(&server, &address("other"));
    assert!(restore(&whole, "in-store", &other).status.success());
    assert!(!folder.path().join("in-store/blobs").exists());
    assert!(file_of(&server.bucket().join("other"), assets[1].sha256).exists());
    // Without its creatives a backup is restored to where they are, and nowhere else.
    let said = one_line(&restore(&without, "nowhere", &[]));
    assert!(said.contains("--blobs"), "{said}");
    assert!(restore(&without, "there", &there).status.success());
    fs::remove_file(file_of(&server.bucket().join("other"), assets[1].sha256)).unwrap();
    let said = one_line(&restore(&without, "nowhere", &other));
    assert!(said.contains(&assets[1].sha256.to_string()), "{said}");
    assert!(!folder.path().join("nowhere").exists());

    // A creative that is gone keeps a backup from being made.
    fs::remove_file(file_of(&server.bucket().join("hub"), assets[0].sha256)).unwrap();
    for option in [None, Some("--without-creatives")] {
        let target = at("none");
        let mut arguments = vec!["backup", target.as_str()];
        arguments.extend(option);
        let said = one_line(&stand.command(&arguments));
        assert!(said.contains(&assets[0].sha256.to_string()), "{said}");
        assert!(!folder.path().join("none").exists());
    }
}

#[test]
fn a_store_behind_a_certificate_of_ones_own_is_believed_by_its_root_alone() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "127.0.0.1", 30);
    let (certificate, key) = (
        files.certificate.to_str().unwrap(),
        files.key.to_str().unwrap(),
    );
    let server = S3Server::start_with(&["--cert", certificate, "--key", key]);
    let root = folder.path().join("root.pem");
    fs::write(&root, &authority.pem).unwrap();
    let store = variables(&server, &address("hub"));
    let trusting = with(&store, "AWS_CA_BUNDLE", root.to_str().unwrap());
    let stand = Stand::start_in(trusting, &[]);
    let terminal = stand.terminal("one");
    let folder = stand.campaign("cafe", "", &[[9; 3]]);
    let said = one_line(&command_in(&stand, &store, &["publish", &folder]));
    assert!(said.contains("certificate"), "{said}");
    stand.publish(&folder);
    assert_has(&stand, &terminal, &stand.manifest(&terminal).assets[0]);
}

#[test]
fn two_processes_share_a_store_and_a_later_publication_reaches_screens_of_either() {
    let server = S3Server::start();
    let variables = variables(&server, &address("hub"));
    let stand = Stand::start_in(variables, &[]);
    let beside = stand.another_process();
    let terminal = stand.terminal("one");
    for (name, colour) in [("cafe", 9), ("bar", 90)] {
        let picture = [[colour; 3]];
        stand.publish(&stand.campaign(name, "", &picture));
        for asset in stand.manifest(&terminal).assets {
            assert_has(&stand, &terminal, &asset);
            let asked = stand
                .client
                .get(format!("{}{}", beside.base, path_of(&asset)));
            let answer = asked
                .bearer_auth(&terminal.credentials.bearer)
                .send()
                .unwrap();
            assert_eq!(Digest::of(&answer.bytes().unwrap()), asset.sha256);
        }
    }
}

/// Runs a command on the data of a stand, with other variables than its own.
fn command_in(stand: &Stand, variables: &[(String, String)], arguments: &[&str]) -> Output {
    let mut command = hub_command();
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let database = stand.database_address();
    command.envs(database.map(|address| ("PASSERBY_HUB_DATABASE", address)));
    command.args(arguments).arg("--data").arg(stand.data());
    command.output().unwrap()
}
