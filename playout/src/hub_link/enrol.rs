//! Two ways in: a short code that an operator claims, or a token that `passerby-hub screen add` or
//! `screen renew` printed.
//!
//! Invariant: what collects the credentials is on disk before a hub hears of it, and goes only once
//! they are or the hub has refused it.

use std::path::Path;
use std::time::Duration;

use passerby_folder::durable_file;
use passerby_protocol::hexadecimal::{hex, unhex32};
use passerby_protocol::manifest::is_scan_base;
use passerby_protocol::wire::{EnrollReply, EnrollRequest};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::hub_link::client::HubClient;
use crate::hub_link::connection::HubConnection;
use crate::hub_link::hub_error::HubError;
use crate::identity::credentials::{CredentialsError, Enrolment, check};
use crate::messages::player_requests::Pairing;
use crate::system::random;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Says why a screen is not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The hub refuses or does not answer.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The credentials cannot be kept.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Nobody claimed the code in time.
    #[error(
        "nobody claimed the code {0} in time; run `passerby-hub claim {0} --name NAME --data DIR` at the hub"
    )]
    Unclaimed(String),
}

/// One attempt at pairing: whoever holds its secret collects the credentials. It is kept on disk
/// until then, so a restart or a lost answer does not strand a screen that was claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Eight characters of Crockford base32.
    pub code: String,
    secret: String,
}

impl Attempt {
    fn new() -> Self {
        let bits = random::u64();
        let code = (0..8)
            .map(|place| char::from(ALPHABET[(bits >> (5 * place) & 31) as usize]))
            .collect();
        Self {
            code,
            secret: hex(&random::bytes::<32>()),
        }
    }

    fn resume(data_dir: &Path) -> Self {
        std::fs::read(data_dir.join("pairing.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .filter(Self::is_whole)
            .unwrap_or_else(Self::new)
    }

    /// Tells whether it is as it was made; a file may be anything.
    fn is_whole(&self) -> bool {
        self.code.len() == 8
            && self.code.bytes().all(|byte| ALPHABET.contains(&byte))
            && unhex32(&self.secret).is_some()
    }

    fn save(&self, data_dir: &Path) -> Result<(), CredentialsError> {
        let path = data_dir.join("pairing.json");
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        durable_file::write_private(&path, &bytes).map_err(|error| CredentialsError::Disk {
            path: path.display().to_string(),
            error,
        })
    }

    fn forget(data_dir: &Path) {
        // One that stays behind is refused by the hub and replaced then.
        let _ = std::fs::remove_file(data_dir.join("pairing.json"));
    }
}

/// Enrols a screen and keeps its credentials in `data_dir`.
///
/// With a token it is done at once. Without, a code is made and `waiting` told of it; then the hub
/// is asked until an operator has claimed the code, at most for `wait` (for ever, when `None`).
///
/// # Errors
/// The hub refuses, the disk refuses, or the time is up. An unreachable hub is an error at once
/// with a token, and is waited for without.
pub async fn enrol(
    hub_url: &str,
    token: Option<&str>,
    name: &str,
    data_dir: &Path,
    wait: Option<Duration>,
    waiting: impl Fn(&Pairing),
) -> Result<Enrolment, EnrolError> {
    enrol_on(
        &HubConnection::default(),
        hub_url,
        token,
        name,
        data_dir,
        wait,
        waiting,
    )
    .await
}

/// Does the same as [`enrol`] over a line with conditions.
///
/// # Errors
/// As [`enrol`], and when nobody's certificates can be checked.
pub async fn enrol_on(
    line: &HubConnection,
    hub_url: &str,
    token: Option<&str>,
    name: &str,
    data_dir: &Path,
    wait: Option<Duration>,
    waiting: impl Fn(&Pairing),
) -> Result<Enrolment, EnrolError> {
    let client = HubClient::on(line, hub_url, None)?;
    let deadline = wait.map(|wait| Instant::now() + wait);
    let mut attempt = Attempt::resume(data_dir);
    attempt.save(data_dir)?;
    loop {
        let request = EnrollRequest {
            code: token.is_none().then(|| attempt.code.clone()),
            token: token.map(str::to_owned),
            secret: attempt.secret.clone(),
            name: name.to_owned(),
        };
        let pause = match client.enroll(&request).await {
            Ok(EnrollReply::Enrolled(credentials)) => {
                check(&credentials).map_err(|wrong| client.not_a_hub(wrong))?;
                let enrolment = Enrolment {
                    hub: hub_url.to_owned(),
                    credentials,
                    kept_manifests: Vec::new(),
                };
                enrolment.save(data_dir)?;
                Attempt::forget(data_dir);
                return Ok(enrolment);
            }
            Ok(EnrollReply::Waiting {
                retry_ms,
                claim_url,
            }) => {
                // It is shown on the screen, and in its code.
                if !is_scan_base(&claim_url) {
                    return Err(client
                        .not_a_hub("where a code is claimed is no address")
                        .into());
                }
                waiting(&Pairing {
                    code: spaced(&attempt.code),
                    claim_url,
                });
                Duration::from_millis(retry_ms.clamp(200, 60_000))
            }
            // The code ran out, or another screen has the same one: a new one.
            Err(HubError::Status {
                status: 409 | 410, ..
            }) if token.is_none() => {
                attempt = Attempt::new();
                attempt.save(data_dir)?;
                Duration::from_millis(200)
            }
            Err(
                error @ HubError::Status {
                    status: 400..500, ..
                },
            ) if !matches!(error, HubError::Status { status: 429, .. }) => {
                Attempt::forget(data_dir);
                return Err(error.into());
            }
            Err(error) if token.is_some() => return Err(error.into()),
            Err(error) => {
                tracing::warn!("{error}");
                let asked = match &error {
                    HubError::Status { retry_after_ms, .. } => *retry_after_ms,
                    _ => None,
                };
                // A person stands there and waits.
                Duration::from_millis(asked.unwrap_or(2_000).clamp(2_000, 60_000))
            }
        };
        let next = Instant::now() + pause;
        match deadline {
            Some(deadline) if next >= deadline => return Err(EnrolError::Unclaimed(attempt.code)),
            _ => tokio::time::sleep_until(next).await,
        }
    }
}

/// A code as people read it: in two groups.
fn spaced(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((first, second)) => format!("{first}-{second}"),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_survives_a_restart_and_no_two_are_alike() {
        let folder = tempfile::tempdir().expect("folder");
        let attempt = Attempt::resume(folder.path());
        attempt.save(folder.path()).expect("writes");
        assert_eq!(Attempt::resume(folder.path()), attempt);
        assert_eq!((attempt.code.len(), attempt.secret.len()), (8, 64));
        assert_ne!(Attempt::new(), attempt);
        assert_eq!(spaced("ABCDEFGH"), "ABCD-EFGH");
        let kept = folder.path().join("pairing.json");
        for changed in [
            "<script>".to_owned(),
            "ABCDEFG".to_owned(),
            "ABCDEFGU".to_owned(),
        ] {
            let other = Attempt {
                code: changed,
                secret: attempt.secret.clone(),
            };
            std::fs::write(&kept, serde_json::to_vec(&other).expect("JSON")).expect("writes");
            let resumed = Attempt::resume(folder.path());
            assert!(resumed != other && resumed.is_whole());
        }
    }
}
