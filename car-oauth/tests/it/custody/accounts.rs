//! Two accounts at one server, and one that becomes another.

use std::sync::Arc;

use car_oauth::Error;
use car_oauth::driver::{Authorizer, Settings};
use car_oauth::scope::Scopes;
use car_testkit::authority::{Account, Endpoint};
use serde_json::Value;

use crate::custody::support::{Person, World, assert_let_in};
use crate::custody::vaults::TestVault;

/// Settings with which the authorization server tells who signs in.
fn settings(world: &World) -> Settings {
    let mut settings = world.settings();
    settings.scopes = Some(Scopes::parse("openid"));
    settings
}

fn program(world: &World, vault: &TestVault) -> Authorizer {
    world.over(settings(world), Arc::new(vault.clone())).build().unwrap()
}

fn grace() -> Account {
    Account::new("user-2", "grace@example.com", "Grace Hopper")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_at_one_server_do_not_mix() {
    let world = World::start().await;
    let vaults = [TestVault::default(), TestVault::default()];
    let mut programs = Vec::new();
    for (vault, account) in vaults.iter().zip([Account::default(), grace()]) {
        world.authority.set(|config| config.account = account);
        let program = program(&world, vault);
        program.sign_in(&Person::default()).await.unwrap();
        programs.push(program);
    }
    for round in 0..3 {
        for (number, vault) in vaults.iter().enumerate() {
            // The second time as programs that have just been started.
            let program = if round == 1 { program(&world, vault) } else { programs[number].clone() };
            assert_let_in(&world.ask(&program).await);
            let token = vault.access_token().await.unwrap();
            let seen = world.server.ledger().seen();
            assert_eq!(seen.last().unwrap().authorization(), Some(format!("Bearer {token}").as_str()));
            let subject = world.authority.introspect(&token).unwrap().subject.unwrap();
            assert_eq!(subject, format!("user-{}", number + 1));
            let identity = program.account().await.unwrap().identity.unwrap();
            assert_eq!(identity.subject, subject);
        }
        world.expire();
    }
    assert_eq!(world.refreshes().len(), 4);
    // One signs out; the other does not notice.
    programs[0].sign_out().await.unwrap();
    assert!(world.ask(&programs[0]).await.is_err());
    assert_let_in(&world.ask(&programs[1]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_than_before_is_asked_about_and_refused_without_an_answer() {
    let world = World::start().await;
    let program = program(&world, &world.vault);
    program.sign_in(&Person::default()).await.unwrap();
    assert_let_in(&world.ask(&program).await);
    let kept = world.vault.text().await;
    world.authority.set(|config| config.account = grace());
    let outcome = program.sign_in(&Person::default()).await;
    let Err(Error::IdentityChanged { expected, found }) = outcome else { panic!("{outcome:?}") };
    assert!(
        expected.contains("ada@example.com") && found.contains("grace@example.com"),
        "{expected}, {found}"
    );
    assert_eq!(world.vault.text().await, kept, "nothing is changed");
    assert_let_in(&world.ask(&program).await);
    assert!(world.authority.count(Endpoint::Revoke) > 0, "what nobody wants is given back");

    let before = program.account_generation();
    program.sign_in(&Person { takes_other_account: true }).await.unwrap();
    assert_ne!(program.account_generation(), before, "what was cached is another's");
    assert_eq!(program.account().await.unwrap().identity.unwrap().subject, "user-2");
    assert_let_in(&world.ask(&program).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_noticed_after_a_sign_out_and_after_the_sign_in_has_ended() {
    let world = World::start().await;
    let program = program(&world, &world.vault);
    for ends in ["signed out", "revoked"] {
        world.authority.set(|config| config.account = Account::default());
        program.sign_in(&Person::default()).await.unwrap();
        if ends == "revoked" {
            world.expire();
            world.authority.revoke_everything();
            assert!(world.ask(&program).await.is_err());
        } else {
            program.sign_out().await.unwrap();
        }
        assert_eq!(world.vault.record().await["grant"], Value::Null);
        world.authority.set(|config| config.account = grace());
        let outcome = program.sign_in(&Person::default()).await;
        assert!(matches!(outcome, Err(Error::IdentityChanged { .. })), "{ends}: {outcome:?}");
    }
}
