//! Stands before others and hands on what comes, when the test says so: the balancer on port 80,
//! and the way to the CA.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// It listens until the test ends.
pub(super) struct Front {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    targets: Mutex<Vec<SocketAddr>>,
    connections: AtomicUsize,
    waiting: AtomicUsize,
    /// How many more pieces of what comes are handed on; `None` for all.
    pieces: Mutex<Option<usize>>,
    /// How often what was held back has been thrown away.
    thrown_away: AtomicUsize,
    more: Condvar,
}

impl Front {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                accepting.hand_on(client.unwrap());
            }
        });
        Self { address, shared }
    }

    /// Hands on to these, one after the other.
    pub(super) fn lead_to(&self, targets: &[SocketAddr]) {
        *self.shared.targets.lock().unwrap() = targets.to_vec();
    }

    /// How many have come.
    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// How many wait for it to let them pass.
    pub(super) fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Holds back what comes, until [`Front::let_pass`].
    pub(super) fn hold(&self) {
        *self.shared.pieces.lock().unwrap() = Some(0);
    }

    /// Lets one more piece pass.
    pub(super) fn let_one_pass(&self) {
        // None is kept for later: what comes then may be too much.
        if let Some(pieces @ 0) = &mut *self.shared.pieces.lock().unwrap()
            && self.waiting() > 0
        {
            *pieces = 1;
        }
        self.shared.more.notify_all();
    }

    /// Throws away what is held back, as a network does whose sender has gone.
    pub(super) fn throw_away(&self) {
        let pieces = self.shared.pieces.lock().unwrap();
        self.shared.thrown_away.fetch_add(1, Ordering::Relaxed);
        drop(pieces);
        self.shared.more.notify_all();
    }

    /// Lets everything pass.
    pub(super) fn let_pass(&self) {
        *self.shared.pieces.lock().unwrap() = None;
        self.shared.more.notify_all();
    }
}

impl Shared {
    fn hand_on(self: &Arc<Self>, mut client: TcpStream) {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let targets = self.targets.lock().unwrap();
        let target = targets.get(number % targets.len().max(1)).copied();
        drop(targets);
        let Some(mut server) = target.and_then(|target| TcpStream::connect(target).ok()) else {
            return;
        };
        let (mut back, mut answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut answers, &mut back);
            let _ = back.shutdown(Shutdown::Both);
        });
        let shared = Arc::clone(self);
        std::thread::spawn(move || {
            let mut piece = [0; 16 << 10];
            while let Ok(length @ 1..) = client.read(&mut piece) {
                if !shared.may_pass() || server.write_all(&piece[..length]).is_err() {
                    break;
                }
            }
            let _ = server.shutdown(Shutdown::Both);
        });
    }

    /// Waits until a piece may pass; false if it is thrown away.
    fn may_pass(&self) -> bool {
        let pieces = self.pieces.lock().unwrap();
        let before = self.thrown_away.load(Ordering::Relaxed);
        let is_kept = || self.thrown_away.load(Ordering::Relaxed) == before;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let mut pieces = (self.more)
            .wait_while(pieces, |pieces| *pieces == Some(0) && is_kept())
            .unwrap();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        if !is_kept() {
            return false;
        }
        if let Some(pieces) = &mut *pieces {
            *pieces -= 1;
        }
        true
    }
}
