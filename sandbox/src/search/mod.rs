//! The `q` and `sort` parameters: the common part of the query syntax that Auth0 documents for user search v3.
//! What it does not know (boosts, fuzzy terms, regular expressions, terms without a field) is refused, with the reason.

mod parser;
mod scan;
mod sort;

pub(crate) use scan::{any_in, text_at};
pub(crate) use sort::{Key, Sort};

use crate::error::ApiError;
use parser::Parser;
use serde_json::Value;
use std::cmp::Ordering;

/// What records have to be like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    Clause(Vec<String>, Wanted),
}

/// What a member has to be like. Texts are compared in lower case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wanted {
    Exactly(String),
    /// With `*` and `?` in it.
    Pattern(String),
    /// It is there, and not null.
    Anything,
    Range {
        low: Option<Bound>,
        high: Option<Bound>,
    },
}

/// An end of a range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) value: String,
    pub(crate) inclusive: bool,
}

/// What is known of the email address of all that match, in lower case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Address<'a> {
    Whole(&'a str),
    Begin(&'a str),
}

impl Query {
    /// # Errors
    /// Text that is not a query, or a part of the syntax that the sandbox does not know.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let refused = |why: String| {
            let known = "the sandbox knows field:value, \"…\", * and ?, ranges, _exists_, AND, OR, NOT and parentheses";
            ApiError::new(400, format!("The query {text:?} is not supported: {why}; {known}"), "invalid_query_string")
        };
        let mut parser = Parser::new(text);
        let query = parser.any(None).map_err(refused)?;
        match parser.rest {
            "" => Ok(query),
            more => Err(refused(format!("{more:?} is left over"))),
        }
    }

    /// Whether the text of a record matches.
    pub(crate) fn matches(&self, record: &str) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(record)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(record)),
            Self::Not(part) => !part.matches(record),
            Self::Clause(field, wanted) => any_in(record, field, &|value| wanted.fits(value)),
        }
    }

    /// The address, or the beginning of it, when only records with such an email address can match: that is answered from
    /// the index.
    pub(crate) fn email(&self) -> Option<Address<'_>> {
        match self {
            Self::Clause(field, wanted) if field == &["email"] => match wanted {
                Wanted::Exactly(text) => Some(Address::Whole(text)),
                Wanted::Pattern(text) => {
                    let begin = text.split(['*', '?']).next().filter(|begin| !begin.is_empty())?;
                    Some(Address::Begin(begin))
                }
                _ => None,
            },
            Self::All(parts) => parts.iter().find_map(Self::email),
            _ => None,
        }
    }

    /// The id, in lower case, when only the user of this id can match.
    pub(crate) fn user_id(&self) -> Option<&str> {
        match self {
            Self::Clause(field, Wanted::Exactly(text)) if field == &["user_id"] => Some(text),
            Self::All(parts) => parts.iter().find_map(Self::user_id),
            _ => None,
        }
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
            Self::Pattern(pattern) => glob(pattern.as_bytes(), text.as_bytes()),
            Self::Range { low, high } => {
                let above = low.as_ref().is_none_or(|low| match order(&text, &low.value) {
                    Ordering::Greater => true,
                    Ordering::Equal => low.inclusive,
                    Ordering::Less => false,
                });
                // An upper end that is a part of a date means the whole of that day, month or year.
                let below = high.as_ref().is_none_or(|high| match order(&text, &high.value) {
                    Ordering::Less => true,
                    Ordering::Equal => high.inclusive,
                    Ordering::Greater => high.inclusive && is_date_start(&high.value) && text.starts_with(&high.value),
                });
                above && below
            }
        }
    }
}

/// Numbers as numbers, all else as texts.
fn order(one: &str, other: &str) -> Ordering {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => one.partial_cmp(&other).unwrap_or(Ordering::Equal),
        _ => one.cmp(other),
    }
}

fn is_date_start(text: &str) -> bool {
    text.len() >= 4 && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
}

/// `*` stands for any text, `?` for one character (here: one byte of it, which is enough for a match).
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut of, mut star) = (0, 0, None);
    while of < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                of += 1;
            }
            Some(byte) if *byte == text[of] => {
                at += 1;
                of += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    of = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn clauses_match_nested_members_and_arrays() {
        let user = json!({"email": "Ann@x.org", "logins_count": 3, "app_metadata": {"plan": "gold", "a b": 1},
                          "created_at": "2026-03-05T10:00:00.000Z", "blocked": false, "name": "Ann \"Bo\" Li",
                          "identities": [{"connection": "a"}, {"connection": "b"}], "empty": null});
        for (query, expected) in [
            ("email:ann@x.org", true),
            ("email:\"Ann@x.org\"", true),
            ("email:an*", true),
            ("email:x*", false),
            ("email:*@x.org", true),
            ("email:a?n@*", true),
            ("email:a?@x.org", false),
            ("email:* AND logins_count:3", true),
            ("nickname:*", false),
            ("empty:*", false),
            ("_exists_:email", true),
            ("_exists_:app_metadata.plan AND NOT _exists_:app_metadata.age", true),
            ("app_metadata.plan:gold AND identities.connection:b", true),
            ("identities.connection:c", false),
            ("identities.connection:c OR email:ann@x.org", true),
            ("NOT identities.connection:c", true),
            ("-identities.connection:b", false),
            ("email:ann* NOT blocked:true", true),
            ("email:ann* AND NOT blocked:false", false),
            ("(email:x* OR email:ann*) AND blocked:false", true),
            ("email:x* OR email:ann* AND blocked:true", false),
            ("app_metadata.plan:(silver OR gold)", true),
            ("app_metadata.plan:(silver OR bronze)", false),
            ("logins_count:[1 TO 3]", true),
            ("logins_count:[1 TO 3}", false),
            ("logins_count:{3 TO *]", false),
            ("logins_count:>=3 AND logins_count:<20", true),
            ("logins_count:[10 TO 20]", false),
            ("created_at:[2026-01-01 TO 2026-03-05]", true),
            ("created_at:[2025 TO 2026]", true),
            ("created_at:[* TO 2026-03-04]", false),
            ("name:\"ann \\\"bo\\\" li\"", true),
            ("name:ann\\ *", false),
            ("name:ann*", true),
        ] {
            assert_eq!(Query::parse(query).unwrap().matches(&user.to_string()), expected, "{query}");
        }
    }

    #[test]
    fn unknown_syntax_is_refused() {
        for query in [
            "ann",
            "a:[1 2]",
            "a:[1 TO",
            "a:b c:d",
            "a:\"b",
            "a:b AND ",
            "(a:b",
            "a:b)",
            "a:",
            "a:b~2",
            "a:b^3",
            "a:/x/",
            "OR",
            "a:(b",
            "NOT",
            ":a",
            "a:[ TO 2]",
        ] {
            let error = Query::parse(query).expect_err(query);
            assert_eq!((error.status, error.code), (400, Some("invalid_query_string")), "{query}");
        }
        assert!(Query::parse(&"(".repeat(100_000)).is_err() && Query::parse(&"NOT ".repeat(100_000)).is_err());
    }

    #[test]
    fn addresses_and_ids_are_answered_from_the_index() {
        let email = |query: &str| format!("{:?}", Query::parse(query).unwrap().email());
        assert_eq!(email("name:a AND email:A@b.c"), "Some(Whole(\"a@b.c\"))");
        assert_eq!(email("email:Ann*@b.c"), "Some(Begin(\"ann\"))");
        for query in ["email:*a", "email:a@b.c OR name:x", "NOT email:a@b.c", "email:[a TO b]"] {
            assert_eq!(email(query), "None", "{query}");
        }
        let id = |query: &str| Query::parse(query).unwrap().user_id().map(str::to_owned);
        assert_eq!(id("blocked:true AND user_id:\"auth0|1\"").as_deref(), Some("auth0|1"));
        assert_eq!(id("user_id:auth0*"), None);
    }
}
