//! A terminal whose hub holds its calls until there is something: it hears at once, and asks
//! seldom; and what becomes of it where such calls break, or the hub does not know them.

use std::io::{BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use passerby_protocol::limits::HOLD_MS_MAX;

use crate::parts::{HubProcess, enrol, hub, publish, wait_until};
use crate::stand::Terminal;

/// What a proxy on the way does to calls for changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Nothing.
    Open,
    /// It answers them as a hub that is older than they are.
    OlderHub,
    /// It cuts those off that are held for longer than this.
    Cuts(Duration),
}

/// A proxy that understands requests, and remembers their paths and for how long each may be held.
struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Debug, Clone)]
struct Asked {
    line: String,
    hold_ms: Option<u64>,
}

impl Proxy {
    fn to(hub: &str, way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, hub) = (Arc::clone(&asked), hub.to_owned());
        std::thread::spawn(move || {
            for terminal in listener.incoming().map_while(Result::ok) {
                let (log, hub) = (Arc::clone(&log), hub.clone());
                std::thread::spawn(move || pass(&terminal, &hub, way, &log));
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no thread has failed").clone()
    }

    /// How many requests there were to a call.
    fn count(&self, call: &str) -> usize {
        let asked = self.asked();
        let of_call = asked.iter().filter(|asked| asked.line.contains(call));
        of_call.count()
    }
}

/// Passes on the requests of one connection, each over a connection of its own to the hub.
fn pass(terminal: &TcpStream, hub: &str, way: Way, log: &Mutex<Vec<Asked>>) {
    let mut requests = BufReader::new(terminal);
    while let Some((line, head, body)) = message(&mut requests) {
        let is_changes = line.contains("/changes ");
        let told: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
        let hold_ms = told.and_then(|told| told["hold_ms"].as_u64());
        log.lock().expect("no thread has failed").push(Asked {
            line: line.clone(),
            hold_ms: hold_ms.filter(|_| is_changes),
        });
        let mut to_terminal = terminal;
        if is_changes && way == Way::OlderHub {
            let problem = r#"{"status":404,"title":"there is no such call"}"#;
            let _ = write!(
                to_terminal,
                "HTTP/1.1 404 Not Found\r\npasserby-hub: 1\r\ncontent-type: application/problem+json\r\n\
                 content-length: {}\r\n\r\n{problem}",
                problem.len()
            );
            continue;
        }
        let Ok(mut to_hub) = TcpStream::connect(hub) else {
            return;
        };
        let head = head.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
        let sent = write!(to_hub, "{line}{head}").and_then(|()| to_hub.write_all(&body));
        let patience = match way {
            Way::Cuts(after) if hold_ms.is_some_and(|hold_ms| hold_ms > 0) => after,
            _ => Duration::from_secs(600),
        };
        let heard = to_hub.set_read_timeout(Some(patience));
        let mut answers = BufReader::new(&to_hub);
        let answer = (sent.is_ok() && heard.is_ok()).then(|| message(&mut answers));
        let Some(Some((status, head, body))) = answer else {
            let _ = terminal.shutdown(Shutdown::Both);
            return;
        };
        let head = head.replace("connection: close\r\n", "");
        let passed = write!(to_terminal, "{status}{head}");
        if passed.and_then(|()| to_terminal.write_all(&body)).is_err() {
            return;
        }
    }
}

/// Reads a request or an answer: its first line, the rest of its head, and its body.
fn message(from: &mut impl std::io::BufRead) -> Option<(String, String, Vec<u8>)> {
    let (mut first, mut head, mut length) = (String::new(), String::new(), 0);
    from.read_line(&mut first).ok().filter(|bytes| *bytes > 0)?;
    while !head.ends_with("\r\n\r\n") && head != "\r\n" {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some((first, head, body))
}

struct Place {
    folder: tempfile::TempDir,
    data: std::path::PathBuf,
    process: Option<HubProcess>,
    proxy: Proxy,
    terminal: Terminal,
}

/// A hub with two pictures on the air, and a terminal that shows them.
fn place(way: Way) -> Place {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let proxy = Proxy::to(&process.address, way);
    publish(folder.path(), &data);
    let (data_dir, mut enrolment) = enrol(folder.path(), &data, &process.url());
    enrolment.hub.clone_from(&proxy.url);
    enrolment.save(&data_dir).expect("writes");
    let terminal = Terminal::start(&data_dir, &enrolment);
    terminal.wait_for("the café", |status| status.items == 2);
    Place {
        folder,
        data,
        process: Some(process),
        proxy,
        terminal,
    }
}

impl Place {
    /// Publishes one more picture from a process of its own.
    fn publish_another(&self) {
        let books = self.folder.path().join("books");
        std::fs::create_dir(&books).expect("folder");
        std::fs::copy(self.folder.path().join("cafe/a.png"), books.join("a.png")).expect("copies");
        hub(&self.data, &["publish", books.to_str().expect("text")]);
    }

    fn held(&self) -> Vec<u64> {
        let asked = self.proxy.asked();
        asked.iter().filter_map(|asked| asked.hold_ms).collect()
    }
}

#[test]
fn a_terminal_that_waits_has_what_another_process_publishes_before_its_call_would_have_ended() {
    let place = place(Way::Open);
    wait_until("a call is held", || place.held().contains(&HOLD_MS_MAX));
    place.publish_another();
    let (published, calls) = (Instant::now(), place.held().len());
    place
        .terminal
        .wait_for("the books", |status| status.items == 3);
    let took = published.elapsed();
    eprintln!("on the screen {took:?} after its publication");
    // The call that was held then has brought it, and those that follow say what airs.
    assert!(place.held().len() <= calls + 3, "{:?}", place.proxy.asked());
    assert!(took < Duration::from_millis(HOLD_MS_MAX), "{took:?}");
    // What the calls of older hubs are for is all in the one.
    assert_eq!(place.proxy.count("/heartbeat"), 0);
    assert!(place.proxy.count("/manifest ") <= 3);
    place.terminal.stop();
}

#[test]
fn an_older_hub_is_asked_by_the_calls_that_it_has() {
    let place = place(Way::OlderHub);
    place.publish_another();
    place
        .terminal
        .wait_for("the books", |status| status.items == 3);
    assert_eq!(place.proxy.count("/changes "), 1, "once an hour");
    assert!(place.proxy.count("/heartbeat ") > 1);
    let status = place.terminal.status();
    assert_eq!(status.network.content, None, "nothing is wrong");
    place.terminal.stop();
}

#[test]
fn where_held_calls_are_cut_off_the_terminal_learns_to_poll_and_has_new_content_all_the_same() {
    let place = place(Way::Cuts(Duration::from_millis(1_500)));
    let polls = || place.held().iter().filter(|hold_ms| **hold_ms == 0).count();
    // The first call is one of them, and those after each failure.
    wait_until("it polls", || {
        place.held().ends_with(&[0, 0]) && polls() >= 5
    });
    let broken = place.held().len() - polls();
    assert_eq!(broken, 2, "{:?}", place.held());
    place.publish_another();
    place
        .terminal
        .wait_for("the books", |status| status.items == 3);
    assert_eq!(
        place.held().len() - polls(),
        broken,
        "none is held any more"
    );
    place.terminal.stop();
}

#[test]
fn a_hub_that_comes_back_is_heard_and_its_calls_are_held_again() {
    let mut place = place(Way::Open);
    wait_until("a call is held", || place.held().contains(&HOLD_MS_MAX));
    let process = place.process.take().expect("it runs");
    let address = process.address.clone();
    drop(process);
    let terminal = &place.terminal;
    terminal.wait_for("it says so", |status| status.network.content.is_some());
    place.process = Some(HubProcess::start(&place.data, &address));
    terminal.wait_for("it is well", |status| status.network.content.is_none());
    let before = place.held().len();
    wait_until("a call is held again", || {
        place.held()[before..].contains(&HOLD_MS_MAX)
    });
    place.publish_another();
    place
        .terminal
        .wait_for("the books", |status| status.items == 3);
    place.terminal.stop();
}
