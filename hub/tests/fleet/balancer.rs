//! What stands before the hubs: it takes connections, gives each to a hub that answers, and counts
//! the bytes of both directions.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::requests::Line;

/// Where hubs listen, as far as they are up.
pub(crate) type Addresses = Mutex<Vec<Option<SocketAddr>>>;

/// A balancer that runs.
pub(crate) struct Balancer {
    url: String,
    bytes: Arc<AtomicU64>,
}

impl Balancer {
    /// Listens.
    async fn start(hubs: Arc<Addresses>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bytes = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&bytes);
        tokio::spawn(async move {
            let turns = Arc::new(AtomicUsize::new(0));
            while let Ok((from, _)) = listener.accept().await {
                let (hubs, turns) = (Arc::clone(&hubs), Arc::clone(&turns));
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    if let Some(to) = connect(&hubs, &turns).await {
                        pass(from, to, &counter).await;
                    }
                });
            }
        });
        Self { url, bytes }
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How many bytes it passed on.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }
}

/// What stands before the hubs, for each kind of line and for phones, so that bytes can be told
/// apart.
pub(crate) struct Balancers {
    lines: [Balancer; 2],
    pub(crate) phones: Balancer,
}

impl Balancers {
    /// All of them listen.
    pub(crate) async fn start(hubs: &Arc<Addresses>) -> Self {
        let start = || Balancer::start(Arc::clone(hubs));
        Self {
            lines: [start().await, start().await],
            phones: start().await,
        }
    }

    /// The one of a kind of line.
    pub(crate) const fn of(&self, line: Line) -> &Balancer {
        &self.lines[line as usize]
    }
}

/// Connects to the hub whose turn it is, or to another.
async fn connect(hubs: &Addresses, turns: &AtomicUsize) -> Option<TcpStream> {
    let turn = turns.fetch_add(1, Ordering::SeqCst);
    let addresses = hubs.lock().unwrap().clone();
    for at in 0..addresses.len() {
        if let Some(address) = addresses[(turn + at) % addresses.len()]
            && let Ok(stream) = TcpStream::connect(address).await
        {
            return Some(stream);
        }
    }
    None
}

async fn pass(from: TcpStream, to: TcpStream, counter: &Arc<AtomicU64>) {
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let ((from_read, from_write), (to_read, to_write)) = (from.into_split(), to.into_split());
    let back = tokio::spawn(one_way(to_read, from_write, Arc::clone(counter)));
    one_way(from_read, to_write, Arc::clone(counter)).await;
    let _ = back.await;
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, counter: Arc<AtomicU64>) {
    let mut piece = vec![0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        counter.fetch_add(length as u64, Ordering::Relaxed);
        if to.write_all(&piece[..length]).await.is_err() {
            break;
        }
    }
}
