//! Our own client signs in at an authorization server and is let in.
