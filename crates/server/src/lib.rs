//! The doors to the use cases of `app`: REST with its OpenAPI document, server-sent events, the relay in the exchange's own protocol,
//! health and metrics. Thin: extract, call one use case, convert. Our own JSON is defined here and nowhere else.
