//! Token requests and their answers (RFC 6749 §4 to §6, RFC 8707).
