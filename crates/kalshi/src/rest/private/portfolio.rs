//! Balance, positions, fills, settlements.

use futures::Stream;

use super::MAX_PAGES;
use crate::api::portfolio::{
    Allocations, Balance, BalanceQuery, CommunicationsId, Deposit, DepositsQuery, Fill, FillsPage,
    FillsQuery, MarketPosition, PositionsPage, PositionsQuery, RestingOrderValue, SetAllocations, Settlement,
    SettlementsPage, SettlementsQuery, UserDataTimestamp, Withdrawal, WithdrawalsQuery,
};
use crate::rest::{Auth, Client, Error};

impl Client {
    /// Cash, and what the positions are worth: `GET /portfolio/balance`. Scope `read` or `read::portfolio_balance`.
    ///
    /// Paid from a bucket of its own: **one request a second** for Basic and Advanced, five above, without burst. React to
    /// fills rather than ask.
    ///
    /// # Errors
    /// Query parameters that are refused (400, 403).
    pub async fn balance(&self, query: &BalanceQuery) -> Result<Balance, Error> {
        let request = self.get(Auth::Private, &["portfolio", "balance"]);
        request.query(query).send().await
    }

    /// The account's positions by market, page after page: `GET /portfolio/positions`. Scope `read`; 10 read tokens a page. Lags
    /// fills by about a second.
    ///
    /// Unsettled ones unless the query says otherwise. Those by event are in [`Client::positions_page`].
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn positions(
        &self,
        query: PositionsQuery,
    ) -> impl Stream<Item = Result<MarketPosition, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["portfolio", "positions"]);
        request.list(query, MAX_PAGES)
    }

    /// One page of positions, by market and by event: that which `query.cursor` names.
    ///
    /// # Errors
    /// Query parameters that are refused (400, 403).
    pub async fn positions_page(&self, query: &PositionsQuery) -> Result<PositionsPage, Error> {
        let request = self.get(Auth::Private, &["portfolio", "positions"]);
        request.query(query).send().await
    }

    /// The account's fills, newest first, page after page: `GET /portfolio/fills`. Scope `read`; 10 read tokens a page.
    ///
    /// Older ones than the historical cut-off are only in [`Client::historical_fills`].
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn fills(&self, query: FillsQuery) -> impl Stream<Item = Result<Fill, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["portfolio", "fills"]);
        request.list(query, MAX_PAGES)
    }

    /// One page of [`Client::fills`], that which `query.cursor` names.
    ///
    /// # Errors
    /// Query parameters that are refused (400, 403).
    pub async fn fills_page(&self, query: &FillsQuery) -> Result<FillsPage, Error> {
        let request = self.get(Auth::Private, &["portfolio", "fills"]);
        request.query(query).send().await
    }

    /// The account's settlements, newest first, page after page: `GET /portfolio/settlements`. Scope `read`; 10 read tokens a
    /// page.
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn settlements(
        &self,
        query: SettlementsQuery,
    ) -> impl Stream<Item = Result<Settlement, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["portfolio", "settlements"]);
        request.list(query, MAX_PAGES)
    }

    /// One page of [`Client::settlements`], that which `query.cursor` names.
    ///
    /// # Errors
    /// Query parameters that are refused (400, 403).
    pub async fn settlements_page(&self, query: &SettlementsQuery) -> Result<SettlementsPage, Error> {
        let request = self.get(Auth::Private, &["portfolio", "settlements"]);
        request.query(query).send().await
    }

    /// What all resting orders are worth: `GET /portfolio/summary/total_resting_order_value`. Scope `read`; 10 read tokens.
    /// Meant for clearing members.
    ///
    /// # Errors
    /// As any read.
    pub async fn resting_order_value(&self) -> Result<RestingOrderValue, Error> {
        let path = ["portfolio", "summary", "total_resting_order_value"];
        self.get(Auth::Private, &path).send().await
    }

    /// Money paid in, page after page: `GET /portfolio/deposits`. Scope `read`; 10 read tokens a page.
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn deposits(
        &self,
        query: DepositsQuery,
    ) -> impl Stream<Item = Result<Deposit, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["portfolio", "deposits"]);
        request.list(query, MAX_PAGES)
    }

    /// Money paid out, page after page: `GET /portfolio/withdrawals`. Scope `read`; 10 read tokens a page.
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn withdrawals(
        &self,
        query: WithdrawalsQuery,
    ) -> impl Stream<Item = Result<Withdrawal, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["portfolio", "withdrawals"]);
        request.list(query, MAX_PAGES)
    }

    /// Shares of the cash that the shards are to hold: `GET /portfolio/target_balance_allocation`. Scope `read`; 10 read
    /// tokens.
    ///
    /// # Errors
    /// As any read.
    pub async fn balance_allocations(&self) -> Result<Allocations, Error> {
        let path = ["portfolio", "target_balance_allocation"];
        self.get(Auth::Private, &path).send().await
    }

    /// Sets those shares, 100 percent together, or none: `POST /portfolio/target_balance_allocation`. Scope `write::transfer`;
    /// 10 write tokens.
    ///
    /// # Errors
    /// 400 for shares that do not make 100.
    pub async fn set_balance_allocations(&self, allocations: &SetAllocations) -> Result<(), Error> {
        let request = self.post(&["portfolio", "target_balance_allocation"]);
        request.json(allocations).send_empty().await
    }

    /// Up to when the private reads know everything: `GET /exchange/user_data_timestamp`. 10 read tokens.
    ///
    /// # Errors
    /// As any read.
    pub async fn user_data_timestamp(&self) -> Result<UserDataTimestamp, Error> {
        let request = self.get(Auth::Public, &["exchange", "user_data_timestamp"]);
        request.send().await
    }

    /// The account's public id in requests for quotes: `GET /communications/id`. Scope `read`; 10 read tokens.
    ///
    /// # Errors
    /// As any read.
    pub async fn communications_id(&self) -> Result<CommunicationsId, Error> {
        self.get(Auth::Private, &["communications", "id"]).send().await
    }
}
