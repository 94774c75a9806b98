//! Somebody between a terminal and its hub who answers in the hub's place: with what it said long
//! ago, said to another screen, or never said. Nothing of it airs, the terminal says what is wrong,
//! and once the hub is heard again all is well.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use ed25519_dalek::SigningKey;
use passerby_playout::identity::credentials::Enrolment;
use passerby_playout::ledger::Ledger;
use passerby_playout::messages::player_requests::Status;
use passerby_protocol::manifest::SIGNATURE_HEADER;
use passerby_protocol::manifest_keys::{ManifestKeysReply, endorse};
use passerby_protocol::{Digest, Manifest};

use crate::parts::{HubProcess, drain, enrol, hub, plays_on_hub, runtime};
use crate::stand::Terminal;

/// An answer as it goes over the wire.
#[derive(Debug, Clone)]
struct Answer {
    /// Status line and headers, whose names the hub writes in lower case, with their last line's
    /// end.
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 2;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        Some(Self {
            head: head.to_owned(),
            body: bytes[end + 2..].to_vec(),
        })
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        let mut values = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        values.next()
    }

    /// The same with another body, or with another signature; nothing else is changed.
    fn with(&self, body: Vec<u8>, signature: Option<&str>) -> Self {
        let kept = self.head.lines().filter(|line| {
            !line.starts_with("content-length:") && !line.starts_with(SIGNATURE_HEADER)
        });
        let mut head: String = kept.map(|line| format!("{line}\r\n")).collect();
        head += &format!("content-length: {}\r\n", body.len());
        if let Some(signature) = signature {
            head += &format!("{SIGNATURE_HEADER}: {signature}\r\n");
        }
        Self { head, body }
    }

    fn of_json(reply: &impl serde::Serialize) -> Self {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
        let head = head.to_owned();
        let body = serde_json::to_vec(reply).expect("writes");
        Self {
            head,
            body: Vec::new(),
        }
        .with(body, None)
    }
}

/// What is answered to a path in the hub's place; `None` lets the hub's own word through.
type Forgery = Box<dyn Fn(&str, &Answer) -> Option<Answer> + Send>;

/// Passes everything on until it is told to forge.
struct Forger {
    url: String,
    forgery: Arc<Mutex<Option<Forgery>>>,
    /// The hub's own manifests, as they came by.
    overheard: Arc<Mutex<Vec<Answer>>>,
}

impl Forger {
    fn before(hub: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let forgery: Arc<Mutex<Option<Forgery>>> = Arc::default();
        let overheard: Arc<Mutex<Vec<Answer>>> = Arc::default();
        let (shared, hub) = ((forgery.clone(), overheard.clone()), hub.to_owned());
        std::thread::spawn(move || {
            for terminal in listener.incoming().map_while(Result::ok) {
                let (hub, (forgery, overheard)) = (hub.clone(), shared.clone());
                std::thread::spawn(move || pass(terminal, &hub, &forgery, &overheard));
            }
        });
        Self {
            url,
            forgery,
            overheard,
        }
    }

    /// Forges from now on.
    fn forge(&self, forgery: impl Fn(&str, &Answer) -> Option<Answer> + Send + 'static) {
        *self.forgery.lock().expect("no thread has failed") = Some(Box::new(forgery));
    }

    /// Puts an answer in the place of every manifest, new or not.
    fn forge_manifest(&self, answer: Answer) {
        self.forge(move |path, _| path.ends_with("/manifest").then(|| answer.clone()));
    }

    /// Is a wire again.
    fn relent(&self) {
        *self.forgery.lock().expect("no thread has failed") = None;
    }

    fn newest(&self) -> Answer {
        let overheard = self.overheard.lock().expect("no thread has failed");
        overheard.last().expect("it was asked for one").clone()
    }
}

/// Carries one request and its answer.
fn pass(
    mut terminal: TcpStream,
    hub: &str,
    forgery: &Mutex<Option<Forgery>>,
    overheard: &Mutex<Vec<Answer>>,
) -> Option<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        terminal.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let text = String::from_utf8(head).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is_it = name.eq_ignore_ascii_case("content-length");
        is_it.then(|| value.parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    terminal.read_exact(&mut body).ok()?;

    let (line, headers) = text.split_once("\r\n")?;
    // As with an older hub, the screen asks for each thing by itself, and so for what is forged.
    let line = line.replace("/changes ", "/no-such-call ");
    let mut hub = TcpStream::connect(hub).ok()?;
    write!(hub, "{line}\r\nconnection: close\r\n{headers}").ok()?;
    hub.write_all(&body).ok()?;
    let mut bytes = Vec::new();
    hub.read_to_end(&mut bytes).ok()?;
    let answer = Answer::read(&bytes)?;

    let path = line.split(' ').nth(1)?;
    if answer.header(SIGNATURE_HEADER).is_some() {
        let mut overheard = overheard.lock().expect("no thread has failed");
        overheard.push(answer.clone());
    }
    let forged = {
        let forgery = forgery.lock().expect("no thread has failed");
        forgery.as_ref().and_then(|forge| forge(path, &answer))
    };
    let answer = forged.unwrap_or(answer);
    terminal.write_all(answer.head.as_bytes()).ok()?;
    terminal.write_all(b"\r\n").ok()?;
    terminal.write_all(&answer.body).ok()
}

/// Publishes a campaign of one picture in the place of what it was.
fn publish(folder: &Path, data: &Path, name: &str, grey: u8) -> Digest {
    let campaign = folder.join(name);
    std::fs::create_dir_all(&campaign).expect("folder");
    let picture = campaign.join("a.png");
    image::GrayImage::from_pixel(64, 48, image::Luma([grey]))
        .save(&picture)
        .expect("a picture");
    hub(data, &["publish", campaign.to_str().expect("text")]);
    Digest::of(&std::fs::read(&picture).expect("reads"))
}

/// Why no content comes, in the words that people read on the local page.
fn why_no_content(status: &Status) -> &str {
    status.network.content.as_deref().unwrap_or_default()
}

/// What the terminal shows and knows while somebody forges; it must be what it was.
fn nothing_is_believed(terminal: &Terminal, words: &str, good: &[Digest], version: u64) {
    let status = terminal.wait_for(words, |status| why_no_content(status).contains(words));
    assert_eq!(status.manifest_version, version, "{words}");
    let shown = terminal.next(10);
    let shown: BTreeSet<Digest> = shown.iter().map(|shown| shown.creative).collect();
    assert_eq!(shown, good.iter().copied().collect(), "{words}");
}

#[test]
fn no_manifest_but_the_hubs_own_newest_for_this_screen_is_ever_believed() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let forger = Forger::before(&process.address);
    let (data_dir, enrolment) = enrol(folder.path(), &data, &forger.url);
    let old = publish(folder.path(), &data, "cafe", 60);
    let terminal = Terminal::start(&data_dir, &enrolment);
    terminal.show_until("the café", |shown| shown.creative == old);
    let of_old = forger.newest();

    // The café changes its picture, and the books come.
    let good = [
        publish(folder.path(), &data, "cafe", 120),
        publish(folder.path(), &data, "books", 180),
    ];
    for picture in good {
        terminal.show_until("what is new", |shown| shown.creative == picture);
    }
    let version = terminal.status().manifest_version;
    let newest = forger.newest();
    let signature = newest.header(SIGNATURE_HEADER).map(str::to_owned);
    let signature = signature.as_deref();

    // The hub's own word to another screen, whose place it is not.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("folder");
    let (_, other) = enrol(&elsewhere, &data, &forger.url);
    assert_ne!(other.credentials.screen, enrolment.credentials.screen);
    let bearer = Some(other.credentials.bearer.clone());
    let client = passerby_playout::hub_link::HubClient::new(&forger.url, bearer);
    let asked = runtime().block_on(client.manifest(other.credentials.screen, None));
    let to_other = asked.expect("answers").expect("there is one");
    let to_other = newest.with(to_other.body, Some(&to_other.signature));

    let own_key = SigningKey::from_bytes(&[7; 32]);
    let mut own: Manifest = serde_json::from_slice(&newest.body).expect("JSON");
    own.version += 1;
    own.campaigns[0].campaign.title = "Rogue".to_owned();
    let (own_body, own_signature) = own.seal(&own_key).expect("seals");
    let own = newest.with(own_body, Some(&own_signature));
    let mut changed = newest.body.clone();
    let digit = changed.iter().rposition(u8::is_ascii_digit);
    changed[digit.expect("a number")] ^= 1;

    let unsigned = "without a manifest's signature";
    let not_the_hubs = "is not signed by the hub";
    let mut forgeries = vec![
        ("which this screen has seen", of_old),
        (unsigned, newest.with(newest.body.clone(), None)),
        (
            not_the_hubs,
            newest.with(newest.body.clone(), Some(&"0".repeat(128))),
        ),
        (not_the_hubs, newest.with(changed, signature)),
        (not_the_hubs, own.clone()),
        ("is for screen", to_other),
    ];
    for (words, forged) in &forgeries {
        forger.forge_manifest(forged.clone());
        nothing_is_believed(&terminal, words, &good, version);
        forger.relent();
        terminal.wait_for("the hub is heard again", |status| {
            why_no_content(status).is_empty()
        });
    }

    // His own key with his own endorsement of it.
    let chain = ManifestKeysReply {
        endorsements: vec![endorse(&own_key, 1, &own_key.verifying_key())],
    };
    let chain = Answer::of_json(&chain);
    forger.forge(move |path, _| {
        let answer = if path.ends_with("/manifest") {
            &own
        } else if path.contains("/manifest-keys") {
            &chain
        } else {
            return None;
        };
        Some(answer.clone())
    });
    nothing_is_believed(
        &terminal,
        "is not endorsed by the key before it",
        &good,
        version,
    );
    terminal.stop();
    let known = Enrolment::load(&data_dir).expect("reads").expect("there");
    assert_eq!(known.manifest_key(), enrolment.manifest_key());
    assert_eq!(known.credentials.manifest_key_generation, 0);

    // A restart does not forget what was seen.
    let (words, of_old) = forgeries.swap_remove(0);
    forger.forge_manifest(of_old);
    let terminal = Terminal::start(&data_dir, &known);
    nothing_is_believed(&terminal, words, &good, version);
    forger.relent();
    let last = publish(folder.path(), &data, "last", 240);
    terminal.show_until("the hub's next word", |shown| shown.creative == last);
    terminal.stop();

    let mut ledger = Ledger::open(&data_dir).expect("opens").0;
    drain(&mut ledger, &known);
    assert_eq!(plays_on_hub(&data), ledger.last_seq());
    let honest: BTreeSet<Digest> = good.into_iter().chain([old, last]).collect();
    let plays = ledger.plays_since(None).expect("reads");
    let aired: BTreeSet<Digest> = plays
        .iter()
        .map(|play| play.play.content.creative)
        .collect();
    assert_eq!(aired, honest, "nothing else was ever counted");
}

#[test]
fn no_file_but_what_the_manifest_names_ever_airs() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("hub");
    let process = HubProcess::start(&data, "127.0.0.1:0");
    let forger = Forger::before(&process.address);
    let (data_dir, enrolment) = enrol(folder.path(), &data, &forger.url);
    let good = publish(folder.path(), &data, "cafe", 60);
    let terminal = Terminal::start(&data_dir, &enrolment);
    terminal.show_until("the café", |shown| shown.creative == good);

    // As long as the right one, and a picture too.
    let wrong = std::fs::read(folder.path().join("cafe/a.png")).expect("reads");
    let forge_files = |times: usize| {
        let (wrong, left) = (wrong.clone(), AtomicUsize::new(times));
        forger.forge(move |path, answer| {
            let forges = path.starts_with("/v1/blobs/")
                && left
                    .try_update(Relaxed, Relaxed, |left| left.checked_sub(1))
                    .is_ok();
            let mut body = wrong.clone();
            body.resize(answer.body.len(), 0);
            forges.then(|| answer.with(body, None))
        });
    };
    // One that came wrong once is asked for again at once, and nobody need hear of it.
    forge_files(1);
    let books = publish(folder.path(), &data, "books", 180);
    terminal.show_until("the right one", |shown| shown.creative == books);
    assert_eq!(terminal.status().problems, [""; 0]);

    forge_files(usize::MAX);
    let shoes = publish(folder.path(), &data, "shoes", 240);
    let words = format!("a file of campaign shoes came wrong again: {shoes}");
    terminal.wait_for("the wrong file is told", |status| {
        let mut problems = status.problems.iter();
        problems.any(|problem| problem.starts_with(&words))
    });
    let shown = terminal.next(10);
    assert!(
        shown.iter().all(|shown| shown.creative != shoes),
        "{shown:?}"
    );
    terminal.stop();
    forger.relent();
    let terminal = Terminal::start(&data_dir, &enrolment);
    terminal.show_until("the right one", |shown| shown.creative == shoes);
    terminal.stop();

    let plays = Ledger::open_to_read(&data_dir).expect("reads");
    let plays = plays.plays_since(None).expect("reads");
    let aired: BTreeSet<Digest> = plays
        .iter()
        .map(|play| play.play.content.creative)
        .collect();
    assert_eq!(aired, [good, books, shoes].into());
}
