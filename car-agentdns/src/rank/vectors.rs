//! Vectors that are kept.

use std::collections::HashMap;

/// The vectors of services, by what the service says of itself: kept from one search to the next.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    _model: String,
    _by_text: HashMap<[u8; 32], Vec<f32>>,
}
