//! One call for programs, as the table of them has it.

use axum::handler::Handler;
use axum::routing::MethodRouter;
use passerby_protocol::http_call::HttpCall;

use crate::people::Right;
use crate::server::Shared;
use crate::server::api::schema::Holds;
use crate::server::console::rule::Rule;

/// A field behind the path: its name, what it holds, what it means.
pub(super) type QueryField = (&'static str, Holds, &'static str);

/// The fields of a list that is read in pages.
pub(super) const PAGES: [QueryField; 2] = [
    (
        "after",
        Holds::Text,
        "behind which row to begin: what `next` said",
    ),
    (
        "limit",
        Holds::Whole,
        "how many rows, at most 200; 100 otherwise",
    ),
];

/// What previews are asked for with.
pub(super) const OF_PREVIEWS: &[QueryField] = &[
    (
        "shape",
        Holds::Word(&["landscape", "portrait"]),
        "1920 x 1080 or 1080 x 1920 pixels; landscape otherwise",
    ),
    ("width", Holds::Whole, "pixels across, with `height`"),
    ("height", Holds::Whole, "pixels down"),
    ("screen", Holds::Whole, "as large as this screen"),
    (
        "turned",
        Holds::Text,
        "anything: the screen hangs turned by a quarter",
    ),
];
/// The same as the reference writes it.
pub(super) const PREVIEW_QUERY: &str = "?shape=SHAPE&width=PX&height=PX&screen=N&turned=1";

/// What a call is said to answer that answers no JSON but an archive.
pub(super) const ARCHIVE: &str = "Archive";

/// The same of one that answers a picture.
pub(super) const PICTURE: &str = "Picture";

/// One call.
pub(crate) struct Route {
    /// Its method and its path below `/api/v1`.
    pub(crate) call: HttpCall,
    /// Who may make it.
    pub(crate) rule: Rule,
    /// What stands behind the path.
    pub(super) query: &'static [QueryField],
    /// The form of its body.
    pub(super) takes: Option<&'static str>,
    /// The form of its answer.
    pub(super) answers: &'static str,
    /// Whether the answer has a secret, which is not kept.
    pub(super) answers_secret: bool,
    pub(super) handler: MethodRouter<Shared>,
}

impl Route {
    pub(super) fn with_query(mut self, query: &'static [QueryField], said: &'static str) -> Self {
        self.call = self.call.with_query(said);
        self.query = query;
        self
    }

    /// Its body is a file.
    pub(super) fn with_upload(mut self) -> Self {
        if let Rule::May(right) = self.rule {
            self.rule = Rule::MayUpload(right);
        }
        self
    }

    pub(super) fn with_secret(mut self) -> Self {
        self.answers_secret = true;
        self
    }
}

/// A call that only looks.
pub(super) fn get<H, T>(
    path: &'static str,
    rule: Rule,
    statuses: &'static [u16],
    does: &'static str,
    answers: &'static str,
    handler: H,
) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Route {
        call: HttpCall::get(path, statuses, does),
        rule,
        query: &[],
        takes: None,
        answers,
        answers_secret: false,
        handler: axum::routing::get(handler),
    }
}

/// A call that changes something.
pub(super) fn post<H, T>(
    path: &'static str,
    right: Right,
    statuses: &'static [u16],
    does: &'static str,
    forms: (Option<&'static str>, &'static str),
    handler: H,
) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Route {
        call: HttpCall::post(path, statuses, does),
        rule: Rule::May(right),
        query: &[],
        takes: forms.0,
        answers: forms.1,
        answers_secret: false,
        handler: axum::routing::post(handler),
    }
}

/// A call that ends something.
pub(super) fn delete<H, T>(path: &'static str, rule: Rule, does: &'static str, handler: H) -> Route
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Route {
        call: HttpCall::delete(path, &[200, 404, 409], does),
        rule,
        query: &[],
        takes: None,
        answers: "Nothing",
        answers_secret: false,
        handler: axum::routing::delete(handler),
    }
}
