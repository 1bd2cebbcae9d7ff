//! Where in a JSON text something is: the path of a line and a column.
//!
//! The decoder says line and column. Keeping the path beside the decoding would cost every success something; reading the
//! text once more up to the place costs only the failure.

/// The path of the value that ends at a place, or that the place is in: `users[3].created_at`; `$` for the whole.
/// Lines and columns count from 1, columns in bytes, as `serde_json` does.
pub(crate) fn at(text: &[u8], line: usize, column: usize) -> String {
    let start = match line {
        0 | 1 => 0,
        line => text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(line - 2).map_or(0, |(at, _)| at + 1),
    };
    let end = start.saturating_add(column).min(text.len());
    let mut open: Vec<Step> = Vec::new();
    // The path of the value that was closed last: an error is reported after the value it is about.
    let mut bytes = text.get(..end).unwrap_or(text).iter().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' => open.push(Step::Member { name: None, value: false }),
            b'[' => open.push(Step::Item(0)),
            b'}' | b']' => {
                open.pop();
            }
            b':' => {
                if let Some(Step::Member { value, .. }) = open.last_mut() {
                    *value = true;
                }
            }
            // A comma at the very end belongs to the value before it.
            b',' if at + 1 < end => match open.last_mut() {
                Some(Step::Item(index)) => *index += 1,
                Some(Step::Member { value, .. }) => *value = false,
                None => {}
            },
            b'"' => {
                let from = at + 1;
                let mut to = end;
                let mut escaped = false;
                for (at, byte) in bytes.by_ref() {
                    if !escaped && *byte == b'"' {
                        to = at;
                        break;
                    }
                    escaped = !escaped && *byte == b'\\';
                }
                if let Some(Step::Member { name, value: false }) = open.last_mut() {
                    *name = text.get(from..to).map(|name| String::from_utf8_lossy(name).into_owned());
                }
            }
            _ => {}
        }
    }
    let mut path = String::new();
    for step in open {
        match step {
            Step::Item(index) => path.push_str(&format!("[{index}]")),
            Step::Member { name: Some(name), .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&name);
            }
            Step::Member { name: None, .. } => {}
        }
    }
    if path.is_empty() { "$".to_owned() } else { path }
}

enum Step {
    Item(usize),
    /// The name read last, and whether its value has begun.
    Member {
        name: Option<String>,
        value: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct User {
        id: String,
        logins: Option<i64>,
        tags: Option<Vec<String>>,
        inner: Option<Box<User>>,
    }

    #[derive(Deserialize)]
    #[allow(dead_code)]
    struct List {
        users: Vec<User>,
    }

    #[test]
    fn names_the_value_that_does_not_fit() {
        for (text, wanted) in [
            (r#"{"users":[{"id":"a"},{"id":1}]}"#, "users[1].id"),
            (r#"{"users":[{"id":"a","logins":"x"}]}"#, "users[0].logins"),
            (r#"{"users":[{"id":"a","logins":"x","tags":[]}]}"#, "users[0].logins"),
            ("{\n \"users\": [\n  {\"id\": \"a\",\n   \"tags\": [\"a\", \"b,]\\\"\", {}] }\n ]\n}", "users[0].tags[2]"),
            (r#"{"users":[{"id":"a","inner":{"id":"b","inner":{"id":[]}}}]}"#, "users[0].inner.inner.id"),
            (r#"{"users":[{"id":"a"},{"logins":1}]}"#, "users[1]"),
            (r#"{"users":{}}"#, "users"),
            (r#"[]"#, "$"),
            (r#""x""#, "$"),
        ] {
            let error = serde_json::from_str::<List>(text).err().expect(text);
            assert_eq!(at(text.as_bytes(), error.line(), error.column()), wanted, "{text}: {error}");
        }
    }

    #[test]
    fn survives_any_place_in_any_text() {
        for text in ["", "{", "[[", "\"\\", "}}]],,::", "{\"a\":[1,\n2]}"] {
            for line in 0..4 {
                for column in 0..20 {
                    let _ = at(text.as_bytes(), line, column);
                }
            }
        }
    }
}
