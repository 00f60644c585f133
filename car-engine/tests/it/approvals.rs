//! Calls that wait for a person, and what is not a tool's call.

use std::{
    fs,
    future::Future as _,
    sync::{Arc, Mutex, atomic::Ordering},
    task::{Context, Waker},
};

use car_engine::{
    AccessRequest, Approval, ApprovalQuestion, Approver, BoxFuture, EngineError, EventFilter, EventKind,
    EventRecord, McpCallError, McpCallErrorKind, ToolPermission,
};
use tokio::sync::Notify;

use crate::support::{Engine, engine, engine_with, raw, tool};

/// A person who answers when told to.
#[derive(Default)]
struct Person {
    asked: Mutex<Vec<String>>,
    refuses: bool,
    answers: Notify,
}

impl Approver for Person {
    fn approve<'a>(&'a self, question: ApprovalQuestion<'a>) -> BoxFuture<'a, Approval> {
        Box::pin(async move {
            let arguments = question.request.arguments.get();
            let shown = format!(
                "{} {} {} {arguments} {}",
                question.request.caller,
                question.connector,
                question.tool,
                question.rule.name()
            );
            self.asked.lock().unwrap().push(shown);
            self.answers.notified().await;
            let note = "owner, once".to_owned();
            if self.refuses { Approval::Refused { note } } else { Approval::Granted { note } }
        })
    }
}

fn asking(policy: &str, refuses: bool) -> (Engine, Arc<Person>) {
    let person = Arc::new(Person { refuses, ..Person::default() });
    let approver: Arc<dyn Approver> = person.clone();
    (engine_with(policy, |executor| executor.with_approver(approver)), person)
}

fn records(engine: &Engine) -> Vec<EventRecord> {
    engine.executor.log().tail(&EventFilter::default()).unwrap().records
}

/// Polls a future until it waits, does something, and lets it come to its end.
macro_rules! meanwhile {
    ($person:expr, $work:expr $(, $between:expr)?) => {{
        let work = $work;
        tokio::pin!(work);
        assert!(work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        $($between;)?
        $person.answers.notify_one();
        work.await
    }};
}

#[tokio::test]
async fn a_person_is_asked_about_the_exact_call_and_the_log_says_what_they_said() {
    let (engine, person) = asking("[[ask]]\ntool = 'docs/search'\nreason = 'costs money'", false);
    meanwhile!(person, engine.call("search", r#"{ "query":"é" }"#), {
        assert_eq!(engine.logged(), ["ask"], "the question is on record before it is answered");
        assert_eq!(engine.server.calls.load(Ordering::Relaxed), 0);
    })
    .unwrap();
    assert_eq!(*person.asked.lock().unwrap(), [r#"test docs search { "query":"é" } ask "docs/search""#]);
    let [ask, allow, call] = &*records(&engine) else { panic!("three records") };
    assert_eq!((ask.verdict.as_deref(), ask.note.as_deref()), (Some("ask"), None));
    assert_eq!((allow.verdict.as_deref(), allow.note.as_deref()), (Some("allow"), Some("owner, once")));
    assert_eq!(allow.rule.as_deref(), Some("ask \"docs/search\""));
    assert_eq!(call.outcome.as_deref(), Some("ok"));
}

#[tokio::test]
async fn a_refusal_names_the_rule_and_who_refused() {
    let (engine, person) = asking("[[ask]]\ntool = 'docs/search'\nreason = 'costs money'", true);
    let error = meanwhile!(person, engine.call("search", "{}")).unwrap_err();
    assert!(error.is_denied() && error.to_string().ends_with(": costs money (owner, once)"), "{error}");
    assert_eq!(engine.logged(), ["ask", "deny"]);
    assert_eq!(records(&engine)[1].note.as_deref(), Some("owner, once"));
    assert_eq!(engine.server.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn ask_is_a_denial_where_nobody_is_there_to_answer() {
    let error = engine("ask = ['docs/search']").call("search", "{}").await.unwrap_err();
    assert!(error.to_string().ends_with("nobody is there to approve the call"), "{error}");
    let own = engine("");
    own.executor.registry().register(tool("search", |entry| entry.permission = ToolPermission::Ask));
    assert!(own.call("search", "{}").await.unwrap_err().is_denied());
    assert_eq!(own.logged(), ["deny"]);
}

#[tokio::test]
async fn a_call_that_is_dropped_while_it_waits_is_recorded_as_cancelled() {
    let (engine, _person) = asking("ask = ['*']", false);
    {
        let call = engine.call("search", "{}");
        tokio::pin!(call);
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        engine.clock.0.fetch_add(1500, Ordering::Relaxed);
    }
    assert_eq!(engine.logged(), ["ask", "cancelled"]);
    let last = records(&engine).pop().unwrap();
    assert_eq!((last.kind, last.duration_ms), (EventKind::Call, Some(1500)));
    assert_eq!(last.note.as_deref(), Some("it was given up before it was answered"));
    assert_eq!(engine.server.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_policy_that_denies_by_the_time_of_the_answer_wins() {
    let (engine, person) = asking("ask = ['docs/search']", false);
    let policy = engine.folder.path().join("policy.toml");
    let change = || fs::write(&policy, "ask = ['docs/search']\ndeny_connector = ['docs']").unwrap();
    let error = meanwhile!(person, engine.call("search", "{}"), change()).unwrap_err();
    assert!(error.is_denied() && error.to_string().contains("deny_connector \"docs\""), "{error}");
    assert_eq!(engine.logged(), ["ask", "deny"]);
    assert_eq!(engine.server.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_tool_that_changed_while_a_person_thought_is_not_called() {
    let same = || tool("search", |_| {});
    let other = || tool("search", |entry| entry.schema.description = Some("deletes all".to_owned()));
    for (next, goes_on) in [(Some(same()), true), (Some(other()), false), (None, false)] {
        let (engine, person) = asking("ask = ['docs/search']", false);
        let change = || match next {
            Some(tool) => drop(engine.executor.registry().register(tool)),
            None => drop(engine.executor.registry().unregister("mcp_docs_search")),
        };
        let answer = meanwhile!(person, engine.call("search", "{}"), change());
        match answer {
            Ok(_) => assert!(goes_on),
            Err(error) => {
                assert!(matches!(error, EngineError::Changed { .. }) && !goes_on, "{error}");
                assert!(error.is_before_call());
                assert_eq!(engine.logged(), ["ask", "changed"]);
            }
        }
        assert_eq!(engine.server.calls.load(Ordering::Relaxed), usize::from(goes_on));
    }
}

#[tokio::test]
async fn rules_about_callers_count_for_those_who_call() {
    let engine = engine("deny_tool = [{ tool = 'docs/*', caller = 'te*' }]");
    let error = engine.call("search", "{}").await.unwrap_err();
    assert!(error.to_string().contains("deny_tool \"docs/*\" for \"te*\""), "{error}");
    let arguments = raw("{}");
    let request = car_engine::ToolRequest::new("mcp_docs_search", &arguments, "token:ci");
    engine.executor.call(request).await.unwrap();
    let request =
        car_engine::ToolRequest::new("mcp_docs_gone", &arguments, "test").with_target("docs", "off");
    assert!(engine.executor.call(request).await.unwrap_err().is_denied(), "also where it is not enabled");
}

async fn get(engine: &Engine, subject: &str) -> Result<&'static str, EngineError> {
    let request = AccessRequest::new("docs", "prompts/get", subject, "test").with_trace("t1");
    engine.executor.access(request, async { Ok("answer") }).await
}

#[tokio::test]
async fn what_is_not_a_tool_takes_policy_and_log_with_its_method() {
    let open =
        engine("deny_tool = ['*']\nallow_tool = []\nask = ['docs/search']\nallow_connector = ['docs']");
    assert_eq!(get(&open, "review").await.unwrap(), "answer", "rules about tools are not about prompts");
    let [decision, call] = &*records(&open) else { panic!("two records") };
    for record in [decision, call] {
        assert_eq!(record.method.as_deref(), Some("prompts/get"));
        assert_eq!((record.connector.as_deref(), record.tool.as_deref()), (Some("docs"), Some("review")));
        assert_eq!((record.canonical.as_deref(), record.trace_id.as_deref()), (None, Some("t1")));
    }
    assert_eq!((decision.verdict.as_deref(), call.outcome.as_deref()), (Some("allow"), Some("ok")));
    for policy in [
        "deny_connector = ['docs']",
        "deny_connector = [{ connector = '*', caller = 'test' }]",
        "allow_connector = ['mail']",
        "ask = ['docs/*']",
        "ask = ['*']",
        "nonsense",
    ] {
        let engine = engine(policy);
        let error = get(&engine, "review").await.unwrap_err();
        assert!(
            error.is_denied() && error.to_string().starts_with("\"prompts/get review\" is denied"),
            "{error}"
        );
        assert_eq!(engine.logged(), ["deny"]);
    }
}

#[tokio::test]
async fn an_access_is_asked_about_by_its_method_fails_and_is_cancelled_as_a_call() {
    let (engine, person) = asking("ask = ['docs/*']", false);
    let arguments = raw(r#"{"text":"x"}"#);
    let request = AccessRequest::new("docs", "resources/read", "db://u:p@h/t?q=1", "test");
    let failure = async { Err::<(), _>(McpCallError::new(McpCallErrorKind::Timeout, "too slow")) };
    let access = engine.executor.access(request.with_arguments(&arguments), failure);
    let error = meanwhile!(person, access).unwrap_err();
    assert!(matches!(error, EngineError::Session { .. }), "{error}");
    let asked = r#"test docs resources/read db://u:p@h/t?q=1 {"text":"x"} ask "docs/*""#;
    assert_eq!(*person.asked.lock().unwrap(), [asked]);
    assert_eq!(engine.logged(), ["ask", "allow", "timeout"]);
    assert!(records(&engine).iter().all(|record| record.tool.as_deref() == Some("db://h/t")));
    let hangs = std::future::pending::<Result<(), McpCallError>>();
    person.answers.notify_one();
    let mut access = Box::pin(engine.executor.access(request, hangs));
    assert!(access.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(access);
    assert_eq!(engine.logged()[3..], ["ask", "allow", "cancelled"]);
}
