//! Schemas, which both kinds of file write alike: types as text, and the facts of all they are made of.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::facts::{Fact, Kind};

/// Collects facts of schemas, each named schema once for each direction.
pub(super) struct Collector<'a> {
    document: &'a Value,
    seen: BTreeSet<(Kind, String)>,
    pub(super) facts: BTreeSet<Fact>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(document: &'a Value) -> Collector<'a> {
        Collector {
            document,
            seen: BTreeSet::new(),
            facts: BTreeSet::new(),
        }
    }

    pub(super) fn add(&mut self, fact: Fact) {
        self.facts.insert(fact);
    }

    /// What `value` refers to, or itself where it is no reference. References out of the file lead nowhere.
    pub(super) fn resolve(&self, value: &'a Value) -> Option<&'a Value> {
        let mut value = value;
        // A reference may lead to another; more than a few are a circle.
        for _ in 0..8 {
            let Some(reference) = value.get("$ref") else {
                return Some(value);
            };
            value = self.document.pointer(reference.as_str()?.strip_prefix('#')?)?;
        }
        None
    }

    /// Takes in a schema that stands at `place`: named ones under their own name, others under the place's.
    /// `direction` is [`Kind::Asked`] or [`Kind::Told`]. Gives its type.
    pub(super) fn take(&mut self, direction: Kind, place: &str, schema: &'a Value) -> String {
        if let Some(name) = reference_name(schema) {
            if self.seen.insert((direction, name.to_owned()))
                && let Some(target) = self.resolve(schema)
            {
                let shape = self.describe(direction, name, target);
                self.add(Fact::new(direction, name, "", shape));
            }
            return with_null(name.to_owned(), schema);
        }
        self.describe(direction, place, schema)
    }

    /// The type of a schema that is no reference, its fields and words taken in under `name`.
    fn describe(&mut self, direction: Kind, name: &str, schema: &'a Value) -> String {
        for word in words(schema) {
            self.add(Fact::new(Kind::Word, name, word, ""));
        }
        self.take_fields(direction, name, schema);
        let parts = ["allOf", "oneOf", "anyOf"]
            .into_iter()
            .find_map(|key| schema.get(key)?.as_array());
        let shape = if let Some(parts) = parts {
            let shapes = parts.iter().map(|part| self.take(direction, name, part));
            shapes.collect::<Vec<_>>().join(" or ")
        } else if let Some(items) = schema.get("items") {
            format!("list of {}", self.take(direction, &format!("{name}[]"), items))
        } else if let Some(values @ Value::Object(_)) = schema.get("additionalProperties") {
            format!("map of {}", self.take(direction, &format!("{name}{{}}"), values))
        } else {
            plain_type(schema)
        };
        with_null(shape, schema)
    }

    fn take_fields(&mut self, direction: Kind, name: &str, schema: &'a Value) {
        let Some(fields) = schema.get("properties").and_then(Value::as_object) else {
            return;
        };
        let required = required(schema);
        for (field, schema) in fields {
            let shape = self.take(direction, &format!("{name}.{field}"), schema);
            let need = if required.contains(field.as_str()) {
                "required"
            } else {
                "optional"
            };
            self.add(Fact::new(direction, name, field, format!("{need} {shape}")));
        }
    }
}

/// Last part of a reference: `Market` of `#/components/schemas/Market`.
pub(super) fn reference_name(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

fn required(schema: &Value) -> BTreeSet<&str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// `string date-time`, `integer int64`, `object`.
fn plain_type(schema: &Value) -> String {
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        _ if schema.get("properties").is_some() => "object".to_owned(),
        _ => "anything".to_owned(),
    };
    match schema.get("format").and_then(Value::as_str) {
        Some(format) => format!("{kind} {format}"),
        None => kind,
    }
}

fn with_null(shape: String, schema: &Value) -> String {
    if schema.get("nullable") == Some(&Value::Bool(true)) {
        format!("{shape} or null")
    } else {
        shape
    }
}

/// The words a schema lists; a constant is a list of one.
fn words(schema: &Value) -> Vec<String> {
    let listed = schema.get("enum").and_then(Value::as_array);
    let constant = schema.get("const");
    listed.into_iter().flatten().chain(constant).map(word).collect()
}

/// A word as text; an empty one is shown, since a table cannot hold it otherwise.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Bounds and default of a parameter: `0..1000 default 100`.
pub(super) fn bounds(schema: &Map<String, Value>) -> String {
    let number = |key: &str| schema.get(key).map_or(String::new(), word);
    let mut text = String::new();
    if schema.contains_key("minimum") || schema.contains_key("maximum") {
        text.push_str(&format!(" {}..{}", number("minimum"), number("maximum")));
    }
    if schema.contains_key("default") {
        text.push_str(&format!(" default {}", number("default")));
    }
    text
}
