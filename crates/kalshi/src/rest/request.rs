use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use tracing::debug;

use super::judge::{Kind, excerpt};
use super::{Call, Class, Client, Error, Page, Prepared, Undecodable, paginate};
use crate::api::page::{Cursor, Paged, PagedQuery};
use crate::api::query::Query;
use crate::limit::{AcquireError, Priority};

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
    pub(super) client: Client,
    pub(super) method: Method,
    pub(super) auth: Auth,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Option<Bytes>,
    pub(super) items: u32,
    pub(super) priority: Priority,
    answer: AnswerKind,
    wrong: Option<(&'static str, String)>,
    not_after: Option<Instant>,
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
            not_after: client.not_after,
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

    /// Sends it by `latest` or not at all, instead of whenever there are tokens and a connection: it is given up, certainly not
    /// sent, as [`Error::Throttled`] while it waits for tokens or is signed, and as [`Error::NotSent`] while it waits for a
    /// connection. An earlier moment set before stays. Without one a request may leave some 15 s after it was asked for.
    pub fn not_after(mut self, latest: Instant) -> Request {
        self.not_after = Some(self.not_after.map_or(latest, |set| set.min(latest)));
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
        self.decode(status, &body)
    }

    /// Sends it and wants no more than a success: whatever body the answer has is ignored.
    ///
    /// # Errors
    /// As [`send`](Request::send), but for answers that cannot be decoded.
    pub async fn send_empty(self) -> Result<(), Error> {
        self.run().await.map(|_| ())
    }

    /// Waits for its tokens and signs it, so that the time of the signature can be kept before anything leaves.
    ///
    /// # Errors
    /// Only such as say that nothing left.
    pub async fn prepare(self) -> Result<Prepared, Error> {
        self.check()?;
        let attempt = self.ready(&self.call(), self.not_after).await?;
        Ok(Prepared {
            request: self,
            attempt,
        })
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

    pub(super) fn kind(&self) -> Kind {
        if self.method == Method::GET {
            Kind::Read
        } else {
            Kind::Write
        }
    }

    /// What was found wrong while it was put together.
    fn check(&self) -> Result<(), Error> {
        match &self.wrong {
            Some((what, why)) => Err(Error::Argument {
                what,
                why: why.clone(),
            }),
            None => Ok(()),
        }
    }

    async fn run(&self) -> Result<(StatusCode, Bytes), Error> {
        self.check()?;
        let shared = &self.client.shared;
        let call = self.call();
        let began = Instant::now();
        let mut latest = self.not_after;
        let mut last: Option<Error> = None;
        let mut attempt = 1;
        loop {
            let error = match (self.attempt(&call, latest).await, last) {
                (Ok(answer), _) => return Ok(answer),
                // Time ran out in the queue, not at the exchange, whose last word says more.
                (
                    Err(Error::Throttled {
                        source: AcquireError::TooLate,
                        ..
                    }),
                    Some(last),
                ) => return Err(last),
                (Err(error), _) => error,
            };
            debug!(%call, attempt, class = ?error.class(), status = error.status(), "request failed");
            if self.kind() == Kind::Write || error.class() != Class::Retryable {
                return Err(error);
            }
            match shared.retry.wait_after(attempt, began.elapsed(), &shared.jitter) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(error),
            }
            let total = began + shared.retry.total;
            latest = Some(self.not_after.map_or(total, |set| set.min(total)));
            last = Some(error);
            attempt += 1;
        }
    }

    pub(super) fn decode<T: DeserializeOwned>(&self, status: StatusCode, body: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|source| self.undecodable(status, body, source))
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
