//! Listeners and what they are told.

use futures_util::FutureExt as _;

use super::*;

/// Everything that is due.
fn due(listener: &Listener) -> Vec<Change> {
    std::iter::from_fn(|| listener.change().now_or_never().flatten()).collect()
}

#[test]
fn tells_only_what_is_wanted() {
    let changes = Changes::default();
    let listener = changes.listen(Lists::default().with(List::Tools));
    assert!(listener.follow_resource("a:1"));
    changes.list_changed(List::Prompts);
    changes.resource_updated("a:2", |_| true);
    changes.task_changed("t", RawJson::empty_object);
    assert_eq!(due(&listener), []);
    changes.resource_updated("a:1", |_| true);
    changes.list_changed(List::Tools);
    assert_eq!(due(&listener), [Change::Resource("a:1".into()), Change::List(List::Tools)]);
}

#[test]
fn tells_once_what_changed_often_and_again_what_changes_after() {
    let changes = Changes::default();
    let listener = changes.listen(Lists::default().with(List::Tools));
    listener.follow_task("t", RawJson::empty_object);
    for round in 0..100 {
        changes.list_changed(List::Tools);
        changes.task_changed("t", || RawJson::from_value(&round).unwrap());
    }
    let newest = RawJson::from_text("99").unwrap();
    assert_eq!(due(&listener), [Change::Task(newest), Change::List(List::Tools)]);
    changes.list_changed(List::Tools);
    assert_eq!(due(&listener), [Change::List(List::Tools)]);
}

#[test]
fn a_resource_that_is_left_is_not_told_and_leaves_nothing_behind() {
    let changes = Changes::default();
    let listener = changes.listen(Lists::default());
    for _ in 0..10 {
        listener.follow_resource("a:1");
        changes.resource_updated("a:1", |_| true);
        listener.leave_resource("a:1");
    }
    assert_eq!(lock(&listener.levels).due.len(), 0);
    assert_eq!(due(&listener), []);
}

#[test]
fn follows_no_more_than_the_bound() {
    let listener = Changes::default().listen(Lists::default());
    assert!((0..MAX_FOLLOWED).all(|index| listener.follow_resource(&index.to_string())));
    assert!(!listener.follow_resource("one more"));
    assert!(listener.follow_resource("0"), "it is followed already");
}

#[test]
fn closing_ends_it_after_what_is_due_and_a_dropped_one_is_forgotten() {
    let changes = Changes::default();
    let listener = changes.listen(Lists::default().with(List::Tools));
    changes.list_changed(List::Tools);
    changes.close();
    assert_eq!(listener.change().now_or_never(), Some(Some(Change::List(List::Tools))));
    assert_eq!(listener.change().now_or_never(), Some(None));
    assert_eq!(changes.listen(Lists::default()).change().now_or_never(), Some(None));
    drop(listener);
    assert_eq!(changes.lock().listeners.len(), 0);
}

#[test]
fn who_takes_over_is_told_and_nobody_else() {
    let changes = Changes::default();
    let listener = changes.listen(Lists::default().with(List::Tools));
    let reader = listener.take_over();
    changes.list_changed(List::Tools);
    assert_eq!(listener.change().now_or_never(), Some(None), "the first reader is over");
    let context = Context::from_waker(Waker::noop());
    let change = listener.poll_change(reader, &context);
    assert_eq!(change, Poll::Ready(Some(Change::List(List::Tools))));
}

#[tokio::test]
async fn a_change_wakes_the_listener_that_waits() {
    let changes = Changes::default();
    let listener = changes.listen(Lists::default().with(List::Resources));
    let telling = async { changes.list_changed(List::Resources) };
    let (change, ()) = tokio::join!(listener.change(), telling);
    assert_eq!(change, Some(Change::List(List::Resources)));
}
