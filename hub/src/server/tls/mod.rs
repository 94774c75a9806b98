//! TLS: the certificate, how it is renewed while the hub serves, and the connections that use it.
//!
//! Invariants: a key never answers for a certificate that it does not belong to; what was read last
//! and was good stays in use until something good follows; no connection ends because of that.

mod acceptor;
mod certificate;
mod renewal;
mod stream;

pub(in crate::server) use crate::server::tls::acceptor::Acceptor;
pub(in crate::server) use crate::server::tls::certificate::{Certificate, day, roots};
pub use crate::server::tls::certificate::{TlsError, TlsFiles};
pub(in crate::server) use crate::server::tls::renewal::{Renewal, keep};
pub(in crate::server) use crate::server::tls::stream::HubStream;
