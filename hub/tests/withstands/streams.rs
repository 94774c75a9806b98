//! HTTP/2: requests that are given up, answers for which no window is opened, and heads without
//! end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, Request, Response, Version};
use bytes::Bytes;
use h2::client::{Connection, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::attack::{ATTACKER, Attacked, PATIENCE, have_many_descriptors};
use crate::stand::{PHONE, Stand, location_of};
use crate::test_certificates::Authority;

/// As many as the hub takes at one time.
const STREAMS_MAX: usize = 8;

struct Http2 {
    attacked: Attacked,
    config: Arc<ClientConfig>,
    runtime: Runtime,
    _folder: tempfile::TempDir,
}

type Line = TlsStream<TcpStream>;

impl Http2 {
    fn start(by_what: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let files = authority.issue(folder.path(), "127.0.0.1", 60);
        let stand = Stand::start_with(&files.options(), Some(authority.pem.as_bytes()));
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap();
        roots.add(root).unwrap();
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self {
            attacked: Attacked::with(stand, by_what),
            config: Arc::new(config),
            runtime: Runtime::new().unwrap(),
            _folder: folder,
        }
    }

    /// Agrees on TLS from the attacker's address.
    async fn line(&self) -> Line {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let from = std::net::SocketAddr::from((ATTACKER, 0));
        socket.bind(&from.into()).unwrap();
        let address: std::net::SocketAddr = self.attacked.address().parse().unwrap();
        socket.connect(&address.into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(socket.into()).unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connector = TlsConnector::from(Arc::clone(&self.config));
        connector.connect(name, stream).await.unwrap()
    }

    /// Begins with HTTP/2 on a line that was agreed on.
    async fn connect(&self, window: u32) -> (SendRequest<Bytes>, Connection<Line, Bytes>) {
        let line = self.line().await;
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(window);
        builder.handshake(line).await.unwrap()
    }

    fn request(&self, path: &str) -> Request<()> {
        let request = Request::builder()
            .method(Method::GET)
            .version(Version::HTTP_2);
        let request = request.uri(format!("{}{path}", self.attacked.stand.base));
        request.header("user-agent", PHONE).body(()).unwrap()
    }
}

/// Sends a request once the hub takes one more.
async fn send(
    requests: &mut SendRequest<Bytes>,
    request: Request<()>,
) -> Result<ResponseFuture, h2::Error> {
    std::future::poll_fn(|context| requests.poll_ready(context)).await?;
    Ok(requests.send_request(request, true)?.0)
}

async fn whole(answer: Response<RecvStream>) -> Vec<u8> {
    let (mut body, mut all) = (answer.into_body(), Vec::new());
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap();
        body.flow_control().release_capacity(piece.len()).unwrap();
        all.extend_from_slice(&piece);
    }
    all
}

async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.unwrap_or_else(|_| panic!("{what}"))
}

#[test]
fn a_code_and_its_page_come_over_one_connection_of_http2() {
    let hub = Http2::start("");
    let toml = "title = 'Page'\n";
    let stand = &hub.attacked.stand;
    stand.publish(&stand.campaign("page", toml, &[[7; 3]]));
    let manifest = stand.manifest(&hub.attacked.terminal);
    let page = manifest
        .campaigns
        .iter()
        .find(|one| one.id.as_str() == "page");
    let code = hub
        .attacked
        .terminal
        .scan_path(page.unwrap().items[0].assignment, 77);
    hub.runtime.block_on(async {
        let (mut requests, connection) = hub.connect(65_535).await;
        let connection = tokio::spawn(connection);
        let scanned = send(&mut requests, hub.request(&code)).await.unwrap();
        let link = location_of(&scanned.await.unwrap());
        let opened = send(&mut requests, hub.request(&link)).await.unwrap();
        let opened = opened.await.unwrap();
        assert_eq!(
            (opened.status().as_u16(), opened.version()),
            (200, Version::HTTP_2)
        );
        let page = String::from_utf8(whole(opened).await).unwrap();
        assert!(page.contains("Page"), "{page}");
        // What a page loads, and more at a time than the hub takes.
        let mut pictures = tokio::task::JoinSet::new();
        for _ in 0..5 * STREAMS_MAX {
            let path = format!("{link}/picture.jpg");
            let picture = send(&mut requests, hub.request(&path)).await.unwrap();
            pictures.spawn(async move { whole(picture.await.unwrap()).await.len() });
        }
        for length in pictures.join_all().await {
            assert!(length > 1_000, "{length}");
        }
        drop(requests);
        in_time("the connection ends", connection)
            .await
            .unwrap()
            .unwrap();
    });
}

#[test]
fn requests_that_are_given_up_at_once_end_their_connection_and_nothing_else() {
    have_many_descriptors();
    let mut hub = Http2::start("requests that are given up");
    hub.runtime.block_on(async {
        for _ in 0..20 {
            let (mut requests, connection) = hub.connect(65_535).await;
            let connection = tokio::spawn(connection);
            let mut sent = 0;
            // More than any phone gives up.
            while sent < 20_000 {
                let ready = std::future::poll_fn(|context| requests.poll_ready(context));
                if ready.await.is_err() {
                    break;
                }
                let Ok((_, mut stream)) = requests.send_request(hub.request("/"), true) else {
                    break;
                };
                stream.send_reset(Reason::CANCEL);
                sent += 1;
            }
            connection.abort();
        }
    });
    hub.attacked.honest_scan();
    hub.attacked.honest_scan_from(ATTACKER);
    hub.attacked.assert_withstood();
}

#[test]
fn answers_for_which_no_window_is_opened_are_given_up_and_need_little_memory() {
    have_many_descriptors();
    let mut hub = Http2::start("closed windows");
    let connections: Vec<_> = hub.runtime.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..200 {
            let (mut requests, connection) = hub.connect(0).await;
            let connection = tokio::spawn(connection);
            for _ in 0..STREAMS_MAX {
                // Whoever has lost its place to another notices here.
                if send(&mut requests, hub.request("/")).await.is_err() {
                    break;
                }
            }
            connections.push((requests, connection));
        }
        connections
    });
    hub.attacked.honest_scan();
    hub.attacked.honest_scan_from(ATTACKER);
    // Each has half a minute to read.
    hub.runtime.block_on(async {
        for (_requests, connection) in connections {
            let _ = in_time("it is given up", connection).await.unwrap();
        }
    });
    hub.attacked.assert_withstood();
}

#[test]
fn a_connection_of_http2_without_a_request_has_the_time_of_a_head() {
    let mut hub = Http2::start("connections without requests");
    hub.runtime.block_on(async {
        let (_requests, mut connection) = hub.connect(65_535).await;
        let mut pings = connection.ping_pong().unwrap();
        let connection = tokio::spawn(connection);
        // Pings are no request, however many come.
        while pings.ping(h2::Ping::opaque()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let _ = in_time("it is closed", connection).await.unwrap();
    });
    hub.attacked.honest_scan();
    hub.attacked.assert_withstood();
}

#[test]
fn a_request_of_http2_that_runs_at_the_stop_is_answered() {
    let mut hub = Http2::start("");
    let process = hub.attacked.stand.server().id().to_string();
    hub.runtime.block_on(async {
        let (mut requests, connection) = hub.connect(65_535).await;
        let connection = tokio::spawn(connection);
        let mut request = hub.request("/v1/enroll");
        *request.method_mut() = Method::POST;
        let (answer, mut body) = requests.send_request(request, false).unwrap();
        body.send_data(Bytes::from_static(b"{"), false).unwrap();
        // The hub opens a window for what it has read.
        let path = hub.request("/");
        let home = send(&mut requests, path).await.unwrap().await.unwrap();
        assert_eq!(home.status().as_u16(), 200);
        let told = std::process::Command::new("kill")
            .args(["-TERM", &process])
            .status();
        assert!(told.unwrap().success());
        body.send_data(Bytes::from_static(b"}"), true).unwrap();
        let answer = in_time("the answer", answer).await.unwrap();
        assert_eq!(answer.status().as_u16(), 400);
        drop(requests);
        let _ = in_time("the connection ends", connection).await.unwrap();
    });
    assert!(hub.attacked.stand.server().wait().unwrap().success());
}
