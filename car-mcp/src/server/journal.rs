//! The questions of one modern request, over all its rounds.
//!
//! ```text
//!  requestState ──▶ answers of earlier rounds ─┐
//!  inputResponses ▶ answers of this round ─────┴─▶ Journal::ask ─▶ all there: go on
//!                                                              └─▶ some open: input_required + the state for the next round
//! ```

use std::collections::HashMap;
use std::time::SystemTime;

use car_mcp_proto::mrtr::{InputRequest, InputRequired};
use car_mcp_proto::{ErrorObject, Members, RawJson};
use ring::digest::{SHA256, digest};

use super::failure::{Failure, Reason};
use super::inbound::{Request, invalid};
use super::questions::Answers;
use super::state::{Binding, Recorded, Sealer};

/// What is known of a modern request's questions.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// Answers that have been taken, in this round or an earlier one.
    recorded: Vec<Recorded>,
    /// Answers that came with this request; those that nobody asked for are never looked at.
    fresh: Members,
    /// Questions of this round.
    asked: HashMap<String, u64>,
    /// What an earlier round kept.
    pub(crate) state: Option<RawJson>,
    /// What this round keeps.
    pub(crate) kept: Option<RawJson>,
}

impl Journal {
    /// Reads what a request brings along from earlier rounds.
    ///
    /// # Errors
    /// Says that it cannot be used (-32602).
    pub(crate) fn open(
        sealer: &Sealer,
        request: &Request,
        principal: Option<&str>,
        now: impl FnOnce() -> SystemTime,
    ) -> Result<Self, ErrorObject> {
        let mut journal = Self::default();
        if let Some(state) = request.part(request.parts().request_state) {
            let text: String = state.parse().map_err(|_| {
                invalid("expected a string as `requestState`, found something else".to_owned())
            })?;
            let sealed = sealer.open(&Binding::of(request, principal), &text, now())?;
            journal.recorded = sealed.journal;
            journal.state = sealed.state;
        }
        if let Some(responses) = request.part(request.parts().input_responses) {
            journal.fresh = responses.parse().map_err(|_| {
                invalid("expected an object as `inputResponses`, found something else".to_owned())
            })?;
        }
        Ok(journal)
    }

    /// Returns the answers, if all are there, or `None` for the questions that are to be put.
    ///
    /// # Errors
    /// Says that a key stands for two different questions.
    pub(crate) fn ask(&mut self, questions: &[(String, InputRequest)]) -> Result<Option<Answers>, Failure> {
        let mut answers = Answers::default();
        let mut is_complete = true;
        for (key, question) in questions {
            let mark = mark(question);
            let before = self.asked.insert(key.clone(), mark);
            let recorded = self.recorded.iter().find(|recorded| recorded.key == *key);
            if before
                .or_else(|| recorded.map(|recorded| recorded.question))
                .is_some_and(|before| before != mark)
            {
                return Err(Failure::internal(format!(
                    "the key {key:?} was used for two different questions"
                )));
            }
            let fresh = || self.fresh.member(key).filter(|answer| answer.is_object());
            let given = recorded.map(|recorded| &recorded.answer).or_else(fresh);
            let Some(given) = given.filter(|given| answers.read(key, question, given).is_ok()).cloned()
            else {
                is_complete = false;
                continue;
            };
            if recorded.is_none() {
                self.recorded.push(Recorded { key: key.clone(), question: mark, answer: given });
            }
        }
        Ok(is_complete.then_some(answers))
    }

    /// Forgets what was asked and answered: what comes now is asked anew, also under a key that was there before.
    pub(crate) fn forget(&mut self) {
        self.recorded.clear();
        self.asked.clear();
        self.fresh = Members::new();
    }

    /// Returns the answers that there are already.
    pub(crate) fn answers_to(&self, questions: &[(String, InputRequest)]) -> Vec<(String, RawJson)> {
        let is_asked = |recorded: &&Recorded| questions.iter().any(|(key, _)| *key == recorded.key);
        let answers = self.recorded.iter().filter(is_asked);
        answers.map(|recorded| (recorded.key.clone(), recorded.answer.clone())).collect()
    }

    /// Returns the round that puts the questions which are still open.
    pub(crate) fn round(
        &self,
        questions: Vec<(String, InputRequest)>,
        sealer: &Sealer,
        binding: &Binding,
        now: SystemTime,
    ) -> Result<Failure, Failure> {
        let is_open = |key: &str| !self.recorded.iter().any(|recorded| recorded.key == key);
        let mut round = InputRequired::new();
        round.input_requests = Some(questions.into_iter().filter(|(key, _)| is_open(key)).collect());
        let state = self.kept.as_ref().or(self.state.as_ref());
        if state.is_some() || !self.recorded.is_empty() {
            let sealed = sealer.seal(binding, self.recorded.clone(), state.cloned(), now);
            round.request_state = Some(sealed.map_err(|error| Failure::internal(error.to_string()))?);
        }
        Ok(Failure(Reason::InputRequired(Box::new(round))))
    }
}

/// Returns the beginning of a question's digest.
fn mark(question: &InputRequest) -> u64 {
    let text = serde_json::to_vec(question).expect("a question is JSON");
    let digest = digest(&SHA256, &text);
    let (first, _) = digest.as_ref().split_first_chunk().expect("a digest has 32 bytes");
    u64::from_be_bytes(*first)
}
