//! How much the daemon does, as numbers that Prometheus collects.
//!
//! What is counted comes from the event log, so the two agree. Each label has few values: connectors beyond
//! [`MAX_CONNECTORS`] are counted together, and nothing that a peer chooses is a label.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use car_connectors::ConnectorState;
use car_connectors::engine::{EventKind, EventRecord};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// The media type of what is written.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many connectors have series of their own. A person has dozens; a program that adds and removes them all day must not
/// fill the memory.
const MAX_CONNECTORS: usize = 256;

/// Stands for all connectors beyond those.
const OTHERS: &str = "other";

/// Bounds of durations, in seconds: from a local server that answers at once to one that works for minutes.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    connector: String,
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfConnector {
    connector: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decided {
    verdict: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

/// What is counted as it happens.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<Ended, Counter>,
    seconds: Family<OfConnector, Histogram, fn() -> Histogram>,
    decisions: Family<Decided, Counter>,
    connectors: Family<InState, Gauge>,
    front_ends: Gauge,
    mcp_sessions: Gauge,
    approvals: Gauge,
    /// The connectors that have series of their own. Held while the metrics are written, so that they belong together.
    known: Mutex<HashSet<String>>,
}

/// What is counted when it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) mcp_sessions: usize,
    pub(crate) approvals: usize,
}

/// A front end that is connected, until it is dropped.
#[derive(Debug)]
pub(crate) struct FrontEnd(Arc<Metrics>);

impl Metrics {
    /// `started_at` is in seconds since 1970.
    pub(crate) fn new(started_at: u64) -> Self {
        let mut registry = Registry::with_prefix("car");
        let (calls, decisions) = (Family::default(), Family::default());
        let seconds = Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> Histogram);
        let (connectors, front_ends) = (Family::default(), Gauge::default());
        let (mcp_sessions, approvals) = (Gauge::default(), Gauge::default());
        registry.register("calls", "Calls that ended", Clone::clone(&calls));
        registry.register_with_unit(
            "call_duration",
            "How long calls took",
            Unit::Seconds,
            Clone::clone(&seconds),
        );
        registry.register("decisions", "What was decided about calls", Clone::clone(&decisions));
        registry.register("connectors", "Connectors by state", Clone::clone(&connectors));
        registry.register("front_ends", "Open WebSocket connections", Clone::clone(&front_ends));
        registry.register(
            "mcp_sessions",
            "Sessions of MCP clients that have them",
            Clone::clone(&mcp_sessions),
        );
        registry.register("approvals_pending", "Calls that wait for a person", Clone::clone(&approvals));
        let started: Gauge = Gauge::default();
        started.set(i64::try_from(started_at).unwrap_or(i64::MAX));
        registry.register_with_unit("started", "When the daemon started, since 1970", Unit::Seconds, started);
        registry.register(
            "build",
            "The daemon's version",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let known = Mutex::default();
        Self { registry, calls, seconds, decisions, connectors, front_ends, mcp_sessions, approvals, known }
    }

    /// Counts what the event log has been told.
    pub(crate) fn note(&self, record: &EventRecord) {
        match record.kind {
            EventKind::Decision => {
                let Some(verdict) = record.verdict.clone() else { return };
                self.decisions.get_or_create(&Decided { verdict }).inc();
            }
            EventKind::Call => {
                let connector = self.label(record.connector.as_deref().unwrap_or(OTHERS));
                let outcome = record.outcome.clone().unwrap_or_default();
                if let Some(duration) = record.duration_ms {
                    let seconds = std::time::Duration::from_millis(duration).as_secs_f64();
                    self.seconds
                        .get_or_create(&OfConnector { connector: connector.clone() })
                        .observe(seconds);
                }
                self.calls.get_or_create(&Ended { connector, outcome }).inc();
            }
            _ => {}
        }
    }

    /// Counts a front end for as long as the value lives.
    pub(crate) fn front_end(self: &Arc<Self>) -> FrontEnd {
        self.front_ends.inc();
        FrontEnd(Arc::clone(self))
    }

    /// Writes everything.
    pub(crate) fn written(&self, states: impl Iterator<Item = ConnectorState>, now: &Now) -> String {
        let _one_at_a_time = self.known();
        self.connectors.clear();
        for state in states {
            self.connectors.get_or_create(&InState { state: state.as_str() }).inc();
        }
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.mcp_sessions.set(count(now.mcp_sessions));
        self.approvals.set(count(now.approvals));
        let mut text = String::new();
        // Writing to a text does not fail; half a text would be refused by its reader.
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "the metrics cannot be written");
        }
        text
    }

    /// Returns the label of a connector: its slug, as long as there are not too many.
    fn label(&self, slug: &str) -> String {
        let mut known = self.known();
        if !known.contains(slug) {
            if known.len() >= MAX_CONNECTORS {
                return OTHERS.to_owned();
            }
            known.insert(slug.to_owned());
        }
        slug.to_owned()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FrontEnd {
    fn drop(&mut self) {
        self.0.front_ends.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(connector: &str) -> EventRecord {
        let mut record = EventRecord::new(EventKind::Call);
        record.connector = Some(connector.to_owned());
        record.outcome = Some("ok".to_owned());
        record.duration_ms = Some(7);
        record
    }

    fn written(metrics: &Metrics) -> String {
        let states = [ConnectorState::Ready, ConnectorState::Ready];
        metrics.written(states.into_iter(), &Now { mcp_sessions: 3, approvals: 1 })
    }

    #[test]
    fn counts_what_the_event_log_is_told() {
        let metrics = Arc::new(Metrics::new(1_700_000_000));
        metrics.note(&call("docs"));
        metrics.note(&call("docs"));
        let mut decision = EventRecord::new(EventKind::Decision);
        decision.verdict = Some("deny".to_owned());
        metrics.note(&decision);
        let front_end = metrics.front_end();
        let text = written(&metrics);
        for line in [
            r#"car_calls_total{connector="docs",outcome="ok"} 2"#,
            r#"car_call_duration_seconds_bucket{le="0.005",connector="docs"} 0"#,
            r#"car_call_duration_seconds_bucket{le="0.01",connector="docs"} 2"#,
            r#"car_decisions_total{verdict="deny"} 1"#,
            r#"car_connectors{state="ready"} 2"#,
            "car_front_ends 1",
            "car_mcp_sessions 3",
            "car_approvals_pending 1",
            "car_started_seconds 1700000000",
            concat!("car_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
        drop(front_end);
        assert!(written(&metrics).contains("car_front_ends 0\n"));
    }

    #[test]
    fn connectors_that_come_and_go_do_not_fill_the_memory() {
        let metrics = Metrics::new(0);
        for number in 0..MAX_CONNECTORS + 10 {
            metrics.note(&call(&format!("c{number}")));
        }
        let text = written(&metrics);
        assert!(text.contains(r#"car_calls_total{connector="other",outcome="ok"} 10"#), "{text}");
    }
}
