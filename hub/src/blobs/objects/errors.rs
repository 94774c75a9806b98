//! What a store did, in words for whoever runs the hub.

use object_store::Error;
use passerby_protocol::Digest;
use passerby_protocol::foreign;

use crate::blobs::error::BlobError;
use crate::blobs::objects::fault::{Fault, deepest};

/// Most letters of what a connection says.
const SAID_CHARS_MAX: usize = 200;
/// What stores say that have no room.
const FULL_CODES: [&str; 5] = [
    "QuotaExceeded",
    "StorageFull",
    "XMinioStorageFull",
    "XMinioAdminBucketQuotaExceeded",
    "InsufficientStorage",
];

/// What a store is called.
#[derive(Debug, Clone)]
pub(super) struct StoreName {
    /// Its address, and where it is.
    pub(super) place: String,
    pub(super) bucket: String,
    /// Whether we have a key of our own, and not that of a role.
    pub(super) has_key: bool,
}

impl StoreName {
    /// Says what went wrong about a creative.
    pub(super) fn failed_for(&self, digest: Digest, error: &Error) -> BlobError {
        let place = self.place.clone();
        match (Fault::of(error), error) {
            (None, Error::NotFound { .. }) => BlobError::Missing { digest, place },
            // It has fewer bytes than are asked for.
            (Some(Fault::Answer { status: 416, .. }), _) => BlobError::Damaged {
                digest,
                place,
                said: "it is shorter than it was".to_owned(),
            },
            _ => self.failed(error),
        }
    }

    /// Says what went wrong.
    pub(super) fn failed(&self, error: &Error) -> BlobError {
        let place = self.place.clone();
        let Some(fault) = Fault::of(error) else {
            return self.odd(&deepest(error));
        };
        match fault {
            Fault::Slow => BlobError::Slow { place },
            Fault::Unreachable(said) => BlobError::Away {
                place,
                said: foreign::one_line(said, SAID_CHARS_MAX),
            },
            Fault::TooLong => self.odd(&fault.to_string()),
            Fault::Answer { status, code } => {
                let said = fault.to_string();
                match *status {
                    507 => BlobError::Full { place, said },
                    _ if FULL_CODES.contains(&code.as_str()) => BlobError::Full { place, said },
                    401 | 403 => BlobError::Refused {
                        place,
                        said,
                        advice: self.advice(code),
                    },
                    404 => BlobError::NoBucket {
                        bucket: self.bucket.clone(),
                        place,
                    },
                    301 | 307 | 400 if is_of_region(*status, code) => BlobError::Refused {
                        place,
                        said,
                        advice: "set AWS_REGION to the region of the bucket",
                    },
                    _ => BlobError::Failed { place, said },
                }
            }
        }
    }

    /// Nothing came for too long.
    pub(super) fn slow(&self) -> BlobError {
        BlobError::Slow {
            place: self.place.clone(),
        }
    }

    /// It answers something else than S3.
    pub(super) fn odd(&self, said: &str) -> BlobError {
        BlobError::Failed {
            place: self.place.clone(),
            said: foreign::one_line(said, SAID_CHARS_MAX),
        }
    }

    fn advice(&self, code: &str) -> &'static str {
        match code {
            "RequestTimeTooSkewed" => "set the clock of this machine",
            _ if self.has_key => {
                "look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and at what that key may do"
            }
            _ => {
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or look at what this machine's role may do"
            }
        }
    }
}

fn is_of_region(status: u16, code: &str) -> bool {
    matches!(status, 301 | 307) || code == "AuthorizationHeaderMalformed"
}

#[cfg(test)]
mod tests {
    use object_store::client::{HttpError, HttpErrorKind};

    use super::*;

    fn said(status: u16, code: &str) -> String {
        let name = StoreName {
            place: "s3://screens".into(),
            bucket: "screens".into(),
            has_key: true,
        };
        let fault = Fault::Answer {
            status,
            code: code.into(),
        };
        let source = HttpError::new(HttpErrorKind::Unknown, fault);
        name.failed(&Error::Generic {
            store: "S3",
            source: Box::new(source),
        })
        .to_string()
    }

    #[test]
    fn whoever_runs_the_hub_is_told_what_to_do() {
        for (status, code, word) in [
            (507, "", "make room"),
            (400, "QuotaExceeded", "make room"),
            (403, "AccessDenied", "what that key may do"),
            (403, "RequestTimeTooSkewed", "clock"),
            (404, "NoSuchBucket", "there is no bucket screens"),
            (301, "PermanentRedirect", "AWS_REGION"),
            (400, "AuthorizationHeaderMalformed", "AWS_REGION"),
            (503, "SlowDown", "SlowDown, HTTP 503; try again"),
            (500, "", "fails: HTTP 500"),
        ] {
            let said = said(status, code);
            assert!(said.contains(word), "{said}");
        }
    }
}
