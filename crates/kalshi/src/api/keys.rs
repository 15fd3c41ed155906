//! API keys.

use std::fmt;

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::word::word;
use super::{amount, request};

word! {
    /// What a key may do. A parent grants what its children do.
    pub enum Scope {
        /// All reads.
        Read = "read",
        /// All writes; granted only together with `read`.
        Write = "write",
        /// Reads of block trades to accept.
        ReadBlockTradeAccept = "read::block_trade_accept",
        /// `GET /portfolio/balance` alone.
        ReadPortfolioBalance = "read::portfolio_balance",
        /// Orders and order groups.
        WriteTrade = "write::trade",
        /// Money between subaccounts and shards.
        WriteTransfer = "write::transfer",
        /// Limits of a clearing member's customers.
        WriteFcmRisk = "write::fcm_risk",
        /// Accepting block trades.
        WriteBlockTradeAccept = "write::block_trade_accept",
    }
}

impl Scope {
    /// Whether a key with this scope may do what asks for `needed`: the same scope, or its parent.
    pub fn grants(&self, needed: &Scope) -> bool {
        let needed = needed.as_str();
        self.as_str() == needed
            || needed
                .split_once("::")
                .is_some_and(|(parent, _)| parent == self.as_str())
    }
}

word! {
    /// How a key signs.
    pub enum KeyType {
        /// RSA-PSS with SHA-256.
        Rsa = "rsa",
        /// Ed25519.
        Ed25519 = "ed25519",
    }
}

/// A key of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id, what `KALSHI-ACCESS-KEY` says.
    pub api_key_id: String,
    /// Name its owner gave it.
    pub name: String,
    /// What it may do.
    #[serde(default, with = "amount::list")]
    pub scopes: Vec<Scope>,
    /// Subaccount it is locked to, 0 to 63.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount: Option<u8>,
    /// Clearing member's customer it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fcm_subtrader_id: Option<String>,
}

/// Answer to `GET /api_keys`, which has no pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeys {
    /// The account's keys.
    #[serde(default, with = "amount::list")]
    pub api_keys: Vec<ApiKey>,
    /// When what the account said of its location runs out, to the second; `None` if it never said.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_seconds"
    )]
    pub api_key_region_expiration_ts: Option<Timestamp>,
}

/// A key to be registered by its public half. Body of `POST /api_keys`; 201 answers with [`CreatedApiKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateApiKey {
    /// Name to know it by.
    pub name: String,
    /// RSA or Ed25519 public key, PEM (`-----BEGIN PUBLIC KEY-----`).
    pub public_key: String,
    /// What it may do; everything (`read`, `write`) when not given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_all_known"
    )]
    pub scopes: Option<Vec<Scope>>,
    /// Subaccount to lock it to, 0 to 63.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount: Option<u8>,
}

/// A key that was registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedApiKey {
    /// Its id.
    pub api_key_id: String,
    /// What a clearing member should know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// A key pair to be made by the exchange. Body of `POST /api_keys/generate`; 201 answers with [`GeneratedApiKey`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerateApiKey {
    /// Name to know it by.
    pub name: String,
    /// Kind; RSA when not given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_known"
    )]
    pub key_type: Option<KeyType>,
    /// What it may do; everything (`read`, `write`) when not given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_all_known"
    )]
    pub scopes: Option<Vec<Scope>>,
    /// Subaccount to lock it to, 0 to 63.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount: Option<u8>,
}

/// A key pair that was made. The private half is told this once; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedApiKey {
    /// Its id.
    pub api_key_id: String,
    /// Kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_type: Option<KeyType>,
    /// Private half, PEM: PKCS#1 for RSA, PKCS#8 for Ed25519. Keep it secret.
    pub private_key: String,
    /// What a clearing member should know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

impl fmt::Debug for GeneratedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeneratedApiKey")
            .field("api_key_id", &self.api_key_id)
            .field("key_type", &self.key_type)
            .finish_non_exhaustive()
    }
}
