//! The call for changes: held until there is something else for a screen, whichever process brought
//! it, and by terminals of this hub alone.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use passerby_hub::system::clock;
use passerby_protocol::changes::{ChangesReply, ChangesRequest, ManifestTag};
use passerby_protocol::limits::HOLD_MS_MAX;
use passerby_protocol::wire::Heartbeat;
use passerby_protocol::{Digest, ScreenNumber};
use passerby_testing::postgres::PostgresServer;
use reqwest::blocking::{Client, Response};
use serde_json::Value;

use crate::stand::{Stand, Terminal};

/// An answer that was held for as long as it may be says nothing of what ended it.
const ENDED_EARLY_MS: u64 = HOLD_MS_MAX - 5_000;
/// Longest wait for something that should come.
const PATIENCE: Duration = Duration::from_secs(300);
/// Held at one time.
const CROWD: usize = 2_000;

/// Asks as a terminal.
struct Asker {
    client: Client,
    url: String,
    bearer: String,
}

impl Asker {
    fn of(stand: &Stand, terminal: &Terminal) -> Self {
        let path = format!("/v1/terminals/{}/changes", terminal.credentials.screen);
        Self {
            client: Client::builder().timeout(PATIENCE).build().unwrap(),
            url: stand.address(&path),
            bearer: terminal.credentials.bearer.clone(),
        }
    }

    fn send(&self, request: &ChangesRequest) -> Response {
        self.client
            .post(&self.url)
            .bearer_auth(&self.bearer)
            .body(serde_json::to_vec(request).unwrap())
            .send()
            .unwrap()
    }

    fn ask(&self, request: &ChangesRequest) -> ChangesReply {
        let response = self.send(request);
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["passerby-hub"], "1");
        serde_json::from_slice(&response.bytes().unwrap()).unwrap()
    }

    /// What a terminal says that has all there is.
    fn up_to_date(&self) -> ChangesRequest {
        let now = self.ask(&ChangesRequest::default());
        ChangesRequest {
            manifest: Some(now.manifest),
            key_generation: Some(now.key_generation),
            hold_ms: HOLD_MS_MAX,
            frame: 0,
            heartbeat: Heartbeat {
                key_generation: Some(now.key_generation),
                ..Heartbeat::default()
            },
        }
    }

    /// Makes calls that are held until one of them ends early, while something is done. Returns
    /// what that one was answered.
    fn ask_while(&self, request: &ChangesRequest, what: impl FnOnce()) -> Response {
        std::thread::scope(|scope| {
            let (end, ended) = mpsc::channel();
            scope.spawn(move || {
                loop {
                    let begun = Instant::now();
                    let response = self.send(request);
                    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap();
                    if took_ms < ENDED_EARLY_MS || response.status() != 200 {
                        return end.send(response).unwrap();
                    }
                }
            });
            what();
            ended.recv_timeout(PATIENCE).unwrap()
        })
    }
}

fn reply_of(response: Response) -> ChangesReply {
    assert_eq!(response.status(), 200);
    serde_json::from_slice(&response.bytes().unwrap()).unwrap()
}

/// Waits until the hub has heard of a screen that it mints: its call is held from then on.
fn wait_for_held(stand: &Stand, screens: usize) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let list = stand.json(&["screen", "list"]);
        let heard = |screen: &&Value| screen["minting"].is_u64();
        if list.as_array().unwrap().iter().filter(heard).count() >= screens {
            return;
        }
        assert!(Instant::now() < deadline, "{list}");
    }
}

#[test]
fn a_terminal_that_does_not_say_what_it_holds_is_answered_at_once() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let asker = Asker::of(&stand, &terminal);
    let manifest = stand.manifest(&terminal);
    let all = asker.up_to_date();
    let holds = ChangesRequest {
        hold_ms: HOLD_MS_MAX,
        ..ChangesRequest::default()
    };
    let partly = ChangesRequest {
        manifest: all.manifest,
        ..holds.clone()
    };
    let polls = ChangesRequest {
        hold_ms: 0,
        ..all.clone()
    };
    for request in [holds, partly, polls] {
        let before_ms = clock::now_ms();
        let reply = asker.ask(&request);
        assert!(reply.held_ms < ENDED_EARLY_MS, "{reply:?}");
        assert_eq!(reply.manifest.version, manifest.version);
        assert_eq!(reply.manifest.key_generation, 0);
        assert_eq!(reply.key_generation, terminal.credentials.generation);
        assert!((before_ms..=clock::now_ms()).contains(&reply.server_time_ms));
        assert!(reply.pace.pause_ms(u64::MAX) < 10_000, "{reply:?}");
        assert!(reply.tallies.is_some());
    }
    // Who may be held for a moment is, and hears then that there is nothing.
    let reply = asker.ask(&ChangesRequest {
        hold_ms: 300,
        ..all
    });
    assert!(reply.held_ms >= 300, "{reply:?}");
}

#[test]
fn what_another_process_changes_ends_a_held_call() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let screen = terminal.credentials.screen.to_string();
    let asker = Asker::of(&stand, &terminal);
    let campaign = stand.campaign("cafe", "", &[[9; 3]]);

    let all = asker.up_to_date();
    let published = asker.ask_while(&all, || {
        stand.publish(&campaign);
    });
    let published = reply_of(published);
    let manifest = stand.manifest(&terminal);
    assert_eq!(manifest.campaigns.len(), 1);
    assert_eq!(published.manifest.version, manifest.version);
    assert!(Some(published.manifest.version) > all.manifest.map(|tag| tag.version));

    let all = asker.up_to_date();
    let unpublished = asker.ask_while(&all, || {
        stand.json(&["unpublish", "cafe"]);
    });
    assert!(reply_of(unpublished).manifest.version > manifest.version);

    let all = asker.up_to_date();
    let rotated = asker.ask_while(&all, || {
        stand.json(&["screen", "rotate", &screen]);
    });
    assert_eq!(reply_of(rotated).key_generation, 1);

    let all = asker.up_to_date();
    let signed_anew = asker.ask_while(&all, || {
        stand.json(&["key", "rotate"]);
    });
    let signed_anew = reply_of(signed_anew).manifest;
    assert_eq!(signed_anew.key_generation, 1);
    assert_eq!(
        Some(signed_anew.version),
        all.manifest.map(|tag| tag.version)
    );

    let all = asker.up_to_date();
    let revoked = asker.ask_while(&all, || {
        stand.json(&["screen", "revoke", &screen]);
    });
    assert_eq!(revoked.status(), 410);
}

#[test]
fn what_is_another_screens_ends_no_call() {
    let stand = Stand::start();
    let (one, other) = (stand.terminal("one"), stand.terminal("other"));
    let campaign = stand.campaign("cafe", "", &[[9; 3]]);
    let asker = Asker::of(&stand, &one);
    let request = ChangesRequest {
        hold_ms: 6_000,
        ..asker.up_to_date()
    };
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| asker.ask(&request));
        let screen = other.credentials.screen.to_string();
        stand.json(&["publish", &campaign, "--screen", &screen]);
        let reply = asked.join().unwrap();
        assert!(reply.held_ms >= 6_000, "{reply:?}");
        assert_eq!(Some(reply.manifest), request.manifest);
    });
}

#[test]
fn a_terminal_that_has_more_than_a_restored_hub_is_told_at_once() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let asker = Asker::of(&stand, &terminal);
    let mut request = asker.up_to_date();
    let known = request.manifest.unwrap();
    // The hub forgot all that was published in the last thousand seconds.
    let taken = ManifestTag {
        version: known.version + 1_000,
        ..known
    };
    request.manifest = Some(taken);
    request.heartbeat.manifest_version = taken.version;
    let reply = asker.ask(&request);
    assert!(reply.held_ms < ENDED_EARLY_MS && reply.manifest.version > taken.version);
}

#[test]
fn nobody_but_a_terminal_of_this_hub_holds_a_call() {
    let stand = Stand::start();
    let (terminal, other) = (stand.terminal("one"), stand.terminal("other"));
    let asker = Asker::of(&stand, &terminal);
    let request = asker.up_to_date();
    let begun = Instant::now();
    for (bearer, status) in [
        (other.credentials.bearer.as_str(), 403),
        ("0123456789abcdef", 401),
        ("", 401),
    ] {
        let stranger = Asker {
            client: Client::new(),
            url: asker.url.clone(),
            bearer: bearer.to_owned(),
        };
        assert_eq!(stranger.send(&request).status(), status);
    }
    let nonsense = asker.client.post(&asker.url).bearer_auth(&asker.bearer);
    assert_eq!(nonsense.body("[]").send().unwrap().status(), 400);
    let large = asker.client.post(&asker.url).bearer_auth(&asker.bearer);
    let large = large.body(vec![b' '; 20_000]).send().unwrap();
    assert_eq!(large.status(), 413);
    let another_method = asker.client.get(&asker.url).bearer_auth(&asker.bearer);
    assert_eq!(another_method.send().unwrap().status(), 405);
    assert!(begun.elapsed().as_secs() < 55, "none of them was held");
}

#[test]
fn a_hub_that_stops_answers_all_held_calls_at_once() {
    let mut stand = Stand::start();
    let terminal = stand.terminal("one");
    let asker = Asker::of(&stand, &terminal);
    let request = asker.up_to_date();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| asker.ask(&request));
        wait_for_held(&stand, 1);
        stand.stop();
        let reply = asked.join().unwrap();
        assert!(reply.held_ms < ENDED_EARLY_MS, "{reply:?}");
        assert_eq!(Some(reply.manifest), request.manifest);
        assert!(reply.pace.spread_ms >= 5_000, "not all at once: {reply:?}");
    });
}

#[test]
fn a_newer_call_of_a_screen_ends_the_older_one() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let asker = Asker::of(&stand, &terminal);
    let request = asker.up_to_date();
    std::thread::scope(|scope| {
        let older = scope.spawn(|| asker.ask(&request));
        wait_for_held(&stand, 1);
        let newer = ChangesRequest {
            hold_ms: 100,
            ..request.clone()
        };
        asker.ask(&newer);
        let reply = older.join().unwrap();
        assert!(reply.held_ms < ENDED_EARLY_MS, "{reply:?}");
    });
}

#[test]
fn without_its_database_a_hub_says_when_to_come_back_and_goes_on_by_itself() {
    let stand = Stand::start();
    let terminal = stand.terminal("one");
    let asker = Asker::of(&stand, &terminal);
    let request = ChangesRequest {
        hold_ms: 15_000,
        ..asker.up_to_date()
    };
    let assert_away = |response: Response| {
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "30");
    };
    if let Some(address) = stand.database_address() {
        let rest = address.strip_prefix("postgres:///").unwrap();
        let (name, options) = rest.split_once('?').unwrap();
        let admin = format!("postgres:///postgres?{options}");
        let server = PostgresServer::shared();
        std::thread::scope(|scope| {
            let held = scope.spawn(|| asker.send(&request));
            wait_for_held(&stand, 1);
            server.run(
                &admin,
                &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
            );
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
            server.run(&admin, &format!("{cut} = '{name}'"));
            // It does not say that nothing is new, since it cannot know.
            assert_away(held.join().unwrap());
            assert_away(asker.send(&request));
        });
        server.run(
            &admin,
            &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
        );
    } else {
        let other = rusqlite::Connection::open(stand.data().join("hub.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_away(asker.send(&request));
        other.execute_batch("ROLLBACK").unwrap();
    }
    let deadline = Instant::now() + PATIENCE;
    let polls = ChangesRequest {
        hold_ms: 0,
        ..request
    };
    while asker.send(&polls).status() != 200 {
        assert!(Instant::now() < deadline);
    }
}

/// One terminal of a crowd: a connection on which a call is held.
fn hold(address: &str, screen: ScreenNumber, bearer: &str, request: &ChangesRequest) -> TcpStream {
    let body = serde_json::to_string(request).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /v1/terminals/{screen}/changes HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {bearer}\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}

/// Lets this test have the descriptors that a crowd needs, and the hub too, which inherits it.
fn allow_descriptors() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let most = getrlimit(Resource::Nofile).current;
    assert!(most.is_none_or(|most| most > 3 * CROWD as u64), "{most:?}");
}

fn resident_kib(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    let figure = line.unwrap().split_whitespace().nth(1);
    figure.unwrap().parse().unwrap()
}

#[test]
fn two_thousand_calls_are_held_at_one_time_beside_visitors_and_end_with_one_publication() {
    allow_descriptors();
    let mut stand = Stand::start();
    let address = stand.base.trim_start_matches("http://").to_owned();
    let now_ms = clock::now_ms();
    // Many enrol at a time, since each waits for the disk.
    let enrolled: Vec<(ScreenNumber, String)> = {
        let hub = stand.hub();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..16)
                .map(|worker| {
                    let hub = &hub;
                    scope.spawn(move || {
                        (worker..CROWD)
                            .step_by(16)
                            .map(|number| {
                                let (screen, _) = hub
                                    .store
                                    .add_screen(
                                        &passerby_hub::people::Actor::COMMAND_LINE,
                                        "one of many",
                                        now_ms,
                                    )
                                    .unwrap();
                                let bearer = format!("bearer {number}");
                                let sha256 = Digest::of(bearer.as_bytes()).0;
                                hub.store.admit(screen, &sha256, now_ms).unwrap();
                                (screen, bearer)
                            })
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap())
                .collect()
        })
    };
    let process = stand.server().id();
    let before_kib = resident_kib(process);
    let hub = stand.hub();
    let held: Vec<TcpStream> = enrolled
        .iter()
        .map(|(screen, bearer)| {
            let request = ChangesRequest {
                manifest: Some(ManifestTag {
                    version: hub.store.manifest_version(*screen, now_ms).unwrap(),
                    key_generation: 0,
                }),
                key_generation: Some(0),
                hold_ms: HOLD_MS_MAX,
                frame: 0,
                heartbeat: Heartbeat {
                    key_generation: Some(0),
                    ..Heartbeat::default()
                },
            };
            hold(&address, *screen, bearer, &request)
        })
        .collect();
    wait_for_held(&stand, CROWD);
    let more_kib = resident_kib(process).saturating_sub(before_kib);
    eprintln!("{CROWD} held calls\t{}\tKiB each", more_kib / CROWD as u64);
    assert!(more_kib / (CROWD as u64) < 64, "{more_kib} KiB");
    assert_eq!(
        stand.visit(1, "/").status(),
        200,
        "visitors have their places"
    );
    let campaign = stand.campaign("cafe", "", &[[9; 3]]);
    stand.publish(&campaign);
    for (mut stream, (screen, _)) in held.into_iter().zip(&enrolled) {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let body = answer.split("\r\n\r\n").nth(1).unwrap();
        let reply: ChangesReply = serde_json::from_str(body).unwrap();
        // On a very slow machine some were held for as long as may be before it came.
        let newest = hub.store.manifest_version(*screen, now_ms).unwrap();
        assert!(
            reply.manifest.version == newest || reply.held_ms >= HOLD_MS_MAX,
            "{reply:?}, {newest}"
        );
    }
}
