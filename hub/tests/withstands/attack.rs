//! A hub under attack: its memory, raw connections to it, and honest scans beside them.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use passerby_protocol::Assignment;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

use crate::stand::{PHONE, Stand, Terminal, location};

/// What a hub may need at most, under whatever attack, in MB.
pub(crate) const PEAK_MB_MAX: u64 = 150;
/// How long anything may take that is to happen at all. No test goes by how fast a machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Where attackers are; the proxy of the hub is on 127.0.0.1.
pub(crate) const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);
/// Where the proxy is.
pub(crate) const PROXY: Ipv4Addr = Ipv4Addr::LOCALHOST;

const TARGET: &str = "https://cafe.example/tonight";

/// A hub with one screen and one campaign.
pub(crate) struct Attacked {
    pub(crate) stand: Stand,
    pub(crate) terminal: Terminal,
    pub(crate) assignment: Assignment,
    by_what: &'static str,
    scans: Vec<Duration>,
}

impl Attacked {
    pub(crate) fn start(by_what: &'static str) -> Self {
        Self::with(Stand::start(), by_what)
    }

    pub(crate) fn with(stand: Stand, by_what: &'static str) -> Self {
        let terminal = stand.terminal("one");
        let toml = format!("title = 'Café'\ntarget = '{TARGET}'\n");
        stand.publish(&stand.campaign("cafe", &toml, &[[9; 3]]));
        let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
        Self {
            stand,
            terminal,
            assignment,
            by_what,
            scans: Vec::new(),
        }
    }

    /// Opens the code of a new play from a new connection, as somebody with a phone does; it must
    /// be answered.
    pub(crate) fn honest_scan(&mut self) {
        self.honest_scan_from(PROXY);
    }

    /// The same from another address than the proxy's.
    pub(crate) fn honest_scan_from(&mut self, from: Ipv4Addr) {
        let play = u32::try_from(self.scans.len()).unwrap() + 1;
        let path = self.terminal.scan_path(self.assignment, play);
        let phone = self.stand.client_builder();
        let phone = phone
            .local_address(std::net::IpAddr::V4(from))
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let request = phone.get(self.stand.address(&path));
        let request = request.header("user-agent", PHONE);
        let request = request.header("x-forwarded-for", "198.51.100.1");
        let start = Instant::now();
        let answer = request.send().unwrap();
        self.scans.push(start.elapsed());
        assert_eq!(location(&answer), TARGET);
    }

    /// Opens a connection from an address.
    pub(crate) fn connect(&self, from: Ipv4Addr) -> TcpStream {
        let connection = self.socket(from);
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection.set_write_timeout(Some(PATIENCE)).unwrap();
        connection
    }

    fn socket(&self, from: Ipv4Addr) -> TcpStream {
        let address: SocketAddr = self.address().parse().unwrap();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
        // Before the connection is made, so that the other side never learns of a larger window.
        socket.set_recv_buffer_size(8 << 10).unwrap();
        socket.connect(&address.into()).unwrap();
        socket.into()
    }

    /// Where the hub listens.
    pub(crate) fn address(&self) -> &str {
        let (_, address) = self.stand.base.split_once("://").unwrap();
        address
    }

    /// Sends bytes on a new connection, as far as the hub takes them, and keeps it open.
    pub(crate) fn send(&self, from: Ipv4Addr, bytes: &[u8]) -> TcpStream {
        let mut connection = self.connect(from);
        // Whoever is refused early sees a broken connection here.
        let _ = connection.write_all(bytes);
        connection
    }

    /// Tells what a hub process has of something, as Linux says it in a line of its status, in MB.
    pub(crate) fn figure_mb(&mut self, name: &str) -> u64 {
        let process = self.stand.server().id();
        let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        let kb: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kb >> 10
    }

    /// How many files and connections the hub has open.
    pub(crate) fn descriptors(&mut self) -> usize {
        let process = self.stand.server().id();
        let open = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
        open.count()
    }

    /// How many connections the hub has open. Its database keeps files open, as many as asked at
    /// one time.
    pub(crate) fn sockets(&mut self) -> usize {
        let process = self.stand.server().id();
        let open = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
        // One may be closed meanwhile.
        let leads_to = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
        leads_to
            .filter(|to| to.to_string_lossy().starts_with("socket:"))
            .count()
    }

    /// Waits until something has become so.
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&mut Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            assert!(start.elapsed() < PATIENCE, "{what}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Prints the figures of the attack, and fails if the hub needed too much memory.
    pub(crate) fn assert_withstood(&mut self) {
        // Of a program that was built without optimisation the code alone is as large as the rest;
        // whatever a stranger sends makes it no larger.
        let peak_mb = self.figure_mb("VmHWM:") - self.figure_mb("RssFile:");
        let by_what = self.by_what;
        let ratio = peak_mb as f64 / PEAK_MB_MAX as f64;
        println!("memory under {by_what}\t{peak_mb}\tMB\tgoal {PEAK_MB_MAX}\t{ratio:.4}");
        self.scans.sort();
        let seconds = |scan: &Duration| scan.as_secs_f64();
        let median = seconds(&self.scans[self.scans.len() / 2]);
        let longest = seconds(self.scans.last().unwrap());
        for (name, value) in [("median", median), ("longest", longest)] {
            println!("honest scan under {by_what}, {name}\t{value:.4}\ts\tgoal 1\t{value:.4}");
        }
        assert!(peak_mb < PEAK_MB_MAX, "{peak_mb} MB");
    }
}

/// Reads an answer to its end, or to where the hub breaks it off.
pub(crate) fn answer(mut connection: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = connection.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Lets this test process have as many connections as it may.
pub(crate) fn have_many_descriptors() {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: before.maximum,
        ..before
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}
