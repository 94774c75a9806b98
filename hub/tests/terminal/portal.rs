//! A terminal behind a captive portal that one day lets it through.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use passerby_playout::ledger::Ledger;

use crate::parts::{
    HubProcess, TerminalProcess, enrol, plays_on_hub, publish, settings, wait_until,
};
use crate::relay::pass_on;

/// What a portal answers to everything: each would stop a screen for ever, were it the hub's.
const PAGES: [&str; 3] = ["403 Forbidden", "410 Gone", "401 Unauthorized"];

/// Answers with its page until it is opened; then it is a wire.
struct Portal {
    url: String,
    refused: Arc<AtomicUsize>,
    open: Arc<AtomicBool>,
}

impl Portal {
    fn before(hub: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (refused, open) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let (count, is_open, hub) = (Arc::clone(&refused), Arc::clone(&open), hub.to_owned());
        std::thread::spawn(move || {
            for mut terminal in listener.incoming().map_while(Result::ok) {
                if is_open.load(Ordering::SeqCst) {
                    if let Ok(hub) = TcpStream::connect(&hub) {
                        pass_on(terminal, hub);
                    }
                    continue;
                }
                let status = PAGES[count.load(Ordering::SeqCst) % PAGES.len()];
                let mut request = [0; 4_096];
                let _ = terminal.read(&mut request);
                let page = "<html>Please log in</html>";
                let _ = write!(
                    terminal,
                    "HTTP/1.1 {status}\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{page}",
                    page.len()
                );
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { url, refused, open }
    }
}

#[test]
fn a_screen_that_a_portal_refused_goes_on_by_itself_once_it_is_let_through() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let hub = HubProcess::start(&data, "127.0.0.1:0");
    let portal = Portal::before(&hub.address);
    let (terminal, mut enrolment) = enrol(folder.path(), &data, &hub.url());
    publish(folder.path(), &data);
    enrolment.hub.clone_from(&portal.url);
    enrolment.save(&terminal).expect("writes");
    let settings = settings(folder.path(), &portal.url);
    let running = TerminalProcess::start(&settings, 50);
    wait_until("the portal refuses each of its ways", || {
        portal.refused.load(Ordering::SeqCst) >= PAGES.len()
    });
    portal.open.store(true, Ordering::SeqCst);
    // What the hub published airs, and its plays come back: neither half had stopped.
    wait_until("plays arrive", || plays_on_hub(&data) >= 3);
    running.kill();
    let ledger = Ledger::open(&terminal).expect("opens").0;
    assert!(ledger.acked_through() <= ledger.last_seq());
}
