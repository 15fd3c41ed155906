//! Configuration in four layers: defaults < file (TOML) < environment < flags, all checked before anything starts.

mod check;
mod environment;
mod sample;
mod sections;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use kmi_storage::StoreLocation;

use environment::Environment;
pub(crate) use sample::{sample, schema};
pub(crate) use sections::{CombosConfig, Config, KeepDays, LogFormat, Secret};

/// What the flags say, the last layer.
#[derive(Debug, Default)]
pub(crate) struct Overrides<'a> {
    /// `--config`.
    pub file: Option<&'a Path>,
    /// `--data-dir`.
    pub data_dir: Option<&'a Path>,
    /// `--port`, of commands whose port is that of `[server]`.
    pub port: Option<u16>,
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
        let schema = schema();
        layers = layers.merge(Environment::of_process(&schema));
        let mut config: Config = layers.extract().context("configuration")?;
        if let Some(dir) = overrides.data_dir {
            config.storage.data_dir = Some(dir.to_owned());
        }
        if let Some(port) = overrides.port {
            config.server.port = port;
        }
        config.check()?;
        Ok(config)
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
                ..Overrides::default()
            };
            let config = Config::load(&file).unwrap();
            assert_eq!(config.storage.data_dir.as_deref(), Some(Path::new("from-file")));
            assert_eq!(config.log.filter.as_deref(), Some("info"));

            jail.set_env("KMI_STORAGE__DATA_DIR", "from-env");
            let config = Config::load(&file).unwrap();
            assert_eq!(config.storage.data_dir.as_deref(), Some(Path::new("from-env")));

            let flag = Overrides {
                data_dir: Some(Path::new("from-flag")),
                port: Some(8123),
                ..file
            };
            let config = Config::load(&flag).unwrap();
            assert_eq!(config.storage.data_dir.as_deref(), Some(Path::new("from-flag")));
            assert_eq!(config.server.port, 8123);
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
    fn a_wrong_value_names_its_key_and_where_it_stands() {
        Jail::expect_with(|jail| {
            jail.clear_env();
            jail.create_file("kmi.toml", "[server]\nport = 99999\n")?;
            let file = Overrides {
                file: Some(Path::new("kmi.toml")),
                ..Overrides::default()
            };
            let error = format!("{:#}", Config::load(&file).unwrap_err());
            assert!(
                error.contains("server.port") && error.contains("kmi.toml"),
                "{error}"
            );

            jail.set_env("KMI_POLLER__COMBOS", "some");
            jail.create_file("kmi.toml", "")?;
            let error = format!("{:#}", Config::load(&file).unwrap_err());
            assert!(
                error.contains("KMI_POLLER__COMBOS") || error.contains("poller.combos"),
                "{error}"
            );
            assert!(error.contains("some") && error.contains("excluded"), "{error}");
            Ok(())
        });
    }

    #[test]
    fn a_data_directory_of_digits_is_a_folder_and_an_empty_variable_is_none() {
        Jail::expect_with(|jail| {
            jail.clear_env();
            jail.set_env("KMI_STORAGE__DATA_DIR", "2026");
            jail.set_env("KMI_SERVER__PORT", "");
            jail.set_env("KMI_SERVER__CORS", "https://a.example,https://b.example:8443");
            let config = Config::load(&Overrides::default()).unwrap();
            assert_eq!(config.storage.data_dir.as_deref(), Some(Path::new("2026")));
            assert_eq!(config.server.port, 8000);
            assert_eq!(
                config.server.cors,
                ["https://a.example", "https://b.example:8443"]
            );
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
