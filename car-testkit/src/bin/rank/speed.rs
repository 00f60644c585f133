//! How quickly made-up services are found, and what they take.
//!
//! Words are drawn as they are used in languages (Zipf): the second most frequent half as often as the first, and so on.
//! Needs are drawn in the same way, so many of them have words that a tenth of all services have, as real ones do.

use std::error::Error;
use std::time::{Duration, Instant};

use car_agentdns::rank::{Embedder, Embedding, Index, Purpose, Query, Vectors};
use car_agentdns::{Capability, Limit, Need, Provenance, Service, ServiceIdentifier, SourceKind};

use crate::random::Random;

/// How many different words there are: about as many as people use.
const WORDS: usize = 50_000;

/// How many searches are measured.
const SEARCHES: usize = 2_000;

/// How many numbers the vectors of the made-up model have, as many as those of all-MiniLM-L6-v2.
const NUMBERS: usize = 384;

/// Among how many services meaning is measured.
const HYBRID: usize = 100_000;

struct Writer {
    random: Random,
    /// How many in all are used up to each word, as a share.
    up_to: Vec<f64>,
}

pub(crate) async fn run(most: usize) -> Result<(), Box<dyn Error>> {
    println!("| services | search | made in | memory | p50 | p95 | p99 | after {SEARCHES} searches |");
    println!("|---|---|---|---|---|---|---|---|");
    for count in [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|count| *count <= most) {
        let mut writer = Writer::new();
        let services = writer.services(count);
        let before = memory();
        let start = Instant::now();
        let index = Index::new(services)?;
        let (made, taken) = (start.elapsed(), memory().saturating_sub(before));
        let needs = writer.needs()?;
        let times = needs.iter().map(|need| {
            let start = Instant::now();
            index.search(need).map(|_| start.elapsed())
        });
        let times = times.collect::<Result<Vec<_>, _>>()?;
        row(count, "words", made, taken, times, before);
        if count == HYBRID {
            hybrid(&index, &needs).await?;
        }
    }
    Ok(())
}

async fn hybrid(index: &Index, needs: &[Query]) -> Result<(), Box<dyn Error>> {
    let (before, start) = (memory(), Instant::now());
    let mut vectors = Vectors::default();
    vectors.prepare(&[index], &MadeUp, usize::MAX).await?;
    let (made, taken) = (start.elapsed(), memory().saturating_sub(before));
    let mut times = Vec::new();
    for need in needs {
        let start = Instant::now();
        index.search_hybrid(need, &MadeUp, &mut vectors).await?;
        times.push(start.elapsed());
    }
    row(index.services().len(), "hybrid", made, taken, times, before);
    Ok(())
}

fn row(count: usize, search: &str, made: Duration, taken: u64, mut times: Vec<Duration>, before: u64) {
    times.sort_unstable();
    let at = |share: f64| times[(times.len() as f64 * share) as usize].as_secs_f64() * 1e3;
    let after = memory().saturating_sub(before);
    println!(
        "| {count} | {search} | {:.2} s | {} MiB | {:.3} ms | {:.3} ms | {:.3} ms | {} MiB |",
        made.as_secs_f64(),
        taken >> 20,
        at(0.5),
        at(0.95),
        at(0.99),
        after >> 20
    );
}

/// Returns the memory that this process has, in bytes; nothing where the system does not say it as Linux does.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// A model without any meaning: it gives each text random numbers, and at once.
struct MadeUp;

impl Embedder for MadeUp {
    fn model(&self) -> &str {
        "made-up"
    }

    fn embed<'a>(&'a self, texts: &'a [String], _: Purpose) -> Embedding<'a> {
        let vector = |text: &String| {
            let seed =
                text.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
            let mut random = Random::new(seed);
            (0..NUMBERS).map(|_| random.share() as f32 - 0.5).collect()
        };
        Box::pin(std::future::ready(Ok(texts.iter().map(vector).collect())))
    }
}

impl Writer {
    fn new() -> Self {
        let mut sum = 0.0;
        let up_to = (1..=WORDS).map(|rank| {
            sum += 1.0 / rank as f64;
            sum
        });
        Self { up_to: up_to.collect(), random: Random::new(1) }
    }

    fn word(&mut self) -> String {
        let all = self.up_to[WORDS - 1];
        let wanted = self.random.share() * all;
        let place = self.up_to.partition_point(|up_to| *up_to < wanted);
        // Made of the place, so that it looks like a word and is always the same.
        let syllables = ["ka", "lo", "mi", "tu", "ne", "ra", "so", "vi"];
        let mut word = String::new();
        let mut left = place + 8;
        while left > 0 {
            word.push_str(syllables[left % 8]);
            left /= 8;
        }
        word
    }

    fn text(&mut self, least: usize, most: usize) -> String {
        let words = least + self.random.below(most - least + 1);
        (0..words).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    /// Writes services as a registry has them: a short description, and for one in ten its tools.
    fn services(&mut self, count: usize) -> Vec<Service> {
        (0..count).map(|place| self.service(place)).collect()
    }

    fn service(&mut self, place: usize) -> Service {
        let name = self.text(1, 3).replace(' ', "-");
        let organization = format!("io.github.{}{}", self.word(), place % 1_000);
        let identifier = ServiceIdentifier::new(organization, [self.word()], format!("{name}-{place}"));
        let identifier = identifier.expect("made-up words name something");
        let mut service =
            Service::new(identifier, name, Provenance::new(SourceKind::Registry, "made-up", 0, 0));
        service.description = self.text(5, 20);
        if place.is_multiple_of(10) {
            let capabilities = 3 + self.random.below(10);
            let capability = |_| Capability::new(self.text(2, 3).replace(' ', "_"), self.text(5, 15));
            service.capabilities = (0..capabilities).map(capability).collect();
        }
        service
    }

    fn needs(&mut self) -> Result<Vec<Query>, Box<dyn Error>> {
        let needs = (0..SEARCHES).map(|_| Ok(Query::new(Need::new(&self.text(3, 12))?, Limit::DEFAULT)));
        needs.collect()
    }
}
