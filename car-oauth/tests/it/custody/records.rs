//! A record that cannot be read is left as it is, whatever is done.

use car_oauth::Error;

use crate::custody::support::{Person, World, assert_let_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_a_newer_release_or_a_damaged_one_is_never_overwritten() {
    let world = World::start().await;
    let good = {
        world.signed_in().await;
        world.vault.text().await.unwrap()
    };
    let newer = good.replacen("\"version\":1", "\"version\":2", 1);
    assert_ne!(newer, good);
    let texts = [newer.as_str(), &good[..good.len() / 2], "", "null", "[]", "{\"version\":\"1\"}"];
    let before = (world.visits(), world.server.ledger().requests());
    for text in texts {
        world.vault.put(text).await;
        let program = world.program();
        let outcomes = [
            ("ask", world.ask(&program).await.map(drop)),
            ("sign_in", program.sign_in(&Person::default()).await.map(drop)),
            ("sign_out", program.sign_out().await.map(drop)),
            ("renew_due", program.renew_due(None).await),
            ("account", program.account().await.map(drop)),
            ("begin", program.begin("https://front.example/callback").await.map(drop)),
        ];
        for (what, outcome) in outcomes {
            let error = outcome.unwrap_err();
            assert!(matches!(error, Error::Vault { action: "read", .. }), "{what} {text:?}: {error:?}");
            let told = format!("{error:?} {}", std::error::Error::source(&error).unwrap());
            assert!(!told.contains("access-") && !told.contains("refresh-"), "{told}");
        }
        assert_eq!(world.vault.text().await.as_deref(), Some(text));
    }
    assert_eq!(world.visits(), before.0, "nobody was sent to sign in for nothing");
    world.vault.put(&good).await;
    assert_let_in(&world.ask(&world.program()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_runs_leaves_a_newer_record_too() {
    let world = World::start().await;
    let program = world.signed_in().await;
    assert_let_in(&world.ask(&program).await);
    let newer = world.vault.text().await.unwrap().replacen("\"version\":1", "\"version\":2", 1);
    world.vault.put(&newer).await;
    assert_let_in(&world.ask(&program).await);
    world.expire();
    assert!(matches!(world.ask(&program).await, Err(Error::Vault { action: "read", .. })));
    assert_eq!(world.vault.text().await.unwrap(), newer);
    assert_eq!(world.refreshes().len(), 0, "nothing was spent that cannot be replaced");
}
