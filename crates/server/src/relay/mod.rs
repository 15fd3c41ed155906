//! The relay: public market data in the exchange's own protocol, for those who cannot sign. Read-only and without an account.
//!
//! `GET /trade-api/v2/*` is answered from the board where it knows, else by asking the exchange within a budget ([`rest`]);
//! `/trade-api/ws/v2` tells what the hub tells ([`stream`]).

mod rest;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use http::StatusCode;
use kmi_app::board::Board;
use kmi_domain::Timestamp;
use kmi_kalshi::api::code::{Code, ErrorAnswer};
use kmi_kalshi::limit::BucketSpec;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::{Doors, RelayAccess};
use rest::{Refused, Upstream};

/// Where the exchange's REST API lies.
const REST_PATH: &str = "/trade-api/v2";
/// Where its stream does.
const WS_PATH: &str = "/trade-api/ws/v2";
/// Tokens a question costs the exchange's bucket.
const TOKENS_PER_QUESTION: u64 = 10;
/// Seconds of questions that may be asked at once, after a quiet time.
const BURST_SECONDS: u64 = 10;
/// Bytes of answers kept, for all together.
const CACHE_BYTES: u64 = 64 << 20;

/// The relay. Cheap to clone; clones are the same.
#[derive(Clone)]
struct Relay {
    shared: Arc<Shared>,
}

struct Shared {
    doors: Doors,
    upstream: Arc<Upstream>,
}

impl Shared {
    fn board(&self) -> &Board {
        &self.doors.board
    }

    fn now(&self) -> Timestamp {
        self.doors.now()
    }
}

impl Relay {
    fn new(doors: &Doors) -> Relay {
        let tokens = u64::from(doors.settings.relay_misses_per_second) * TOKENS_PER_QUESTION;
        let budget = BucketSpec {
            refill_rate: tokens,
            capacity: tokens * BURST_SECONDS,
        };
        Relay {
            shared: Arc::new(Shared {
                doors: doors.clone(),
                upstream: Arc::new(Upstream::new(
                    doors.rest.clone(),
                    Arc::clone(&doors.clock),
                    budget,
                    CACHE_BYTES,
                )),
            }),
        }
    }
}

/// Routes below `/trade-api`, with whole paths.
pub(crate) fn router(doors: &Doors) -> Router<Doors> {
    let relay = Relay::new(doors);
    Router::new()
        .nest(REST_PATH, rest::router(&relay))
        .route(WS_PATH, get(stream::open).with_state(relay.clone()))
        .route("/trade-api/{*path}", any(|| async { Refused::not_found() }))
        .layer(from_fn_with_state(relay, admit))
        .with_state(())
}

/// Lets in who may use the relay, if that is not everybody.
async fn admit(State(relay): State<Relay>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    let is_known = matches!(caller, Some(Caller::Session(_) | Caller::Token));
    match relay.shared.doors.settings.relay {
        RelayAccess::Session if !is_known => Refused::unauthenticated(request.headers()).into_response(),
        _ => next.run(request).await,
    }
}

/// Whether a path is the relay's.
pub(crate) fn is_relay(path: &str) -> bool {
    path.starts_with("/trade-api/")
}

/// A refusal of the gate in the exchange's own shape.
pub(crate) fn refusal(error: &ApiError) -> Response {
    let message = error.message.as_ref();
    let answer = match error.status {
        StatusCode::TOO_MANY_REQUESTS => ErrorAnswer::too_many_requests(),
        StatusCode::UNAUTHORIZED => ErrorAnswer::of(&Code::SignatureMissing),
        StatusCode::NOT_FOUND => ErrorAnswer::of(&Code::NotFound),
        StatusCode::METHOD_NOT_ALLOWED => ErrorAnswer::of(&Code::MethodNotAllowed),
        StatusCode::FORBIDDEN => ErrorAnswer::with_details(&Code::Forbidden, message),
        StatusCode::BAD_REQUEST => ErrorAnswer::bad_request(message),
        status => ErrorAnswer {
            status,
            ..ErrorAnswer::with_details(&Code::ServiceUnavailable, message)
        },
    };
    let body = serde_json::to_vec(&answer.body).expect("texts are JSON");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = answer.status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}
