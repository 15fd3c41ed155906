//! What can be asked over HTTP: the operations of the specification, each with its route, who may ask, what it costs and what
//! answers it.

use futures::future::BoxFuture;
use http::Method;

use super::answer::{Answer, ApiError};
use super::call::Call;
use super::scope::Access;

/// What a handler gives.
pub(crate) type Answered = Result<Answer, ApiError>;

/// What answers an operation.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    /// A look at the exchange.
    Read(fn(&Call) -> Answered),
    /// A change, answered when it is durable.
    Write(fn(Call) -> BoxFuture<'static, Answered>),
    /// Writes of orders as they were until June 2026: 410.
    Retired,
    /// Part of Kalshi, not of this exchange: 501.
    NotSimulated,
}

/// What a request takes out of its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// So many tokens.
    Tokens(u64),
    /// So many tokens for each item of the batch, billed by the handler.
    PerItem(u64),
    /// One from the bucket of the balance.
    Balance,
}

/// Tokens of everything that has no cost of its own.
pub(crate) const DEFAULT_COST: u64 = 10;

/// An operation of the API.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// Route below `/trade-api/v2`.
    pub(crate) path: &'static str,
    /// The specification's `operationId`.
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    pub(crate) cost: Cost,
    pub(crate) action: Action,
}

impl Operation {
    /// Public data.
    pub(crate) fn public(
        name: &'static str,
        path: &'static str,
        handler: fn(&Call) -> Answered,
    ) -> Operation {
        Operation::of(Method::GET, name, path, Access::Public, Action::Read(handler))
    }

    /// Something of the caller's own.
    pub(crate) fn private(
        name: &'static str,
        path: &'static str,
        handler: fn(&Call) -> Answered,
    ) -> Operation {
        Operation::of(Method::GET, name, path, Access::READ, Action::Read(handler))
    }

    /// A change.
    pub(crate) fn write(
        method: Method,
        name: &'static str,
        path: &'static str,
        access: Access,
        handler: fn(Call) -> BoxFuture<'static, Answered>,
    ) -> Operation {
        Operation::of(method, name, path, access, Action::Write(handler))
    }

    /// What Kalshi no longer has.
    pub(crate) fn retired(method: Method, path: &'static str) -> Operation {
        Operation::of(method, "(retired)", path, Access::TRADE, Action::Retired)
    }

    /// What this exchange does not have.
    pub(crate) fn not_simulated(method: Method, name: &'static str, path: &'static str) -> Operation {
        Operation::of(method, name, path, Access::Public, Action::NotSimulated)
    }

    fn of(
        method: Method,
        name: &'static str,
        path: &'static str,
        access: Access,
        action: Action,
    ) -> Operation {
        Operation {
            method,
            path,
            name,
            access,
            cost: Cost::Tokens(DEFAULT_COST),
            action,
        }
    }

    /// The same at another cost.
    pub(crate) fn at(self, cost: Cost) -> Operation {
        Operation { cost, ..self }
    }

    /// The same for keys of another scope.
    pub(crate) fn needing(self, access: Access) -> Operation {
        Operation { access, ..self }
    }
}
