//! How well each way of searching finds what a set calls right.

use std::error::Error;

use car_agentdns::rank::{Embedder, HttpEmbedder, Index, Purpose, Query, Vectors};
use car_agentdns::{Limit, Need, Service};
use car_http::Client;

use crate::bootstrap::difference;
use crate::metrics::{Judgements, ndcg, recall};
use crate::set::Set;
use crate::substring;

/// What a ranking is worth for one query.
type Measure = fn(&[&str], &Judgements) -> f64;

/// What is stated of each ranking: most sets publish recall at 5 and nDCG at 10.
const MEASURES: [(&str, Measure); 6] = [
    ("R@1", |found, right| recall(found, right, 1)),
    ("R@5", |found, right| recall(found, right, 5)),
    ("R@10", |found, right| recall(found, right, 10)),
    ("N@3", |found, right| ndcg(found, right, 3)),
    ("N@5", |found, right| ndcg(found, right, 5)),
    ("N@10", |found, right| ndcg(found, right, 10)),
];

/// The measure by which two rankings are compared.
const COMPARED: usize = 5;

/// One way of searching: its name and what it found, the ids of each query's services in order.
struct Way<'a> {
    name: &'static str,
    found: Vec<Vec<&'a str>>,
}

pub(crate) fn embedder(base: &str, model: &str) -> Result<HttpEmbedder, Box<dyn Error>> {
    Ok(HttpEmbedder::new(&Client::builder(), base, model, None)?)
}

/// Searches in every way there is, and prints a table.
pub(crate) async fn run(set: &Set, embedder: Option<&HttpEmbedder>) -> Result<(), Box<dyn Error>> {
    let index = Index::new(set.services.clone())?;
    let mut ways = vec![
        Way::new(set, "substring", |need| Ok(substring::search(&set.services, need, Limit::MAX)))?,
        Way::new(set, "words", |need| Ok(places(&index.search(&query(need)?)?)))?,
    ];
    if let Some(embedder) = embedder {
        ways.push(Way { name: "model", found: by_model(set, embedder).await? });
        let mut vectors = Vectors::default();
        vectors.prepare(&[&index], embedder, usize::MAX).await?;
        let mut found = Vec::new();
        for judged in &set.queries {
            let scored = index.search_hybrid(&query(&judged.text)?, embedder, &mut vectors).await?;
            found.push(ids(set, &places(&scored)));
        }
        ways.push(Way { name: "hybrid", found });
    }
    print(set, &ways);
    Ok(())
}

fn places(scored: &[car_agentdns::rank::Scored]) -> Vec<usize> {
    scored.iter().map(|one| one.place).collect()
}

fn ids<'a>(set: &'a Set, places: &[usize]) -> Vec<&'a str> {
    places.iter().map(|place| set.ids[*place].as_str()).collect()
}

fn query(need: &str) -> Result<Query, Box<dyn Error>> {
    let short: String = need.chars().filter(|one| !one.is_control()).take(Need::MAX_CHARS).collect();
    Ok(Query::new(Need::new(&short)?, Limit::new(Limit::MAX)?))
}

/// Ranks by cosines alone.
async fn by_model<'a>(set: &'a Set, embedder: &HttpEmbedder) -> Result<Vec<Vec<&'a str>>, Box<dyn Error>> {
    let texts: Vec<String> = set.services.iter().map(text).collect();
    let services = normalised(embedder.embed(&texts, Purpose::Document).await?);
    let needs: Vec<String> = set.queries.iter().map(|judged| judged.text.clone()).collect();
    let needs = normalised(embedder.embed(&needs, Purpose::Query).await?);
    let ranked = needs.iter().map(|need| {
        let cosine =
            |service: &Vec<f32>| -> f32 { service.iter().zip(need).map(|(one, other)| one * other).sum() };
        let mut found: Vec<(f32, usize)> = services.iter().map(cosine).zip(0..).collect();
        found.sort_by(|one, other| other.0.total_cmp(&one.0));
        ids(set, &found.iter().take(Limit::MAX).map(|(_, place)| *place).collect::<Vec<_>>())
    });
    Ok(ranked.collect())
}

fn text(service: &Service) -> String {
    let capabilities = service.capabilities.iter().map(|one| format!("\n{}: {}", one.name, one.description));
    format!("{}: {}{}", service.name, service.description, capabilities.collect::<String>())
}

fn normalised(mut vectors: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    for vector in &mut vectors {
        let size = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|number| *number /= size);
    }
    vectors
}

impl<'a> Way<'a> {
    fn new(
        set: &'a Set,
        name: &'static str,
        search: impl Fn(&str) -> Result<Vec<usize>, Box<dyn Error>>,
    ) -> Result<Self, Box<dyn Error>> {
        let found = set.queries.iter().map(|judged| Ok(ids(set, &search(&judged.text)?)));
        Ok(Self { name, found: found.collect::<Result<_, Box<dyn Error>>>()? })
    }

    fn each(&self, set: &Set, measure: usize) -> Vec<f64> {
        let judged = self.found.iter().zip(&set.queries);
        judged.map(|(found, judged)| MEASURES[measure].1(found, &judged.right)).collect()
    }
}

fn print(set: &Set, ways: &[Way<'_>]) {
    println!("\n{}: {} services, {} queries\n", set.name, set.services.len(), set.queries.len());
    println!("| ranking | {} |", MEASURES.map(|(name, _)| name).join(" | "));
    println!("|---|{}", "---|".repeat(MEASURES.len()));
    for way in ways {
        let mean = |measure| {
            let each = way.each(set, measure);
            format!("{:.2}", 100.0 * each.iter().sum::<f64>() / each.len().max(1) as f64)
        };
        println!("| {} | {} |", way.name, (0..MEASURES.len()).map(mean).collect::<Vec<_>>().join(" | "));
    }
    println!();
    if let Some((last, before)) = ways.split_last().filter(|_| !set.queries.is_empty()) {
        for way in before {
            let (mean, low, high) = difference(&last.each(set, COMPARED), &way.each(set, COMPARED));
            let (mean, low, high) = (100.0 * mean, 100.0 * low, 100.0 * high);
            println!(
                "{} over {}: {mean:+.2} {} ({low:+.2} to {high:+.2})",
                last.name, way.name, MEASURES[COMPARED].0
            );
        }
    }
}
