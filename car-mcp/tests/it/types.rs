//! What the types promise.

use car_mcp::proto::completion::CompleteParams;
use car_mcp::proto::subscription::SubscriptionFilter;
use car_mcp::{CallOptions, EventStream, Session};

use crate::double::{Double, builder, raw};

fn assert_send<T: Send>(_: T) {}
fn assert_shared<T: Send + Sync + 'static>() {}

#[test]
fn a_session_can_be_shared() {
    assert_shared::<Session>();
    assert_shared::<car_mcp::Error>();
    assert_shared::<CallOptions>();
}

/// Every future of the public interface can be spawned. Compiled, never run.
#[expect(dead_code, reason = "the compiler is the test")]
fn every_future_is_send(session: &Session, mut events: EventStream, complete: &CompleteParams) {
    let options = CallOptions::new();
    let arguments = raw("{}");
    assert_send(builder().connect(Double::modern(|sent| async move { sent.answer("{}") })));
    assert_send(session.call_tool("t", arguments.as_raw(), &options));
    assert_send(session.call_tool_raw("t", arguments.as_raw(), &options));
    assert_send(session.get_prompt("p", &Default::default(), &options));
    assert_send(session.read_resource("r", &options));
    assert_send(session.complete(complete, &options));
    assert_send(session.list_tools());
    assert_send(session.list_prompts());
    assert_send(session.list_resources());
    assert_send(session.list_resource_templates());
    assert_send(session.ping());
    assert_send(session.close());
    assert_send(events.next());
    assert_send(events.close());
    assert_send(session.events(SubscriptionFilter::new()));
}
