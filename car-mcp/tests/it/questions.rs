//! Questions of the server: requests in the legacy era, rounds in the modern one, one handler for both.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use car_mcp::proto::capability::ClientCapabilities;
use car_mcp::proto::elicitation::{ElicitParams, ElicitResult};
use car_mcp::proto::mrtr::RoundError;
use car_mcp::proto::roots::ListRootsResult;
use car_mcp::proto::sampling::{CreateMessageParams, CreateMessageResult};
use car_mcp::transport::{BoxFuture, Reply};
use car_mcp::{CallOptions, ClientHandler, Error, Refusal};
use serde_json::{Value, json};

use crate::calls::call;
use crate::double::{Answer, DONE, Double, SECOND, Sent, body, builder, feed, raw, stream};

/// Answers everything that its capabilities declare, after a while.
pub(crate) struct Human {
    capabilities: &'static str,
    thinks: std::time::Duration,
}

pub(crate) const ALL: &str = r#"{"elicitation":{},"sampling":{},"roots":{}}"#;

pub(crate) fn human(capabilities: &'static str) -> Arc<Human> {
    Arc::new(Human { capabilities, thinks: SECOND * 100 })
}

impl ClientHandler for Human {
    fn capabilities(&self) -> ClientCapabilities {
        serde_json::from_str(self.capabilities).unwrap()
    }

    fn elicit(&self, request: ElicitParams) -> BoxFuture<'_, Result<ElicitResult, Refusal>> {
        Box::pin(async move {
            tokio::time::sleep(self.thinks).await;
            match request.message.as_str() {
                "refuse" => Err(Refusal::new("not today")),
                "decline" => Ok(ElicitResult::decline()),
                _ => Ok(ElicitResult::accept([("name", raw("\"Ada\""))].into_iter().collect())),
            }
        })
    }

    fn create_message(
        &self,
        _request: CreateMessageParams,
    ) -> BoxFuture<'_, Result<CreateMessageResult, Refusal>> {
        let answer = r#"{"role":"assistant","content":{"type":"text","text":"hm"},"model":"m"}"#;
        Box::pin(async move { Ok(serde_json::from_str(answer).unwrap()) })
    }

    fn list_roots(&self) -> BoxFuture<'_, Result<ListRootsResult, Refusal>> {
        Box::pin(async move { Ok(serde_json::from_str(r#"{"roots":[{"uri":"file:///x"}]}"#).unwrap()) })
    }
}

const FORM: &str = r#"{"message":"who","requestedSchema":{"type":"object","properties":
    {"name":{"type":"string","default":"Bob"},"age":{"type":"integer","default":30}}}}"#;

const SAMPLE: &str = r#"{"messages":[],"maxTokens":5}"#;

/// What a legacy server is answered to this question, which comes on a call's stream.
async fn asked(capabilities: &'static str, method: &str, params: &str) -> Value {
    let question = format!(r#"{{"jsonrpc":"2.0","id":"q","method":"{method}","params":{params}}}"#);
    let feeder: Arc<Mutex<Option<(crate::double::Feeder, String)>>> = Arc::default();
    let double = Double::legacy(move |sent| {
        let feeder = Arc::clone(&feeder);
        let question = question.clone();
        async move {
            if sent.method == "tools/call" {
                let (said, messages) = feed();
                said.say(question);
                *feeder.lock().unwrap() = Some((said, sent.result(DONE)));
                return Ok(Reply::Stream(messages));
            }
            // The answer to the question is what the call waits for.
            if let Some((said, done)) = feeder.lock().unwrap().take() {
                said.say(done);
            }
            Ok(Reply::Accepted)
        }
    });
    let (session, log) = double.connect_with(builder().handler(human(capabilities))).await;
    call(&session, "{}").await.unwrap();
    let answers = log.of("");
    assert_eq!(answers.len(), 1);
    answers[0].json()
}

#[tokio::test(start_paused = true)]
async fn answers_the_questions_of_a_legacy_server() {
    let answer = asked("{}", "ping", "{}").await;
    assert_eq!(answer, json!({"jsonrpc": "2.0", "id": "q", "result": {}}));
    let answer = asked(ALL, "roots/list", "{}").await;
    assert_eq!(answer["result"], json!({"roots": [{"uri": "file:///x"}]}));
    let answer = asked(ALL, "sampling/createMessage", SAMPLE).await;
    assert_eq!(answer["result"]["model"], "m");
    let answer = asked(ALL, "elicitation/create", FORM).await;
    let expected = json!({"action": "accept", "content": {"name": "Ada", "age": 30}});
    assert_eq!(answer["result"], expected, "defaults fill in what the user left out");
    let answer = asked(ALL, "elicitation/create", &FORM.replace("who", "decline")).await;
    assert_eq!(answer["result"], json!({"action": "decline"}));
}

#[tokio::test(start_paused = true)]
async fn refuses_what_was_not_declared() {
    for method in ["elicitation/create", "sampling/createMessage", "roots/list", "tasks/get"] {
        assert_eq!(asked("{}", method, "{}").await["error"]["code"], -32601, "{method}");
    }
    let url = r#"{"mode":"url","message":"go","url":"https://x"}"#;
    for (declared, params, code) in [
        (ALL, url, Some(-32602)),
        (r#"{"elicitation":{"form":{}}}"#, url, Some(-32602)),
        (r#"{"elicitation":{"url":{}}}"#, FORM, Some(-32602)),
        (r#"{"elicitation":{"url":{}}}"#, url, None),
        (ALL, "{}", Some(-32602)),
        (ALL, r#"{"message":"refuse"}"#, Some(-32602)),
    ] {
        let answer = asked(declared, "elicitation/create", params).await;
        assert_eq!(answer["error"]["code"].as_i64(), code, "{declared} {params}: {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_stands_for_a_person_and_not_for_a_ping() {
    // The human thinks for 100 s, longer than a call may take: see `asked`. Pings do not keep a call alive.
    let double = Double::legacy(|sent| async move {
        if sent.method != "tools/call" {
            return Ok(Reply::Accepted);
        }
        let (feeder, messages) = feed();
        #[expect(clippy::disallowed_methods, reason = "the double's server works beside the client")]
        tokio::spawn(async move {
            for id in 0..20 {
                tokio::time::sleep(SECOND * 20).await;
                feeder.say(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#));
            }
        });
        Ok(Reply::Stream(messages))
    });
    let (session, _) = double.connect().await;
    let begin = tokio::time::Instant::now();
    assert!(matches!(call(&session, "{}").await, Err(Error::TimedOut { .. })));
    assert_eq!(begin.elapsed(), SECOND * 60);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_questions_is_answered_a_few_at_a_time() {
    let open = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&open), Arc::clone(&most));
    let double = Double::legacy(move |sent| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        async move {
            if sent.method == "tools/call" {
                let pings = (0..500).map(|id| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#));
                return stream(pings.chain([sent.result(DONE)]));
            }
            peak.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            tokio::time::sleep(SECOND / 100).await;
            now.fetch_sub(1, Ordering::Relaxed);
            Ok(Reply::Accepted)
        }
    });
    let (session, log) = double.connect().await;
    call(&session, "{}").await.unwrap();
    assert!(most.load(Ordering::Relaxed) <= 16);
    assert!(log.of("").len() >= 484);
}

#[tokio::test]
async fn a_modern_server_that_asks_by_request_is_not_answered() {
    let ping = r#"{"jsonrpc":"2.0","id":5,"method":"ping"}"#.to_owned();
    let (session, log) = Double::modern(move |sent| {
        let ping = ping.clone();
        async move { stream([ping, sent.result(DONE)]) }
    })
    .connect_with(builder().handler(human(ALL)))
    .await;
    call(&session, "{}").await.unwrap();
    assert!(log.of("").is_empty());
}

#[tokio::test]
async fn reads_batches_and_answers_the_questions_in_them() {
    let (session, log) = Double::legacy(|sent| async move {
        match sent.method.as_str() {
            "tools/call" => body(format!(
                r#"[{{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}},
                    {{"jsonrpc":"2.0","id":9,"method":"ping"}},{}]"#,
                sent.result(DONE)
            )),
            _ => Ok(Reply::Accepted),
        }
    })
    .connect()
    .await;
    call(&session, "{}").await.unwrap();
    assert_eq!(log.of("")[0].body, r#"{"jsonrpc":"2.0","id":9,"result":{}}"#);
    // The same in a stream.
    let (session, _) =
        Double::legacy(|sent| async move { stream([format!("[{}]", sent.result(DONE))]) }).connect().await;
    call(&session, "{}").await.unwrap();
}

/// A modern server that asks until it is content.
fn asking(rounds: usize, round: &'static str) -> Double {
    let turn = AtomicUsize::new(0);
    Double::modern(move |sent: Sent| {
        let answer: Answer = match turn.fetch_add(1, Ordering::Relaxed) < rounds {
            true => sent.answer(round),
            false => sent.answer(DONE),
        };
        async move { answer }
    })
}

#[tokio::test(start_paused = true)]
async fn answers_rounds_and_gives_the_state_back_byte_for_byte() {
    let round = r#"{"resultType":"input_required","requestState":"a\u0000\"世 ",
        "inputRequests":{
            "b":{"method":"elicitation/create","params":{"message":"who","requestedSchema":
                {"type":"object","properties":{"age":{"type":"integer","default":30}}}}},
            "a":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":5}},
            "c":{"method":"roots/list"}}}"#;
    let (session, log) = asking(2, round).connect_with(builder().handler(human(ALL))).await;
    let result = call(&session, r#"{"x":1}"#).await.unwrap();
    assert_eq!(result.content.len(), 1);
    let calls = log.of("tools/call");
    assert_eq!(calls.len(), 3);
    let ids: std::collections::HashSet<_> = calls.iter().map(|sent| sent.id.clone().unwrap()).collect();
    assert_eq!(ids.len(), 3, "each sending has an id of its own");
    assert!(calls[0].json()["params"].get("requestState").is_none());
    for retry in &calls[1..] {
        let params = &retry.json()["params"];
        assert_eq!(params["arguments"], json!({"x": 1}));
        assert_eq!(params["requestState"], "a\0\"世 ");
        let expected = json!({
            "b": {"action": "accept", "content": {"name": "Ada", "age": 30}},
            "a": {"role": "assistant", "content": {"type": "text", "text": "hm"}, "model": "m"},
            "c": {"roots": [{"uri": "file:///x"}]},
        });
        assert_eq!(params["inputResponses"], expected);
    }
    log.forget();
    call(&session, "{}").await.unwrap();
    session.ping().await.unwrap();
    for sent in log.all() {
        assert!(!sent.body.contains("requestState") && !sent.body.contains("inputResponses"));
    }
}

#[tokio::test]
async fn a_round_without_questions_is_sent_again_with_its_state_only() {
    let (session, log) = asking(1, r#"{"resultType":"input_required","requestState":"s"}"#).connect().await;
    session.read_resource("file:///x", &CallOptions::new()).await.unwrap_err();
    let reads = log.of("resources/read");
    assert_eq!(reads[1].json()["params"]["requestState"], "s");
    assert!(reads[1].json()["params"].get("inputResponses").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_round_of_too_many_questions_is_not_begun() {
    let questions: Vec<String> = (0..33).map(|key| format!(r#""{key}":{{"method":"roots/list"}}"#)).collect();
    let round = format!(r#"{{"resultType":"input_required","inputRequests":{{{}}}}}"#, questions.join(","));
    let double = Double::modern(move |sent| {
        let answer = sent.answer(&round);
        async move { answer }
    });
    let (session, log) = double.connect_with(builder().handler(human(ALL))).await;
    let error = call(&session, "{}").await.unwrap_err();
    assert!(error.to_string().contains("at most 32 questions"), "{error}");
    assert_eq!(log.of("tools/call").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn gives_up_on_questions_without_end_or_without_an_answer() {
    let state = r#"{"resultType":"input_required","requestState":"s"}"#;
    let (session, log) = asking(usize::MAX, state).connect().await;
    assert!(matches!(call(&session, "{}").await, Err(Error::Rounds(RoundError::TooMany))));
    assert_eq!(log.of("tools/call").len(), 11);
    let form = r#"{"resultType":"input_required","inputRequests":
        {"k":{"method":"elicitation/create","params":{"message":"refuse"}}}}"#;
    let (session, _) = asking(1, form).connect_with(builder().handler(human(ALL))).await;
    let error = call(&session, "{}").await.unwrap_err();
    assert_eq!(error.to_string(), "the server asked for input that this client does not give: not today");
    let (session, _) = asking(1, form).connect().await;
    assert!(matches!(call(&session, "{}").await, Err(Error::InputRefused { .. })));
    let unknown = r#"{"resultType":"input_required","inputRequests":{"k":{"method":"mind/read"}}}"#;
    let (session, _) = asking(1, unknown).connect_with(builder().handler(human(ALL))).await;
    let error = call(&session, "{}").await.unwrap_err();
    assert!(error.to_string().contains("mind/read"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_questions_of_a_round_are_put_side_by_side() {
    let round = r#"{"resultType":"input_required","inputRequests":{
        "b":{"method":"elicitation/create","params":{"message":"who"}},
        "a":{"method":"elicitation/create","params":{"message":"decline"}}}}"#;
    let (session, log) = asking(1, round).connect_with(builder().handler(human(ALL))).await;
    let begun = tokio::time::Instant::now();
    call(&session, "{}").await.unwrap();
    assert_eq!(begun.elapsed(), SECOND * 100, "the person thinks once");
    let answers = log.of("tools/call")[1].json()["params"]["inputResponses"].clone();
    assert_eq!((&answers["b"]["action"], &answers["a"]["action"]), (&json!("accept"), &json!("decline")));
}
