//! The TypeScript declarations of the npm package: every model and every operation, and a file that calls them all.
//!
//! They are written once, as CommonJS declarations: an ES module's declarations may import those, and not the other way
//! round, so that one copy serves both. Types have the names that the npm package `auth0` gives them; where the
//! description has no name for a type, `xtask/typescript.json` has the package's, and what is left is derived.

mod calls;
mod clients;
mod enums;
mod models;
mod words;

use super::GENERATED;
use crate::files::{self, Output};
use auth0_api_description::{Description, Group, Operation, PagingStyle};
use models::Models;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where the declarations are, and what they end in.
pub(super) const FOLDER: &str = "pkg-template/api";
/// Where the file that calls every operation is.
pub(super) const CALLS: &str = "tests/js/types/generated";

/// `xtask/typescript.json`: names that the description does not have.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    /// For people.
    #[allow(dead_code, reason = "for people")]
    about: String,
    /// By operation id.
    operations: BTreeMap<String, OperationNames>,
    /// Types written in place, by `Owner.path`: `Theme.login.display`, `[]` for an array's items, `{}` for a map's values.
    inline: BTreeMap<String, String>,
    /// Names that the package has for what has another name here, or none.
    aliases: BTreeMap<String, String>,
    /// Members, as `Owner.path`, that may be null in the package and not in the description.
    nullable: BTreeSet<String>,
    /// Members that may be null in the description and not in the package. All come from the later additions, whose source
    /// writes null for what is only absent.
    not_null: BTreeSet<String>,
    /// Members that are always there in the package, and not in the description.
    required: BTreeSet<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationNames {
    /// The request object: query parameters or body.
    request: Option<String>,
    /// The answer.
    response: Option<String>,
}

impl Names {
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let path = root.join("xtask/typescript.json");
        serde_json::from_str(&files::read(&path)?).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// An operation as TypeScript sees it.
#[derive(Debug)]
struct Method<'a> {
    operation: &'a Operation,
    /// Path arguments: (name, type).
    path: Vec<(String, String)>,
    /// The type of the request object, and whether it must be given.
    request: Option<(String, bool)>,
    /// What the method returns.
    returns: String,
    /// What it returns when no member of these names is given: not paged, the API answers with a bare list.
    bare: Option<(Vec<&'static str>, String)>,
}

/// The files, by path below the root.
pub(super) fn output(description: &Description, root: &Path) -> Result<Output, String> {
    let unreached: Group = serde_json::from_str(&files::read(&root.join(crate::import::unreached_path()))?)
        .map_err(|error| format!("{}: {error}", crate::import::unreached_path().display()))?;
    let names = Names::read(root)?;
    let mut types = description.types.clone();
    types.extend(unreached.types);
    // With these, everything can be looked up.
    let description = &Description { groups: description.groups.clone(), types };

    let mut models = Models::new(description, &names)?;
    let mut methods = Vec::new();
    for operation in description.operations() {
        methods.push(method(&mut models, &names, operation)?);
    }
    let folder = Path::new(FOLDER);
    let mut output = Output::new();
    output.insert(folder.join("clients.d.cts"), clients::write(description, &methods, &models.declared())?);
    output.insert(
        PathBuf::from(CALLS).join("every-operation.ts"),
        calls::write(description, &methods, &models.declared())?,
    );
    output.insert(folder.join("enums.js"), enums::values(&models.enums()?));
    output.insert(folder.join("models.d.cts"), models.finish()?);
    Ok(output)
}

/// The generated files that are there, whatever wrote them.
pub(super) fn present(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut present = files::list(&root.join(FOLDER), "cts")?;
    present.extend(files::list(&root.join(CALLS), "ts")?);
    Ok(present)
}

fn method<'a>(models: &mut Models<'_>, names: &Names, operation: &'a Operation) -> Result<Method<'a>, String> {
    let id = operation.id.as_str();
    let given = names.operations.get(id);
    let named = |which: fn(&OperationNames) -> &Option<String>| given.and_then(|names| which(names).clone());
    // CreateClientProfiles of clientProfiles.create
    let derived = words::pascal(operation.name()) + &words::pascal(&operation.group_path().replace('.', " "));

    let mut path = Vec::new();
    for name in operation.path_parameters() {
        let ty = operation.path_type(name);
        path.push((words::camel(name), models.reference(&ty, &derived, name)?));
    }
    let request = match (&operation.body, operation.query.as_slice()) {
        (None, []) => None,
        (Some(_), [_, ..]) => return Err(format!("{id}: a query and a body")),
        (None, query) => {
            let name = named(|names| &names.request)
                .or_else(|| operation.parameters_name.clone())
                .unwrap_or_else(|| derived.clone() + "RequestParameters");
            let name = models.parameters(&name, query)?;
            Some((name, query.iter().any(|property| property.required)))
        }
        (Some(body), _) => {
            let name = named(|names| &names.request).unwrap_or_else(|| derived.clone() + "RequestContent");
            Some((models.body(&body.ty, &name)?, body.required && models.needed(&body.ty)?))
        }
    };
    let returns = match (&operation.response, &operation.paging) {
        (None, _) => "HttpResponsePromise<void>".to_owned(),
        (Some(response), None) => {
            let name = named(|names| &names.response).unwrap_or_else(|| derived.clone() + "ResponseContent");
            let response = models.named(response, &name)?;
            let data = if operation.event_stream { format!("Stream<{response}>") } else { response };
            format!("HttpResponsePromise<{data}>")
        }
        (Some(response), Some(paging)) => {
            let name = named(|names| &names.response).unwrap_or_else(|| derived.clone() + "ResponseContent");
            let by_page = paging.style == PagingStyle::Offset;
            let (items, envelope) = models
                .page(response, &name, &paging.items, by_page)?
                .ok_or_else(|| format!("{id}: the answer has no {:?}", paging.items))?;
            format!("PagePromise<{items}, {envelope}>")
        }
    };
    let cursor = ["from", "take"];
    let has = |name: &&str| operation.query.iter().any(|property| property.name == **name);
    let bare = match &operation.response {
        Some(response) if operation.paging.is_none() && cursor.iter().all(has) => models.bare(response)?,
        _ => None,
    };
    let bare = bare.map(|list| (cursor.to_vec(), format!("HttpResponsePromise<{list}>")));
    Ok(Method { operation, path, request, returns, bare })
}

/// The names of `Management` that a text mentions are written with their namespace.
fn qualified(text: &str, known: &BTreeSet<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        let (before, word_on) = rest.split_at(start);
        let end = word_on.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word_on.len());
        let (word, after) = word_on.split_at(end);
        out += before;
        // A literal or a member of a namespace is no name of its own.
        if known.contains(word) && !before.ends_with(['"', '.']) {
            out += "Management.";
        }
        out += word;
        rest = after;
    }
    out + rest
}

/// A text as a TypeScript literal.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A member's name, quoted where it must be.
fn key(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if plain && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty() {
        name.to_owned()
    } else {
        literal(name)
    }
}

#[cfg(test)]
mod tests;
