//! The authorization response, checked step by step (RFC 6749 §4.1.2, RFC 9207).
