//! Everything that is offered, as one server without a wire.

use std::time::Duration;

use car_mcp::proto::cache::CacheScope;
use car_mcp::proto::capability::Implementation;
use car_mcp::server::{DefinitionError, Server, ServerBuilder, TasksOptions};

use super::options::Options;
use super::{changes, classics, content, jobs, prompts, questions, resources, rounds, speaking};

/// Clients may keep lists for as long as a person would wait for a new tool to show up.
const FRESH: Duration = Duration::from_secs(60);

/// How often clients of tasks ask: the suite waits for tasks of a second or two.
const POLL: Duration = Duration::from_millis(200);

/// Returns the server, which can be served over any wire.
///
/// # Errors
/// Says which definition cannot be served; that is a mistake in this crate.
pub fn server(options: &Options) -> Result<Server, DefinitionError> {
    let mut info = Implementation::new("everything-server");
    env!("CARGO_PKG_VERSION").clone_into(&mut info.version);
    info.title = Some("Everything".to_owned());
    let mut tasks = TasksOptions::default();
    tasks.poll_interval = POLL;
    let mut builder = Server::builder(info)
        .instructions("Has one of everything. `echo` gives back what it is told.")
        .versions(options.versions())
        .cache(FRESH, CacheScope::PUBLIC)
        .logging()
        .tasks(tasks);
    if let Some(entries) = options.page_size {
        builder = builder.page_size(entries);
    }
    let themes: [fn(ServerBuilder) -> ServerBuilder; 9] = [
        classics::add,
        content::add,
        speaking::add,
        questions::add,
        rounds::add,
        changes::add,
        jobs::add,
        prompts::add,
        resources::add,
    ];
    themes.into_iter().fold(builder, |builder, add| add(builder)).build()
}
