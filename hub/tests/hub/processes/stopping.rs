//! Told to stop under load, a hub answers what it has begun and loses nothing that it answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use passerby_protocol::wire::PlaysReply;

use crate::processes::fleet::{Process, client, plays_path, rows, send, visit};
use crate::stand::new_database;

#[test]
fn a_hub_that_is_told_to_stop_under_load_has_kept_all_that_it_answered() {
    let folder = tempfile::tempdir().unwrap();
    let database = new_database();
    let mut process = Process::start(database.as_deref(), &folder.path().join("data"));
    let terminals = ["one", "two"].map(|name| process.terminal(name));
    process.publish("book");
    let assignment = process.manifest(&terminals[0]).0.campaigns[0].items[0].assignment;
    let is_over = AtomicBool::new(false);
    let (mut acked, mut scans, mut openings) = (Vec::new(), 0, 0);
    std::thread::scope(|scope| {
        let sending = terminals.each_ref().map(|terminal| {
            let url = process.url(&plays_path(terminal));
            let is_over = &is_over;
            scope.spawn(move || {
                let client = client();
                let mut acked = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let plays = rows(acked + 1..=acked + 5);
                    if let Ok(answer) = send(&client, &url, terminal, &plays)
                        && answer.status() == 200
                        && let Ok(body) = answer.bytes()
                    {
                        let reply: PlaysReply = serde_json::from_slice(&body).unwrap();
                        acked = reply.acked_through;
                    } else {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                }
                acked
            })
        });
        let scanning = [0_u32, 1, 2].map(|phones| {
            let (terminal, base) = (&terminals[0], process.url(""));
            let is_over = &is_over;
            scope.spawn(move || {
                let client = client();
                let (mut scans, mut openings) = (0, 0);
                while !is_over.load(Ordering::Relaxed) {
                    let phone = phones * 10_000 + scans;
                    let path = terminal.scan_path(assignment, 100_000 + phone);
                    let open = || {
                        let answer = visit(&client, &format!("{base}{path}"), phone);
                        answer.is_ok_and(|answer| answer.status() == 302)
                    };
                    if open() {
                        scans += 1;
                        openings += 1;
                        // The repeat is counted in memory first.
                        openings += u32::from(open());
                    } else {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                }
                (scans, openings)
            })
        });
        // The moment is the test's input.
        std::thread::sleep(Duration::from_millis(1_500));
        process.signal("-TERM");
        process.ends();
        is_over.store(true, Ordering::Relaxed);
        acked.extend(sending.into_iter().map(|sent| sent.join().unwrap()));
        for scanned in scanning {
            let (some, more) = scanned.join().unwrap();
            scans += some;
            openings += more;
        }
    });
    let report = process.json(&["report"]);
    let count = |path: &str| report.pointer(path).unwrap().as_u64().unwrap();
    println!("plays {acked:?}, scans {scans}, openings {openings}");
    assert!(acked.iter().all(|&acked| acked > 0) && scans > 0);
    // What was stored and whose answer got lost is more.
    assert!(count("/plays/total") >= acked.iter().sum());
    let kept =
        ["total", "replays", "floods", "unaired"].map(|kind| count(&format!("/scans/{kind}")));
    assert!(kept.iter().sum::<u64>() >= scans.into(), "{kept:?}");
    assert!(count("/scans/openings") >= openings.into());
    assert_eq!(
        process.json(&["recount"])["differences"],
        serde_json::json!([])
    );
}
