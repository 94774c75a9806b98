//! Drawings are drawn by a process of their own, with bounds of the system.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use passerby_compose::creative::drawing::drawing_process::{COMMAND, MEMORY_BYTES_MAX};

const DRAWING: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 30'><path d='M0 0h20v30h-20z' fill='#28a'/></svg>";

#[test]
fn a_process_that_draws_is_bounded_before_it_is_told_what() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_passerby"))
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("its input");
    let mut stdout = child.stdout.take().expect("its output");
    let folder = format!("/proc/{}", child.id());
    let patience = Instant::now() + Duration::from_secs(600);
    let bounds = ["Max address space", "Max file size", "Max core file size"];
    let expected = [MEMORY_BYTES_MAX, 0, 0].map(|most| most.to_string());
    // It bounds itself once it runs, and then waits for its order.
    loop {
        let limits = fs::read_to_string(format!("{folder}/limits")).expect("its limits");
        let told = bounds.map(|bound| {
            let line = limits.lines().find_map(|line| line.strip_prefix(bound));
            let mut columns = line.unwrap_or_default().split_whitespace();
            (
                columns.next().map(str::to_owned),
                columns.next().map(str::to_owned),
            )
        });
        let expected = expected
            .clone()
            .map(|most| (Some(most.clone()), Some(most)));
        if told == expected {
            break;
        }
        assert!(Instant::now() < patience, "{limits}");
        thread::yield_now();
    }
    let score = fs::read_to_string(format!("{folder}/oom_score_adj")).expect("its score");
    assert_eq!(
        score.trim(),
        "1000",
        "it is ended first where memory is short"
    );

    let order = "{\"view\":{\"crop\":{\"left\":0,\"top\":0,\"width\":10000,\"height\":7500},\"size_px\":[40,30],\"paper\":[1,2,3]}}\n";
    stdin
        .write_all(&[order, DRAWING].concat().into_bytes())
        .expect("it reads");
    drop(stdin);
    let mut answer = Vec::new();
    stdout.read_to_end(&mut answer).expect("it answers");
    assert!(child.wait().expect("it ends").success());
    let end = answer
        .iter()
        .position(|&byte| byte == b'\n')
        .expect("a line");
    assert_eq!(&answer[..end], b"{\"Ok\":null}");
    let pixels = &answer[end + 1..];
    assert_eq!(pixels.len(), 40 * 30 * 4);
    assert_eq!(pixels[..4], [0x22, 0x88, 0xAA, 255]);
    assert_eq!(pixels[39 * 4..40 * 4], [1, 2, 3, 255]);
}
