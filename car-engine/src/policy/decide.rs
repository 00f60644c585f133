//! The decision: deny before ask before allow.

use serde_json::Value;

use super::rule::{Matcher, Rule, RuleKind, RuleRef};

/// The rules of one policy. Without any, every enabled tool may be called.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    pub(super) deny: Vec<Rule>,
    pub(super) ask: Vec<Rule>,
    pub(super) allow_tool: Option<AllowList>,
    pub(super) allow_connector: Option<AllowList>,
    pub(super) broken: Option<RuleRef>,
}

/// A list outside of which nothing may be called.
#[derive(Clone, Debug)]
pub(super) struct AllowList {
    pub(super) rules: Vec<Rule>,
    /// The list itself, named when nothing in it matches.
    pub(super) reference: RuleRef,
}

/// What a decision is about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PolicyRequest<'a> {
    /// The tool's canonical name.
    pub canonical: &'a str,
    /// The connector's slug.
    pub connector: &'a str,
    /// The server's own name for the tool, or for what else is asked for.
    pub tool: &'a str,
    /// The method of the protocol, where it is not a tool's call. Rules about single tools do not apply then.
    pub method: Option<&'a str>,
    /// The arguments, where they are known.
    pub arguments: Option<&'a Value>,
    /// Who asks, where that is known.
    pub caller: Option<&'a str>,
}

impl<'a> PolicyRequest<'a> {
    /// Asks about a call; arguments can be added.
    #[must_use]
    pub fn new(canonical: &'a str, connector: &'a str, tool: &'a str) -> Self {
        Self { canonical, connector, tool, method: None, arguments: None, caller: None }
    }

    /// Asks about something other than a tool: a prompt, a resource, a completion.
    #[must_use]
    pub fn access(connector: &'a str, method: &'a str, subject: &'a str) -> Self {
        Self { method: Some(method), ..Self::new("", connector, subject) }
    }

    /// Adds who asks.
    #[must_use]
    pub const fn with_caller(mut self, caller: &'a str) -> Self {
        self.caller = Some(caller);
        self
    }

    /// Adds the arguments.
    #[must_use]
    pub fn with_arguments(mut self, arguments: &'a Value) -> Self {
        self.arguments = Some(arguments);
        self
    }
}

/// What a policy says to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The call may be made.
    Allow {
        /// The entry of an allow list that lets it through, if there is such a list.
        rule: Option<RuleRef>,
    },
    /// A person must agree.
    Ask {
        /// The rule that says so.
        rule: RuleRef,
    },
    /// The call must not be made.
    Deny {
        /// The rule that says so.
        rule: RuleRef,
    },
}

impl Verdict {
    /// Returns the verdict as one word: `allow`, `ask` or `deny`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Ask { .. } => "ask",
            Self::Deny { .. } => "deny",
        }
    }

    /// Returns the rule that decided, if one did.
    #[must_use]
    pub fn rule(&self) -> Option<&RuleRef> {
        match self {
            Self::Allow { rule } => rule.as_ref(),
            Self::Ask { rule } | Self::Deny { rule } => Some(rule),
        }
    }
}

impl Policy {
    /// Says what is wrong with the policy, if it denies everything because it cannot be used.
    #[must_use]
    pub fn problem(&self) -> Option<&RuleRef> {
        self.broken.as_ref()
    }

    /// Decides about a call. It looks at nothing but the request, and changes nothing.
    ///
    /// A rule about certain callers applies where it is known who asks, and is passed over where it is not.
    #[must_use]
    pub fn decide(&self, request: &PolicyRequest<'_>) -> Verdict {
        let first = |rules: &[Rule]| {
            rules.iter().find(|rule| rule.matches(request)).map(|rule| rule.reference.clone())
        };
        if let Some(rule) = self.broken.clone().or_else(|| first(&self.deny)) {
            return Verdict::Deny { rule };
        }
        let mut allowed_by = None;
        for list in self.allow_lists(request) {
            match first(&list.rules) {
                Some(rule) => allowed_by = Some(rule),
                None => return Verdict::Deny { rule: list.reference.clone() },
            }
        }
        match first(&self.ask) {
            Some(rule) => Verdict::Ask { rule },
            None => Verdict::Allow { rule: allowed_by },
        }
    }

    /// Lists every rule, in the order in which they are looked at. An allow list is followed by its entries.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleRef> {
        let references =
            |rules: &[Rule]| -> Vec<RuleRef> { rules.iter().map(|rule| rule.reference.clone()).collect() };
        let mut all: Vec<RuleRef> = self.broken.iter().cloned().collect();
        all.extend(references(&self.deny));
        for list in [&self.allow_connector, &self.allow_tool].into_iter().flatten() {
            all.push(list.reference.clone());
            all.extend(references(&list.rules));
        }
        all.extend(references(&self.ask));
        all
    }

    /// Returns the lists that a request has to be in. What is not a tool need not be in the one of tools.
    fn allow_lists(&self, request: &PolicyRequest<'_>) -> impl Iterator<Item = &AllowList> {
        let of_tools = self.allow_tool.as_ref().filter(|_| request.method.is_none());
        self.allow_connector.iter().chain(of_tools)
    }

    /// Lists every rule that is about a tool, whatever the arguments, in the order in which they are looked at. Where it
    /// is not said who asks, that is everybody's.
    #[must_use]
    pub fn explain(&self, request: &PolicyRequest<'_>) -> Vec<RuleRef> {
        let request = PolicyRequest { arguments: None, ..*request };
        let mut rules: Vec<RuleRef> = self.broken.iter().cloned().collect();
        let about = |rules: &[Rule]| -> Vec<RuleRef> {
            let concerns =
                |rule: &&Rule| rule.is_about(&request) && (request.caller.is_none() || rule.is_for(&request));
            rules.iter().filter(concerns).map(|rule| rule.reference.clone()).collect()
        };
        rules.extend(about(&self.deny));
        for list in self.allow_lists(&request) {
            let entries = about(&list.rules);
            rules.extend(if entries.is_empty() { vec![list.reference.clone()] } else { entries });
        }
        rules.extend(about(&self.ask));
        rules
    }
}

impl Rule {
    fn matches(&self, request: &PolicyRequest<'_>) -> bool {
        self.is_for(request)
            && self.is_about(request)
            && match &self.matcher {
                Matcher::Parameter { parameter, .. } => {
                    request.arguments.is_some_and(|arguments| parameter.matches(arguments))
                }
                Matcher::Tool(_) | Matcher::Connector(_) => true,
            }
    }

    fn is_for(&self, request: &PolicyRequest<'_>) -> bool {
        self.caller
            .as_ref()
            .is_none_or(|pattern| request.caller.is_some_and(|caller| pattern.matches(caller)))
    }

    fn is_about(&self, request: &PolicyRequest<'_>) -> bool {
        match (&self.matcher, request.method) {
            (Matcher::Connector(connector), _) => connector.matches(request.connector),
            (Matcher::Tool(tool) | Matcher::Parameter { tool, .. }, None) => {
                tool.matches(request.canonical, request.connector, request.tool)
            }
            // Whoever wants to be asked about all that a connector does is asked about its prompts and resources too.
            (Matcher::Tool(tool), Some(_)) => {
                self.reference.kind == RuleKind::Ask && tool.is_all_of(request.connector)
            }
            (Matcher::Parameter { .. }, Some(_)) => false,
        }
    }
}
