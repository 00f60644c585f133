//! Servers of revision 2025-03-26, which have no resource metadata.
