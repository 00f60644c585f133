//! Walks through the product against a server on loopback and a local one: what a person would type, and what they would
//! see.

use std::io::IsTerminal as _;
use std::path::Path;

use serde_json::json;

use crate::car::Car;
use crate::daemon::Daemon;
use crate::server::registry_entry;
use crate::shell::{Background, Failure, heading};
use crate::{page, place, server, setup};

/// The policy that stops both of the demo's connectors.
const POLICY: &str = "# Nothing of these connectors may be called.\ndeny_connector = [\"demo\", \"local\"]\n";
/// Exit statuses of `car`, from its reference.
const DONE: i32 = 0;
const FAILED: i32 = 1;
const DENIED: i32 = 4;

pub(crate) fn run(headless: bool) -> Result<(), Failure> {
    heading("building (the first time takes a few minutes)");
    let home = place::target().join("demo");
    let car = Car::build(&home)?;
    let (_server, url) = server::start("double-server")?;
    let local = server::build_local()?;
    println!("a small MCP server answers at {url}");

    heading("1. add a connector by its URL, and look at its tools");
    car.show(&["add", "demo", &url], DONE)?;
    car.show(&["tools", "demo"], DONE)?;

    heading("2. a tool that was not enabled cannot be called");
    car.show(&["call", "demo", "echo", "message=hello"], FAILED)?;

    heading("3. enable two tools, and call them");
    car.show(&["enable", "demo", "echo", "add"], DONE)?;
    expect(&car.show(&["call", "demo", "echo", "message=hello"], DONE)?.stdout, "hello")?;
    expect(&car.show(&["call", "demo", "add", r#"{"a": 19, "b": 23}"#], DONE)?.stdout, "42")?;

    heading(
        "4. a local server is added by the command that starts it; it runs only while a command needs it",
    );
    car.show(&["add", "local", "--", &local.display().to_string()], DONE)?;
    car.show(&["call", "local", "echo", "text=hello"], FAILED)?;
    car.show(&["enable", "local", "echo"], DONE)?;
    expect(&car.show(&["call", "local", "echo", "text=hello from here"], DONE)?.stdout, "hello from here")?;

    let (_registry, car) = find_by_need(car, &url)?;
    let car = share_with_a_team(car, &local)?;

    heading("7. a policy stops a call before it leaves, and before a local server is started");
    std::fs::write(car.home().join("policy.toml"), POLICY)?;
    println!("$ cat {}\n{POLICY}", shown(&car));
    car.show(&["call", "demo", "echo", "message=hello"], DENIED)?;
    car.show(&["call", "local", "echo", "text=hello"], DENIED)?;
    std::fs::remove_file(car.home().join("policy.toml"))?;

    heading("8. all of it is in the event log, and nobody has changed the log");
    let events = car.show(&["events"], DONE)?;
    for word in ["echo", "add", "local", "found", "team"] {
        expect(&events.stdout, word)?;
    }
    car.show(&["events", "verify"], DONE)?;
    show_page(&car, headless)?;
    go_on();
    Ok(())
}

/// The same connectors, in a browser. It stays until somebody presses Enter, unless nobody is there.
fn show_page(car: &Car, headless: bool) -> Result<(), Failure> {
    heading("9. all of it in a browser, and for other MCP clients: the daemon and its page");
    let daemon = Daemon::start(car)?;
    println!("MCP clients connect to {}/mcp with a token of their own (car token add)", daemon.url());
    println!("the page is at {}", daemon.url());
    if !headless && std::io::stdin().is_terminal() {
        car.show(&["ui"], DONE)?;
        println!("Press Enter to end the demo.");
        std::io::stdin().read_line(&mut String::new())?;
        return Ok(());
    }
    match setup::system::missing_for_page().or_else(setup::node::missing) {
        Some(missing) => println!("({missing}; the page is not looked at)"),
        None => page::glance(&daemon.page(car)?)?,
    }
    Ok(())
}

/// A registry lists what others publish; what it would do is shown before it is added.
fn find_by_need(car: Car, url: &str) -> Result<(Background, Car), Failure> {
    heading("5. find a service by what you need, and add it by its name; what it would do is shown first");
    let file = car.home().join("registry.json");
    let listed = [
        ("com.example/parrot", "Says again what it is told, word for word", url),
        ("com.example/mail", "Sends and searches mail", "https://example.com/mail"),
        ("com.example/issues", "Opens and closes issues in a tracker", "https://example.com/issues"),
    ];
    let entries = listed.map(|(name, description, url)| {
        let remotes = json!([{ "type": "streamable-http", "url": url }]);
        registry_entry(&json!({
            "name": name, "description": description, "version": "1.0.0", "remotes": remotes,
        }))
    });
    std::fs::write(&file, json!(entries).to_string())?;
    let (registry, url) = server::start_with("registry-server", &["--entries", &file.display().to_string()])?;
    // A registry may want a token, so secrets are looked at; a keychain may be missing here.
    let car = car.with("CAR_MCP_REGISTRY", url).with("CAR_SECRETS", "file");
    expect(&car.show(&["find", "something that repeats my words"], DONE)?.stdout, "com.example/parrot")?;
    // At a terminal it asks; nobody is there to be asked now.
    car.show(&["add", "com.example/parrot", "found", "--yes"], DONE)?;
    car.show(&["enable", "found", "echo"], DONE)?;
    expect(&car.show(&["call", "found", "echo", "message=hello found"], DONE)?.stdout, "hello found")?;
    Ok((registry, car))
}

/// A repository brings connectors with it; whoever opens it is asked first.
fn share_with_a_team(car: Car, local: &Path) -> Result<Car, Failure> {
    heading("6. a team shares connectors in its repository; nothing of that is used before you agree");
    let team = place::target().join("demo-team");
    let file = team.join(".car/connectors.toml");
    std::fs::create_dir_all(team.join(".car"))?;
    let text = format!(
        "# What we all use.\n[[connector]]\nname = \"team\"\ncommand = {:?}\nenabled_tools = [\"echo\"]\n",
        local.display().to_string()
    );
    std::fs::write(&file, &text)?;
    println!("$ cat .car/connectors.toml\n{text}");
    let car = car.inside(&team);
    expect(&car.show(&["list"], DONE)?.stdout, "untrusted")?;
    car.show(&["call", "team", "echo", "text=hello"], FAILED)?;
    car.show(&["trust", "--yes"], DONE)?;
    expect(&car.show(&["call", "team", "echo", "text=hello team"], DONE)?.stdout, "hello team")?;
    Ok(car)
}

fn expect(text: &str, wanted: &str) -> Result<(), Failure> {
    if text.contains(wanted) { Ok(()) } else { Err(format!("expected to see \"{wanted}\" above").into()) }
}

fn shown(car: &Car) -> String {
    let policy = car.home().join("policy.toml");
    policy.strip_prefix(place::root()).unwrap_or(&policy).display().to_string()
}

fn go_on() {
    heading("go on");
    println!("cargo install --path car-cli        install `car`");
    println!("car find NEED                       find a service by what you need");
    println!("car add NAME URL                    add a server of your own");
    println!("car add NAME -- COMMAND             add a local one");
    println!("car --help                          all commands");
    println!("car serve, then car ui              manage it all in a browser");
    println!("cargo xtask ci                      run every check");
}
