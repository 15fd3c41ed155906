//! Markets.

use kmi_domain::grid::TickGridError;
use kmi_domain::{Market, MarketResult, MarketStatus, Price, PriceRange, Quantity, TickGrid, Timestamp};
use serde::{Deserialize, Serialize};

use super::Scalar;
use super::field::{Fault, FieldError, Named, named, price, quantity};

/// A market object, of any generation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct MarketBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub event_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_type: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub subtitle: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_sub_title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub no_sub_title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub created_time: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub updated_time: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open_time: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub close_time: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub expected_expiration_time: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub expiration_time: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub latest_expiration_time: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub settlement_timer_seconds: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub status: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub result: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub settlement_value: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub settlement_value_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub settlement_ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub expiration_value: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub settlement_bounds_type: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub can_close_early: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub notional_value_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub price_level_structure: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub price_ranges: Option<Vec<PriceRangeBody<'a>>>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_bid: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_bid_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_bid_size_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_ask: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_ask_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_ask_size_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub no_bid: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub no_bid_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub no_ask: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub no_ask_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub last_price: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub last_price_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub previous_yes_bid_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub previous_yes_ask_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub previous_price_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub volume: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub volume_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub volume_24h: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub volume_24h_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open_interest: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open_interest_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub strike_type: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub floor_strike: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub cap_strike: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub rules_primary: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub rules_secondary: Scalar<'a>,
}

/// One range of `price_ranges`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct PriceRangeBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub start: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub end: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub step: Scalar<'a>,
}

impl MarketBody<'_> {
    /// The market, checked. Works on partial objects: everything but the ticker may be absent.
    ///
    /// A bid of nothing and an ask of a dollar are how the exchange writes "none" and read as `None`, as does a last price of
    /// nothing. A market without a status counts as finalized when it has a result, else as active.
    ///
    /// # Errors
    /// [`FieldError`] names the field, its value and the rule.
    pub fn to_market(&self) -> Result<Market, FieldError> {
        let ticker = match named!(self, ticker).present() {
            Some(ticker) => ticker.name()?,
            None if self.market_ticker.is_empty() => return Err(FieldError::missing("ticker")),
            None => named!(self, market_ticker).name()?,
        };
        let result = self.result()?;
        let yes_sub_title = match named!(self, yes_sub_title).str_or_empty()? {
            empty if empty.is_empty() => named!(self, subtitle).str_or_empty()?,
            text => text,
        };
        Ok(Market {
            ticker,
            event: named!(self, event_ticker).optional_name()?,
            title: named!(self, title).str_or_empty()?,
            yes_sub_title,
            no_sub_title: named!(self, no_sub_title).str_or_empty()?,
            open_time: named!(self, open_time).optional_time()?,
            close_time: named!(self, close_time).optional_time()?,
            status: self.status(result)?,
            result,
            settled_time: named!(self, settlement_ts).optional_time()?,
            expected_expiration_time: named!(self, expected_expiration_time).optional_time()?,
            settlement_timer_s: named!(self, settlement_timer_seconds).optional_int()?,
            grid: self.grid()?,
            price_level_structure: named!(self, price_level_structure).optional_str()?,
            yes_bid: self.yes_bid()?,
            yes_ask: self.yes_ask()?,
            yes_bid_size: named!(self, yes_bid_size_fp)
                .present()
                .map(Named::quantity)
                .transpose()?,
            yes_ask_size: named!(self, yes_ask_size_fp)
                .present()
                .map(Named::quantity)
                .transpose()?,
            last_price: price(named!(self, last_price), named!(self, last_price_dollars))?
                .filter(|last| *last != Price::ZERO),
            volume: quantity(named!(self, volume), named!(self, volume_fp))?,
            volume_24h: quantity(named!(self, volume_24h), named!(self, volume_24h_fp))?,
            open_interest: quantity(named!(self, open_interest), named!(self, open_interest_fp))?,
            strike_type: named!(self, strike_type).optional_str()?,
            floor_strike: named!(self, floor_strike).optional_number_text()?,
            cap_strike: named!(self, cap_strike).optional_number_text()?,
            rules_primary: named!(self, rules_primary).str_or_empty()?,
            updated_time: named!(self, updated_time).optional_time()?,
        })
    }

    /// A scalar result whose value is not told yet is no result yet.
    fn result(&self) -> Result<Option<MarketResult>, FieldError> {
        let value = price(
            named!(self, settlement_value),
            named!(self, settlement_value_dollars),
        )?;
        let Some(result) = named!(self, result).present() else {
            return Ok(None);
        };
        match result.str()? {
            "yes" => Ok(Some(MarketResult::Yes)),
            "no" => Ok(Some(MarketResult::No)),
            "scalar" => Ok(value.map(MarketResult::Scalar)),
            _ => Err(result.error(Fault::UnknownWord {
                value: result.value.to_string(),
                words: "yes no scalar".to_owned(),
            })),
        }
    }

    /// Response words, and the filter words that some recordings carry instead.
    fn status(&self, result: Option<MarketResult>) -> Result<MarketStatus, FieldError> {
        let Some(status) = named!(self, status).present() else {
            return Ok(match result {
                Some(_) => MarketStatus::Finalized,
                None => MarketStatus::Active,
            });
        };
        match status.str()? {
            "unopened" => Ok(MarketStatus::Initialized),
            "open" => Ok(MarketStatus::Active),
            "paused" => Ok(MarketStatus::Inactive),
            "settled" => Ok(MarketStatus::Finalized),
            _ => status.word(),
        }
    }

    /// `price_ranges`, else what the label stands for, else whole cents.
    fn grid(&self) -> Result<TickGrid, FieldError> {
        if let Some(ranges) = self.price_ranges.as_ref().filter(|ranges| !ranges.is_empty()) {
            return grid(ranges);
        }
        let label = named!(self, price_level_structure).optional_str()?;
        Ok(label
            .and_then(|label| TickGrid::from_label(&label))
            .unwrap_or_else(TickGrid::linear_cent))
    }

    fn yes_bid(&self) -> Result<Option<Price>, FieldError> {
        let own = price(named!(self, yes_bid), named!(self, yes_bid_dollars))?;
        let mirrored = price(named!(self, no_ask), named!(self, no_ask_dollars))?;
        Ok(own.or(mirrored.map(Price::complement)).filter(is_quote))
    }

    fn yes_ask(&self) -> Result<Option<Price>, FieldError> {
        let own = price(named!(self, yes_ask), named!(self, yes_ask_dollars))?;
        let mirrored = price(named!(self, no_bid), named!(self, no_bid_dollars))?;
        Ok(own.or(mirrored.map(Price::complement)).filter(is_quote))
    }
}

/// No order can rest at nothing or at a dollar: those are the exchange's words for "none".
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape `Option::filter` wants"
)]
pub(crate) fn is_quote(price: &Price) -> bool {
    *price != Price::ZERO && *price != Price::ONE
}

/// The grid of `price_ranges`, checked.
pub(crate) fn grid(ranges: &[PriceRangeBody<'_>]) -> Result<TickGrid, FieldError> {
    let range = |(index, range): (usize, &PriceRangeBody<'_>)| {
        let place = |error: FieldError| error.within(&format!("price_ranges[{index}]"));
        let read = |leaf: Named<'_, '_>| leaf.required().and_then(Named::dollars).map_err(place);
        Ok(PriceRange {
            start: read(named!(range, start))?,
            end: read(named!(range, end))?,
            step: read(named!(range, step))?,
        })
    };
    let ranges = ranges.iter().enumerate().map(range).collect::<Result<_, _>>()?;
    TickGrid::new(ranges)
        .map_err(|error: TickGridError| FieldError::new("price_ranges", Fault::BadGrid(error)))
}

/// How the exchange writes "never" where a time is required.
const NEVER: &str = "0001-01-01T00:00:00Z";

fn time_or_never(time: Option<Timestamp>) -> Scalar<'static> {
    time.map_or(Scalar::from(NEVER), Scalar::text)
}

impl MarketBody<'static> {
    /// The market as the exchange writes it today, every field its clients require included: no bid is `0.0000`, no ask
    /// `1.0000`, an unknown time the first second of year one.
    pub fn from_market(market: &Market) -> MarketBody<'static> {
        let body = MarketBody {
            ticker: Scalar::text(&market.ticker),
            event_ticker: Scalar::optional(market.event.as_ref()),
            market_type: Scalar::from("binary"),
            title: Scalar::text(&market.title),
            yes_sub_title: Scalar::text(&market.yes_sub_title),
            no_sub_title: Scalar::text(&market.no_sub_title),
            created_time: time_or_never(market.open_time),
            updated_time: time_or_never(market.updated_time),
            open_time: time_or_never(market.open_time),
            close_time: time_or_never(market.close_time),
            latest_expiration_time: time_or_never(market.close_time),
            settlement_timer_seconds: Scalar::Int(market.settlement_timer_s.unwrap_or(0)),
            status: Scalar::text(market.status),
            settlement_ts: Scalar::optional(market.settled_time),
            expected_expiration_time: Scalar::optional(market.expected_expiration_time),
            expiration_value: Scalar::from(""),
            settlement_bounds_type: Scalar::from("default"),
            can_close_early: Scalar::Bool(false),
            notional_value_dollars: Scalar::text(Price::ONE),
            strike_type: Scalar::optional(market.strike_type.as_ref()),
            floor_strike: number(market.floor_strike.as_deref()),
            cap_strike: number(market.cap_strike.as_deref()),
            rules_primary: Scalar::text(&market.rules_primary),
            rules_secondary: Scalar::from(""),
            ..MarketBody::default()
        };
        body.with_grid(market)
            .with_quotes(market)
            .with_result(market.result)
    }

    fn with_grid(mut self, market: &Market) -> Self {
        let range = |range: &PriceRange| PriceRangeBody {
            start: Scalar::text(range.start),
            end: Scalar::text(range.end),
            step: Scalar::text(range.step),
        };
        self.price_ranges = Some(market.grid.ranges().iter().map(range).collect());
        self.price_level_structure = match &market.price_level_structure {
            Some(label) => Scalar::text(label),
            None if market.grid == TickGrid::linear_cent() => Scalar::from("linear_cent"),
            None => Scalar::from(""),
        };
        self
    }

    fn with_quotes(mut self, market: &Market) -> Self {
        let bid = market.yes_bid.unwrap_or(Price::ZERO);
        let ask = market.yes_ask.unwrap_or(Price::ONE);
        let count = |quantity: Option<Quantity>| Scalar::text(quantity.unwrap_or(Quantity::ZERO));
        self.yes_bid_dollars = Scalar::text(bid);
        self.yes_ask_dollars = Scalar::text(ask);
        self.no_bid_dollars = Scalar::text(ask.complement());
        self.no_ask_dollars = Scalar::text(bid.complement());
        self.yes_bid_size_fp = count(market.yes_bid_size);
        self.yes_ask_size_fp = count(market.yes_ask_size);
        self.last_price_dollars = Scalar::text(market.last_price.unwrap_or(Price::ZERO));
        self.previous_yes_bid_dollars = Scalar::text(Price::ZERO);
        self.previous_yes_ask_dollars = Scalar::text(Price::ZERO);
        self.previous_price_dollars = Scalar::text(Price::ZERO);
        self.volume_fp = count(market.volume);
        self.volume_24h_fp = count(market.volume_24h);
        self.open_interest_fp = count(market.open_interest);
        self
    }

    fn with_result(mut self, result: Option<MarketResult>) -> Self {
        self.result = Scalar::from(result.map_or("", MarketResult::as_str));
        self.settlement_value_dollars =
            Scalar::optional(result.map(|result| result.payout(kmi_domain::Side::Yes)));
        self
    }
}

/// A strike as a JSON number where its text is one, else as a string.
pub(crate) fn number(text: Option<&str>) -> Scalar<'static> {
    let Some(text) = text else {
        return Scalar::Absent;
    };
    if let Ok(whole) = text.parse::<i64>() {
        return Scalar::Int(whole);
    }
    match text.parse::<f64>() {
        Ok(value) if value.to_string() == text => Scalar::Float(value),
        _ => Scalar::text(text),
    }
}
