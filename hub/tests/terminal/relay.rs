//! A relay between a terminal and its hub that counts the bytes on the wire, headers and all.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Relays until the test ends.
pub(crate) struct Relay {
    address: SocketAddr,
    up: Arc<AtomicU64>,
    down: Arc<AtomicU64>,
}

impl Relay {
    pub(crate) fn to(hub: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let address = listener.local_addr().expect("bound");
        let hub: SocketAddr = hub.parse().expect("an address");
        let (up, down) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (up_count, down_count) = (Arc::clone(&up), Arc::clone(&down));
        std::thread::spawn(move || {
            for terminal in listener.incoming().map_while(Result::ok) {
                let Ok(hub) = TcpStream::connect(hub) else {
                    continue;
                };
                let _ = (terminal.set_nodelay(true), hub.set_nodelay(true));
                let clone = |stream: &TcpStream| stream.try_clone().expect("a second handle");
                copy(clone(&terminal), clone(&hub), Arc::clone(&up_count));
                copy(hub, terminal, Arc::clone(&down_count));
            }
        });
        Self { address, up, down }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bytes from the terminal, and to it.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (
            self.up.load(Ordering::Relaxed),
            self.down.load(Ordering::Relaxed),
        )
    }
}

/// Joins two connections, uncounted.
pub(crate) fn pass_on(terminal: TcpStream, hub: TcpStream) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a second handle");
    copy(clone(&terminal), clone(&hub), Arc::default());
    copy(hub, terminal, Arc::default());
}

fn copy(mut from: TcpStream, mut to: TcpStream, count: Arc<AtomicU64>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            count.fetch_add(length as u64, Ordering::Relaxed);
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
