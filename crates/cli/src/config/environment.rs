//! The environment as a layer of the configuration: `KMI_SECTION__KEY`, and plain `DATABASE_URL`.
//!
//! What a variable means is decided by the key it sets, not by what its text looks like: a folder named `2026` is a folder.

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};
use serde_json::Value as Schema;

use super::sample::resolved;

const PREFIX: &str = "KMI_";

/// Variables that configure nothing: where tests find recorded data, and what tests tell the programs they start.
const OURS: [&str; 2] = ["KMI_SHARED", "KMI_TEST_"];

/// The variables of the environment, typed by a schema.
pub(super) struct Environment<'a> {
    schema: &'a Schema,
    variables: Vec<(String, String)>,
}

/// What a key takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Text as it is.
    Text,
    /// Several texts: a TOML array, or separated by commas.
    List,
    /// Whatever the text looks like.
    Any,
}

impl<'a> Environment<'a> {
    /// The process's own. An empty variable is none.
    pub(super) fn of_process(schema: &'a Schema) -> Environment<'a> {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut variables: Vec<_> = variables
            .filter(|(name, value)| {
                let is_set = name == "DATABASE_URL" || name.starts_with(PREFIX);
                is_set && !value.is_empty() && !OURS.iter().any(|ours| name.starts_with(ours))
            })
            .collect();
        // Plain DATABASE_URL sorts first, so that our own name for it wins.
        variables.sort();
        Environment { schema, variables }
    }

    fn takes(&self, path: &[String]) -> Takes {
        let key = path.iter().try_fold(self.schema, |schema, name| {
            resolved(self.schema, schema).get("properties")?.get(name)
        });
        let Some(key) = key.map(|key| resolved(self.schema, key)) else {
            return Takes::Any;
        };
        let is = |word: &str| match key.get("type") {
            Some(Schema::String(kind)) => kind == word,
            Some(Schema::Array(kinds)) => kinds.iter().any(|kind| kind == word),
            // A choice of types of which none is named here: text that may be absent.
            _ => {
                word == "string"
                    && key
                        .get("anyOf")
                        .is_some_and(|any| is_optional_text(self.schema, any))
            }
        };
        if is("array") {
            Takes::List
        } else if is("string") {
            Takes::Text
        } else {
            Takes::Any
        }
    }

    fn value(&self, path: &[String], text: &str) -> Value {
        match self.takes(path) {
            Takes::Text => Value::from(text),
            Takes::List if !text.trim_start().starts_with('[') => {
                let words: Vec<Value> = text.split(',').map(|word| Value::from(word.trim())).collect();
                Value::from(words)
            }
            Takes::List | Takes::Any => text.parse().unwrap_or_else(|never| match never {}),
        }
    }
}

/// Whether every choice is text or nothing.
fn is_optional_text(root: &Schema, choices: &Schema) -> bool {
    let choices = choices.as_array().map_or(&[][..], Vec::as_slice);
    let kind = |choice| resolved(root, choice).get("type").and_then(Schema::as_str);
    choices
        .iter()
        .all(|choice| matches!(kind(choice), Some("string" | "null")))
}

/// `KMI_STORAGE__DATA_DIR` as `storage`, `data_dir`.
fn path_of(name: &str) -> Vec<String> {
    match name.strip_prefix(PREFIX) {
        Some(rest) => rest.split("__").map(str::to_lowercase).collect(),
        // DATABASE_URL is the name other tools use.
        None => vec!["storage".to_owned(), "database_url".to_owned()],
    }
}

fn insert(values: &mut Dict, path: &[String], value: Value) {
    let [name, rest @ ..] = path else { return };
    if rest.is_empty() {
        values.insert(name.clone(), value);
        return;
    }
    let mut inner = match values.remove(name).map(Value::into_dict) {
        Some(Some(inner)) => inner,
        _ => Dict::new(),
    };
    insert(&mut inner, rest, value);
    values.insert(name.clone(), Value::from(inner));
}

impl Provider for Environment<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment variable").interpolater(|_, keys| match keys {
            ["storage", "database_url"] => "KMI_STORAGE__DATABASE_URL or DATABASE_URL".to_owned(),
            keys => format!("{PREFIX}{}", keys.join("__").to_uppercase()),
        })
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut values = Dict::new();
        for (name, text) in &self.variables {
            let path = path_of(name);
            insert(&mut values, &path, self.value(&path, text));
        }
        Ok(Profile::Default.collect(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_names_section_and_key() {
        assert_eq!(path_of("KMI_STORAGE__DATA_DIR"), ["storage", "data_dir"]);
        assert_eq!(path_of("DATABASE_URL"), ["storage", "database_url"]);
    }

    #[test]
    fn what_a_variable_means_is_up_to_the_key() {
        let schema = super::super::schema();
        let environment = Environment {
            schema: &schema,
            variables: Vec::new(),
        };
        let value = |section: &str, key: &str, text: &str| {
            environment.value(&[section.to_owned(), key.to_owned()], text)
        };
        assert_eq!(value("storage", "data_dir", "2026").as_str(), Some("2026"));
        assert_eq!(value("storage", "database_url", "1e5").as_str(), Some("1e5"));
        assert_eq!(value("exchange", "key_id", "true").as_str(), Some("true"));
        assert_eq!(value("server", "port", "8001").to_u128(), Some(8001));
        assert_eq!(value("relay", "public", "true").to_bool(), Some(true));
        assert_eq!(value("poller", "keep_days", "7").to_u128(), Some(7));
        for text in ["KXGOLD, KXBTC", r#"["KXGOLD", "KXBTC"]"#] {
            let series = value("poller", "recorded", text);
            let series = series.into_array().unwrap();
            let names: Vec<_> = series.iter().map(Value::as_str).collect();
            assert_eq!(names, [Some("KXGOLD"), Some("KXBTC")]);
        }
    }
}
