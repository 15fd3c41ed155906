use kmi_kalshi::api::candle::{BatchCandlesQuery, CandlesQuery};
use kmi_kalshi::api::event::EventsQuery;
use kmi_kalshi::api::market::MarketsQuery;
use kmi_kalshi::api::orderbook::{OrderbookQuery, OrderbooksQuery};
use kmi_kalshi::api::orders::{CancelQuery, OrdersQuery, QueuePositionsQuery};
use kmi_kalshi::api::portfolio::{FillsQuery, PositionsQuery, SettlementsQuery};
use kmi_kalshi::api::query::Query;
use kmi_kalshi::api::trade::TradesQuery;

use crate::{by_place, refused, understood};

/// Reads `input` as a query string, percent-decoded as a server does.
pub(super) fn run(input: &[u8]) -> Vec<u64> {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(input).into_owned().collect();
    by_place([
        reread::<MarketsQuery>(&pairs),
        reread::<EventsQuery>(&pairs),
        reread::<OrderbookQuery>(&pairs),
        reread::<OrderbooksQuery>(&pairs),
        reread::<TradesQuery>(&pairs),
        reread::<CandlesQuery>(&pairs),
        reread::<BatchCandlesQuery>(&pairs),
        reread::<OrdersQuery>(&pairs),
        reread::<QueuePositionsQuery>(&pairs),
        reread::<CancelQuery>(&pairs),
        reread::<FillsQuery>(&pairs),
        reread::<PositionsQuery>(&pairs),
        reread::<SettlementsQuery>(&pairs),
    ])
}

fn reread<Q: Query>(pairs: &[(String, String)]) -> u64 {
    let query = match Q::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
        Ok(query) => query,
        Err(error) => return refused(&error.to_string()),
    };
    let written = query.pairs();
    match Q::from_pairs(written.iter().map(|(name, value)| (*name, value.as_str()))) {
        Ok(again) => assert_eq!(written, again.pairs(), "written anew, it reads otherwise"),
        Err(error) => panic!("written anew, it is not understood: {error}: {written:?}"),
    }
    let names: Vec<&str> = written.iter().map(|(name, _)| *name).collect();
    understood(&names.join("&"))
}
