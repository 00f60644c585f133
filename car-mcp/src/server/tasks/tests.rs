//! Tasks without a server around them.

use car_mcp_proto::elicitation::ElicitParams;
use car_mcp_proto::mrtr::{ElicitationInput, InputRequest};
use car_mcp_proto::{Members, RawJson};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::*;
use crate::server::changes::{Change, Changes, Lists};
use crate::server::failure::{Failure, Reason};

fn store(max_tasks: usize) -> Tasks {
    Tasks::new(TasksOptions { max_tasks, ..TasksOptions::default() }, Changes::default())
}

fn questions(keys: &[&str]) -> Vec<(String, InputRequest)> {
    let request = || InputRequest::Elicitation(ElicitationInput::new(ElicitParams::new("who?")));
    keys.iter().map(|key| ((*key).to_owned(), request())).collect()
}

fn answers(answers: &[(&str, &str)]) -> Members {
    answers.iter().map(|(key, text)| (*key, RawJson::from_text(*text).unwrap())).collect()
}

fn seen(task: &Task) -> Value {
    task.snapshot().parse().unwrap()
}

fn code(failure: Failure) -> i64 {
    match failure.0 {
        Reason::Error(error) => error.code,
        _ => panic!("expected an error, found {failure:?}"),
    }
}

#[tokio::test]
async fn a_task_is_found_by_whom_it_was_made_for_and_nobody_else() {
    let store = store(10);
    let task = store.create(Some("ada")).unwrap();
    assert!(store.find(task.id(), Some("ada")).is_ok());
    for other in [Some("eve"), None] {
        assert_eq!(store.find(task.id(), other).unwrap_err().code, -32602);
    }
    assert_eq!(store.find("0123456789abcdef0123456789abcdef", Some("ada")).unwrap_err().code, -32602);
    assert_eq!(task.id().len(), 32);
    assert_ne!(task.id(), store.create(None).unwrap().id());
}

#[tokio::test(start_paused = true)]
async fn only_tasks_that_are_over_and_old_make_room() {
    let store = store(2);
    let (over, running) = (store.create(None).unwrap(), store.create(None).unwrap());
    over.end(End::Cancelled);
    assert_eq!(code(store.create(None).unwrap_err()), -32603);
    tokio::time::advance(TasksOptions::default().lifetime).await;
    assert_eq!(store.find(over.id(), None).unwrap_err().code, -32602);
    store.create(None).unwrap();
    assert!(store.find(running.id(), None).is_ok(), "it goes on");
    assert_eq!(code(store.create(None).unwrap_err()), -32603);
}

#[tokio::test]
async fn asks_until_all_is_answered_and_takes_each_answer_once() {
    let task = store(1).create(None).unwrap();
    let asked = questions(&["a", "b"]);
    let mut asking = Box::pin(task.ask(&asked));
    assert!(asking.as_mut().now_or_never().is_none());
    assert_eq!(seen(&task)["status"], "input_required");
    assert_eq!(seen(&task)["inputRequests"]["a"]["method"], "elicitation/create");

    task.update(&answers(&[("b", "2"), ("c", "3")]), |_, _| true);
    assert_eq!(seen(&task)["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["a"]);
    assert!(asking.as_mut().now_or_never().is_none());
    task.update(&answers(&[("a", "1"), ("b", "9")]), |_, answer| answer.as_str() != "no");
    let given = asking.await.unwrap();
    assert_eq!(given.iter().map(RawJson::as_str).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(seen(&task)["status"], "working");
    assert_eq!(seen(&task).get("inputRequests"), None);

    let again = task.ask(&asked[1..]).now_or_never().expect("it was answered before").unwrap();
    assert_eq!(again[0].as_str(), "2");
}

#[tokio::test]
async fn an_answer_that_does_not_fit_leaves_the_question_open() {
    let task = store(1).create(None).unwrap();
    let asked = questions(&["a"]);
    let mut asking = Box::pin(task.ask(&asked));
    assert!(asking.as_mut().now_or_never().is_none());
    task.update(&answers(&[("a", "null")]), |_, answer| answer.is_object());
    assert!(asking.as_mut().now_or_never().is_none());
    assert_eq!(seen(&task)["status"], "input_required");
}

#[tokio::test(start_paused = true)]
async fn a_question_is_taken_back_when_nobody_waits_for_the_answer() {
    let task = store(1).create(None).unwrap();
    let asked = questions(&["a"]);
    drop(Box::pin(task.ask(&asked)).as_mut().now_or_never());
    assert_eq!(seen(&task)["status"], "working");
    assert!(task.ask(&asked).await.is_err(), "the task's lifetime ends");
    assert_eq!(seen(&task)["status"], "working");
}

#[tokio::test]
async fn the_end_is_told_once_with_what_it_carries() {
    let changes = Changes::default();
    let store = Tasks::new(TasksOptions::default(), changes.clone());
    let task = store.create(None).unwrap();
    let listener = changes.listen(Lists::default());
    listener.follow_task(task.id(), || task.snapshot());
    task.end(End::Completed(RawJson::from_text(r#"{"content":[]}"#).unwrap()));
    task.end(End::Cancelled);
    let Some(Some(Change::Task(told))) = listener.change().now_or_never() else { panic!("it was not told") };
    assert_eq!(told, task.snapshot());
    assert!(listener.change().now_or_never().is_none());
    let seen = seen(&task);
    assert_eq!((&seen["status"], &seen["result"]), (&json!("completed"), &json!({"content": []})));
    assert_eq!((&seen["ttlMs"], &seen["pollIntervalMs"]), (&json!(3_600_000), &json!(1000)));
}
