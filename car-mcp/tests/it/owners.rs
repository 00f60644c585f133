//! Calls that bring their own handler: whose question is whose, where one session serves several.

use std::sync::{Arc, Mutex};

use car_mcp::proto::capability::ClientCapabilities;
use car_mcp::proto::elicitation::{ElicitParams, ElicitResult};
use car_mcp::proto::logging::LoggingMessageParams;
use car_mcp::proto::{Members, RawJson};
use car_mcp::transport::{BoxFuture, Reply};
use car_mcp::{CallOptions, ClientHandler, Error, Refusal, Session};
use serde_json::{Value, json};

use crate::double::{DONE, Double, Feeder, Log, SECOND, Sent, builder, feed, raw, stream};

/// Answers with its own name, and remembers what it was asked and told.
struct Named {
    name: &'static str,
    capabilities: &'static str,
    heard: Mutex<Vec<String>>,
}

const ASKED: &str = r#"{"elicitation":{}}"#;

fn named(name: &'static str) -> Arc<Named> {
    Arc::new(Named { name, capabilities: ASKED, heard: Mutex::default() })
}

impl Named {
    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

impl ClientHandler for Named {
    fn capabilities(&self) -> ClientCapabilities {
        serde_json::from_str(self.capabilities).unwrap()
    }

    fn elicit(&self, request: ElicitParams) -> BoxFuture<'_, Result<ElicitResult, Refusal>> {
        self.heard.lock().unwrap().push(request.message);
        let name = raw(&format!("\"{}\"", self.name));
        Box::pin(async move {
            // Longer than a call may take.
            tokio::time::sleep(SECOND * 100).await;
            Ok(ElicitResult::accept([("name", name)].into_iter().collect()))
        })
    }

    fn log(&self, message: LoggingMessageParams) {
        self.heard.lock().unwrap().push(format!("log {}", message.data.as_str()));
    }
}

fn by(handler: &Arc<Named>) -> CallOptions {
    CallOptions::new().with_handler(Arc::clone(handler) as Arc<dyn ClientHandler>)
}

async fn call(session: &Session, options: &CallOptions) -> Result<(), Error> {
    session.call_tool("t", raw("{}").as_raw(), options).await.map(drop)
}

fn question(id: &str) -> String {
    let params =
        r#"{"message":"who","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}}}}"#;
    format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"elicitation/create","params":{params}}}"#)
}

fn log_message(text: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"info","data":"{text}"}}}}"#
    )
}

/// Who answered.
fn answerer(answer: &Value) -> &str {
    answer["result"]["content"]["name"].as_str().unwrap_or("nobody")
}

/// A legacy server whose calls wait until they are let go, and where a question can be asked on any stream.
struct Server {
    session: Session,
    log: Arc<Log>,
    /// The stream of each call, with the text that answers it.
    calls: Arc<Mutex<Vec<(Feeder, String)>>>,
    /// The stream that belongs to no call.
    own: Feeder,
}

impl Server {
    async fn begin(tells_calls_apart: bool, handler: &Arc<Named>) -> Self {
        let calls: Arc<Mutex<Vec<(Feeder, String)>>> = Arc::default();
        let begun = Arc::clone(&calls);
        let mut double = Double::legacy(move |sent: Sent| {
            let answer = match sent.method.as_str() {
                "tools/call" => {
                    let (feeder, messages) = feed();
                    begun.lock().unwrap().push((feeder, sent.result(DONE)));
                    Ok(Reply::Stream(messages))
                }
                _ => Ok(Reply::Accepted),
            };
            async move { answer }
        });
        double.tells_calls_apart = tells_calls_apart;
        let (own, messages) = feed();
        double.streams.lock().unwrap().push_back(Ok(Some(messages)));
        let handler = Arc::clone(handler) as Arc<dyn ClientHandler>;
        let (session, log) = double.connect_with(builder().handler(handler)).await;
        Self { session, log, calls, own }
    }

    /// Begins calls, asks, and returns the answer. Then the calls are let go, and must end well.
    async fn ask(&self, options: &[CallOptions], ask: impl FnOnce(&Self)) -> Value {
        self.log.forget();
        let calls = options.iter().map(|options| call(&self.session, options));
        let asking = async {
            while self.log.of("tools/call").len() < options.len() {
                tokio::task::yield_now().await;
            }
            ask(self);
            let answer = self.log.until("").await.json();
            for (feeder, done) in self.calls.lock().unwrap().drain(..) {
                feeder.say(done);
            }
            answer
        };
        let (outcomes, answer) = tokio::join!(futures_util::future::join_all(calls), asking);
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        answer
    }

    fn say_to_call(&self, index: usize, text: String) {
        self.calls.lock().unwrap()[index].0.say(text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_on_a_calls_stream_is_that_calls() {
    let (all, ada, bob) = (named("all"), named("ada"), named("bob"));
    let server = Server::begin(true, &all).await;
    // Only the clock of the call that asks stands; the others have time enough.
    let calls = [by(&ada).on_behalf_of("ada"), by(&bob).on_behalf_of("bob"), CallOptions::new()]
        .map(|options| options.with_timeout(SECOND * 200));
    for (index, name) in ["ada", "bob", "all"].into_iter().enumerate() {
        let answer = server.ask(&calls, |server| server.say_to_call(index, question("q"))).await;
        assert_eq!(answerer(&answer), name);
    }
    let log = |server: &Server| {
        server.say_to_call(1, log_message("hello"));
        server.say_to_call(1, question("q"));
    };
    ada.heard();
    bob.heard();
    server.ask(&calls, log).await;
    assert_eq!(bob.heard(), ["log \"hello\"", "who"]);
    assert!(ada.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_question_of_no_call_is_put_to_nobody_it_may_not_be_meant_for() {
    for tells_calls_apart in [true, false] {
        let (all, ada, bob) = (named("all"), named("ada"), named("bob"));
        let server = Server::begin(tells_calls_apart, &all).await;
        let of_ada = || by(&ada).on_behalf_of("ada");
        let of_bob = || by(&bob).on_behalf_of("bob");
        for (calls, expected) in [
            (vec![of_ada()], "ada"),
            (vec![of_ada(), of_bob()], "all"),
            (vec![of_ada(), by(&bob).on_behalf_of("ada")], "bob"),
            (vec![of_ada(), CallOptions::new()], "all"),
            (vec![CallOptions::new()], "all"),
            (vec![by(&ada), CallOptions::new()], "ada"),
        ] {
            let on_its_own = |server: &Server| {
                server.own.say(log_message("l"));
                server.own.say(question("q"));
            };
            assert_eq!(answerer(&server.ask(&calls, on_its_own).await), expected);
            for (handler, name) in [(&all, "all"), (&ada, "ada"), (&bob, "bob")] {
                let heard = handler.heard();
                assert_eq!(heard.is_empty(), name != expected, "{name} {expected}: {heard:?}");
            }
            // Where everything comes on one stream, that it is read with a call says nothing.
            if !tells_calls_apart {
                let with_the_first = |server: &Server| {
                    server.say_to_call(0, log_message("l"));
                    server.say_to_call(0, question("q"));
                };
                assert_eq!(answerer(&server.ask(&calls, with_the_first).await), expected);
                assert_eq!(all.heard().is_empty(), expected != "all");
                assert_eq!(ada.heard().is_empty(), expected != "ada");
                assert_eq!(bob.heard().is_empty(), expected != "bob");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_is_refused_that_the_calls_handler_did_not_declare() {
    let all = named("all");
    let mute = Arc::new(Named { name: "mute", capabilities: "{}", heard: Mutex::default() });
    let server = Server::begin(true, &all).await;
    let answer = server.ask(&[by(&mute)], |server| server.say_to_call(0, question("q"))).await;
    assert_eq!(answer["error"]["code"], -32601);
    let answer = server.ask(&[by(&mute)], |server| server.own.say(question("q"))).await;
    assert_eq!(answer["error"]["code"], -32601);
    assert!(all.heard().is_empty() && mute.heard().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_modern_call_declares_its_own_handlers_capabilities_and_its_rounds_are_its_own() {
    let round = r#"{"resultType":"input_required","inputRequests":{"k":{"method":"elicitation/create",
        "params":{"message":"who","requestedSchema":{"type":"object","properties":{}}}}}}"#;
    let double = Double::modern(move |sent: Sent| {
        let is_first = sent.json()["params"].get("inputResponses").is_none();
        let answer = match (sent.method.as_str(), is_first) {
            ("tools/call", true) => stream([log_message("hello"), sent.result(round)]),
            _ => sent.answer(DONE),
        };
        async move { answer }
    });
    let (all, ada) = (named("all"), named("ada"));
    let declared =
        |sent: &Sent| sent.json()["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"].clone();
    let mute = Arc::new(Named { name: "mute", capabilities: r#"{"roots":{}}"#, heard: Mutex::default() });
    let (session, log) =
        double.connect_with(builder().handler(Arc::clone(&all) as Arc<dyn ClientHandler>)).await;
    call(&session, &by(&ada)).await.unwrap();
    assert_eq!(ada.heard(), ["log \"hello\"", "who"]);
    let sent = log.of("tools/call");
    assert_eq!(sent[1].json()["params"]["inputResponses"]["k"]["content"]["name"], "ada");
    assert!(sent.iter().all(|sent| declared(sent) == json!({"elicitation": {}})));

    assert!(matches!(call(&session, &by(&mute)).await, Err(Error::InputRefused { .. })));
    assert_eq!(declared(&log.of("tools/call")[2]), json!({"roots": {}}));
    assert!(all.heard().is_empty(), "it was not asked");
    call(&session, &CallOptions::new()).await.unwrap();
    assert_eq!(all.heard(), ["log \"hello\"", "who"]);
}

#[tokio::test]
async fn prompts_and_resources_come_back_byte_for_byte() {
    let text = r#"{ "messages":[], "n" : 1.10,"resultType":"complete" }"#;
    let (session, log) = Double::modern(move |sent| async move { sent.answer(text) }).connect().await;
    let arguments: Members = [("a", RawJson::from_text("\"\\u0041\"").unwrap())].into_iter().collect();
    let result = session.get_prompt_raw("p", &arguments, &CallOptions::new()).await.unwrap();
    assert_eq!(result.as_str(), text);
    assert!(log.of("prompts/get")[0].body.contains(r#""arguments":{"a":"\u0041"}"#));
    let result = session.read_resource_raw("a:1", &CallOptions::new()).await.unwrap();
    assert_eq!(result.as_str(), text);
    let (session, _) =
        Double::modern(|sent| async move { sent.answer(r#"{"resultType":"odd"}"#) }).connect().await;
    assert!(matches!(
        session.read_resource_raw("a:1", &CallOptions::new()).await,
        Err(Error::Malformed { .. })
    ));
}
