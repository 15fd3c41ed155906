//! The way every request goes: [`router`].

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts as _, RawPathParams, Request};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, any, on};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use kmi_kalshi::api::code::{Code, ErrorAnswer};
use kmi_kalshi::sign::KEY_HEADER;

use super::answer::{Answer, ApiError};
use super::auth::Caller;
use super::call::{Call, parts};
use super::gate::{Lane, Payer};
use super::operation::{Action, Cost, Operation};
use super::params::Params;
use super::scope::Access;
use super::serve::{CutHere, Peer};
use super::{ADMIN_PATH, REST_PATH, Shared, WS_PATH, admin, body, routes, ws};
use crate::faults::{RequestFacts, RequestFault};

/// All routes.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let mut router = Router::new();
    for operation in routes::operations() {
        let path = format!("{REST_PATH}{}", operation.path);
        router = router.route(&path, method_router(shared, operation));
    }
    let [at_ws, at_nothing, at_method] = std::array::from_fn(|_| Arc::clone(shared));
    router
        .route(
            WS_PATH,
            on(MethodFilter::GET, move |request: Request| {
                let shared = Arc::clone(&at_ws);
                async move { open_stream(shared, request).await }
            }),
        )
        .nest(ADMIN_PATH, admin::router(shared))
        .fallback(any(move |request: Request| {
            refuse(Arc::clone(&at_nothing), request, ApiError::not_found())
        }))
        .method_not_allowed_fallback(move |request: Request| {
            refuse(
                Arc::clone(&at_method),
                request,
                ApiError::code(&Code::MethodNotAllowed),
            )
        })
}

fn method_router(shared: &Arc<Shared>, operation: &'static Operation) -> MethodRouter {
    let filter = MethodFilter::try_from(operation.method.clone()).expect("a method axum knows");
    let shared = Arc::clone(shared);
    on(filter, move |request: Request| {
        let shared = Arc::clone(&shared);
        async move {
            answer(shared, operation, request)
                .await
                .unwrap_or_else(ApiError::into_response)
        }
    })
}

/// Who asks, at what cost, met by which fault: then the operation itself.
async fn answer(
    shared: Arc<Shared>,
    operation: &'static Operation,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut head, body) = request.into_parts();
    let admitted = admit(&shared, operation, &head);
    // Of a refused request too: a connection with an unread body is closed, and the peer's next request lost with it.
    let body = body::read(&head.headers, body, &shared.config.bounds).await;
    let (caller, payer) = admitted?;
    let body = body?;
    let params = RawPathParams::from_request_parts(&mut head, &())
        .await
        .map_err(|_| ApiError::not_found())?;
    // Only now, so that no fault is used up by a request that could not be read.
    let fault = shared.faults.on_request(RequestFacts {
        method: head.method.as_str(),
        path: head.uri.path().strip_prefix(REST_PATH).unwrap_or_default(),
        account: caller.as_ref().map(Caller::name),
    });
    let call = Call {
        operation,
        caller,
        payer,
        path: parts(&params),
        query: Params::of(operation.name, head.uri.query()),
        body,
        server: shared,
    };
    match fault {
        None => Ok(execute(call).await?.into_response()),
        Some(fault) => Ok(misbehave(fault, call).await),
    }
}

/// Who asks and who has paid.
fn admit(shared: &Shared, operation: &Operation, head: &Parts) -> Result<(Option<Caller>, Payer), ApiError> {
    if matches!(operation.action, Action::NotSimulated) {
        return Err(not_simulated(operation));
    }
    let caller = identify(shared, operation, &head.headers, &head.method, head.uri.path())?;
    let payer = match &caller {
        Some(caller) => Payer::User(caller.user()),
        None => Payer::Stranger(peer_of(&head.extensions).0),
    };
    match operation.cost {
        Cost::Tokens(tokens) => shared.bill(payer, lane_of(&head.method), tokens)?,
        Cost::Balance => shared.bill(payer, Lane::Balance, 1)?,
        // One item before anything is read; the others when it is known how many there are.
        Cost::PerItem(tokens) => shared.bill(payer, Lane::Write, tokens)?,
    }
    Ok((caller, payer))
}

/// Refuses what no operation is, its body read as that of any other request.
async fn refuse(shared: Arc<Shared>, request: Request, refusal: ApiError) -> ApiError {
    let (head, body) = request.into_parts();
    drop(body::read(&head.headers, body, &shared.config.bounds).await);
    refusal
}

async fn execute(call: Call) -> Result<Answer, ApiError> {
    match call.operation.action {
        Action::Read(handler) => handler(&call),
        Action::Write(handler) => handler(call).await,
        Action::Retired => Err(ErrorAnswer::deprecated_v1_order().into()),
        Action::NotSimulated => Err(not_simulated(call.operation)),
    }
}

/// What becomes of a request that a fault strikes.
async fn misbehave(fault: RequestFault, call: Call) -> Response {
    match fault {
        RequestFault::Delay(time) => {
            let answer = execute(call).await;
            tokio::time::sleep(time).await;
            answer.into_response()
        }
        RequestFault::Status(429) => ApiError::from(ErrorAnswer::too_many_requests()).into_response(),
        RequestFault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let code = if status == StatusCode::SERVICE_UNAVAILABLE {
                Code::ServiceUnavailable
            } else {
                Code::InternalError
            };
            ApiError::own(status, code.as_str(), "a fault was asked for").into_response()
        }
        RequestFault::DropBeforeExecute => CutHere.into_response(),
        RequestFault::TimeoutAfterExecute(time) => {
            // The peer may hang up first; what was asked happens all the same.
            drop(tokio::spawn(execute(call)).await);
            tokio::time::sleep(time).await;
            CutHere.into_response()
        }
        RequestFault::ExecuteLate(time) => {
            tokio::spawn(execute_after(time, call));
            CutHere.into_response()
        }
    }
}

async fn execute_after(time: Duration, call: Call) {
    tokio::time::sleep(time).await;
    if let Err(error) = execute(call).await {
        tracing::debug!(?error, "a request executed late was refused");
    }
}

/// Who signed the request. Public data is given to everyone: there a signature only says whose tokens pay, and a wrong one is
/// nobody's.
fn identify(
    shared: &Shared,
    operation: &Operation,
    headers: &HeaderMap,
    method: &Method,
    path: &str,
) -> Result<Option<Caller>, ApiError> {
    let access = &operation.access;
    if *access == Access::Public && !headers.contains_key(KEY_HEADER) {
        return Ok(None);
    }
    let caller = shared.keys.authenticate(
        &shared.engine,
        &shared.config,
        headers,
        method.as_str(),
        path,
        access,
    );
    match caller {
        Err(_) if *access == Access::Public => Ok(None),
        caller => caller.map(Some),
    }
}

/// The WebSocket's handshake, which needs a key even for public channels.
async fn open_stream(shared: Arc<Shared>, request: Request) -> Response {
    let caller = shared.keys.authenticate(
        &shared.engine,
        &shared.config,
        request.headers(),
        request.method().as_str(),
        request.uri().path(),
        &Access::READ,
    );
    match caller {
        Ok(caller) => ws::upgrade(shared, caller, request).await,
        Err(error) => error.into_response(),
    }
}

fn lane_of(method: &Method) -> Lane {
    if method == Method::GET || method == Method::HEAD {
        Lane::Read
    } else {
        Lane::Write
    }
}

/// Where the request comes from; a server of someone else's says nothing.
pub(super) fn peer_of(extensions: &http::Extensions) -> Peer {
    extensions.get::<Peer>().copied().unwrap_or(Peer(None))
}

fn not_simulated(operation: &Operation) -> ApiError {
    ApiError::own(
        StatusCode::NOT_IMPLEMENTED,
        "not_simulated",
        format!("{} is not simulated by this exchange", operation.name),
    )
}
