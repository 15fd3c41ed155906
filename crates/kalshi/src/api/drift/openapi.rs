//! Facts of an OpenAPI 3.0 file.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::facts::{Fact, Kind};
use super::schema::{Collector, bounds};

const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];

/// Every operation of the file, `GET /markets`, with its path item and itself.
fn all(document: &Value) -> impl Iterator<Item = (String, &Value, &Value)> {
    let paths = document.get("paths").and_then(Value::as_object);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(move |method| {
            let operation = item.get(method)?;
            Some((format!("{} {path}", method.to_uppercase()), item, operation))
        })
    })
}

pub(super) fn operations(document: &Value) -> BTreeSet<String> {
    all(document).map(|(name, ..)| name).collect()
}

pub(super) fn facts(document: &Value, wanted: &BTreeSet<String>) -> BTreeSet<Fact> {
    let mut collector = Collector::new(document);
    let version = document
        .pointer("/info/version")
        .and_then(Value::as_str)
        .unwrap_or("none");
    collector.add(Fact::new(Kind::Version, "OpenAPI", "", version));
    for (name, item, operation) in all(document).filter(|(name, ..)| wanted.contains(name)) {
        let id = operation.get("operationId").and_then(Value::as_str).unwrap_or("");
        collector.add(Fact::new(Kind::Operation, &name, "", id));
        for parameter in [item, operation].into_iter().flat_map(parameters) {
            take_parameter(&mut collector, &name, parameter);
        }
        take_bodies(&mut collector, &name, operation);
    }
    collector.facts
}

fn parameters(of: &Value) -> impl Iterator<Item = &Value> {
    of.get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn take_parameter<'a>(collector: &mut Collector<'a>, operation: &str, parameter: &'a Value) {
    let Some(parameter) = collector.resolve(parameter) else {
        return;
    };
    let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or("");
    let need = match parameter.get("required") {
        Some(Value::Bool(true)) => "required",
        _ => "optional",
    };
    let (name, place) = (text("name"), text("in"));
    let mut value = format!("{need} in {place}");
    if let Some(schema) = parameter.get("schema") {
        value.push(' ');
        value.push_str(&collector.take(Kind::Asked, &format!("{operation}?{name}"), schema));
        value.push_str(&schema.as_object().map_or(String::new(), bounds));
    }
    if parameter.get("explode") == Some(&Value::Bool(true)) {
        value.push_str(" repeated");
    }
    collector.add(Fact::new(Kind::Parameter, operation, name, value));
}

fn take_bodies<'a>(collector: &mut Collector<'a>, operation: &str, of: &'a Value) {
    if let Some(schema) = of
        .get("requestBody")
        .and_then(|body| json_schema(collector, body))
    {
        let shape = collector.take(Kind::Asked, &format!("{operation} request"), schema);
        collector.add(Fact::new(Kind::Request, operation, "", shape));
    }
    let answers = of.get("responses").and_then(Value::as_object);
    // What errors look like the file does not tell rightly; see `crate::api::error`.
    for (status, answer) in answers
        .into_iter()
        .flatten()
        .filter(|(status, _)| status.starts_with('2'))
    {
        let shape = match json_schema(collector, answer) {
            Some(schema) => collector.take(Kind::Told, &format!("{operation} answer"), schema),
            None => "nothing".to_owned(),
        };
        collector.add(Fact::new(Kind::Answer, operation, status, shape));
    }
}

fn json_schema<'a>(collector: &Collector<'a>, body: &'a Value) -> Option<&'a Value> {
    let content: &Map<String, Value> = collector.resolve(body)?.get("content")?.as_object()?;
    content.get("application/json")?.get("schema")
}
