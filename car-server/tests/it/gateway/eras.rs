//! What passes through, for each pair of eras.

use std::sync::{Arc, Mutex};

use car_connectors::mcp::CallOptions;
use car_connectors::mcp::proto::logging::LoggingLevel;
use car_connectors::mcp::proto::{Members, RawJson};
use car_testkit::Seen;
use car_testkit::double::{Config, Double, Era};
use serde_json::{Value, json};

use super::stage::{PAIRS, Person, Stage, add, call, connect, text, try_call, until};
use crate::support::Running;

#[tokio::test]
async fn results_pass_through() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let client = stage.client(front, &Person::new()).await;
        let options = CallOptions::new();
        let echoed = call(&client, "mcp_all_echo", r#"{"message":"hi"}"#, &options).await;
        assert_eq!(text(&echoed), "hi", "{front:?} {behind:?}");
        let weather = call(&client, "mcp_all_structured", r#"{"city":"Ulm"}"#, &options).await;
        let expected = json!({"temperature": 21.5, "conditions": "Sunny in Ulm"});
        assert_eq!(weather["structuredContent"], expected, "{front:?} {behind:?}");
        let failed = call(&client, "mcp_all_fail", "{}", &options).await;
        assert_eq!((&failed["isError"], text(&failed)), (&json!(true), "This tool always fails."));
        let kinds = call(&client, "mcp_all_content", "{}", &options).await;
        assert_eq!(kinds["content"].as_array().unwrap().len(), 5);
    }
}

#[tokio::test]
async fn progress_passes_through() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let client = stage.client(front, &Person::new()).await;
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let options = CallOptions::new()
            .with_progress(move |progress| sink.lock().unwrap().push(progress.progress.as_f64().unwrap()));
        let done = call(&client, "mcp_all_progress", r#"{"steps":4}"#, &options).await;
        assert_eq!(text(&done), "Done in 4 steps.", "{front:?} {behind:?}");
        assert_eq!(*told.lock().unwrap(), [1.0, 2.0, 3.0, 4.0], "{front:?} {behind:?}");
    }
}

#[tokio::test]
async fn log_messages_pass_through() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let person = Person::new();
        let client = stage.client(front, &person).await;
        let mut options = CallOptions::new();
        match front {
            Era::Legacy => client.set_log_level(LoggingLevel::INFO).await.unwrap(),
            _ => options.log_level = Some(LoggingLevel::INFO),
        }
        call(&client, "mcp_all_test_tool_with_logging", "{}", &options).await;
        assert_eq!(person.logged.lock().unwrap().len(), 3, "{front:?} {behind:?}");
    }
}

#[tokio::test]
async fn questions_pass_through_and_the_answers_back() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let person = Person::new();
        let client = stage.client(front, &person).await;
        let pair = format!("{front:?} {behind:?}");
        for (tool, asked, answer) in [
            ("elicit", vec!["Who are you?"], "Hello, Ada!"),
            ("sample", vec!["the model"], "The model said: Well met"),
            ("roots", vec!["the roots"], "1 roots: file:///x"),
            (
                "test_input_required_result_multi_round",
                vec!["Step 1: What is your name?", "Step 2: What is your favorite color?"],
                "Ada likes green.",
            ),
            (
                "test_input_required_result_multiple_inputs",
                vec!["What is your name?", "the model", "the roots"],
                "Well met Ada (1 roots)",
            ),
        ] {
            let result = call(&client, &format!("mcp_all_{tool}"), "{}", &CallOptions::new()).await;
            assert_eq!(text(&result), answer, "{pair} {tool}: {result}");
            assert_eq!(person.was_asked(), asked, "{pair} {tool}");
        }
    }
}

#[tokio::test]
async fn progress_and_log_pass_before_a_question() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let person = Person::new();
        let client = stage.client(front, &person).await;
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let options = CallOptions::new()
            .with_progress(move |progress| sink.lock().unwrap().push(progress.message.clone()));
        let result = call(&client, "mcp_all_test_streaming_elicitation", "{}", &options).await;
        assert!(text(&result).starts_with("action=accept"), "{front:?} {behind:?}: {result}");
        // A modern server begins anew with each round, and says it again.
        let rounds = if behind == Era::Modern { 2 } else { 1 };
        let expected = vec![Some("about to ask".to_owned()); rounds];
        let told = std::mem::take(&mut *told.lock().unwrap());
        assert_eq!(told[0], expected[0], "{front:?} {behind:?}");
        // One request hears of progress only as it grows.
        assert!(told.len() == rounds || front == Era::Legacy, "{front:?} {behind:?}: {told:?}");
    }
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_is_not_asked() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let person = Person::who_can("{}");
        let client = stage.client(front, &person).await;
        let outcome = try_call(&client, "mcp_all_elicit", "{}", &CallOptions::new()).await;
        let refused = match &outcome {
            Ok(result) => result["isError"] == true,
            Err(error) => error.to_string().contains("capabilit"),
        };
        assert!(refused, "{front:?} {behind:?}: {outcome:?}");
        assert_eq!(person.was_asked(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn prompts_resources_and_completions_pass_through() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let person = Person::new();
        let client = stage.client(front, &person).await;
        let options = CallOptions::new();
        let pair = format!("{front:?} {behind:?}");
        let who: Members = [("who", RawJson::from_text(r#""Ada""#).unwrap())].into_iter().collect();
        let prompt = client.get_prompt_raw("mcp_all_greeting", &who, &options).await.unwrap();
        assert!(prompt.as_str().contains("Please greet Ada."), "{pair}: {}", prompt.as_str());
        let asking = client
            .get_prompt_raw("mcp_all_test_input_required_result_prompt", &Members::new(), &options)
            .await
            .unwrap();
        assert!(asking.as_str().contains("The context is: "), "{pair}: {}", asking.as_str());
        assert_eq!(person.was_asked(), ["What context should the prompt use?"], "{pair}");
        for (uri, expected) in [
            ("test://static-text", "This is the content of the static text resource."),
            ("test://template/7/data", "Data for ID: 7"),
        ] {
            let read = client.read_resource_raw(uri, &options).await.unwrap();
            assert!(read.as_str().contains(expected), "{pair}: {}", read.as_str());
        }
        let params = json!({"ref": {"type": "ref/prompt", "name": "mcp_all_greeting"},
            "argument": {"name": "who", "value": "A"}});
        let completed = client.complete(&serde_json::from_value(params).unwrap(), &options).await.unwrap();
        assert_eq!(completed.completion.values, ["Ada", "Alan"], "{pair}");
    }
}

#[tokio::test]
async fn a_connector_alone_has_its_own_names() {
    for (front, behind) in PAIRS {
        let stage = Stage::new(behind).await;
        let person = Person::new();
        let daemon = &stage.daemon;
        let client = connect(daemon, "/connectors/all/mcp", &daemon.token, front, &person).await.unwrap();
        let tools = client.list_tools().await.unwrap();
        assert!(tools.items.iter().any(|tool| tool.name == "echo"), "{front:?} {behind:?}");
        assert!(tools.items.iter().all(|tool| !tool.name.starts_with("mcp_")));
        let greeted = call(&client, "elicit", "{}", &CallOptions::new()).await;
        assert_eq!(text(&greeted), "Hello, Ada!", "{front:?} {behind:?}");
    }
}

/// What reaches the server is looked at by a server that shares no code with ours.
#[tokio::test]
async fn the_trace_and_a_cancellation_reach_the_server() {
    for (front, behind) in PAIRS {
        let mut config = Config::default();
        config.era = behind;
        let double = Double::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        add(&folder, "double", &double.url()).await;
        let daemon = Running::start_in(folder).await;
        let client = connect(&daemon, "/mcp", &daemon.token, front, &Person::new()).await.unwrap();
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let meta: Members = [("traceparent", trace), ("tracestate", "a=1")]
            .map(|(name, value)| (name, RawJson::from_value(value).unwrap()))
            .into_iter()
            .collect();
        let options = CallOptions::new().with_meta(meta);
        let echoed = call(&client, "mcp_double_echo", r#"{"message":"hi"}"#, &options).await;
        assert_eq!(text(&echoed), "hi", "{front:?} {behind:?}: {echoed}");
        let seen = double.ledger().seen();
        let is_call = |seen: &&Seen| seen.rpc_method.as_deref() == Some("tools/call");
        let body: Value = serde_json::from_str(&seen.iter().rfind(is_call).unwrap().body).unwrap();
        assert_eq!(body["params"]["_meta"]["traceparent"], trace, "{front:?} {behind:?}");
        assert_eq!(body["params"]["_meta"]["tracestate"], "a=1", "{front:?} {behind:?}");
        let calls = double.ledger().method("tools/call");
        assert_eq!(double.ledger().cancelled(), 0);
        let sleep = CallOptions::new();
        tokio::select! {
            _ = call(&client, "mcp_double_sleep", r#"{"ms":600000}"#, &sleep) => panic!("it sleeps for ten minutes"),
            () = until(|| double.ledger().method("tools/call") > calls) => {}
        }
        until(|| double.ledger().cancelled() == 1).await;
    }
}
