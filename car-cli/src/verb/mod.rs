//! The verbs, one file each, in the order in which a person meets them.

pub(crate) mod add;
pub(crate) mod approve;
mod changed;
pub(crate) mod find;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logs;
pub(crate) mod status;
pub(crate) mod tools;
pub(crate) mod trust;

pub(crate) mod disable;
pub(crate) mod enable;
mod selection;

pub(crate) mod call;

pub(crate) mod refresh;
pub(crate) mod remove;
pub(crate) mod renew_tokens;
pub(crate) mod serve;
pub(crate) mod supervise;
pub(crate) mod token;
pub(crate) mod ui;

pub(crate) mod events;
pub(crate) mod policy;
pub(crate) mod sources;

pub(crate) mod completions;
pub(crate) mod doctor;
