//! The same as the console for programs: JSON under `/api/v1`, by tokens of people.
//!
//! How to add a call: a function in `calls/`, a line in [`routes`] with its rule, what it takes and
//! what it answers, and the form of a new answer in one of `forms_of_*.rs`. The description that is
//! served at `/api/v1/openapi.json`, the reference and the test of rights are made of that line.
//!
//! Invariants: who asks shows a token, no cookie, so no page of another site can ask in their name;
//! errors are problem details (RFC 9457); lists come in pages of at most [`base::PAGE_MAX`]; a
//! change with an `Idempotency-Key` is made once, and asked for again gets the same answer for a
//! day.

pub(super) mod base;
mod calls;
mod forms_of_alerts;
mod forms_of_campaigns;
mod forms_of_drafts;
mod forms_of_people;
mod forms_of_reports;
mod forms_of_screens;
mod forms_of_sources;
mod forms_of_times;
mod gate;
mod openapi;
mod route;
pub(super) mod routes;
mod routes_of_alerts;
mod routes_of_drafts;
mod routes_of_quotas;
mod routes_of_slots;
mod routes_of_sources;
mod routes_of_times;
mod schema;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::routing::MethodRouter;
use passerby_protocol::http_call::HttpCall;
use tower_http::compression::CompressionLayer;

use crate::server::Shared;
use crate::server::console::rule::Rule;

/// The calls with what stands before each of them: those that take uploads, which may take long,
/// or all others.
pub(super) fn calls(app: &Shared, uploads: bool) -> Vec<(HttpCall, MethodRouter<Shared>)> {
    let routes = routes::all().into_iter();
    routes
        .filter(|route| matches!(route.rule, Rule::MayUpload(_)) == uploads)
        .map(|route| {
            let (app, rule, is_secret) = (Shared::clone(app), route.rule, route.answers_secret);
            let gate = middleware::from_fn(move |request: Request, next: Next| {
                gate::admit(Shared::clone(&app), rule, is_secret, request, next)
            });
            (route.call, route.handler.layer(gate))
        })
        .collect()
}

/// What the whole of it has in common.
pub(super) fn framed(router: Router<Shared>) -> Router<Shared> {
    router
        .fallback(crate::server::problem::no_such_call)
        .method_not_allowed_fallback(crate::server::problem::wrong_method)
        .layer(CompressionLayer::new())
}
