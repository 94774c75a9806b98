//! Why there is no new certificate, in the CA's own words, and what to do about it.
//!
//! Invariant: what comes from a CA is one line of at most [`WORDS_CHARS_MAX`] characters that can
//! all be seen.

use instant_acme::{Error, Problem};
use passerby_protocol::foreign;

use crate::server::acme::calls::CallError;
use crate::server::acme::schedule::FailureKind;
use crate::store::StoreError;

/// Most characters of what a CA says.
const WORDS_CHARS_MAX: usize = 500;
/// What all types of a CA's problems begin with (RFC 8555, 6.7).
const TYPES: &str = "urn:ietf:params:acme:error:";

const REACH: &str = "the CA has to reach every name of --acme-domain on port 80 from outside: point its A and AAAA records to this hub, let port 80 through, and lead it to --redirect-listen";
const WAIT: &str = "nothing is to be done but to wait";
const CONNECTION: &str = "look at this machine's way to the internet, and at --acme-directory; a CA of your own needs --acme-root";
const OTHER_CA: &str =
    "name another CA with --acme-directory, or bring a certificate with --tls-cert";

/// Says why there is no new certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The CA said no, in words of its own.
    #[error("the CA refuses: {words}; {}", cure_of(kind))]
    Refused {
        /// Without what they all begin with.
        kind: String,
        words: String,
    },
    /// The CA was not reached.
    #[error("the CA cannot be reached: {0}; {CONNECTION}")]
    Away(String),
    /// It was reached and does not work.
    #[error("the CA has a fault of its own: {0}; {WAIT}")]
    Fault(String),
    /// What it sent is not ACME, or not what it should be.
    #[error("what the CA sent cannot be used: {0}; {OTHER_CA}, if that stays so")]
    Unusable(String),
    /// It would take no proof over HTTP.
    #[error("the CA takes no proof over HTTP (http-01) for {0}; {OTHER_CA}")]
    NoHttpProof(String),
    /// All of it took too long.
    #[error("the CA was not done in time; {WAIT}")]
    TooSlow,
    /// The database failed.
    #[error("the database fails: {0}")]
    Store(#[from] StoreError),
}

fn words_of(words: &str) -> String {
    let words = foreign::one_line(words, WORDS_CHARS_MAX);
    // What follows is a sentence of ours.
    words.trim_end_matches(['.', ';', ' ']).to_owned()
}

/// What to do about a problem of this type.
fn cure_of(kind: &str) -> &'static str {
    match kind {
        "unauthorized" | "incorrectResponse" | "connection" | "dns" | "tls" => REACH,
        "caa" => {
            "allow this CA in the CAA record of the name, or name another with --acme-directory"
        }
        "rateLimited" => WAIT,
        "rejectedIdentifier" | "unsupportedIdentifier" => {
            "name with --acme-domain what the CA gives certificates for"
        }
        "invalidContact" | "unsupportedContact" => "name another address with --acme-contact",
        "userActionRequired" => {
            "the CA wants its new terms to be agreed to by a person; see its page"
        }
        _ => OTHER_CA,
    }
}

impl Failure {
    pub(super) fn of_problem(problem: &Problem) -> Self {
        let kind = problem.r#type.as_deref().unwrap_or_default();
        let kind = foreign::one_line(kind.strip_prefix(TYPES).unwrap_or(kind), 64);
        let mut words = problem.detail.clone().unwrap_or_default();
        for part in problem.subproblems.iter().take(8) {
            words.push_str("; ");
            words.push_str(&part.to_string());
        }
        if words.is_empty() {
            words = "no reason".to_owned();
        }
        let words = words_of(&words);
        match kind.as_str() {
            "serverInternal" => Self::Fault(words),
            _ => Self::Refused {
                words: format!("{words} ({kind})"),
                kind,
            },
        }
    }

    /// The CA sent something that cannot be used.
    pub(super) fn unusable(words: &str) -> Self {
        Self::Unusable(words_of(words))
    }

    pub(super) fn kind(&self) -> FailureKind {
        match self {
            Self::Away(_) | Self::Fault(_) | Self::Store(_) => FailureKind::Away,
            _ => FailureKind::Refused,
        }
    }

    /// Tells whether the CA knows nothing of the account.
    pub(super) fn is_account_unknown(&self) -> bool {
        matches!(self, Self::Refused { kind, .. } if kind == "accountDoesNotExist")
    }

    /// Tells whether the same would be answered otherwise at once: nonces of requests are refused
    /// when a CA has forgotten them.
    pub(super) fn is_momentary(&self) -> bool {
        matches!(self, Self::Refused { kind, .. } if kind == "badNonce")
    }

    /// Tells whether nothing will come of an order that ended so.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Refused { .. } => !self.is_momentary(),
            Self::Unusable(_) | Self::NoHttpProof(_) => true,
            Self::Away(_) | Self::Fault(_) | Self::TooSlow | Self::Store(_) => false,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(problem) => Self::of_problem(&problem),
            Error::Timeout(_) => Self::TooSlow,
            Error::Other(other) => match other.downcast_ref::<CallError>() {
                Some(CallError::Away(reason)) => Self::Away(words_of(reason)),
                Some(fault @ CallError::Status(_)) => Self::Fault(fault.to_string()),
                Some(odd) => Self::unusable(&odd.to_string()),
                None => Self::unusable(&other.to_string()),
            },
            other => Self::unusable(&other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(json: &str) -> Failure {
        Failure::of_problem(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn the_words_of_a_ca_are_told_with_what_to_do_and_nothing_of_them_reaches_the_window() {
        let said = failure(
            r#"{"type": "urn:ietf:params:acme:error:dns", "detail": "no A record for\n hub.example\u001b[2J\u202e."}"#,
        );
        let said = said.to_string();
        assert!(
            said.starts_with("the CA refuses: no A record for hub.example"),
            "{said}"
        );
        assert!(said.contains("(dns); the CA has to reach"), "{said}");
        assert!(!foreign::has_hidden(&said), "{said}");
        let long = format!(r#"{{"type": "x", "detail": "{}"}}"#, "lies ".repeat(10_000));
        assert!(failure(&long).to_string().len() < 1_000);
        let several = r#"{"type": "urn:ietf:params:acme:error:malformed", "subproblems": [
            {"type": "urn:ietf:params:acme:error:caa", "detail": "not us",
             "identifier": {"type": "dns", "value": "a.example"}}]}"#;
        let several = failure(several).to_string();
        assert!(several.contains("for \"a.example\": not us"), "{several}");
        assert!(failure("{}").to_string().contains("no reason"));
    }

    #[test]
    fn a_ca_that_has_a_fault_is_asked_again_sooner_than_one_that_refuses() {
        let kind = |name: &str| {
            let json = format!(r#"{{"type": "urn:ietf:params:acme:error:{name}", "detail": "x"}}"#);
            failure(&json).kind()
        };
        assert_eq!(kind("serverInternal"), FailureKind::Away);
        assert_eq!(kind("rateLimited"), FailureKind::Refused);
        assert_eq!(kind("unauthorized"), FailureKind::Refused);
        assert_eq!(Failure::TooSlow.kind(), FailureKind::Refused);
        let away = CallError::Away("refused".to_owned());
        let away = Failure::from(Error::Other(Box::new(away)));
        assert_eq!(away.kind(), FailureKind::Away);
    }
}
