//! The typed methods: a client per group, a method per operation.

use super::models::{Models, Rt, Signature};
use super::names;
use super::reference;
use super::types::Emitter;
use crate::files::Output;
use auth0_api_description::{BodyKind, PagingStyle, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Writes everything of the typed API.
pub(super) fn write(models: &Models, output: &mut Output) -> Result<(), String> {
    let emitter = Emitter::new(models);
    let api = Path::new("src/management/api");
    let mut modules = String::new();
    let mut accessors = String::new();
    for (group, signatures) in &models.operations {
        let module = names::snake(group);
        let feature = names::kebab(group);
        let _ = writeln!(modules, "#[cfg(feature = {feature:?})]\npub mod {module};");
        let client = client_name(group);
        let _ = write!(
            accessors,
            "    /// The operations of `{group}`.\n    #[cfg(feature = {feature:?})]\n    pub fn {module}(&self) -> {module}::{client} {{\n        {module}::{client}(self.clone())\n    }}\n",
        );
        let folder = api.join(&module);
        let header = super::GENERATED;
        output.insert(
            folder.join("mod.rs"),
            format!(
                "{header}\n//! The resource group `{group}`: {} operations.\n\n#[rustfmt::skip]\n#[allow(unused_imports, reason = \"some groups need less\")]\nmod ops;\n#[rustfmt::skip]\n#[allow(missing_docs, unused_imports, reason = \"a member says what it is by its name\")]\nmod types;\n\npub use ops::*;\n#[allow(unreachable_pub, unused_imports, reason = \"not every group has types\")]\npub use types::*;\n",
                signatures.len()
            ),
        );
        output.insert(folder.join("types.rs"), emitter.file(group)?);
        output.insert(folder.join("ops.rs"), operations(&emitter, group, signatures)?);
    }
    output.insert(api.join("shared.rs"), emitter.file("shared")?);
    output.insert(PathBuf::from("reference.md"), reference::write(&emitter, models));
    output.insert(PathBuf::from("tests/it/typed_generated.rs"), tests(&emitter, models));
    output.insert(
        PathBuf::from("src/management/api/mod.rs"),
        format!(
            "{}\n//! The typed Management API: a module per resource group.\n\nmod table;\n\npub(crate) use table::OPERATIONS;\n\n#[rustfmt::skip]\n#[cfg(feature = \"models\")]\n#[allow(missing_docs, unused_imports, reason = \"a member says what it is by its name\")]\npub mod shared;\n{modules}\n#[cfg(feature = \"models\")]\nimpl crate::ManagementClient {{\n{accessors}}}\n",
            super::GENERATED
        ),
    );
    Ok(())
}

/// The client of a group path: `UsersAuthenticationMethodsClient`.
fn client_name(path: &str) -> String {
    format!("{}Client", names::pascal(path))
}

fn operations(emitter: &Emitter<'_>, group: &str, signatures: &[Signature]) -> Result<String, String> {
    let mut clients: BTreeMap<String, Vec<&Signature>> = BTreeMap::new();
    for signature in signatures {
        let path = signature.operation.group_path();
        // Groups on the way that have no operation of their own have a client too.
        for (at, _) in path.match_indices('.') {
            clients.entry(path[..at].to_owned()).or_default();
        }
        clients.entry(path.to_owned()).or_default().push(signature);
    }
    let models: BTreeSet<&str> =
        emitter.models.types.iter().filter(|named| named.home == group).map(|named| named.rust.as_str()).collect();
    let mut out = format!(
        "{}\n//! Methods of `{group}`.\n\nuse super::types::*;\nuse crate::management::model::*;\nuse crate::management::{{Call, ManagementClient, shared}};\n",
        super::GENERATED
    );
    let mut queries = String::new();
    for (path, own) in &clients {
        let client = client_name(path);
        if models.contains(client.as_str()) {
            return Err(format!("a model is named {client}"));
        }
        let nested: Vec<&String> =
            clients.keys().filter(|other| other.rsplit_once('.').is_some_and(|(parent, _)| parent == path)).collect();
        let _ = write!(
            out,
            "\n/// The operations of `{path}`.\n#[derive(Clone, Debug)]\npub struct {client}(pub(crate) ManagementClient);\nimpl {client} {{\n"
        );
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for other in nested {
            let name = names::snake(other.rsplit('.').next().unwrap_or_default());
            let _ = write!(
                out,
                "    /// The operations of `{other}`.\n    pub fn {name}(&self) -> {0} {{\n        {0}(self.0.clone())\n    }}\n",
                client_name(other)
            );
            taken.insert(name);
        }
        for signature in own {
            let name = names::snake(signature.operation.name());
            if !taken.insert(name.clone()) {
                return Err(format!("{}: two methods are named {name}", signature.operation.id));
            }
            method(emitter, group, signature, &name, &mut out, &mut queries, &models)?;
        }
        out.push_str("}\n");
    }
    Ok(out + &queries)
}

fn method(
    emitter: &Emitter<'_>,
    group: &str,
    signature: &Signature,
    name: &str,
    out: &mut String,
    queries: &mut String,
    models: &BTreeSet<&str>,
) -> Result<(), String> {
    let operation = &signature.operation;
    let mut arguments = String::new();
    let mut calls = String::new();
    let mut used: Vec<String> = Vec::new();
    for parameter in operation.path_parameters() {
        let ident = names::unique(names::snake(parameter), |name| used.iter().any(|known| known == name));
        let _ = write!(arguments, ", {ident}: impl Into<String>");
        let _ = write!(calls, ".path({ident})");
        used.push(ident);
    }
    for (property, rt) in signature.query.iter().filter(|(property, _)| property.required) {
        let ident = names::unique(names::snake(&property.name), |name| used.iter().any(|known| known == name));
        let (declared, _) = emitter.argument(rt, group);
        let _ = write!(arguments, ", {ident}: {declared}");
        let _ = write!(calls, ".set{}", query(emitter, rt, group, &property.name, &ident));
        used.push(ident);
    }
    if let (Some(body), Some(rt)) = (&operation.body, &signature.body) {
        let text = emitter.text(rt, group);
        match (body.kind, body.required) {
            (BodyKind::Json, true) => {
                let (declared, convert) = emitter.argument(rt, group);
                let _ = write!(arguments, ", body: {declared}");
                let inner = match rt {
                    Rt::Vec(inner) | Rt::Map(inner) => emitter.text(inner, group),
                    _ => text,
                };
                let convert = convert.replace("value", "body").replace('(', &format!("::<{inner}>("));
                let _ = write!(calls, ".body(&{})", convert.replace(&format!(".into::<{inner}>("), ".into("));
            }
            (BodyKind::Json, false) => {
                let _ = write!(arguments, ", body: impl Into<Option<{text}>>");
                calls.push_str(".optional_body(body.into().as_ref())");
            }
            (BodyKind::Multipart, _) => {
                let _ = write!(arguments, ", body: impl Into<{text}>");
                calls.push_str(".form(&body.into())");
            }
        }
    }
    let answer = match &signature.response {
        None => "()".to_owned(),
        Some(rt) => emitter.text(rt, group),
    };
    let optional: Vec<_> = signature.query.iter().filter(|(property, _)| !property.required).collect();
    let call = if optional.is_empty() {
        format!("Call<{answer}>")
    } else {
        let marker = format!("{}Query", names::pascal(&operation.id));
        if models.contains(marker.as_str()) {
            return Err(format!("a model is named {marker}"));
        }
        let _ = write!(
            queries,
            "\n/// The query parameters of `{0}`, which are set on its [`Call`].\n#[derive(Debug)]\npub enum {marker} {{}}\nimpl Call<{answer}, {marker}> {{\n",
            operation.id
        );
        for (property, rt) in optional {
            let ident = setter(&property.name);
            let (declared, _) = emitter.argument(rt, group);
            let _ = write!(
                queries,
                "    /// Sets the query parameter `{0}`.\n    pub fn {ident}(self, value: {declared}) -> Self {{\n        self.set{1}\n    }}\n",
                property.name,
                query(emitter, rt, group, &property.name, "value")
            );
        }
        queries.push_str("}\n");
        format!("Call<{answer}, {marker}>")
    };
    document(emitter, group, signature, out);
    let _ = write!(
        out,
        "    pub fn {name}(&self{arguments}) -> {call} {{\n        self.0.typed({:?}){calls}\n    }}\n",
        operation.id
    );
    Ok(())
}

/// `::<i64>("page", value)`: what a query parameter is set with.
fn query(emitter: &Emitter<'_>, rt: &Rt, home: &str, name: &str, value: &str) -> String {
    match rt {
        Rt::Vec(inner) => {
            format!("::<Json>({name:?}, Json::from(collect::<{}>({value})))", emitter.text(inner, home))
        }
        _ => format!("::<{}>({name:?}, {value})", emitter.text(rt, home)),
    }
}

/// The call with arguments made up: `auth0.users().get("id")`.
pub(super) fn example(emitter: &Emitter<'_>, group: &str, signature: &Signature) -> String {
    let operation = &signature.operation;
    let groups: String = operation.group_path().split('.').map(|name| format!(".{}()", names::snake(name))).collect();
    let mut arguments: Vec<String> = operation.path_parameters().iter().map(|name| format!("{name:?}")).collect();
    let required = signature.query.iter().filter(|(property, _)| property.required);
    arguments.extend(required.map(|(_, rt)| emitter.example(rt, group)));
    if let (Some(body), Some(rt)) = (&operation.body, &signature.body) {
        let value = emitter.example(rt, group);
        arguments.push(if body.required { value } else { format!("Some({value})") });
    }
    format!("auth0{groups}.{}({})", names::snake(operation.name()), arguments.join(", "))
}

fn document(emitter: &Emitter<'_>, group: &str, signature: &Signature, out: &mut String) {
    let operation = &signature.operation;
    let mut line = |text: String| {
        let _ = writeln!(out, "    {}", format!("/// {text}").trim_end());
    };
    line(format!("`{} {}`", operation.method.as_str(), operation.path));
    let mut facts = Vec::new();
    match operation.scopes.as_slice() {
        [] => {}
        [one] => facts.push(format!("Scope: `{one}`.")),
        several => facts.push(format!("Any of the scopes `{}`.", several.join("`, `"))),
    }
    if let Some(paging) = &operation.paging {
        let style = match paging.style {
            PagingStyle::Offset => "`page` and `per_page`, up to 1,000 items",
            PagingStyle::Checkpoint => "`from` and `take`",
            PagingStyle::Both => "`from` and `take`, or `page` and `per_page` up to 1,000 items",
        };
        facts.push(format!("Pages by {style}."));
    }
    let stage = match operation.stage {
        Some(Stage::EarlyAccess) => "Early access. ",
        Some(Stage::Beta) => "Beta. ",
        Some(Stage::Deprecated) => "Deprecated by Auth0. ",
        Some(Stage::GeneralAvailability) => "Generally available. ",
        None => "",
    };
    let statuses = |statuses: &[u16]| statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    facts.push(format!("{stage}Answers {}.", statuses(&operation.statuses)));
    if !operation.errors.is_empty() {
        facts.push(format!("Fails with {}.", statuses(&operation.errors)));
    }
    line(String::new());
    for fact in facts {
        line(fact);
    }
    line(String::new());
    line("```no_run".to_owned());
    line("# async fn example(auth0: &auth0_sdk::ManagementClient) -> Result<(), auth0_sdk::Error> {".to_owned());
    let call = example(emitter, group, signature);
    if call.contains("::") {
        let shared = if call.contains("shared::") { "shared, " } else { "" };
        line(
            format!("use auth0_sdk::management::{{{shared}{}::*}};", names::snake(group))
                .replace(&format!("{{{}::*}}", names::snake(group)), &format!("{}::*", names::snake(group))),
        );
    }
    if operation.event_stream {
        line(format!("let mut events = {call}.events();"));
        line("while let Some(event) = events.next().await {".to_owned());
        line("    println!(\"{:?}\", event?.event);".to_owned());
        line("}".to_owned());
    } else if operation.paging.is_some() {
        line(format!("let mut items = {call}.items();"));
        line("while let Some(item) = items.next().await {".to_owned());
        line("    println!(\"{:?}\", item?);".to_owned());
        line("}".to_owned());
    } else if signature.response.is_some() {
        line(format!("let answer = {call}.await?;"));
    } else {
        line(format!("{call}.await?;"));
    }
    line("# Ok(())".to_owned());
    line("# }".to_owned());
    line("```".to_owned());
}

/// What the tests of the typed API walk over: every call, and every type that has a name in the description.
fn tests(emitter: &Emitter<'_>, models: &Models) -> String {
    let mut out = format!(
        "{}\n//! Every operation, and every named type, for `typed.rs`.\n\nuse super::typed::{{Answer, Arguments, Check, check, list, send, stream}};\nuse auth0_sdk::management::*;\nuse auth0_sdk::{{Json, ManagementClient}};\nuse std::collections::BTreeMap;\n\n",
        super::GENERATED
    );
    out += "/// A call of every operation, by id, with the arguments of its id.\n#[rustfmt::skip]\npub(crate) fn calls(auth0: &ManagementClient, of: &dyn Fn(&str) -> Arguments) -> Vec<(&'static str, Answer)> {\n    let mut calls: Vec<(&'static str, Answer)> = Vec::new();\n";
    for group in models.operations.keys() {
        let _ = writeln!(out, "    {}(auth0, of, &mut calls);", names::snake(group));
    }
    out += "    calls\n}\n";
    for (group, signatures) in &models.operations {
        let module = names::snake(group);
        let _ = write!(
            out,
            "\n#[rustfmt::skip]\n#[allow(unused_variables, reason = \"some need no arguments\")]\nfn {module}(auth0: &ManagementClient, of: &dyn Fn(&str) -> Arguments, calls: &mut Vec<(&'static str, Answer)>) {{\n    #[allow(unused_imports)]\n    use auth0_sdk::management::{module}::*;\n"
        );
        for signature in signatures {
            let id = &signature.operation.id;
            let how = match &signature.operation {
                operation if operation.event_stream => "stream",
                operation if operation.paging.is_some() => "list",
                _ => "send",
            };
            let _ = writeln!(out, "    let with = of({id:?});");
            let _ = writeln!(out, "    let call = {};", sampled(emitter, group, signature));
            for (property, rt) in signature.query.iter().filter(|(property, _)| !property.required) {
                let (ident, text) = (setter(&property.name), emitter.text(rt, group));
                let _ = writeln!(
                    out,
                    "    let call = with.set(call, {:?}, |call, value: {text}| call.{ident}(value));",
                    property.name
                );
            }
            let _ = writeln!(out, "    calls.push(({id:?}, {how}(call)));");
        }
        out += "}\n";
    }
    out += "\n/// Every type that has a name in the description.\n#[rustfmt::skip]\npub(crate) static TYPES: &[(&str, Check)] = &[\n";
    for named in models.types.iter().filter(|named| !named.anonymous) {
        let _ = writeln!(out, "    ({:?}, check::<{}::{}>),", named.source, names::snake(&named.home), named.rust);
    }
    out + "];\n"
}

/// The call with what it needs taken from arguments that come as JSON: `auth0.users().get(with.path(0))`.
fn sampled(emitter: &Emitter<'_>, group: &str, signature: &Signature) -> String {
    let operation = &signature.operation;
    let groups: String = operation.group_path().split('.').map(|name| format!(".{}()", names::snake(name))).collect();
    let count = operation.path_parameters().len();
    let mut arguments: Vec<String> = (0..count).map(|index| format!("with.path({index})")).collect();
    for (property, rt) in signature.query.iter().filter(|(property, _)| property.required) {
        arguments.push(format!("with.query::<{}>({:?})", emitter.text(rt, group), property.name));
    }
    if let (Some(body), Some(rt)) = (&operation.body, &signature.body) {
        let how = if body.required { "body" } else { "optional_body" };
        arguments.push(format!("with.{how}::<{}>()", emitter.text(rt, group)));
    }
    format!("auth0{groups}.{}({})", names::snake(operation.name()), arguments.join(", "))
}

/// The setter of a query parameter. Some names are those of what every call has.
fn setter(name: &str) -> String {
    let mut ident = names::snake(name);
    let taken = ["query", "path", "body", "header", "timeout", "deadline", "raw", "json", "items", "pages", "set"];
    if taken.contains(&ident.as_str()) {
        ident.push('_');
    }
    ident
}
