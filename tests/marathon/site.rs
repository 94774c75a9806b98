//! A site with one page, on this machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

const PAGE: &str = "<!doctype html><meta charset=utf-8><style>body{margin:0;background:#e8d8b0;color:#304050;font:10vmin serif}</style><h1>潮汐 Tides</h1><p>09:40 ↑ 3.1 m";

/// Serves until the process ends.
pub(crate) struct Site(SocketAddr);

impl Site {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut request = [0; 4_096];
                // A browser that goes away does not matter.
                let _ = stream.read(&mut request);
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{PAGE}",
                    PAGE.len()
                );
            }
        });
        Self(address)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.0)
    }
}
