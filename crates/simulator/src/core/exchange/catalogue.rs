//! Listing series, events and markets.

use kmi_domain::fees::FeeSchedule;
use kmi_domain::matching::MarketId;
use kmi_domain::{CollateralReturn, MarketStatus, Money, Quantity};

use super::super::command::{Command, Outcome, Reply};
use super::super::event::{Event, Lifecycle};
use super::super::market::{EventState, MarketState, SeriesState};
use super::super::refusal::Refusal;
use super::super::spec::{EventSpec, MarketSpec, SeriesSpec};
use super::{BTreeSet, Exchange, Wake};

/// How a threshold's difficulty runs along its strike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// Above its floor: a higher floor is harder.
    Above,
    /// Below its cap: a lower cap is harder.
    Below,
}

impl Exchange {
    pub(super) fn list(&mut self, command: &Command, out: &mut Vec<Event>) -> Outcome {
        match command {
            Command::ListSeries(spec) => self.list_series(spec, out),
            Command::ListEvent(spec) => self.list_event(spec, out),
            Command::ListMarket(spec) => self.list_market(spec, out),
            _ => unreachable!("apply sends listings only"),
        }
    }

    fn list_series(&mut self, spec: &SeriesSpec, out: &mut Vec<Event>) -> Outcome {
        if self.series.contains_key(&spec.ticker) {
            return Err(Refusal::exists("series", &spec.ticker));
        }
        let state = SeriesState {
            spec: spec.clone(),
            created: self.now,
            events: Vec::new(),
        };
        self.series.insert(spec.ticker.clone(), state);
        out.push(Event::SeriesListed(spec.ticker.clone()));
        Ok(Reply::Done)
    }

    fn list_event(&mut self, spec: &EventSpec, out: &mut Vec<Event>) -> Outcome {
        if self.event_numbers.contains_key(&spec.ticker) {
            return Err(Refusal::exists("event", &spec.ticker));
        }
        let number = u32::try_from(self.events.len()).expect("fewer events than u32 counts");
        let series = self
            .series
            .get_mut(&spec.series)
            .ok_or_else(|| Refusal::unknown("series", &spec.series))?;
        series.events.push(number);
        self.events.push(EventState {
            spec: spec.clone(),
            shard: series.spec.shard,
            fees: FeeSchedule {
                fee_type: spec.fee_type_override.unwrap_or(series.spec.fee_type),
                multiplier: spec.fee_multiplier_override.unwrap_or(series.spec.fee_multiplier),
            },
            created: self.now,
            markets: Vec::new(),
            thresholds: Vec::new(),
        });
        self.event_numbers.insert(spec.ticker.clone(), number);
        out.push(Event::EventListed(spec.ticker.clone()));
        Ok(Reply::Done)
    }

    fn list_market(&mut self, spec: &MarketSpec, out: &mut Vec<Event>) -> Outcome {
        if self.market_ids.contains_key(&spec.ticker) {
            return Err(Refusal::exists("market", &spec.ticker));
        }
        let number = *self
            .event_numbers
            .get(&spec.event)
            .ok_or_else(|| Refusal::unknown("event", &spec.event))?;
        if spec.close_time <= spec.open_time || spec.close_time <= self.now {
            return Err(Refusal::invalid(
                "close_time",
                "must be later than open_time and now",
            ));
        }
        let rank = self.threshold_rank(number, spec)?;
        let id = self.engine.add_market(spec.grid.clone());
        let event = &mut self.events[number as usize];
        event.markets.push(id);
        if let Some(rank) = rank {
            event.thresholds.insert(rank, id);
        }
        let market = MarketState {
            id,
            spec: spec.clone(),
            series: event.spec.series.clone(),
            shard: event.shard,
            fees: event.fees,
            status: MarketStatus::Initialized,
            result: None,
            created: self.now,
            updated: self.now,
            closed_time: None,
            determined_time: None,
            settled_time: None,
            clock: 0,
            last_trade: None,
            volume: Quantity::ZERO,
            notional: Money::ZERO,
            open_interest: Quantity::ZERO,
            event: number,
        };
        self.markets.push(market);
        self.holders.push(BTreeSet::new());
        self.market_ids.insert(spec.ticker.clone(), id);
        self.wakes.insert((spec.close_time, Wake::Close(id)));
        out.push(Event::MarketListed(id));
        if spec.is_replay {
            self.open_tape(id, out);
        }
        if spec.open_time <= self.now {
            self.open_market(self.now, id, out);
        } else {
            self.wakes.insert((spec.open_time, Wake::Open(id)));
        }
        Ok(Reply::Market(id))
    }

    /// Where a market belongs among its event's thresholds; `None` if the event nets otherwise or not at all.
    fn threshold_rank(&self, event: u32, spec: &MarketSpec) -> Result<Option<usize>, Refusal> {
        let event = &self.events[event as usize];
        if event.spec.collateral_return != CollateralReturn::Direcnet {
            return Ok(None);
        }
        let (direction, strike) = threshold(spec).ok_or_else(|| {
            Refusal::invalid(
                "strike",
                "a netted threshold is `greater…` with a floor or `less…` with a cap",
            )
        })?;
        let mut rank = 0;
        for market in &event.thresholds {
            let (other_direction, other) =
                threshold(&self.market(*market).spec).expect("thresholds were checked when listed");
            if other_direction != direction {
                return Err(Refusal::invalid(
                    "strike",
                    "thresholds of an event run the same way",
                ));
            }
            let is_easier = match direction {
                Direction::Above => other <= strike,
                Direction::Below => other >= strike,
            };
            rank += usize::from(is_easier);
        }
        Ok(Some(rank))
    }

    pub(super) fn event_of(&self, market: MarketId) -> &EventState {
        &self.events[self.market(market).event as usize]
    }

    /// Notes a step in a market's life and tells of it.
    pub(super) fn step(
        &mut self,
        at: kmi_domain::Timestamp,
        market: MarketId,
        step: Lifecycle,
        out: &mut Vec<Event>,
    ) {
        let state = &mut self.markets[Self::slot(market)];
        state.updated = at;
        if let Some(status) = step.status() {
            state.status = status;
        }
        out.push(Event::Market(market, step));
    }
}

/// A market's threshold; `None` if it has none that orders it.
fn threshold(spec: &MarketSpec) -> Option<(Direction, f64)> {
    let (direction, strike) = if spec.strike.kind.starts_with("greater") {
        (Direction::Above, spec.strike.floor?)
    } else if spec.strike.kind.starts_with("less") {
        (Direction::Below, spec.strike.cap?)
    } else {
        return None;
    };
    strike.is_finite().then_some((direction, strike))
}
