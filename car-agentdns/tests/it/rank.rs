//! Which services fit a need, in which order, and why.

use car_agentdns::rank::{Index, Query, Reason, Scored, search};
use car_agentdns::{Capability, Lifecycle, Limit, Need, Provenance, Service, SourceKind};
use proptest::prelude::*;

fn service(name: &str, description: &str) -> Service {
    let identifier = format!("agentdns://example.com/{name}").parse().unwrap();
    let mut service = Service::new(identifier, name, Provenance::new(SourceKind::Registry, "r", 1, 2));
    service.description = description.to_owned();
    service
}

fn query(need: &str) -> Query {
    Query::new(Need::new(need).unwrap(), Limit::new(Limit::MAX).unwrap())
}

fn found(services: &[Service], need: &str) -> Vec<Scored> {
    Index::new(services.to_vec()).unwrap().search(&query(need)).unwrap()
}

fn names<'a>(services: &'a [Service], need: &str) -> Vec<&'a str> {
    found(services, need).iter().map(|scored| services[scored.place].name.as_str()).collect()
}

fn word(word: &str, found_in: &str) -> Reason {
    Reason::Word { word: word.to_owned(), found_in: found_in.to_owned() }
}

fn some_services() -> Vec<Service> {
    let mut tracker = service("trackly", "Plan the work of a team.");
    tracker.capabilities = vec![
        Capability::new("createIssue", "Opens a new issue"),
        Capability::new("list_sprints", "Shows sprints"),
    ];
    let mut mail = service("postbox", "Send and read mail.");
    mail.tags = vec!["email".to_owned(), "messages".to_owned()];
    let weather = service("weather", "Forecasts for any place, also as a map.");
    let maps = service("GeoMaps", "Maps, routes and places. Weather along the route.");
    vec![tracker, mail, weather, maps]
}

#[test]
fn finds_what_is_needed_by_what_a_service_says_of_itself() {
    let services = some_services();
    for (need, expected) in [
        ("open an issue in my tracker", &["trackly"][..]),
        ("creating issues", &["trackly"]),
        ("sprint", &["trackly"]),
        ("e-mail or email?", &["postbox"]),
        ("I want to send a message", &["postbox"]),
        ("weather", &["weather", "GeoMaps"]),
        ("geomaps", &["GeoMaps"]),
        ("GEO", &["GeoMaps"]),
        ("quantum chromodynamics", &[]),
    ] {
        assert_eq!(names(&services, need), expected, "{need}");
    }
}

#[test]
fn says_why_with_the_words_of_the_need() {
    let services = some_services();
    let scored = found(&services, "Create ISSUES for each sprint of the team").remove(0);
    let expected =
        [word("Create", "createIssue"), word("ISSUES", "createIssue"), word("sprint", "list_sprints")];
    assert_eq!(scored.reasons[..3], expected);
    assert_eq!(scored.reasons[3], word("team", "description"));
    let mail = found(&services, "messages").remove(0);
    assert_eq!(mail.reasons, [word("messages", "tags")]);
}

#[test]
fn gives_at_most_five_reasons_rarest_first_and_each_word_once() {
    let text = "alpha beta gamma delta epsilon zeta";
    let mut services = vec![service("all", text)];
    services.extend((0..20).map(|n| service(&format!("other-{n}"), "alpha things")));
    let scored = found(&services, "alpha beta gamma delta epsilon zeta zeta").remove(0);
    let words = scored.reasons.iter().map(|reason| serde_json::to_value(reason).unwrap()["word"].clone());
    assert_eq!(words.collect::<Vec<_>>(), ["beta", "gamma", "delta", "epsilon", "zeta"]);
}

#[test]
fn puts_a_name_above_a_tag_and_a_mention_in_passing() {
    let long = format!("calendar {}", "and many other things that nobody looks for ".repeat(3));
    let services = [
        service("passing", &long),
        service("calendar", "Dates."),
        service("diary", "A book with a calendar for whatever there is to be done."),
    ];
    assert_eq!(names(&services, "calendar"), ["calendar", "diary", "passing"]);
}

#[test]
fn puts_what_is_deprecated_below_its_like_and_no_further() {
    let mut old = service("a-old", "Converts files to pages");
    old.lifecycle = Lifecycle::Deprecated { message: None };
    let services = [old, service("b-new", "Converts files to pages"), service("c-other", "Counts pages")];
    let scored = found(&services, "convert files into pages");
    assert_eq!(names(&services, "convert files into pages"), ["b-new", "a-old", "c-other"]);
    assert_eq!(scored[0].words, scored[1].words);
    assert!(scored[1].score < scored[0].score);
}

#[test]
fn orders_what_fits_alike_by_name() {
    let services = [service("c", "same"), service("a", "same"), service("b", "same")];
    assert_eq!(names(&services, "same"), ["a", "b", "c"]);
}

#[test]
fn finds_a_name_of_nothing_but_stop_words() {
    let services = [service("the-who", "A band"), service("other", "The band who plays")];
    assert_eq!(names(&services, "the who"), ["the-who"]);
}

#[test]
fn finds_text_without_blanks_between_words() {
    let services = [service("bing", "使用必应搜索指定的关键词"), service("hotel", "酒店预订")];
    assert_eq!(names(&services, "搜索"), ["bing"]);
    assert_eq!(names(&services, "我要预订酒店"), ["hotel"]);
}

#[test]
fn gives_no_more_than_is_wanted() {
    let services: Vec<_> = (0..30).map(|n| service(&format!("s{n:02}"), "same")).collect();
    let index = Index::new(services).unwrap();
    let wanted = Query::new(Need::new("same").unwrap(), Limit::new(3).unwrap());
    let places: Vec<_> = index.search(&wanted).unwrap().iter().map(|scored| scored.place).collect();
    assert_eq!(places, [0, 1, 2]);
}

#[test]
fn searches_nothing_and_finds_nothing() {
    let empty = Index::new(Vec::new()).unwrap();
    assert!(empty.services().is_empty());
    assert!(empty.search(&query("anything")).unwrap().is_empty());
    assert!(search(&[], &query("anything")).unwrap().is_empty());
    let one = Index::new(vec![service("one", "thing")]).unwrap();
    let both = search(&[&empty, &one], &query("thing")).unwrap();
    assert_eq!((both[0].0, both[0].1.place), (1, 0));
    assert!(one.search(&query("?!")).unwrap().is_empty());
}

const WORDS: &[&str] = &[
    "mail",
    "send",
    "issue",
    "createIssue",
    "map",
    "route",
    "weather",
    "file",
    "list_files",
    "read",
    "the",
    "team",
    "calendar",
    "GitHub",
    "github",
    "搜索",
    "s3",
    "data",
    "base",
    "database",
];

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(WORDS), 0..12).prop_map(|words| words.join(" "))
}

fn services() -> impl Strategy<Value = Vec<Service>> {
    proptest::collection::vec((text(), text(), text(), any::<bool>()), 0..12).prop_map(|all| {
        let made = all.into_iter().enumerate().map(|(place, (description, name, tags, old))| {
            let mut service = service(&format!("s{place}"), &description);
            service.capabilities = vec![Capability::new(name, &description)];
            service.tags = vec![tags];
            if old {
                service.lifecycle = Lifecycle::Deprecated { message: None };
            }
            service
        });
        made.collect()
    })
}

/// The need has letters, so that it is one.
fn need() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("find {text}"))
}

proptest! {
    // Each case makes an index.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn scores_from_nothing_to_one_best_first(services in services(), need in need()) {
        let scored = found(&services, &need);
        prop_assert!(scored.is_sorted_by(|one, other| one.score >= other.score));
        for one in &scored {
            prop_assert!(one.score > 0.0 && one.score <= one.words && one.words <= 1.0);
            prop_assert!(!one.reasons.is_empty() && one.reasons.len() <= 5);
        }
    }

    #[test]
    fn scores_alike_however_the_services_are_split(services in services(), need in need(), at in 0_usize..12) {
        let whole = found(&services, &need);
        let (first, second) = services.split_at(at.min(services.len()));
        let parts = [Index::new(first.to_vec()).unwrap(), Index::new(second.to_vec()).unwrap()];
        let split = search(&[&parts[0], &parts[1]], &query(&need)).unwrap();
        let places: Vec<_> = split.iter().map(|(part, scored)| part * first.len() + scored.place).collect();
        prop_assert_eq!(places, whole.iter().map(|scored| scored.place).collect::<Vec<_>>());
        for (one, (_, other)) in whole.iter().zip(&split) {
            prop_assert!((one.score - other.score).abs() < 1e-6);
            prop_assert_eq!(&one.reasons, &other.reasons);
        }
    }

    #[test]
    fn keeps_an_order_that_is_clear_when_something_unrelated_comes(services in services(), need in need()) {
        let before = found(&services, &need);
        let mut more = services.clone();
        more.push(service("zzz", "unrelated"));
        let after = found(&more, &need);
        prop_assert_eq!(after.len(), before.len());
        let score = |place: usize| after.iter().find(|scored| scored.place == place).unwrap().score;
        for (place, one) in before.iter().enumerate() {
            // Rarity is counted among all services, so another one shifts scores a little.
            for other in before[place..].iter().filter(|other| one.score - other.score > 0.1) {
                prop_assert!(score(one.place) > score(other.place));
            }
        }
    }

    #[test]
    fn takes_any_text(need in "\\PC{1,80}", description in "\\PC{0,200}") {
        let services = [service("one", &description)];
        if let Ok(need) = Need::new(&need) {
            let all = Query::new(need, Limit::default());
            Index::new(services.to_vec()).unwrap().search(&all).unwrap();
        }
    }
}
