//! Processes that do everything wrong, played by shell scripts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use passerby_protocol::campaign::Colours;

use super::*;
use crate::publish::postcard::order::{read_answer, write_answer};

pub(super) fn order() -> PostcardOrder {
    PostcardOrder {
        sentence: "逛街还买书！".to_owned(),
        title: "三体".to_owned(),
        name: "李雷".to_owned(),
        seen: "地铁2号线 B口 · 19:42".to_owned(),
        call: "扫一扫，看看是什么".to_owned(),
        host: "hub.example".to_owned(),
        link: "HTTPS://HUB.EXAMPLE/S/ABCDEFGH23456723".to_owned(),
        colours: Colours::default(),
        picture: Vec::new(),
    }
}

/// A desk whose process is a script.
fn desk(script: &str, folder: &std::path::Path) -> PostcardDesk {
    let program = folder.join("drawer");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    PostcardDesk {
        program: Some(program),
        queue: Mutex::new(None),
        turns: Mutex::default(),
    }
}

#[tokio::test]
async fn a_process_that_dies_or_talks_nonsense_costs_one_postcard() {
    let folder = tempfile::tempdir().unwrap();
    for script in [
        "kill -9 $$",
        "head -c 5000 /dev/zero",
        "head -c 8 /dev/urandom; exit 1",
    ] {
        let desk = desk(script, folder.path());
        for _ in 0..2 {
            let drawn = desk.draw(order()).await;
            assert_eq!(drawn, Err(PostcardError::Broke), "{script}");
        }
    }
    let nowhere = PostcardDesk {
        program: Some("/nowhere/drawer".into()),
        queue: Mutex::new(None),
        turns: Mutex::default(),
    };
    assert!(matches!(
        nowhere.draw(order()).await,
        Err(PostcardError::Start(_))
    ));
}

#[tokio::test]
async fn a_process_that_died_while_nobody_asked_costs_no_postcard() {
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer");
    let mut bytes = Vec::new();
    write_answer(&mut bytes, &Ok(vec![5; 9])).unwrap();
    fs::write(&answer, bytes).unwrap();
    // It answers one order, and is gone at the next.
    let desk = desk(&format!("cat '{}'", answer.display()), folder.path());
    for _ in 0..3 {
        assert_eq!(desk.draw(order()).await, Ok(vec![5; 9]));
    }
}

#[tokio::test]
async fn who_wants_the_same_postcard_waits_for_the_first_and_nobody_for_another_one() {
    let desk = PostcardDesk::new();
    let first = desk.turn("one").await.unwrap();
    let other = desk.turn("other").await.unwrap();
    let mut second = Box::pin(desk.turn("one"));
    assert!(
        tokio::time::timeout(Duration::from_millis(20), &mut second)
            .await
            .is_err()
    );
    drop((first, other));
    drop(second.await.unwrap());
    drop(desk.turn("third").await.unwrap());
    assert!(
        desk.turns.lock().unwrap().len() <= 1,
        "who is done is forgotten"
    );
}

#[test]
fn a_process_that_answers_nothing_is_ended_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk("exec sleep 1000", folder.path());
    let program = desk.program.unwrap();
    let mut process = Process::start(&program, COMMAND).unwrap();
    let mut large = order();
    // More than a pipe holds.
    large.picture = vec![7; 500_000];
    let late = process.draw(&large, Duration::from_millis(100));
    assert_eq!(late, Err(PostcardError::Late));
    let ended = Instant::now();
    drop(process);
    assert!(ended.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn no_more_wait_than_there_is_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk("exec sleep 1000", folder.path());
    let mut waiting = Vec::new();
    let busy = loop {
        match desk.ask(order()) {
            Ok(told) => waiting.push(told),
            Err(error) => break error,
        }
        assert!(waiting.len() <= WAITING_MAX + 2);
    };
    assert_eq!(busy, PostcardError::Busy);
}

#[test]
fn orders_and_answers_are_read_as_they_were_written_and_only_whole() {
    let mut order = order();
    order.picture = vec![1, 2, 3];
    let mut bytes = Vec::new();
    order.write(&mut bytes).unwrap();
    assert_eq!(PostcardOrder::read(&mut &*bytes).unwrap(), Some(order));
    for cut in 4..bytes.len() {
        assert!(PostcardOrder::read(&mut &bytes[..cut]).is_err(), "{cut}");
    }
    assert!(PostcardOrder::read(&mut &[255; 8][..]).is_err());
    for answer in [Ok(vec![5; 9]), Err("too long".to_owned())] {
        let mut bytes = Vec::new();
        write_answer(&mut bytes, &answer).unwrap();
        assert_eq!(read_answer(&mut &*bytes).unwrap(), answer);
    }
}
