//! A program that calls every operation, for the compiler: what it says of the arguments and of the result must be so.

use super::{GENERATED, Method, key, qualified};
use auth0_api_description::sample::{Request, Size};
use auth0_api_description::{BodyKind, Description};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn write(
    description: &Description,
    methods: &[Method<'_>],
    known: &BTreeSet<String>,
) -> Result<String, String> {
    let mut text = format!(
        "{GENERATED}\n\
         import type {{ HttpResponsePromise, Management, ManagementClient, PagePromise, RequestOptions, Stream }} from \"auth0-sdk\";\n\n\
         declare const client: ManagementClient;\n\
         declare const requestOptions: RequestOptions;\n\
         /** The two types are one: neither is wider. `any` is only itself. */\n\
         type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;\n\
         declare function same<Expected>(): <Actual>(actual: Actual, same: Same<Expected, Actual>) => void;\n\n"
    );
    for method in methods {
        let id = &method.operation.id;
        for size in [Size::Least, Size::Full] {
            let sample = description.sample_request(method.operation, size);
            let mut arguments: Vec<String> = sample.path.iter().map(|argument| super::literal(argument)).collect();
            let request = method.request.as_ref().map(|(_, needed)| (request(method, &sample), *needed));
            match request {
                Some((request, needed)) if needed || size == Size::Full => arguments.push(request),
                _ => {}
            }
            if size == Size::Full {
                arguments.push("requestOptions".to_owned());
            }
            let returns = match &method.bare {
                Some((_, bare)) if size == Size::Least => bare,
                _ => &method.returns,
            };
            let returns = qualified(returns, known);
            text += &format!("same<{returns}>()(client.{id}({}), true);\n", arguments.join(", "));
        }
    }
    Ok(text)
}

/// The request object of a sample.
pub(super) fn request(method: &Method<'_>, sample: &Request) -> String {
    let multipart = method.operation.body.as_ref().is_some_and(|body| body.kind == BodyKind::Multipart);
    match &sample.body {
        // The first member is the file: the description has one such operation.
        Some(Value::Object(members)) if multipart => {
            let text = |(at, (name, value)): (usize, (&String, &Value))| {
                let value = if at == 0 { "new Blob([\"[]\"])".to_owned() } else { expression(value) };
                format!("{}: {value}", key(name))
            };
            format!("{{ {} }}", members.iter().enumerate().map(text).collect::<Vec<_>>().join(", "))
        }
        Some(body) => expression(body),
        None => expression(&Value::Object(sample.query.clone())),
    }
}

/// A JSON value as an expression.
fn expression(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(expression).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{}: {}", key(name), expression(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        other => other.to_string(),
    }
}
