//! Resources and templates.

use car_mcp::proto::resource::ResourceContents;
use car_mcp::server::{Failure, ServerBuilder, Variables, resource, template};

use super::content::PNG;

/// The resource that is updated now and then.
pub(super) const WATCHED: &str = "test://watched-resource";

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    builder
        .resource(
            resource("test://static-text", "static-text")
                .description("A text that stays as it is.")
                .mime_type("text/plain")
                .read(|_| async {
                    let text = "This is the content of the static text resource.";
                    Ok(vec![text_of("test://static-text", "text/plain", text)])
                }),
        )
        .resource(
            resource("test://static-binary", "static-binary")
                .description("An image that stays as it is.")
                .mime_type("image/png")
                .read(|_| async {
                    let mut contents = ResourceContents::new("test://static-binary");
                    contents.mime_type = Some("image/png".to_owned());
                    contents.blob = Some(PNG.to_owned());
                    Ok(vec![contents])
                }),
        )
        .resource(
            resource(WATCHED, "watched-resource")
                .description("Is updated now and then.")
                .mime_type("text/plain")
                .read(|_| async { Ok(vec![text_of(WATCHED, "text/plain", "Watched.")]) }),
        )
        .template(
            template("test://template/{id}/data", "template-data")
                .description("What there is about an id.")
                .mime_type("application/json")
                .read(|uri, variables, _| data(uri, variables)),
        )
}

async fn data(uri: String, variables: Variables) -> Result<Vec<ResourceContents>, Failure> {
    let id = variables.variable("id").ok_or_else(|| Failure::resource_not_found(&uri))?;
    let text = serde_json::json!({
        "id": id, "templateTest": true, "data": format!("Data for ID: {id}"),
    });
    Ok(vec![text_of(&uri, "application/json", &text.to_string())])
}

fn text_of(uri: &str, mime_type: &str, text: &str) -> ResourceContents {
    let mut contents = ResourceContents::new(uri);
    contents.mime_type = Some(mime_type.to_owned());
    contents.text = Some(text.to_owned());
    contents
}
