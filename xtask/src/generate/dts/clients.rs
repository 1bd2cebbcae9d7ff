//! The groups of operations as classes, a method an operation.

use super::{GENERATED, Method, qualified, words};
use auth0_api_description::sample::Size;
use auth0_api_description::{Description, Paging, PagingStyle, Stage};
use std::collections::{BTreeMap, BTreeSet};

/// A line of a comment that would be longer is cut short.
const WIDTH: usize = 130;

#[derive(Default)]
struct Group<'a> {
    groups: BTreeSet<&'a str>,
    methods: Vec<&'a Method<'a>>,
}

pub(super) fn write(
    description: &Description,
    methods: &[Method<'_>],
    known: &BTreeSet<String>,
) -> Result<String, String> {
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for method in methods {
        let mut path = method.operation.group_path();
        groups.entry(path).or_default().methods.push(method);
        while let Some((above, name)) = path.rsplit_once('.') {
            groups.entry(above).or_default().groups.insert(name);
            path = above;
        }
    }
    let mut text = format!(
        "{GENERATED}\nimport type * as Management from \"./models.cjs\";\n\
         import type {{ HttpResponsePromise, ManagementClientOptions, PagePromise, RequestOptions, Stream }} from \"../core.cjs\";\n\n\
         /** The groups of operations of a client. */\nexport interface Groups {{\n"
    );
    for path in groups.keys().filter(|path| !path.contains('.')) {
        text += &format!("  readonly {path}: {};\n", class(path));
    }
    text += "}\n";
    for (path, group) in &groups {
        text +=
            &format!("\nexport declare class {} {{\n  constructor(options: ManagementClientOptions);\n", class(path));
        for name in &group.groups {
            text += &format!("  readonly {name}: {};\n", class(&format!("{path}.{name}")));
        }
        for method in &group.methods {
            text += &comment(description, method)?;
            if let Some((names, returns)) = &method.bare {
                let none: Vec<String> = names.iter().map(|name| format!("{name}?: null | undefined")).collect();
                let request =
                    method.request.as_ref().map(|(ty, needed)| (format!("{ty} & {{ {} }}", none.join("; ")), *needed));
                text += &format!("  {};\n", signature(method, request.as_ref(), returns, known));
            }
            text += &format!("  {};\n", signature(method, method.request.as_ref(), &method.returns, known));
        }
        text += "}\n";
    }
    Ok(text)
}

/// `UsersAuthenticationMethodsClient` of `users.authenticationMethods`.
fn class(path: &str) -> String {
    words::pascal(path) + "Client"
}

fn signature(method: &Method<'_>, request: Option<&(String, bool)>, returns: &str, known: &BTreeSet<String>) -> String {
    let mut arguments: Vec<String> =
        method.path.iter().map(|(name, ty)| format!("{name}: {}", qualified(ty, known))).collect();
    if let Some((ty, needed)) = request {
        arguments.push(format!("request{}: {}", if *needed { "" } else { "?" }, qualified(ty, known)));
    }
    arguments.push("requestOptions?: RequestOptions".to_owned());
    format!("{}({}): {}", method.operation.name(), arguments.join(", "), qualified(returns, known))
}

/// Endpoint, scopes, stage, paging and an example.
fn comment(description: &Description, method: &Method<'_>) -> Result<String, String> {
    let operation = method.operation;
    let stage = match operation.stage {
        Some(Stage::EarlyAccess) => " Early access.",
        Some(Stage::Beta) => " Beta.",
        _ => "",
    };
    let mut lines = vec![format!("`{} {}`.{stage}", operation.method.as_str(), operation.path)];
    let scopes: Vec<String> = operation.scopes.iter().map(|scope| format!("`{scope}`")).collect();
    match scopes.as_slice() {
        [] => {}
        [one] => lines.push(format!("Scope: {one}.")),
        _ => lines.push(format!("Scopes, any one: {}.", scopes.join(", "))),
    }
    if let Some(paging) = &operation.paging {
        lines.push(pages(paging));
    }
    if operation.custom_domain {
        lines.push("Takes the custom domain header.".to_owned());
    }
    if operation.stage == Some(Stage::Deprecated) {
        lines.push("@deprecated".to_owned());
    }
    lines.push(format!("@example {}", example(description, method)?));
    let body: String = lines.iter().map(|line| format!("   * {line}\n")).collect();
    Ok(format!("  /**\n{body}   */\n"))
}

fn pages(paging: &Paging) -> String {
    let style = match paging.style {
        PagingStyle::Offset => "`page` and `per_page`",
        PagingStyle::Checkpoint => "`from` and `take`",
        PagingStyle::Both => "`from` and `take`, or `page` and `per_page`",
    };
    format!("Pages by {style}; {} items a page unless said.", paging.size)
}

/// The call with the least that it needs.
fn example(description: &Description, method: &Method<'_>) -> Result<String, String> {
    let operation = method.operation;
    let sample = description.sample_request(operation, Size::Least);
    let call = |request: Option<String>| {
        let arguments: Vec<String> =
            sample.path.iter().map(|argument| super::literal(argument)).chain(request).collect();
        let call = format!("client.{}({})", operation.id, arguments.join(", "));
        match (&operation.paging, operation.event_stream) {
            (Some(_), _) => format!("for await (const item of {call}) {{}}"),
            (_, true) => format!("for await (const event of await {call}) {{}}"),
            _ => format!("await {call};"),
        }
    };
    let request = method.request.as_ref().filter(|(_, needed)| *needed).map(|_| super::calls::request(method, &sample));
    let line = call(request);
    Ok(if line.len() <= WIDTH && !line.contains("*/") { line } else { call(Some("request".to_owned())) })
}
