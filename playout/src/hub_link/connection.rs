//! How the hub is reached: within which time, by whose certificates, for how much data a day; and
//! how that goes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use rustls::ClientConfig;

use crate::hub_link::certificates;
use crate::hub_link::certificates::CertificateTime;
use crate::hub_link::hub_time::HubTime;
use crate::hub_link::meter::Meter;
use crate::messages::player_requests::NetworkStatus;

use crate::system::clock::Clock;

/// How long things may take. Each call ends within its time, whatever the other side does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub silence: Duration,
    /// For a call whose answer is short, and until an answer of any call begins.
    pub call: Duration,
    /// For a batch of plays.
    pub plays: Duration,
    /// For a manifest.
    pub manifest: Duration,
    /// In each such span a file has to come on by [`TimeLimits::progress_bytes`]. A file has no
    /// other limit: it may be large and the line slow, and what came stays.
    pub progress: Duration,
    /// How many bytes of a file have to come in each span of [`TimeLimits::progress`].
    pub progress_bytes: u64,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            call: Duration::from_secs(30),
            plays: Duration::from_secs(60),
            manifest: Duration::from_secs(600),
            progress: Duration::from_secs(60),
            progress_bytes: 4 << 10,
        }
    }
}

/// See the module. Its copies share what they learn.
#[derive(Clone, Default)]
pub struct HubConnection {
    limits: TimeLimits,
    ca: Option<PathBuf>,
    certificate_time: Option<Arc<CertificateTime>>,
    pub(super) hub_time: Arc<HubTime>,
    pub(super) meter: Meter,
    status: Arc<Mutex<NetworkStatus>>,
}

impl HubConnection {
    /// A line as the settings say. Without one ([`HubConnection::default`]) certificates are judged
    /// by the machine's clock.
    pub fn new(hub: &HubConfig, data_dir: &Path, clock: &Arc<dyn Clock>, zone: TimeZone) -> Self {
        let hub_time = Arc::new(HubTime::default());
        Self {
            limits: TimeLimits::default(),
            ca: hub.ca.clone(),
            certificate_time: Some(Arc::new(CertificateTime::new(
                Arc::clone(clock),
                Arc::clone(&hub_time),
                data_dir,
            ))),
            hub_time,
            meter: hub.daily_bytes.map_or_else(Meter::default, |daily_bytes| {
                Meter::new(daily_bytes, data_dir, Arc::clone(clock), zone)
            }),
            status: Arc::default(),
        }
    }

    /// The same line with other limits, for tests of hostile hubs.
    #[must_use]
    pub fn within(mut self, limits: TimeLimits) -> Self {
        self.limits = limits;
        self
    }

    pub(super) const fn limits(&self) -> TimeLimits {
        self.limits
    }

    /// TLS as this line wants it; `None` for that of the library.
    pub(super) fn tls(&self) -> Result<Option<ClientConfig>, String> {
        self.certificate_time
            .as_ref()
            .map(|time| certificates::tls(Arc::clone(time), self.ca.as_deref()))
            .transpose()
    }

    /// Changes how the line is doing; returns the new state when it is another one.
    pub(super) fn learn(&self, change: impl FnOnce(&mut NetworkStatus)) -> Option<NetworkStatus> {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        let before = status.clone();
        change(&mut status);
        status.data = self.meter.sentence();
        (*status != before).then(|| status.clone())
    }
}

/// Where the hub is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HubConfig {
    /// Base address without a slash at its end.
    pub url: String,
    /// A PEM file with the root certificate of a private hub.
    pub ca: Option<PathBuf>,
    /// Most bytes a day over the line to the hub; as many as there are, when absent.
    pub daily_bytes: Option<u64>,
    /// No pictures of the screen are sent.
    pub keeps_frames: bool,
}
