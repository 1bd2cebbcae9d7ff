//! Prints arguments for every operation, in both sizes, and the request that must be made of them, as JSON: what a
//! client in another language is held against.
//!
//! `cargo run -q -p auth0-api-description --example samples > samples.json`

use auth0_api_description::Description;
use auth0_api_description::sample::Size;
use serde_json::json;

fn main() -> Result<(), String> {
    let description = Description::embedded()?;
    let mut samples = Vec::new();
    for operation in description.operations() {
        for (name, size) in [("least", Size::Least), ("full", Size::Full)] {
            let request = description.sample_request(operation, size);
            let mut sample = json!({
                "operation": operation.id,
                "size": name,
                "path": request.path,
                "query": request.query,
                "expect": {
                    "method": operation.method.as_str(),
                    "path": format!("/api/v2{}", request.url_path(operation)),
                    "query": request.sent_query(operation),
                    "customDomain": operation.custom_domain,
                    "statuses": operation.statuses,
                },
            });
            if let (Some(body), Some(kind)) = (&request.body, &operation.body) {
                sample["body"] = body.clone();
                sample["bodyKind"] = json!(kind.kind);
            }
            samples.push(sample);
        }
    }
    println!("{}", serde_json::Value::Array(samples));
    Ok(())
}
