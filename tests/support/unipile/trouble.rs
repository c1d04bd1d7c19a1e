//! What goes wrong between two servers.

use axum::http::Method;

/// Which request it happens to.
#[derive(Debug, Clone)]
pub(crate) struct On {
    pub(super) method: Method,
    pub(super) path: String,
}

impl On {
    /// One that writes, to a path that begins so, after `/api/v1`.
    pub(crate) fn post(path: &str) -> Self {
        Self { method: Method::POST, path: path.to_owned() }
    }

    /// One that reads.
    pub(crate) fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned() }
    }

    /// One that takes back.
    pub(crate) fn delete(path: &str) -> Self {
        Self { method: Method::DELETE, path: path.to_owned() }
    }

    pub(super) fn is(&self, method: &Method, path: &str) -> bool {
        self.method == *method && path.strip_prefix("/api/v1").is_some_and(|path| path.starts_with(&self.path))
    }
}

/// What happens to it.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// It is refused with this status and type, and nothing is done.
    Refuse(u16, &'static str),
    /// It is refused with this status and body, and nothing is done.
    Say(u16, &'static str),
    /// 429, with this `Retry-After`.
    Busy(Option<u64>),
    /// It is done, and the answer is this error.
    RefuseAfter(u16, &'static str),
    /// It is done, and the answer is this text with this status.
    SayAfter(u16, &'static str),
    /// The connection breaks and nothing is done.
    CutBefore,
    /// It is done, and the connection breaks before the answer.
    CutAfter,
    /// Nothing is done, and no answer comes.
    StallBefore,
    /// It is done, and no answer comes.
    StallAfter,
    /// The caller is sent elsewhere.
    Redirect(String),
}
