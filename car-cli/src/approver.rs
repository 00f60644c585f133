//! A rule says `ask`: the person at the terminal is asked whether the call may be made.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use car_connectors::engine::{Approval, ApprovalQuestion, Approver};
use car_connectors::store::{Grant, GrantsFile, Home, visible};

use crate::output::{Screen, Wait};
use crate::sign_in::{Input, can_ask};

/// Asks at the terminal, unless the person agreed to such calls for good.
pub(crate) struct TerminalApprover {
    screen: Screen,
    grants: GrantsFile,
    input: Input,
    /// What is shown while the call takes its time, and makes room for the question.
    wait: Mutex<Option<Wait>>,
    /// What to do next where nobody could be asked.
    hint: Mutex<Option<String>>,
}

impl TerminalApprover {
    pub(crate) fn new(home: &Home, screen: Screen) -> Arc<Self> {
        let grants = GrantsFile::new(home);
        Arc::new(Self {
            screen,
            grants,
            input: Input::default(),
            wait: Mutex::default(),
            hint: Mutex::default(),
        })
    }

    /// Says what makes room for the question.
    pub(crate) fn instead_of(&self, wait: &Wait) {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = Some(wait.clone());
    }

    /// Returns what to do next, if a call was refused because nobody could be asked.
    pub(crate) fn hint(&self) -> Option<String> {
        self.hint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn answer(&self, question: ApprovalQuestion<'_>) -> Approval {
        let (caller, rule) = (question.request.caller, question.rule.name());
        let ApprovalQuestion { connector, tool, .. } = question;
        match self.grants.covers(caller, connector, tool, &rule) {
            Ok(true) => return Approval::Granted { note: "agreed to for good".to_owned() },
            Ok(false) => {}
            // Without them it is asked, which is never less safe.
            Err(error) => {
                self.screen.warning(&format!("what you agreed to for good cannot be read: {error}"))
            }
        }
        if self.screen.is_json() || !can_ask() {
            let hint = format!(
                "the rule {rule} wants a person: call it on a terminal, or through the daemon with its page open (`car ui`)"
            );
            *self.hint.lock().unwrap_or_else(PoisonError::into_inner) = Some(hint);
            return Approval::Refused { note: "nobody was at a terminal to be asked".to_owned() };
        }
        if let Some(wait) = &*self.wait.lock().unwrap_or_else(PoisonError::into_inner) {
            wait.hush();
        }
        self.screen.ask(&text(&question));
        let answer = self.input.line().await.unwrap_or_default();
        match answer.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" | "once" => Approval::Granted { note: "once, at the terminal".to_owned() },
            "a" | "always" => self.for_good(Grant::new(caller, connector, tool, &rule, now())),
            _ => Approval::Refused { note: "refused at the terminal".to_owned() },
        }
    }

    fn for_good(&self, grant: Grant) -> Approval {
        match self.grants.add(grant) {
            Ok(grant) => {
                Approval::Granted { note: format!("for good, at the terminal (grant {})", grant.id) }
            }
            Err(error) => {
                self.screen.warning(&format!("that you agree for good cannot be noted: {error}"));
                Approval::Granted { note: "once, at the terminal".to_owned() }
            }
        }
    }
}

impl Approver for TerminalApprover {
    fn approve<'a>(
        &'a self,
        question: ApprovalQuestion<'a>,
    ) -> Pin<Box<dyn Future<Output = Approval> + Send + 'a>> {
        Box::pin(self.answer(question))
    }
}

/// Says what is about to happen, whole: a person who agrees agrees to these very arguments.
fn text(question: &ApprovalQuestion<'_>) -> String {
    let raw = question.request.arguments.get();
    let arguments = serde_json::from_str::<serde_json::Value>(raw)
        .map_or_else(|_| raw.to_owned(), |arguments| format!("{arguments:#}"));
    let arguments: Vec<String> = arguments.lines().map(|line| format!("  {}", visible(line))).collect();
    let rule = question.rule.to_string();
    format!(
        "{} wants to call {}/{} with\n{}\nYou are asked by {}.\nCall it? [y]es, [a]lways, [N]o: ",
        question.request.caller,
        visible(question.connector),
        visible(question.tool),
        arguments.join("\n"),
        visible(&rule),
    )
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs())
}
