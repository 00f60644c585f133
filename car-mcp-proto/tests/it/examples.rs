//! The specification's own examples of 2026-07-28, where a checkout of it is on this machine.

use std::fs;

use car_mcp_proto::version::ProtocolVersion;
use serde_json::Value;

use crate::messages::check;
use crate::schema::{Schema, specification};

#[test]
fn every_example_of_the_specification_reads_back() {
    let Some(root) = specification() else {
        eprintln!("not checked: MCP_SPECIFICATION names no checkout of the specification");
        return;
    };
    let mut schema = Schema::load(ProtocolVersion::V2026_07_28);
    let mut wrong = Vec::new();
    let mut count = 0;
    for folder in fs::read_dir(root.join("schema/2026-07-28/examples")).unwrap() {
        let folder = folder.unwrap();
        let definition = folder.file_name().into_string().unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            let message: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            count += 1;
            if let Err(reason) = check(&definition, &message, schema.as_mut()) {
                wrong.push(format!("{}: {reason}", path.display()));
            }
        }
    }
    assert!(count > 100, "expected more than 100 examples, found {count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
