//! A listener for web hooks: says what it is told to say, and remembers what it was sent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use crate::alerts::PATIENCE;

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Called {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value)
    }
}

/// The listener, on a free port of loopback.
pub(crate) struct HookReceiver {
    pub(crate) address: SocketAddr,
    /// Its status line and body from now on.
    answer: Arc<Mutex<(String, String)>>,
    calls: Receiver<Called>,
}

impl HookReceiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new(("200 OK".to_owned(), "{}".to_owned())));
        let (tell, calls) = channel();
        let shared = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                take(stream, &shared, &tell);
            }
        });
        Self {
            address,
            answer,
            calls,
        }
    }

    pub(crate) fn say(&self, status: &str, body: &str) {
        *self.answer.lock().unwrap() = (status.to_owned(), body.to_owned());
    }

    /// Waits for the next call.
    pub(crate) fn next(&self) -> Called {
        self.calls.recv_timeout(PATIENCE).expect("a call comes")
    }
}

fn take(mut stream: TcpStream, answer: &Mutex<(String, String)>, tell: &Sender<Called>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let Some(path) = lines.first().and_then(|line| line.split(' ').nth(1)) else {
        return;
    };
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let (status, said) = answer.lock().unwrap().clone();
    let length = said.len();
    let text = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: {length}\r\n\r\n{said}"
    );
    // Whoever called may be gone.
    let _ = stream.write_all(text.as_bytes());
    let _ = tell.send(Called {
        path: path.to_owned(),
        headers,
        body: String::from_utf8(body).unwrap(),
    });
}
