//! Log messages from a server.

use crate::json::{Members, RawJson};

open_enum! {
    /// How serious a log message is (RFC 5424).
    pub struct LoggingLevel {
        /// For those who write the server.
        DEBUG = "debug",
        /// What happens as it should.
        INFO = "info",
        /// What is normal and worth a look.
        NOTICE = "notice",
        /// What may become an error.
        WARNING = "warning",
        /// What failed.
        ERROR = "error",
        /// What fails as a whole.
        CRITICAL = "critical",
        /// What must be dealt with at once.
        ALERT = "alert",
        /// When nothing works any more.
        EMERGENCY = "emergency",
    }
}

open_object! {
    /// Parameters of `notifications/message`.
    pub struct LoggingMessageParams {
        /// How serious it is.
        req level: LoggingLevel = "level",
        /// Which part of the server speaks.
        opt logger: String = "logger",
        /// What it says: any JSON value.
        req data: RawJson = "data",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}
