//! From the text of a query to what it means.

use super::{Bound, Query, Wanted};

/// Nested deeper than this, a query is refused.
const DEEPEST: usize = 32;

/// Reads a query from its beginning.
pub(super) struct Parser<'a> {
    pub(super) rest: &'a str,
    depth: usize,
}

type Parsed<T> = Result<T, String>;

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.trim(), depth: 0 }
    }

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
    pub(super) fn any(&mut self, field: Option<&[String]>) -> Parsed<Query> {
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
