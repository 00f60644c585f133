//! A registry's entry is read or refused, and whatever is read can be shown, planned and filled in.

#![no_main]

use std::collections::{BTreeMap, HashSet};

use car_agentdns::registry::{Entry, Given, Recipe, Status};
use car_agentdns::{Provenance, SourceKind};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(entry) = Entry::from_json(text) else { return };
    let provenance = Provenance::new(SourceKind::Registry, "https://registry.example.com", 1, 300);
    let service = entry.service(&provenance, true);
    assert_eq!(service.is_none(), entry.status == Status::Deleted);
    for plan in entry.plans() {
        let _shown = (plan.shown(), plan.shown_values());
        let keys: HashSet<_> = plan.inputs.iter().map(|input| &input.key).collect();
        assert_eq!(keys.len(), plan.inputs.len(), "two inputs with one key");
        let given = plan.inputs.iter().map(|input| {
            let value = input.choices.first().or(input.default.as_ref()).map_or("1", String::as_str);
            (input.key.clone(), if input.is_secret { Given::Secret } else { Given::Plain(value) })
        });
        let recipe = plan.recipe(&given.collect::<BTreeMap<_, _>>());
        assert!(plan.obstacle.is_none() || recipe.is_err(), "what cannot be added has a recipe");
        assert!(entry.status != Status::Deleted || recipe.is_err(), "what was taken back can be added");
        match recipe {
            Ok(Recipe::Command { program, args, .. }) => {
                assert!(!program.is_empty() && !program.contains(['/', '\\', '\0']), "starts {program:?}");
                assert!(args.iter().all(|argument| !argument.contains('\0')), "{args:?}");
            }
            Ok(Recipe::Remote { url, .. }) => {
                let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
                assert!(matches!(scheme.as_deref(), Some("https" | "http")), "leads to {url:?}");
            }
            _ => {}
        }
    }
});
