//! Signed JSON Web Tokens in compact form (RFC 7515, RFC 7523).
