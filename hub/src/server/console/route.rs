//! One page or form, as the tables of them have it.

use axum::handler::Handler;
use axum::routing::MethodRouter;
use passerby_protocol::http_call::HttpCall;

use crate::server::Shared;
use crate::server::console::rule::Rule;

/// A call, who may make it, and who answers it.
pub(crate) type Route = (HttpCall, Rule, MethodRouter<Shared>);

/// What a page answers,
pub(super) const PAGE: &[u16] = &[200];
/// one of something that may not be there,
pub(super) const ONE: &[u16] = &[200, 404];
/// and a form about such a thing.
pub(super) const FORM: &[u16] = &[303, 404, 422];

/// A page.
pub(super) fn get<H, T>(
    path: &'static str,
    rule: Rule,
    statuses: &'static [u16],
    does: &'static str,
    handler: H,
) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    (
        HttpCall::get(path, statuses, does),
        rule,
        axum::routing::get(handler),
    )
}

/// A form.
pub(super) fn post<H, T>(
    path: &'static str,
    rule: Rule,
    statuses: &'static [u16],
    does: &'static str,
    handler: H,
) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    (
        HttpCall::post(path, statuses, does),
        rule,
        axum::routing::post(handler),
    )
}
