//! Enterprise-managed authorization: an identity assertion in exchange for a token (RFC 8693, RFC 7523).
