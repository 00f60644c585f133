//! The workloads, as data.

use crate::job::Work;

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// The server's path: /json and /sse have a few tools, /big has a thousand.
    pub(crate) path: &'static str,
    pub(crate) modern: bool,
    pub(crate) tls: bool,
    /// Whether the server is a child process of the client.
    pub(crate) stdio: bool,
    pub(crate) work: Work,
    pub(crate) tool: &'static str,
    pub(crate) in_flight: usize,
}

/// A legacy call of `echo`, one at a time, over JSON and plain HTTP; the others change something about it.
const BASE: Workload = Workload {
    name: "echo-1",
    title: "tools/call echo, 1 in flight, JSON",
    path: "/json",
    modern: false,
    tls: false,
    stdio: false,
    work: Work::Call,
    tool: "echo",
    in_flight: 1,
};

/// Every workload, in the order of the table.
pub(crate) const ALL: &[Workload] = &[
    BASE,
    Workload { name: "echo-1-modern", title: "same, modern era", modern: true, ..BASE },
    Workload { name: "echo-1-sse", title: "same, SSE answer", path: "/sse", ..BASE },
    Workload {
        name: "echo-1-modern-sse",
        title: "same, modern era, SSE answer",
        modern: true,
        path: "/sse",
        ..BASE
    },
    Workload { name: "echo-1-tls", title: "same, TLS", tls: true, ..BASE },
    Workload { name: "echo-64", title: "tools/call echo, 64 in flight, JSON", in_flight: 64, ..BASE },
    Workload { name: "echo-64-modern", title: "same, modern era", in_flight: 64, modern: true, ..BASE },
    Workload { name: "echo-64-sse", title: "same, SSE answer", in_flight: 64, path: "/sse", ..BASE },
    Workload {
        name: "echo-64-modern-sse",
        title: "same, modern era, SSE answer",
        in_flight: 64,
        modern: true,
        path: "/sse",
        ..BASE
    },
    Workload { name: "echo-64-tls", title: "same, TLS", in_flight: 64, tls: true, ..BASE },
    Workload {
        name: "list-1000",
        title: "tools/list, 1,000 tools (1.19 MB)",
        path: "/big",
        work: Work::List,
        ..BASE
    },
    Workload { name: "answer-100k", title: "100 KB answer", tool: "large_100k", ..BASE },
    Workload { name: "answer-5m", title: "5 MB answer", tool: "large_5m", ..BASE },
    Workload { name: "connect", title: "connect and one call", work: Work::Connect, ..BASE },
    Workload { name: "stdio-1", title: "stdio, tools/call echo, 1 in flight", stdio: true, ..BASE },
    Workload { name: "stdio-1-modern", title: "same, modern era", stdio: true, modern: true, ..BASE },
    Workload {
        name: "stdio-64",
        title: "stdio, tools/call echo, 64 in flight",
        stdio: true,
        in_flight: 64,
        ..BASE
    },
    Workload {
        name: "stdio-64-modern",
        title: "same, modern era",
        stdio: true,
        in_flight: 64,
        modern: true,
        ..BASE
    },
    Workload { name: "idle", title: "idle sessions", work: Work::Idle, ..BASE },
];
