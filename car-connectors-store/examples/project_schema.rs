//! Prints the JSON Schema of a project's file, as `docs/reference/connectors.schema.json` has it.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

fn main() {
    println!("{:#}", car_connectors_store::project_schema());
}
