//! Configuration in four layers: defaults < file (TOML) < environment < flags, all checked before anything starts.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use kmi_storage::StoreLocation;
use serde::{Deserialize, Serialize};

/// Everything that can be set.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where data lies.
    pub storage: StorageConfig,
    /// The exchange that is recorded and traded.
    pub exchange: ExchangeConfig,
    /// What is logged.
    pub log: LogConfig,
}

/// Section `[storage]`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StorageConfig {
    /// Folder of the database file and the archive. Default: the platform's data directory. `--data-dir`.
    pub data_dir: Option<PathBuf>,
    /// PostgreSQL to use instead of the database file: `postgres://user:password@host/name`. `DATABASE_URL`.
    pub database_url: Option<Secret>,
}

/// Section `[exchange]`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ExchangeConfig {
    /// REST API, such as `https://external-api.kalshi.com/trade-api/v2`.
    pub rest_url: Option<String>,
    /// WebSocket, such as `wss://external-api-ws.kalshi.com/trade-api/ws/v2`; never derived from the other.
    pub ws_url: Option<String>,
    /// Id of the key that reads market data.
    pub key_id: Option<String>,
    /// Its private key, PEM.
    pub private_key_path: Option<PathBuf>,
}

/// Section `[log]`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// `tracing` filter for messages on stderr, such as `warn` or `kmi_storage=debug`. Default `warn`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> LogConfig {
        LogConfig {
            filter: "warn".to_owned(),
        }
    }
}

/// Text that is never printed.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What the flags say, the last layer.
#[derive(Debug, Default)]
pub(crate) struct Overrides<'a> {
    /// `--config`.
    pub file: Option<&'a Path>,
    /// `--data-dir`.
    pub data_dir: Option<&'a Path>,
}

impl Config {
    /// Reads all layers.
    ///
    /// # Errors
    /// A file that cannot be read, or an unknown key or wrong value in any layer, named.
    pub(crate) fn load(overrides: &Overrides<'_>) -> Result<Config> {
        let mut layers = Figment::from(Serialized::defaults(Config::default()));
        if let Some(file) = overrides.file {
            if !file.is_file() {
                bail!("configuration file {} does not exist", file.display());
            }
            layers = layers.merge(Toml::file_exact(file));
        }
        // DATABASE_URL is the name other tools use; KMI_STORAGE__DATABASE_URL is ours and wins.
        layers = layers
            .merge(
                Env::raw()
                    .only(&["DATABASE_URL"])
                    .map(|_| "storage.database_url".into())
                    .split("."),
            )
            // KMI_SHARED tells tests where recorded data lies; it configures nothing.
            .merge(Env::prefixed("KMI_").ignore(&["shared"]).split("__"));
        let mut config: Config = layers.extract().context("configuration")?;
        if let Some(dir) = overrides.data_dir {
            config.storage.data_dir = Some(dir.to_owned());
        }
        config.check()?;
        Ok(config)
    }

    /// What no single value shows; an empty database URL is none.
    fn check(&mut self) -> Result<()> {
        let url = &mut self.storage.database_url;
        if url.as_ref().is_some_and(|Secret(url)| url.is_empty()) {
            *url = None;
        }
        let urls = [
            ("rest_url", &self.exchange.rest_url, ["http://", "https://"]),
            ("ws_url", &self.exchange.ws_url, ["ws://", "wss://"]),
        ];
        for (key, url, schemes) in urls {
            let fits = |url: &String| schemes.iter().any(|scheme| url.starts_with(scheme));
            if url.as_ref().is_some_and(|url| !fits(url)) {
                bail!("exchange.{key}: must begin with {} or {}", schemes[0], schemes[1]);
            }
        }
        match url {
            Some(Secret(url)) if !url.starts_with("postgres://") && !url.starts_with("postgresql://") => {
                bail!("storage.database_url: must begin with postgres:// or postgresql://")
            }
            _ => Ok(()),
        }
    }

    /// The data directory: the one set, or the platform's.
    ///
    /// # Errors
    /// When none is set and there is no home directory.
    pub(crate) fn data_dir(&self) -> Result<PathBuf> {
        if let Some(dir) = &self.storage.data_dir {
            return Ok(dir.clone());
        }
        let platform = directories::ProjectDirs::from("", "", "kmi")
            .context("no home directory: say where data lies with --data-dir")?;
        Ok(platform.data_dir().to_owned())
    }

    /// Where the store is: the data directory, and PostgreSQL where one is configured.
    ///
    /// # Errors
    /// When there is no home directory to put the default data directory in.
    pub(crate) fn store_location(&self) -> Result<StoreLocation> {
        let data_dir = self.data_dir()?;
        let Some(Secret(url)) = &self.storage.database_url else {
            return Ok(StoreLocation::in_folder(data_dir));
        };
        Ok(StoreLocation::on_server(data_dir, url.clone()))
    }
}

#[cfg(test)]
#[expect(
    clippy::result_large_err,
    reason = "figment's own error type, in its test harness only"
)]
mod tests {
    use figment::Jail;

    use super::*;

    #[test]
    fn each_layer_overrides_the_one_below_it() {
        Jail::expect_with(|jail| {
            jail.clear_env();
            jail.create_file(
                "kmi.toml",
                "[storage]\ndata_dir = \"from-file\"\n[log]\nfilter = \"info\"\n",
            )?;
            let file = Overrides {
                file: Some(Path::new("kmi.toml")),
                data_dir: None,
            };
            let config = Config::load(&file).unwrap();
            assert_eq!(config.storage.data_dir.as_deref(), Some(Path::new("from-file")));
            assert_eq!(config.log.filter, "info");

            jail.set_env("KMI_STORAGE__DATA_DIR", "from-env");
            let config = Config::load(&file).unwrap();
            assert_eq!(config.storage.data_dir.as_deref(), Some(Path::new("from-env")));

            let flag = Overrides {
                data_dir: Some(Path::new("from-flag")),
                ..file
            };
            let config = Config::load(&flag).unwrap();
            assert_eq!(config.storage.data_dir.as_deref(), Some(Path::new("from-flag")));
            Ok(())
        });
    }

    #[test]
    fn a_wrong_key_is_an_error_that_names_it() {
        Jail::expect_with(|jail| {
            jail.clear_env();
            jail.set_env("KMI_STORAGE__DATADIR", "x");
            let error = format!("{:#}", Config::load(&Overrides::default()).unwrap_err());
            assert!(error.contains("datadir"), "{error}");
            Ok(())
        });
    }

    #[test]
    fn the_exchange_is_configured_and_its_addresses_are_checked() {
        Jail::expect_with(|jail| {
            jail.clear_env();
            jail.set_env("KMI_EXCHANGE__WS_URL", "ws://127.0.0.1:8100/trade-api/ws/v2");
            jail.set_env("KMI_EXCHANGE__PRIVATE_KEY_PATH", "demo.pem");
            let exchange = Config::load(&Overrides::default()).unwrap().exchange;
            assert_eq!(
                exchange.ws_url.as_deref(),
                Some("ws://127.0.0.1:8100/trade-api/ws/v2")
            );
            assert_eq!(exchange.private_key_path.as_deref(), Some(Path::new("demo.pem")));

            jail.set_env("KMI_EXCHANGE__REST_URL", "ws://127.0.0.1:8100");
            let error = format!("{:#}", Config::load(&Overrides::default()).unwrap_err());
            assert!(
                error.contains("exchange.rest_url") && error.contains("https://"),
                "{error}"
            );
            Ok(())
        });
    }

    #[test]
    fn the_database_url_is_read_from_either_name_and_never_printed() {
        Jail::expect_with(|jail| {
            jail.clear_env();
            jail.set_env("DATABASE_URL", "postgres://user:hunter2@localhost/plain");
            let config = Config::load(&Overrides::default()).unwrap();
            assert!(config.storage.database_url.as_ref().unwrap().0.ends_with("plain"));
            assert!(!format!("{config:?}").contains("hunter2"));

            jail.set_env("DATABASE_URL", "");
            assert!(
                Config::load(&Overrides::default())
                    .unwrap()
                    .storage
                    .database_url
                    .is_none()
            );

            jail.set_env("KMI_STORAGE__DATABASE_URL", "mysql://localhost/x");
            let error = format!("{:#}", Config::load(&Overrides::default()).unwrap_err());
            assert!(
                error.contains("storage.database_url") && error.contains("postgres://"),
                "{error}"
            );
            Ok(())
        });
    }
}
