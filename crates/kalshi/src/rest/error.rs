use std::fmt;
use std::time::Duration;

use crate::api::error::ErrorBody;
use crate::limit::AcquireError;
use crate::sign::SignError;

use super::judge::excerpt;
use super::page::CursorError;

/// Method and path of a request, without the query: `GET /trade-api/v2/markets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call(Box<str>);

impl Call {
    pub(super) fn new(method: &http::Method, path: &str) -> Call {
        Call(format!("{method} {path}").into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What one can do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Not executed, and the same request may succeed later: no byte left, 429, or a read that failed on the way.
    Retryable,
    /// Not executed: the exchange judged the request and said no.
    Refused,
    /// An answer came and was not understood. A write was taken.
    Undecodable,
    /// A write that may have been executed; only looking can tell.
    Unknown,
    /// Not executed: stopped on this side, by a limit, a missing key or a wrong argument.
    Local,
}

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No byte of the request left this machine.
    #[error("{call}: not sent")]
    NotSent {
        /// The request.
        call: Call,
        /// What happened.
        #[source]
        failure: Failure,
    },
    /// A read left, and no whole answer came.
    #[error("{call}: no answer")]
    NoAnswer {
        /// The request.
        call: Call,
        /// What happened.
        #[source]
        failure: Failure,
    },
    /// 429: the bucket at the exchange was empty. Nothing was executed.
    #[error("{0}")]
    TooManyRequests(Box<Refusal>),
    /// 5xx on a read.
    #[error("{0}")]
    Unavailable(Box<Refusal>),
    /// The exchange said no.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// An answer that cannot be read: a success of another form than documented, or, on a read, a refusal of unknown form.
    #[error("{0}")]
    Undecodable(Box<Undecodable>),
    /// A write left, and whether it was executed is not known. Where an answer came, 409 `order_already_exists` for one,
    /// [`Error::refusal`] has it.
    #[error("{call}: may have been executed")]
    Unknown {
        /// The request.
        call: Call,
        /// What happened instead of an answer.
        #[source]
        cause: Box<UnknownCause>,
    },
    /// A private route, and the client has no key.
    #[error("{call}: needs a key")]
    NoKey {
        /// The request.
        call: Call,
    },
    /// The request got no tokens in time, or its own moment ([`Request::not_after`](super::Request::not_after)) passed before it
    /// was handed to a connection. Nothing left.
    #[error("{call}: held back")]
    Throttled {
        /// The request.
        call: Call,
        /// Why.
        source: AcquireError,
    },
    /// The request could not be signed.
    #[error("{call}: not signed")]
    Sign {
        /// The request.
        call: Call,
        /// Why.
        source: SignError,
    },
    /// An argument that no request can be made of.
    #[error("{what} {why}")]
    Argument {
        /// Which argument.
        what: &'static str,
        /// The rule it breaks.
        why: String,
    },
    /// A list that does not come to its end.
    #[error("{call}: {source}")]
    Cursor {
        /// Which list.
        call: Call,
        /// What is wrong.
        source: CursorError,
    },
}

impl Error {
    /// What one can do about it.
    pub fn class(&self) -> Class {
        match self {
            Error::NotSent { .. }
            | Error::NoAnswer { .. }
            | Error::TooManyRequests(_)
            | Error::Unavailable(_) => Class::Retryable,
            Error::Refused(_) => Class::Refused,
            Error::Undecodable(_) | Error::Cursor { .. } => Class::Undecodable,
            Error::Unknown { .. } => Class::Unknown,
            Error::Throttled { .. } | Error::NoKey { .. } | Error::Sign { .. } | Error::Argument { .. } => {
                Class::Local
            }
        }
    }

    /// Whether a write may have taken effect all the same: unknown outcomes, and successes that could not be read.
    pub fn may_have_executed(&self) -> bool {
        match self {
            Error::Unknown { .. } => true,
            Error::Undecodable(answer) => answer.taken,
            _ => false,
        }
    }

    /// The refusal the exchange answered with, whatever became of it.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::TooManyRequests(refusal) | Error::Unavailable(refusal) | Error::Refused(refusal) => {
                Some(refusal)
            }
            Error::Unknown { cause, .. } => match &**cause {
                UnknownCause::Answer(refusal) => Some(refusal),
                UnknownCause::Failure(_) => None,
            },
            _ => None,
        }
    }

    /// The exchange's code, `insufficient_balance` for one, where it gave one.
    pub fn code(&self) -> Option<&str> {
        self.refusal().and_then(|refusal| refusal.code.as_deref())
    }

    /// HTTP status of the answer, where there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Undecodable(answer) => Some(answer.status),
            other => other.refusal().map(|refusal| refusal.status),
        }
    }
}

/// An answer of 400 or above, or a redirect (which is never followed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The request.
    pub call: Call,
    /// HTTP status.
    pub status: u16,
    /// The exchange's code, where the body has one.
    pub code: Option<String>,
    /// Text for people; the first characters of the body where it had none of the known shapes.
    pub message: String,
    /// What distinguishes cases of one code.
    pub details: Option<String>,
}

impl Refusal {
    /// Of the body decoded, or of its first characters where it has none of the known shapes.
    pub(super) fn new(call: Call, status: u16, decoded: Option<&ErrorBody>, body: &[u8]) -> Refusal {
        Refusal {
            call,
            status,
            code: decoded.and_then(ErrorBody::code).map(str::to_owned),
            message: decoded.map_or_else(|| excerpt(body), |body| body.message().to_owned()),
            details: decoded.and_then(ErrorBody::details).map(str::to_owned),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if !self.message.is_empty() && Some(&self.message) != self.code.as_ref() {
            write!(f, ": {}", self.message)?;
        }
        match &self.details {
            Some(details) => write!(f, " ({details})"),
            None => Ok(()),
        }
    }
}

/// An answer that was not understood.
#[derive(Debug, thiserror::Error)]
#[error("{call}: {status} with an answer that is no {wanted}: {excerpt:?}")]
pub struct Undecodable {
    /// The request.
    pub call: Call,
    /// HTTP status.
    pub status: u16,
    /// What should have stood there.
    pub wanted: &'static str,
    /// The first characters of the body, at most 200; empty where the answer holds a secret.
    pub excerpt: String,
    /// Whether this was the answer to a write that the exchange took.
    pub taken: bool,
    /// What the decoder says, if it got that far.
    #[source]
    pub source: Option<serde_json::Error>,
}

/// Why it is not known whether a write was executed.
#[derive(Debug, thiserror::Error)]
pub enum UnknownCause {
    /// The connection failed after bytes may have left.
    #[error(transparent)]
    Failure(Failure),
    /// An answer that settles nothing: 5xx; 409, for what exists may be this very request's; 408, 425, 499; or a refusal that
    /// is not in one of the exchange's own shapes.
    #[error("{0}")]
    Answer(Refusal),
}

/// What went wrong between here and the exchange.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No connection; the [`ConnectError`](crate::connect::ConnectError) is among its sources.
    #[error("no connection")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There was no connection by the moment after which the request was not to be sent.
    #[error("no connection before it was too late")]
    TooLate,
    /// Nothing, or not all, came in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The connection broke, or what came was no HTTP.
    #[error("the connection broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer is larger than the client takes.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
}
