//! The data of the playground's explorer, in `www/generated/`: a list of all operations, and a file a group with what a form
//! is made of, which the page loads when the group is opened.

use super::models::{Models, Signature};
use super::names;
use super::types::Emitter;
use crate::files::{self, Output};
use auth0_api_description::{BodyKind, Extra, Kind, Property, Type};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const FOLDER: &str = "www/generated";

/// JSON has no comments: the first line of each file is its first member.
const FIRST: &str = "\"generated\":\"by cargo xtask generate from api/: do not edit\"";

/// The generated files that are there, whatever wrote them.
pub(super) fn present(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut present = files::list(&root.join(FOLDER), "json")?;
    present.extend(files::list(&root.join(FOLDER).join("groups"), "json")?);
    Ok(present)
}

pub(super) fn write(
    emitter: &Emitter<'_>,
    models: &Models,
    types: &BTreeMap<String, Type>,
    output: &mut Output,
) -> Result<(), String> {
    let folder = Path::new(FOLDER);
    let mut groups = Vec::new();
    for (group, signatures) in &models.operations {
        let mut operations = Vec::new();
        let mut wanted = BTreeSet::new();
        let mut short = Vec::new();
        for signature in signatures {
            let operation = &signature.operation;
            let path_types = operation.path_types.values();
            let query = operation.query.iter().map(|property| &property.ty);
            for ty in path_types.chain(query).chain(operation.body.iter().map(|body| &body.ty)) {
                collect(ty, types, &mut wanted)?;
            }
            operations.push(entry(emitter, group, signature));
            short.push(json!([
                operation.id,
                operation.method.as_str(),
                operation.path,
                operation.scopes,
                operation.stage.filter(|stage| *stage != auth0_api_description::Stage::GeneralAvailability)
            ]));
        }
        let wanted: Vec<_> =
            wanted.into_iter().map(|name| format!("{}:{}", json!(name), json!(types[&name]))).collect();
        output.insert(
            folder.join("groups").join(format!("{group}.json")),
            format!(
                "{{{FIRST},\n\"operations\":[\n{}\n],\n\"types\":{{\n{}\n}}}}\n",
                lines(&operations),
                wanted.join(",\n")
            ),
        );
        groups.push(format!("{}:[\n{}\n]", json!(group), lines(&short)));
    }
    output.insert(folder.join("index.json"), format!("{{{FIRST},\n\"groups\":{{\n{}\n}}}}\n", groups.join(",\n")));
    Ok(())
}

fn lines(values: &[Value]) -> String {
    values.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n")
}

/// What a form needs to know of an operation, and the words of its call in Rust.
fn entry(emitter: &Emitter<'_>, group: &str, signature: &Signature) -> Value {
    let operation = &signature.operation;
    let mut entry = Map::new();
    let mut put = |key: &str, value: Value| {
        entry.insert(key.to_owned(), value);
    };
    put("id", json!(operation.id));
    if !operation.path_types.is_empty() {
        put("pathTypes", json!(operation.path_types));
    }
    if !operation.query.is_empty() {
        let key = |property: &Property| property.name.clone() + if property.required { "" } else { "?" };
        let query: Map<String, Value> =
            operation.query.iter().map(|property| (key(property), json!(property.ty))).collect();
        put("query", Value::Object(query));
    }
    if let Some(body) = &operation.body {
        put("body", json!(body.ty));
        if !body.required {
            put("bodyOptional", json!(true));
        }
        if body.kind == BodyKind::Multipart {
            put("multipart", json!(true));
        }
    }
    if let Some(paging) = &operation.paging {
        put("paging", json!(paging.style));
    }
    if operation.event_stream {
        put("stream", json!(true));
    }
    put("statuses", json!(operation.statuses));
    put("errors", json!(operation.errors));
    let groups: String = operation.group_path().split('.').map(|name| format!("{}().", names::snake(name))).collect();
    let mut rust = json!({ "call": format!("{groups}{}", names::snake(operation.name())) });
    if let Some(body) = &signature.body {
        rust["body"] = json!(emitter.text(body, group));
        rust["module"] = json!(names::snake(group));
    }
    let renamed: Map<String, Value> = signature
        .query
        .iter()
        .map(|(property, _)| (property.name.clone(), json!(names::snake(&property.name))))
        .filter(|(name, rust)| rust.as_str() != Some(name))
        .collect();
    if !renamed.is_empty() {
        rust["query"] = Value::Object(renamed);
    }
    put("rust", rust);
    Value::Object(entry)
}

/// The names of the types that a type is made of.
fn collect(ty: &Type, types: &BTreeMap<String, Type>, wanted: &mut BTreeSet<String>) -> Result<(), String> {
    let mut name = |name: &String| -> Result<(), String> {
        if !wanted.insert(name.clone()) {
            return Ok(());
        }
        collect(types.get(name).ok_or_else(|| format!("no type is named {name}"))?, types, wanted)
    };
    match &ty.kind {
        Kind::Reference(to) => name(to),
        Kind::Array { items, .. } => collect(items, types, wanted),
        Kind::Union { variants, .. } => variants.iter().try_for_each(|variant| collect(variant, types, wanted)),
        Kind::Object { extends, properties, extra, .. } => {
            extends.iter().try_for_each(&mut name)?;
            properties.iter().try_for_each(|property| collect(&property.ty, types, wanted))?;
            if let Extra::Allowed(extra) = extra { collect(extra, types, wanted) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}
