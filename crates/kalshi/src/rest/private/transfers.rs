//! Subaccounts, and money between them and between shards.

use futures::Stream;

use super::MAX_PAGES;
use crate::api::transfers::{
    CreateSubaccount, CreatedSubaccount, NettingConfig, NettingConfigs, SetNetting, ShardTransfer,
    ShardTransferCreated, ShardTransferRequest, ShardTransferResponse, ShardTransfersQuery,
    SubaccountBalance, SubaccountBalances, SubaccountTransfer, SubaccountTransferRequest,
    SubaccountTransfersQuery,
};
use crate::rest::{Auth, Client, Error};

impl Client {
    /// Opens the next subaccount: `POST /portfolio/subaccounts`. Scope `write::transfer`; 10 write tokens. From tier Advanced
    /// on; at most 63.
    ///
    /// # Errors
    /// 400 when there are 63; 403 below Advanced. After a lost answer look at [`Client::subaccount_balances`].
    pub async fn create_subaccount(&self, body: &CreateSubaccount) -> Result<CreatedSubaccount, Error> {
        self.post(&["portfolio", "subaccounts"]).json(body).send().await
    }

    /// Moves money between subaccounts of one shard: `POST /portfolio/subaccounts/transfer`. Scope `write::transfer`; 10
    /// write tokens.
    ///
    /// Whole cents. The same `client_transfer_id` again moves nothing.
    ///
    /// # Errors
    /// `available_balance_too_low`; [`Error::Argument`] for a part of a cent.
    pub async fn transfer_between_subaccounts(
        &self,
        transfer: &SubaccountTransferRequest,
    ) -> Result<(), Error> {
        let request = self.post(&["portfolio", "subaccounts", "transfer"]);
        request.json(transfer).send_empty().await
    }

    /// Cash by subaccount and shard: `GET /portfolio/subaccounts/balances`. Scope `read`; 10 read tokens.
    ///
    /// # Errors
    /// As any read.
    pub async fn subaccount_balances(&self) -> Result<Vec<SubaccountBalance>, Error> {
        let request = self.get(Auth::Private, &["portfolio", "subaccounts", "balances"]);
        Ok(request.send::<SubaccountBalances>().await?.subaccount_balances)
    }

    /// Transfers between subaccounts, newest first, page after page: `GET /portfolio/subaccounts/transfers`. Scope `read`; 10
    /// read tokens a page.
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn subaccount_transfers(
        &self,
        query: SubaccountTransfersQuery,
    ) -> impl Stream<Item = Result<SubaccountTransfer, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["portfolio", "subaccounts", "transfers"]);
        request.list(query, MAX_PAGES)
    }

    /// Whether collateral is netted within events, by subaccount and shard: `GET /portfolio/subaccounts/netting`. Scope `read`;
    /// 10 read tokens.
    ///
    /// # Errors
    /// As any read.
    pub async fn subaccount_netting(&self) -> Result<Vec<NettingConfig>, Error> {
        let request = self.get(Auth::Private, &["portfolio", "subaccounts", "netting"]);
        Ok(request.send::<NettingConfigs>().await?.netting_configs)
    }

    /// Switches netting of a subaccount: `PUT /portfolio/subaccounts/netting`. Scope `write::trade`; 10 write tokens.
    ///
    /// # Errors
    /// 400 for a subaccount that does not exist; `insufficient_balance` when what netting gave back is spent.
    pub async fn set_subaccount_netting(&self, netting: SetNetting) -> Result<(), Error> {
        let request = self.put(&["portfolio", "subaccounts", "netting"]);
        request.json(&netting).send_empty().await
    }

    /// Moves money between shards: `POST /portfolio/intra_exchange_instance_transfer`. Scope `write::transfer`; 10 write
    /// tokens. To $0.0001.
    ///
    /// **It arrives later**: ask [`Client::shard_transfer`] until it is complete.
    ///
    /// # Errors
    /// `available_balance_too_low`; [`Error::Argument`] for a part of $0.0001. **Unknown** with 409 when the
    /// `client_transfer_id` was accepted before, by this very transfer if it was sent before.
    pub async fn transfer_between_shards(
        &self,
        transfer: &ShardTransferRequest,
    ) -> Result<ShardTransferCreated, Error> {
        let request = self.post(&["portfolio", "intra_exchange_instance_transfer"]);
        request.json(transfer).send().await
    }

    /// A transfer between shards: `GET /portfolio/intra_exchange_instance_transfers/{transfer_id}`. Scope `read`; 10 read
    /// tokens.
    ///
    /// # Errors
    /// `not_found` (404).
    pub async fn shard_transfer(&self, transfer_id: &str) -> Result<ShardTransfer, Error> {
        let path = ["portfolio", "intra_exchange_instance_transfers", transfer_id];
        let answer: ShardTransferResponse = self.get(Auth::Private, &path).send().await?;
        Ok(answer.transfer)
    }

    /// Transfers between shards, newest first, page after page: `GET /portfolio/intra_exchange_instance_transfers`. Scope
    /// `read`; 10 read tokens a page.
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn shard_transfers(
        &self,
        query: ShardTransfersQuery,
    ) -> impl Stream<Item = Result<ShardTransfer, Error>> + Send + 'static {
        let path = ["portfolio", "intra_exchange_instance_transfers"];
        self.get(Auth::Private, &path).list(query, MAX_PAGES)
    }
}
