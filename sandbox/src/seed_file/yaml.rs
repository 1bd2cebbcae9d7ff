//! YAML (and so JSON) as JSON values, with the lines that things stand at.

use super::Problem;
use saphyr::{MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Value, json};

pub(super) fn object(node: &MarkedYaml<'_>) -> Result<Map<String, Value>, Problem> {
    match value(node)? {
        Value::Object(map) => Ok(map),
        _ => Err((node.span.start.line(), "an object is expected here".to_owned())),
    }
}

pub(super) fn value(node: &MarkedYaml<'_>) -> Result<Value, Problem> {
    let line = node.span.start.line();
    Ok(match &node.data {
        YamlData::Value(Scalar::Null) => Value::Null,
        YamlData::Value(Scalar::Boolean(value)) => json!(value),
        YamlData::Value(Scalar::Integer(value)) => json!(value),
        YamlData::Value(Scalar::FloatingPoint(value)) => json!(value.0),
        YamlData::Value(Scalar::String(text)) => json!(text),
        YamlData::Sequence(list) => Value::Array(list.iter().map(value).collect::<Result<_, _>>()?),
        YamlData::Mapping(map) => {
            let mut object = Map::new();
            for (name, member) in map {
                let text = match value(name)? {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                object.insert(text, value(member)?);
            }
            Value::Object(object)
        }
        _ => return Err((line, "tags and aliases are not known here".to_owned())),
    })
}
