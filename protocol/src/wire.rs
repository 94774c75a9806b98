//! The bodies of the hub protocol, version 1. JSON throughout; errors are RFC 9457 problem details.
//!
//! Invariant: what a later version adds may be absent, and what it does not know is passed over, so
//! that versions understand each other; keys and bearers are in no debug output.

use serde::{Deserialize, Serialize};

use crate::proof_of_play::Vouched;
use crate::screen_traits::ScreenTraits;
use crate::{Epoch, PlayNumber, ScreenNumber};

/// The media type of errors.
pub const PROBLEM_TYPE: &str = "application/problem+json";
/// The header of every answer under `/v1`: what refuses or redirects a terminal without it is not a
/// hub, but a proxy or a captive portal on the way to one. Its value is the version of the
/// protocol.
pub const HUB_HEADER: &str = "passerby-hub";
/// The value of [`HUB_HEADER`].
pub const HUB_VERSION: &str = "1";

/// `POST /v1/enroll`. Exactly one of `code` and `token` is set.
///
/// The terminal makes `secret` once an attempt and repeats it when it asks again: whoever holds it,
/// and nobody else, collects the credentials, and a lost answer can be asked for again until the
/// attempt expires.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnrollRequest {
    /// Pairing: the short code that the screen shows; 8 characters of Crockford base32.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Zero touch: a token that `passerby-hub screen add` or `screen renew` printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// 64 hexadecimal digits.
    pub secret: String,
    /// The screen's name in kiosk.toml, as a suggestion to the operator.
    #[serde(default)]
    pub name: String,
}

/// The answer to [`EnrollRequest`]: 202 while waiting, 200 once enrolled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum EnrollReply {
    /// No operator has claimed the code yet.
    Waiting {
        /// Ask again after this many milliseconds.
        retry_ms: u64,
        /// The page on which an operator claims the code.
        claim_url: String,
    },
    /// The screen is enrolled.
    Enrolled(Credentials),
}

/// What a terminal keeps about its hub, in a file that only it can read.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// The screen's number.
    pub screen: ScreenNumber,
    /// Key for tokens, 64 hexadecimal digits.
    pub token_key: String,
    /// Its generation.
    pub generation: u8,
    /// Sent as `Authorization: Bearer …`.
    pub bearer: String,
    /// Ed25519 key that signs manifests, 64 hexadecimal digits.
    pub manifest_key: String,
    /// Its generation; older hubs do not say it.
    #[serde(default)]
    pub manifest_key_generation: u32,
    /// What codes start with, for example `HTTPS://HUB.EXAMPLE`.
    pub scan_base: String,
    /// One more than the highest play number that the hub has seen from this screen.
    pub play_floor: PlayNumber,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("screen", &self.screen)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// The answer to a batch of plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaysReply {
    /// The ledger that was sent.
    pub epoch: Epoch,
    /// All plays up to this seq are on the hub's disk; the terminal may forget them.
    pub acked_through: u64,
    /// Rows that were refused for good; they count as acked.
    pub rejected: Vec<Rejected>,
    /// Unix time of the hub in milliseconds.
    pub server_time_ms: i64,
    /// When a terminal that has nothing more to send now should send again. One that has more goes
    /// on at once.
    pub next_after_ms: u64,
    /// Above all play numbers that the hub has of this screen; older hubs do not say it. A terminal
    /// whose ledger knows less, since its memory card was replaced or put back to an image, goes on
    /// there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play_floor: Option<PlayNumber>,
}

/// A row that the hub refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its seq.
    pub seq: u64,
    /// Why, as one word.
    pub code: String,
}

/// `POST /v1/terminals/{n}/heartbeat`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Version of the program.
    pub software: String,
    /// Version of the manifest that airs; 0 for none.
    pub manifest_version: u64,
    /// Whether the terminal trusts its clock.
    pub clock_trusted: bool,
    /// Plays that wait to be sent.
    pub plays_waiting: u64,
    /// Pixels, width and height; 0 while there is no picture yet.
    pub screen_px: [u32; 2],
    /// Free bytes where the ledger lies.
    pub disk_free_bytes: u64,
    /// The generation of the key with which the next code is minted; older terminals do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_generation: Option<u8>,
    /// The generation of the newest manifest key that the terminal knows; older terminals do not
    /// say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_key_generation: Option<u32>,
    /// The key with which the terminal signs what it has played; older terminals have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Vouched>,
    /// What the screen is, by which a hub tells what can never air there; older terminals do not
    /// say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traits: Option<ScreenTraits>,
    /// Whether the terminal sends small pictures of what is on its screen; older terminals send
    /// none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sends_frames: bool,
}

/// The answer to a heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatReply {
    /// Unix time of the hub in milliseconds.
    pub server_time_ms: i64,
    /// The manifest that the hub has for this screen.
    pub manifest_version: u64,
    /// The generation of the key with which the screen should mint; older hubs do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_generation: Option<u8>,
}

/// The answer to `POST /v1/terminals/{n}/key`: the key with which the screen should mint. Asking
/// again changes nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReply {
    /// Its generation.
    pub generation: u8,
    /// 64 hexadecimal digits.
    pub token_key: String,
}

impl std::fmt::Debug for KeyReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyReply")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// An error as RFC 9457 has it, with the extensions that sync needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemDetails {
    /// HTTP status.
    pub status: u16,
    /// What is wrong, for people.
    pub title: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// With 409: the seq that the hub wants next for that epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_seq: Option<u64>,
    /// With 409: from this row on the hub has other rows of the same ledger than were sent, since
    /// its file was put back to an older state. The rows belong into a new ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_at: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_and_hubs_that_do_not_know_of_generations_are_understood() {
        let heartbeat = r#"{"software":"0.1.0","manifest_version":3,"clock_trusted":true,"plays_waiting":0,"screen_px":[1,1],"disk_free_bytes":9}"#;
        let heartbeat: Heartbeat = serde_json::from_str(heartbeat).expect("of an old terminal");
        assert_eq!(heartbeat.key_generation, None);
        assert_eq!(heartbeat.device, None);
        let text = serde_json::to_string(&heartbeat).expect("serialises");
        assert!(!text.contains("key_generation"), "{text}");
        let reply = r#"{"server_time_ms":1,"manifest_version":3}"#;
        let reply: HeartbeatReply = serde_json::from_str(reply).expect("of an old hub");
        assert_eq!(reply.key_generation, None);
    }

    #[test]
    fn a_key_is_not_printed() {
        let reply = KeyReply {
            generation: 9,
            token_key: "5ec3e7".to_owned(),
        };
        assert_eq!(format!("{reply:?}"), "KeyReply { generation: 9, .. }");
    }
}
