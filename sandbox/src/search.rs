//! The `q` and `sort` parameters: the part of the query syntax that this version knows. What it does not know is refused.

use crate::error::ApiError;
use serde_json::Value;
use std::cmp::Ordering;

/// Clauses that must all hold: `field:value`, `field:"value"`, `field:start*`, `field:*`, joined by `AND`.
#[derive(Debug, PartialEq)]
pub(crate) struct Query(Vec<Clause>);

#[derive(Debug, PartialEq)]
struct Clause {
    field: Vec<String>,
    wanted: Wanted,
}

#[derive(Debug, PartialEq)]
enum Wanted {
    Exactly(String),
    StartsWith(String),
    Anything,
}

impl Query {
    /// # Errors
    /// Syntax that this version of the sandbox does not know.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let refuse = |why: &str| {
            let known = "this sandbox knows field:value, field:\"value\", a trailing * and AND";
            ApiError::new(400, format!("The query {text:?} is not supported: {why}; {known}"), "invalid_query_string")
        };
        let mut clauses = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (field, after) = rest.split_once(':').ok_or_else(|| refuse("a clause without a field"))?;
            if field.is_empty() || !field.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c)) {
                return Err(refuse("only a field name can stand before the colon"));
            }
            if field == "_exists_" {
                return Err(refuse("no _exists_"));
            }
            let (value, quoted, after) = match after.strip_prefix('"') {
                Some(inside) => {
                    let (value, after) =
                        inside.split_once('"').ok_or_else(|| refuse("a quotation mark is not closed"))?;
                    (value, true, after)
                }
                None => {
                    let end = after.find(char::is_whitespace).unwrap_or(after.len());
                    (&after[..end], false, &after[end..])
                }
            };
            let wanted = if quoted {
                Wanted::Exactly(value.to_lowercase())
            } else if value == "*" {
                Wanted::Anything
            } else {
                let (start, open) = value.strip_suffix('*').map_or((value, false), |start| (start, true));
                if start.is_empty() || start.contains(|c: char| "*?[]{}()<>~^\\/".contains(c)) {
                    return Err(refuse("no ranges, groups or other wildcards"));
                }
                if open { Wanted::StartsWith(start.to_lowercase()) } else { Wanted::Exactly(start.to_lowercase()) }
            };
            clauses.push(Clause { field: field.split('.').map(str::to_owned).collect(), wanted });
            rest = match after.trim_start() {
                "" => "",
                more => more.strip_prefix("AND ").ok_or_else(|| refuse("only AND joins clauses"))?.trim_start(),
            };
            if rest.is_empty() && !after.trim().is_empty() {
                return Err(refuse("nothing follows AND"));
            }
        }
        Ok(Self(clauses))
    }

    pub(crate) fn matches(&self, record: &Value) -> bool {
        self.0.iter().all(|clause| any_at(record, &clause.field, &|value| clause.wanted.fits(value)))
    }

    /// The address, when the query asks for one exact email address: that is answered from the index.
    pub(crate) fn email(&self) -> Option<&str> {
        self.0.iter().find_map(|clause| match &clause.wanted {
            Wanted::Exactly(text) if clause.field == ["email"] => Some(text.as_str()),
            _ => None,
        })
    }
}

impl Wanted {
    fn fits(&self, value: &Value) -> bool {
        let text = match value {
            Value::Null => return false,
            Value::String(text) => text.to_lowercase(),
            other => other.to_string(),
        };
        match self {
            Self::Anything => true,
            Self::Exactly(wanted) => text == *wanted,
            Self::StartsWith(start) => text.starts_with(start),
        }
    }
}

/// Whether the test holds for the value at a path; an array counts as each of its items.
pub(crate) fn any_at(value: &Value, path: &[String], test: &dyn Fn(&Value) -> bool) -> bool {
    match (value, path.split_first()) {
        (Value::Array(list), _) => list.iter().any(|item| any_at(item, path, test)),
        (_, None) => test(value),
        (_, Some((first, rest))) => value.get(first).is_some_and(|member| any_at(member, rest, test)),
    }
}

/// `field:1` or `field:-1`.
#[derive(Debug)]
pub(crate) struct Sort {
    field: Vec<String>,
    descending: bool,
}

impl Sort {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let refused = || ApiError::invalid_query(format!("{text} is not a sort order; use field:1 or field:-1"));
        let (field, direction) = text.rsplit_once(':').ok_or_else(refused)?;
        let descending = match direction {
            "1" => false,
            "-1" => true,
            _ => return Err(refused()),
        };
        if field.is_empty() {
            return Err(refused());
        }
        Ok(Self { field: field.split('.').map(str::to_owned).collect(), descending })
    }

    pub(crate) fn compare(&self, a: &Value, b: &Value) -> Ordering {
        let at = |value: &'_ Value| self.field.iter().try_fold(value.clone(), |value, name| value.get(name).cloned());
        let order = match (at(a), at(b)) {
            (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64().partial_cmp(&b.as_f64()),
            (Some(Value::String(a)), Some(Value::String(b))) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
            (Some(a), Some(b)) => Some(a.to_string().cmp(&b.to_string())),
            // Records without the field come last in either direction.
            (Some(_), None) => return Ordering::Less,
            (None, Some(_)) => return Ordering::Greater,
            (None, None) => None,
        };
        let order = order.unwrap_or(Ordering::Equal);
        if self.descending { order.reverse() } else { order }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn clauses_match_nested_members_and_arrays() {
        let user = json!({"email": "Ann@x.org", "logins": 3, "app_metadata": {"plan": "gold"},
                          "identities": [{"connection": "a"}, {"connection": "b"}]});
        for (query, expected) in [
            ("email:ann@x.org", true),
            ("email:\"Ann@x.org\"", true),
            ("email:an*", true),
            ("email:x*", false),
            ("email:* AND logins:3", true),
            ("name:*", false),
            ("app_metadata.plan:gold AND identities.connection:b", true),
            ("identities.connection:c", false),
        ] {
            assert_eq!(Query::parse(query).unwrap().matches(&user), expected, "{query}");
        }
    }

    #[test]
    fn unknown_syntax_is_refused() {
        for query in [
            "ann",
            "a:[1 TO 2]",
            "a:b OR c:d",
            "a:b c:d",
            "NOT a:b",
            "a:*b",
            "a:\"b",
            "_exists_:a",
            "a:b AND ",
            "(a:b)",
        ] {
            let error = Query::parse(query).expect_err(query);
            assert_eq!((error.status, error.code), (400, Some("invalid_query_string")), "{query}");
        }
    }

    #[test]
    fn sorting_puts_records_without_the_field_last() {
        let sort = Sort::parse("n:-1").unwrap();
        let mut list = [json!({"n": 1}), json!({}), json!({"n": 20}), json!({"n": 3})];
        list.sort_by(|a, b| sort.compare(a, b));
        assert_eq!(list, [json!({"n": 20}), json!({"n": 3}), json!({"n": 1}), json!({})]);
        assert!(Sort::parse("n").is_err() && Sort::parse("n:2").is_err());
    }
}
