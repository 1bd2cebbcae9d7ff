//! The two documents as one, with the corrections made.

use super::{Corrections, schema::shape};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Marks a schema that comes from the additions, where null and enums are written in another way.
pub(crate) const ADDITION: &str = "x-addition";

/// Both documents.
#[derive(Debug)]
pub(crate) struct Document {
    /// Operations in the order of the source: (path, method, operation, from the additions).
    pub(crate) operations: Vec<(String, String, Value, bool)>,
    /// Named schemas.
    pub(crate) schemas: Map<String, Value>,
}

pub(crate) fn merge(management: &Value, additions: &Value, corrections: &Corrections) -> Result<Document, String> {
    known(management, "", &["openapi", "info", "servers", "security", "paths", "components"])?;
    known(&management["components"], "/components", &["responses", "schemas", "securitySchemes"])?;
    let added = ["x-added-query-parameters", "x-added-body-properties", "x-added-properties", "x-added-enum-values"];
    let allowed: Vec<&str> = ["openapi", "info", "paths", "components"].into_iter().chain(added).collect();
    known(additions, "additions", &allowed)?;
    known(&additions["components"], "additions/components", &["schemas"])?;

    let mut document = management.clone();
    correct(&mut document, corrections)?;
    let mut operations = Vec::new();
    list_operations(&document["paths"], false, &mut operations)?;
    list_operations(&additions["paths"], true, &mut operations)?;
    let mut schemas = object(&document["components"]["schemas"], "/components/schemas")?.clone();
    for (name, schema) in object(&additions["components"]["schemas"], "additions/components/schemas")? {
        if schemas.insert(name.clone(), json!({ ADDITION: schema })).is_some() {
            return Err(format!("additions/components/schemas/{name} stands in the first document too"));
        }
    }
    let mut merged = Document { operations, schemas };
    for key in added {
        for (name, value) in object(&additions[key], key)? {
            let place = format!("additions/{key}/{name}");
            match key {
                "x-added-query-parameters" => merged.add_query(name, object(value, &place)?, &place)?,
                "x-added-body-properties" => merged.add_body(name, object(value, &place)?, &place)?,
                "x-added-properties" => merged.add_properties(name, object(value, &place)?, &place)?,
                _ => merged.add_values(name, value, &place)?,
            }
        }
    }
    Ok(merged)
}

fn list_operations(paths: &Value, addition: bool, list: &mut Vec<(String, String, Value, bool)>) -> Result<(), String> {
    for (path, item) in object(paths, "/paths")? {
        for (method, operation) in object(item, &format!("/paths/{path}"))? {
            list.push((path.clone(), method.clone(), operation.clone(), addition));
        }
    }
    Ok(())
}

impl Document {
    fn find(&mut self, key: &str, place: &str) -> Result<&mut Value, String> {
        let (method, path) = key.split_once(' ').ok_or_else(|| format!("{place}: not a method and a path"))?;
        let (method, path) = (method.to_ascii_lowercase(), shape(path));
        self.operations
            .iter_mut()
            .find(|(its_path, its_method, _, _)| *its_method == method && shape(its_path) == path)
            .map(|(_, _, operation, _)| operation)
            .ok_or_else(|| format!("{place}: there is no such operation"))
    }

    fn add_query(&mut self, key: &str, added: &Map<String, Value>, place: &str) -> Result<(), String> {
        let parameters = self.find(key, place)?["parameters"]
            .as_array_mut()
            .ok_or_else(|| format!("{place}: the operation has no parameters to add to"))?;
        for (name, schema) in added {
            if parameters.iter().any(|parameter| parameter["name"] == **name) {
                return Err(format!("{place}/{name} is there already"));
            }
            parameters.push(json!({ "name": name, "in": "query", "schema": { ADDITION: schema } }));
        }
        Ok(())
    }

    /// A body that is a named type is changed there, which is right only if nothing else uses that type.
    fn add_body(&mut self, key: &str, added: &Map<String, Value>, place: &str) -> Result<(), String> {
        let operation = self.find(key, place)?.clone();
        let body = &operation["requestBody"];
        let name = name_of(&body["content"]["application/json"]["schema"])
            .ok_or_else(|| format!("{place}: the body is not a named type"))?;
        let own = count(body, &name);
        let all: usize = self.operations.iter().map(|(_, _, operation, _)| count(operation, &name)).sum::<usize>()
            + self.schemas.values().map(|schema| count(schema, &name)).sum::<usize>();
        if own != all {
            return Err(format!("{place}: {name} is used elsewhere too"));
        }
        self.add_properties(&name, added, place)
    }

    fn add_properties(&mut self, name: &str, added: &Map<String, Value>, place: &str) -> Result<(), String> {
        let schema = self.schema(name, place)?;
        if !schema.contains_key("properties") && !schema.contains_key("allOf") {
            return Err(format!("{place}: {name} is not an object"));
        }
        let properties = schema.entry("properties").or_insert_with(|| json!({}));
        let properties = properties.as_object_mut().ok_or_else(|| format!("{place}: properties are an object"))?;
        for (key, added) in added {
            if properties.insert(key.clone(), json!({ ADDITION: added })).is_some() {
                return Err(format!("{place}/{key} is there already"));
            }
        }
        Ok(())
    }

    fn add_values(&mut self, name: &str, added: &Value, place: &str) -> Result<(), String> {
        let schema = self.schema(name, place)?;
        let values = schema.get_mut("enum").and_then(Value::as_array_mut);
        let values = values.ok_or_else(|| format!("{place}: {name} is not an enum"))?;
        for value in added.as_array().ok_or_else(|| format!("{place}: not an array"))? {
            if values.contains(value) {
                return Err(format!("{place}: {value} is there already"));
            }
            values.push(value.clone());
        }
        Ok(())
    }

    fn schema(&mut self, name: &str, place: &str) -> Result<&mut Map<String, Value>, String> {
        self.schemas
            .get_mut(name)
            .and_then(Value::as_object_mut)
            .ok_or_else(|| format!("{place}: no schema is named {name}"))
    }
}

/// Makes the corrections.
fn correct(document: &mut Value, corrections: &Corrections) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for correction in &corrections.patches {
        if !names.insert(&correction.name) {
            return Err(format!("two corrections are named {:?}", correction.name));
        }
        for change in &correction.changes {
            let failed =
                |why: &str| format!("the correction {:?} no longer applies: {}: {why}", correction.name, change.at);
            let (parent, key) = change.at.rsplit_once('/').ok_or_else(|| failed("not a JSON pointer"))?;
            let key = key.replace("~1", "/").replace("~0", "~");
            let parent = document.pointer_mut(parent).ok_or_else(|| failed("there is no such place"))?;
            let map = match parent {
                Value::Object(map) => map,
                // A list of names: the key is the name.
                Value::Array(list) => {
                    let wanted = Value::from(key.as_str());
                    match (list.iter().position(|item| *item == wanted), &change.was, &change.is) {
                        (Some(at), Some(was), None) if *was == wanted => drop(list.remove(at)),
                        (None, None, Some(is)) if *is == wanted => list.push(wanted),
                        (at, _, _) => return Err(failed(if at.is_some() { "is there" } else { "is not there" })),
                    }
                    continue;
                }
                _ => return Err(failed("neither an object nor a list")),
            };
            if map.get(&key) != change.was.as_ref() {
                return Err(failed(&format!("has {:?}", map.get(&key).map(Value::to_string))));
            }
            match &change.is {
                Some(is) => drop(map.insert(key, is.clone())),
                None => drop(map.shift_remove(&key)),
            }
        }
    }
    Ok(())
}

/// How often a schema is referred to.
fn count(value: &Value, name: &str) -> usize {
    match value {
        Value::Object(map) => {
            usize::from(name_of(value).as_deref() == Some(name))
                + map.values().map(|value| count(value, name)).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(|value| count(value, name)).sum(),
        _ => 0,
    }
}

/// The name that a schema refers to.
pub(crate) fn name_of(schema: &Value) -> Option<String> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/").map(str::to_owned)
}

pub(crate) fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{place}: not an object"))
}

/// Fails on a key that is not on the list.
pub(crate) fn known(value: &Value, place: &str, allowed: &[&str]) -> Result<(), String> {
    match object(value, place)?.keys().find(|key| !allowed.contains(&key.as_str())) {
        Some(key) => Err(format!("{place}/{key}: not understood")),
        None => Ok(()),
    }
}
