//! Who says for whom a request comes: the proxies of docs/operating-a-hub.md in the real programs,
//! and others.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::blocking::Client;

use crate::attack::{ATTACKER, Attacked};
use crate::stand::{PHONE, hub_command, location};

/// Where proxies listen.
const FRONT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

/// A proxy that runs until the test ends.
struct Proxy {
    process: Child,
    address: SocketAddr,
}

/// How often a proxy is started anew whose address somebody else took in between.
const STARTS_MAX: usize = 5;

impl Proxy {
    /// Starts a program on an address of its own and waits until it listens; `command` makes it in
    /// a folder.
    fn start(folder: &Path, command: impl Fn(SocketAddr) -> Command) -> Self {
        let said = folder.join("said.txt");
        for _ in 0..STARTS_MAX {
            let address = free_address();
            let mut command = command(address);
            // Debian keeps nginx where only root's path leads.
            let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
            let command = command.env("PATH", path).stdout(Stdio::null());
            let command = command.stderr(std::fs::File::create(&said).unwrap());
            let process = command.spawn().unwrap_or_else(|error| {
                panic!("{command:?}: {error}; scripts/prepare installs nginx-light and caddy")
            });
            let mut proxy = Self { process, address };
            while proxy.process.try_wait().unwrap().is_none() {
                if TcpStream::connect(address).is_ok() {
                    return proxy;
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        let said = std::fs::read_to_string(said).unwrap_or_default();
        panic!("no proxy stays: {said}");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((FRONT, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// The lines of docs/operating-a-hub.md that begin with this fence, with the hub's address in place
/// of the usual one.
fn lines_of_guide(fence: &str, hub: &str) -> String {
    let guide = passerby_testing::package_folder().join("../docs/operating-a-hub.md");
    let text = std::fs::read_to_string(guide).unwrap();
    let (_, after) = text.split_once(&format!("```{fence}\n")).unwrap();
    let (lines, _) = after.split_once("```").unwrap();
    assert!(lines.contains("127.0.0.1:8420"), "{lines}");
    lines.replace("127.0.0.1:8420", hub)
}

fn nginx(folder: &Path, hub: &str) -> Proxy {
    let lines = lines_of_guide("nginx", hub);
    Proxy::start(folder, |address| {
        let here = folder.display();
        let config = format!(
            "daemon off; master_process off; pid {here}/pid; error_log stderr;
             events {{}}
             http {{
                 access_log off; client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;
                 fastcgi_temp_path {here}/fastcgi; uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
                 server {{ listen {address}; {lines} }}
             }}"
        );
        std::fs::write(folder.join("nginx.conf"), config).unwrap();
        let mut command = Command::new("nginx");
        command.args(["-e", "stderr", "-c"]);
        command.arg(folder.join("nginx.conf"));
        command
    })
}

fn caddy(folder: &Path, hub: &str) -> Proxy {
    let lines = lines_of_guide("caddy", hub);
    assert!(lines.contains("hub.example {"), "{lines}");
    Proxy::start(folder, |address| {
        // Without certificates, which nobody gives out for this machine.
        let lines = lines.replace("hub.example {", &format!("http://{address} {{"));
        let config = format!("{{\n    admin off\n    auto_https off\n}}\n{lines}");
        std::fs::write(folder.join("Caddyfile"), config).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]);
        command.arg(folder.join("Caddyfile"));
        command.env("HOME", folder).env("XDG_DATA_HOME", folder);
        command.env("XDG_CONFIG_HOME", folder);
        command
    })
}

/// Opens a code at an address, as somebody with a phone who is there.
fn scan(attacked: &Attacked, at: &str, from: [u8; 4], claims: Option<&str>) -> u64 {
    let phone = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .local_address(IpAddr::V4(from.into()))
        .build()
        .unwrap();
    let path = attacked.terminal.scan_path(attacked.assignment, 1);
    let mut request = phone.get(format!("http://{at}{path}"));
    request = request.header("user-agent", PHONE);
    if let Some(claims) = claims {
        request = request.header("x-forwarded-for", claims);
    }
    location(&request.send().unwrap());
    attacked.stand.report()["scans"]["total"].as_u64().unwrap()
}

#[test]
fn behind_nginx_and_caddy_with_the_lines_of_the_guide_visitors_are_told_apart_and_lies_are_not_believed()
 {
    for start in [nginx, caddy] {
        let attacked = Attacked::start("");
        let folder = tempfile::tempdir().unwrap();
        let proxy = start(folder.path(), attacked.address());
        let at = proxy.address.to_string();
        assert_eq!(scan(&attacked, &at, [127, 0, 0, 2], None), 1);
        assert_eq!(scan(&attacked, &at, [127, 0, 0, 3], None), 2);
        // What they say themselves changes nothing, whoever they say to be.
        for lie in [
            "198.51.100.9",
            "127.0.0.1",
            "198.51.100.9, 127.0.0.1",
            "::1",
            "nonsense",
        ] {
            assert_eq!(scan(&attacked, &at, [127, 0, 0, 2], Some(lie)), 2, "{lie}");
        }
        // Terminals come through as well, with the largest body that they send.
        let terminal = &attacked.terminal;
        let path = format!("/v1/terminals/{}/manifest", terminal.credentials.screen);
        let client = &attacked.stand.client;
        let request = client.get(format!("http://{at}{path}"));
        let manifest = request
            .bearer_auth(&terminal.credentials.bearer)
            .send()
            .unwrap();
        assert_eq!(manifest.status(), 200);
        let path = format!("/v1/terminals/{}/plays", terminal.credentials.screen);
        let request = client
            .post(format!("http://{at}{path}"))
            .body(vec![b' '; 1 << 20]);
        let plays = request
            .bearer_auth(&terminal.credentials.bearer)
            .send()
            .unwrap();
        assert_eq!(plays.headers()["passerby-hub"], "1", "it came to the hub");
        assert_eq!(plays.status(), 400);
    }
}

#[test]
fn nobody_else_is_believed_not_even_on_this_machine() {
    let attacked = Attacked::start("");
    let hub = attacked.address();
    let from = ATTACKER.octets();
    assert_eq!(scan(&attacked, hub, from, None), 1);
    for lie in ["198.51.100.9", "127.0.0.1", "2001:db8::1"] {
        assert_eq!(scan(&attacked, hub, from, Some(lie)), 1, "{lie}");
    }
    assert_eq!(
        scan(&attacked, hub, [127, 0, 0, 1], Some("198.51.100.9")),
        2
    );
}

#[test]
fn a_proxy_that_nobody_named_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut hub = hub_command()
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = String::new();
    let mut stderr = hub.stderr.take().unwrap();
    while !log.ends_with('\n') {
        let mut byte = [0];
        stderr.read_exact(&mut byte).unwrap();
        log.push(char::from(byte[0]));
    }
    let address = log.trim().rsplit('/').next().unwrap().to_owned();
    for visitor in 1..4 {
        let mut connection = TcpStream::connect(&address).unwrap();
        let request = format!(
            "GET /q/no-code HTTP/1.1\r\nhost: hub\r\nx-forwarded-for: 192.0.2.{visitor}\r\nconnection: close\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).unwrap();
        let mut page = String::new();
        connection.read_to_string(&mut page).unwrap();
        assert!(page.starts_with("HTTP/1.1 404 "), "{page}");
    }
    let id = hub.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    stderr.read_to_string(&mut log).unwrap();
    assert!(hub.wait().unwrap().success());
    assert_eq!(log.matches("--trusted-proxy ADDRESS").count(), 1, "{log}");
    // Whoever it was stays unknown.
    assert!(!log.contains("192.0.2."), "{log}");
}
