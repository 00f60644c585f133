//! Protected resource metadata: who authorizes for a server (RFC 9728).
