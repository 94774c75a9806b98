//! The operator's own proxy, as the environment names it (`https_proxy`, `no_proxy` and their
//! like).
//!
//! Invariant: a proxy that cannot be used is an error and never passed by.

use std::io;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};
use tower_service::Service as _;

/// How long the proxy may take to reach a server.
const CONNECT_MAX: Duration = Duration::from_secs(20);

/// What the environment says of proxies.
pub(super) struct Upstream(Matcher);

/// The proxy that leads to one server.
pub(super) struct ProxyChoice(Intercept);

impl Upstream {
    /// Reads the environment.
    pub(super) fn of_environment() -> Self {
        Self(Matcher::from_env())
    }

    /// Finds the proxy for a server; none where there is a direct way.
    pub(super) fn way_to(&self, host: &str, port: u16) -> Option<ProxyChoice> {
        // Which of both it is can only be told from the port.
        let scheme = if port == 80 { "http" } else { "https" };
        let server = format!("{scheme}://{}/", authority(host, port));
        self.0.intercept(&server.parse().ok()?).map(ProxyChoice)
    }
}

impl ProxyChoice {
    /// Asks the proxy for a connection to a server.
    ///
    /// # Errors
    /// It is not to be had; says why, in words that fit after "the proxy of this machine".
    pub(super) async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, String> {
        let proxy = self.0.uri();
        let told = proxy.authority().map_or("", |authority| authority.as_str());
        let server: Uri = format!("https://{}", authority(host, port))
            .parse()
            .map_err(|_| format!("({told}) cannot be asked for {host}"))?;
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        let connect = async {
            match proxy.scheme_str() {
                Some("http") => {
                    let mut tunnel = Tunnel::new(proxy.clone(), connector);
                    if let Some(auth) = self.0.basic_auth() {
                        tunnel = tunnel.with_auth(auth.clone());
                    }
                    tunnel.call(server).await.map_err(io::Error::other)
                }
                Some("socks5" | "socks5h") => {
                    let mut socks = SocksV5::new(proxy.clone(), connector);
                    if let Some((user, password)) = self.0.raw_auth() {
                        socks = socks.with_auth(user.to_owned(), password.to_owned());
                    }
                    socks.call(server).await.map_err(io::Error::other)
                }
                _ => Err(io::Error::other(
                    "is of a kind that is not supported; name an http:// or socks5:// proxy",
                )),
            }
        };
        match timeout(CONNECT_MAX, connect).await {
            Ok(Ok(stream)) => Ok(stream.into_inner()),
            Ok(Err(error)) => Err(format!("({told}) does not lead to {host}:{port}: {error}")),
            Err(_) => Err(format!("({told}) does not answer")),
        }
    }
}

fn authority(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}
