//! Who asks: the three headers, the clock window, the registered key, its signature and what it may.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use kmi_kalshi::api::code::{AuthenticationFault, Code, ErrorAnswer};
use kmi_kalshi::api::keys::Scope;
use kmi_kalshi::sign::{KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier};
use parking_lot::RwLock;

use super::answer::ApiError;
use super::config::Config;
use super::scope::{Access, opens};
use crate::core::{Account, KeySpec, KeyState, Subaccount, UserId};
use crate::engine::Engine;

/// A registered key, its public half parsed.
#[derive(Debug)]
pub(crate) struct Key {
    /// As it was registered.
    spec: KeySpec,
    /// Whose.
    pub(crate) user: UserId,
    /// Name of that user.
    pub(crate) user_name: Arc<str>,
    /// What it may.
    pub(crate) scopes: Vec<Scope>,
    /// The one subaccount it may touch, if it is locked.
    pub(crate) subaccount: Option<Subaccount>,
    verifier: Verifier,
}

/// Someone whose signature was verified.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    key: Arc<Key>,
}

impl Caller {
    /// The user.
    pub(crate) fn user(&self) -> UserId {
        self.key.user
    }

    /// Name of the user's account.
    pub(crate) fn name(&self) -> &str {
        &self.key.user_name
    }

    /// The key.
    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// The subaccounts meant by a request that names `asked` or none: a locked key's own, else what was asked, else all.
    pub(crate) fn subaccounts(&self, asked: Option<u8>) -> Result<Option<Subaccount>, ApiError> {
        let asked = asked.map(subaccount).transpose()?;
        match (self.key.subaccount, asked) {
            (Some(own), Some(other)) if own != other => Err(ApiError::forbidden(format!(
                "this key is locked to subaccount {}",
                own.number()
            ))),
            (Some(own), _) => Ok(Some(own)),
            (None, asked) => Ok(asked),
        }
    }

    /// The one account meant by a request that names subaccount `asked`; without a name the primary one, or a locked key's own.
    pub(crate) fn account(&self, asked: Option<u8>) -> Result<Account, ApiError> {
        let subaccount = self.subaccounts(asked)?.unwrap_or(Subaccount::PRIMARY);
        Ok(Account {
            user: self.user(),
            subaccount,
        })
    }

    /// Refuses keys that are locked to a subaccount, where a request reaches beyond one.
    pub(crate) fn unlocked(&self) -> Result<(), ApiError> {
        match self.key.subaccount {
            None => Ok(()),
            Some(own) => Err(ApiError::forbidden(format!(
                "this key is locked to subaccount {}",
                own.number()
            ))),
        }
    }
}

fn subaccount(number: u8) -> Result<Subaccount, ApiError> {
    Subaccount::new(number).ok_or_else(|| ApiError::invalid_parameters("subaccount: 0 to 63"))
}

/// Keys seen so far. Whether a key is still registered is asked anew each time.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    parsed: RwLock<HashMap<String, Arc<Key>>>,
}

impl Keys {
    /// Verifies the headers of a request.
    ///
    /// # Errors
    /// 401 in the recorded bodies; 403 when the key lacks the scope.
    pub(crate) fn authenticate(
        &self,
        engine: &Engine,
        config: &Config,
        headers: &HeaderMap,
        method: &str,
        path: &str,
        access: &Access,
    ) -> Result<Caller, ApiError> {
        let signature = header(headers, SIGNATURE_HEADER)?;
        let key_id = header(headers, KEY_HEADER)?;
        let timestamp_ms = header(headers, TIMESTAMP_HEADER)?
            .parse()
            .ok()
            .filter(|&timestamp| is_timely(engine, config, timestamp))
            .ok_or_else(|| ApiError::code(&Code::TimestampExpired))?;
        let key = self
            .find(engine, key_id)
            .ok_or_else(|| ErrorAnswer::authentication(AuthenticationFault::UnknownKey))?;
        key.verifier
            .verify_request(timestamp_ms, method, path, signature)
            .map_err(|_| ErrorAnswer::authentication(AuthenticationFault::WrongSignature))?;
        match access {
            Access::Key(needed) if !opens(&key.scopes, needed) => {
                Err(ApiError::forbidden(format!("this key lacks the scope {needed}")))
            }
            _ => Ok(Caller { key }),
        }
    }

    /// The key of this id, if it is registered now. A key that was removed and registered anew has the same id but maybe other
    /// rights, so what is known counts only while it is what is registered.
    fn find(&self, engine: &Engine, key_id: &str) -> Option<Arc<Key>> {
        let known = self.parsed.read().get(key_id).cloned();
        if let Some(key) = known {
            let is_current = |state: &KeyState| state.spec == key.spec;
            if engine.read(|view| view.exchange.key(key_id).is_some_and(is_current)) {
                return Some(key);
            }
            self.parsed.write().remove(key_id);
        }
        let (spec, user_name) = engine.read(|view| {
            let spec = view.exchange.key(key_id)?.spec.clone();
            let name = view.exchange.user(spec.user)?.name.clone();
            Some((spec, name))
        })?;
        let verifier = match Verifier::from_pem(&spec.public_key_pem) {
            Ok(verifier) => verifier,
            Err(error) => {
                // Keys are parsed before they are registered.
                tracing::error!(key_id, %error, "a registered key cannot be read");
                return None;
            }
        };
        let key = Arc::new(Key {
            user: spec.user,
            user_name: user_name.into(),
            scopes: spec
                .scopes
                .iter()
                .map(|scope| Scope::from(scope.as_str()))
                .collect(),
            subaccount: spec.subaccount,
            verifier,
            spec,
        });
        self.parsed.write().insert(key_id.to_owned(), Arc::clone(&key));
        Some(key)
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, ApiError> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty())
        .ok_or_else(|| ApiError::detailed(&Code::SignatureMissing, name.to_ascii_uppercase()))
}

fn is_timely(engine: &Engine, config: &Config, timestamp_ms: i64) -> bool {
    let now_ms = engine.now().millis();
    let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let age = now_ms.saturating_sub(timestamp_ms);
    age <= millis(config.oldest_signature) && age.saturating_neg() <= millis(config.newest_signature)
}
