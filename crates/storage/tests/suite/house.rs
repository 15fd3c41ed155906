//! A fresh store and short ways to say what goes into it.

use kmi_domain::{
    Event, EventTicker, FeeMultiplier, FeeType, Market, MarketResult, MarketStatus, Price, PublicTrade,
    Quantity, SeriesTicker, Side, TickGrid, Ticker, Timestamp, TradeId,
};
use kmi_storage::{Ids, ImportMeta, Store, StoreLocation, TradeQuery, throwaway};
use tempfile::TempDir;

/// A store in a folder that goes when it goes.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

impl House {
    pub(crate) async fn on_sqlite() -> House {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreLocation::in_folder(folder.path()))
            .await
            .unwrap();
        House { store, folder }
    }

    /// `None` where there is no PostgreSQL.
    pub(crate) async fn on_postgres() -> Option<House> {
        let url = throwaway::postgres_database()?;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreLocation::on_server(folder.path(), url))
            .await
            .unwrap();
        Some(House { store, folder })
    }

    /// Takes trades in as one file; returns inserted, duplicates and those without a market.
    pub(crate) async fn take(&self, trades: &[PublicTrade]) -> (u64, u64, u64) {
        let mut import = self.store.begin_import(meta("trades")).await.unwrap();
        let put = import.put_trades(trades).await.unwrap();
        import.commit("trades", trades.len() as u64, 0).await.unwrap();
        (put.inserted, put.duplicates, put.without_market)
    }

    /// Every trade, read through the one door.
    pub(crate) async fn trades(&self) -> Vec<PublicTrade> {
        self.query(TradeQuery::default()).await
    }

    pub(crate) async fn query(&self, query: TradeQuery) -> Vec<PublicTrade> {
        let query = TradeQuery {
            ids: Ids::Read,
            ..query
        };
        let stream = self.store.trades(query).await.unwrap();
        let tickers = stream.tickers().clone();
        let all = stream.collect().await.unwrap();
        (0..all.len())
            .map(|place| all.trade(place, &tickers).unwrap())
            .collect()
    }
}

pub(crate) fn meta(path: &str) -> ImportMeta {
    ImportMeta {
        path: path.to_owned(),
        content_hash: None,
        at: at("2026-01-01T00:00:00Z"),
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn ticker(text: &str) -> Ticker {
    text.parse().unwrap()
}

/// `"id"` of market `A-1` at a time of 2026-01-0x: `trade("t1", "A-1", "2T10:00:00", "0.42")`.
pub(crate) fn trade(id: &str, market: &str, time: &str, yes_price: &str) -> PublicTrade {
    PublicTrade {
        id: id.parse::<TradeId>().unwrap(),
        ticker: ticker(market),
        time: at(&format!("2026-01-0{time}Z")),
        yes_price: price(yes_price),
        quantity: Quantity::from_units(150),
        taker: if id.len().is_multiple_of(2) {
            Side::Yes
        } else {
            Side::No
        },
        is_block: id.ends_with('b'),
    }
}

pub(crate) fn event(name: &str, series: &str) -> Event {
    Event {
        ticker: name.parse::<EventTicker>().unwrap(),
        series: series.parse::<SeriesTicker>().unwrap(),
        title: format!("What about {name}?"),
        sub_title: String::new(),
        category: Some("Climate and Weather".to_owned()),
        mutually_exclusive: true,
        collateral_return: kmi_domain::CollateralReturn::Mecnet,
        strike_date: Some(at("2026-01-03T00:00:00Z")),
        fee_type_override: Some(FeeType::QuadraticWithMakerFees),
        fee_multiplier_override: Some(FeeMultiplier::from_millionths(500_000)),
    }
}

/// A market with nothing but its name.
pub(crate) fn market(name: &str) -> Market {
    Market {
        ticker: ticker(name),
        event: None,
        title: String::new(),
        yes_sub_title: String::new(),
        no_sub_title: String::new(),
        open_time: None,
        close_time: None,
        status: MarketStatus::Active,
        result: None,
        settled_time: None,
        expected_expiration_time: None,
        settlement_timer_s: None,
        grid: TickGrid::linear_cent(),
        price_level_structure: None,
        yes_bid: None,
        yes_ask: None,
        yes_bid_size: None,
        yes_ask_size: None,
        last_price: None,
        volume: None,
        volume_24h: None,
        open_interest: None,
        strike_type: None,
        floor_strike: None,
        cap_strike: None,
        rules_primary: String::new(),
        updated_time: None,
    }
}

/// A market that is over.
pub(crate) fn settled(name: &str, event: &str, close: &str, result: MarketResult) -> Market {
    Market {
        event: Some(event.parse().unwrap()),
        close_time: Some(at(close)),
        status: MarketStatus::Finalized,
        result: Some(result),
        ..market(name)
    }
}
