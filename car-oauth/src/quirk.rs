//! What known servers need beyond the standards, as data.
