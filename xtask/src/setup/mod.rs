//! Fetches what the checks need, into `target/` only. A second run finds everything there and is done at once.

pub(crate) mod node;
pub(crate) mod python;
mod schemas;
mod stamp;
pub(crate) mod system;
pub(crate) mod uv;
pub(crate) mod versions;

use crate::shell::{Failure, heading};

pub(crate) fn run(system: bool) -> Result<(), Failure> {
    if system {
        heading("system packages");
        system::install()?;
    }
    heading("tools in target/tools, schemas in target/spec");
    node::install()?;
    python::install()?;
    uv::install()?;
    schemas::extract()
}
