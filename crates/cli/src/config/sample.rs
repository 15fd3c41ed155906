//! The documented sample and the schema of the configuration, both made from its types.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::Config;

/// JSON schema of the configuration file, keys in the order of the alphabet.
pub(crate) fn schema() -> Value {
    sorted(schemars::schema_for!(Config).to_value())
}

/// Every key with what it means and its default: `kmi.example.toml`.
pub(crate) fn sample() -> String {
    let schema = schema();
    let mut page = String::from(
        "# Every setting of kmi with its default; written by `cargo xtask gen`, do not edit. Copy what you want to change into a\n\
         # file of your own and name it with --config FILE. What has no default is commented out, with an example.\n\
         # Any key can be set in the environment too: KMI_SERVER__PORT=8001. Flags win over the environment, it over the file.\n",
    );
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    for (section, place) in properties(&schema) {
        let described = resolved(&schema, place);
        page.push('\n');
        comment(&mut page, description(described));
        _ = writeln!(page, "[{section}]");
        for (key, described) in properties(described) {
            page.push('\n');
            comment(&mut page, description(described));
            one_of(&mut page, &schema, described);
            match defaults[section].get(key) {
                None | Some(Value::Null) => {
                    let example = described.get("examples").and_then(|all| all.get(0));
                    _ = writeln!(page, "#{key} = {}", toml(example.unwrap_or(&Value::Null)));
                }
                Some(default) => _ = writeln!(page, "{key} = {}", toml(default)),
            }
        }
    }
    page
}

/// A line with the words a key takes, where it takes only some.
fn one_of(page: &mut String, schema: &Value, described: &Value) {
    let described = resolved(schema, described);
    let choices = described.get("oneOf").and_then(Value::as_array);
    let words = |choice: &Value| match (choice.get("const"), choice.get("enum")) {
        (Some(word), _) => vec![word.to_string()],
        (None, Some(Value::Array(words))) => words.iter().map(Value::to_string).collect(),
        _ => Vec::new(),
    };
    let words: Vec<String> = choices.into_iter().flatten().flat_map(words).collect();
    if !words.is_empty() {
        _ = writeln!(page, "# One of: {}", words.join(", "));
    }
}

/// Keys of an object with their schemas.
fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn description(schema: &Value) -> &str {
    schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A schema, or the one it refers to.
pub(super) fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str);
    name.and_then(|name| root.pointer(name.trim_start_matches('#')))
        .unwrap_or(schema)
}

/// Width of a line of the sample.
const WIDTH: usize = 120;

/// Text as comment lines of at most [`WIDTH`] characters.
fn comment(page: &mut String, text: &str) {
    for paragraph in text.split("\n\n") {
        let mut line = String::from("#");
        for word in paragraph.split_whitespace() {
            if line.len() + 1 + word.len() > WIDTH {
                _ = writeln!(page, "{line}");
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        if line.len() > 1 {
            _ = writeln!(page, "{line}");
        }
    }
}

/// A value as TOML has it: JSON's texts, numbers, truths and lists of them are TOML's too.
fn toml(value: &Value) -> String {
    value.to_string()
}

/// The same with the keys of every object in order, whatever map this build of `serde_json` has.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use figment::Figment;
    use figment::providers::{Format, Toml};

    use super::*;

    #[test]
    fn the_sample_sets_every_default_and_names_every_key() {
        let sample = sample();
        let read: Config = Figment::from(Toml::string(&sample)).extract().unwrap();
        assert_eq!(read, Config::default());
        let schema = schema();
        for (section, place) in properties(&schema) {
            assert!(sample.contains(&format!("\n[{section}]\n")), "{section}");
            for (key, described) in properties(resolved(&schema, place)) {
                let named = |line: &str| line.trim_start_matches('#').starts_with(&format!("{key} = "));
                assert!(sample.lines().any(named), "{section}.{key}");
                assert!(
                    !description(described).is_empty(),
                    "{section}.{key} is not described"
                );
            }
        }
    }

    #[test]
    fn what_is_commented_out_can_be_taken_as_it_stands() {
        let all: String = sample()
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(key) if key.starts_with(|first: char| first.is_ascii_lowercase()) => format!("{key}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let mut read: Config = Figment::from(Toml::string(&all)).extract().unwrap();
        assert_eq!(read.relay.public, Some(false));
        read.check().unwrap();
    }
}
