//! What programs may tell the screen: emergencies, live readings and triggers.
//!
//! Invariants: nothing here is reached but through [`crate::local_page::access_guard`]; an
//! emergency is written to its file and nowhere else, and the player hears of it by the file.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use crossbeam_channel::Sender;
use passerby_playout::content::emergency;
use passerby_playout::content::emergency::Notice;
use passerby_playout::messages::player_requests::PlayerRequest;
use passerby_playout::schedule::live_context::{LiveContext, Reading, ReadingError};
use passerby_playout::system::clock::Clock;
use passerby_protocol::foreign::one_line;
use passerby_protocol::http_call::HttpCall;
use serde::Deserialize;

use crate::local_page::calls;
use crate::local_page::calls::{Answered, answered};

/// Largest body, in bytes; an emergency of the most and widest characters fits.
pub(crate) const BODY_BYTES_MAX: usize = 32 << 10;

/// Longest words on what is wrong with a body, in characters.
const WORDS_CHARS_MAX: usize = 200;

/// What the calls need.
#[derive(Clone)]
pub(crate) struct Api {
    /// Where the emergency file lies.
    pub(crate) data_dir: PathBuf,
    /// The live readings and triggers.
    pub(crate) context: Arc<LiveContext>,
    /// Tells how old they are.
    pub(crate) clock: Arc<dyn Clock>,
    /// Has to hear when they change.
    pub(crate) player: Sender<PlayerRequest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewReading {
    value: Reading,
    /// It is forgotten after so many seconds; never, when absent.
    seconds: Option<u32>,
}

/// A value that the context takes while a trigger lasts.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Triggered {
    value: Option<Reading>,
    seconds: Option<u32>,
}

/// Why a call is refused, for the person who made it.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        error(self.0, &self.1)
    }
}

/// The calls, each with what the reference says of it.
pub(crate) fn call_list() -> Vec<Answered<Api>> {
    vec![
        answered(
            HttpCall::get(
                "/api/emergency",
                &[200, 500],
                "the message: `{\"emergency\": {\"headline\": \"…\", \"body\": \"…\"}}`, or `null` in its place",
            ),
            emergency_now,
        ),
        answered(
            HttpCall::post(
                "/api/emergency",
                &[200, 400, 415, 500],
                "puts a message up: `{\"headline\": \"…\", \"body\": \"…\"}`",
            ),
            begin_emergency,
        ),
        answered(
            HttpCall::delete("/api/emergency", &[200, 500], "ends it"),
            end_emergency,
        ),
        answered(
            HttpCall::get("/api/context", &[200], "all readings"),
            readings,
        ),
        answered(
            HttpCall::post(
                "/api/context/{name}",
                &[204, 400, 415],
                "takes a reading: `{\"value\": 12}`; for ten minutes `{\"value\": 12, \"seconds\": 600}`",
            ),
            take_reading,
        ),
        answered(
            HttpCall::post(
                "/api/trigger/{name}",
                &[204, 400, 415],
                "something has happened: placements with that trigger may air from then on",
            ),
            trigger,
        ),
    ]
}

/// What answers them.
pub(crate) fn router(api: Api) -> Router {
    calls::router(call_list())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(api)
}

/// Reads a JSON body; a form of a website cannot send this type without being asked first.
fn json<T: for<'de> Deserialize<'de>>(
    headers: &HeaderMap,
    body: &[u8],
    form: &str,
) -> Result<T, Refused> {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .and_then(|kind| kind.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        let message = "send JSON, with the header content-type: application/json";
        return Err(Refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            message.to_owned(),
        ));
    }
    serde_json::from_slice(body).map_err(|wrong| {
        let wrong = one_line(&wrong.to_string(), WORDS_CHARS_MAX);
        let message = format!("this is not {form}: {wrong}");
        Refused(StatusCode::BAD_REQUEST, message)
    })
}

async fn emergency_now(State(api): State<Api>) -> Response {
    match in_background(move || emergency::read(&api.data_dir)).await {
        Some(Ok(notice)) => answer(serde_json::json!({ "emergency": notice })),
        Some(Err(wrong)) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format!("{}: {wrong}", emergency::FILE_NAME),
        ),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn begin_emergency(State(api): State<Api>, headers: HeaderMap, body: Bytes) -> Response {
    let form = "{\"headline\": \"one sentence\", \"body\": \"what else there is to say\"}";
    let notice = match json::<Notice>(&headers, &body, form) {
        Ok(notice) => notice,
        Err(refused) => return refused.into_response(),
    };
    let notice = match notice.checked() {
        Ok(notice) => notice,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &format!("the message: {wrong}")),
    };
    let shown = notice.clone();
    match in_background(move || emergency::write(&api.data_dir, &notice)).await {
        Some(Ok(())) => answer(serde_json::json!({ "emergency": shown })),
        Some(Err(wrong)) => not_written(&wrong),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn end_emergency(State(api): State<Api>) -> Response {
    match in_background(move || emergency::remove(&api.data_dir)).await {
        Some(Ok(())) => answer(serde_json::json!({ "emergency": null })),
        Some(Err(wrong)) => not_written(&wrong),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn readings(State(api): State<Api>) -> Response {
    answer(serde_json::json!(api.context.all()))
}

async fn take_reading(
    State(api): State<Api>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = "{\"value\": a number or one line of text, \"seconds\": how long it counts}";
    let reading = match json::<NewReading>(&headers, &body, form) {
        Ok(reading) => reading,
        Err(refused) => return refused.into_response(),
    };
    let end_ms = api.in_seconds(reading.seconds);
    let taken = api.context.set_until(&name, reading.value, end_ms);
    api.changed(taken)
}

/// Something has happened at the screen. The body may be empty, or name a value that the reading of
/// the same name has for a time.
async fn trigger(
    State(api): State<Api>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form =
        "empty, or {\"value\": a number or one line of text, \"seconds\": how long it counts}";
    let triggered = if body.is_empty() {
        Ok(Triggered::default())
    } else {
        json::<Triggered>(&headers, &body, form)
    };
    let triggered = match triggered {
        Ok(triggered) => triggered,
        Err(refused) => return refused.into_response(),
    };
    let happened = api.context.trigger(&name, &api.clock.now());
    let end_ms = api.in_seconds(triggered.seconds);
    let taken = happened.and_then(|()| match triggered.value {
        Some(value) => api.context.set_until(&name, value, end_ms),
        None => Ok(()),
    });
    api.changed(taken)
}

impl Api {
    /// So many seconds from now, in milliseconds of the boot clock.
    fn in_seconds(&self, seconds: Option<u32>) -> Option<u64> {
        seconds.map(|seconds| self.clock.now().boot_ms + u64::from(seconds) * 1_000)
    }

    /// Tells the player, if something was taken.
    fn changed(&self, taken: Result<(), ReadingError>) -> Response {
        match taken {
            Ok(()) => {
                // A full queue has the player awake already.
                let _ = self.player.try_send(PlayerRequest::ContextChanged);
                StatusCode::NO_CONTENT.into_response()
            }
            Err(wrong) => error(StatusCode::BAD_REQUEST, &wrong.to_string()),
        }
    }
}

/// Runs what touches the disk where it holds nobody up.
async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

fn not_written(wrong: &std::io::Error) -> Response {
    let message = format!("{}: cannot be written: {wrong}", emergency::FILE_NAME);
    error(StatusCode::INTERNAL_SERVER_ERROR, &message)
}

fn answer(value: serde_json::Value) -> Response {
    axum::Json(value).into_response()
}

pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "error": message }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local_page::access_guard::AccessGuard;
    use passerby_playout::system::clock::SystemClock;
    use reqwest::blocking::{Client, RequestBuilder};

    /// Serves the calls on a free port; returns the folder and the address.
    fn serve() -> (tempfile::TempDir, Arc<LiveContext>, String) {
        // reqwest asks for a provider even when it only speaks http; another test may have been
        // first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let context = Arc::new(LiveContext::default());
        let api = Api {
            data_dir: folder.path().to_path_buf(),
            context: context.clone(),
            clock: Arc::new(SystemClock::new(false)),
            player: crossbeam_channel::bounded(1).0,
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("set");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let guard = AccessGuard::new([127, 0, 0, 1].into(), None, api.clock.clone());
                axum::serve(listener, guard.around(router(api)))
                    .await
                    .expect("serves");
            });
        });
        (folder, context, format!("http://{address}"))
    }

    fn status(request: RequestBuilder) -> u16 {
        request.send().expect("an answer").status().as_u16()
    }

    fn post(url: &str, body: &'static str) -> RequestBuilder {
        Client::new()
            .post(url)
            .header("content-type", "application/json")
            .body(body)
    }

    #[test]
    fn a_trigger_is_noted_and_may_set_a_reading_for_a_time() {
        let (_folder, context, address) = serve();
        let at = |name: &str| format!("{address}/api/trigger/{name}");
        let bare = |name: &str| status(Client::new().post(at(name)));
        assert_eq!((bare("button"), bare("Button")), (204, 400));
        let lasting = "{\"value\": 1, \"seconds\": 3600}";
        assert_eq!(status(post(&at("door"), lasting)), 204);
        assert_eq!(status(post(&at("door"), "{\"for\": 3}")), 400);
        let now = SystemClock::new(false).now();
        let facts = context.facts(&now);
        assert!(
            facts
                .since_trigger_ms("button", &now)
                .is_some_and(|ms| ms < 60_000)
        );
        assert_eq!(context.get("door"), Some(Reading::Number(1.0)));
        let later = now.plus_ms(3_700_000);
        assert!(context.facts(&later).readings.is_empty());
    }

    #[test]
    fn an_emergency_is_its_file() {
        let (folder, _, base) = serve();
        let url = format!("{base}/api/emergency");
        let text =
            |request: RequestBuilder| request.send().expect("an answer").text().expect("text");
        assert_eq!(text(Client::new().get(&url)), "{\"emergency\":null}");
        let body = "{\"headline\": \"Leave\", \"body\": \"Use the stairs.\"}";
        assert_eq!(status(post(&url, body)), 200);
        assert_eq!(
            std::fs::read_to_string(folder.path().join("emergency.txt")).expect("it is there"),
            "Leave\nUse the stairs.\n"
        );
        assert!(text(Client::new().get(&url)).contains("Leave"));
        assert_eq!(status(Client::new().delete(&url)), 200);
        assert_eq!(
            status(Client::new().delete(&url)),
            200,
            "there is none any more"
        );
        assert!(!folder.path().join("emergency.txt").exists());
    }

    #[test]
    fn what_is_no_message_is_refused_with_a_reason() {
        let (folder, _, base) = serve();
        let url = format!("{base}/api/emergency");
        for (body, reason) in [
            ("{}", "missing field"),
            ("[]", "this is not {"),
            ("{\"headline\": \" \"}", "it is empty"),
            ("{\"headline\": \"a\", \"colour\": 1}", "unknown field"),
        ] {
            let answer = post(&url, body).send().expect("an answer");
            assert_eq!(answer.status(), 400, "{body}");
            let text = answer.text().expect("text");
            assert!(text.contains(reason), "{body}: {text}");
        }
        let form = Client::new().post(&url).body("{\"headline\": \"a\"}");
        assert_eq!(status(form), 415);
        let huge = Client::new()
            .post(&url)
            .header("content-type", "application/json")
            .body(" ".repeat(BODY_BYTES_MAX + 1));
        assert_eq!(status(huge), 413);
        assert!(!folder.path().join("emergency.txt").exists());
    }

    #[test]
    fn other_websites_can_neither_write_nor_read() {
        let (folder, _, base) = serve();
        let url = format!("{base}/api/emergency");
        let body = "{\"headline\": \"Hacked\"}";
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("host", "evil.example"),
            ("host", "127.0.0.1.evil.example:8421"),
        ] {
            assert_eq!(
                status(post(&url, body).header(name, value)),
                403,
                "{name}: {value}"
            );
        }
        let rebound = Client::new().get(&url).header("host", "evil.example");
        assert_eq!(status(rebound), 403);
        assert!(!folder.path().join("emergency.txt").exists());
        let own = post(&url, body)
            .header("origin", base)
            .header("sec-fetch-site", "same-origin");
        assert_eq!(status(own), 200, "the page itself may");
    }

    #[test]
    fn readings_are_taken_and_listed() {
        let (_folder, context, base) = serve();
        let url = |name: &str| format!("{base}/api/context/{name}");
        assert_eq!(status(post(&url("queue"), "{\"value\": 12}")), 204);
        assert_eq!(status(post(&url("weather"), "{\"value\": \"rain\"}")), 204);
        assert_eq!(context.get("queue"), Some(Reading::Number(12.0)));
        let listed = Client::new().get(format!("{base}/api/context")).send();
        assert_eq!(
            listed.expect("an answer").text().expect("text"),
            "{\"queue\":12.0,\"weather\":\"rain\"}"
        );
        for (name, body) in [
            ("Queue", "{\"value\": 1}"),
            ("queue", "{\"value\": null}"),
            ("queue", "{\"value\": \"a\\nb\"}"),
            ("queue", "{}"),
        ] {
            assert_eq!(status(post(&url(name), body)), 400, "{name} {body}");
        }
        assert_eq!(context.get("queue"), Some(Reading::Number(12.0)));
    }
}
