//! Which exchange an address is: [`Address`].
//!
//! A database belongs to one exchange, so it must be known by a name that stays: `prod`, `demo`, `simulator:SEED`, else host and port.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use kmi_kalshi::limit::Limits;
use kmi_kalshi::rest::{Auth, Client, Error, RetryPolicy, Timeouts};
use kmi_server::ExchangeKind;
use kmi_simulator::server::ADMIN_PATH;
use serde::Deserialize;
use url::{Host, Url};

/// Hosts of Kalshi's production exchange.
const PROD: [&str; 2] = ["external-api.kalshi.com", "api.elections.kalshi.com"];
/// Hosts of Kalshi's demo exchange.
const DEMO: [&str; 2] = ["external-api.demo.kalshi.co", "demo-api.kalshi.co"];
/// Hosts of their streams, which are others.
const PROD_STREAMS: [&str; 2] = ["external-api-ws.kalshi.com", "api.elections.kalshi.com"];
const DEMO_STREAMS: [&str; 2] = ["external-api-ws.demo.kalshi.co", "demo-api.kalshi.co"];

/// Production, for those who name no exchange.
pub(crate) const PROD_REST_URL: &str = "https://external-api.kalshi.com/trade-api/v2";
/// Its stream.
pub(crate) const PROD_WS_URL: &str = "wss://external-api-ws.kalshi.com/trade-api/ws/v2";

/// What is known of an exchange by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Host and port.
    pub(crate) place: String,
    /// Which of all exchanges it is; `None`: it is on this machine and must be asked.
    pub(crate) identity: Option<String>,
    /// Of which kind it is.
    pub(crate) kind: ExchangeKind,
    /// Where one on this machine is asked who it is.
    admin_url: String,
}

impl Address {
    /// Takes a REST address apart.
    ///
    /// # Errors
    /// When it is no URL with a host.
    pub(crate) fn of(rest_url: &str) -> Result<Address> {
        let url = Url::parse(rest_url)?;
        let host = url.host().context("has no host")?;
        let port = url.port_or_known_default().context("has no port")?;
        let place = format!("{host}:{port}");
        let name = host.to_string();
        let (identity, kind) = if PROD.contains(&name.as_str()) {
            (Some("prod".to_owned()), ExchangeKind::Prod)
        } else if DEMO.contains(&name.as_str()) {
            (Some("demo".to_owned()), ExchangeKind::Demo)
        } else if is_loopback(&host) {
            (None, ExchangeKind::Simulator)
        } else {
            // Unknown is taken for real: nothing of it is given to everybody.
            (Some(place.clone()), ExchangeKind::Prod)
        };
        Ok(Address {
            admin_url: format!("{}://{place}{ADMIN_PATH}", url.scheme()),
            place,
            identity,
            kind,
        })
    }

    /// Whether the stream at `ws_url` may be of the same exchange: Kalshi's own are not mixed.
    pub(crate) fn fits_stream(&self, ws_url: &str) -> bool {
        let host = Url::parse(ws_url)
            .ok()
            .and_then(|url| url.host().map(|host| host.to_string()));
        let Some(host) = host else { return false };
        match self.identity.as_deref() {
            Some("prod") => !DEMO_STREAMS.contains(&host.as_str()),
            Some("demo") => !PROD_STREAMS.contains(&host.as_str()),
            _ => true,
        }
    }

    /// Who can be asked which exchange it is.
    ///
    /// # Errors
    /// When there is no such client.
    pub(crate) fn asker(&self) -> Result<Asker> {
        let client = Client::builder(&self.admin_url)
            .limits(Limits::none())
            .retry(RetryPolicy::never())
            .timeouts(Timeouts {
                connect: Duration::from_secs(2),
                request: Duration::from_secs(5),
            })
            .build()?;
        Ok(Asker {
            client,
            place: self.place.clone(),
        })
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).to_canonical().is_loopback(),
    }
}

/// Asks an exchange on this machine which it is.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    client: Client,
    place: String,
}

/// Answer of `GET /admin/identity`.
#[derive(Deserialize)]
struct Identity {
    exchange: String,
}

impl Asker {
    /// Its name. One that does not know the question is no simulator of ours, and goes by host and port.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn ask(&self) -> Result<String, Error> {
        match self
            .client
            .get(Auth::Public, &["identity"])
            .send::<Identity>()
            .await
        {
            Ok(identity) => Ok(identity.exchange),
            Err(error) => match error.status() {
                // It answers, but it is none of ours: or it would know the question.
                Some(status) if status < 500 => Ok(self.place.clone()),
                _ => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kalshis_exchanges_are_known_by_their_hosts() {
        let demo = Address::of("https://demo-api.kalshi.co/trade-api/v2").unwrap();
        assert_eq!(
            (demo.identity.as_deref(), demo.kind),
            (Some("demo"), ExchangeKind::Demo)
        );
        let prod = Address::of(PROD_REST_URL).unwrap();
        assert_eq!(
            (prod.identity.as_deref(), prod.kind),
            (Some("prod"), ExchangeKind::Prod)
        );
        assert!(prod.fits_stream(PROD_WS_URL) && !demo.fits_stream(PROD_WS_URL));
        assert!(demo.fits_stream("wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2"));
    }

    #[test]
    fn one_on_this_machine_is_asked_and_any_other_goes_by_host_and_port() {
        for url in [
            "http://127.0.0.1:8100/trade-api/v2",
            "http://localhost:8100/x",
            "http://[::1]:8100/x",
        ] {
            let here = Address::of(url).unwrap();
            assert_eq!(
                (here.identity, here.kind),
                (None, ExchangeKind::Simulator),
                "{url}"
            );
        }
        let there = Address::of("https://exchange.example/trade-api/v2").unwrap();
        assert_eq!(there.identity.as_deref(), Some("exchange.example:443"));
        assert_eq!(there.kind, ExchangeKind::Prod);
        assert!(Address::of("exchange.example").is_err());
    }
}
