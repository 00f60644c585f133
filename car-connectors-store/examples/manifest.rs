//! Adds a connector and a secret in a temporary state folder, and shows what is on disk afterwards.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use car_connectors_store::{Connector, EntryName, Home, ManifestStore, Secret, SecretMode, SecretStore};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let home = Home::resolve(Some(&folder.path().join("state")), |_name| None)?;

    let manifest = ManifestStore::new(&home);
    manifest.update(|manifest| {
        let mut connector = Connector::remote("docs", "Docs", "https://mcp.example.com/mcp");
        connector.secret_headers.push("Authorization".to_owned());
        connector.enabled_tools.push("search".to_owned());
        manifest.add(connector)
    })?;

    // `Auto` is what a program uses; the example leaves the user's keychain alone.
    let secrets = SecretStore::new(&home, SecretMode::File);
    let name = EntryName::header("docs", "Authorization");
    secrets.set(&name, &Secret::new("Bearer not-a-real-token"))?;

    println!("{}", manifest.read()?.to_json());
    println!("{name}: {:?}", secrets.get(&name)?);
    Ok(())
}
