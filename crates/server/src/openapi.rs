//! What the API says of itself: [`openapi_json`].

use std::borrow::Cow;
use std::sync::LazyLock;

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{
    AnyOfBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{OpenApi, PartialSchema, ToSchema};

macro_rules! text_schema {
    ($(#[$doc:meta])* $name:ident, $build:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let builder = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
                let build: fn(ObjectBuilder) -> ObjectBuilder = $build;
                build(builder).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    };
}

text_schema! {
    /// A market, event or series by name.
    TickerText, |schema| schema
        .description(Some("A market, event or series by name, as the exchange writes it."))
        .pattern(Some("^[A-Za-z0-9][A-Za-z0-9._-]*$"))
        .min_length(Some(1))
        .max_length(Some(128))
        .examples(["KXHIGHNY-26NOV21-T60"])
}
text_schema! {
    /// A word or two, without commas.
    Word, |schema| schema
        .description(Some("A word or several, without commas."))
        .pattern(Some("^[A-Za-z0-9][A-Za-z0-9 &-]*$"))
        .min_length(Some(1))
        .max_length(Some(128))
        .examples(["Climate and Weather"])
}
text_schema! {
    /// Where a page ended.
    CursorText, |schema| schema
        .description(Some("`next_cursor` of the page before; anything else is refused. Means nothing to clients."))
        .max_length(Some(1024))
}
text_schema! {
    /// An instant.
    Time, |schema| schema
        .description(Some("An instant, RFC 3339."))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .examples(["2026-11-21T08:00:00Z"])
}
text_schema! {
    /// An id of ours.
    IdText, |schema| schema
        .description(Some("An id, as it was given."))
        .pattern(Some("^[A-Za-z0-9-]+$"))
        .min_length(Some(1))
        .max_length(Some(64))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kalshi Market Insights",
        description = "Every market live and its history, from one self-hosted server.\n\n\
            Prices, money and quantities are decimal strings, times RFC 3339 in UTC, words lower case. Every market-data object says as of when it is true \
            (`as_of`), how that is known (`source`) and whether that is too long ago (`stale`). Lists come as `{\"items\":[…],\"next_cursor\":…}`.\n\n\
            Refusals have one shape: `{\"error\":{\"code\",\"message\",\"retryable\",\"details\"?,\"request_id\"}}`. Every answer carries `x-request-id`, \
            and `x-ratelimit-limit`, `x-ratelimit-remaining` and `x-ratelimit-reset` (seconds) where requests are limited. Reads carry a weak `etag` and \
            answer `304` to `if-none-match`; the tag does not change with `as_of` alone in lists of markets and in single markets.\n\n\
            In local mode market data can be read by anybody on this machine; what belongs to its user needs the session's cookie (with `x-csrf-token` for whatever \
            changes something) or the local token as a bearer.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(crate::view::Error, TickerText, Word, CursorText, Time, IdText)),
    tags(
        (name = "markets", description = "Markets as they stand and stood."),
        (name = "trades", description = "Public trades."),
        (name = "catalogue", description = "Events and series."),
        (name = "status", description = "How everything is."),
        (name = "data quality", description = "How whole what is kept is."),
        (name = "research", description = "What history teaches."),
        (name = "backtests", description = "Strategies over history."),
        (name = "streams", description = "Server-sent events."),
    )
)]
struct Document;

/// The document, made once.
static JSON: LazyLock<String> = LazyLock::new(|| {
    let (_, api) = crate::rest::router().split_for_parts();
    let mut document = Document::openapi();
    document.merge(api);
    secure(&mut document);
    loosen(&mut document);
    for item in document.paths.paths.values_mut() {
        let read = [item.get.as_mut()]
            .into_iter()
            .flatten()
            .map(|operation| (operation, true));
        let change = [item.post.as_mut(), item.delete.as_mut()];
        let change = change.into_iter().flatten().map(|operation| (operation, false));
        for (operation, is_read) in read.chain(change) {
            complete(operation, is_read);
        }
    }
    document
        .to_pretty_json()
        .expect("strings and maps can be written")
});

/// The OpenAPI 3.1 document of `/api/v1`, as `kmi openapi` prints it and `/api/openapi.json` serves it.
pub fn openapi_json() -> String {
    JSON.clone()
}

/// The same without a copy.
pub(crate) fn document() -> &'static str {
    &JSON
}

fn secure(document: &mut utoipa::openapi::OpenApi) {
    let components = document.components.get_or_insert_with(Default::default);
    let cookie = ApiKeyValue::with_description(
        "kmi_session_8000",
        "Set by the one-time link; ends in the port of the server.",
    );
    let csrf = ApiKeyValue::with_description(
        "x-csrf-token",
        "What `GET /session` tells, for whatever changes something.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "The content of `secrets/local-token` in the data directory.",
        ))
        .build();
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    components.add_security_scheme("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf)));
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
}

/// A page without items is one of markets as well as one of groups: any of both, not exactly one.
fn loosen(document: &mut utoipa::openapi::OpenApi) {
    let components = document.components.get_or_insert_with(Default::default);
    let Some(RefOr::T(listed)) = components.schemas.get_mut("Listed") else {
        return;
    };
    if let Schema::OneOf(one) = listed {
        let mut any = AnyOfBuilder::new().description(one.description.take());
        for item in one.items.drain(..) {
            any = any.item(item);
        }
        *listed = Schema::AnyOf(any.build());
    }
}

/// Adds what every operation may answer.
fn complete(operation: &mut Operation, is_read: bool) {
    let responses = &mut operation.responses.responses;
    responses
        .entry("default".to_owned())
        .or_insert_with(|| RefOr::T(refusal("Any other refusal, in the one shape.")));
    if is_read {
        responses.entry("304".to_owned()).or_insert_with(|| {
            let unchanged =
                ResponseBuilder::new().description("The client has it already, by its `if-none-match`.");
            RefOr::T(unchanged.build())
        });
    }
}

fn refusal(description: &str) -> Response {
    let error = Ref::from_schema_name("Error");
    ResponseBuilder::new()
        .description(description)
        .content(
            "application/json",
            ContentBuilder::new().schema(Some(error)).build(),
        )
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document: Value = serde_json::from_str(document()).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut waiting = vec![&document];
        let mut references = 0;
        let mut lost = std::collections::BTreeSet::new();
        while let Some(value) = waiting.pop() {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap();
                if document.pointer(pointer).is_none() {
                    lost.insert(reference);
                }
                references += 1;
            }
            match value {
                Value::Array(items) => waiting.extend(items),
                Value::Object(members) => waiting.extend(members.values()),
                _ => {}
            }
        }
        assert!(lost.is_empty(), "{lost:?}");
        assert!(references > 50);
    }

    #[test]
    fn no_schema_wants_two_types_at_once() {
        let document: Value = serde_json::from_str(document()).unwrap();
        let mut waiting = vec![&document];
        while let Some(value) = waiting.pop() {
            let all = value.get("allOf").and_then(Value::as_array);
            let types: std::collections::BTreeSet<&str> = all
                .into_iter()
                .flatten()
                .filter_map(|part| part["type"].as_str())
                .collect();
            assert!(types.len() < 2, "{value}");
            match value {
                Value::Array(items) => waiting.extend(items),
                Value::Object(members) => waiting.extend(members.values()),
                _ => {}
            }
        }
    }

    #[test]
    fn every_operation_says_how_it_refuses_and_has_a_name_of_its_own() {
        let document: Value = serde_json::from_str(document()).unwrap();
        let mut names = std::collections::BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["responses"]["default"].is_object(), "{method} {path}");
                assert!(
                    names.insert(operation["operationId"].as_str().unwrap().to_owned()),
                    "{method} {path}"
                );
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    assert!(
                        parameter["description"].is_string(),
                        "{method} {path}: {}",
                        parameter["name"]
                    );
                }
            }
        }
        assert!(names.len() >= 21);
    }
}
