//! Subaccounts, and money between them and between shards.

use kmi_domain::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use super::page::{Cursor, PageLimits, Paged, PagedQuery, page};
use super::query::query;
use super::word::word;
use super::{amount, request};

/// A subaccount to be opened. Body of `POST /portfolio/subaccounts`, which may be missing; 201 answers with
/// [`CreatedSubaccount`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSubaccount {
    /// Shard; 0 when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_index: Option<i32>,
}

/// A subaccount that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedSubaccount {
    /// Its number, 1 to 63: the next one.
    pub subaccount_number: u8,
}

/// Money to be moved between subaccounts of one shard. Body of `POST /portfolio/subaccounts/transfer`; 200 answers with `{}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubaccountTransferRequest {
    /// Id of your own, a UUID: the same again moves nothing.
    pub client_transfer_id: String,
    /// From, 0 (the primary one) to 63.
    pub from_subaccount: u8,
    /// To, 0 to 63.
    pub to_subaccount: u8,
    /// How much, in whole cents, above zero; an amount with a part of a cent is not sent at all.
    #[serde(serialize_with = "request::write_cents", deserialize_with = "request::cents")]
    pub amount_cents: Money,
    /// On this shard; 0 when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_index: Option<i32>,
}

/// Answer to `GET /portfolio/subaccounts/balances`, which has no pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubaccountBalances {
    /// One per subaccount and shard.
    #[serde(default, with = "amount::list")]
    pub subaccount_balances: Vec<SubaccountBalance>,
}

/// Cash of a subaccount on a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubaccountBalance {
    /// Subaccount, 0 (the primary one) to 63.
    pub subaccount_number: u8,
    /// Shard.
    #[serde(default)]
    pub exchange_index: i32,
    /// Cash.
    #[serde(with = "amount::money4")]
    pub balance: Money,
    /// When it changed last, to the second.
    #[serde(with = "amount::unix_seconds")]
    pub updated_ts: Timestamp,
}

/// Money that was moved between subaccounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubaccountTransfer {
    /// Its id.
    pub transfer_id: String,
    /// From, 0 (the primary one) to 63.
    pub from_subaccount: u8,
    /// To, 0 to 63.
    pub to_subaccount: u8,
    /// How much, in whole cents.
    #[serde(with = "amount::cents")]
    pub amount_cents: Money,
    /// When, to the second.
    #[serde(with = "amount::unix_seconds")]
    pub created_ts: Timestamp,
    /// Shard.
    #[serde(default)]
    pub exchange_index: i32,
}

query! {
    /// `GET /portfolio/subaccounts/transfers`, newest first.
    pub struct SubaccountTransfersQuery {
        /// Transfers on a page, [`SubaccountTransfersQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
    }
}

impl SubaccountTransfersQuery {
    /// Transfers on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 1_000,
        default: 100,
    };
}

page! {
    /// A page of transfers between subaccounts, newest first.
    SubaccountTransfersPage { transfers: SubaccountTransfer } of SubaccountTransfersQuery
}

/// Whether collateral is netted within events from now on. Body of `PUT /portfolio/subaccounts/netting`; the answer to it has no
/// body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetNetting {
    /// Subaccount, 0 (the primary one) to 63.
    pub subaccount_number: u8,
    /// On or off.
    pub enabled: bool,
}

/// Answer to `GET /portfolio/subaccounts/netting`, which has no pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NettingConfigs {
    /// One per subaccount and shard.
    #[serde(default, with = "amount::list")]
    pub netting_configs: Vec<NettingConfig>,
}

/// Whether a subaccount's collateral is netted within events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NettingConfig {
    /// Subaccount, 0 (the primary one) to 63.
    pub subaccount_number: u8,
    /// On or off.
    pub enabled: bool,
    /// Shard.
    #[serde(default)]
    pub exchange_index: i32,
}

word! {
    /// A part of the exchange with books and cash of its own.
    pub enum ExchangeInstance {
        /// Event contracts: all that this crate speaks to.
        EventContract = "event_contract",
        /// Perpetual futures.
        Margined = "margined",
    }
}

/// Money to be moved between shards (or parts) of the exchange. Body of `POST /portfolio/intra_exchange_instance_transfer`; 200
/// answers with [`ShardTransferCreated`]. It arrives later.
///
/// Between subaccounts as well it goes in up to three steps; if a later one fails, money stays in the primary account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardTransferRequest {
    /// Id of your own, a UUID, for primary accounts only: the same again is refused (409).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub client_transfer_id: Option<String>,
    /// From this part.
    #[serde(deserialize_with = "request::known")]
    pub source: ExchangeInstance,
    /// To that part.
    #[serde(deserialize_with = "request::known")]
    pub destination: ExchangeInstance,
    /// How much, in hundredths of a cent ($0.0001), above zero; an amount with a part of one is not sent at all.
    #[serde(
        serialize_with = "request::write_centi_cents",
        deserialize_with = "request::centi_cents"
    )]
    pub amount: Money,
    /// From this shard, 0 to 100.
    #[serde(default)]
    pub source_exchange_shard: u8,
    /// To that one, 0 to 100.
    #[serde(default)]
    pub destination_exchange_shard: u8,
    /// From this subaccount.
    #[serde(default)]
    pub source_subaccount: u8,
    /// To that one.
    #[serde(default)]
    pub destination_subaccount: u8,
}

impl ShardTransferRequest {
    /// `amount` of the primary account, from one shard of event contracts to another.
    pub fn between_shards(source: u8, destination: u8, amount: Money) -> ShardTransferRequest {
        ShardTransferRequest {
            client_transfer_id: None,
            source: ExchangeInstance::EventContract,
            destination: ExchangeInstance::EventContract,
            amount,
            source_exchange_shard: source,
            destination_exchange_shard: destination,
            source_subaccount: 0,
            destination_subaccount: 0,
        }
    }

    /// The same with an id of your own, a UUID.
    #[must_use]
    pub fn client_transfer_id(self, id: impl Into<String>) -> ShardTransferRequest {
        ShardTransferRequest {
            client_transfer_id: Some(id.into()),
            ..self
        }
    }
}

/// A transfer that was accepted and arrives later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardTransferCreated {
    /// Its id.
    pub transfer_id: String,
}

word! {
    /// Where a transfer stands.
    pub enum TransferStatus {
        /// Under way.
        Pending = "pending",
        /// Arrived.
        Complete = "complete",
    }
}

/// Money that is or was moved between shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardTransfer {
    /// Its id.
    pub transfer_id: String,
    /// Your id, where one was given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub client_transfer_id: Option<String>,
    /// From this part.
    pub source: ExchangeInstance,
    /// To that part.
    pub destination: ExchangeInstance,
    /// From this shard.
    pub source_exchange_shard: i32,
    /// To that one.
    pub destination_exchange_shard: i32,
    /// How much.
    #[serde(with = "amount::money4")]
    pub amount: Money,
    /// Where it stands.
    pub status: TransferStatus,
    /// When it was accepted, to the second.
    #[serde(with = "amount::unix_seconds")]
    pub created_ts: Timestamp,
}

query! {
    /// `GET /portfolio/intra_exchange_instance_transfers`, newest first.
    pub struct ShardTransfersQuery {
        /// Transfers on a page, [`ShardTransfersQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
    }
}

impl ShardTransfersQuery {
    /// Transfers on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 500,
        default: 100,
    };
}

/// A page of transfers between shards, newest first. The only list whose cursor is left out on the last page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardTransfersPage {
    /// The transfers of this page.
    #[serde(default, with = "amount::list")]
    pub transfers: Vec<ShardTransfer>,
    /// Where the next page starts.
    #[serde(default, skip_serializing_if = "Cursor::is_last")]
    pub cursor: Cursor,
}

impl Paged for ShardTransfersPage {
    type Item = ShardTransfer;

    fn into_page(self) -> (Vec<ShardTransfer>, Cursor) {
        (self.transfers, self.cursor)
    }
}

impl PagedQuery for ShardTransfersQuery {
    type Page = ShardTransfersPage;

    fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = cursor.next();
    }
}

/// Answer to `GET /portfolio/intra_exchange_instance_transfers/{transfer_id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardTransferResponse {
    /// The transfer.
    pub transfer: ShardTransfer,
}
