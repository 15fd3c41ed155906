//! The WebSocket door: `/trade-api/ws/v2`.

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, Request};
use axum::response::{IntoResponse as _, Response};
use kmi_kalshi::api::code::ErrorAnswer;

use super::Shared;
use super::answer::ApiError;
use super::auth::Caller;
use crate::stream::{MAX_COMMAND_BYTES, Member};

/// Turns a request whose signature was verified into a WebSocket.
pub(super) async fn upgrade(shared: Arc<Shared>, caller: Caller, request: Request) -> Response {
    let (mut head, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut head, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            return ApiError::from(ErrorAnswer::bad_request(rejection.body_text())).into_response();
        }
    };
    let place = match shared.streams.reserve(caller.user()) {
        Ok(place) => place,
        Err(error) => {
            tracing::debug!(%error, "a connection was not taken");
            return ApiError::from(ErrorAnswer::too_many_requests()).into_response();
        }
    };
    let member = Member {
        user: caller.user(),
        account_name: caller.name().to_owned(),
        only: caller.key().subaccount,
    };
    upgrade
        .max_message_size(MAX_COMMAND_BYTES)
        .max_frame_size(MAX_COMMAND_BYTES)
        .on_upgrade(move |socket| place.serve(socket, member))
}
