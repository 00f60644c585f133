//! Calls that wait, with a clock that the tests turn.

use std::sync::Arc;

use car_connectors::engine::{PolicyFile, RuleRef};
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

/// Approvals on a state folder of their own, and what front ends are told.
struct Place {
    folder: TempDir,
    approvals: Approvals,
    told: Receiver<Notice>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let notices = Notices::new();
        let told = notices.subscribe();
        Self { approvals: Approvals::new(&home(&folder), notices, PATIENCE), folder, told }
    }

    /// Begins to wait, and returns the call's id once front ends know of it.
    async fn begin(&mut self, pending: Pending) -> (String, tokio::task::JoinHandle<Approval>) {
        let shared = Arc::clone(&self.approvals.0);
        #[expect(clippy::disallowed_methods, reason = "a call that waits beside the test")]
        let waits = tokio::spawn(async move { shared.decide(pending).await });
        match self.told.recv().await.unwrap() {
            Notice::ApprovalRequested(pending) => (pending.id, waits),
            other => panic!("expected a question, found {other:?}"),
        }
    }

    async fn settled(&mut self) -> (String, &'static str) {
        match self.told.recv().await.unwrap() {
            Notice::ApprovalSettled { id, outcome } => (id, outcome),
            other => panic!("expected that a call is settled, found {other:?}"),
        }
    }

    fn is_quiet(&mut self) -> bool {
        self.told.try_recv().is_err()
    }
}

fn home(folder: &TempDir) -> Home {
    Home::resolve(Some(folder.path()), |_| None).unwrap()
}

fn rule(text: &str) -> RuleRef {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    #[expect(clippy::disallowed_methods, reason = "a policy as a person writes it")]
    std::fs::write(&path, format!("ask = [{text:?}]\n")).unwrap();
    PolicyFile::new(path).current().rules().remove(0)
}

fn call(caller: &str, tool: &str) -> Pending {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let arguments = RawValue::from_string(r#"{"n":12345678901234567890,"n":1.0}"#.to_owned()).unwrap();
    Pending {
        id: NEXT.fetch_add(1, Ordering::Relaxed).to_string(),
        caller: caller.to_owned(),
        connector: "docs".to_owned(),
        tool: tool.to_owned(),
        canonical: format!("mcp_docs_{tool}"),
        method: None,
        arguments_text: arguments.get().to_owned(),
        arguments,
        rule: rule("docs/*"),
        asked_at: String::new(),
        expires_at: String::new(),
    }
}

fn note(approval: &Approval) -> (bool, &str) {
    match approval {
        Approval::Granted { note } => (true, note),
        Approval::Refused { note } => (false, note),
        other => panic!("unknown: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn shows_the_arguments_exactly_and_goes_on_by_the_answer() {
    let mut place = Place::new();
    for (answer, granted, words, outcome) in [
        (Answer::Once, true, "approved once by page", "granted"),
        (Answer::Deny, false, "refused by page", "refused"),
    ] {
        let (id, waits) = place.begin(call("owner", "write")).await;
        let shown = serde_json::to_string(&place.approvals.pending()).unwrap();
        assert!(shown.contains(r#""arguments":{"n":12345678901234567890,"n":1.0}"#), "{shown}");
        assert!(place.approvals.answer(&id, answer, "page").unwrap());
        assert_eq!(note(&waits.await.unwrap()), (granted, words));
        assert_eq!(place.settled().await, (id.clone(), outcome));
        assert!(!place.approvals.answer(&id, answer, "page").unwrap(), "it was answered already");
        assert!(place.approvals.pending().is_empty() && place.is_quiet());
    }
}

#[tokio::test(start_paused = true)]
async fn gives_up_when_the_time_is_over_and_not_before() {
    let mut place = Place::new();
    let began = Instant::now();
    let (id, waits) = place.begin(call("owner", "write")).await;
    tokio::time::advance(PATIENCE - Duration::from_secs(1)).await;
    assert_eq!(place.approvals.pending().len(), 1);
    assert_eq!(note(&waits.await.unwrap()), (false, "nobody answered within 60 s"));
    assert!(began.elapsed() >= PATIENCE);
    assert_eq!(place.settled().await, (id.clone(), "expired"));
    assert!(!place.approvals.answer(&id, Answer::Once, "page").unwrap());
}

#[tokio::test(start_paused = true)]
async fn takes_a_question_back_when_its_caller_gives_up() {
    let mut place = Place::new();
    let (id, waits) = place.begin(call("owner", "write")).await;
    waits.abort();
    assert!(waits.await.unwrap_err().is_cancelled());
    assert_eq!(place.settled().await, (id.clone(), "withdrawn"));
    assert!(place.approvals.pending().is_empty());
    assert!(!place.approvals.answer(&id, Answer::Always, "page").unwrap());
    assert!(place.approvals.grants().unwrap().is_empty(), "nobody agrees to what is not asked any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_answers_counts() {
    let mut place = Place::new();
    for _ in 0..50 {
        let (id, waits) = place.begin(call("owner", "write")).await;
        let answers = [Answer::Once, Answer::Deny].map(|answer| {
            let (approvals, id) = (place.approvals.clone(), id.clone());
            tokio::task::spawn_blocking(move || approvals.answer(&id, answer, "page").unwrap())
        });
        let [once, deny] = answers;
        let (once, deny) = (once.await.unwrap(), deny.await.unwrap());
        assert!(once != deny, "one of them was told that it counts");
        assert_eq!(note(&waits.await.unwrap()).0, once);
        assert_eq!(place.settled().await, (id, if once { "granted" } else { "refused" }));
        assert!(place.is_quiet());
    }
}

#[tokio::test(start_paused = true)]
async fn remembers_for_this_caller_tool_and_rule_alone() {
    for (answer, prefix) in
        [(Answer::Session, "approved until the daemon stops ("), (Answer::Always, "standing approval ")]
    {
        let mut place = Place::new();
        let (first, waits) = place.begin(call("owner", "write")).await;
        let (second, also) = place.begin(call("owner", "write")).await;
        let (other, still) = place.begin(call("token:ci", "write")).await;
        assert!(place.approvals.answer(&first, answer, "page").unwrap());
        assert!(note(&waits.await.unwrap()).0 && note(&also.await.unwrap()).0);
        assert_eq!(place.settled().await, (first, "granted"));
        assert_eq!(place.settled().await, (second, "granted"));
        assert_eq!(place.approvals.pending().len(), 1, "somebody else's call waits on");
        let again = place.approvals.0.decide(call("owner", "write")).await;
        assert!(note(&again).0 && note(&again).1.starts_with(prefix), "{again:?}");
        let (_, asked) = place.begin(call("owner", "read")).await;
        let mut by_other_rule = call("owner", "write");
        by_other_rule.rule = rule("docs/write");
        let (_, asked_too) = place.begin(by_other_rule).await;
        for waits in [asked, asked_too, still] {
            waits.abort();
            waits.await.unwrap_err();
        }
        assert_eq!(place.settled().await.1, "withdrawn");
        assert_eq!(place.settled().await.1, "withdrawn");
        assert_eq!(place.settled().await, (other, "withdrawn"));
        let [grant] = place.approvals.grants().unwrap().try_into().unwrap();
        assert_eq!(grant.id.starts_with(SESSION), answer == Answer::Session);
        assert!(place.approvals.revoke(&grant.id).unwrap() && !place.approvals.revoke(&grant.id).unwrap());
        let (_, asked) = place.begin(call("owner", "write")).await;
        asked.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn hears_what_another_process_agreed_to() {
    let mut place = Place::new();
    let (id, waits) = place.begin(call("owner", "write")).await;
    let pending = call("owner", "write");
    GrantsFile::new(&home(&place.folder)).add(pending.grant(7)).unwrap();
    place.approvals.look_again();
    assert_eq!(note(&waits.await.unwrap()), (true, "approved for good by another program"));
    assert_eq!(place.settled().await, (id, "granted"));
    assert!(note(&place.approvals.0.decide(pending).await).0, "the next call is not asked about at all");
    assert!(place.is_quiet());
}

#[tokio::test(start_paused = true)]
async fn keeps_waiting_when_an_answer_for_good_cannot_be_kept() {
    let mut place = Place::new();
    let (id, waits) = place.begin(call("owner", "write")).await;
    let path = home(&place.folder).grants_path();
    #[expect(clippy::disallowed_methods, reason = "a file that somebody broke")]
    std::fs::write(&path, "{").unwrap();
    place.approvals.answer(&id, Answer::Always, "page").unwrap_err();
    assert_eq!(place.approvals.pending().len(), 1);
    assert!(place.approvals.answer(&id, Answer::Once, "page").unwrap());
    assert!(note(&waits.await.unwrap()).0);
}

#[tokio::test(start_paused = true)]
async fn forgets_what_was_agreed_to_for_a_connector_that_is_gone() {
    let mut place = Place::new();
    let (id, waits) = place.begin(call("owner", "write")).await;
    place.approvals.answer(&id, Answer::Session, "page").unwrap();
    waits.await.unwrap();
    place.approvals.forget("other");
    assert_eq!(place.approvals.grants().unwrap().len(), 1);
    place.approvals.forget("docs");
    assert!(place.approvals.grants().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn refuses_what_nobody_could_look_through() {
    let mut place = Place::new();
    let mut waiting = Vec::new();
    for caller in 0..8 {
        for _ in 0..32 {
            waiting.push(place.begin(call(&format!("token:{caller}"), "write")).await.1);
        }
        let of_caller = place.approvals.0.decide(call(&format!("token:{caller}"), "write")).await;
        assert!(!note(&of_caller).0, "{of_caller:?}");
    }
    let one_more = place.approvals.0.decide(call("owner", "write")).await;
    assert!(note(&one_more).1.contains("wait for a person already"), "{one_more:?}");
    let mut large = call("token:9", "write");
    large.arguments = RawValue::from_string(format!("{{\"text\":\"{}\"}}", "x".repeat(300_000))).unwrap();
    let too_large = place.approvals.0.decide(large).await;
    assert!(note(&too_large).1.contains("which a person can look at"), "{too_large:?}");
    for waits in waiting {
        waits.abort();
    }
}
