//! Accepting connections, and what every request passes first. hyper, since a router cannot break a connection off.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    response::{IntoResponse as _, Redirect, Response},
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use super::{API_KEY, errors::Refused, trouble::Trouble, world::World};

pub(super) async fn serve(listener: TcpListener, router: Router, world: Arc<Mutex<World>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (router, world) = (router.clone(), Arc::clone(&world));
        tokio::spawn(async move {
            let service =
                hyper::service::service_fn(move |request| answer(request, router.clone(), Arc::clone(&world)));
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, router: Router, world: Arc<Mutex<World>>) -> io::Result<Response> {
    if request.headers().get("x-api-key").is_none_or(|key| key != API_KEY) {
        return Ok(Refused::new(401, "missing_credentials").into_response());
    }
    if request.headers().get(header::ACCEPT).is_none_or(|accept| accept != "application/json") {
        return Ok(Refused::new(400, "invalid_request").into_response());
    }
    let trouble = {
        let mut world = world.lock().unwrap();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        world.requests.push(format!("{method} {}", request.uri()));
        world.trouble_for(&method, &path, request.uri().query().unwrap_or_default())
    };
    let go_on = || async move {
        // Read whole first, as a server behind a proxy has it.
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(Body::new(body), 1 << 24).await.map_err(io::Error::other)?;
        let answer = router.oneshot(Request::from_parts(parts, Body::from(body))).await;
        Ok(answer.unwrap_or_else(|never| match never {}))
    };
    let said =
        |status: u16, text: &'static str| (axum::http::StatusCode::from_u16(status).unwrap(), text).into_response();
    match trouble {
        None => go_on().await,
        Some(Trouble::Refuse(status, kind)) => Ok(Refused::new(status, kind).into_response()),
        Some(Trouble::Say(status, text)) => Ok(said(status, text)),
        Some(Trouble::Busy(after)) => {
            let mut response = Refused::new(429, "too_many_requests").into_response();
            if let Some(after) = after {
                response.headers_mut().insert(header::RETRY_AFTER, after.into());
            }
            Ok(response)
        }
        Some(Trouble::RefuseAfter(status, kind)) => go_on().await.map(|_| Refused::new(status, kind).into_response()),
        Some(Trouble::SayAfter(status, text)) => go_on().await.map(|_| said(status, text)),
        Some(Trouble::CutBefore) => Err(io::Error::other("cut")),
        Some(Trouble::CutAfter) => go_on().await.and_then(|_| Err(io::Error::other("cut"))),
        Some(Trouble::StallBefore) => std::future::pending().await,
        Some(Trouble::StallAfter) => {
            go_on().await?;
            std::future::pending().await
        }
        Some(Trouble::Redirect(to)) => Ok(Redirect::temporary(&to).into_response()),
    }
}
