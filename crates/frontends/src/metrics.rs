//! Metrics: what the engine counts, and what the front ends answered, as OpenMetrics text.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::Response;
use engine::{Engine, ModuleMetrics};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::model::CrlKind;

/// The media type of the text.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the latency histogram, in seconds.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What the front ends count. Cheap to clone; clones count together.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Counted>);

struct Counted {
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    listener: &'static str,
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    listener: &'static str,
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModuleLabels {
    module: String,
    role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    module: String,
    role: &'static str,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DispositionLabels {
    disposition: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CrlLabels {
    key: u16,
    kind: KindLabel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum KindLabel {
    #[allow(non_camel_case_types, reason = "label values are written as they are named")]
    base,
    #[allow(non_camel_case_types, reason = "label values are written as they are named")]
    delta,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        Self(Arc::new(Counted { requests: Family::default(), latency: Family::new_with_constructor(histogram) }))
    }

    /// `application`, with every answer counted.
    pub(crate) fn observe(&self, listener: &'static str, application: Router) -> Router {
        let metrics = self.clone();
        application.layer(middleware::from_fn(move |request: Request, next: Next| {
            let metrics = metrics.clone();
            async move { metrics.count(listener, request, next).await }
        }))
    }

    async fn count(&self, listener: &'static str, request: Request, next: Next) -> Response {
        let method = method(request.method());
        let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
        let start = Instant::now();
        let response = next.run(request).await;
        let took = start.elapsed();
        let status = response.status().as_u16();
        tracing::debug!(
            listener,
            method,
            route,
            status,
            micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        let labels = RouteLabels { listener, method, route };
        self.0.latency.get_or_create(&labels).observe(took.as_secs_f64());
        let RouteLabels { listener, method, route } = labels;
        self.0.requests.get_or_create(&RequestLabels { listener, method, route, status }).inc();
        response
    }

    /// The text. May block: the engine is asked.
    pub(crate) fn text(&self, engine: &Engine, calls_waiting: usize) -> Result<String, engine::Error> {
        let mut registry = Registry::with_prefix("exeunt");
        registry.register("http_requests", "Requests answered", self.0.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "From a request's head to its answer's head",
            Unit::Seconds,
            self.0.latency.clone(),
        );
        let waiting = ConstGauge::new(i64::try_from(calls_waiting).unwrap_or(i64::MAX));
        registry.register("engine_calls_waiting", "Engine calls that wait for their turn", waiting);
        add_engine(&mut registry, engine)?;
        let mut text = String::with_capacity(16 * 1_024);
        encode(&mut text, &registry).map_err(|error| engine::Error::Internal(format!("metrics: {error}")))?;
        Ok(text)
    }
}

fn add_engine(registry: &mut Registry, engine: &Engine) -> Result<(), engine::Error> {
    let now = engine.metrics()?;
    let dispositions = Family::<DispositionLabels, Counter>::default();
    for (disposition, count) in [
        ("issued", now.issued),
        ("pending", now.pending),
        ("denied", now.denied),
        ("failed", now.failed),
        ("revoked", now.revoked),
    ] {
        dispositions.get_or_create(&DispositionLabels { disposition }).inc_by(count);
    }
    registry.register("decisions", "Decisions since the start, by disposition", dispositions);
    registry.register("events", "Events since the authority was made", ConstCounter::new(now.event_head.0));
    if let Some(end) = now.ca_not_after {
        let help = "When the CA certificate that signs now ends, as seconds since 1970";
        registry.register("ca_certificate_not_after_seconds", help, ConstGauge::new(end.as_second()));
    }

    let crl = |help: &str, name: &str, registry: &mut Registry, value: fn(&engine::store::CrlRow) -> i64| {
        let family = Family::<CrlLabels, Gauge>::default();
        for row in &now.crls {
            let kind = match CrlKind::from(row.kind()) {
                CrlKind::Base => KindLabel::base,
                CrlKind::Delta => KindLabel::delta,
            };
            family.get_or_create(&CrlLabels { key: row.key, kind }).set(value(row));
        }
        registry.register(name, help, family);
    };
    crl("Number of the newest CRL", "crl_number", registry, |row| row.number.cast_signed());
    crl("Entries of the newest CRL", "crl_entries", registry, |row| row.entries.cast_signed());
    let this_update = "thisUpdate of the newest CRL, as seconds since 1970";
    crl(this_update, "crl_this_update_seconds", registry, |row| row.this_update.as_second());
    let next_update = "nextUpdate of the newest CRL, as seconds since 1970";
    crl(next_update, "crl_next_update_seconds", registry, |row| row.next_update.as_second());
    crl("Whether publication of the newest CRL failed", "crl_publish_failed", registry, |row| {
        i64::from(row.status.is_failure())
    });

    let labels = |module: &ModuleMetrics| ModuleLabels { module: module.name.clone(), role: role(module.role) };
    let gauge = |help: &str, name: &str, registry: &mut Registry, value: fn(&ModuleMetrics) -> u64| {
        let family = Family::<ModuleLabels, Gauge>::default();
        for module in &now.modules {
            family.get_or_create(&labels(module)).set(value(module).cast_signed());
        }
        registry.register(name, help, family);
    };
    gauge("Events between the module's place and the newest", "module_lag", registry, |module| module.lag);
    gauge("Events parked for the module", "module_parked", registry, |module| module.parked);
    let counter = |help: &str, name: &str, registry: &mut Registry, value: fn(&ModuleMetrics) -> u64| {
        let family = Family::<ModuleLabels, Counter>::default();
        for module in &now.modules {
            family.get_or_create(&labels(module)).inc_by(value(module));
        }
        registry.register(name, help, family);
    };
    counter("Events delivered to the module", "module_delivered", registry, |module| module.delivered);
    counter("Deliveries to the module that failed", "module_failed", registry, |module| module.failed);
    let states = Family::<StateLabels, Gauge>::default();
    for module in &now.modules {
        let labels = StateLabels { module: module.name.clone(), role: role(module.role), state: module.state.name() };
        states.get_or_create(&labels).set(1);
    }
    registry.register("module_state", "1 for the state the module is in", states);
    Ok(())
}

/// A method's name; what clients make up is counted together.
fn method(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 7] = [
        (Method::GET, "GET"),
        (Method::POST, "POST"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::HEAD, "HEAD"),
        (Method::PUT, "PUT"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    KNOWN.iter().find(|(known, _)| known == method).map_or("other", |(_, name)| name)
}

fn role(role: module::Role) -> &'static str {
    match role {
        module::Role::Exit => "exit",
        module::Role::Policy => "policy",
    }
}
