//! The `sort` parameter.

use super::scan::value_at;
use crate::error::ApiError;
use serde_json::Value;
use std::cmp::Ordering;

/// `field:1` or `field:-1`.
#[derive(Debug)]
pub(crate) struct Sort {
    field: Vec<String>,
    descending: bool,
}

/// What a record is sorted by.
#[derive(Debug)]
pub(crate) enum Key {
    Number(f64),
    /// In lower case.
    Text(String),
    Other(String),
    Missing,
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

    /// What the record of this text is sorted by.
    pub(crate) fn key(&self, record: &str) -> Key {
        match value_at(record, &self.field) {
            None => Key::Missing,
            Some(Value::Number(number)) => number.as_f64().map_or(Key::Missing, Key::Number),
            Some(Value::String(text)) => Key::Text(text.to_lowercase()),
            Some(other) => Key::Other(other.to_string()),
        }
    }

    pub(crate) fn compare(&self, a: &Key, b: &Key) -> Ordering {
        let order = match (a, b) {
            // Records without the field come last in either direction.
            (Key::Missing, Key::Missing) => return Ordering::Equal,
            (_, Key::Missing) => return Ordering::Less,
            (Key::Missing, _) => return Ordering::Greater,
            (Key::Number(a), Key::Number(b)) => a.total_cmp(b),
            (Key::Text(a), Key::Text(b)) | (Key::Other(a), Key::Other(b)) => a.cmp(b),
            // Of different kinds: numbers first, then texts.
            _ => a.rank().cmp(&b.rank()),
        };
        if self.descending { order.reverse() } else { order }
    }
}

impl Key {
    fn rank(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Text(_) => 1,
            Self::Other(_) | Self::Missing => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sorting_puts_records_without_the_field_last() {
        let sort = Sort::parse("n:-1").unwrap();
        let mut list = [json!({"n": 1}), json!({}), json!({"n": "a"}), json!({"n": 20}), json!({"n": 3})];
        list.sort_by(|a, b| sort.compare(&sort.key(&a.to_string()), &sort.key(&b.to_string())));
        assert_eq!(list, [json!({"n": "a"}), json!({"n": 20}), json!({"n": 3}), json!({"n": 1}), json!({})]);
        assert!(Sort::parse("n").is_err() && Sort::parse("n:2").is_err());
    }
}
