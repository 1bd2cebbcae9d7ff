//! Which members of a record are shown.

use serde_json::{Map, Value};

/// `fields` and `include_fields`.
pub(crate) struct Fields {
    names: Vec<String>,
    include: bool,
}

impl Fields {
    pub(crate) fn of(query: &Map<String, Value>) -> Option<Self> {
        let names = query.get("fields").and_then(Value::as_str).filter(|text| !text.is_empty())?;
        let include = query.get("include_fields") != Some(&Value::Bool(false));
        Some(Self { names: names.split(',').map(|name| name.trim().to_owned()).collect(), include })
    }

    /// Keeps, or drops, the named members. `a.b` names a member of a member.
    pub(crate) fn apply(&self, value: &mut Value) {
        if let Some(map) = value.as_object_mut() {
            let paths: Vec<Vec<&str>> = self.names.iter().map(|name| name.split('.').collect()).collect();
            let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
            if self.include { keep(map, &paths) } else { drop_members(map, &paths) }
        }
    }
}

fn keep(map: &mut Map<String, Value>, paths: &[&[&str]]) {
    map.retain(|name, member| {
        let inside: Vec<&[&str]> =
            paths.iter().filter(|path| path.first() == Some(&&**name)).map(|path| &path[1..]).collect();
        if let (Some(inner), false) = (member.as_object_mut(), inside.iter().any(|rest| rest.is_empty())) {
            keep(inner, &inside);
        }
        !inside.is_empty()
    });
}

fn drop_members(map: &mut Map<String, Value>, paths: &[&[&str]]) {
    for path in paths {
        match path {
            [name] => drop(map.shift_remove(*name)),
            [name, rest @ ..] => {
                if let Some(inner) = map.get_mut(*name).and_then(Value::as_object_mut) {
                    drop_members(inner, &[rest]);
                }
            }
            [] => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_reach_into_members() {
        let record = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": 4});
        let apply = |names: &str, include: bool| {
            let mut value = record.clone();
            let query = json!({"fields": names, "include_fields": include});
            Fields::of(query.as_object().unwrap()).unwrap().apply(&mut value);
            value
        };
        assert_eq!(apply("a,b.c,x", true), json!({"a": 1, "b": {"c": 2}}));
        assert_eq!(apply("a, b.c", false), json!({"b": {"d": 3}, "e": 4}));
        assert_eq!(apply("b", true), json!({"b": {"c": 2, "d": 3}}));
    }
}
