//! The guard as a `tower` layer, for axum, tonic, hyper.

use super::guard::{Challenge, Guard, GuardRequest};
use crate::maybe_send::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

impl Guard {
    /// A layer that lets requests through whose token is good, with their [`Claims`](super::Claims) as an extension, and answers
    /// the others. `origin` is that of this server as its clients see it (`https://api.example.com`), for DPoP: a server does
    /// not know it, and `Host` is the caller's word. A nested router sees paths without what it is nested under: say that here,
    /// too (`https://api.example.com/admin`). A layer for CORS goes around this one, since a preflight has no token.
    pub fn layer(self, origin: impl Into<String>) -> GuardLayer {
        GuardLayer { guard: self, origin: origin.into() }
    }
}

/// See [`Guard::layer`].
#[derive(Clone, Debug)]
pub struct GuardLayer {
    guard: Guard,
    origin: String,
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> GuardService<S> {
        GuardService { layer: self.clone(), inner }
    }
}

/// See [`Guard::layer`].
#[derive(Clone, Debug)]
pub struct GuardService<S> {
    layer: GuardLayer,
    inner: S,
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    // What is no text is no token; it stays, so that two headers stay two.
    headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default().to_owned()).collect()
}

impl<S, In, Out> Service<Request<In>> for GuardService<S>
where
    S: Service<Request<In>, Response = Response<Out>> + Clone + Send + 'static,
    S::Future: Send,
    In: Send + 'static,
    Out: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<In>) -> Self::Future {
        let guard = self.layer.guard.clone();
        // The one that was polled ready is used, its clone stays.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let path = request.uri().path();
        let url = [self.layer.origin.trim_end_matches('/'), path].concat();
        Box::pin(async move {
            let (authorization, dpop) = (values(request.headers(), "authorization"), values(request.headers(), "dpop"));
            let (authorization, dpop): (Vec<_>, Vec<_>) =
                (authorization.iter().map(String::as_str).collect(), dpop.iter().map(String::as_str).collect());
            let method = request.method().clone();
            let facts = GuardRequest {
                method: method.as_str(),
                url: &url,
                authorization: &authorization,
                dpop: &dpop,
                ..GuardRequest::default()
            };
            match guard.check(&facts).await {
                Ok(claims) => {
                    request.extensions_mut().insert(claims);
                    inner.call(request).await
                }
                Err(challenge) => Ok(answer(&challenge)),
            }
        })
    }
}

fn answer<Out: Default>(challenge: &Challenge) -> Response<Out> {
    let mut response = Response::new(Out::default());
    *response.status_mut() = StatusCode::from_u16(challenge.status).unwrap_or(StatusCode::UNAUTHORIZED);
    for value in &challenge.www_authenticate {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().append(header::WWW_AUTHENTICATE, value);
        }
    }
    if let Some(nonce) = challenge.dpop_nonce.as_deref().and_then(|nonce| HeaderValue::from_str(nonce).ok()) {
        response.headers_mut().insert("dpop-nonce", nonce);
    }
    response
}
