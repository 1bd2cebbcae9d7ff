//! JSON as text that people read and compare: a value stands on one line where it fits, and is broken where it does not.

use serde_json::Value;

/// How long a line may get, in characters.
const WIDTH: usize = 140;

/// The text of a value, ending in a newline.
pub(crate) fn write(value: &Value) -> String {
    let mut out = String::new();
    put(value, 0, 0, &mut out);
    out.push('\n');
    out
}

/// Writes `value` where `indent` is the indentation of the line and `used` what stands on the line around it.
fn put(value: &Value, indent: usize, used: usize, out: &mut String) {
    let line = on_one_line(value);
    if indent + used + line.chars().count() <= WIDTH {
        out.push_str(&line);
        return;
    }
    let pad = " ".repeat(indent + 2);
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push_str("{\n");
            for (at, (key, member)) in map.iter().enumerate() {
                let key = Value::from(key.as_str()).to_string() + ": ";
                let comma = usize::from(at + 1 < map.len());
                out.push_str(&pad);
                out.push_str(&key);
                put(member, indent + 2, key.chars().count() + comma, out);
                out.push_str(if comma == 1 { ",\n" } else { "\n" });
            }
            out.push_str(&" ".repeat(indent));
            out.push('}');
        }
        Value::Array(items) if !items.is_empty() => {
            out.push_str("[\n");
            if items.iter().all(|item| !item.is_object() && !item.is_array()) {
                fill(items, &pad, out);
            } else {
                for (at, item) in items.iter().enumerate() {
                    let comma = usize::from(at + 1 < items.len());
                    out.push_str(&pad);
                    put(item, indent + 2, comma, out);
                    out.push_str(if comma == 1 { ",\n" } else { "\n" });
                }
            }
            out.push_str(&" ".repeat(indent));
            out.push(']');
        }
        _ => out.push_str(&line),
    }
}

/// As many items a line as fit: a long list of names would else be a long column.
fn fill(items: &[Value], pad: &str, out: &mut String) {
    let mut length = 0;
    for (at, item) in items.iter().enumerate() {
        let text = item.to_string() + if at + 1 < items.len() { "," } else { "" };
        let size = text.chars().count();
        if length > 0 && length + 1 + size > WIDTH {
            out.push('\n');
            length = 0;
        }
        if length == 0 {
            out.push_str(pad);
            length = pad.len();
        } else {
            out.push(' ');
            length += 1;
        }
        out.push_str(&text);
        length += size;
    }
    out.push('\n');
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let member =
                |(key, member): (&String, &Value)| format!("{}: {}", Value::from(key.as_str()), on_one_line(member));
            format!("{{ {} }}", map.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(on_one_line).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_broken_only_where_it_does_not_fit() {
        assert_eq!(write(&json!({ "a": [1, { "b": null }] })), "{ \"a\": [1, { \"b\": null }] }\n");
        let long = json!({ "first": "x".repeat(100), "list": vec!["y".repeat(30); 6], "empty": {} });
        let text = write(&long);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.lines().count(), 8, "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), long);
    }
}
