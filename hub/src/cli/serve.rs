//! `passerby-hub serve`: answers screens, phones and people until it is told to stop.

use std::future::Future;
use std::path::{Path, PathBuf};

use clap::Args;
use passerby_protocol::limits::CODE_DAYS_MAX;
use passerby_protocol::private_host::PrivateHost;

use crate::cli::failure::Failure;
use crate::cli::options::Data;
use crate::followers::service::{MAILS_A_MINUTE, NEWS_A_DAY};
use crate::public_url::PublicUrl;
use crate::server::{CODE_DAYS, SLOW_QUERY_MS, Server, Settings, TlsFiles, TrustedProxy};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420")]
    listen: String,
    /// How phones and screens reach this hub, such as `https://hub.example`. Default: the first
    /// `--acme-domain`, or else the address that it listens on
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
    #[arg(long, value_name = "N", default_value_t = CODE_DAYS,
          value_parser = clap::value_parser!(i64).range(1..=CODE_DAYS_MAX),
          help = format!("For how many days after it was on a screen a code is accepted, 1 to {CODE_DAYS_MAX}"))]
    code_days: i64,
    /// Believe what this proxy of yours says in `X-Forwarded-For`: an address, a network such
    /// as `10.0.0.0/8`, or a name, which is looked up again and again; may be repeated.
    /// Default: nobody is believed, not even a program on this machine
    #[arg(long = "trusted-proxy", value_name = "ADDRESS")]
    trusted_proxies: Vec<TrustedProxy>,
    /// Answer https with the certificate in this file: PEM, the hub's own first and then those
    /// that lead to its root. It is read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The file with the certificate's private key, PEM without a passphrase
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    #[command(flatten)]
    acme: Box<crate::cli::acme::Options>,
    /// Answer http on this address, such as `0.0.0.0:80`, with the same path on https
    #[arg(long, value_name = "ADDR")]
    redirect_listen: Option<String>,
    /// Answer `/healthz`, `/readyz` and `/metrics` on this address, such as `127.0.0.1:9420`.
    /// It has no password: let only those reach it who watch the hub
    #[arg(long, value_name = "ADDR")]
    monitoring_listen: Option<String>,
    /// Write statements of the database that take longer, in milliseconds, to the log
    #[arg(long, value_name = "MS", default_value_t = SLOW_QUERY_MS)]
    slow_query_ms: u64,
    /// Let sources, web hooks of alerts and mail open this host although its address is private
    /// or this machine's own: a host, or a host and a port such as `192.168.1.20:8080`; may be
    /// repeated. Default: public addresses only
    #[arg(long = "source-host", value_name = "HOST")]
    source_hosts: Vec<PrivateHost>,
    /// Send at most so many mails a minute to people who follow campaigns
    #[arg(long, value_name = "N", default_value_t = MAILS_A_MINUTE, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    follow_mails_a_minute: u32,
    /// Send at most so many mails of one campaign's news in 24 hours; the others go out later
    #[arg(long, value_name = "N", default_value_t = NEWS_A_DAY, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    follow_mails_a_day: u32,
    /// A folder with fonts that the screens have beside the built-in ones (`content.fonts` of
    /// their kiosk.toml), so that previews are set in them; may be repeated
    #[arg(long = "fonts", value_name = "FOLDER")]
    fonts: Vec<PathBuf>,
    #[command(flatten)]
    data: Data,
}

/// Serves.
///
/// # Errors
/// The data folder, the database or the port is not there, or a setting is wrong.
pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments {
        listen,
        public_url,
        code_days,
        trusted_proxies,
        tls_cert,
        tls_key,
        acme,
        redirect_listen,
        monitoring_listen,
        slow_query_ms,
        source_hosts,
        follow_mails_a_minute,
        follow_mails_a_day,
        fonts,
        data,
    } = arguments;
    let fonts = fonts.iter().map(|folder| font_folder(folder));
    let fonts = fonts.collect::<Result<Vec<_>, _>>()?;
    let tls = tls_cert.zip(tls_key);
    let settings = Settings {
        public_url,
        code_days,
        trusted_proxies,
        descriptors: descriptors(),
        tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
        acme: acme.settings()?,
        redirect_listen,
        monitoring_listen,
        slow_query_ms,
        source_hosts,
        follow_mails: (follow_mails_a_minute, follow_mails_a_day),
        fonts,
    };
    serve(&data, &listen, settings)
}

/// The whole path of a folder with fonts, which must be there.
fn font_folder(folder: &Path) -> Result<PathBuf, Failure> {
    std::fs::read_dir(folder)
        .and_then(|_| std::path::absolute(folder))
        .map_err(|error| {
            let folder = folder.display();
            Failure::Start(format!("--fonts {folder}: it cannot be read: {error}"))
        })
}

fn serve(data: &Data, listen: &str, settings: Settings) -> Result<(), Failure> {
    let hub = data.open_or_begin()?;
    // What nobody but the operator can set right keeps the hub from starting; without its creatives
    // for a while it is still of use.
    match hub.blobs.probe() {
        Ok(()) => {}
        Err(error) if error.is_retryable() => {
            tracing::warn!("screens get no new files for now: {error}");
        }
        Err(error) => return Err(Failure::Start(error.to_string())),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Start(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        // Listening for the signals comes first: whoever reads the address may send one at once.
        let stop = stop_signal()
            .map_err(|error| Failure::Start(format!("cannot listen for signals: {error}")))?;
        let server = Server::bind(hub, listen, settings).await?;
        for line in server.addresses() {
            eprintln!("{line}");
        }
        match server.first_link().await {
            Ok(Some(link)) => eprint!("{}", crate::cli::owner::told(&link)),
            Ok(None) => {}
            // A full disk keeps nobody from being served.
            Err(error) => tracing::warn!(%error, "there is no link for the first owner"),
        }
        server.run(stop).await;
        Ok(())
    })
}

/// Raises the limit on open files as far as this user may, and returns it: the shell's is made for
/// programs that use select(2), which a server does not.
fn descriptors() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let before = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: before.maximum,
        ..before
    };
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
