//! A proxy between terminal and hub that counts what goes through and can be held shut for single
//! files.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// Longest head of an answer, in bytes.
pub(crate) const HEAD_BYTES_MAX: u64 = 1_000;

#[derive(Default)]
struct HeldCounts {
    /// Bytes of answers about each file, heads and all.
    served: BTreeMap<String, u64>,
    /// How many of them may go through.
    held_at: BTreeMap<String, u64>,
    /// Requests for files: the file, and from which byte on.
    asked: Vec<(String, u64)>,
}

#[derive(Default)]
struct Shared {
    counts: Mutex<HeldCounts>,
    moved: Condvar,
}

/// A proxy to one hub.
pub(crate) struct HoldingProxy {
    shared: Arc<Shared>,
    hub: String,
    pub(crate) url: String,
}

impl HoldingProxy {
    /// Starts a proxy to the hub at an address; it stays for as long as the test runs.
    pub(crate) fn to(hub: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let shared = Arc::new(Shared::default());
        let hub = hub.to_owned();
        let (to, proxy) = (hub.clone(), shared.clone());
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                // A hub that is away looks the same through the proxy.
                let Ok(called) = TcpStream::connect(&to) else {
                    continue;
                };
                pass(caller, called, &proxy);
            }
        });
        Self { shared, hub, url }
    }

    /// Where the hub behind it listens.
    pub(crate) fn hub_address(&self) -> String {
        self.hub.clone()
    }

    /// Lets only so many bytes of a file through from now on.
    pub(crate) fn hold(&self, file: &str, bytes: u64) {
        self.counts().held_at.insert(file.to_owned(), bytes);
        self.shared.moved.notify_all();
    }

    /// Lets a file through.
    pub(crate) fn release(&self, file: &str) {
        self.counts().held_at.remove(file);
        self.shared.moved.notify_all();
    }

    pub(crate) fn served(&self, file: &str) -> u64 {
        self.counts().served.get(file).copied().unwrap_or(0)
    }

    /// From which bytes on a file was asked for, in the order of the requests.
    pub(crate) fn asked(&self, file: &str) -> Vec<u64> {
        let counts = self.counts();
        let of_file = counts.asked.iter().filter(|(asked, _)| asked == file);
        of_file.map(|&(_, from)| from).collect()
    }

    fn counts(&self) -> MutexGuard<'_, HeldCounts> {
        self.shared.counts.lock().expect("no thread has failed")
    }
}

/// Carries both directions of a connection on threads of their own.
fn pass(mut caller: TcpStream, mut called: TcpStream, proxy: &Arc<Shared>) {
    let file = Arc::new(Mutex::new(None::<String>));
    let (mut back_from, mut back_to) = (
        called.try_clone().expect("clones"),
        caller.try_clone().expect("clones"),
    );
    let (asked, shared) = (file.clone(), proxy.clone());
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(length @ 1..) = caller.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).to_ascii_lowercase();
            if let Some(rest) = text.strip_prefix("get /v1/blobs/") {
                let name = rest[..64].to_owned();
                let range = text.split("range: bytes=").nth(1);
                let from = range.and_then(|range| range.split('-').next()?.parse().ok());
                let mut counts = shared.counts.lock().expect("no thread has failed");
                counts.asked.push((name.clone(), from.unwrap_or(0)));
                *asked.lock().expect("no thread has failed") = Some(name);
            } else if text.starts_with("get ") || text.starts_with("post ") {
                *asked.lock().expect("no thread has failed") = None;
            }
            if called.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = called.shutdown(Shutdown::Both);
    });
    let proxy = proxy.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(length @ 1..) = back_from.read(&mut buffer) {
            let name = file.lock().expect("no thread has failed").clone();
            if !let_through(&mut back_to, &buffer[..length], name.as_deref(), &proxy) {
                break;
            }
        }
        let _ = back_to.shutdown(Shutdown::Both);
    });
}

/// Writes bytes as soon as they may pass.
fn let_through(to: &mut TcpStream, mut bytes: &[u8], name: Option<&str>, proxy: &Shared) -> bool {
    while !bytes.is_empty() {
        let mut length = bytes.len();
        if let Some(name) = name {
            let mut counts = proxy.counts.lock().expect("no thread has failed");
            loop {
                let served = counts.served.get(name).copied().unwrap_or(0);
                let held_at = counts.held_at.get(name).copied().unwrap_or(u64::MAX);
                length =
                    length.min(usize::try_from(held_at.saturating_sub(served)).unwrap_or(length));
                if length > 0 {
                    break;
                }
                counts = proxy.moved.wait(counts).expect("no thread has failed");
                length = bytes.len();
            }
            // Counted before it is sent: a test that sees it on disk finds it counted.
            *counts.served.entry(name.to_owned()).or_default() += length as u64;
        }
        if to.write_all(&bytes[..length]).is_err() {
            return false;
        }
        bytes = &bytes[length..];
    }
    true
}
