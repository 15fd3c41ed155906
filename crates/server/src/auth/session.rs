//! Sessions of browsers: [`Sessions`].

use std::collections::BTreeMap;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use kmi_domain::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// Sessions that may exist at once; a further one ends the one that would end first.
const MOST: usize = 256;

/// A session of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    id: String,
    /// When its cookie was written.
    issued: Timestamp,
    /// When it ends unless it is used.
    pub(crate) expires: Timestamp,
}

/// What a cookie says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    jti: String,
    iat: i64,
    exp: i64,
}

/// Who signs sessions, and which are good.
pub(crate) struct Sessions {
    signing: EncodingKey,
    verifying: DecodingKey,
    forgery: [u8; 32],
    lasts: Duration,
    good: Mutex<BTreeMap<String, Timestamp>>,
}

impl Sessions {
    pub(super) fn new(key: &[u8; 32], lasts: Duration) -> Sessions {
        Sessions {
            signing: EncodingKey::from_secret(key),
            verifying: DecodingKey::from_secret(key),
            forgery: blake3::derive_key("kmi 2026-11 tokens against forged requests", key),
            lasts,
            good: Mutex::default(),
        }
    }

    pub(super) fn begin(&self, id: String, now: Timestamp) -> Session {
        let session = self.lasting(id, now);
        let mut good = self.good.lock();
        good.retain(|_, expires| *expires > now);
        if good.len() == MOST {
            let first = good.iter().min_by_key(|(_, expires)| **expires);
            if let Some(id) = first.map(|(id, _)| id.clone()) {
                good.remove(&id);
            }
        }
        good.insert(session.id.clone(), session.expires);
        session
    }

    pub(super) fn read(&self, cookie: &str, now: Timestamp) -> Option<Session> {
        let mut rules = Validation::new(Algorithm::HS256);
        // The clock is ours to read, not the library's.
        rules.validate_exp = false;
        let claims = decode::<Claims>(cookie, &self.verifying, &rules).ok()?.claims;
        let expires = Timestamp::from_seconds(claims.exp);
        let is_good = expires > now && self.good.lock().contains_key(&claims.jti);
        is_good.then(|| Session {
            id: claims.jti,
            issued: Timestamp::from_seconds(claims.iat),
            expires,
        })
    }

    /// The value of its cookie.
    pub(crate) fn cookie(&self, session: &Session) -> String {
        let claims = Claims {
            sub: "local".to_owned(),
            jti: session.id.clone(),
            iat: session.issued.seconds(),
            exp: session.expires.seconds(),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("an HMAC over a few strings cannot fail")
    }

    /// The session with a new end, if a good part of an hour has gone since its cookie was written.
    pub(crate) fn renewed(&self, session: &Session, now: Timestamp) -> Option<Session> {
        let due = session.issued.plus(self.lasts / 24);
        if due > now {
            return None;
        }
        let renewed = self.lasting(session.id.clone(), now);
        let mut good = self.good.lock();
        // Ended in between: stays ended.
        *good.get_mut(&session.id)? = renewed.expires;
        Some(renewed)
    }

    /// Ends a session.
    pub(crate) fn end(&self, session: &Session) {
        self.good.lock().remove(&session.id);
    }

    /// What state-changing requests of the session must carry, so that another page cannot make them.
    pub(crate) fn csrf_token(&self, session: &Session) -> String {
        blake3::keyed_hash(&self.forgery, session.id.as_bytes())
            .to_hex()
            .to_string()
    }

    /// Whether a request of the session carries it.
    pub(crate) fn is_csrf_token(&self, session: &Session, given: &str) -> bool {
        blake3::hash(self.csrf_token(session).as_bytes()) == blake3::hash(given.as_bytes())
    }

    /// How long a session lasts without use.
    pub(crate) fn lasts(&self) -> Duration {
        self.lasts
    }

    fn lasting(&self, id: String, now: Timestamp) -> Session {
        // Whole seconds, as the cookie has them.
        let now = Timestamp::from_seconds(now.seconds());
        Session {
            id,
            issued: now,
            expires: now.plus(self.lasts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    #[test]
    fn a_session_lasts_a_day_from_its_last_use() {
        let sessions = Sessions::new(&[1; 32], DAY);
        let first = sessions.begin("a".to_owned(), at(0));
        let cookie = sessions.cookie(&first);

        assert_eq!(sessions.read(&cookie, at(86_399)), Some(first.clone()));
        assert_eq!(sessions.read(&cookie, at(86_400)), None);

        assert_eq!(sessions.renewed(&first, at(3_599)), None);
        let renewed = sessions.renewed(&first, at(80_000)).unwrap();
        let cookie = sessions.cookie(&renewed);
        assert_eq!(sessions.read(&cookie, at(80_000 + 86_399)), Some(renewed));
    }

    #[test]
    fn an_ended_session_is_good_for_nothing_though_its_cookie_is_signed() {
        let sessions = Sessions::new(&[1; 32], DAY);
        let session = sessions.begin("a".to_owned(), at(0));
        let cookie = sessions.cookie(&session);
        sessions.end(&session);

        assert_eq!(sessions.read(&cookie, at(1)), None);
        assert_eq!(sessions.renewed(&session, at(80_000)), None);
    }

    #[test]
    fn a_changed_cookie_and_an_unsigned_one_are_none() {
        let sessions = Sessions::new(&[1; 32], DAY);
        let session = sessions.begin("a".to_owned(), at(0));
        let cookie = sessions.cookie(&session);
        let mut parts: Vec<&str> = cookie.split('.').collect();
        parts[0] = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        let unsigned = parts.join(".");

        assert_eq!(sessions.read(&unsigned, at(1)), None);
        assert_eq!(sessions.read(&cookie[..cookie.len() - 2], at(1)), None);
        assert_eq!(sessions.read("", at(1)), None);
    }

    #[test]
    fn the_token_against_forgery_belongs_to_one_session() {
        let sessions = Sessions::new(&[1; 32], DAY);
        let a = sessions.begin("a".to_owned(), at(0));
        let b = sessions.begin("b".to_owned(), at(0));

        assert!(sessions.is_csrf_token(&a, &sessions.csrf_token(&a)));
        assert!(!sessions.is_csrf_token(&b, &sessions.csrf_token(&a)));
        assert!(!sessions.is_csrf_token(&a, ""));
    }
}
