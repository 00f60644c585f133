//! Roots: the folders that a client lets a server work in.

use crate::json::Members;

open_object! {
    /// One root.
    pub struct Root {
        /// Its URI, `file:` today.
        req uri: String = "uri",
        /// Its name for people.
        opt name: String = "name",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `roots/list`.
    pub struct ListRootsResult {
        /// The roots.
        lst roots: Vec<Root> = "roots",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}
