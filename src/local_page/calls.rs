//! Ties the calls of the local page to who answers them.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use passerby_protocol::http_call::{HttpCall, HttpMethod};

/// A call with who answers it.
pub(crate) type Answered<S> = (HttpCall, MethodRouter<S>);

/// Ties a call to its handler, by its own method.
pub(crate) fn answered<H, T, S>(call: HttpCall, handler: H) -> Answered<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    let method = match call.method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
    };
    (call, on(method, handler))
}

/// A router that answers these calls and no others.
pub(crate) fn router<S>(calls: Vec<Answered<S>>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    calls
        .into_iter()
        .fold(Router::new(), |router, (call, handler)| {
            router.route(call.path, handler)
        })
}
