//! Starting, stopping, and what is said when that does not work.

use std::process::{Command, Stdio};

use crate::stand::{Stand, hub_command};

#[test]
fn hub_stops_by_itself_when_it_is_told_to() {
    let mut stand = Stand::start();
    assert_eq!(stand.visit(1, "/").status(), 200);
    let id = stand.server().id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert!(stand.server().wait().unwrap().success());
}

#[test]
fn busy_port_and_unusable_folder_are_one_clear_line_each() {
    let stand = Stand::start();
    let taken = stand.base.trim_start_matches("http://");
    let output = stand.command(&["serve", "--listen", taken]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(taken) && said.contains("--listen"), "{said}");

    let file = stand.data().join("keys.json").join("below a file");
    let output = hub_command()
        .args(["report", "--data"])
        .arg(file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.lines().count() == 1 && said.contains("--data"),
        "{said}"
    );
}

#[test]
fn only_commands_that_begin_a_hub_make_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |arguments: &[&str]| {
        let mut command = hub_command();
        command.args(arguments).arg("--data").arg(&data);
        command.stdin(Stdio::null()).output().unwrap()
    };
    for arguments in [
        &["screen", "list"][..],
        &["screen", "rotate", "1"],
        &["screen", "renew", "1"],
        &["screen", "revoke", "1"],
        &["screen", "devices"],
        &["key", "rotate"],
        &["key", "list"],
        &["claim", "ABCD-1234", "--name", "x"],
        &["unpublish", "cafe"],
        &["domain", "add", "go.shop.example"],
        &["domain", "remove", "go.shop.example"],
        &["domain", "list"],
        &["report"],
        &["backup", "copy"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains(data.to_str().unwrap()) && said.contains("--data"),
            "{said}"
        );
        assert!(output.stdout.is_empty() && !data.exists(), "{arguments:?}");
    }
    // Nor is one begun in a folder that is there and holds something else.
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("notes.txt"), "mine").unwrap();
    assert_eq!(run(&["screen", "list"]).status.code(), Some(3));
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1);

    assert!(run(&["screen", "add", "Counter"]).status.success());
    let listed = String::from_utf8(run(&["screen", "list"]).stdout).unwrap();
    assert!(listed.contains("Counter"), "{listed}");
}

#[test]
fn what_cannot_be_understood_exits_with_2() {
    for arguments in [
        &["claim", "short", "--name", "x"][..],
        &["publish"],
        &["serve", "--public-url", "hub.example"],
        &["serve", "--code-days", "0"],
        &["serve", "--code-days", "401"],
        &["screen", "add", ""],
    ] {
        let output = hub_command()
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[test]
fn a_database_that_is_away_or_has_no_address_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = passerby_testing::postgres::PostgresServer::shared().new_database();
    let (_, options) = server.split_once('?').unwrap();
    let unknown_name = format!("postgres:///no_such_database?{options}");
    // Something listens there that never says a word of PostgreSQL's, and then nothing does.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let other_port = other.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in other.incoming() {
            let _ = std::io::Write::write_all(&mut stream.unwrap(), b"HTTP/1.1 400 No\r\n\r\n");
        }
    });
    let other = format!("postgres://hub:secret@127.0.0.1:{other_port}/hub?sslmode=disable");
    let place = format!("\"hub\" at 127.0.0.1:{other_port} as \"hub\"");
    let nobody = "postgres://hub:secret@127.0.0.1:1/hub";
    for (address, expected) in [
        ("postgres:///hub?host=/nowhere/at/all", "No such file"),
        ("http://db.example/hub", "postgres://USER:PASSWORD@HOST"),
        ("", "names no host"),
        ("postgres://", "names no host"),
        ("postgres://hub:secret@a.example:99999/hub", "port"),
        (
            "postgres://hub:secret@a.example/hub?sslmode=verify-full",
            "sslmode=require",
        ),
        (nobody, "\"hub\" at 127.0.0.1:1 as \"hub\""),
        (&other, &place),
        (&unknown_name, "CREATE DATABASE"),
    ] {
        let added = hub_command()
            .args(["screen", "add", "exit B", "--database", address, "--data"])
            .arg(folder.path().join("data"))
            .output()
            .unwrap();
        assert_eq!(added.status.code(), Some(3));
        let said = String::from_utf8(added.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(
            said.contains("--database") && !said.contains("secret"),
            "{said}"
        );
    }
}

#[test]
fn a_variable_that_is_set_and_empty_counts_as_unset() {
    let folder = tempfile::tempdir().unwrap();
    let added = hub_command()
        .args(["screen", "add", "Door", "--data"])
        .arg(folder.path().join("data"))
        .envs([("PASSERBY_HUB_DATABASE", ""), ("PASSERBY_HUB_BLOBS", "")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&added.stderr);
    assert!(added.status.success(), "{said}");
    assert!(folder.path().join("data/hub.db").exists());
}

#[test]
fn a_result_that_cannot_be_written_is_an_error_and_a_reader_that_has_gone_is_none() {
    let stand = Stand::start();
    for arguments in [
        &["screen", "add", "Door"][..],
        &["report"],
        &["report", "--json"],
        &["screen", "list"],
    ] {
        let run = |out: Stdio| {
            let mut command = stand.hub_command();
            command.args(arguments).arg("--data").arg(stand.data());
            let output = command.stdout(out).stderr(Stdio::piped()).output().unwrap();
            (
                output.status.code(),
                String::from_utf8(output.stderr).unwrap(),
            )
        };
        let full = std::fs::File::options().write(true).open("/dev/full");
        let (code, said) = run(full.unwrap().into());
        assert_eq!(code, Some(4), "{arguments:?}: {said}");
        assert!(
            said.contains("standard output") && said.lines().count() == 1,
            "{said}"
        );
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(
            run(writer.into()),
            (Some(0), String::new()),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_time_zone_and_a_folder_that_do_not_exist_are_told_in_words() {
    let stand = Stand::start();
    let run = |arguments: &[&str]| {
        let mut command = stand.hub_command();
        command.args(arguments).arg("--data").arg(stand.data());
        let output = command.env("TZ", "Nowhere/Bad").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = run(&["report", "--by", "day"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("names no time zone").count(), 1, "{said}");
    assert!(said.contains("Nowhere/Bad"), "{said}");

    let nowhere = stand.data().join("nosuch");
    let to = stand.data().join("other");
    let (code, said) = run(&[
        "move-blobs",
        "--from",
        nowhere.to_str().unwrap(),
        "--to",
        to.to_str().unwrap(),
    ]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("nosuch: there is no such folder") && said.contains("--from"),
        "{said}"
    );
}
