//! Whose answer it is that came: the hub's, or that of something on the way to it.
//!
//! Invariants:
//! - A refusal counts as the hub's only with the hub's header, as problem+json (RFC 9457) whose
//!   status is the answer's own. Everything else is a captive portal, a proxy or a load balancer,
//!   and says nothing about this screen.
//! - Nothing of a foreign answer is shown or logged but its status, its type and a short, printable
//!   piece of where it leads.

use jiff::fmt::rfc2822;
use passerby_protocol::bounded;
use passerby_protocol::foreign::one_line;
use passerby_protocol::limits::ANSWER_TEXT_BYTES_MAX;
use passerby_protocol::wire::{HUB_HEADER, PROBLEM_TYPE, ProblemDetails};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use crate::hub_link::hub_error::HubError;
use crate::hub_link::send_state::Answer;

/// Longest piece of foreign text in a sentence for the operator, in characters.
const WORDS_CHARS_MAX: usize = 120;

/// Tells what an answer with an error status means. `body` is none when it could not be read.
pub(super) fn refusal(
    url: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: Option<&[u8]>,
) -> HubError {
    let retry_after_ms = retry_after_ms(headers);
    let problem =
        body.and_then(|body| bounded::json::<ProblemDetails>(body, ANSWER_TEXT_BYTES_MAX).ok());
    if let Some(problem) = problem
        && headers.contains_key(HUB_HEADER)
        && text(headers, &CONTENT_TYPE).is_some_and(|kind| is_type(kind, PROBLEM_TYPE))
        && problem.status == status.as_u16()
    {
        if let Some(from_seq) = problem.forked_at.filter(|_| status == StatusCode::CONFLICT) {
            return HubError::Forked { from_seq };
        }
        return HubError::Status {
            status: problem.status,
            title: printable(&problem.title),
            retry_after_ms,
            expected_seq: problem.expected_seq,
        };
    }
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return HubError::Away {
            url: url.to_owned(),
            status: status.as_u16(),
            retry_after_ms,
        };
    }
    HubError::NotAHub {
        url: url.to_owned(),
        reason: foreign(status, headers),
        status: Some(status.as_u16()),
    }
}

/// Says what a foreign answer looks like.
pub(super) fn foreign(status: StatusCode, headers: &HeaderMap) -> String {
    if let Some(location) = text(headers, &LOCATION).filter(|_| status.is_redirection()) {
        return format!("it sends on to {}", printable(location));
    }
    if let Some(packing) = text(headers, &CONTENT_ENCODING) {
        return format!("it packs its answers ({})", printable(packing));
    }
    match text(headers, &CONTENT_TYPE) {
        Some(kind) if is_type(kind, "text/html") => format!("{status} and a web page"),
        Some(kind) => format!("{status} and {}", printable(kind)),
        None => status.to_string(),
    }
}

/// Tells what an error means for the sending of plays.
pub(super) fn of_plays(error: &HubError) -> Answer {
    match error {
        HubError::Status {
            status: 409,
            expected_seq: Some(expected_seq),
            ..
        } => Answer::Gap {
            expected_seq: *expected_seq,
        },
        HubError::Forked { from_seq } => Answer::Forked {
            from_seq: *from_seq,
        },
        HubError::Status { status: 413, .. } => Answer::TooLarge,
        HubError::NotAHub {
            status: Some(413), ..
        } => Answer::TooLargeOnTheWay,
        HubError::Status {
            status: 400 | 422, ..
        } => Answer::Refused,
        HubError::Status {
            status: 401 | 403, ..
        } => Answer::Unauthorised,
        HubError::Status { status: 410, .. } => Answer::Decommissioned,
        HubError::TimedOut { .. } => Answer::TimedOut,
        HubError::Status { retry_after_ms, .. } | HubError::Away { retry_after_ms, .. } => {
            Answer::Unavailable {
                retry_after_ms: *retry_after_ms,
            }
        }
        _ => Answer::Unavailable {
            retry_after_ms: None,
        },
    }
}

/// Reads `Retry-After` in both its forms (RFC 9110, 10.2.3). A date is taken against the answer's
/// own `Date`, so that the terminal's clock does not matter.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let value = text(headers, &RETRY_AFTER)?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000));
    }
    let parser = rfc2822::DateTimeParser::new();
    let until = parser.parse_timestamp(value).ok()?;
    let sent = parser.parse_timestamp(text(headers, &DATE)?.trim()).ok()?;
    Some(u64::try_from(until.as_millisecond().saturating_sub(sent.as_millisecond())).unwrap_or(0))
}

/// Tells whether an answer is a web page that no hub sent.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    !headers.contains_key(HUB_HEADER)
        && text(headers, &CONTENT_TYPE).is_some_and(|kind| is_type(kind, "text/html"))
}

/// Tells whether an answer is packed, which nobody asked for.
pub(super) fn is_packed(response: &Response) -> bool {
    response.headers().contains_key(CONTENT_ENCODING)
}

fn text<'h>(headers: &'h HeaderMap, name: &reqwest::header::HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn is_type(value: &str, wanted: &str) -> bool {
    value
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
}

/// Makes foreign text fit for a log and a page.
pub(super) fn printable(text: &str) -> String {
    let mut line = one_line(text, WORDS_CHARS_MAX);
    if text.chars().nth(WORDS_CHARS_MAX).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    const PROBLEM: &str = r#"{"status":403,"title":"this bearer is another screen's"}"#;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|&(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn meaning(status: u16, pairs: &[(&'static str, &'static str)], body: &str) -> Answer {
        let status = StatusCode::from_u16(status).expect("a status");
        of_plays(&refusal(
            "https://hub.example",
            status,
            &headers(pairs),
            Some(body.as_bytes()),
        ))
    }

    const OURS: [(&str, &str); 2] = [
        ("passerby-hub", "1"),
        ("content-type", "application/problem+json; charset=utf-8"),
    ];

    #[test]
    fn every_status_of_the_hubs_own_has_its_meaning() {
        let unavailable = Answer::Unavailable {
            retry_after_ms: None,
        };
        for (status, answer) in [
            (400, Answer::Refused),
            (401, Answer::Unauthorised),
            (403, Answer::Unauthorised),
            (404, unavailable.clone()),
            (409, Answer::Gap { expected_seq: 7 }),
            (410, Answer::Decommissioned),
            (413, Answer::TooLarge),
            (418, unavailable.clone()),
            (422, Answer::Refused),
            (429, unavailable.clone()),
            (500, unavailable.clone()),
            (502, unavailable.clone()),
            (503, unavailable.clone()),
            (504, unavailable.clone()),
            (599, unavailable),
        ] {
            let body = format!(r#"{{"status":{status},"title":"no","expected_seq":7}}"#);
            assert_eq!(meaning(status, &OURS, &body), answer, "{status}");
        }
    }

    #[test]
    fn a_refusal_counts_only_with_all_marks_of_the_hub() {
        assert_eq!(meaning(403, &OURS, PROBLEM), Answer::Unauthorised);
        let unavailable = Answer::Unavailable {
            retry_after_ms: None,
        };
        for status in [
            300, 302, 400, 401, 403, 404, 407, 409, 410, 422, 451, 500, 511,
        ] {
            let page = [("content-type", "text/html")];
            assert_eq!(
                meaning(status, &page, "<html>Log in</html>"),
                unavailable,
                "{status}"
            );
            // Gateways know RFC 9457 as well.
            let gateway = [("content-type", "application/problem+json")];
            let body = format!(r#"{{"status":{status},"title":"no","expected_seq":1}}"#);
            assert_eq!(meaning(status, &gateway, &body), unavailable, "{status}");
        }
        assert_eq!(meaning(401, &OURS, PROBLEM), unavailable, "another status");
        assert_eq!(meaning(403, &OURS, &PROBLEM[..20]), unavailable, "cut off");
        assert_eq!(
            meaning(413, &[("content-type", "text/html")], "<html>"),
            Answer::TooLargeOnTheWay
        );
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let after = |pairs: &[(&'static str, &'static str)]| retry_after_ms(&headers(pairs));
        assert_eq!(after(&[("retry-after", "120")]), Some(120_000));
        assert_eq!(
            after(&[("retry-after", "99999999999999999999")]),
            None,
            "no number"
        );
        assert_eq!(
            after(&[("retry-after", "18446744073709551615")]),
            Some(u64::MAX)
        );
        let date = ("date", "Wed, 25 Nov 2026 18:00:00 GMT");
        assert_eq!(
            after(&[("retry-after", "Wed, 25 Nov 2026 18:02:00 GMT"), date]),
            Some(120_000)
        );
        assert_eq!(
            after(&[("retry-after", "Wed, 25 Nov 2026 17:00:00 GMT"), date]),
            Some(0)
        );
        assert_eq!(
            after(&[("retry-after", "Wed, 25 Nov 2026 18:02:00 GMT")]),
            None
        );
        assert_eq!(after(&[("retry-after", "soon"), date]), None);
    }

    #[test]
    fn what_a_stranger_writes_is_short_and_harmless_in_a_log() {
        let location = [("location", "http://10.0.0.1/login?\tx")];
        let words = foreign(StatusCode::FOUND, &headers(&location));
        assert_eq!(words, "it sends on to http://10.0.0.1/login? x");
        let long = printable(&"\u{1b}[31m".repeat(1_000));
        assert!(long.chars().count() <= WORDS_CHARS_MAX + 1 && !long.contains('\u{1b}'));
    }
}
