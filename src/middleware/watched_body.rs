//! A body that takes its time: whoever sends it may lose meanwhile what they were let in for.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::Method,
};
use futures::{FutureExt as _, future::BoxFuture};
use hyper::body::{Frame, SizeHint};

use crate::{
    dto::extract::AdmissionEnded,
    errors::Result,
    repositories::{Need, OrgMember},
    state::AppState,
};

/// How long an admission is believed while a body comes. It may itself have been believed for 1.5 s, and what ends it bites within 2.
const BELIEVED_FOR: Duration = Duration::from_millis(500);
/// How often it is asked for after that.
const ASKED_EVERY: Duration = Duration::from_millis(1500);

/// What has come of a body.
type Came = Option<Result<Frame<Bytes>, axum::Error>>;

/// The request, whose body ends in an error soon after `member` is no longer let in. A body that is there at once, as nearly every one is,
/// costs no question.
pub(super) fn watched(state: &AppState, member: &OrgMember, need: Need, request: Request) -> Request {
    if matches!(*request.method(), Method::GET | Method::HEAD) || request.body().is_end_stream() {
        return request;
    }
    let due = state.clock().monotonic() + BELIEVED_FOR;
    let (state, member) = (state.clone(), member.clone());
    request.map(|body| Body::new(WatchedBody { body, state, member, need, due, asking: None }))
}

struct WatchedBody {
    body: Body,
    state: AppState,
    member: OrgMember,
    need: Need,
    /// When the admission is to be asked for again.
    due: Duration,
    /// The question that is asked, and what has come meanwhile.
    asking: Option<(BoxFuture<'static, Result<bool>>, Came)>,
}

impl WatchedBody {
    fn ask(&self) -> BoxFuture<'static, Result<bool>> {
        let (state, member, need) = (self.state.clone(), self.member.clone(), self.need);
        async move { state.db().still_admits(&member, need, state.clock().now()).await }.boxed()
    }
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Came> {
        if self.asking.is_none() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            if self.state.clock().monotonic() < self.due {
                return Poll::Ready(frame);
            }
            self.asking = Some((self.ask(), frame));
        }
        let Some((question, _)) = &mut self.asking else { return Poll::Ready(None) };
        let answer = ready!(question.poll_unpin(context));
        let frame = self.asking.take().and_then(|(_, frame)| frame);
        self.due = self.state.clock().monotonic() + ASKED_EVERY;
        // If the database does not answer, it will not take what was sent either.
        if matches!(answer, Ok(false)) {
            return Poll::Ready(Some(Err(axum::Error::new(AdmissionEnded))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.asking.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
