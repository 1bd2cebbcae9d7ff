//! `cargo xtask import`: OpenAPI documents to `api/`.
//!
//! Everything that is read is on a list of what is understood; anything else stops the import and is named by its place.
//! What the source has wrong is mended by `corrections.json`, each with its reason; a correction that no longer applies
//! stops the import too.

mod merge;
mod operations;
mod schema;

use crate::{
    files::{self, Output},
    json_text,
};
use auth0_api_description::{Group, Kind, Operation, Type};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// How many operations there must be: the description's 452 and the 39 that came later.
pub(crate) const OPERATIONS: usize = 491;
/// The first member of every file.
const GENERATED: &str = "by cargo xtask import: do not edit";
/// The name of the file and group that has the types of several groups.
const SHARED: &str = "shared";
/// The group of the types that no operation reaches. It has a folder of its own, which is not part of the description.
const UNREACHED: &str = "unreached";

pub(crate) fn run(arguments: &[&str]) -> Result<(), String> {
    let root = files::root();
    let shared = root.join("../shared/api");
    let (management, additions) = match arguments {
        [] => (shared.join("management.json"), shared.join("management-additions.json")),
        [management, additions] => (PathBuf::from(management), PathBuf::from(additions)),
        _ => return Err("usage: cargo xtask import [MANAGEMENT_JSON ADDITIONS_JSON]".to_owned()),
    };
    let corrections = Corrections::read(&root)?;
    let imported = import(&read_json(&management)?, &read_json(&additions)?, &corrections)?;
    let found: usize = imported.groups.iter().map(|group| group.operations.len()).sum();
    if found != OPERATIONS {
        return Err(format!("{found} operations, and not {OPERATIONS}"));
    }
    let output = output(&imported)?;
    let (written, removed) = files::update(&root, &output, &files::list(&root.join("api"), "json")?)?;
    let types = |group: &Group| group.types.len();
    println!(
        "{found} operations in {} groups; {} types of one group, {} shared, {} that no operation reaches; \
         {} corrections; {written} files written, {removed} removed",
        imported.groups.iter().filter(|group| !group.operations.is_empty()).count(),
        imported.groups.iter().filter(|group| group.group != SHARED).map(types).sum::<usize>(),
        imported.groups.iter().filter(|group| group.group == SHARED).map(types).sum::<usize>(),
        imported.unreached.types.len(),
        corrections.patches.len(),
    );
    Ok(())
}

fn read_json(path: &Path) -> Result<Value, String> {
    serde_json::from_str(&files::read(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

/// `xtask/corrections.json`.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Corrections {
    /// Changes to the documents.
    #[serde(default)]
    pub(crate) patches: Vec<Correction>,
    /// Operations that have `from` and `take`, or `page` and `per_page`, and yet are not paged.
    #[serde(default)]
    pub(crate) not_paged: BTreeMap<String, String>,
    /// For cursors that are not answered as `next`: the member of the last item that is the next `from`.
    #[serde(default)]
    pub(crate) cursors: BTreeMap<String, Named>,
    /// Operations that may be called with no body at all.
    #[serde(default)]
    pub(crate) optional_bodies: BTreeMap<String, String>,
    /// Methods of the npm package that differ from ours. Read by the test that compares with them.
    #[serde(default)]
    #[cfg_attr(not(test), allow(dead_code, reason = "for the test, and for people"))]
    pub(crate) peers: BTreeMap<String, String>,
    /// Other differences, in words.
    #[serde(default)]
    #[allow(dead_code, reason = "for people")]
    pub(crate) notes: Vec<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    pub(crate) member: String,
    #[allow(dead_code, reason = "for people")]
    pub(crate) reason: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Correction {
    pub(crate) name: String,
    #[allow(dead_code, reason = "for people")]
    pub(crate) reason: String,
    pub(crate) changes: Vec<Change>,
}

/// One change at a place of the merged document, given as a JSON pointer.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) at: String,
    /// What has to be there; absent: nothing may be there.
    #[serde(default)]
    pub(crate) was: Option<Value>,
    /// What is there after; absent: nothing.
    #[serde(default)]
    pub(crate) is: Option<Value>,
}

impl Corrections {
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let path = root.join("xtask/corrections.json");
        serde_json::from_str(&files::read(&path)?).map_err(|error| format!("{}: {error}", path.display()))
    }
}

#[derive(Debug)]
pub(crate) struct Imported {
    /// The groups and, last, the shared types.
    pub(crate) groups: Vec<Group>,
    /// The types that no operation reaches. Only the TypeScript declarations have them, because the npm package `auth0` does.
    pub(crate) unreached: Group,
}

/// Reads the two documents.
pub(crate) fn import(management: &Value, additions: &Value, corrections: &Corrections) -> Result<Imported, String> {
    let document = merge::merge(management, additions, corrections)?;
    let reach = schema::Reach::of(&document)?;
    let types = schema::types(&document, &reach)?;
    let operations = operations::operations(&document, &types, corrections)?;
    split(operations, types)
}

/// Cuts operations and types into groups.
fn split(operations: Vec<Operation>, types: BTreeMap<String, Type>) -> Result<Imported, String> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for operation in operations {
        if !ids.insert(operation.id.clone()) {
            return Err(format!("two operations are named {}", operation.id));
        }
        if !places.insert((operation.method, schema::shape(&operation.path))) {
            return Err(format!("two operations are {} {}", operation.method.as_str(), operation.path));
        }
        let name = operation.id.split('.').next().unwrap_or_default().to_owned();
        let mut names = BTreeSet::new();
        types_of(&operation).into_iter().for_each(|ty| references(ty, &mut names));
        let mut open: Vec<String> = names.into_iter().collect();
        while let Some(used) = open.pop() {
            if users.entry(used.clone()).or_default().insert(name.clone()) {
                let ty = types.get(&used).ok_or_else(|| format!("{}: no type is named {used}", operation.id))?;
                let mut inner = BTreeSet::new();
                references(ty, &mut inner);
                open.extend(inner);
            }
        }
        let group = groups.entry(name.clone()).or_insert_with(|| new_group(&name));
        group.operations.push(operation);
    }
    if groups.contains_key(SHARED) {
        return Err(format!("a group is named {SHARED}"));
    }
    let mut shared = new_group(SHARED);
    let mut unreached = new_group(UNREACHED);
    for (name, ty) in types {
        let used_by: Vec<&String> = users.get(&name).into_iter().flatten().collect();
        match used_by.as_slice() {
            [] => {
                unreached.types.insert(name, ty);
            }
            [only] => {
                if let Some(group) = groups.get_mut(*only) {
                    group.types.insert(name, ty);
                }
            }
            _ => {
                shared.types.insert(name, ty);
            }
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.push(shared);
    Ok(Imported { groups, unreached })
}

fn new_group(name: &str) -> Group {
    Group {
        generated: Some(GENERATED.to_owned()),
        group: name.to_owned(),
        operations: Vec::new(),
        types: BTreeMap::new(),
    }
}

/// Every type that an operation mentions.
pub(crate) fn types_of(operation: &Operation) -> Vec<&Type> {
    let query = operation.query.iter().map(|property| &property.ty);
    let body = operation.body.iter().map(|body| &body.ty);
    operation.path_types.values().chain(query).chain(body).chain(&operation.response).collect()
}

/// The names that a type mentions.
pub(crate) fn references(ty: &Type, names: &mut BTreeSet<String>) {
    match &ty.kind {
        Kind::Reference(name) => {
            names.insert(name.clone());
        }
        Kind::Array { items, .. } => references(items, names),
        Kind::Object { extends, properties, extra, .. } => {
            names.extend(extends.iter().cloned());
            properties.iter().for_each(|property| references(&property.ty, names));
            if let auth0_api_description::Extra::Allowed(ty) = extra {
                references(ty, names);
            }
        }
        Kind::Union { variants, .. } => variants.iter().for_each(|variant| references(variant, names)),
        Kind::Any
        | Kind::Boolean
        | Kind::Integer { .. }
        | Kind::Number { .. }
        | Kind::String { .. }
        | Kind::Enum(_)
        | Kind::Const(_) => {}
    }
}

/// The text of one file of `api/`.
pub(crate) fn text(group: &Group) -> Result<String, String> {
    Ok(json_text::write(&serde_json::to_value(group).map_err(|error| error.to_string())?))
}

/// Where the types are that no operation reaches.
pub(crate) fn unreached_path() -> PathBuf {
    Path::new("api").join(UNREACHED).join("types.json")
}

fn output(imported: &Imported) -> Result<Output, String> {
    let mut output = Output::new();
    output.insert(unreached_path(), text(&imported.unreached)?);
    let mut list = String::new();
    for group in &imported.groups {
        let name = format!("{}.json", group.group);
        list += &format!("    ({name:?}, include_str!(\"../{name}\")),\n");
        output.insert(Path::new("api").join(name), text(group)?);
    }
    let embedded = format!(
        "// GENERATED {GENERATED}.\n\n/// The files of the description, as (name, text).\n\
         pub(crate) const FILES: &[(&str, &str)] = &[\n{list}];\n"
    );
    output.insert(PathBuf::from("api/src/embedded.rs"), embedded);
    Ok(output)
}

#[cfg(test)]
mod tests;
