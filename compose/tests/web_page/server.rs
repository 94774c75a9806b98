//! A small web server whose answers change.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::await_that;

/// What the server says when it is asked for its page.
#[derive(Clone)]
pub(crate) enum Answer {
    Html(String),
    Status(u16),
    Redirect(String),
    Hang,
}

/// A small web server whose answers change. It ends with the process.
pub(crate) struct Server {
    pub(crate) address: String,
    answer: Arc<Mutex<Answer>>,
    hits: Arc<AtomicUsize>,
    /// Everybody who came, whatever they wanted.
    visits: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap().to_string(),
            answer: Arc::new(Mutex::new(answer)),
            hits: Arc::default(),
            visits: Arc::default(),
        };
        let (answer, hits) = (Arc::clone(&server.answer), Arc::clone(&server.hits));
        let visits = Arc::clone(&server.visits);
        thread::spawn(move || {
            for stream in listener.incoming() {
                visits.fetch_add(1, Ordering::SeqCst);
                let (answer, hits) = (Arc::clone(&answer), Arc::clone(&hits));
                thread::spawn(move || serve(stream.unwrap(), &answer, &hits));
            }
        });
        server
    }

    pub(crate) fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }

    /// How often anybody connected.
    pub(crate) fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    pub(crate) fn await_hits(&self, count: usize) {
        await_that("a browser asks the server", || self.hits() >= count);
    }
}

/// The left half red, the right half blue.
pub(crate) fn halves(more: &str) -> Answer {
    Answer::Html(format!(
        "<!doctype html><body style='margin:0;height:100vh;background:linear-gradient(90deg,#f00 50%,#00f 50%)'>{more}</body>"
    ))
}

fn serve(mut stream: TcpStream, answer: &Mutex<Answer>, hits: &AtomicUsize) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let (head, body) = if first.starts_with("GET /login") {
        let form = "<body style='margin:0;height:100vh;background:linear-gradient(#333 50%,#fff 50%)'>Please log in";
        ("200 OK".to_owned(), form.to_owned())
    } else if let Some(rest) = first.strip_prefix("GET /redirect?") {
        let to = rest.split(' ').next().unwrap_or_default();
        (format!("302 Found\r\nLocation: {to}"), String::new())
    } else if first.starts_with("GET /page") {
        hits.fetch_add(1, Ordering::SeqCst);
        match answer.lock().unwrap().clone() {
            Answer::Html(html) => ("200 OK".to_owned(), html),
            Answer::Status(status) => (format!("{status} No"), "<h1>Sorry</h1>".to_owned()),
            Answer::Redirect(to) => (format!("302 Found\r\nLocation: {to}"), String::new()),
            Answer::Hang => {
                // Until the browser gives up.
                lines.next();
                return;
            }
        }
    } else {
        ("404 Not Found".to_owned(), String::new())
    };
    // The browser may have been killed.
    let _ = write!(
        stream,
        "HTTP/1.1 {head}\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}
