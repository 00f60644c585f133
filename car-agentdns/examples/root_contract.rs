//! Prints a document of the root's contract, as `docs/reference/agentdns` has it: give the name of its file.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

fn main() -> Result<(), String> {
    let mut documents = car_agentdns::root::schemas();
    documents.push(("openapi.json", car_agentdns::root::openapi()));
    let Some(wanted) = std::env::args().nth(1) else {
        documents.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(());
    };
    let found = documents.iter().find(|(name, _)| *name == wanted);
    let (_, document) = found.ok_or_else(|| format!("no document {wanted}"))?;
    println!("{document:#}");
    Ok(())
}
