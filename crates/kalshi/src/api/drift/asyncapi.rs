//! Facts of an `AsyncAPI` 3.0 file.

use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::{Fact, Kind};
use super::schema::Collector;

pub(super) fn channels(document: &Value) -> BTreeSet<String> {
    let channels = document.get("channels").and_then(Value::as_object);
    channels
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

pub(super) fn facts(document: &Value, wanted: &BTreeSet<String>) -> BTreeSet<Fact> {
    let mut collector = Collector::new(document);
    let version = document
        .pointer("/info/version")
        .and_then(Value::as_str)
        .unwrap_or("none");
    collector.add(Fact::new(Kind::Version, "AsyncAPI", "", version));
    let sent = sent_messages(document);
    let channels = document.get("channels").and_then(Value::as_object);
    for (name, channel) in channels
        .into_iter()
        .flatten()
        .filter(|(name, _)| wanted.contains(*name))
    {
        let messages = channel.get("messages").and_then(Value::as_object);
        for (message, reference) in messages.into_iter().flatten() {
            let direction = if sent.contains(&format!("#/channels/{name}/messages/{message}")) {
                Kind::Asked
            } else {
                Kind::Told
            };
            let payload = collector
                .resolve(reference)
                .and_then(|message| message.get("payload"));
            let shape = match payload {
                Some(payload) => collector.take(direction, message, payload),
                None => "nothing".to_owned(),
            };
            collector.add(Fact::new(Kind::Message, name, message, shape));
        }
    }
    for code in error_codes(document) {
        collector.add(Fact::new(Kind::ErrorCode, "error", code, ""));
    }
    collector.facts
}

/// References to messages that clients send: in the file's words, those its application receives.
fn sent_messages(document: &Value) -> BTreeSet<String> {
    let operations = document.get("operations").and_then(Value::as_object);
    let received = operations
        .into_iter()
        .flatten()
        .filter(|(_, operation)| operation.get("action").and_then(Value::as_str) == Some("receive"));
    let messages = received.filter_map(|(_, operation)| operation.get("messages")?.as_array());
    let references = messages
        .flatten()
        .filter_map(|message| message.get("$ref")?.as_str());
    references.map(str::to_owned).collect()
}

/// Every number that stands beside a `code` in the file's own list of errors, wherever in it.
fn error_codes(document: &Value) -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    if let Some(list) = document.get("x-error-codes") {
        collect_codes(list, &mut codes);
    }
    codes
}

fn collect_codes(value: &Value, codes: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_codes(item, codes)),
        Value::Object(fields) => {
            if let Some(code) = fields.get("code").and_then(Value::as_i64) {
                codes.insert(code.to_string());
            }
            fields.values().for_each(|field| collect_codes(field, codes));
        }
        _ => {}
    }
}
