//! Which calls are allowed: rules from `policy.toml`, each verdict with its rule and where it stands.

mod decide;
mod edit;
mod file;
mod parse;
mod pattern;
mod place;
mod replace;
mod rule;

#[cfg(test)]
mod tests;

pub use decide::{Policy, PolicyRequest, Verdict};
pub use edit::NewRule;
pub use file::PolicyFile;
pub use rule::{RuleKind, RuleLocation, RuleRef};
