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

/// Of which exchange a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Prod,
    Demo,
    /// On this machine.
    Here,
    Elsewhere,
}

/// Production, for those who name no exchange.
pub(crate) const PROD_REST_URL: &str = "https://external-api.kalshi.com/trade-api/v2";
/// Its stream.
pub(crate) const PROD_WS_URL: &str = "wss://external-api-ws.kalshi.com/trade-api/ws/v2";

/// What is known of an exchange by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Host and port.
    pub(crate) place: String,
    /// Which of all exchanges it is; `None`: it is none of Kalshi's and must be asked.
    pub(crate) identity: Option<String>,
    /// Of which kind it is, as far as the address says.
    pub(crate) kind: ExchangeKind,
    owner: Owner,
    host: String,
    port: u16,
    /// Where it is asked who it is.
    admin_url: String,
}

impl Address {
    /// Takes an address apart, of REST or of the stream.
    ///
    /// # Errors
    /// When it is no URL with a host.
    pub(crate) fn of(rest_url: &str) -> Result<Address> {
        let url = Url::parse(rest_url)?;
        let host = url.host().context("has no host")?;
        let port = url.port_or_known_default().context("has no port")?;
        let place = format!("{host}:{port}");
        let owner = owner(&host);
        let (identity, kind) = match owner {
            Owner::Prod => (Some("prod".to_owned()), ExchangeKind::Prod),
            Owner::Demo => (Some("demo".to_owned()), ExchangeKind::Demo),
            Owner::Here => (None, ExchangeKind::Simulator),
            // Unknown is taken for real: nothing of it is given to everybody.
            Owner::Elsewhere => (None, ExchangeKind::Prod),
        };
        let scheme = match url.scheme() {
            "https" | "wss" => "https",
            _ => "http",
        };
        Ok(Address {
            admin_url: format!("{scheme}://{place}{ADMIN_PATH}"),
            place,
            identity,
            kind,
            owner,
            host: host.to_string(),
            port,
        })
    }

    /// Whether the stream at `stream` may be of the same exchange: one of Kalshi's is mixed with no other. Of two others each says itself
    /// which it is.
    pub(crate) fn fits_stream(&self, stream: &Address) -> bool {
        match (self.owner, stream.owner) {
            (Owner::Here | Owner::Elsewhere, Owner::Here | Owner::Elsewhere) => true,
            (rest, stream) => rest == stream,
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
            host: self.host.clone(),
            port: self.port,
            owner: self.owner,
        })
    }
}

/// Of which kind the exchange of that name is. Unknown is taken for real.
pub(crate) fn kind_of(identity: &str) -> ExchangeKind {
    match identity {
        "demo" => ExchangeKind::Demo,
        name if name.starts_with("simulator:") => ExchangeKind::Simulator,
        _ => ExchangeKind::Prod,
    }
}

fn owner(host: &Host<&str>) -> Owner {
    let name = host.to_string();
    let is_of = |hosts: [[&str; 2]; 2]| hosts.iter().flatten().any(|host| *host == name);
    if is_of([PROD, PROD_STREAMS]) {
        Owner::Prod
    } else if is_of([DEMO, DEMO_STREAMS]) {
        Owner::Demo
    } else if is_loopback(host) {
        Owner::Here
    } else {
        Owner::Elsewhere
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).to_canonical().is_loopback(),
    }
}

/// Asks an exchange that is none of Kalshi's which it is.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    client: Client,
    place: String,
    host: String,
    port: u16,
    owner: Owner,
}

/// Answer of `GET /admin/identity`.
#[derive(Deserialize)]
struct Identity {
    exchange: String,
}

impl Asker {
    /// Whether it asks who is there.
    pub(crate) fn is_about(&self, host: &str, port: u16) -> bool {
        self.port == port && self.host == host
    }

    /// Its name. One that does not know the question is no simulator of ours, and goes by host and port.
    ///
    /// # Errors
    /// When it does not answer, or otherwise than by its name or that it does not know the question: another program may have that port
    /// for a moment only, and a name is for good.
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
                Some(404 | 405) => Ok(self.place.clone()),
                // Simulators do not tell other machines.
                Some(403) if self.owner == Owner::Elsewhere => Ok(self.place.clone()),
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
        let stream = |url| Address::of(url).unwrap();
        let (prods, demos) = (
            stream(PROD_WS_URL),
            stream("wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2"),
        );
        assert!(prod.fits_stream(&prods) && !demo.fits_stream(&prods));
        assert!(demo.fits_stream(&demos) && !prod.fits_stream(&demos));
        // No simulator is mixed with them, either way.
        let here = stream("ws://127.0.0.1:8200/trade-api/ws/v2");
        assert!(!prod.fits_stream(&here) && !here.fits_stream(&prods));
        assert!(here.fits_stream(&stream("ws://127.0.0.1:8100/x")));
    }

    #[test]
    fn one_that_is_not_kalshis_is_asked_and_taken_for_real_unless_on_this_machine() {
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
        assert_eq!(
            (there.identity, there.place.as_str()),
            (None, "exchange.example:443")
        );
        assert_eq!(there.kind, ExchangeKind::Prod);
        assert!(Address::of("exchange.example").is_err());
    }
}
