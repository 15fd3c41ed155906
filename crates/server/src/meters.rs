//! What the doors count: [`install_metrics`].

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use parking_lot::RwLock;

use crate::router::Route;

/// Upper ends of the buckets of latencies, in seconds.
const LATENCIES: [f64; 14] = [
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// Records the metrics of the whole process from now on, for [`DoorParts::metrics`](crate::DoorParts::metrics). Names that end in `_seconds` are
/// histograms.
///
/// # Errors
/// When metrics are recorded already.
pub fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCIES)?
        .install_recorder()
}

/// Counters of a route, method and status.
struct Meters {
    requests: Counter,
    seconds: Histogram,
}

type Known = HashMap<(Option<Arc<str>>, Method, u16), Arc<Meters>>;

/// Looked up once for each route, method and status: to register anew would cost more than many an answer.
static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);

/// An answer was made.
pub(crate) fn answered(route: Option<&Route>, method: &Method, status: StatusCode, took: Duration) {
    let meters = meters(route, method, status);
    meters.requests.increment(1);
    meters.seconds.record(took.as_secs_f64());
}

fn meters(route: Option<&Route>, method: &Method, status: StatusCode) -> Arc<Meters> {
    // Methods nobody knows may be called anything.
    let usual = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::DELETE,
        Method::OPTIONS,
    ];
    let method = usual.into_iter().find(|usual| usual == method);
    let method = method.unwrap_or(Method::TRACE);
    let key = (route.map(|route| Arc::clone(&route.0)), method, status.as_u16());
    if let Some(meters) = KNOWN.read().get(&key) {
        return Arc::clone(meters);
    }
    let labels = [
        ("route", key.0.as_deref().unwrap_or("none").to_owned()),
        ("method", key.1.as_str().to_owned()),
        ("status", key.2.to_string()),
    ];
    let made = Arc::new(Meters {
        requests: metrics::counter!("kmi_http_requests_total", &labels),
        seconds: metrics::histogram!("kmi_http_request_seconds", &labels[..1]),
    });
    Arc::clone(KNOWN.write().entry(key).or_insert(made))
}
