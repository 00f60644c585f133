//! The JSON Schemas of the specification's revisions, which the conformance package carries inside its program.

use super::node;
use super::stamp::Stamp;
use super::versions::NPM;
use crate::place;
use crate::shell::{Failure, run};

pub(super) fn extract() -> Result<(), Failure> {
    let folder = place::target().join("spec");
    let script = place::root().join("xtask/node/extract-schemas.mjs");
    let source = std::fs::read_to_string(&script)?;
    let mut wanted = NPM.to_vec();
    wanted.push(&source);
    let stamp = Stamp::new(&folder, &wanted);
    if stamp.is_fresh() {
        println!("schemas are there");
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    let bundle = node::folder().join("node_modules/@modelcontextprotocol/conformance/dist/index.js");
    run(node::command()?.arg(&script).arg(bundle).arg(&folder))?;
    stamp.set()
}
