//! What no single value shows: ranges, addresses, and values that do not go together.

use anyhow::{Result, bail, ensure};
use tracing_subscriber::EnvFilter;

use super::sections::{AuthMode, ExchangeConfig, KeepDays, PollerConfig, ServerConfig};
use super::{Config, Secret};

impl Config {
    /// Checks all there is; an empty database URL is none.
    pub(super) fn check(&mut self) -> Result<()> {
        let url = &mut self.storage.database_url;
        if url.as_ref().is_some_and(|Secret(url)| url.is_empty()) {
            *url = None;
        }
        if let Some(Secret(url)) = url {
            check_scheme("storage.database_url", url, ["postgres://", "postgresql://"])?;
        }
        self.exchange.check()?;
        self.server.check()?;
        self.poller.check()?;
        if self.auth.mode == AuthMode::Accounts {
            bail!("auth.mode: accounts is for a later version; local is all there is in this one");
        }
        if !self.server.host.is_loopback() {
            bail!(
                "server.host: {} is reached from other machines, which mode local (auth.mode) does not allow; 127.0.0.1 or ::1",
                self.server.host
            );
        }
        if let Some(filter) = &self.log.filter
            && let Err(error) = EnvFilter::try_new(filter)
        {
            bail!("log.filter: {filter:?}: {error}");
        }
        Ok(())
    }

    /// What else a command needs that follows the exchange live.
    ///
    /// # Errors
    /// The key and the rule it breaks.
    pub(crate) fn check_live(&self) -> Result<()> {
        let exchange = &self.exchange;
        if exchange.ws_url.is_some() && exchange.rest_url.is_none() {
            bail!(
                "exchange.rest_url: is needed beside exchange.ws_url; the two are never derived from each other"
            );
        }
        match (&exchange.key_id, &exchange.private_key_path) {
            (Some(_), None) => bail!("exchange.private_key_path: is needed beside exchange.key_id"),
            (None, Some(_)) => bail!("exchange.key_id: is needed beside exchange.private_key_path"),
            _ => Ok(()),
        }
    }
}

impl ExchangeConfig {
    fn check(&self) -> Result<()> {
        let urls = [
            ("exchange.rest_url", &self.rest_url, ["http://", "https://"]),
            ("exchange.ws_url", &self.ws_url, ["ws://", "wss://"]),
        ];
        for (key, url, schemes) in urls {
            if let Some(url) = url {
                check_scheme(key, url, schemes)?;
            }
        }
        Ok(())
    }
}

impl ServerConfig {
    fn check(&self) -> Result<()> {
        for origin in &self.cors {
            let host = origin
                .strip_prefix("https://")
                .or_else(|| origin.strip_prefix("http://"));
            let is_origin =
                host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', '*']));
            ensure!(
                is_origin,
                "server.cors: {origin:?} is no origin such as https://desk.example:8443, without a path"
            );
        }
        for host in &self.allowed_hosts {
            let is_host = !host.is_empty() && !host.contains(['/', '?', '#', '@', '*', ' ']);
            ensure!(
                is_host,
                "server.allowed_hosts: {host:?} is no host such as desk.example:8000"
            );
        }
        in_range(
            "server.requests_per_second",
            self.requests_per_second,
            1,
            1_000_000,
        )?;
        in_range("server.requests_burst", self.requests_burst, 1, 1_000_000)?;
        in_range("server.connections", self.connections, 1, 1_000_000)?;
        in_range("server.streams", self.streams, 1, 1_000_000)
    }
}

impl PollerConfig {
    fn check(&self) -> Result<()> {
        in_range("poller.interval_s", self.interval_s, 0.1, 3_600.0)?;
        in_range("poller.spool_max_mb", self.spool_max_mb, 16, 1_000_000)?;
        in_range("poller.backfill_hours", self.backfill_hours, 0, 2_160)?;
        match self.keep_days {
            KeepDays::Days(days) => in_range("poller.keep_days", days, 1, 36_500),
            KeepDays::Forever(_) => Ok(()),
        }
    }
}

fn check_scheme(key: &str, url: &str, schemes: [&str; 2]) -> Result<()> {
    if schemes.iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    // The value itself is not repeated: it may hold a password.
    bail!("{key}: must begin with {} or {}", schemes[0], schemes[1])
}

fn in_range<T: Copy + PartialOrd + std::fmt::Display>(key: &str, value: T, least: T, most: T) -> Result<()> {
    // NaN is in no range.
    if value >= least && value <= most {
        return Ok(());
    }
    bail!("{key}: {value} is outside {least} to {most}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        format!("{:#}", config.check().unwrap_err())
    }

    #[test]
    fn the_defaults_are_allowed() {
        Config::default().check().unwrap();
        Config::default().check_live().unwrap();
    }

    #[test]
    fn what_breaks_a_rule_is_named_with_it() {
        let host = refusal(|config| config.server.host = "0.0.0.0".parse().unwrap());
        assert!(
            host.contains("server.host") && host.contains("127.0.0.1"),
            "{host}"
        );
        let interval = refusal(|config| config.poller.interval_s = f64::NAN);
        assert!(
            interval.contains("poller.interval_s") && interval.contains("3600"),
            "{interval}"
        );
        let days = refusal(|config| config.poller.keep_days = KeepDays::Days(0));
        assert!(days.contains("poller.keep_days"), "{days}");
        let mode = refusal(|config| config.auth.mode = AuthMode::Accounts);
        assert!(mode.contains("auth.mode"), "{mode}");
        for origin in ["*", "desk.example", "https://desk.example/", "https://"] {
            let cors = refusal(|config| config.server.cors = vec![origin.to_owned()]);
            assert!(cors.contains("server.cors") && cors.contains(origin), "{cors}");
        }
        let filter = refusal(|config| config.log.filter = Some("kmi=loud".to_owned()));
        assert!(
            filter.contains("log.filter") && filter.contains("loud"),
            "{filter}"
        );
    }

    #[test]
    fn a_key_and_an_address_come_in_pairs() {
        let missing = |change: fn(&mut ExchangeConfig)| {
            let mut config = Config::default();
            change(&mut config.exchange);
            format!("{:#}", config.check_live().unwrap_err())
        };
        let key = missing(|exchange| exchange.key_id = Some("id".to_owned()));
        assert!(key.starts_with("exchange.private_key_path"), "{key}");
        let id = missing(|exchange| exchange.private_key_path = Some("key.pem".into()));
        assert!(id.starts_with("exchange.key_id"), "{id}");
        let rest = missing(|exchange| exchange.ws_url = Some("ws://127.0.0.1:1/".to_owned()));
        assert!(rest.starts_with("exchange.rest_url"), "{rest}");
    }
}
