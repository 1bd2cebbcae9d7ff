//! The `q` and `sort` parameters: the common part of the query syntax that Auth0 documents for user search v3.
//! What it does not know (boosts, fuzzy terms, regular expressions, terms without a field) is refused, with the reason.

use crate::error::ApiError;
use serde_json::Value;
use std::cmp::Ordering;

/// Nested deeper than this, a query is refused.
const DEEPEST: usize = 32;

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
    value: String,
    inclusive: bool,
}

impl Query {
    /// # Errors
    /// Text that is not a query, or a part of the syntax that the sandbox does not know.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let refused = |why: String| {
            let known = "the sandbox knows field:value, \"…\", * and ?, ranges, _exists_, AND, OR, NOT and parentheses";
            ApiError::new(400, format!("The query {text:?} is not supported: {why}; {known}"), "invalid_query_string")
        };
        let mut parser = Parser { rest: text.trim(), depth: 0 };
        let query = parser.any(None).map_err(refused)?;
        match parser.rest {
            "" => Ok(query),
            more => Err(refused(format!("{more:?} is left over"))),
        }
    }

    pub(crate) fn matches(&self, record: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(record)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(record)),
            Self::Not(part) => !part.matches(record),
            Self::Clause(field, wanted) => any_at(record, field, &|value| wanted.fits(value)),
        }
    }

    /// The address, when only records with this email address can match: that is answered from the index.
    pub(crate) fn email(&self) -> Option<&str> {
        match self {
            Self::Clause(field, Wanted::Exactly(text)) if field == &["email"] => Some(text),
            Self::All(parts) => parts.iter().find_map(Self::email),
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

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

type Parsed<T> = Result<T, String>;

impl<'a> Parser<'a> {
    /// Takes a word or sign if it comes next. A word ends where a letter does not follow.
    fn take(&mut self, token: &str) -> bool {
        let Some(after) = self.rest.strip_prefix(token) else { return false };
        let word = token.chars().all(char::is_alphabetic);
        if word && !(after.starts_with(|c: char| c.is_whitespace() || c == '(')) {
            return false;
        }
        self.rest = after.trim_start();
        true
    }

    /// Parts joined by `OR`. `field` is the one before a group: `name:(a OR b)`.
    fn any(&mut self, field: Option<&[String]>) -> Parsed<Query> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deeply".to_owned());
        }
        let mut parts = vec![self.all(field)?];
        while self.take("OR") || self.take("||") {
            parts.push(self.all(field)?);
        }
        self.depth -= 1;
        Ok(if parts.len() == 1 { parts.remove(0) } else { Query::Any(parts) })
    }

    fn all(&mut self, field: Option<&[String]>) -> Parsed<Query> {
        let mut parts = vec![self.one(field)?];
        loop {
            if self.take("AND") || self.take("&&") {
                parts.push(self.one(field)?);
            } else if self.rest.starts_with("NOT ") || self.rest.starts_with('-') {
                // `a:1 NOT b:2`
                parts.push(self.one(field)?);
            } else {
                break;
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Query::All(parts) })
    }

    fn one(&mut self, field: Option<&[String]>) -> Parsed<Query> {
        if self.take("NOT") || self.take("!") || self.take("-") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err("it is nested too deeply".to_owned());
            }
            let inner = self.one(field)?;
            self.depth -= 1;
            return Ok(Query::Not(Box::new(inner)));
        }
        self.take("+");
        if self.take("(") {
            return self.group(field);
        }
        if let Some(field) = field {
            return Ok(Query::Clause(field.to_vec(), self.value()?));
        }
        let end = self.rest.find(|c: char| c == ':' || c.is_whitespace() || c == '(' || c == ')');
        let (name, after) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let after = after.strip_prefix(':').ok_or("a term without a field")?;
        let name = name.replace('\\', "");
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "_-.|/@".contains(c)) {
            return Err("only the name of a field can stand before the colon".to_owned());
        }
        self.rest = after.trim_start();
        if name == "_exists_" {
            let field = self.term()?;
            return Ok(Query::Clause(field.split('.').map(str::to_owned).collect(), Wanted::Anything));
        }
        let field: Vec<String> = name.split('.').map(str::to_owned).collect();
        if self.take("(") {
            return self.group(Some(&field));
        }
        Ok(Query::Clause(field, self.value()?))
    }

    fn group(&mut self, field: Option<&[String]>) -> Parsed<Query> {
        let inner = self.any(field)?;
        if self.take(")") { Ok(inner) } else { Err("a parenthesis is not closed".to_owned()) }
    }

    fn value(&mut self) -> Parsed<Wanted> {
        if let Some(inside) = self.rest.strip_prefix(['[', '{']) {
            return self.range(inside, self.rest.starts_with('['));
        }
        for (sign, high, inclusive) in
            [(">=", false, true), ("<=", true, true), (">", false, false), ("<", true, false)]
        {
            if self.take(sign) {
                let bound = Some(Bound { value: self.term()?.to_lowercase(), inclusive });
                let (low, high) = if high { (None, bound) } else { (bound, None) };
                return Ok(Wanted::Range { low, high });
            }
        }
        if self.rest.starts_with('"') {
            return Ok(Wanted::Exactly(self.quoted()?.to_lowercase()));
        }
        let escaped = self.rest.contains('\\');
        let raw = self.rest;
        let term = self.term()?.to_lowercase();
        let raw = &raw[..raw.len() - self.rest.len()];
        if term == "*" {
            return Ok(Wanted::Anything);
        }
        let wild = !escaped && raw.contains(['*', '?']);
        Ok(if wild { Wanted::Pattern(term) } else { Wanted::Exactly(term) })
    }

    fn range(&mut self, inside: &'a str, from: bool) -> Parsed<Wanted> {
        let end = inside.find([']', '}']).ok_or("a range is not closed")?;
        let to = inside[end..].starts_with(']');
        let (low, high) = inside[..end].split_once(" TO ").ok_or("a range is [a TO b]")?;
        let bound = |text: &str, inclusive| {
            let value = text.trim().trim_matches('"').to_lowercase();
            (value != "*").then_some(Bound { value, inclusive })
        };
        self.rest = inside[end + 1..].trim_start();
        let (low, high) = (bound(low, from), bound(high, to));
        if [&low, &high].iter().any(|bound| bound.as_ref().is_some_and(|bound| bound.value.is_empty())) {
            return Err("an end of the range is missing".to_owned());
        }
        Ok(Wanted::Range { low, high })
    }

    fn quoted(&mut self) -> Parsed<String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((index, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = self.rest[index + 1..].trim_start();
                    return Ok(text);
                }
                '\\' => text.extend(chars.next().map(|(_, c)| c)),
                other => text.push(other),
            }
        }
        Err("a quotation mark is not closed".to_owned())
    }

    /// A word, in which `\` takes the meaning from the next character.
    fn term(&mut self) -> Parsed<String> {
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        let mut end = self.rest.len();
        while let Some((index, c)) = chars.next() {
            match c {
                c if c.is_whitespace() || c == ')' => {
                    end = index;
                    break;
                }
                '\\' => text.extend(chars.next().map(|(_, c)| c)),
                '^' | '~' | '[' | ']' | '{' | '}' | '(' => return Err(format!("{c} is not known in a term")),
                '/' if index == 0 => return Err("no regular expressions".to_owned()),
                other => text.push(other),
            }
        }
        if text.is_empty() {
            return Err("a value is missing".to_owned());
        }
        self.rest = self.rest[end..].trim_start();
        Ok(text)
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
            assert_eq!(Query::parse(query).unwrap().matches(&user), expected, "{query}");
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
    fn an_exact_address_is_answered_from_the_index() {
        let email = |query: &str| Query::parse(query).unwrap().email().map(str::to_owned);
        assert_eq!(email("name:a AND email:A@b.c").as_deref(), Some("a@b.c"));
        for query in ["email:a*", "email:a@b.c OR name:x", "NOT email:a@b.c"] {
            assert_eq!(email(query), None, "{query}");
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
