//! Who asks: sessions begun by a one-time link, and the token of programs.
//!
//! A session is a signed cookie (JWT) whose id must also be known here, so that it can be ended; keys come from the entropy of the start, so
//! that a restart ends all of them. Nothing secret is kept in the clear: links and the token are compared by hash, in constant time.

mod routes;
mod session;
mod token;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;
use kmi_domain::Timestamp;
use parking_lot::Mutex;

pub(crate) use routes::router;
pub(crate) use session::{Session, Sessions};
pub use token::{LocalToken, LocalTokenError};

use crate::DoorSettings;
use crate::error::ApiError;

/// Links that may be open at once; a further one makes the oldest worthless.
const LINKS: usize = 16;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Anybody on this machine.
    Anonymous,
    /// A browser with a session.
    Session(Session),
    /// A program with the local token.
    Token,
}

/// Somebody with a session or the token; others are refused.
pub(crate) struct Known;

impl<S: Sync> FromRequestParts<S> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Known, ApiError> {
        match parts.extensions.get::<Caller>() {
            Some(Caller::Session(_) | Caller::Token) => Ok(Known),
            Some(Caller::Anonymous) | None => Err(ApiError::unauthenticated()),
        }
    }
}

/// Sessions, links and the token.
pub(crate) struct Auth {
    root: [u8; 32],
    drawn: AtomicU64,
    links: Mutex<Vec<Link>>,
    link_lasts: Duration,
    sessions: Sessions,
    token: LocalToken,
}

struct Link {
    token: blake3::Hash,
    expires: Timestamp,
}

impl Auth {
    pub(crate) fn new(entropy: [u8; 32], token: LocalToken, settings: &DoorSettings) -> Auth {
        let key = blake3::derive_key("kmi 2026-11 session signatures", &entropy);
        Auth {
            root: blake3::derive_key("kmi 2026-11 links and ids", &entropy),
            drawn: AtomicU64::new(0),
            links: Mutex::new(Vec::new()),
            link_lasts: settings.link,
            sessions: Sessions::new(&key, settings.session),
            token,
        }
    }

    /// A fresh value nobody can guess, as 64 hexadecimal digits.
    fn fresh(&self, purpose: &str) -> String {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut hasher = blake3::Hasher::new_keyed(&self.root);
        hasher.update(purpose.as_bytes()).update(&number.to_le_bytes());
        hasher.finalize().to_hex().to_string()
    }

    /// What a page's own scripts and styles carry: another for every answer.
    pub(crate) fn nonce(&self) -> String {
        let mut nonce = self.fresh("nonce");
        nonce.truncate(32);
        nonce
    }

    /// A fresh id that sorts by time (UUID, version 7).
    pub(crate) fn uuid(&self, now: Timestamp) -> String {
        let mut random = [0; 10];
        let fresh = blake3::hash(self.fresh("uuid").as_bytes());
        random.copy_from_slice(&fresh.as_bytes()[..10]);
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random)
            .into_uuid()
            .to_string()
    }

    /// The token of a new link, good once.
    pub(crate) fn new_link(&self, now: Timestamp) -> String {
        let token = self.fresh("link");
        let mut links = self.links.lock();
        links.retain(|link| link.expires > now);
        if links.len() == LINKS {
            links.remove(0);
        }
        links.push(Link {
            token: blake3::hash(token.as_bytes()),
            expires: now.plus(self.link_lasts),
        });
        token
    }

    /// Begins a session by a link, which is worthless from then on; `None` when it is none, was used, or came too late.
    pub(crate) fn redeem(&self, token: &str, now: Timestamp) -> Option<Session> {
        let given = blake3::hash(token.as_bytes());
        let mut links = self.links.lock();
        // Equality of hashes takes the same time wherever they differ; and all are looked at.
        let mut found = None;
        for (place, link) in links.iter().enumerate() {
            if link.token == given {
                found = Some(place);
            }
        }
        let link = links.remove(found?);
        drop(links);
        (link.expires > now).then(|| self.sessions.begin(self.fresh("session"), now))
    }

    /// What a cookie stands for, if it is one of ours and still good.
    pub(crate) fn session(&self, cookie: &str, now: Timestamp) -> Option<Session> {
        self.sessions.read(cookie, now)
    }

    /// Sessions.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Whether a bearer is the local token.
    pub(crate) fn is_token(&self, given: &str) -> bool {
        self.token.is(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth() -> Auth {
        Auth::new([7; 32], LocalToken::new("secret"), &DoorSettings::default())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    #[test]
    fn a_link_begins_one_session_and_no_second() {
        let auth = auth();
        let link = auth.new_link(at(0));

        assert!(auth.redeem(&link, at(1)).is_some());
        assert!(auth.redeem(&link, at(2)).is_none());
    }

    #[test]
    fn a_link_is_worthless_after_ten_minutes() {
        let auth = auth();
        let link = auth.new_link(at(0));

        assert!(auth.redeem(&link, at(600)).is_none());
        let link = auth.new_link(at(0));
        assert!(auth.redeem(&link, at(599)).is_some());
    }

    #[test]
    fn the_seventeenth_link_makes_the_first_worthless() {
        let auth = auth();
        let first = auth.new_link(at(0));
        let second = auth.new_link(at(0));
        for _ in 2..17 {
            auth.new_link(at(0));
        }

        assert!(auth.redeem(&first, at(1)).is_none());
        assert!(auth.redeem(&second, at(1)).is_some());
    }

    #[test]
    fn another_start_knows_no_sessions_of_this_one() {
        let auth = auth();
        let session = auth.redeem(&auth.new_link(at(0)), at(1)).unwrap();
        let cookie = auth.sessions().cookie(&session);
        let other = Auth::new([8; 32], LocalToken::new("secret"), &DoorSettings::default());

        assert_eq!(auth.session(&cookie, at(2)), Some(session));
        assert_eq!(other.session(&cookie, at(2)), None);
    }
}
