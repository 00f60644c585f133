//! Proof of possession for every request (RFC 9449).
