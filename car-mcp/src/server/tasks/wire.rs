//! What tasks look like on the wire.

use std::time::Duration;

use car_mcp_proto::mrtr::InputRequests;
use car_mcp_proto::{ErrorObject, Members, RawJson};
use serde::{Deserialize, Serialize};

/// Parameters of `tasks/get` and `tasks/cancel`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskParams {
    pub(crate) task_id: String,
}

/// Parameters of `tasks/update`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateParams {
    pub(crate) task_id: String,
    pub(crate) input_responses: Members,
}

/// A task with what its status carries: `DetailedTask`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DetailedTask<'a> {
    pub(super) task_id: &'a str,
    pub(super) status: &'static str,
    pub(super) created_at: String,
    pub(super) last_updated_at: String,
    pub(super) ttl_ms: u64,
    pub(super) poll_interval_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) input_requests: Option<InputRequests>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<&'a RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a ErrorObject>,
}

/// Returns a duration in whole milliseconds, at least one: the specification has no fractions and no zero.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Writes a time since the beginning of 1970 as ISO 8601, in UTC, to the millisecond.
pub(super) fn timestamp(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let millisecond = since_epoch.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
}

/// Returns the Gregorian date of a day counted from 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last of a year, and in eras of 400 years, which all have
/// the same number of days.
const fn date_of(days: u64) -> (u64, u64, u64) {
    const DAYS_BEFORE_1970: u64 = 719_468;
    const DAYS_OF_ERA: u64 = 146_097;
    let days = days + DAYS_BEFORE_1970;
    let (era, day) = (days / DAYS_OF_ERA, days % DAYS_OF_ERA);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let day = day - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + (month <= 2) as u64, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_times_as_iso_8601() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_767_225_599, "2025-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(timestamp(Duration::from_secs(seconds)), text);
        }
        assert_eq!(timestamp(Duration::from_millis(1_234)), "1970-01-01T00:00:01.234Z");
    }
}
