//! Floods: answered from memory, while everybody else is served.

use passerby_protocol::Assignment;
use reqwest::blocking::Response;

use crate::stand::{PHONE, Stand, Terminal, location};

const TARGET: &str = "https://cafe.example/tonight";

fn on_air() -> (Stand, Terminal, Assignment) {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let toml = format!("title = 'Café'\ntarget = '{TARGET}'\n");
    stand.publish(&stand.campaign("cafe", &toml, &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    (stand, terminal, assignment)
}

/// A figure of a process, as Linux tells it.
fn figure(process: u32, file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn retry_after(response: &Response) -> u64 {
    assert_eq!(response.status(), 429);
    let seconds = response.headers()["retry-after"].to_str().unwrap();
    seconds.parse().unwrap()
}

#[test]
fn twenty_thousand_guesses_leave_the_database_alone_and_real_scans_are_answered() {
    let (mut stand, terminal, assignment) = on_air();
    // The last eight characters of a real code, at random: the form is right, the tag is not.
    let real = terminal.scan_path(assignment, 1);
    let guess = |number: u32| format!("{}{number:08}", &real[..real.len() - 8]);
    location(&stand.visit(1, &real));
    let process = stand.server().id();
    let (written, resident) = (
        figure(process, "io", "write_bytes:"),
        figure(process, "status", "VmRSS:"),
    );
    let mut turned_away = 0;
    for number in 0..20_000_u32 {
        // One half from one place, the other half from everywhere: networks beside each other share
        // a limit.
        let [_, _, b, c] = number.to_be_bytes();
        let from = if number % 2 == 0 {
            "203.0.113.9".to_owned()
        } else {
            format!("{}.{b}.7.9", 128 + c / 2)
        };
        let response = stand.open_from(&from, PHONE, &guess(number));
        match response.status().as_u16() {
            404 => {}
            429 => {
                assert_eq!(from, "203.0.113.9");
                assert!((1..=60).contains(&retry_after(&response)));
                turned_away += 1;
            }
            other => panic!("{other}"),
        }
        if number % 1_000 == 0 {
            let play = 2 + number / 1_000;
            let visitor = u8::try_from(play).unwrap();
            let scan = stand.visit(visitor, &terminal.scan_path(assignment, play));
            assert_eq!(location(&scan), TARGET);
        }
    }
    assert!(turned_away > 9_000, "{turned_away}");
    let written = figure(process, "io", "write_bytes:") - written;
    let resident = figure(process, "status", "VmRSS:").saturating_sub(resident);
    eprintln!("20,000 guesses: {written} bytes written, {resident} KiB more in memory");
    // A row for each would be more than 80 MB.
    assert!(written < 8 << 20, "{written} bytes written");
    assert!(resident < 64 << 10, "{resident} KiB more in memory");
    stand.stop();
    let scans = &stand.report()["scans"];
    assert_eq!(scans["total"], 21);
    let forged = scans["forged"].as_u64().unwrap();
    assert!((10_000..=20_000).contains(&forged), "{forged}");
    assert_eq!(scans["bad_tokens"], forged);
}

#[test]
fn guesses_past_the_limit_are_turned_away_and_a_real_code_from_there_is_not() {
    let (stand, terminal, assignment) = on_air();
    let mut guesses = (0..).map(|number| stand.visit(1, &format!("/q/guess{number}")));
    let refused = guesses
        .by_ref()
        .take(10_000)
        .find(|response| response.status() != 404)
        .unwrap();
    assert!(retry_after(&refused) <= 2);
    let page = refused.text().unwrap();
    assert!(page.contains("slower"), "{page}");
    assert_eq!(
        location(&stand.visit(1, &terminal.scan_path(assignment, 5))),
        TARGET
    );
    assert_eq!(stand.visit(2, "/q/guess").status(), 404);
}

#[test]
fn one_network_that_floods_is_asked_to_wait_and_others_are_not() {
    let (stand, terminal, assignment) = on_air();
    let path = terminal.scan_path(assignment, 5);
    let refused = (0..20_000)
        .map(|_| stand.visit(1, &path))
        .find(|response| response.status() != 302)
        .unwrap();
    assert!(retry_after(&refused) <= 10);
    assert_eq!(location(&stand.visit(2, &path)), TARGET);
    assert_eq!(stand.report()["scans"]["total"], 2);
}
