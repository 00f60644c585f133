//! What a session is told about one call, from what the program said about it.

use std::time::Duration;

use car_mcp_proto::{RawJson, meta};

use crate::error::{Error, ErrorKind};
use crate::options::CallOptions;

/// Makes the session's options. The trace goes to the server too, and comes before one that the metadata names.
pub(crate) fn options(
    given: Option<&CallOptions>,
    deadline: Option<Duration>,
    trace: Option<&str>,
) -> Result<car_mcp::CallOptions, Error> {
    let mut options = car_mcp::CallOptions::new();
    options.timeout = deadline;
    if let Some(given) = given {
        options.meta.clone_from(&given.meta);
        options.handler.clone_from(&given.handler);
        options.on_behalf_of.clone_from(&given.on_behalf_of);
        options.log_level.clone_from(&given.log_level);
    }
    if let Some(trace) = trace {
        let trace = RawJson::from_value(trace).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, "the trace cannot be sent").because(error)
        })?;
        options.meta.set(meta::TRACE_PARENT, trace);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use car_mcp_proto::Members;

    use super::*;

    #[test]
    fn the_trace_that_is_on_record_is_the_one_that_the_server_gets() {
        let text = |text: &str| RawJson::from_value(text).unwrap();
        let meta: Members =
            [("traceparent", text("theirs")), ("tracestate", text("a=1")), ("baggage", text("b=2"))]
                .into_iter()
                .collect();
        let given = CallOptions::new().with_meta(meta).with_trace("ours").on_behalf_of("someone");
        let told = options(Some(&given), Some(Duration::from_secs(3)), given.trace.as_deref()).unwrap();
        assert_eq!(told.meta.member("traceparent"), Some(&text("ours")));
        assert_eq!(told.meta.member("tracestate"), Some(&text("a=1")));
        assert_eq!(told.meta.member("baggage"), Some(&text("b=2")));
        assert_eq!(
            (told.timeout, told.on_behalf_of.as_deref()),
            (Some(Duration::from_secs(3)), Some("someone"))
        );
    }
}
