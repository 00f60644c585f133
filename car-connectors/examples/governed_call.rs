//! Adds a server, enables one of its tools and calls it: `governed_call STATE_FOLDER URL TOOL JSON`.

#![expect(clippy::print_stdout, reason = "an example shows what it got")]

use car_connectors::store::Home;
use car_connectors::{CallOptions, ConnectorManager, ManagerOptions, NewConnector, ToolSelection};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, url, tool, json] = arguments.as_slice() else {
        return Err("expected STATE_FOLDER URL TOOL JSON".into());
    };
    let home = Home::resolve(Some(folder.as_ref()), |_| None)?;
    let manager = ConnectorManager::load(ManagerOptions::new(home)).await?;
    let slug = manager.add(NewConnector::remote("Example", url)).await?.slug;
    manager.enable_tools(&slug, &ToolSelection::Named(vec![tool.clone()])).await?;
    let json = RawValue::from_string(json.clone())?;
    let outcome = manager.call_tool(&slug, tool, &json, &CallOptions::new()).await?;
    println!("{}", outcome.raw);
    Ok(())
}
