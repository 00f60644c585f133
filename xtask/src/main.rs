//! Drives CI, the demo, conformance and benchmarks.

fn main() {}
