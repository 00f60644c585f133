//! The client ID metadata document: a client id that is a URL.
