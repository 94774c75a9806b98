//! One call for programs, as the table of them has it.

use axum::routing::MethodRouter;
use passerby_protocol::http_call::HttpCall;

use crate::server::Shared;
use crate::server::api::schema::Holds;
use crate::server::console::rule::Rule;

/// A field behind the path: its name, what it holds, what it means.
pub(super) type QueryField = (&'static str, Holds, &'static str);

/// What a call is said to answer that answers no JSON but an archive.
pub(super) const ARCHIVE: &str = "Archive";

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
