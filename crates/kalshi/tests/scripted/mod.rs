//! An exchange that does exactly what a script says, over in-process pipes.
#![allow(dead_code, reason = "each test crate uses its part")]

pub(crate) mod calls;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use kmi_domain::Timestamp;
use kmi_kalshi::connect::{BoxStream, Stream};
use kmi_kalshi::limit::Limits;
use kmi_kalshi::rest::{Builder, Client};
use kmi_kalshi::sign::{GeneratedKey, Signer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What happens to one connection attempt or one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers with status and body, and keeps the connection.
    Answer(u16, &'static str),
    /// The same, and closes the connection a millisecond later.
    AnswerAndClose(u16, &'static str),
    /// The same, and closes the connection after that many turns of the scheduler.
    AnswerAndCloseSoon(u16, &'static str, u32),
    /// Answers this much later.
    AnswerAfter(Duration, u16, &'static str),
    /// Writes these bytes as they are and closes.
    Raw(&'static str),
    /// Reads the request and closes without a word.
    Close,
    /// Reads the request and never answers.
    Hang,
}

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }
}

/// The exchange's side. Cloning copies a pointer.
#[derive(Clone, Default)]
pub(crate) struct Exchange {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Act>,
    refused_connections: usize,
    connections: usize,
    seen: Vec<Seen>,
}

impl Exchange {
    /// Answers the first request as the first act says, and so on; requests beyond the script get 599.
    pub(crate) fn new(script: impl IntoIterator<Item = Act>) -> Exchange {
        let exchange = Exchange::default();
        exchange.state.lock().unwrap().script = script.into_iter().collect();
        exchange
    }

    /// Refuses the first `count` connections.
    pub(crate) fn refusing_connections(self, count: usize) -> Exchange {
        self.state.lock().unwrap().refused_connections = count;
        self
    }

    /// Every request that came, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Connections asked for, refused ones included.
    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// A client without account, limits or jitter worth mentioning, connected to this exchange.
    pub(crate) fn builder(&self) -> Builder {
        let exchange = self.clone();
        Client::builder("http://exchange.test/trade-api/v2")
            .limits(Limits::none())
            .connector(move |_: &str, _: u16| exchange.connect())
    }

    /// The same with an account.
    pub(crate) fn client(&self) -> Client {
        self.builder().account(signer(), || SIGNED_AT).build().unwrap()
    }

    pub(crate) fn connect(&self) -> BoxFuture<'static, io::Result<BoxStream>> {
        let mut state = self.state.lock().unwrap();
        state.connections += 1;
        if state.refused_connections > 0 {
            state.refused_connections -= 1;
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        }
        let exchange = self.clone();
        Box::pin(async move {
            let (here, there) = tokio::io::duplex(64 << 10);
            tokio::spawn(async move { exchange.serve(there).await });
            Ok(Box::new(here) as BoxStream)
        })
    }

    /// Serves one connection.
    pub(crate) async fn serve(&self, mut pipe: impl Stream) {
        while let Some(request) = read_request(&mut pipe).await {
            let act = {
                let mut state = self.state.lock().unwrap();
                state.seen.push(request);
                state
                    .script
                    .pop_front()
                    .unwrap_or(Act::Answer(599, "no more script"))
            };
            match act {
                Act::Answer(status, body) => write_answer(&mut pipe, status, body).await,
                Act::AnswerAfter(wait, status, body) => {
                    tokio::time::sleep(wait).await;
                    write_answer(&mut pipe, status, body).await;
                }
                Act::AnswerAndCloseSoon(status, body, turns) => {
                    write_answer(&mut pipe, status, body).await;
                    for _ in 0..turns {
                        tokio::task::yield_now().await;
                    }
                    return;
                }
                Act::AnswerAndClose(status, body) => {
                    write_answer(&mut pipe, status, body).await;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    return;
                }
                Act::Raw(bytes) => {
                    pipe.write_all(bytes.as_bytes()).await.ok();
                    return;
                }
                Act::Close => return,
                Act::Hang => std::future::pending().await,
            }
        }
    }
}

/// When requests of [`Exchange::client`] are signed.
pub(crate) const SIGNED_AT: Timestamp = Timestamp::from_millis(1_763_700_000_123);

pub(crate) fn pair() -> GeneratedKey {
    GeneratedKey::ed25519_from_seed(&[7; 32]).unwrap()
}

pub(crate) fn signer() -> Signer {
    Signer::from_pem("a-key", &pair().private_pem).unwrap()
}

async fn write_answer(pipe: &mut impl Stream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} x\r\nlocation: /elsewhere\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    pipe.write_all(head.as_bytes()).await.ok();
    pipe.write_all(body.as_bytes()).await.ok();
    pipe.flush().await.ok();
}

async fn read_request(pipe: &mut impl Stream) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(pipe.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut seen = Seen {
        method,
        target,
        headers,
        body: String::new(),
    };
    let length = seen
        .header("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    pipe.read_exact(&mut body).await.ok()?;
    seen.body = String::from_utf8(body).unwrap();
    Some(seen)
}
