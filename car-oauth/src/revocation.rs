//! Giving a token back (RFC 7009).
