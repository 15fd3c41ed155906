//! A keeper behind a client: [`LiveBooks`].

use super::{Applied, BookKeeper, BookView};
use crate::ws::{Client, Event, Events};

/// A client's events with the books they make; what turns out wrong is asked for again.
#[derive(Debug)]
pub struct LiveBooks {
    client: Client,
    events: Events,
    keeper: BookKeeper,
}

impl LiveBooks {
    /// Books of what `client` subscribes to.
    pub fn new(client: Client, events: Events) -> LiveBooks {
        LiveBooks {
            client,
            events,
            keeper: BookKeeper::new(),
        }
    }

    /// The next event, already applied to the books, and what it did to them; `None` when the client was closed.
    pub async fn next(&mut self) -> Option<(Event, Applied)> {
        let event = self.events.next().await?;
        let applied = self.keeper.apply(&event);
        if let Applied::Broken(ticker) = &applied {
            // A closed client needs no books.
            let _ = self.client.refresh_books(vec![ticker.clone()]).await;
        }
        Some((event, applied))
    }

    /// The book of a market, if it is in sync.
    pub fn book(&self, ticker: &str) -> BookView<'_> {
        self.keeper.book(ticker)
    }

    /// All books.
    pub fn keeper(&self) -> &BookKeeper {
        &self.keeper
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
