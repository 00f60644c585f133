//! Keys that sign, on ring.
