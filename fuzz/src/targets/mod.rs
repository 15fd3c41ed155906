//! The targets.

mod keys;
mod queries;
mod rest;
mod ws;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Target, refused, understood};

/// Every target.
pub const ALL: &[Target] = &[
    Target {
        name: "rest_errors",
        about: "bodies of refusals",
        seeds: include_str!("../../seeds/rest_errors.jsonl"),
        run: rest::errors,
    },
    Target {
        name: "rest_private",
        about: "answers of private routes: orders, fills, positions, settlements, balances",
        seeds: include_str!("../../seeds/rest_private.jsonl"),
        run: rest::private,
    },
    Target {
        name: "rest_public",
        about: "answers of public routes: series, events, markets, books, trades, candles",
        seeds: include_str!("../../seeds/rest_public.jsonl"),
        run: rest::public,
    },
    Target {
        name: "rest_requests",
        about: "bodies of requests, as a server reads them",
        seeds: include_str!("../../seeds/rest_requests.jsonl"),
        run: rest::requests,
    },
    Target {
        name: "rest_queries",
        about: "query strings, as a server reads them",
        seeds: include_str!("../../seeds/rest_queries.txt"),
        run: queries::run,
    },
    Target {
        name: "ws_frames",
        about: "frames and captured lines of every generation, by serde and by the scanner",
        seeds: include_str!("../../seeds/ws_frames.jsonl"),
        run: ws::frames,
    },
    Target {
        name: "ws_messages",
        about: "messages of the server, as our client reads them",
        seeds: include_str!("../../seeds/ws_frames.jsonl"),
        run: ws::messages,
    },
    Target {
        name: "ws_commands",
        about: "commands of clients, as a server reads them",
        seeds: include_str!("../../seeds/ws_commands.jsonl"),
        run: ws::commands,
    },
    Target {
        name: "keys",
        about: "PEM of private and public keys",
        seeds: include_str!("../../seeds/keys.txt"),
        run: keys::run,
    },
];

/// Reads `input` as a `T`; what is understood must be written and read again to the same text.
fn reread<T: DeserializeOwned + Serialize>(input: &[u8]) -> u64 {
    let value: T = match serde_json::from_slice(input) {
        Ok(value) => value,
        Err(error) => return refused(&error.to_string()),
    };
    settled(&value, |json| serde_json::from_slice(json))
}

/// Number of the outcome of a value that was read; panics unless `read` gives it again from its own text.
fn settled<T: Serialize, E: std::fmt::Debug>(value: &T, read: impl FnOnce(&[u8]) -> Result<T, E>) -> u64 {
    let json = serde_json::to_string(value).expect("what was read can be written");
    match read(json.as_bytes()) {
        Ok(again) => {
            let again = serde_json::to_string(&again).expect("what was read can be written");
            assert_eq!(json, again, "written anew, it reads otherwise");
        }
        Err(error) => panic!("written anew, it is not understood: {error:?}: {json}"),
    }
    understood(&json)
}
