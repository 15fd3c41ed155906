//! What the house does: opens accounts, lists, pauses, moves and settles markets.

use kmi_domain::matching::MarketId;
use kmi_domain::{
    CollateralReturn, EventTicker, FeeMultiplier, FeeType, Level, MarketResult, MarketStatus, Money, Price,
    Quantity, SeriesTicker, Side, TickGrid, Ticker,
};
use rand::Rng;

use super::Run;
use crate::core::{
    Account, Command, EventSpec, MarketSpec, Payment, Recorded, Reply, SeriesSpec, Shard, Strike,
};

const GRIDS: [&str; 4] = [
    "linear_cent",
    "deci_cent",
    "tapered_deci_cent",
    "center_deci_edge_centi_cent",
];

fn name<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("visible ASCII of bounded length")
}

impl Run {
    /// Lists the series, one for each kind of fees on each shard, and opens the traders' accounts.
    pub(super) fn open_house(&mut self, traders: u32) -> Result<(), String> {
        let kinds = [
            (FeeType::Quadratic, 1_000_000),
            (FeeType::QuadraticWithMakerFees, 1_000_000),
            (FeeType::QuadraticWithComboMakerFees, 2_000_000),
            (FeeType::Quadratic, 500_000),
        ];
        for (shard, (fee_type, multiplier)) in Shard::ALL.into_iter().zip(kinds) {
            let ticker: SeriesTicker = name(&format!("S{}", shard.index()));
            self.must(&Command::ListSeries(SeriesSpec {
                title: ticker.to_string(),
                ticker,
                category: "Storms".to_owned(),
                tags: Vec::new(),
                frequency: "custom".to_owned(),
                fee_type,
                fee_multiplier: FeeMultiplier::from_millionths(multiplier),
                shard,
            }))?;
        }
        for number in 0..traders.max(2) {
            let command = Command::OpenUser {
                name: format!("trader {number}"),
                is_house: number % 10 == 9,
            };
            let Reply::User(user) = self.must(&command)? else {
                return Err("no user was opened".to_owned());
            };
            self.users.push(user);
            for shard in Shard::ALL {
                let amount = Money::from_micros(self.chance.random_range(1..2_000_000) * 100);
                self.must(&Command::Deposit {
                    account: Account::primary(user),
                    shard,
                    amount,
                })?;
            }
        }
        self.list_tapes()
    }

    /// A replayed market on each shard, so that the house pays its part in now and never again.
    fn list_tapes(&mut self) -> Result<(), String> {
        for shard in Shard::ALL {
            let event: EventTicker = name(&format!("T{}", shard.index()));
            self.must(&Command::ListEvent(EventSpec {
                ticker: event.clone(),
                series: name(&format!("S{}", shard.index())),
                title: event.to_string(),
                sub_title: String::new(),
                collateral_return: CollateralReturn::None,
                strike_date: None,
                fee_type_override: None,
                fee_multiplier_override: None,
            }))?;
            let spec = self.market_spec(&event, 0, true, true);
            if let Reply::Market(market) = self.must(&Command::ListMarket(spec))? {
                self.live.push(market);
            }
        }
        Ok(())
    }

    /// The next of a recording nobody made.
    pub(super) fn replay_command(&mut self) -> Command {
        let taped: Vec<MarketId> = self
            .active()
            .into_iter()
            .filter(|market| self.exchange.market(*market).spec.is_replay)
            .collect();
        let Some(market) = self.one_of(&taped) else {
            return Command::Advance;
        };
        self.now = self.now.plus_micros(self.chance.random_range(0..3_000));
        let side = if self.percent(50) { Side::Yes } else { Side::No };
        let cents = Price::from_cents(self.chance.random_range(40..=56)).expect("a cent price");
        let quantity = Quantity::from_units(self.chance.random_range(1..=4_000));
        let recorded = match self.chance.random_range(0..20) {
            0..3 => {
                let mut side = || {
                    let best = self.chance.random_range(40..=50);
                    let level = |below: u8, count: i64| Level {
                        price: Price::from_cents(best - below).expect("a cent price"),
                        quantity: Quantity::from_units(count),
                    };
                    vec![level(0, 700), level(1, 2_000), level(4, 10_000)]
                };
                Recorded::Snapshot {
                    yes: side(),
                    no: side(),
                }
            }
            3 => Recorded::Gap,
            4..14 => Recorded::Delta {
                side,
                price: cents,
                change: if self.percent(50) { quantity } else { -quantity },
            },
            _ => Recorded::Trade {
                id: None,
                price: cents,
                quantity,
                taker: side,
                is_block: self.percent(5),
            },
        };
        Command::Replay {
            market: self.ticker(market),
            recorded_at: self.now,
            recorded,
        }
    }

    /// A command that cannot be refused.
    fn must(&mut self, command: &Command) -> Result<Reply, String> {
        self.apply(command)?
            .map_err(|refusal| format!("{command:?}: {refusal}"))
    }

    /// Lists an event of a few markets.
    pub(super) fn list_event(&mut self) -> Result<(), String> {
        self.listed += 1;
        let event: EventTicker = name(&format!("E{}", self.listed));
        let series: SeriesTicker = name(&format!("S{}", self.chance.random_range(0..4)));
        let kinds = [
            CollateralReturn::Mecnet,
            CollateralReturn::Direcnet,
            CollateralReturn::None,
        ];
        let collateral_return = self.one_of(&kinds).expect("there are three");
        let fee_type_override = self.percent(20).then_some(FeeType::QuadraticWithMakerFees);
        self.must(&Command::ListEvent(EventSpec {
            ticker: event.clone(),
            series,
            title: event.to_string(),
            sub_title: String::new(),
            collateral_return,
            strike_date: None,
            fee_type_override,
            fee_multiplier_override: None,
        }))?;
        let is_above = self.percent(50);
        for number in 0..self.chance.random_range(1..=5) {
            let is_replay = self.percent(15);
            let spec = self.market_spec(&event, number, is_above, is_replay);
            if let Reply::Market(market) = self.must(&Command::ListMarket(spec))? {
                self.live.push(market);
            }
        }
        Ok(())
    }

    fn market_spec(
        &mut self,
        event: &EventTicker,
        number: u32,
        is_above: bool,
        is_replay: bool,
    ) -> MarketSpec {
        let structure = self.one_of(&GRIDS).expect("there are four");
        let open_time = self.now.plus_seconds(self.chance.random_range(-5..20));
        let close_time = self.now.plus_seconds(self.chance.random_range(30..600));
        // Listed in any order, so that thresholds have to be sorted.
        let strike = f64::from(self.chance.random_range(0..1_000));
        MarketSpec {
            ticker: name(&format!("{event}-{number}")),
            event: event.clone(),
            yes_sub_title: String::new(),
            no_sub_title: String::new(),
            rules_primary: String::new(),
            rules_secondary: String::new(),
            strike: Strike {
                kind: if is_above { "greater" } else { "less" }.to_owned(),
                floor: is_above.then_some(strike),
                cap: (!is_above).then_some(strike),
            },
            price_level_structure: structure.to_owned(),
            grid: TickGrid::from_label(structure).unwrap_or_else(TickGrid::linear_cent),
            open_time,
            close_time,
            expected_expiration_time: close_time,
            latest_expiration_time: close_time.plus_seconds(3_600),
            settlement_timer_s: self.chance.random_range(0..30),
            can_close_early: true,
            fee_waiver_until: self.percent(10).then(|| open_time.plus_seconds(60)),
            is_replay,
        }
    }

    pub(super) fn house_command(&mut self) -> Command {
        let roll = self.chance.random_range(0..100);
        if roll < 35 {
            self.now = self.now.plus_micros(self.chance.random_range(0..20_000_000));
            return Command::Advance;
        }
        let Some(market) = self.any_live() else {
            return Command::Advance;
        };
        let ticker = self.ticker(market);
        match roll {
            35..37 => Command::PauseTrading { until: None },
            37..38 => Command::PauseExchange {
                until: Some(self.now.plus_seconds(5)),
            },
            38..65 => Command::Resume,
            65..70 => Command::Deactivate { market: ticker },
            70..78 => Command::Activate { market: ticker },
            78..83 => Command::ChangeCloseTime {
                market: ticker,
                close_time: self.now.plus_seconds(self.chance.random_range(-10..300)),
            },
            83..87 => {
                let structure = self.one_of(&GRIDS).expect("there are four");
                Command::ChangeGrid {
                    market: ticker,
                    structure: structure.to_owned(),
                    grid: TickGrid::from_label(structure).unwrap_or_else(TickGrid::linear_cent),
                }
            }
            _ => {
                let result = self.any_result();
                let payment = if self.percent(50) {
                    Payment::Now
                } else {
                    Payment::AfterTimer
                };
                Command::Determine {
                    market: ticker,
                    result,
                    payment,
                }
            }
        }
    }

    fn any_result(&mut self) -> MarketResult {
        match self.chance.random_range(0..10) {
            0..4 => MarketResult::Yes,
            4..8 => MarketResult::No,
            8 => MarketResult::Scalar(
                Price::from_cents(self.chance.random_range(0..=100)).expect("a cent price"),
            ),
            _ => MarketResult::Scalar(
                Price::from_units(self.chance.random_range(0..=10_000)).expect("a part of a dollar"),
            ),
        }
    }

    /// A market that may be traded; those that are over are dropped from the list on the way.
    pub(super) fn any_live(&mut self) -> Option<MarketId> {
        let exchange = &self.exchange;
        self.live
            .retain(|market| exchange.market(*market).status != MarketStatus::Finalized);
        let live = std::mem::take(&mut self.live);
        let one = self.one_of(&live);
        self.live = live;
        one
    }

    /// Markets open for trading.
    pub(super) fn active(&self) -> Vec<MarketId> {
        let active = |market: &&MarketId| self.exchange.market(**market).is_active();
        self.live.iter().filter(active).copied().collect()
    }

    pub(super) fn ticker(&self, market: MarketId) -> Ticker {
        self.exchange.market(market).spec.ticker.clone()
    }

    /// Gives every market without a result one that is lawful, and waits until all is paid.
    pub(super) fn settle_everything(&mut self) -> Result<(), String> {
        self.must(&Command::Resume)?;
        let markets: Vec<MarketId> = self.exchange.markets().map(|market| market.id).collect();
        for market in markets {
            if self.exchange.market(market).result.is_some() {
                continue;
            }
            let ticker = self.ticker(market);
            let mut results = vec![self.any_result(), MarketResult::No, MarketResult::Yes];
            results.extend(self.known_results(market));
            let mut determined = false;
            for result in results {
                let command = Command::Determine {
                    market: ticker.clone(),
                    result,
                    payment: Payment::AfterTimer,
                };
                determined = self.apply(&command)?.is_ok();
                if determined {
                    break;
                }
            }
            if !determined {
                return Err(format!("{ticker} takes no result"));
            }
        }
        self.now = self.now.plus_seconds(100);
        self.must(&Command::Advance)?;
        Ok(())
    }

    /// Results of the event's other markets: one of them is always lawful between two thresholds that have theirs.
    fn known_results(&self, market: MarketId) -> Vec<MarketResult> {
        let event = &self.exchange.market(market).spec.event;
        self.exchange
            .markets_of(event)
            .filter_map(|market| market.result)
            .collect()
    }
}
