//! Requests by route and by what became of them, and how long each answer took to begin.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use axum::extract::Request;
use axum::http::StatusCode;

use crate::system::histogram::{Histogram, HistogramCounts};

/// What becomes of a request: the class of its status, or nobody was there for an answer.
pub(in crate::server) const STATUSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];
/// Bounds of the times until an answer begins, in microseconds.
const TIMES_US: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000, 30_000_000,
];

/// The requests that there were.
#[derive(Debug)]
pub(in crate::server) struct RequestMetrics {
    /// By route; the last is what has none.
    routes: Vec<RouteMetrics>,
}

#[derive(Debug)]
struct RouteMetrics {
    pattern: String,
    answers: [AtomicU64; STATUSES.len()],
    times_us: Histogram<{ TIMES_US.len() }>,
}

/// Which route a request took, once that is known; among the request's extensions.
#[derive(Debug, Clone)]
struct TakenRoute(Arc<AtomicUsize>);

/// A request that is being answered. It is counted when this is dropped.
pub(in crate::server) struct TimedRequest {
    metrics: Arc<RequestMetrics>,
    route: TakenRoute,
    begun: Instant,
    status: Option<StatusCode>,
}

impl RequestMetrics {
    /// Counts by these routes, in this order.
    pub(in crate::server) fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        let patterns = patterns.into_iter().chain(["none".to_owned()]);
        Self {
            routes: patterns
                .map(|pattern| RouteMetrics {
                    pattern,
                    answers: Default::default(),
                    times_us: Histogram::new(TIMES_US),
                })
                .collect(),
        }
    }

    /// Begins with a request, of which no route is known yet.
    pub(in crate::server) fn begin(self: &Arc<Self>, request: &mut Request) -> TimedRequest {
        let route = TakenRoute(Arc::new(AtomicUsize::new(usize::MAX)));
        request.extensions_mut().insert(route.clone());
        TimedRequest {
            metrics: Arc::clone(self),
            route,
            begun: Instant::now(),
            status: None,
        }
    }

    /// Each route: its pattern, how many answers of each of [`STATUSES`] there were, and how long
    /// they took to begin, in microseconds.
    pub(in crate::server) fn counts(
        &self,
    ) -> impl Iterator<Item = (&str, [u64; STATUSES.len()], HistogramCounts)> {
        self.routes.iter().map(|route| {
            let answers = route.answers.each_ref();
            let answers = answers.map(|count| count.load(Ordering::Relaxed));
            (route.pattern.as_str(), answers, route.times_us.counts())
        })
    }
}

/// Notes which route a request takes, by its place in the list of patterns.
pub(in crate::server) fn take_route(request: &Request, place: usize) {
    if let Some(TakenRoute(route)) = request.extensions().get() {
        route.store(place, Ordering::Relaxed);
    }
}

impl TimedRequest {
    /// The answer begins.
    pub(in crate::server) fn answered(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for TimedRequest {
    fn drop(&mut self) {
        let place = self.route.0.load(Ordering::Relaxed);
        let routes = &self.metrics.routes;
        let Some(route) = routes.get(place).or_else(|| routes.last()) else {
            return;
        };
        let none = STATUSES.len() - 1;
        let class = self.status.map(|status| usize::from(status.as_u16() / 100));
        let class = class.and_then(|class| class.checked_sub(1));
        let count = &route.answers[class.unwrap_or(none).min(none)];
        count.fetch_add(1, Ordering::Relaxed);
        let took = self.begun.elapsed().as_micros();
        route.times_us.add(u64::try_from(took).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn what_has_no_route_is_counted_as_one_however_many_there_are() {
        let metrics = Arc::new(RequestMetrics::new(["/a".to_owned(), "/b".to_owned()]));
        for number in 0..1_000_u16 {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = format!("/{number}").parse().unwrap();
            let timed = metrics.begin(&mut request);
            timed.answered(StatusCode::NOT_FOUND);
        }
        let mut request = Request::new(Body::empty());
        let timed = metrics.begin(&mut request);
        take_route(&request, 1);
        drop(timed);
        let counts: Vec<_> = metrics
            .counts()
            .map(|(pattern, answers, times)| (pattern.to_owned(), answers, times.count))
            .collect();
        assert_eq!(
            counts,
            [
                ("/a".to_owned(), [0; 6], 0),
                ("/b".to_owned(), [0, 0, 0, 0, 0, 1], 1),
                ("none".to_owned(), [0, 0, 0, 1_000, 0, 0], 1_000),
            ]
        );
    }
}
