//! B7: market snapshots made durable with their index.
//!
//! Ours takes snapshots as the poller has them (tickers as text, unsorted) in cycles of 20,000 markets. The reference on
//! PostgreSQL is COPY of the same rows, encoded beforehand, into a table of the same shape, a commit for each cycle; on
//! SQLite a prepared INSERT for each row into the same shape, one transaction for each cycle.

use std::error::Error;
use std::time::Instant;

use kmi_domain::{Price, Quantity, Ticker, Timestamp};
use kmi_storage::{MarketSnapshot, SnapshotSource, Store, StoreLocation, throwaway};
use sea_orm::sqlx::postgres::PgPoolCopyExt;
use sea_orm::{ConnectionTrait, Database};

const MARKETS: i64 = 20_000;
const CYCLES: i64 = 15;
const ROWS: i64 = MARKETS * CYCLES;
const COLUMNS: &str = "ticker_id BIGINT NOT NULL, time BIGINT NOT NULL, source SMALLINT NOT NULL, sequence BIGINT, \
     yes_bid SMALLINT, yes_ask SMALLINT, yes_bid_size BIGINT, yes_ask_size BIGINT, last_price SMALLINT, volume BIGINT, \
     open_interest BIGINT, PRIMARY KEY (ticker_id, time, source)";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let runs = runs();
    let runtime = tokio::runtime::Runtime::new()?;
    let cycles: Vec<Vec<MarketSnapshot>> = (0..CYCLES).map(cycle).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        ours.push(runtime.block_on(ours_on_sqlite(&cycles))?);
        theirs.push(naive_sqlite()?);
    }
    report(
        "sqlite",
        &ours,
        500_000.0,
        "prepared INSERT for each row, numbered and sorted beforehand",
        &theirs,
    );
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let Some(url) = throwaway::postgres_database() else {
            return Ok(());
        };
        ours.push(runtime.block_on(ours_on_postgres(&cycles, &url))?);
        theirs.push(runtime.block_on(plain_copy(&url))?);
    }
    let target = median(&theirs) * 0.9;
    report(
        "postgres",
        &ours,
        target,
        "plain COPY, encoded beforehand",
        &theirs,
    );
    Ok(())
}

fn runs() -> usize {
    let words: Vec<String> = std::env::args().collect();
    let given = words
        .iter()
        .position(|word| word == "--runs")
        .and_then(|place| words.get(place + 1));
    given.and_then(|count| count.parse().ok()).unwrap_or(5)
}

fn ticker(market: i64) -> Ticker {
    Ticker::new(format!("KXBENCH-26NOV21-T{market:05}")).expect("it is a ticker")
}

/// The numbers of one row; what the references write too.
fn numbers(market: i64, cycle: i64) -> [i64; 11] {
    let bid = 100 + (market * 37 + cycle * 11) % 9_000;
    let size = 100 * (1 + market % 977);
    let time = 1_795_000_000_000_000 + cycle * 5_000_000;
    [
        market + 1,
        time,
        0,
        cycle,
        bid,
        bid + 100,
        size,
        size + cycle,
        bid,
        size * cycle,
        size * 3,
    ]
}

/// A cycle as it comes from the exchange: in no order that suits a database.
fn cycle(cycle: i64) -> Vec<MarketSnapshot> {
    let price = |units: i64| Price::from_units(u16::try_from(units).expect("a price"));
    let snapshot = |place: i64| {
        let market = place * 7_919 % MARKETS;
        let row = numbers(market, cycle);
        MarketSnapshot {
            ticker: ticker(market),
            time: Timestamp::from_micros(row[1]),
            source: SnapshotSource::Poll,
            sequence: Some(row[3]),
            yes_bid: price(row[4]),
            yes_ask: price(row[5]),
            yes_bid_size: Some(Quantity::from_units(row[6])),
            yes_ask_size: Some(Quantity::from_units(row[7])),
            last_price: price(row[8]),
            volume: Some(Quantity::from_units(row[9])),
            open_interest: Some(Quantity::from_units(row[10])),
        }
    };
    (0..MARKETS).map(snapshot).collect()
}

/// Rows a second of our own writing, the tickers known and the rows checked afterwards.
async fn timed(store: &Store, cycles: &[Vec<MarketSnapshot>]) -> Outcome<f64> {
    let warm: Vec<_> = cycles[0]
        .iter()
        .map(|row| MarketSnapshot {
            time: Timestamp::from_micros(0),
            ..row.clone()
        })
        .collect();
    store.write_snapshots(&warm).await?;
    let start = Instant::now();
    let mut written = 0;
    for cycle in cycles {
        written += store.write_snapshots(cycle).await?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let kept = store.counts().await?.tables["market_snapshots"];
    if written != ROWS.unsigned_abs() || kept != (ROWS + MARKETS).unsigned_abs() {
        return Err(format!("{written} written, {kept} kept, {ROWS} sent").into());
    }
    Ok(ROWS as f64 / seconds)
}

/// Sum over every number of every row, by which two tables are told to be equal.
fn checksum() -> i64 {
    let rows = (0..CYCLES).flat_map(|cycle| (0..MARKETS).map(move |market| numbers(market, cycle)));
    rows.map(|row| row[4] + row[6] + row[7] + row[9]).sum()
}

const CHECKSUM: &str = "SELECT CAST(SUM(yes_bid + yes_bid_size + yes_ask_size + volume) AS BIGINT)";

async fn ours_on_sqlite(cycles: &[Vec<MarketSnapshot>]) -> Outcome<f64> {
    let folder = tempfile::tempdir()?;
    let location = StoreLocation::in_folder(folder.path());
    let store = Store::open(location.clone()).await?;
    let rate = timed(&store, cycles).await?;
    let database = rusqlite::Connection::open(location.market_db())?;
    let sum: i64 = database.query_row(
        &format!("{CHECKSUM} FROM market_snapshots WHERE time > 0"),
        [],
        |row| row.get(0),
    )?;
    verified(sum)?;
    Ok(rate)
}

fn naive_sqlite() -> Outcome<f64> {
    let folder = tempfile::tempdir()?;
    let mut database = rusqlite::Connection::open(folder.path().join("naive.db"))?;
    database.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE plain ({COLUMNS})"
    ))?;
    let start = Instant::now();
    for cycle in 0..CYCLES {
        let transaction = database.transaction()?;
        {
            let sql = "INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
            let mut insert = transaction.prepare(sql)?;
            for market in 0..MARKETS {
                insert.execute(rusqlite::params_from_iter(numbers(market, cycle)))?;
            }
        }
        transaction.commit()?;
    }
    let seconds = start.elapsed().as_secs_f64();
    verified(database.query_row(&format!("{CHECKSUM} FROM plain"), [], |row| row.get(0))?)?;
    Ok(ROWS as f64 / seconds)
}

async fn ours_on_postgres(cycles: &[Vec<MarketSnapshot>], url: &str) -> Outcome<f64> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(StoreLocation::on_server(folder.path(), url)).await?;
    let rate = timed(&store, cycles).await?;
    store.close().await?;
    verified(sum_of(url, "market.market_snapshots WHERE time > 0").await?)?;
    Ok(rate)
}

async fn plain_copy(url: &str) -> Outcome<f64> {
    let database = Database::connect(url).await?;
    database
        .execute_unprepared(&format!("CREATE TABLE plain ({COLUMNS})"))
        .await?;
    let encoded: Vec<Vec<u8>> = (0..CYCLES).map(encode).collect();
    let pool = database.get_postgres_connection_pool();
    let start = Instant::now();
    for cycle in encoded {
        let mut sink = pool.copy_in_raw("COPY plain FROM STDIN (FORMAT binary)").await?;
        sink.send(cycle).await?;
        sink.finish().await?;
    }
    let seconds = start.elapsed().as_secs_f64();
    verified(sum_of(url, "plain").await?)?;
    Ok(ROWS as f64 / seconds)
}

/// A cycle in the binary form of COPY.
fn encode(cycle: i64) -> Vec<u8> {
    let mut out = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for market in 0..MARKETS {
        out.extend_from_slice(&11_i16.to_be_bytes());
        for (column, number) in numbers(market, cycle).into_iter().enumerate() {
            if [2, 4, 5, 8].contains(&column) {
                out.extend_from_slice(&2_i32.to_be_bytes());
                out.extend_from_slice(&i16::try_from(number).expect("it fits").to_be_bytes());
            } else {
                out.extend_from_slice(&8_i32.to_be_bytes());
                out.extend_from_slice(&number.to_be_bytes());
            }
        }
    }
    out.extend_from_slice(&(-1_i16).to_be_bytes());
    out
}

async fn sum_of(url: &str, from: &str) -> Outcome<i64> {
    let database = Database::connect(url).await?;
    let sql =
        sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, format!("{CHECKSUM} FROM {from}"));
    let row = database.query_one_raw(sql).await?.ok_or("no sum")?;
    Ok(row.try_get_by_index(0)?)
}

fn verified(sum: i64) -> Outcome<()> {
    let expected = checksum();
    if sum == expected {
        return Ok(());
    }
    Err(format!("the rows add up to {sum}, not {expected}").into())
}

fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn report(case: &str, ours: &[f64], target: f64, reference: &str, theirs: &[f64]) {
    let list = |runs: &[f64]| {
        runs.iter()
            .map(|run| format!("{run:.0}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    println!(
        "{{\"id\":\"B7\",\"case\":\"{case}\",\"unit\":\"rows/s\",\"value\":{:.0},\"runs\":[{}],\"target\":{target:.0},\
         \"reference\":{{\"name\":\"{reference}\",\"value\":{:.0},\"runs\":[{}]}},\
         \"check\":\"count and sum of every row in both tables\"}}",
        median(ours),
        list(ours),
        median(theirs),
        list(theirs),
    );
}
