//! The hub on the network: `/v1` for terminals, `/console` for people who run it, `/api/v1` for
//! their programs, everything else for phones.
//!
//! Invariants: every request is bounded in size, in time and in what it may hold of the blocking
//! pool; handlers do no disk work on the async threads; a flood from one network is answered from
//! memory; errors under `/v1` are RFC 9457 problems, elsewhere friendly pages.

mod acme;
mod activity;
mod adding_up;
mod answered;
mod api;
mod app_state;
mod attempts;
mod background;
mod body;
mod calls;
mod calls_of_followers;
mod certificates;
mod change_watcher;
mod connections;
mod console;
mod cookies;
mod count_writer;
mod counts;
mod file_parts;
mod film_places;
mod forgetting;
mod held;
mod judging_alerts;
pub(crate) mod language;
mod limits;
mod listener;
mod metrics;
mod monitoring;
mod multipart;
pub mod phones;
mod places;
pub(crate) mod problem;
mod proxies;
mod publishers;
mod redirect;
mod refusal;
mod rounds;
mod streams;
pub mod terminals;
mod tls;
mod watched;
mod work_queue;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use passerby_protocol::http_call::HttpChapter;
use passerby_protocol::limits::HOLD_MS_MAX;
use passerby_protocol::wire::{HUB_HEADER, HUB_VERSION};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_service::Service as _;

use crate::Hub;
use crate::alerts::service::Service as AlertService;
use crate::followers::service::{MAILS_A_MINUTE, NEWS_A_DAY, Service as FollowerService};
use crate::hooks::Service as HookService;
use crate::public_url::PublicUrl;
use crate::server::answered::Answered;
use crate::server::app_state::{AppState, Shared};
use crate::server::console::asker::Visitor;
use crate::server::metrics::{RequestMetrics, take_route};
use crate::server::proxies::Proxies;
use crate::sources::service::Service;

pub use crate::server::acme::{
    AcmeContact, AcmeDirectory, AcmeDomain, AcmeSettings, AcmeTextError, LETS_ENCRYPT, NAMES_MAX,
};
pub use crate::server::console::rule::Rule;
pub(crate) use crate::server::listener::join_link;
pub use crate::server::listener::{SLOW_QUERY_MS, ServeError, Server, Settings};
pub use crate::server::proxies::{ProxyNameError, TrustedProxy, TrustedProxyError};
pub use crate::server::tls::{TlsError, TlsFiles};

/// Longest time until an answer begins; the answer itself may stream for longer. Longer than
/// anything waits for the database.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The same for an upload, from its first byte on; it comes in pieces that are waited for each.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(1_800);
/// The same for what a phone sends over a slow network.
const PHONE_UPLOAD_TIMEOUT: Duration = Duration::from_secs(180);
/// The same for an answer that may be held back.
const HELD_ANSWER_TIMEOUT: Duration =
    Duration::from_millis(ANSWER_TIMEOUT.as_secs() * 1_000 + HOLD_MS_MAX);

/// For how many days after they were on a screen codes are accepted, unless the operator says
/// otherwise.
pub const CODE_DAYS: i64 = 180;

/// Returns the whole of what a hub answers, without a listener, for a caller that hands it requests
/// in process. The address from which one came belongs into its extensions, as axum's
/// `ConnectInfo<SocketAddr>`; without it the sender is nobody in particular. What [`Server`] bounds
/// (connections, time for headers) is the caller's business then; proxies are not known by name.
pub fn app(hub: Hub, public_url: PublicUrl, trusted_proxies: Vec<TrustedProxy>) -> Router {
    let proxies = Proxies::new(trusted_proxies);
    let sources = Service::new(Vec::new());
    let alerts = AlertService::new(Vec::new(), public_url.absolute("/console/alerts"));
    let limits = (MAILS_A_MINUTE, NEWS_A_DAY);
    let followers = FollowerService::new(Vec::new(), public_url.clone(), limits);
    let hooks = HookService::new(Vec::new());
    let services = (sources, alerts, followers, hooks);
    let app = AppState::new(hub, public_url, CODE_DAYS, proxies, services, &[]);
    router(Arc::new(app), request_metrics())
}

/// Every call as the reference tells it.
pub fn calls() -> [HttpChapter; 5] {
    crate::server::calls::chapters()
}

/// The rule of every page, form and call of people, for tests: its method, its path, and the rule.
pub fn rules() -> Vec<(&'static str, String, Rule)> {
    let console = console::routes::all().into_iter();
    let console = console.map(|(call, rule, _)| (call.method.word(), call.path.to_owned(), rule));
    let programs = api::routes::all().into_iter().map(|route| {
        let path = format!("{}{}", api::base::BASE, route.call.path);
        (route.call.method.word(), path, route.rule)
    });
    console.chain(programs).collect()
}

/// The routes by which requests are counted, each once: those of terminals, of phones, of people
/// and of their programs.
fn patterns() -> Vec<String> {
    let [phones, terminals, publishers, console, programs] = calls();
    let mut patterns: Vec<String> = Vec::new();
    for chapter in [terminals, publishers, phones, console, programs] {
        for call in chapter.calls {
            let pattern = format!("{}{}", chapter.base, call.path);
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
    }
    patterns
}

/// Counts no requests yet.
fn request_metrics() -> Arc<RequestMetrics> {
    Arc::new(RequestMetrics::new(patterns()))
}

/// Adds calls, which are counted by their places among these [`patterns`].
fn with(
    router: Router<Shared>,
    calls: Vec<Answered>,
    base: &str,
    patterns: &[String],
) -> Router<Shared> {
    calls.into_iter().fold(router, |router, (call, handler)| {
        let pattern = format!("{base}{}", call.path);
        let place = patterns.iter().position(|known| *known == pattern);
        let place = place.unwrap_or_default();
        let noting = middleware::map_request(move |request: Request| async move {
            take_route(&request, place);
            request
        });
        router.route(call.path, handler.layer(noting))
    })
}

/// Has a request answered, or refused once that takes too long.
async fn in_time(
    request: Request,
    next: Next,
    time_max: Duration,
    refusal: impl Fn() -> Response,
) -> Response {
    match tokio::time::timeout(time_max, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::warn!("a request was not answered in time");
            refusal()
        }
    }
}

/// The same for a page of the console, whose refusal is in the language of who asks.
async fn console_in_time(visitor: Visitor, request: Request, next: Next) -> Response {
    in_time(request, next, ANSWER_TIMEOUT, || {
        console::too_slow(&visitor)
    })
    .await
}

/// The same for an upload.
async fn console_upload_in_time(visitor: Visitor, request: Request, next: Next) -> Response {
    in_time(request, next, UPLOAD_TIMEOUT, || {
        console::too_slow(&visitor)
    })
    .await
}

fn router(app: Shared, requests: Arc<RequestMetrics>) -> Router {
    let admitted = middleware::from_fn_with_state(
        Arc::clone(&app),
        crate::server::terminals::bearer::admitted,
    );
    let of_terminals = crate::server::calls::of_terminals();
    let of_strangers = crate::server::calls::of_strangers();
    let of_waiting = crate::server::calls::of_waiting_terminals();
    let patterns = patterns();
    let base = crate::server::calls::TERMINALS_BASE;
    let of_publishers = crate::server::calls::of_publishers();
    let admitting = |calls: Vec<Answered>| -> Vec<Answered> {
        let calls = calls.into_iter();
        calls
            .map(|(call, handler)| (call, handler.layer(admitted.clone())))
            .collect()
    };
    let waiting = with(Router::new(), admitting(of_waiting), base, &patterns).layer(
        middleware::from_fn(|request, next| {
            in_time(request, next, HELD_ANSWER_TIMEOUT, || {
                crate::server::problem::too_slow().into_response()
            })
        }),
    );
    let terminals = with(Router::new(), admitting(of_terminals), base, &patterns);
    let terminals = with(terminals, of_strangers, base, &patterns);
    let terminals = with(terminals, of_publishers, base, &patterns)
        .layer(middleware::from_fn(|request, next| {
            in_time(request, next, ANSWER_TIMEOUT, || {
                crate::server::problem::too_slow().into_response()
            })
        }))
        .merge(waiting)
        .fallback(crate::server::problem::no_such_call)
        .method_not_allowed_fallback(crate::server::problem::wrong_method)
        .layer(SetResponseHeaderLayer::overriding(
            HeaderName::from_static(HUB_HEADER),
            HeaderValue::from_static(HUB_VERSION),
        ));
    // How long an answer may be kept is said where it is made, not by a layer: beside pages for
    // nobody to keep there are pictures for a day, manifests to ask for anew and files for ever.
    let scans = Arc::new(crate::server::phones::scan::queue());
    let links = Arc::new(crate::server::phones::share::queue());
    let phones = with(
        Router::new(),
        crate::server::calls::of_phones(),
        "",
        &patterns,
    )
    .fallback(crate::server::phones::note::not_found)
    .method_not_allowed_fallback(crate::server::phones::note::back)
    .layer(Extension(scans))
    .layer(Extension(links))
    .layer(middleware::from_fn(|request, next| {
        in_time(
            request,
            next,
            ANSWER_TIMEOUT,
            crate::server::phones::note::later,
        )
    }));
    let sending = with(
        Router::new(),
        crate::server::calls::of_phones_that_send(),
        "",
        &patterns,
    )
    .layer(middleware::from_fn(|request, next| {
        in_time(
            request,
            next,
            PHONE_UPLOAD_TIMEOUT,
            crate::server::phones::note::later,
        )
    }));
    let phones = phones
        .merge(sending)
        .layer(middleware::from_fn(crate::server::phones::note::speak))
        .layer(middleware::from_fn(
            crate::server::phones::kept_language::keep,
        ))
        .layer(CompressionLayer::new())
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(crate::server::phones::page::CONTENT_SECURITY_POLICY),
        ))
        .layer(SetResponseHeaderLayer::overriding(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ));
    let console = with(Router::new(), console::calls(&app, false), "", &patterns).layer(
        middleware::from_fn_with_state(Arc::clone(&app), console_in_time),
    );
    let uploads = with(Router::new(), console::calls(&app, true), "", &patterns).layer(
        middleware::from_fn_with_state(Arc::clone(&app), console_upload_in_time),
    );
    let console = console.merge(uploads);
    let too_slow = || crate::server::problem::too_slow().into_response();
    let base_of_programs = api::base::BASE;
    let programs = with(
        Router::new(),
        api::calls(&app, false),
        base_of_programs,
        &patterns,
    );
    let programs = programs.layer(middleware::from_fn(move |request, next| {
        in_time(request, next, ANSWER_TIMEOUT, too_slow)
    }));
    let uploads = with(
        Router::new(),
        api::calls(&app, true),
        base_of_programs,
        &patterns,
    );
    let uploads = uploads.layer(middleware::from_fn(move |request, next| {
        in_time(request, next, UPLOAD_TIMEOUT, too_slow)
    }));
    let programs = api::framed(programs.merge(uploads));
    let app = Router::new()
        .nest(base, terminals)
        .nest(api::base::BASE, programs)
        .merge(phones)
        .merge(console::framed(console))
        .layer(SetResponseHeaderLayer::overriding(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .with_state(app);
    // Before the routes are looked at, since a slash behind a link would lead to another one.
    Router::new().fallback(move |mut request: Request| {
        let timed = requests.begin(&mut request);
        crate::server::phones::link_path::tidy(&mut request);
        let answer = app.clone().call(request);
        async move {
            let answer = answer.await;
            if let Ok(answer) = &answer {
                timed.answered(answer.status());
            }
            answer
        }
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;

    use super::*;

    #[tokio::test]
    async fn who_would_wait_for_too_long_is_asked_to_come_back() {
        let never = get(async || std::future::pending::<Response>().await);
        let refusals: [fn() -> Response; 2] = [crate::server::phones::note::later, || {
            crate::server::problem::too_slow().into_response()
        }];
        for refusal in refusals {
            let app = Router::new().route("/", never.clone());
            let mut app = app.layer(middleware::from_fn(move |request, next| {
                in_time(request, next, Duration::from_millis(10), refusal)
            }));
            let answer = app.call(Request::new(Body::empty())).await.unwrap();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
        }
    }
}
