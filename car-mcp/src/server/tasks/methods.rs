//! `tasks/get`, `tasks/update` and `tasks/cancel`.

use car_mcp_proto::rpc::MISSING_CLIENT_CAPABILITY;
use car_mcp_proto::{Era, ErrorObject, RawJson};

use super::wire::{TaskParams, UpdateParams};
use super::{EXTENSION, End};
use crate::server::dispatch::no_such_method;
use crate::server::encode::{Kind, Outcome};
use crate::server::exchange::Answer;
use crate::server::failure::error;
use crate::server::inbound::{Request, RequestMeta};
use crate::server::principal::Caller;
use crate::server::questions::Answers;
use crate::server::service::Server;

/// Tells whether a client said, with this request, that it knows tasks.
pub(crate) fn knows_tasks(client: &RequestMeta) -> bool {
    let extensions = client.client_capabilities.extensions.as_ref();
    extensions.is_some_and(|extensions| extensions.member(EXTENSION).is_some())
}

/// Checks that a client said, with this request, that it knows tasks.
///
/// # Errors
/// Names the extension (-32021).
pub(crate) fn check_client(client: &RequestMeta) -> Result<(), ErrorObject> {
    if knows_tasks(client) { Ok(()) } else { Err(missing_extension()) }
}

/// Returns the error that names the extension (-32021).
pub(crate) fn missing_extension() -> ErrorObject {
    let text = format!("expected a client with the extension {EXTENSION}, found none");
    let mut error = error(MISSING_CLIENT_CAPABILITY, text);
    let required = serde_json::json!({ "requiredCapabilities": { "extensions": { EXTENSION: {} } } });
    error.data = RawJson::from_value(&required).ok();
    error
}

impl Server {
    /// Answers a request about a task.
    pub(crate) fn answer_task(
        &self,
        request: &Request,
        client: &RequestMeta,
        caller: &Caller,
    ) -> Result<Answer, ErrorObject> {
        let Some(tasks) = &self.inner.tasks else { return Err(no_such_method(request.method())) };
        check_client(client)?;
        let result = match request.method() {
            "tasks/get" => {
                let params: TaskParams = request.parse_params()?;
                tasks.find(&params.task_id, caller.id())?.snapshot()
            }
            "tasks/update" => {
                let params: UpdateParams = request.parse_params()?;
                let task = tasks.find(&params.task_id, caller.id())?;
                let fits = |asked: &_, answer: &_| Answers::default().read("", asked, answer).is_ok();
                task.update(&params.input_responses, fits);
                RawJson::empty_object()
            }
            "tasks/cancel" => {
                let params: TaskParams = request.parse_params()?;
                tasks.find(&params.task_id, caller.id())?.end(End::Cancelled);
                RawJson::empty_object()
            }
            method => return Err(no_such_method(method)),
        };
        let outcome = Outcome { kind: Kind::Complete, result: &result, meta: None, is_cacheable: false };
        Ok(self.inner.texts.answer(Era::Modern, request.id(), &outcome))
    }
}
