//! Callers over real HTTP.

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::Value;

use super::documented;

/// Somebody with a token, or nobody.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) token: Option<String>,
}

/// A request being put together.
#[must_use]
pub(crate) struct Call(reqwest::RequestBuilder);

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body as JSON, or null.
    pub(crate) body: Value,
    /// The body as it came.
    pub(crate) text: String,
}

impl Caller {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.request(Method::POST, path).json(body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request(Method::PATCH, path).json(body).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send().await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Call {
        let request = self.http.request(method, format!("{}{path}", self.base));
        Call(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }
}

impl Call {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers write json!(…) in place")]
    pub(crate) fn json(self, body: Value) -> Self {
        Self(self.0.json(&body))
    }

    pub(crate) fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    /// The answer as it begins, its body not read yet.
    pub(crate) async fn open(self) -> reqwest::Response {
        let (client, request) = self.0.build_split();
        let request = request.expect("a request");
        let method = request.method().clone();
        let response = client.execute(request).await.expect("an answer");
        documented::check(&method, &response);
        response
    }

    pub(crate) async fn send(self) -> Answer {
        let response = self.open().await;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a whole answer");
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }
}

impl Answer {
    /// The body, if the status is `status`.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.body
    }

    /// The body, if it is a problem with this status and code.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        body
    }

    /// A header's text; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
