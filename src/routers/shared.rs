//! Layers that are cloned by reference.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    middleware::{FromFnLayer, from_fn_with_state},
};
use tower::{Layer, Service};

/// As axum's `from_fn_with_state`, over a [`Shared`] service.
pub(super) fn layer<F, S, T>(state: S, function: F) -> (FromFnLayer<F, S, T>, SharedLayer) {
    (from_fn_with_state(state, function), SharedLayer)
}

/// Makes what is below it [`Shared`].
#[derive(Debug, Clone, Copy)]
pub(super) struct SharedLayer;

/// A service that is cloned by reference. Each of axum's layers clones all that is below it with every request, so that a stack of ten costs
/// more than fifty clones, and allocations with them; over a shared service, a layer clones the next one only.
#[derive(Debug)]
pub(super) struct Shared<S>(Arc<S>);

impl<S> Layer<S> for SharedLayer {
    type Service = Shared<S>;

    fn layer(&self, service: S) -> Shared<S> {
        Shared(Arc::new(service))
    }
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Service<Request> + Clone> Service<Request> for Shared<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        // axum's routes and layers always are, and are cloned without asking.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> S::Future {
        S::clone(&self.0).call(request)
    }
}
