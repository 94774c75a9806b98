//! HTTP calls as their reference tells them. A router is made from the same values, so that it
//! answers what the reference has, and nothing else.

/// How a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum HttpMethod {
    Get,
    Post,
    Put,
    Delete,
}

impl HttpMethod {
    /// As it stands in a request.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpCall {
    /// How it is made.
    pub method: HttpMethod,
    /// Its path, with `{names}` for what differs.
    pub path: &'static str,
    /// What stands behind the path, such as `?zone=ZONE`; empty where nothing does.
    pub query: &'static str,
    /// What it does.
    pub does: &'static str,
    /// The statuses of its answers, but for those of its whole chapter.
    pub statuses: &'static [u16],
}

impl HttpCall {
    /// A call that changes nothing.
    pub const fn get(path: &'static str, statuses: &'static [u16], does: &'static str) -> Self {
        Self::new(HttpMethod::Get, path, statuses, does)
    }

    /// A call that brings something.
    pub const fn post(path: &'static str, statuses: &'static [u16], does: &'static str) -> Self {
        Self::new(HttpMethod::Post, path, statuses, does)
    }

    /// A call that puts something in the place of what was there.
    pub const fn put(path: &'static str, statuses: &'static [u16], does: &'static str) -> Self {
        Self::new(HttpMethod::Put, path, statuses, does)
    }

    /// A call that takes something away.
    pub const fn delete(path: &'static str, statuses: &'static [u16], does: &'static str) -> Self {
        Self::new(HttpMethod::Delete, path, statuses, does)
    }

    const fn new(
        method: HttpMethod,
        path: &'static str,
        statuses: &'static [u16],
        does: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            query: "",
            does,
            statuses,
        }
    }

    /// The same call, with what stands behind its path.
    #[must_use]
    pub const fn with_query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }
}

/// The calls of one kind of caller, as a chapter of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpChapter {
    /// Its heading.
    pub title: &'static str,
    /// What all of its paths begin with.
    pub base: &'static str,
    /// Who may call, and what is the same for every call.
    pub intro: String,
    /// The calls.
    pub calls: Vec<HttpCall>,
    /// What else there is to know, one sentence or more each.
    pub notes: Vec<String>,
}
