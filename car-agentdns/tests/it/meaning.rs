//! Searching by words and meaning, with a model that is made up, and asking a model over HTTP.

use std::collections::HashMap;
use std::sync::Mutex;

use car_agentdns::rank::{
    EmbedError, Embedder, Embedding, HttpEmbedder, Index, Purpose, Query, RankError, Reason, Vectors,
    search_hybrid,
};
use car_agentdns::{Bearer, Limit, Need, Provenance, Service, SourceKind};
use car_http::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Knows which words belong to which of a few matters; a vector says how much of each there is in a text.
#[derive(Default)]
struct Matters {
    name: &'static str,
    asked: Mutex<Vec<(Purpose, usize)>>,
    fails: bool,
    gives: Option<Vec<Vec<f32>>>,
}

const MATTERS: [&[&str]; 3] =
    [&["mail", "letter", "post"], &["weather", "rain", "umbrella"], &["money", "pay", "bill"]];

impl Embedder for Matters {
    fn model(&self) -> &str {
        self.name
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Embedding<'a> {
        self.asked.lock().unwrap().push((purpose, texts.len()));
        let vector = |text: &String| {
            let text = text.to_lowercase();
            let matter = |words: &&[&str]| words.iter().filter(|word| text.contains(**word)).count() as f32;
            MATTERS.iter().map(matter).chain([0.1]).collect()
        };
        let given = match (self.fails, &self.gives) {
            (true, _) => Err(EmbedError::new(self.name, "it is asleep")),
            (false, Some(given)) => Ok(given.clone()),
            (false, None) => Ok(texts.iter().map(vector).collect()),
        };
        Box::pin(std::future::ready(given))
    }

    fn batch(&self) -> usize {
        4
    }
}

fn service(name: &str, description: &str) -> Service {
    let identifier = format!("agentdns://example.com/{name}").parse().unwrap();
    let mut service = Service::new(identifier, name, Provenance::new(SourceKind::Registry, "r", 1, 2));
    service.description = description.to_owned();
    service
}

fn some() -> Index {
    Index::new(vec![
        service("sky", "Says whether to take an umbrella"),
        service("till", "Lets you pay a bill"),
        service("pigeon", "Carries a letter"),
        service("forecast", "Tells of rain"),
    ])
    .unwrap()
}

fn query(need: &str) -> Query {
    Query::new(Need::new(need).unwrap(), Limit::default())
}

#[tokio::test]
async fn finds_by_meaning_what_has_no_word_of_the_need() {
    let (index, mut vectors) = (some(), Vectors::default());
    let model = Matters { name: "m", ..Matters::default() };
    assert_eq!(vectors.prepare(&[&index], &model, 100).await.unwrap(), 0);
    let found = index.search_hybrid(&query("weather: rain"), &model, &mut vectors).await.unwrap();
    let places: Vec<_> = found.iter().map(|scored| scored.place).collect();
    assert_eq!(places, [3, 0]);
    assert!(found[0].words > 0.0 && found[1].words == 0.0);
    assert!(found.iter().all(|one| one.score > 0.0 && one.score <= 1.0 && one.meaning.unwrap() <= 1.0));
    assert!(matches!(found[1].reasons[..], [Reason::Meaning { cosine }] if cosine > 0.9));
    assert!(matches!(&found[0].reasons[1], Reason::Word { word, .. } if word == "rain"));
}

#[tokio::test]
async fn asks_a_model_only_for_what_words_find_and_only_once() {
    let (index, mut vectors) = (some(), Vectors::default());
    let model = Matters { name: "m", ..Matters::default() };
    for _ in 0..2 {
        let found = index.search_hybrid(&query("rain on a letter"), &model, &mut vectors).await.unwrap();
        assert_eq!(found.len(), 2);
    }
    assert_eq!(vectors.len(), 2);
    let expected = [(Purpose::Query, 1), (Purpose::Document, 2), (Purpose::Query, 1)];
    assert_eq!(*model.asked.lock().unwrap(), expected);
}

#[tokio::test]
async fn prepares_as_many_as_it_is_told_to_in_batches() {
    let services = (0..10).map(|n| service(&format!("s{n}"), &format!("mail {n}"))).collect();
    let (index, mut vectors) = (Index::new(services).unwrap(), Vectors::default());
    let model = Matters { name: "m", ..Matters::default() };
    assert_eq!(vectors.prepare(&[&index], &model, 6).await.unwrap(), 4);
    assert_eq!((vectors.len(), vectors.model()), (6, "m"));
    let mut read = Vectors::from_bytes(&vectors.to_bytes()).unwrap();
    assert_eq!(read.prepare(&[&index], &model, 6).await.unwrap(), 0);
    let expected = [4, 2, 4].map(|texts| (Purpose::Document, texts));
    assert_eq!(*model.asked.lock().unwrap(), expected);
    assert_eq!(read.len(), 10);
}

#[tokio::test]
async fn forgets_what_is_gone_and_what_another_model_gave() {
    let (index, mut vectors) = (some(), Vectors::default());
    let model = Matters { name: "m", ..Matters::default() };
    vectors.prepare(&[&index], &model, 100).await.unwrap();
    let fewer = Index::new(index.services()[..2].to_vec()).unwrap();
    vectors.retain(&[&fewer]);
    assert_eq!(vectors.len(), 2);
    assert_eq!(vectors.prepare(&[&fewer], &model, 0).await.unwrap(), 0);
    let other = Matters { name: "other", ..Matters::default() };
    let found = fewer.search_hybrid(&query("bill"), &other, &mut vectors).await.unwrap();
    assert_eq!((found.len(), vectors.len(), vectors.model()), (1, 1, "other"));
}

#[tokio::test]
async fn ranks_parts_by_meaning_on_one_scale() {
    let (whole, model) = (some(), Matters { name: "m", ..Matters::default() });
    let (first, second) = whole.services().split_at(2);
    let parts = [Index::new(first.to_vec()).unwrap(), Index::new(second.to_vec()).unwrap()];
    let (mut one, mut two) = (Vectors::default(), Vectors::default());
    one.prepare(&[&whole], &model, 100).await.unwrap();
    two.prepare(&[&parts[0], &parts[1]], &model, 100).await.unwrap();
    for need in ["rain and weather", "pay for a letter", "umbrella"] {
        let expected = whole.search_hybrid(&query(need), &model, &mut one).await.unwrap();
        let found = search_hybrid(&[&parts[0], &parts[1]], &query(need), &model, &mut two).await.unwrap();
        let found: Vec<_> =
            found.iter().map(|(part, scored)| (part * 2 + scored.place, scored.score)).collect();
        assert_eq!(found, expected.iter().map(|scored| (scored.place, scored.score)).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn says_that_the_model_failed_and_can_be_searched_without() {
    let (index, mut vectors) = (some(), Vectors::default());
    let model = Matters { name: "m", fails: true, ..Matters::default() };
    let error = index.search_hybrid(&query("rain"), &model, &mut vectors).await.unwrap_err();
    assert_eq!(error.to_string(), "the embedding model m gave no vectors: it is asleep");
    assert_eq!(index.search(&query("rain")).unwrap().len(), 1);
}

#[tokio::test]
async fn takes_no_vectors_that_are_none() {
    for (gives, said) in [
        (vec![], "expected 1 vectors, found 0"),
        (vec![vec![1.0], vec![2.0]], "expected 1 vectors, found 2"),
        (vec![vec![]], "not all zero"),
        (vec![vec![0.0, 0.0]], "not all zero"),
        (vec![vec![1.0, f32::NAN]], "not all zero"),
        (vec![vec![f32::INFINITY]], "not all zero"),
        (vec![vec![1.0; 10_000]], "expected at most 8192 numbers in a vector, found 10000"),
    ] {
        let model = Matters { name: "m", gives: Some(gives), ..Matters::default() };
        let error = some().search_hybrid(&query("rain"), &model, &mut Vectors::default()).await.unwrap_err();
        assert!(matches!(error, RankError::Embed(_)));
        assert!(error.to_string().contains(said), "{error}");
    }
    let index = some();
    let uneven = Matters {
        name: "m",
        gives: Some(vec![vec![1.0], vec![1.0], vec![1.0], vec![1.0, 2.0]]),
        ..Matters::default()
    };
    let error = Vectors::default().prepare(&[&index], &uneven, 4).await.unwrap_err();
    assert!(error.to_string().contains("expected vectors of 1 numbers, found one of 2"), "{error}");
}

/// Serves one answer for each request, and returns what was asked.
#[expect(clippy::disallowed_methods, reason = "the server runs beside the client that is tested")]
async fn serve(answers: Vec<(u16, Value)>) -> (String, tokio::task::JoinHandle<Vec<(String, Value)>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let serving = async move {
        let mut asked = Vec::new();
        for (status, answer) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let (head, body) = loop {
                stream.read_buf(&mut bytes).await.unwrap();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.to_lowercase().split_once("content-length: ").unwrap().1.to_owned();
                if body.len() >= length.split("\r\n").next().unwrap().parse::<usize>().unwrap() {
                    break (head.to_owned(), serde_json::from_str(body).unwrap());
                }
            };
            asked.push((head, body));
            let answer = answer.to_string();
            let reply = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
            stream.write_all(reply.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        asked
    };
    (base, tokio::spawn(serving))
}

fn texts(number: usize) -> Vec<String> {
    (0..number).map(|n| format!("text {n}")).collect()
}

#[tokio::test]
async fn asks_a_model_over_http_and_puts_its_answer_in_order() {
    let answer = json!({"object": "list", "data": [
        {"index": 1, "embedding": [0.0, 2.5]}, {"index": 0, "embedding": [1, 0]},
    ], "usage": {"prompt_tokens": 4}});
    let (base, serving) = serve(vec![(200, answer)]).await;
    let token = Bearer::new("s3cret").unwrap();
    let model = HttpEmbedder::new(&Client::builder(), &base, "mini", Some(token)).unwrap();
    let model = model.with_prefixes("query: ", "passage: ");
    assert_eq!(model.model(), r#"mini ("query: ", "passage: ")"#);
    assert!(!format!("{model:?}").contains("s3cret"));
    let vectors = model.embed(&texts(2), Purpose::Document).await.unwrap();
    assert_eq!(vectors, [[1.0, 0.0], [0.0, 2.5]]);
    let (head, body) = serving.await.unwrap().remove(0);
    assert!(head.starts_with("POST /v1/embeddings HTTP/1.1"), "{head}");
    assert!(head.to_lowercase().contains("authorization: bearer s3cret"), "{head}");
    let input = ["passage: text 0", "passage: text 1"];
    assert_eq!(body, json!({"model": "mini", "input": input, "encoding_format": "float"}));
}

#[tokio::test]
async fn sends_many_texts_in_batches() {
    let batch = |number: usize| json!({"data": (0..number).map(|n| json!({"index": n, "embedding": [n]})).collect::<Vec<_>>()});
    let (base, serving) = serve(vec![(200, batch(32)), (200, batch(32)), (200, batch(6))]).await;
    let model = HttpEmbedder::new(&Client::builder(), &base, "mini", None).unwrap();
    let vectors = model.embed(&texts(70), Purpose::Query).await.unwrap();
    assert_eq!((vectors.len(), vectors[69][0]), (70, 5.0));
    let asked = serving.await.unwrap();
    let sizes: Vec<_> = asked.iter().map(|(_, body)| body["input"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [32, 32, 6]);
    assert!(asked.iter().all(|(head, _)| !head.to_lowercase().contains("authorization")));
}

#[tokio::test]
async fn says_what_is_wrong_with_the_answer_of_a_model() {
    let row = |index: usize| json!({"index": index, "embedding": [1.0]});
    let cases: HashMap<&str, (u16, Value)> = HashMap::from([
        ("found those for [0]", (200, json!({"data": [row(0)]}))),
        ("found those for [1, 1]", (200, json!({"data": [row(1), row(1)]}))),
        ("found those for [0, 2]", (200, json!({"data": [row(0), row(2)]}))),
        ("found those for [0, 1, 2]", (200, json!({"data": [row(0), row(1), row(2)]}))),
        ("expected a document with vectors", (200, json!({"data": [{"index": 0, "embedding": ["x"]}]}))),
        ("its server cannot be used", (401, json!({}))),
    ]);
    for (said, answer) in cases {
        let (base, serving) = serve(vec![answer]).await;
        let model = HttpEmbedder::new(&Client::builder(), &base, "mini", None).unwrap();
        let error = model.embed(&texts(2), Purpose::Document).await.unwrap_err();
        assert!(error.to_string().contains(said), "{said}: {error}");
        serving.await.unwrap();
    }
}
