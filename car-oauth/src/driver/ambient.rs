//! The time and the dice: the only place where the crate looks at either.

use crate::time::Timestamp;

/// Where time and randomness come from.
pub trait Ambient: Send + Sync {
    /// Returns the time.
    fn now(&self) -> Timestamp;

    /// Returns bytes that nobody can guess.
    fn random(&self) -> [u8; 32];
}

/// The system's clock and the operating system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemAmbient;

impl Ambient for SystemAmbient {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the rim that reads the clock")]
        let now = std::time::SystemTime::now();
        let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_seconds(since.as_secs())
    }

    fn random(&self) -> [u8; 32] {
        rand::random()
    }
}
