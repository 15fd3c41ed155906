//! Under which names this server may be asked: [`Site`].

use std::collections::BTreeSet;
use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue, Method, Uri, header};

use crate::auth::{Session, Sessions};
use crate::error::ApiError;
use crate::{DoorError, DoorSettings};

/// Names and origins of a server, from where it listens.
#[derive(Debug)]
pub(crate) struct Site {
    hosts: BTreeSet<String>,
    origins: BTreeSet<String>,
    foreign: BTreeSet<String>,
    cookie: String,
    address: SocketAddr,
}

impl Site {
    pub(crate) fn new(address: SocketAddr, settings: &DoorSettings) -> Site {
        let port = address.port();
        let mut hosts: BTreeSet<String> = ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .map(|name| format!("{name}:{port}"))
            .collect();
        hosts.insert(address.to_string());
        hosts.extend(settings.hosts.iter().map(|host| host.to_ascii_lowercase()));
        if port == 80 {
            // Browsers leave the usual port out.
            let without: Vec<String> = hosts
                .iter()
                .filter_map(|host| host.strip_suffix(":80"))
                .map(str::to_owned)
                .collect();
            hosts.extend(without);
        }
        Site {
            origins: hosts.iter().map(|host| format!("http://{host}")).collect(),
            foreign: settings.cors_origins.iter().cloned().collect(),
            hosts,
            // Cookies do not know ports: two servers of one machine must not take each other's.
            cookie: format!("kmi_session_{port}"),
            address,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Name of the session's cookie.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The header that sets the session's cookie.
    pub(crate) fn set_cookie(&self, sessions: &Sessions, session: &Session) -> HeaderValue {
        let value = sessions.cookie(session);
        let age = sessions.lasts().as_secs();
        let name = &self.cookie;
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}");
        HeaderValue::from_str(&text).expect("a JWT is of letters, digits, dashes and points")
    }

    /// The header that deletes it.
    pub(crate) fn unset_cookie(&self) -> HeaderValue {
        let name = &self.cookie;
        let text = format!("{name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
        HeaderValue::from_str(&text).expect("of letters, digits and signs")
    }

    /// Refuses requests meant for another host: a page whose name was made to point here asks under its own name.
    pub(super) fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        let mut given = headers.get_all(header::HOST).iter();
        let host = given.next().and_then(|host| host.to_str().ok());
        let Some(host) = host.filter(|_| given.next().is_none()) else {
            return Err(ApiError::invalid("a request names exactly one host"));
        };
        let known = |host: &str| self.hosts.contains(host) || self.hosts.contains(&host.to_ascii_lowercase());
        let whole = uri.authority().is_none_or(|authority| known(authority.as_str()));
        if known(host) && whole {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "this server is not asked under that name; server.hosts lists further ones",
        ))
    }

    /// Refuses requests of other sites' pages. `Some` is a configured origin, whose pages may read the answer.
    pub(super) fn check_origin(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, ApiError> {
        let refused = || {
            Err(ApiError::forbidden(
                "pages of that origin may not ask here; server.cors_origins lists those that may",
            ))
        };
        if let Some(origin) = headers.get(header::ORIGIN) {
            return match origin.to_str() {
                Ok(text) if self.origins.contains(text) => Ok(None),
                Ok(text) if self.foreign.contains(text) => Ok(Some(origin.clone())),
                _ => refused(),
            };
        }
        // Without an origin a page of elsewhere can only be one that embeds or fetches blindly, or a link somebody follows.
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let is_foreign = matches!(site, Some(b"cross-site" | b"same-site"));
        let mode = headers.get("sec-fetch-mode").map(HeaderValue::as_bytes);
        let follows = *method == Method::GET && mode == Some(b"navigate");
        if is_foreign && !follows {
            return refused();
        }
        Ok(None)
    }
}

/// A cookie of that name.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(given, _)| *given == name)
        .map(|(_, value)| value)
}

/// Refuses configured names that no request can carry.
pub(crate) fn check_names(settings: &DoorSettings) -> Result<(), DoorError> {
    for host in &settings.hosts {
        let authority = host.parse::<http::uri::Authority>();
        if !authority.is_ok_and(|authority| authority.port().is_some() && !host.contains('@')) {
            return Err(DoorError::Setting {
                key: "server.hosts",
                value: host.clone(),
                rule: "is not a name with its port, such as desk.example:8000",
            });
        }
    }
    for origin in &settings.cors_origins {
        let uri = origin.parse::<Uri>().ok();
        let whole = uri.filter(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some()
                && !origin.ends_with('/')
                && origin.matches('/').count() == 2
                && *origin == origin.to_ascii_lowercase()
        });
        if whole.is_none() {
            return Err(DoorError::Setting {
                key: "server.cors_origins",
                value: origin.clone(),
                rule: "is not a whole origin in lower case without a path, such as http://localhost:5173",
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(hosts: &[&str], origins: &[&str]) -> DoorSettings {
        DoorSettings {
            hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
            cors_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            ..DoorSettings::default()
        }
    }

    #[test]
    fn names_are_whole_or_refused_at_start() {
        assert!(check_names(&settings(&["desk.example:8000"], &["http://localhost:5173"])).is_ok());
        for host in ["desk.example", "", "a b:1", "me@desk:8000", "http://desk:8000"] {
            assert!(check_names(&settings(&[host], &[])).is_err(), "{host}");
        }
        for origin in [
            "localhost:5173",
            "*",
            "http://localhost:5173/",
            "http://Desk:1",
            "null",
            "ftp://a:1",
        ] {
            assert!(check_names(&settings(&[], &[origin])).is_err(), "{origin}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; kmi_session_80001=x"),
        );
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("kmi_session_8000=y=z; b=2"),
        );

        assert_eq!(cookie(&headers, "kmi_session_8000"), Some("y=z"));
        assert_eq!(cookie(&headers, "kmi_session"), None);
    }
}
