//! A call that the hub answers, with who answers it.

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use passerby_protocol::http_call::{HttpCall, HttpMethod};

use crate::server::Shared;

/// A call with who answers it.
pub(super) type Answered = (HttpCall, MethodRouter<Shared>);

/// Ties a call to its handler, by its own method.
pub(super) fn answered<H, T>(call: HttpCall, handler: H) -> Answered
where
    H: Handler<T, Shared>,
    T: 'static,
{
    let method = match call.method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
    };
    (call, on(method, handler))
}
