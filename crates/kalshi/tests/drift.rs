//! What the exchange's specification files say that this crate was not written for.
#![allow(clippy::unwrap_used, reason = "a test that fails should stop where it fails")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use kmi_kalshi::api::drift::{Flavour, Spec, channels, compare, known_fields, operations};

/// A specification with one operation and one schema of the exchange's, as small as can be.
const SMALL: &str = r"
openapi: 3.0.0
info: {title: Small, version: 1.2.3}
paths:
  /markets/{ticker}/orderbook:
    parameters:
      - {name: ticker, in: path, required: true, schema: {type: string}}
    get:
      operationId: GetMarketOrderbook
      parameters:
        - {name: depth, in: query, schema: {type: integer, minimum: 0, maximum: 100, default: 0}}
      responses:
        '200':
          content:
            application/json:
              schema: {$ref: '#/components/schemas/GetMarketOrderbookResponse'}
        '404': {description: none}
components:
  schemas:
    GetMarketOrderbookResponse:
      type: object
      required: [orderbook_fp]
      properties:
        orderbook_fp: {$ref: '#/components/schemas/OrderbookCountFp'}
    OrderbookCountFp:
      type: object
      required: [yes_dollars, no_dollars]
      properties:
        yes_dollars: {type: array, items: {$ref: '#/components/schemas/PriceLevelDollarsCountFp'}}
        no_dollars: {type: array, items: {$ref: '#/components/schemas/PriceLevelDollarsCountFp'}}
    PriceLevelDollarsCountFp: {type: array, minItems: 2, maxItems: 2, items: {type: string}}
";

/// Differences between the small specification and a doctored copy of it.
fn differences(change: &[(&str, &str)]) -> BTreeSet<String> {
    let doctored = change.iter().fold(SMALL.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    let told = |text: &str| -> BTreeSet<String> {
        let report = compare(&Spec::read(text).unwrap());
        report.differences.iter().map(ToString::to_string).collect()
    };
    let before = told(SMALL);
    told(&doctored).difference(&before).cloned().collect()
}

fn set(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_small_specification_says_of_a_covered_operation_is_known() {
    let report = compare(&Spec::read(SMALL).unwrap());
    let about_the_book = report.differences.iter().filter(|difference| {
        [
            "GET /markets/{ticker}/orderbook",
            "OrderbookCountFp",
            "GetMarketOrderbookResponse",
        ]
        .contains(&difference.subject.as_str())
    });
    assert_eq!(about_the_book.count(), 0);
    assert!(
        report
            .differences
            .iter()
            .any(|difference| difference.to_string() == "version OpenAPI: 1.2.3, was 3.34.0")
    );
    assert!(
        report
            .differences
            .iter()
            .any(|difference| difference.to_string().starts_with("operation GET /markets: gone"))
    );
}

#[test]
fn a_field_that_comes_goes_or_changes_is_told() {
    assert_eq!(
        differences(&[(
            "    OrderbookCountFp:\n      type: object\n      required: [yes_dollars, no_dollars]\n      properties:\n",
            "    OrderbookCountFp:\n      type: object\n      required: [yes_dollars, no_dollars]\n      properties:\n        maybe_dollars: {type: string, format: price}\n"
        )]),
        set(&["field told OrderbookCountFp maybe_dollars: new (optional string price)"])
    );
    assert_eq!(
        differences(&[(
            "        no_dollars: {type: array, items: {$ref: '#/components/schemas/PriceLevelDollarsCountFp'}}\n",
            ""
        )]),
        set(&["field told OrderbookCountFp no_dollars: gone (required list of PriceLevelDollarsCountFp)"])
    );
    assert_eq!(
        differences(&[("required: [yes_dollars, no_dollars]", "required: [yes_dollars]")]),
        set(&[
            "field told OrderbookCountFp no_dollars: optional list of PriceLevelDollarsCountFp, was required list of PriceLevelDollarsCountFp"
        ])
    );
    assert_eq!(
        differences(&[(
            "maxItems: 2, items: {type: string}",
            "maxItems: 2, items: {type: number}"
        )]),
        set(&["type told PriceLevelDollarsCountFp: list of number, was list of string"])
    );
}

#[test]
fn a_parameter_that_changes_is_told_with_its_bounds() {
    assert_eq!(
        differences(&[("maximum: 100", "maximum: 50")]),
        set(&[
            "parameter GET /markets/{ticker}/orderbook depth: optional in query integer 0..50 default 0, was optional in query integer 0..100 default 0"
        ])
    );
}

#[test]
fn operations_that_are_new_are_told_and_those_knowingly_left_out_are_listed_apart() {
    let more = "paths:\n  /omens:\n    get: {responses: {}}\n  /live_data/batch:\n    get: {responses: {}}\n";
    assert_eq!(
        differences(&[("paths:\n", more)]),
        set(&["operation GET /omens: new"])
    );
    let spec = Spec::read(&SMALL.replacen("paths:\n", more, 1)).unwrap();
    assert_eq!(compare(&spec).not_covered, ["GET /live_data/batch"]);
}

#[test]
fn new_words_channels_messages_and_error_codes_are_told() {
    let spec = Spec::read(
        r##"{"asyncapi": "3.0.0", "info": {"version": "2.0.0"},
            "channels": {"weather": {}, "ticker": {"messages": {"ticker": {"$ref": "#/components/messages/ticker"},
                "storm": {"payload": {"type": "object", "required": ["how"], "properties": {"how": {"type": "string", "enum": ["bad"]}}}}}}},
            "components": {"messages": {"ticker": {"payload": {"$ref": "#/components/schemas/tickerPayload"}}},
                "schemas": {"tickerPayload": {"type": "object"}}},
            "x-error-codes": {"codes": [{"code": 99}]}}"##,
    )
    .unwrap();
    let report = compare(&spec);
    let told: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
    for line in [
        "channel weather: new",
        "channel orderbook_delta: gone",
        "message ticker storm: new (object)",
        "field told storm how: new (required string)",
        "word storm.how bad: new",
        "error code error 99: new",
        "error code error 25: gone",
        "field told tickerPayload msg: gone (required object)",
    ] {
        assert!(
            told.iter().any(|difference| difference == line),
            "{line}: {told:#?}"
        );
    }
    let mut sorted = report.differences.clone();
    sorted.sort();
    assert_eq!(sorted, report.differences);
}

#[test]
fn what_nobody_can_trip_over_is_harmless() {
    let harmless = |change: &[(&str, &str)]| {
        let doctored = change
            .iter()
            .fold(SMALL.to_owned(), |text, (from, to)| text.replacen(from, to, 1));
        let small = compare(&Spec::read(SMALL).unwrap()).differences;
        let new = compare(&Spec::read(&doctored).unwrap()).differences;
        let added: Vec<_> = new
            .into_iter()
            .filter(|difference| !small.contains(difference))
            .collect();
        assert_eq!(added.len(), 1, "{added:?}");
        added[0].is_harmless()
    };
    assert!(harmless(&[("version: 1.2.3", "version: 9.9.9")]));
    assert!(harmless(&[(
        "paths:\n",
        "paths:\n  /omens:\n    get: {responses: {}}\n"
    )]));
    let parameter = "        - {name: depth,";
    let optional = "        - {name: colour, in: query, schema: {type: string}}\n        - {name: depth,";
    let required = "        - {name: colour, in: query, required: true, schema: {type: string}}\n        - {name: depth,";
    assert!(harmless(&[(parameter, optional)]));
    assert!(!harmless(&[(parameter, required)]));
    assert!(!harmless(&[("maximum: 100", "maximum: 50")]));
}

#[test]
fn what_is_no_specification_is_refused_with_the_reason() {
    for (text, told) in [
        ("a: [1", "is not YAML or JSON"),
        (
            "hello: world",
            "is neither OpenAPI nor AsyncAPI: no `openapi` or `asyncapi` at the top",
        ),
        ("openapi: 3.0.0", "no `paths` at the top"),
        (
            "{\"asyncapi\": \"3.0.0\", \"channels\": 5}",
            "no `channels` at the top",
        ),
        ("", ""),
    ] {
        let error = Spec::read(text).unwrap_err().to_string();
        assert!(error.contains(told), "{text}: {error}");
    }
}

#[test]
fn references_in_circles_and_out_of_the_file_come_to_an_end() {
    let circle = SMALL.replacen(
        "    PriceLevelDollarsCountFp: {type: array, minItems: 2, maxItems: 2, items: {type: string}}",
        "    PriceLevelDollarsCountFp: {$ref: '#/components/schemas/Round'}\n    Round: {$ref: '#/components/schemas/PriceLevelDollarsCountFp'}\n    Away: {$ref: 'https://example.invalid/x'}",
        1,
    );
    assert!(!compare(&Spec::read(&circle).unwrap()).differences.is_empty());
    let itself = SMALL.replacen(
        "items: {type: string}}",
        "items: {$ref: '#/components/schemas/PriceLevelDollarsCountFp'}}",
        1,
    );
    assert!(!compare(&Spec::read(&itself).unwrap()).differences.is_empty());
}

#[test]
fn the_exchanges_own_files_say_nothing_new() {
    let Some(data) = common::shared_data() else {
        return;
    };
    let kalshi = data.parent().unwrap().join("kalshi");
    for (file, known, left_out) in [
        ("openapi.yaml", operations(), 49),
        ("asyncapi.yaml", channels(), 4),
    ] {
        let Ok(text) = std::fs::read_to_string(kalshi.join(file)) else {
            eprintln!("skipped: no ../shared/kalshi/{file}");
            continue;
        };
        let spec = Spec::read(&text).unwrap();
        let report = compare(&spec);
        let names: BTreeSet<&str> = known.iter().map(|part| part.name).collect();
        assert_eq!(
            spec.parts().iter().map(String::as_str).collect::<BTreeSet<_>>(),
            names
        );
        assert_eq!(report.differences, [], "{file}");
        assert_eq!(report.not_covered.len(), left_out, "{file}");
    }
}

#[test]
fn the_tables_know_fields_with_their_types() {
    let fields = known_fields(Flavour::OpenApi, "PriceRange");
    let expected = [
        ("end", "required string"),
        ("start", "required string"),
        ("step", "required string"),
    ];
    assert_eq!(
        fields,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

/// Every operation that is called typed has a call whose documentation names it, and no other is documented.
#[test]
fn every_operation_called_covered_has_a_call() {
    let mut named = BTreeSet::new();
    collect_calls(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rest"),
        &mut named,
    );
    let typed: BTreeSet<String> = operations()
        .iter()
        .filter(|part| part.coverage.is_typed())
        .map(|part| part.name.to_owned())
        .collect();
    let all: BTreeSet<String> = operations().iter().map(|part| part.name.to_owned()).collect();
    let missing: Vec<_> = typed.difference(&named).collect();
    assert!(missing.is_empty(), "no call is documented as {missing:?}");
    let unlisted: Vec<_> = named
        .intersection(&all)
        .filter(|name| !typed.contains(*name))
        .collect();
    assert!(unlisted.is_empty(), "not called covered: {unlisted:?}");
}

fn collect_calls(folder: &Path, named: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_calls(&path, named);
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let words = text.replace("\n    /// ", " ");
        for quoted in words.split('`').skip(1).step_by(2) {
            if let Some((method, path)) = quoted.split_once(' ')
                && ["GET", "POST", "PUT", "DELETE"].contains(&method)
            {
                named.insert(format!("{method} {}", path.trim()));
            }
        }
    }
}

/// The table in the README is what `covered.tsv` says.
#[test]
fn the_readme_tells_what_is_covered() {
    let readme = include_str!("../README.md");
    let all = operations();
    let typed = all.iter().filter(|part| part.coverage.is_typed()).count();
    assert!(readme.contains(&format!("{typed} of the {} operations", all.len())));
    for part in all.iter().chain(&channels()) {
        let mark = |yes: bool| if yes { "yes" } else { "–" };
        let (typed, answered) = (mark(part.coverage.is_typed()), mark(part.coverage.is_answered()));
        let line = format!("| `{}` | {typed} | {answered} |", part.name);
        assert!(readme.contains(&line), "{line}");
    }
}
