//! A real small shop: sells a book on a page, and tells the hub of it with the click id that the
//! buyer came with.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// What the book costs.
pub(super) const PRICE: &str = "59.00";
/// Whatever a test waits for has come by then, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest form that the shop reads, in bytes.
const FORM_BYTES_MAX: usize = 4_096;

/// The shop, on a free port of loopback.
pub(super) struct Shop {
    pub(super) address: SocketAddr,
    /// What the hub answered: a status and a body.
    answers: Receiver<(u16, Value)>,
    /// Where the hub is, and the key that it gave to the shop.
    key: std::sync::mpsc::Sender<(String, String)>,
}

impl Shop {
    /// Opens it. It tells nobody of what it sells before it has a key.
    pub(super) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell, answers) = channel();
        let (key, keys) = channel::<(String, String)>();
        std::thread::spawn(move || {
            let client = reqwest::blocking::Client::new();
            let mut orders = 0;
            let mut hub = None;
            for stream in listener.incoming().flatten() {
                let Some((path, form)) = asked(&stream) else {
                    continue;
                };
                if path.starts_with("/order") {
                    orders += 1;
                    hub = hub.or_else(|| keys.recv_timeout(PATIENCE).ok());
                    let (hub, bearer) = hub.as_ref().expect("a key");
                    let order = json!({ "click": value(&form, "click"), "id": format!("order-{orders}"),
                        "kind": "purchase", "value": PRICE, "currency": "CNY" });
                    let sent = client.post(format!("{hub}/v1/conversions"));
                    let sent = sent.bearer_auth(bearer).body(order.to_string()).send();
                    let sent = sent.expect("the hub answers");
                    let status = sent.status().as_u16();
                    let body = sent.bytes().expect("reads");
                    let body = serde_json::from_slice(&body).unwrap_or_default();
                    // The test may be over.
                    let _ = tell.send((status, body));
                    answer(stream, "<h1>Thank you</h1>");
                } else {
                    let (_, query) = path.split_once('?').unwrap_or_default();
                    let click = value(query, "pclick").unwrap_or_default();
                    let page = format!(
                        "<h1>The book</h1><form method=post action=/order><input type=hidden name=click value='{click}'>\
                         <button>Buy it for ¥{PRICE}</button></form>"
                    );
                    answer(stream, &page);
                }
            }
        });
        Self {
            address,
            answers,
            key,
        }
    }

    /// Gives it its key.
    pub(super) fn know(&self, hub: String, bearer: String) {
        self.key.send((hub, bearer)).expect("the shop is open");
    }

    /// Waits for what the hub says to the next order.
    pub(super) fn told(&self) -> (u16, Value) {
        self.answers.recv_timeout(PATIENCE).expect("an order")
    }
}

/// What was asked for, and the form that came with it.
fn asked(stream: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? <= 2 {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut form = vec![0; length.min(FORM_BYTES_MAX)];
    reader.read_exact(&mut form).ok()?;
    Some((path, String::from_utf8(form).ok()?))
}

/// A value of a form or a query that needs no unescaping.
fn value(form: &str, name: &str) -> Option<String> {
    let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value.to_owned())
}

fn answer(mut stream: TcpStream, body: &str) {
    let page = format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>A shop</title>{body}</html>"
    );
    // Whoever asked may have gone.
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
}
