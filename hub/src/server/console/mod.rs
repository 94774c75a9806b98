//! The console: pages for people who signed in, under `/console`.
//!
//! ```text
//! request ─▶ gate (rule, session, form) ─▶ pages/… ─▶ store (as an Actor) ─▶ page, or a redirect
//! ```
//!
//! How to add to it:
//!
//! * **A page or a form** is a function in `pages/` and a line in [`routes`] or the file of its
//!   subject beside it, with its
//!   [`rule::Rule`]. It takes `Asker` (who asks), `Fields` (what was typed) and gives a page by
//!   `layout::page`, or leads on by `asker.visitor.to`. A form is made by `layout::form`, which
//!   gives it its CSRF word. The test of every route for every role in
//!   `hub/tests/hub/console/rights.rs` takes the line up by itself, and asks for what the new rule
//!   admits.
//! * **A text** stands in both languages where it is used: `asker.say(["屏幕", "Screens"])`. What is
//!   kept as one word (a role, a state, a verb) has its texts in `words.rs`.
//! * **Something that is written down** is a method of the store that takes an `Actor` and calls
//!   `audit::note` in its transaction; see `hub/src/store/audit.rs`.
//! * **The same for programs** is a line in `hub/src/server/api/routes.rs`, which calls the same
//!   method.
//!
//! Invariants: no page runs a script or loads anything of another host; each works without script,
//! on a phone, in both languages, dark and light; what a person or a publisher wrote is escaped;
//! after a form that changed something comes a redirect, so that nothing is sent twice.

pub(crate) mod asker;
pub(crate) mod audit_words;
mod chain_plot;
mod devices;
mod fault_words;
mod field_words;
pub(crate) mod fields;
mod gate;
mod layout;
pub(crate) mod pages;
pub(crate) mod paging;
mod plot;
pub(super) mod previews;
mod refusals;
mod route;
pub(super) mod routes;
mod routes_of_alerts;
mod routes_of_conversions;
mod routes_of_drafts;
mod routes_of_followers;
mod routes_of_hooks;
mod routes_of_slots;
mod routes_of_sources;
mod routes_of_voices;
pub(super) mod rule;
mod rule_words;
mod times_plot;
mod upload;
pub(super) mod voice_changes;
mod words;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;
use passerby_protocol::http_call::HttpCall;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::server::Shared;
use crate::server::console::asker::Visitor;

/// The calls of the console with what stands before each of them: those that take uploads, which
/// may take long, or all others.
pub(super) fn calls(app: &Shared, uploads: bool) -> Vec<(HttpCall, MethodRouter<Shared>)> {
    let routes = routes::all().into_iter();
    routes
        .filter(|(_, rule, _)| matches!(rule, rule::Rule::MayUpload(_)) == uploads)
        .map(|(call, rule, handler)| {
            let app = Shared::clone(app);
            let gate = middleware::from_fn(move |request: Request, next: Next| {
                gate::admit(Shared::clone(&app), rule, request, next)
            });
            (call, handler.layer(gate))
        })
        .collect()
}

/// What the whole of it has in common.
pub(super) fn framed(router: Router<Shared>) -> Router<Shared> {
    router
        .layer(CompressionLayer::new())
        .layer(SetResponseHeaderLayer::overriding(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(layout::CONTENT_SECURITY_POLICY),
        ))
        // Browsers say where a form comes from only to whoever may know it.
        .layer(SetResponseHeaderLayer::overriding(
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        ))
        .layer(SetResponseHeaderLayer::overriding(
            header::X_FRAME_OPTIONS,
            HeaderValue::from_static("DENY"),
        ))
}

/// The answer to a browser of which the hub took too long.
pub(super) fn too_slow(visitor: &Visitor) -> Response {
    refusals::later(visitor)
}
