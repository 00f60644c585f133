//! Prints the reference of the methods: as JSON, or with `markdown` as text for people. `docs/reference/` has both.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("markdown") => print!("{}", car_server::reference::websocket_markdown()),
        _ => println!("{:#}", car_server::reference::websocket()),
    }
}
