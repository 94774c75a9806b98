//! What those who watch a hub see of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::stand::{Stand, location};
use crate::test_certificates::Authority;

/// Reads OpenMetrics with the parser of those who made it, and prints each sample on a line.
const PARSER: &str = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        print(sample.name, sorted(sample.labels.items()), sample.value)
";

/// A hub that is watched.
struct WatchedHub(Stand);

impl WatchedHub {
    fn start(options: &[&str], root: Option<&[u8]>) -> Self {
        let options = [options, &["--monitoring-listen", "127.0.0.1:0"]].concat();
        Self(Stand::start_with(&options, root))
    }

    fn ask(&self, path: &str) -> (u16, String) {
        let asked = reqwest::blocking::get(format!("{}{path}", self.0.others[0]));
        let answer = asked.unwrap();
        (answer.status().as_u16(), answer.text().unwrap())
    }

    /// All samples, by name and labels.
    fn samples(&self) -> BTreeMap<String, f64> {
        let asked = reqwest::blocking::get(format!("{}/metrics", self.0.others[0]));
        let answer = asked.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
        let text = answer.text().unwrap();
        let mut parser = Command::new("/usr/bin/python3")
            .args(["-c", PARSER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut input = parser.stdin.take().unwrap();
        let said = std::thread::spawn({
            let text = text.clone();
            move || input.write_all(text.as_bytes())
        });
        let output = parser.wait_with_output().unwrap();
        said.join().unwrap().unwrap();
        assert!(
            output.status.success(),
            "scripts/prepare installs python3-prometheus-client; what was read:\n{text}"
        );
        let lines = String::from_utf8(output.stdout).unwrap();
        let samples = lines.lines().map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        });
        samples.collect()
    }
}

#[test]
fn what_a_hub_counts_of_itself_is_read_by_the_parser_of_others_and_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let files = authority.issue(folder.path(), "127.0.0.1", 60);
    let hub = WatchedHub::start(&files.options(), Some(authority.pem.as_bytes()));
    let stand = &hub.0;
    let terminal = stand.terminal("one");
    let toml = "title = 'Café'\ntarget = 'https://cafe.example/'\n";
    stand.publish(&stand.campaign("cafe", toml, &[[9; 3]]));
    let assignment = stand.manifest(&terminal).campaigns[0].items[0].assignment;
    for (visitor, play) in [(1, 1), (2, 1), (2, 1), (3, 2)] {
        location(&stand.visit(visitor, &terminal.scan_path(assignment, play)));
    }
    assert_eq!(stand.visit(1, "/q/nothing").status(), 404);
    let samples = hub.samples();
    let value = |name: &str| {
        *samples
            .get(name)
            .unwrap_or_else(|| panic!("{name}: {samples:#?}"))
    };
    let requests = |route: &str, status: &str| {
        let labels = format!("[('route', '{route}'), ('status', '{status}')]");
        value(&format!("passerby_hub_http_requests_total {labels}"))
    };
    assert_eq!(requests("/q/{token}", "3xx"), 4.0);
    assert_eq!(requests("/q/{token}", "4xx"), 1.0);
    assert_eq!(requests("/v1/enroll", "2xx"), 1.0);
    assert_eq!(requests("/v1/terminals/{screen}/manifest", "2xx"), 1.0);
    let times = "passerby_hub_http_request_duration_seconds_count [('route', '/q/{token}')]";
    assert_eq!(value(times), 5.0);
    assert_eq!(value("passerby_hub_scans_stored_total []"), 3.0);
    assert_eq!(value("passerby_hub_plays_stored_total []"), 0.0);
    assert!(value("passerby_hub_scan_group_size_count []") >= 1.0);
    assert!(value("passerby_hub_connections []") >= 1.0);
    assert_eq!(
        value("passerby_hub_connections_refused_total [('why', 'no_place')]"),
        0.0
    );
    let version = format!("[('version', '{}')]", env!("CARGO_PKG_VERSION"));
    assert_eq!(value(&format!("passerby_hub_build_info {version}")), 1.0);
    let (started, expires) = (
        value("process_start_time_seconds []"),
        value("passerby_hub_certificate_expiry_timestamp_seconds []"),
    );
    assert!((expires - started) / 86_400.0 > 59.9 && (expires - started) / 86_400.0 < 60.1);
}

#[test]
fn thousands_of_odd_paths_make_no_further_series_and_no_word_of_theirs_is_in_any() {
    let hub = WatchedHub::start(&[], None);
    let stand = &hub.0;
    let one_of_each = |name: &str| {
        for path in [
            "q",
            "Q",
            "s",
            "p",
            "claim",
            "v1",
            "v1/terminals",
            "v1/blobs",
            "x",
        ] {
            let path = format!("/{path}/{name}");
            let from = "192.0.2.1";
            assert!(stand.open_from(from, name, &path).status().as_u16() >= 400);
        }
        let odd = reqwest::Method::from_bytes(b"ODD").unwrap();
        let odd = stand.client.request(odd, stand.address("/q/odd"));
        assert!(odd.send().unwrap().status().as_u16() >= 400);
    };
    let names = || hub.samples().into_keys().collect::<BTreeSet<_>>();
    // Until the network has had enough, so that each kind of answer has been.
    for number in 0..200 {
        one_of_each(&format!("quite-strange-{number}"));
    }
    let before = names();
    for number in 200..500 {
        one_of_each(&format!("quite-strange-{number}"));
    }
    let after = names();
    assert_eq!(before, after);
    assert!(after.len() < 400, "{}", after.len());
    assert!(
        !after
            .iter()
            .any(|name| name.contains("strange") || name.contains("odd"))
    );
}

#[test]
fn a_hub_that_is_told_to_stop_is_not_ready_and_is_watched_to_its_end() {
    let mut hub = WatchedHub::start(&[], None);
    assert_eq!(hub.ask("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(hub.ask("/readyz"), (200, "ok\n".to_owned()));
    assert_eq!(hub.ask("/").0, 404);
    // A body that does not come: the hub waits ten seconds for it.
    let address = hub.0.base.strip_prefix("http://").unwrap();
    let mut running = TcpStream::connect(address).unwrap();
    let head = "POST /v1/enroll HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n";
    running.write_all(head.as_bytes()).unwrap();
    // The hub says so once it waits.
    let mut goes_on = [0; 25];
    running.read_exact(&mut goes_on).unwrap();
    assert_eq!(goes_on, *b"HTTP/1.1 100 Continue\r\n\r\n");
    let id = hub.0.server().id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(told.success());
    let (status, said) = loop {
        let answer = hub.ask("/readyz");
        if answer.0 != 200 {
            break answer;
        }
    };
    assert_eq!((status, said.as_str()), (503, "the hub is stopping\n"));
    assert_eq!(hub.ask("/healthz").0, 200);
    assert!(!hub.samples().is_empty());
    let mut said = String::new();
    running.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(hub.0.server().wait().unwrap().success());
}

#[test]
fn statements_are_told_without_their_values_once_a_minute_each() {
    let stand = Stand::start_with(&["--slow-query-ms", "0"], None);
    let terminal = stand.terminal("a-secret-name");
    for _ in 0..20 {
        stand.manifest(&terminal);
    }
    let log = stand.log();
    let told: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split_once("a statement of the database was slow: "))
        .map(|(_, statement)| statement)
        .collect();
    let each: BTreeSet<&str> = told.iter().copied().collect();
    assert!(
        told.iter().any(|statement| statement.contains("?1")),
        "{log}"
    );
    assert_eq!(told.len(), each.len(), "{log}");
    assert!(!log.contains("a-secret-name"), "{log}");
}

#[test]
fn a_hub_whose_writes_fail_is_not_ready_until_one_succeeds() {
    let hub = WatchedHub::start(&[], None);
    let stand = &hub.0;
    let terminal = stand.terminal("one");
    let send = |seqs| {
        stand
            .send_plays(&terminal, &crate::backups::rows(seqs), Vec::new())
            .status()
    };
    assert_eq!(send(1..=5), 200);
    assert_eq!(hub.ask("/readyz"), (200, "ok\n".to_owned()));
    let lets_write = |lets: bool| match stand.database_address() {
        Some(address) => {
            let server = passerby_testing::postgres::PostgresServer::shared();
            let name = address.trim_start_matches("postgres:///");
            let name = name.split('?').next().unwrap();
            let only = if lets { "off" } else { "on" };
            server.run(
                "postgres:///postgres",
                &format!("ALTER DATABASE {name} SET default_transaction_read_only = {only}"),
            );
            server.run(
                address,
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
        }
        None => {
            // As a move leaves it.
            let file = rusqlite::Connection::open(stand.data().join("hub.db")).unwrap();
            let tables =
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'";
            let mut tables = file.prepare(tables).unwrap();
            let tables = tables.query_map([], |row| row.get::<_, String>(0));
            let tables: Vec<String> = tables.unwrap().map(Result::unwrap).collect();
            let mut statements = "BEGIN IMMEDIATE;".to_owned();
            for (number, table) in tables.iter().enumerate() {
                for what in ["INSERT", "UPDATE", "DELETE"] {
                    let name = format!("moved_{number}_{what}");
                    statements += &if lets {
                        format!("DROP TRIGGER {name};")
                    } else {
                        format!(
                            "CREATE TRIGGER {name} BEFORE {what} ON {table}
                             BEGIN SELECT RAISE(ABORT, 'moved'); END;"
                        )
                    };
                }
            }
            file.execute_batch(&(statements + "COMMIT")).unwrap();
        }
    };
    lets_write(false);
    assert_eq!(send(6..=10), 503);
    for _ in 0..2 {
        let (status, said) = hub.ask("/readyz");
        assert_eq!(status, 503);
        assert!(said.contains("writes to the database fail"), "{said}");
        assert_eq!(hub.ask("/healthz").0, 200);
    }
    lets_write(true);
    // Nobody has to write for the hub to hear of it.
    let begun = std::time::Instant::now();
    while hub.ask("/readyz").0 != 200 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(send(6..=10), 200);
}

#[test]
fn what_fails_again_and_again_is_told_once_a_minute() {
    let hub = WatchedHub::start(&[], None);
    let stand = &hub.0;
    let terminal = stand.terminal("one");
    let statement = "ALTER TABLE plays RENAME TO gone";
    match stand.database_address() {
        Some(address) => {
            passerby_testing::postgres::PostgresServer::shared().run(address, statement);
        }
        None => {
            let file = rusqlite::Connection::open(stand.data().join("hub.db")).unwrap();
            file.execute_batch(statement).unwrap();
        }
    }
    for _ in 0..20 {
        let refused = stand.send_plays(&terminal, &crate::backups::rows(1..=5), Vec::new());
        assert_eq!(refused.status(), 503);
    }
    let begun = std::time::Instant::now();
    while !stand.log().contains("a request failed") {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60));
        std::thread::yield_now();
    }
    let log = stand.log();
    let told = log.lines().filter(|line| line.contains("a request failed"));
    let told: Vec<&str> = told.collect();
    assert!(told.len() == 1 && told[0].contains("plays"), "{told:?}");
}
