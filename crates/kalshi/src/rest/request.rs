use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::debug;

use super::judge::{Kind, excerpt, judge};
use super::{Call, Class, Client, Error, Page, Shared, Undecodable, paginate};
use crate::api::page::{Cursor, Paged, PagedQuery};
use crate::api::query::Query;
use crate::limit::{Lane, Priority};

/// What a request says of who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Nothing: public data.
    Public,
    /// Key, time and signature.
    Private,
}

/// A request being put together; [`send`](Request::send) runs it.
#[must_use = "a request does nothing until it is sent"]
#[derive(Clone, Debug)]
pub struct Request {
    client: Client,
    method: Method,
    auth: Auth,
    path: String,
    query: String,
    body: Option<Bytes>,
    items: u32,
    priority: Priority,
    answer: AnswerKind,
    wrong: Option<(&'static str, String)>,
}

/// Whether an answer may be quoted in errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AnswerKind {
    Plain,
    Secret,
}

impl Request {
    pub(super) fn new(client: Client, method: Method, auth: Auth, path: &[&str]) -> Request {
        let mut full = client.shared.base.path.clone();
        let mut wrong = None;
        for segment in path {
            // Such a segment would change which path it is.
            if matches!(*segment, "" | "." | "..") {
                wrong = Some(("path", format!("has the segment {segment:?}")));
            }
            full.push('/');
            push_segment(&mut full, segment);
        }
        let priority = match method {
            Method::DELETE => Priority::First,
            _ => Priority::Normal,
        };
        Request {
            client,
            method,
            auth,
            path: full,
            query: String::new(),
            body: None,
            items: 1,
            priority,
            answer: AnswerKind::Plain,
            wrong,
        }
    }

    /// Adds `name=value` to the query, percent-encoded.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass numbers, texts and ids as they have them"
    )]
    pub fn param(mut self, name: &str, value: impl ToString) -> Request {
        let mut query = url::form_urlencoded::Serializer::new(std::mem::take(&mut self.query));
        query.append_pair(name, &value.to_string());
        self.query = query.finish();
        self
    }

    /// The same where there is a value.
    pub fn maybe(self, name: &str, value: Option<impl ToString>) -> Request {
        match value {
            Some(value) => self.param(name, value),
            None => self,
        }
    }

    /// Adds the same name once for each value.
    pub fn repeated<V: ToString>(self, name: &str, values: impl IntoIterator<Item = V>) -> Request {
        values
            .into_iter()
            .fold(self, |request, value| request.param(name, value))
    }

    /// Adds every parameter of `query` that is set.
    pub fn query(self, query: &impl Query) -> Request {
        query
            .pairs()
            .into_iter()
            .fold(self, |request, (name, value)| request.param(name, value))
    }

    /// Sends `body` as JSON. What cannot be written as JSON is reported by `send`.
    pub fn json(mut self, body: &impl Serialize) -> Request {
        match serde_json::to_vec(body) {
            Ok(json) => self.body = Some(json.into()),
            Err(error) => self.wrong = Some(("body", error.to_string())),
        }
        self
    }

    /// Bills `items` times the cost of the endpoint: batches are charged per item. 0 counts as 1.
    pub fn items(mut self, items: usize) -> Request {
        self.items = u32::try_from(items).unwrap_or(u32::MAX).max(1);
        self
    }

    /// Place in the queue for tokens, where it is not the usual one: `DELETE` first, all others after.
    pub fn priority(mut self, priority: Priority) -> Request {
        self.priority = priority;
        self
    }

    /// Keeps the answer out of every error, because it holds a secret.
    pub fn secret_answer(mut self) -> Request {
        self.answer = AnswerKind::Secret;
        self
    }

    /// Method and path, as errors name the request.
    pub fn call(&self) -> Call {
        Call::new(&self.method, &self.path)
    }

    /// Sends it and decodes the answer's JSON.
    ///
    /// # Errors
    /// See [`Error`]; reads are repeated as the client's policy says, writes never.
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, Error> {
        let (status, body) = self.run().await?;
        serde_json::from_slice(&body).map_err(|source| self.undecodable(status, &body, source))
    }

    /// Sends it and wants no more than a success: whatever body the answer has is ignored.
    ///
    /// # Errors
    /// As [`send`](Request::send), but for answers that cannot be decoded.
    pub async fn send_empty(self) -> Result<(), Error> {
        self.run().await.map(|_| ())
    }

    /// Sends it with `query` for one page after another, at most `max_pages`, and hands out the items, beginning where the
    /// query's own cursor says.
    ///
    /// # Errors
    /// The stream's last item is an error when a page cannot be had, or the list does not end: see [`paginate`].
    pub fn list<Q>(
        self,
        mut query: Q,
        max_pages: usize,
    ) -> impl Stream<Item = Result<<Q::Page as Paged>::Item, Error>> + Send + 'static
    where
        Q: PagedQuery + Send + 'static,
        Q::Page: DeserializeOwned + Send + 'static,
        <Q::Page as Paged>::Item: Send + 'static,
    {
        paginate(self.call(), max_pages, move |cursor| {
            if let Some(cursor) = cursor {
                query.set_cursor(Cursor::new(cursor));
            }
            let request = self.clone().query(&query);
            async move {
                let (items, cursor) = request.send::<Q::Page>().await?.into_page();
                Ok(Page {
                    items,
                    cursor: cursor.as_str().to_owned(),
                })
            }
        })
    }

    /// Sends it for one page after another, with each page's `cursor` added, and hands out the items that `split` finds in them.
    ///
    /// # Errors
    /// The stream's last item is an error when a page cannot be had, or the list does not end: see [`paginate`].
    pub fn pages<B, T>(
        self,
        max_pages: usize,
        split: impl Fn(B) -> Page<T> + Send + Sync + 'static,
    ) -> impl Stream<Item = Result<T, Error>> + Send + 'static
    where
        B: DeserializeOwned + Send + 'static,
        T: Send + 'static,
    {
        let split = Arc::new(split);
        paginate(self.call(), max_pages, move |cursor| {
            let request = self.clone().maybe("cursor", cursor);
            let split = Arc::clone(&split);
            async move { Ok(split(request.send().await?)) }
        })
    }

    fn kind(&self) -> Kind {
        if self.method == Method::GET {
            Kind::Read
        } else {
            Kind::Write
        }
    }

    async fn run(&self) -> Result<(StatusCode, Bytes), Error> {
        if let Some((what, why)) = &self.wrong {
            return Err(Error::Argument {
                what,
                why: why.clone(),
            });
        }
        let shared = &self.client.shared;
        let call = self.call();
        let began = Instant::now();
        let mut attempt = 1;
        loop {
            let error = match self.attempt(&call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            debug!(%call, attempt, class = ?error.class(), status = error.status(), "request failed");
            if self.kind() == Kind::Write || error.class() != Class::Retryable {
                return Err(error);
            }
            match shared.retry.wait_after(attempt, began.elapsed(), &shared.jitter) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
            attempt += 1;
        }
    }

    async fn attempt(&self, call: &Call) -> Result<(StatusCode, Bytes), Error> {
        let Shared {
            limiter, transport, ..
        } = &*self.client.shared;
        let (lane, cost) = self.price();
        limiter
            .acquire(lane, self.priority, cost)
            .await
            .map_err(|source| Error::Throttled {
                call: call.clone(),
                source,
            })?;
        // Signed after the wait, because a signature is good for seconds only.
        let request = self.signed(call).await?;
        let result = judge(self.kind(), call, transport.attempt(request).await);
        if let Err(Error::TooManyRequests(_)) = &result {
            limiter.drain(lane);
        }
        result
    }

    /// Who pays for it, and how many tokens.
    fn price(&self) -> (Lane, u64) {
        let shared = &self.client.shared;
        let below_base = &self.path[shared.base.path.len()..];
        let cost = || shared.limiter.cost(self.method.as_str(), below_base, self.items);
        match self.kind() {
            Kind::Read if below_base == "/portfolio/balance" => (Lane::Balance, 1),
            Kind::Read => (Lane::Read, cost()),
            Kind::Write => (Lane::Write, cost()),
        }
    }

    /// The request as it goes out, signed as of now.
    async fn signed(&self, call: &Call) -> Result<http::Request<Full<Bytes>>, Error> {
        let shared = &self.client.shared;
        let mut url = format!("{}{}", shared.base.origin, self.path);
        if !self.query.is_empty() {
            url.push('?');
            url.push_str(&self.query);
        }
        let mut request = http::Request::builder()
            .method(&self.method)
            .uri(url)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("kmi-kalshi/", env!("CARGO_PKG_VERSION")));
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if self.auth == Auth::Private {
            let signer = shared
                .signer
                .as_ref()
                .ok_or_else(|| Error::NoKey { call: call.clone() })?;
            let headers = signer
                .headers(shared.clock.now().millis(), self.method.as_str(), &self.path)
                .await
                .map_err(|source| Error::Sign {
                    call: call.clone(),
                    source,
                })?;
            for (name, value) in headers.pairs() {
                let mut value = HeaderValue::from_str(&value).map_err(|_| Error::Argument {
                    what: "key id",
                    why: "cannot stand in a header".to_owned(),
                })?;
                value.set_sensitive(true);
                request = request.header(name, value);
            }
        }
        request
            .body(Full::new(self.body.clone().unwrap_or_default()))
            .map_err(|error| Error::Argument {
                what: "request",
                why: error.to_string(),
            })
    }

    fn undecodable(&self, status: StatusCode, body: &[u8], source: serde_json::Error) -> Error {
        // What the decoder says may quote the body as well.
        let (excerpt, source) = match self.answer {
            AnswerKind::Plain => (excerpt(body), Some(source)),
            AnswerKind::Secret => (String::new(), None),
        };
        Error::Undecodable(Box::new(Undecodable {
            call: self.call(),
            status: status.as_u16(),
            wanted: "body of the documented form",
            excerpt,
            taken: self.kind() == Kind::Write,
            source,
        }))
    }
}

/// Appends `segment`, with everything percent-encoded that is not unreserved in RFC 3986.
fn push_segment(path: &mut String, segment: &str) {
    for byte in segment.bytes() {
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if unreserved {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
}
