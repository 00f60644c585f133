//! The hostile servers: each does what its name says, and nothing before its stage.

use car_testkit::hostile::{Hostile, Mode, Stage};
use serde_json::json;

use crate::wire::modern;

#[test]
fn every_mode_is_found_by_its_name() {
    for mode in Mode::ALL {
        assert_eq!(mode.name().parse::<Mode>().as_ref(), Ok(mode));
    }
}

#[tokio::test]
async fn behaves_well_before_its_stage() {
    let server = Hostile::start_at(Mode::ServerError, Stage::Call, 0).await.unwrap();
    assert_eq!(modern(&server.url(), "server/discover", json!({})).await.status, 200);
    assert_eq!(modern(&server.url(), "tools/list", json!({})).await.status, 200);
    assert_eq!(modern(&server.url(), "tools/call", json!({ "name": "echo" })).await.status, 500);
}

#[tokio::test]
async fn cuts_a_body() {
    let server = Hostile::start(Mode::CutBody).await.unwrap();
    let got = modern(&server.url(), "server/discover", json!({})).await;
    let announced: usize = got.header("content-length").unwrap().parse().unwrap();
    assert!(got.body.len() < announced);
}

#[tokio::test]
async fn redirects_to_an_origin_that_would_answer() {
    let server = Hostile::start(Mode::RedirectElsewhere).await.unwrap();
    let got = modern(&server.url(), "server/discover", json!({})).await;
    assert_eq!((got.status, got.header("location")), (307, Some(server.elsewhere_url().as_str())));
    assert_eq!(server.elsewhere().requests(), 0);
    assert_eq!(modern(&server.elsewhere_url(), "server/discover", json!({})).await.status, 200);
}

#[tokio::test]
async fn nests_deeper_than_any_parser_goes() {
    let server = Hostile::start(Mode::DeepJson).await.unwrap();
    let got = modern(&server.url(), "server/discover", json!({})).await;
    assert!(serde_json::from_str::<serde_json::Value>(&got.body).is_err());
}
