//! A phone that asks the hub over one connection after another request has been answered.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

const AGENT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
     Version/18.0 Mobile/15E148 Safari/604.1";
/// No answer is worth waiting longer for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The connection.
pub(crate) struct Phone {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Phone {
    pub(crate) fn new(url: &str) -> Self {
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        Self {
            address: address.to_owned(),
            stream: None,
        }
    }

    /// Asks for something as whoever has this address, and returns the status of the answer.
    pub(crate) fn get(&mut self, path: &str, address: u32) -> io::Result<u16> {
        self.ask(&format!("GET {path} HTTP/1.1\r\n{}\r\n", headers(address)))
    }

    /// Sends a form.
    pub(crate) fn post(&mut self, path: &str, address: u32, form: &str) -> io::Result<u16> {
        let headers = headers(address);
        let length = form.len();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}"
        ))
    }

    fn ask(&mut self, request: &str) -> io::Result<u16> {
        let stream = match self.stream.take() {
            Some(stream) => self.stream.insert(stream),
            None => {
                let stream = TcpStream::connect(&self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                self.stream.insert(BufReader::new(stream))
            }
        };
        stream.get_mut().write_all(request.as_bytes())?;
        let (status, closes) = read_answer(stream)?;
        if closes {
            self.stream = None;
        }
        Ok(status)
    }
}

fn headers(address: u32) -> String {
    // Spread over all networks, by a multiplier that is prime to their number.
    let address = Ipv4Addr::from_bits(address.wrapping_mul(2_654_435_761));
    format!(
        "Host: hub.example\r\nUser-Agent: {AGENT}\r\nAccept-Language: en\r\nAccept-Encoding: gzip\r\n\
         X-Forwarded-For: {address}\r\n"
    )
}

/// Reads an answer to its end; returns its status, and whether the connection closes.
fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<(u16, bool)> {
    let mut line = String::new();
    let mut next = |stream: &mut BufReader<TcpStream>| -> io::Result<String> {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_ascii_lowercase())
    };
    let first = next(stream)?;
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or(io::ErrorKind::InvalidData)?;
    let (mut length, mut is_chunked, mut closes) = (0_u64, false, false);
    loop {
        let header = next(stream)?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').unwrap_or((&header, ""));
        match (name, value.trim()) {
            ("content-length", value) => {
                length = value.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            }
            ("transfer-encoding", value) => is_chunked = value.contains("chunked"),
            ("connection", value) => closes = value.contains("close"),
            _ => {}
        }
    }
    let skip = |stream: &mut BufReader<TcpStream>, bytes: u64| -> io::Result<()> {
        let read = io::copy(&mut stream.by_ref().take(bytes), &mut io::sink())?;
        if read == bytes {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    };
    if !is_chunked {
        skip(stream, length)?;
        return Ok((status, closes));
    }
    loop {
        let size = u64::from_str_radix(&next(stream)?, 16);
        let size = size.map_err(|_| io::ErrorKind::InvalidData)?;
        skip(stream, size + 2)?;
        if size == 0 {
            return Ok((status, closes));
        }
    }
}
