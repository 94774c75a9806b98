//! The same thing asked of two processes at the same moment: done once, and both answer rightly.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use passerby_hub::store::Targets;
use passerby_protocol::wire::PlaysReply;
use passerby_testing::postgres::PostgresServer;
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::processes::fleet::{Process, client, plays_path, rows, send, visit};
use crate::stand::{Terminal, location, without_click};

/// How often each thing is tried.
const ROUNDS: u64 = 40;

struct Two {
    folder: tempfile::TempDir,
    address: String,
    processes: [Process; 2],
    terminal: Terminal,
}

impl Two {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = PostgresServer::shared().new_database();
        let data = folder.path().join("data");
        let processes = [(); 2].map(|()| Process::start(Some(&address), &data));
        let terminal = processes[0].terminal("one");
        processes[0].publish("book");
        Self {
            folder,
            address,
            processes,
            terminal,
        }
    }

    /// Has both asked the same at one moment, again and again, and hears both answers.
    fn each_round<T: Send>(
        &self,
        rounds: u64,
        ask: impl Fn(&Process, &Client, u64) -> T + Sync,
    ) -> Vec<[T; 2]> {
        let clients = [(); 2].map(|()| client());
        let each = (0..rounds).map(|round| {
            let go = AtomicBool::new(false);
            std::thread::scope(|scope| {
                let asking = [0, 1].map(|at| {
                    let (ask, go, clients) = (&ask, &go, &clients);
                    scope.spawn(move || {
                        while !go.load(Ordering::Acquire) {
                            std::thread::yield_now();
                        }
                        ask(&self.processes[at], &clients[at], round)
                    })
                });
                go.store(true, Ordering::Release);
                asking.map(|asked| asked.join().unwrap())
            })
        });
        each.collect()
    }

    fn count(&self, query: &str) -> String {
        PostgresServer::shared().value(&self.address, query)
    }

    fn recount(&self) {
        let differences = &self.processes[1].json(&["recount"])["differences"];
        assert_eq!(*differences, json!([]));
    }
}

#[test]
fn a_batch_that_comes_to_two_processes_at_one_moment_is_stored_once() {
    let two = Two::start();
    let path = plays_path(&two.terminal);
    let answers = two.each_round(ROUNDS, |process, client, round| {
        let plays = rows(20 * round + 1..=20 * round + 20);
        let answer = send(client, &process.url(&path), &two.terminal, &plays).unwrap();
        assert_eq!(answer.status(), 200);
        let reply: PlaysReply = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
        assert!(reply.rejected.is_empty(), "{reply:?}");
        reply.acked_through
    });
    for (round, answers) in (1..).zip(answers) {
        assert_eq!(answers, [20 * round; 2]);
    }
    let total = two.processes[0].json(&["report"])["plays"]["total"].clone();
    assert_eq!(total, 20 * ROUNDS);
    two.recount();
}

#[test]
fn a_code_opened_at_two_processes_at_one_moment_is_one_scan_with_one_link_and_one_press() {
    let two = Two::start();
    let assignment = two.processes[0].manifest(&two.terminal).0.campaigns[0].items[0].assignment;
    let answers = two.each_round(ROUNDS, |process, client, round| {
        let round = u32::try_from(round).unwrap();
        let path = two.terminal.scan_path(assignment, 100_000 + round);
        let open = |path: &str| visit(client, &process.url(path), round).unwrap();
        let link = location(&open(&path));
        assert_eq!(open(&link).status(), 200);
        let target = location(&open(&format!("{link}/go")));
        (link, target)
    });
    for [first, second] in &answers {
        assert_eq!(first, second);
        assert_eq!(without_click(&first.1), "https://shop.example/book");
        assert_ne!(first.1, without_click(&first.1));
    }
    for what in [
        "scans",
        "shares",
        "visits",
        "visits WHERE clicked_ms IS NOT NULL",
    ] {
        let count = two.count(&format!("SELECT count(*) FROM {what}"));
        assert_eq!(count, ROUNDS.to_string(), "{what}");
    }
    two.recount();
}

#[test]
fn of_one_visitor_no_more_scans_count_at_two_processes_than_at_one() {
    /// What `HOUR_MAX` in `hub/src/scans/verdict.rs` says.
    const HOUR_MAX: u64 = 60;
    /// At each process, at one moment, when there is room for one.
    const AT_ONE_TIME: u64 = 2;
    const VISITORS: u32 = 6;
    let two = Two::start();
    // At screens of their own, so that no screen has them wait for each other.
    let terminals = [&two.terminal, &two.processes[1].terminal("two")];
    let assignment = two.processes[0].manifest(&two.terminal).0.campaigns[0].items[0].assignment;
    let clients = [(); 2].map(|()| client());
    let scan = |at: usize, visitor: u32, play: u64| {
        let play = visitor * 1_000 + u32::try_from(play).unwrap();
        let path = terminals[at].scan_path(assignment, 100_000 + play);
        let url = two.processes[at].url(&path);
        assert_eq!(visit(&clients[at], &url, visitor).unwrap().status(), 302);
    };
    for visitor in 0..VISITORS {
        for play in 1..HOUR_MAX {
            scan(usize::from(play % 2 == 0), visitor, play);
        }
        let go = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for (at, more) in (0..2).flat_map(|at| (0..AT_ONE_TIME).map(move |more| (at, more))) {
                let (scan, go) = (&scan, &go);
                scope.spawn(move || {
                    while !go.load(Ordering::Acquire) {
                        std::thread::yield_now();
                    }
                    scan(at, visitor, HOUR_MAX + more);
                });
            }
            go.store(true, Ordering::Release);
        });
    }
    let scans = two.processes[0].json(&["report"])["scans"].clone();
    assert_eq!(scans["total"], u64::from(VISITORS) * HOUR_MAX);
    assert_eq!(scans["floods"], u64::from(VISITORS) * (2 * AT_ONE_TIME - 1));
    two.recount();
}

#[test]
fn a_process_with_another_address_does_not_start_beside_those_that_serve() {
    let mut two = Two::start();
    let serve = |public_url: &str| {
        let mut command = two.processes[0].hub();
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--public-url", public_url, "--data"])
            .arg(two.folder.path().join("data"))
            .stderr(Stdio::piped());
        command
    };
    let refused = serve("https://other.example").output().unwrap();
    assert_eq!(refused.status.code(), Some(3));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    for words in ["HTTP://HUB.TEST", "HTTPS://OTHER.EXAMPLE", "--public-url"] {
        assert!(said.contains(words), "{said}");
    }
    let scan_base = || two.processes[0].manifest(&two.terminal).0.scan_base;
    assert_eq!(scan_base(), "HTTP://HUB.TEST", "nothing has changed");
    let mut other = serve("https://other.example");
    for process in &mut two.processes {
        process.kill();
    }
    // Nobody serves any more, so the address may change.
    let mut child = other.spawn().unwrap();
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
    let hub = two.processes[0].open();
    let manifest = hub.store.manifest(two.terminal.credentials.screen);
    assert_eq!(manifest.unwrap().scan_base, "HTTPS://OTHER.EXAMPLE");
}

#[test]
fn a_pairing_code_is_opened_claimed_and_collected_at_any_process() {
    let two = Two::start();
    let enrol = |process: &Process, client: &Client, body: &Value| {
        let answer = client
            .post(process.url("/v1/enroll"))
            .body(body.to_string())
            .send()
            .unwrap();
        let status = answer.status().as_u16();
        let reply: Value = serde_json::from_slice(&answer.bytes().unwrap()).unwrap();
        (status, reply)
    };
    let answers = two.each_round(4, |process, client, round| {
        let code = format!("{round:08}");
        let ask = json!({ "code": code, "secret": "cd".repeat(32), "name": "at the door" });
        // The other process may have been quicker with everything.
        assert!([200, 202].contains(&enrol(process, client, &ask).0));
        let claimed = process.command(&["claim", &code, "--name", "exit"]);
        // Whoever came second is told; then either collects.
        let (status, credentials) = enrol(process, client, &ask);
        assert_eq!(status, 200, "{credentials}");
        (claimed.status.code(), credentials)
    });
    for [first, second] in answers {
        let mut codes = [first.0, second.0];
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(2)]);
        assert_eq!(first.1, second.1);
    }
    // An enrolment token, likewise.
    let added = two.processes[1].json(&["screen", "add", "two"]);
    let ask = json!({ "token": added["token"], "secret": "ef".repeat(32) });
    let answers = two.each_round(4, |process, client, _| enrol(process, client, &ask));
    for [first, second] in &answers {
        assert_eq!((first.0, first), (200, second));
    }
    assert_eq!(two.count("SELECT count(*) FROM screens"), "6");
}

#[test]
fn screens_and_campaigns_that_are_made_at_one_moment_are_all_there_once() {
    let two = Two::start();
    let hubs = two.processes.each_ref().map(Process::open);
    let mut numbers: Vec<u32> = std::thread::scope(|scope| {
        let adding = hubs.each_ref().map(|hub| {
            scope.spawn(move || {
                let add = |at: u64| {
                    let name = format!("screen {at}");
                    hub.store
                        .add_screen(
                            &passerby_hub::people::Actor::COMMAND_LINE,
                            &name,
                            1_800_000_000_000,
                        )
                        .unwrap()
                        .0
                };
                (0..ROUNDS)
                    .map(add)
                    .map(|screen| screen.get())
                    .collect::<Vec<_>>()
            })
        });
        let all = adding.into_iter().flat_map(|added| added.join().unwrap());
        all.collect()
    });
    numbers.sort_unstable();
    let first = two.terminal.credentials.screen.get();
    let expected: Vec<u32> = (first + 1..=first + 2 * u32::try_from(ROUNDS).unwrap()).collect();
    assert_eq!(numbers, expected);

    let book = two.folder.path().join("book");
    let looked = crate::stand::look_at;
    let publication = passerby_hub::publish::folder::Publication::read(&book, &looked).unwrap();
    std::thread::scope(|scope| {
        for hub in &hubs {
            let publication = &publication;
            scope.spawn(move || {
                for at in 0..10 {
                    // Off and on, so that each changes something.
                    hub.store
                        .unpublish(
                            &passerby_hub::people::Actor::COMMAND_LINE,
                            &publication.id,
                            at,
                        )
                        .unwrap();
                    hub.publish(
                        &passerby_hub::people::Actor::COMMAND_LINE,
                        publication,
                        &Targets::Everywhere,
                        at,
                    )
                    .unwrap();
                }
            });
        }
    });
    let manifests = two
        .processes
        .each_ref()
        .map(|one| one.manifest(&two.terminal));
    assert_eq!(manifests[0].1, manifests[1].1);
    assert_eq!(manifests[0].0.campaigns.len(), 1);
    // Each screen has one number for it, whoever published.
    let query = "SELECT count(*) = count(DISTINCT screen) FROM assignments";
    assert_eq!(two.count(query), "t");
}
