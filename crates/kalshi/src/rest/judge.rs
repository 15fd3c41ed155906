//! What an answer, or its absence, means. Pure.

use bytes::Bytes;
use http::StatusCode;

use super::transport::{Answer, Broken};
use super::{Call, Error, Failure, Refusal, Undecodable, UnknownCause};
use crate::api::error::ErrorBody;

/// Characters of a body quoted in an error.
const EXCERPT: usize = 200;

/// Whether a request changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// May be repeated.
    Read,
    /// Sent once.
    Write,
}

/// The status and body of a success, or what the outcome amounts to.
pub(super) fn judge(
    kind: Kind,
    call: &Call,
    outcome: Result<Answer, Broken>,
) -> Result<(StatusCode, Bytes), Error> {
    let call = call.clone();
    let answer = match outcome {
        Ok(answer) => answer,
        Err(Broken::NotSent(failure)) => return Err(Error::NotSent { call, failure }),
        Err(Broken::MaybeSent(failure)) => return Err(lost(kind, call, failure)),
    };
    let status = answer.status;
    match answer.body {
        Ok(body) if status.is_success() => Ok((status, body)),
        Ok(body) => Err(refused(kind, call, status, &body)),
        // A 429 says all there is to know by its status alone.
        Err(_) if status == StatusCode::TOO_MANY_REQUESTS => Err(refused(kind, call, status, b"")),
        Err(Failure::TooLarge { limit }) if status.is_success() || kind == Kind::Read => {
            Err(too_large(kind, call, status, limit))
        }
        Err(failure) => Err(lost(kind, call, failure)),
    }
}

/// Asking again would bring as much again, so this is not for the retries of reads.
fn too_large(kind: Kind, call: Call, status: StatusCode, limit: usize) -> Error {
    Error::Undecodable(Box::new(Undecodable {
        call,
        status: status.as_u16(),
        wanted: "answer of bearable size",
        excerpt: format!("(more than {limit} bytes)"),
        taken: kind == Kind::Write,
        source: None,
    }))
}

fn lost(kind: Kind, call: Call, failure: Failure) -> Error {
    match kind {
        Kind::Read => Error::NoAnswer { call, failure },
        Kind::Write => Error::Unknown {
            call,
            cause: Box::new(UnknownCause::Failure(failure)),
        },
    }
}

fn refused(kind: Kind, call: Call, status: StatusCode, body: &[u8]) -> Error {
    let decoded = serde_json::from_slice::<ErrorBody>(body);
    let refusal = Refusal::new(call, status.as_u16(), decoded.as_ref().ok(), body);
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Error::TooManyRequests(Box::new(refusal));
    }
    match (kind, decoded) {
        (Kind::Read, Ok(_)) if status.is_client_error() => Error::Refused(Box::new(refusal)),
        (Kind::Write, Ok(body)) if settles(status, &body) => Error::Refused(Box::new(refusal)),
        (Kind::Read, _) if status.is_server_error() => Error::Unavailable(Box::new(refusal)),
        // A gateway, a redirect, a conflict, an exchange in trouble: what became of the request does not show.
        (Kind::Write, _) => {
            let call = refusal.call.clone();
            Error::Unknown {
                call,
                cause: Box::new(UnknownCause::Answer(refusal)),
            }
        }
        (Kind::Read, Ok(_)) => Error::Refused(Box::new(refusal)),
        (Kind::Read, Err(source)) => Error::Undecodable(Box::new(Undecodable {
            call: refusal.call,
            status: refusal.status,
            wanted: "refusal of a known form",
            excerpt: refusal.message,
            taken: false,
            source: Some(source),
        })),
    }
}

/// Whether an answer to a write other than 429 is the word of who judged it, and says that nothing was executed.
///
/// 409 says that something like it exists, perhaps by this very request; 408, 425 and 499 tell of the way here, not of the
/// request; and only the exchange's own shapes at their own statuses are its word.
fn settles(status: StatusCode, body: &ErrorBody) -> bool {
    match body {
        ErrorBody::Nested { error } | ErrorBody::Flat(error) => {
            let of_the_way = matches!(status.as_u16(), 408 | 409 | 425 | 499);
            status.is_client_error() && !of_the_way && !error.code.is_empty()
        }
        ErrorBody::Message { .. } => status == StatusCode::BAD_REQUEST,
        ErrorBody::Text { .. } => false,
    }
}

/// The first characters of `body`, damaged ones replaced.
pub(super) fn excerpt(body: &[u8]) -> String {
    let start = &body[..body.len().min(4 * EXCERPT)];
    String::from_utf8_lossy(start).chars().take(EXCERPT).collect()
}
