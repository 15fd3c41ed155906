//! A market's body as a domain market, and back.

use kmi_domain::{MarketResult, Price, Quantity, Side, TickGrid};

use super::{BoundsWord, Market, MarketTypeWord, PriceRange, ResultWord, StatusWord, StrikeTypeWord};
use crate::api::side::unknown;
use crate::wire::field::{Fault, FieldError};
use crate::wire::market::is_quote;

impl Market {
    /// The market as the domain has it. No bid, no ask and no last price are `None`; a scalar result whose value is not told
    /// yet is no result yet.
    ///
    /// # Errors
    /// [`FieldError`] when the status or result is a word added since, or the price ranges make no grid.
    pub fn to_domain(&self) -> Result<kmi_domain::Market, FieldError> {
        Ok(kmi_domain::Market {
            ticker: self.ticker.clone(),
            event: Some(self.event_ticker.clone()),
            title: self.title.clone().unwrap_or_default(),
            yes_sub_title: match &self.subtitle {
                Some(subtitle) if self.yes_sub_title.is_empty() => subtitle.clone(),
                _ => self.yes_sub_title.clone(),
            },
            no_sub_title: self.no_sub_title.clone(),
            open_time: self.open_time,
            close_time: self.close_time,
            status: self
                .status
                .status()
                .ok_or_else(|| unknown("status", self.status.as_str(), StatusWord::KNOWN))?,
            result: self.market_result()?,
            settled_time: self.settlement_ts,
            expected_expiration_time: self.expected_expiration_time,
            settlement_timer_s: Some(self.settlement_timer_seconds),
            grid: self.grid()?,
            price_level_structure: (!self.price_level_structure.is_empty())
                .then(|| self.price_level_structure.clone()),
            yes_bid: Some(self.yes_bid_dollars).filter(is_quote),
            yes_ask: Some(self.yes_ask_dollars).filter(is_quote),
            yes_bid_size: Some(self.yes_bid_size_fp),
            yes_ask_size: Some(self.yes_ask_size_fp),
            last_price: Some(self.last_price_dollars).filter(|last| *last != Price::ZERO),
            volume: Some(self.volume_fp),
            volume_24h: Some(self.volume_24h_fp),
            open_interest: Some(self.open_interest_fp),
            strike_type: self.strike_type.as_ref().map(ToString::to_string),
            floor_strike: self.floor_strike.clone(),
            cap_strike: self.cap_strike.clone(),
            rules_primary: self.rules_primary.clone(),
            updated_time: self.updated_time,
        })
    }

    /// How it came out; `None` until that is known, which for a scalar result includes its value.
    ///
    /// # Errors
    /// [`FieldError`] for a word added since.
    pub fn market_result(&self) -> Result<Option<MarketResult>, FieldError> {
        match &self.result {
            ResultWord::None => Ok(None),
            ResultWord::Yes => Ok(Some(MarketResult::Yes)),
            ResultWord::No => Ok(Some(MarketResult::No)),
            ResultWord::Scalar => Ok(self.settlement_value_dollars.map(MarketResult::Scalar)),
            ResultWord::Other(word) => Err(unknown("result", word, ResultWord::KNOWN)),
        }
    }

    /// Valid order prices: `price_ranges`, else what the label stands for, else whole cents.
    ///
    /// # Errors
    /// [`FieldError`] when the ranges make no grid.
    pub fn grid(&self) -> Result<TickGrid, FieldError> {
        if self.price_ranges.is_empty() {
            return Ok(
                TickGrid::from_label(&self.price_level_structure).unwrap_or_else(TickGrid::linear_cent)
            );
        }
        let ranges = self.price_ranges.iter().map(|range| (*range).into()).collect();
        TickGrid::new(ranges).map_err(|error| FieldError::new("price_ranges", Fault::BadGrid(error)))
    }

    /// Sets the quotes of both contracts from those of YES; `None` is no bid, or no ask.
    pub fn set_quotes(&mut self, yes_bid: Option<(Price, Quantity)>, yes_ask: Option<(Price, Quantity)>) {
        let (bid, bid_size) = yes_bid.unwrap_or((Price::ZERO, Quantity::ZERO));
        let (ask, ask_size) = yes_ask.unwrap_or((Price::ONE, Quantity::ZERO));
        self.yes_bid_dollars = bid;
        self.yes_bid_size_fp = bid_size;
        self.yes_ask_dollars = ask;
        self.yes_ask_size_fp = ask_size;
        self.no_bid_dollars = ask.complement();
        self.no_ask_dollars = bid.complement();
    }

    /// Sets the result with the value it gives YES.
    pub fn set_result(&mut self, result: Option<MarketResult>) {
        self.result = result.into();
        self.settlement_value_dollars = result.map(|result| result.payout(Side::Yes));
    }

    /// Sets the price ranges and their label, which is empty for a grid without a known one.
    pub fn set_grid(&mut self, grid: &TickGrid, label: Option<&str>) {
        self.price_ranges = grid.ranges().iter().map(|range| (*range).into()).collect();
        self.price_level_structure = match label {
            Some(label) => label.to_owned(),
            None if *grid == TickGrid::linear_cent() => "linear_cent".to_owned(),
            None => String::new(),
        };
    }
}

impl From<&kmi_domain::Market> for Market {
    /// The body as the exchange writes it. What the domain does not keep is empty, zero or "never"; a market without an event
    /// gets its own ticker for one, as the field is required.
    fn from(market: &kmi_domain::Market) -> Market {
        let event = market.event.clone().unwrap_or_else(|| {
            let ticker = market.ticker.as_str();
            ticker
                .parse()
                .expect("a ticker keeps the rules of an event ticker")
        });
        let mut body = Market {
            title: Some(market.title.clone()).filter(|title| !title.is_empty()),
            yes_sub_title: market.yes_sub_title.clone(),
            no_sub_title: market.no_sub_title.clone(),
            created_time: market.open_time,
            updated_time: market.updated_time,
            open_time: market.open_time,
            close_time: market.close_time,
            latest_expiration_time: market.close_time,
            settlement_timer_seconds: market.settlement_timer_s.unwrap_or(0),
            settlement_ts: market.settled_time,
            expected_expiration_time: market.expected_expiration_time,
            last_price_dollars: market.last_price.unwrap_or(Price::ZERO),
            volume_fp: market.volume.unwrap_or_default(),
            volume_24h_fp: market.volume_24h.unwrap_or_default(),
            open_interest_fp: market.open_interest.unwrap_or_default(),
            strike_type: market.strike_type.as_deref().map(StrikeTypeWord::from),
            floor_strike: market.floor_strike.clone(),
            cap_strike: market.cap_strike.clone(),
            rules_primary: market.rules_primary.clone(),
            ..Market::blank(market.ticker.clone(), event, market.status.into())
        };
        body.set_quotes(
            market
                .yes_bid
                .map(|bid| (bid, market.yes_bid_size.unwrap_or_default())),
            market
                .yes_ask
                .map(|ask| (ask, market.yes_ask_size.unwrap_or_default())),
        );
        body.set_grid(&market.grid, market.price_level_structure.as_deref());
        body.set_result(market.result);
        body
    }
}

impl Market {
    /// A market of which only name, event and status are known: no quotes, no trades, whole cents, every time "never".
    pub fn blank(
        ticker: kmi_domain::Ticker,
        event_ticker: kmi_domain::EventTicker,
        status: StatusWord,
    ) -> Market {
        Market {
            ticker,
            event_ticker,
            market_type: MarketTypeWord::Binary,
            title: None,
            subtitle: None,
            yes_sub_title: String::new(),
            no_sub_title: String::new(),
            created_time: None,
            updated_time: None,
            open_time: None,
            close_time: None,
            expected_expiration_time: None,
            expiration_time: None,
            latest_expiration_time: None,
            settlement_timer_seconds: 0,
            status,
            yes_bid_dollars: Price::ZERO,
            yes_bid_size_fp: Quantity::ZERO,
            yes_ask_dollars: Price::ONE,
            yes_ask_size_fp: Quantity::ZERO,
            no_bid_dollars: Price::ZERO,
            no_ask_dollars: Price::ONE,
            last_price_dollars: Price::ZERO,
            volume_fp: Quantity::ZERO,
            volume_24h_fp: Quantity::ZERO,
            result: ResultWord::None,
            can_close_early: false,
            open_interest_fp: Quantity::ZERO,
            notional_value_dollars: Price::ONE,
            previous_yes_bid_dollars: Price::ZERO,
            previous_yes_ask_dollars: Price::ZERO,
            previous_price_dollars: Price::ZERO,
            settlement_value_dollars: None,
            settlement_ts: None,
            settlement_bounds_type: BoundsWord::Default,
            settlement_floor_dollars: None,
            expiration_value: String::new(),
            occurrence_datetime: None,
            fee_waiver_expiration_time: None,
            early_close_condition: None,
            strike_type: None,
            floor_strike: None,
            cap_strike: None,
            functional_strike: None,
            custom_strike: None,
            rules_primary: String::new(),
            rules_secondary: String::new(),
            mve_collection_ticker: None,
            mve_selected_legs: Vec::new(),
            primary_participant_key: None,
            price_level_structure: "linear_cent".to_owned(),
            price_ranges: TickGrid::linear_cent()
                .ranges()
                .iter()
                .map(|range| (*range).into())
                .collect(),
            is_provisional: None,
            exchange_index: 0,
            liquidity_dollars: None,
        }
    }
}

impl From<Option<MarketResult>> for ResultWord {
    fn from(result: Option<MarketResult>) -> ResultWord {
        result.map_or(ResultWord::None, |result| ResultWord::from(result.as_str()))
    }
}

impl From<PriceRange> for kmi_domain::PriceRange {
    fn from(range: PriceRange) -> Self {
        kmi_domain::PriceRange {
            start: range.start,
            end: range.end,
            step: range.step,
        }
    }
}

impl From<kmi_domain::PriceRange> for PriceRange {
    fn from(range: kmi_domain::PriceRange) -> Self {
        PriceRange {
            start: range.start,
            end: range.end,
            step: range.step,
        }
    }
}
