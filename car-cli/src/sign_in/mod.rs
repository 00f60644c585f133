//! A person at a terminal signs in.

mod agent;
mod device;
mod input;
mod renewer;

pub(crate) use agent::{Terminal, can_ask, open_page};
pub(crate) use device::DeviceScreen;
pub(crate) use input::{Input, one_line};
pub(crate) use renewer::ProcessRenewer;
