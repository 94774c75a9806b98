//! A publisher's web server: says what it is told to say, and remembers what it was asked.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// What it answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Whether half of the body is held back until [`WebServer::let_go`].
    pub(super) is_held: bool,
}

impl Answer {
    pub(super) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            body: body.into(),
            ..Self::default()
        }
    }

    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn held(mut self) -> Self {
        self.is_held = true;
        self
    }
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    asked: Vec<Asked>,
    is_let_go: bool,
}

/// The server, on a free port of loopback.
pub(super) struct WebServer {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl WebServer {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<(Mutex<State>, Condvar)> = Arc::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Self { address, state }
    }

    /// Its host and port.
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Says what a path answers from now on. `PORT` in a text is its own port.
    pub(super) fn say(&self, path: &str, answer: Answer) {
        let mut answer = answer;
        if let Ok(text) = std::str::from_utf8(&answer.body) {
            let port = self.address.port().to_string();
            answer.body = text.replace("PORT", &port).into_bytes();
        }
        let mut state = self.state.0.lock().unwrap();
        state.answers.insert(path.to_owned(), answer);
    }

    /// Lets what is held back go.
    pub(super) fn let_go(&self) {
        self.state.0.lock().unwrap().is_let_go = true;
        self.state.1.notify_all();
    }

    /// What was asked of a path.
    pub(super) fn asked(&self, path: &str) -> Vec<Asked> {
        let state = self.state.0.lock().unwrap();
        let asked = state.asked.iter().filter(|asked| asked.path == path);
        asked.cloned().collect()
    }

    /// Waits until a path was asked so often.
    pub(super) fn wait_asked(&self, path: &str, times: usize) {
        let mut state = self.state.0.lock().unwrap();
        let count = |state: &State| {
            state
                .asked
                .iter()
                .filter(|asked| asked.path == path)
                .count()
        };
        while count(&state) < times {
            let (next, waited) = self.state.1.wait_timeout(state, super::PATIENCE).unwrap();
            assert!(!waited.timed_out(), "{path} was not asked for");
            state = next;
        }
    }
}

fn answer(mut stream: TcpStream, shared: &(Mutex<State>, Condvar)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).is_err() {
        return;
    }
    let Some(path) = line.split(' ').nth(1).map(str::to_owned) else {
        return;
    };
    let mut headers = Vec::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.trim().split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let asked = Asked {
        path: path.clone(),
        headers,
    };
    let mut state = shared.0.lock().unwrap();
    let bare = path.split('?').next().unwrap().to_owned();
    let found = state
        .answers
        .get(&path)
        .or_else(|| state.answers.get(&bare));
    let mut answer = found.cloned().unwrap_or(Answer {
        status: 404,
        ..Answer::default()
    });
    let etag = answer.headers.iter().find(|(name, _)| name == "etag");
    if let (Some((_, own)), Some(known)) = (etag, asked.header("if-none-match"))
        && own == known
    {
        answer.status = 304;
        answer.body.clear();
    }
    state.asked.push(asked);
    drop(state);
    shared.1.notify_all();
    let mut head = format!(
        "HTTP/1.1 {} x\r\nconnection: close\r\ncontent-length: {}\r\n",
        answer.status,
        answer.body.len()
    );
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    // Whoever asked may be gone.
    let _ = stream.write_all(head.as_bytes());
    let (first, rest) = answer.body.split_at(answer.body.len() / 2);
    let _ = stream.write_all(first);
    let _ = stream.flush();
    if answer.is_held {
        let mut state = shared.0.lock().unwrap();
        while !state.is_let_go {
            state = shared.1.wait(state).unwrap();
        }
    }
    let _ = stream.write_all(rest);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read(&mut [0; 64]);
}
