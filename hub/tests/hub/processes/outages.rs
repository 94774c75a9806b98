//! What a hub does whose database is away, hangs, is full or may only be read, whichever it is:
//! phones are asked to come back, terminals keep what they have, and all goes on by itself.

use std::time::{Duration, Instant};

use passerby_protocol::Assignment;
use passerby_protocol::wire::{PlaysReply, ProblemDetails};
use reqwest::blocking::{Client, Response};

use crate::processes::fleet::{
    PATIENCE, Process, client, plays_path, rows, send, visit, wait_until,
};
use crate::processes::small_disk::SmallDisk;
use crate::stand::{Terminal, location};

/// What a phone gets in its first round trip; see `server/phones/page.rs`.
const PAGE_BYTES_MAX: usize = 14 << 10;
/// A hub waits for its database for no longer than this, and the machine may be busy.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(45);

pub(crate) struct Hub {
    pub(crate) process: Process,
    pub(crate) terminal: Terminal,
    assignment: Assignment,
    client: Client,
    phones: u32,
}

impl Hub {
    pub(crate) fn of(process: Process) -> Self {
        let terminal = process.terminal("one");
        process.publish("book");
        let assignment = process.manifest(&terminal).0.campaigns[0].items[0].assignment;
        Self {
            process,
            terminal,
            assignment,
            client: client(),
            phones: 0,
        }
    }

    /// Somebody new scans something new.
    pub(crate) fn scan(&mut self) -> Response {
        self.phones += 1;
        let path = self
            .terminal
            .scan_path(self.assignment, 100_000 + self.phones);
        let begun = Instant::now();
        let answer = visit(&self.client, &self.process.url(&path), self.phones).unwrap();
        assert!(begun.elapsed() < ANSWER_TIME_MAX, "{:?}", begun.elapsed());
        answer
    }

    fn send(&self, seqs: std::ops::RangeInclusive<u64>) -> Response {
        let begun = Instant::now();
        let url = self.process.url(&plays_path(&self.terminal));
        let plays = rows(seqs);
        let answer = send(&self.client, &url, &self.terminal, &plays).unwrap();
        assert!(begun.elapsed() < ANSWER_TIME_MAX, "{:?}", begun.elapsed());
        answer
    }

    /// Phones and terminals are told to come back.
    pub(crate) fn is_away(&mut self) {
        let page = self.scan();
        assert_eq!(page.status(), 503);
        assert_eq!(page.headers()["retry-after"], "60");
        assert!(page.headers().contains_key("content-security-policy"));
        let text = page.text().unwrap();
        assert!(text.len() < PAGE_BYTES_MAX);
        assert!(text.contains("Please open it again in a minute."), "{text}");
        self.takes_no_plays(1..=10);
        // What needs no database is answered.
        for (path, status) in [("/", 200), ("/nowhere", 404)] {
            let answer = self.client.get(self.process.url(path)).send().unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
    }

    pub(crate) fn takes_no_plays(&self, seqs: std::ops::RangeInclusive<u64>) {
        let refused = self.send(seqs);
        assert_eq!(refused.status(), 503);
        assert_eq!(refused.headers()["retry-after"], "30");
        let problem: ProblemDetails = serde_json::from_slice(&refused.bytes().unwrap()).unwrap();
        assert_eq!(problem.status, 503);
    }

    /// All is answered again; the plays that were refused are taken.
    pub(crate) fn goes_on(&mut self, plays: u64) {
        let begun = Instant::now();
        while self.scan().status() != 302 {
            assert!(begun.elapsed() < PATIENCE);
        }
        location(&self.scan());
        for sent in (0..plays).step_by(1_000) {
            let until = plays.min(sent + 1_000);
            let taken = self.send(sent + 1..=until);
            assert_eq!(taken.status(), 200);
            let taken: PlaysReply = serde_json::from_slice(&taken.bytes().unwrap()).unwrap();
            assert!((until..=plays).contains(&taken.acked_through));
        }
        let report = self.process.json(&["report"]);
        assert_eq!(report["plays"]["total"], plays);
        let recount = self.process.json(&["recount"]);
        assert_eq!(recount["differences"], serde_json::json!([]));
    }
}

/// Sends plays until the disk is full, and then once more.
pub(crate) fn is_full(mut hub: Hub, disk: &SmallDisk) {
    let mut taken = 0;
    let refused = loop {
        let answer = hub.send(taken + 1..=taken + 1_000);
        if answer.status() != 200 {
            break answer;
        }
        taken += 1_000;
        assert!(taken < 100_000, "the disk is never full");
    };
    assert_eq!(refused.status(), 503);
    hub.takes_no_plays(taken + 1..=taken + 1_000);
    // Of many people, somebody's scan does not fit either.
    let page = (0..5_000)
        .map(|_| hub.scan())
        .find(|page| page.status() != 302);
    let page = page.expect("the disk has room for everybody");
    assert_eq!(page.status(), 503);
    assert_eq!(page.headers()["retry-after"], "60");
    disk.make_room();
    wait_until("there is room", || hub.scan().status() == 302);
    // The same again, and what was missing.
    hub.goes_on(taken + 1_000);
}
