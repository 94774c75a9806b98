//! Plays over HTTP from several terminals, beside the same rows appended barely to the same table.

use std::ops::Range;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use passerby_hub::public_url::PublicUrl;
use passerby_hub::system::clock;
use passerby_protocol::dating::Anchor;
use passerby_protocol::plays::{Display, Outcome, Play, PlayBatch, PlayContent};
use passerby_protocol::wire::PlaysReply;
use passerby_protocol::{Epoch, Manifest, PlayNumber, ScreenNumber};
use passerby_testing::postgres::PostgresServer;
use reqwest::blocking::Client;
use rusqlite::Connection;

use crate::figure;
use crate::stand::{Stand, screens};

/// Terminals that send at one time.
const CLIENTS: usize = 4;
/// How often the hub and the bare append take turns.
const TURNS: u32 = 5;
/// Plays in a batch.
const ROWS: u32 = 500;
/// Columns of a play.
const COLUMNS: usize = 12;

/// Prints how many rows a second the hub takes, and what the database takes without it; by turns,
/// so that both find the disk as it is.
pub(crate) fn figures(stand: &Stand, server: Option<&PostgresServer>, batches: u32) {
    // Whoever serves first says where codes lead to; manifests hold that.
    let serving = stand.serve();
    let terminals = terminals(stand, batches);
    let mut bare = match (server, &stand.database) {
        (Some(server), Some(address)) => Bare::on_postgres(server, address),
        _ => Bare::on_sqlite(stand),
    };
    let (mut of_hub, mut of_bare) = (Duration::ZERO, Duration::ZERO);
    for turn in 0..TURNS {
        let batches = batches * turn / TURNS..batches * (turn + 1) / TURNS;
        of_hub += send(&serving.url, &terminals, &batches);
        of_bare += bare.append(&batches);
    }
    bare.end();
    let rows = f64::from(batches * ROWS) * f64::from(u32::try_from(CLIENTS).expect("few"));
    let (over_http, bare) = (rows / of_hub.as_secs_f64(), rows / of_bare.as_secs_f64());
    let name = stand.name;
    figure(
        &format!("bare append of plays, {name}"),
        bare,
        "rows/s",
        "goal",
        bare,
    );
    figure(
        &format!("plays over HTTP, {CLIENTS} terminals with batches of {ROWS}, {name}"),
        over_http,
        "rows/s",
        "half of the bare append",
        bare / 2.0,
    );
}

struct Terminal {
    screen: ScreenNumber,
    bearer: String,
    bodies: Vec<Vec<u8>>,
}

/// Has all terminals send these of their batches.
fn send(url: &str, terminals: &[Terminal], batches: &Range<u32>) -> Duration {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for terminal in terminals {
            scope.spawn(move || {
                let client = Client::new();
                let url = format!("{url}/v1/terminals/{}/plays", terminal.screen);
                for batch in batches.clone() {
                    let body = &terminal.bodies[usize::try_from(batch).expect("few")];
                    let sent = client
                        .post(&url)
                        .bearer_auth(&terminal.bearer)
                        .body(body.clone());
                    let answer = sent.send().and_then(|answer| answer.error_for_status());
                    let text = answer.expect("is taken").text().expect("reads");
                    let reply: PlaysReply = serde_json::from_str(&text).expect("a reply");
                    assert_eq!(reply.acked_through, u64::from(batch + 1) * u64::from(ROWS));
                    assert!(reply.rejected.is_empty());
                }
            });
        }
    });
    started.elapsed()
}

/// Terminals with all that they will send, packed.
fn terminals(stand: &Stand, batches: u32) -> Vec<Terminal> {
    let hub = stand.hub();
    let url: PublicUrl = "http://hub.example".parse().expect("a URL");
    let of = |screen: ScreenNumber| {
        let known = hub.store.screen(screen).expect("reads").expect("there");
        let secret = [u8::try_from(screen.get()).expect("a small number"); 32];
        let credentials = hub
            .credentials(known, &secret, &url, clock::now_ms())
            .expect("credentials");
        let manifest = hub.store.manifest(screen).expect("a manifest");
        let contents = contents(&manifest);
        let bodies = (0..batches).map(|batch| body(batch, &contents)).collect();
        Terminal {
            screen,
            bearer: credentials.bearer,
            bodies,
        }
    };
    screens().take(CLIENTS).map(of).collect()
}

fn contents(manifest: &Manifest) -> Vec<PlayContent> {
    let items = manifest.campaigns.iter().flat_map(|campaign| {
        campaign.items.iter().map(|item| PlayContent {
            assignment: item.assignment,
            campaign: campaign.id.as_str().to_owned(),
            creative: item.creative,
        })
    });
    items.collect()
}

fn body(batch: u32, contents: &[PlayContent]) -> Vec<u8> {
    let start_ms = clock::now_ms() - 7 * clock::DAY_MS;
    let plays: Vec<Play> = (batch * ROWS + 1..=(batch + 1) * ROWS)
        .zip(contents.iter().cycle())
        .map(|(number, content)| Play {
            seq: u64::from(number),
            number: PlayNumber::new(number).expect("in range"),
            content: content.clone(),
            boot: "a boot".to_owned(),
            start_boot_ms: u64::from(number) * 10_000,
            visible_ms: 9_900,
            outcome: Outcome::Complete,
            display: Display::On,
        })
        .collect();
    let anchor = Anchor {
        boot: "a boot".to_owned(),
        boot_ms: 0,
        wall_ms: start_ms,
    };
    let json = serde_json::to_vec(&PlayBatch::pack(Epoch(1), &plays, vec![anchor])).expect("JSON");
    zstd::bulk::compress(&json, 6).expect("packs")
}

/// The columns of a batch of one of the clients.
fn columns(client: usize, batch: u32) -> [Vec<i64>; COLUMNS] {
    let now_ms = clock::now_ms();
    let client = i64::try_from(client).expect("few") + 1;
    let row = |number: u32| {
        let number = i64::from(number);
        let start_ms = number * 10_000;
        [
            client,
            number,
            client,
            number,
            1 + number % 10,
            client,
            start_ms,
            9_900,
            0,
            now_ms,
            now_ms + start_ms,
            1,
        ]
    };
    let mut columns: [Vec<i64>; COLUMNS] = Default::default();
    for number in batch * ROWS + 1..=(batch + 1) * ROWS {
        for (column, value) in columns.iter_mut().zip(row(number)) {
            column.push(value);
        }
    }
    columns
}

const NAMES: &str = "ledger, seq, screen, number, content, boot, start_boot_ms, visible_ms, outcome, received_ms, wall_ms, display";

/// A table like that of plays, and who appends to it.
enum Bare<'a> {
    /// One prepared statement a row, in transactions of a batch, by the one who may write.
    Sqlite(Connection),
    /// One statement a batch over arrays, from as many connections as there are terminals.
    Postgres {
        server: &'a PostgresServer,
        address: &'a str,
    },
}

impl<'a> Bare<'a> {
    fn on_postgres(server: &'a PostgresServer, address: &'a str) -> Self {
        server.run(
            address,
            "CREATE TABLE bare_plays (LIKE plays INCLUDING ALL)",
        );
        Self::Postgres { server, address }
    }

    fn on_sqlite(stand: &Stand) -> Self {
        let file = Connection::open(stand.data.join("hub.db")).expect("opens");
        file.pragma_update(None, "synchronous", "full")
            .expect("sets");
        let made: Vec<String> = file
            .prepare("SELECT sql FROM sqlite_master WHERE tbl_name = 'plays' AND sql IS NOT NULL ORDER BY type DESC")
            .and_then(|mut made| made.query_map([], |row| row.get(0))?.collect())
            .expect("reads");
        for sql in made {
            let sql = sql
                .replacen("TABLE plays", "TABLE bare_plays", 1)
                .replacen("TABLE \"plays\"", "TABLE bare_plays", 1)
                .replacen("INDEX plays", "INDEX bare_plays", 1)
                .replacen("ON plays", "ON bare_plays", 1);
            // Nothing that it refers to is there.
            file.execute_batch(&format!("PRAGMA foreign_keys = off; {sql}"))
                .expect("makes");
        }
        Self::Sqlite(file)
    }

    fn append(&mut self, batches: &Range<u32>) -> Duration {
        match self {
            Self::Sqlite(file) => append_to_sqlite(file, batches),
            Self::Postgres { address, .. } => append_to_postgres(address, batches),
        }
    }

    fn end(self) {
        let drop = "DROP TABLE bare_plays";
        match self {
            Self::Sqlite(file) => file.execute_batch(drop).expect("drops"),
            Self::Postgres { server, address } => server.run(address, drop),
        }
    }
}

fn append_to_postgres(address: &str, batches: &Range<u32>) -> Duration {
    let arrays: Vec<String> = (1..=COLUMNS)
        .map(|number| format!("${number}::bigint[]"))
        .collect();
    let append = format!(
        "INSERT INTO bare_plays ({NAMES}) SELECT * FROM unnest({})",
        arrays.join(", ")
    );
    let started = Mutex::new(None::<Instant>);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (append, started) = (&append, &started);
            scope.spawn(move || {
                let batches: Vec<_> = batches
                    .clone()
                    .map(|batch| columns(client, batch))
                    .collect();
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                runtime.expect("a runtime").block_on(async {
                    let (to, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls)
                        .await
                        .expect("connects");
                    tokio::spawn(connection);
                    let append = to.prepare(append).await.expect("prepares");
                    started
                        .lock()
                        .expect("no panic")
                        .get_or_insert_with(Instant::now);
                    for columns in &batches {
                        let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                            columns.iter().map(|column| column as _).collect();
                        to.execute(&append, &values).await.expect("appends");
                    }
                });
            });
        }
    });
    started.lock().expect("no panic").expect("began").elapsed()
}

fn append_to_sqlite(file: &mut Connection, batches: &Range<u32>) -> Duration {
    let append = format!(
        "INSERT INTO bare_plays ({NAMES}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    );
    let all: Vec<_> = batches
        .clone()
        .flat_map(|batch| (0..CLIENTS).map(move |client| columns(client, batch)))
        .collect();
    let started = Instant::now();
    for columns in &all {
        let transaction = file.transaction().expect("begins");
        {
            let mut append = transaction.prepare_cached(&append).expect("prepares");
            for row in 0..columns[0].len() {
                let values = columns.iter().map(|column| column[row]);
                append
                    .execute(rusqlite::params_from_iter(values))
                    .expect("appends");
            }
        }
        transaction.commit().expect("commits");
    }
    started.elapsed()
}
