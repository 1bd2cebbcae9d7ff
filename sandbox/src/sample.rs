//! The smallest valid value of a type: what is answered where the sandbox keeps no state.

use crate::validate::Schema;
use auth0_api_description::{Extra, Kind, Type};
use serde_json::{Map, Value, json};

/// Types refer to each other in circles; a sample ends here.
const DEEPEST: usize = 12;

/// Texts that are tried, in this order, where a pattern or a length has to be met.
const CANDIDATES: &[&str] = &[
    "sample",
    "sample-value",
    "https://example.com",
    "https://example.com/sample",
    "user@example.com",
    "example.com",
    "con_0123456789abcdef",
    "auth0|0123456789abcdef01234567",
    "0123456789abcdef01234567",
    "00000000-0000-4000-a000-000000000000",
    "1",
    "10",
    "en",
    "en-US",
    "#0059d6",
    "127.0.0.1",
    "+15550100",
    "2026-01-01T00:00:00.000Z",
    "/sample",
    "{{sample}}",
    "a",
    "",
];

impl Schema {
    /// The smallest valid value: required properties only, the first enum value, the first variant of a union.
    pub(crate) fn sample(&self, ty: &Type) -> Value {
        self.sample_at(ty, 0)
    }

    /// A valid value with every property that it may have, and one item in each array: for requests of tests.
    #[cfg(test)]
    pub(crate) fn sample_full(&self, ty: &Type) -> Value {
        self.sample_full_at(ty, 0)
    }

    #[cfg(test)]
    fn sample_full_at(&self, ty: &Type, depth: usize) -> Value {
        let (ty, _) = self.resolve(ty);
        let smallest = self.sample_at(ty, depth);
        let full = match &ty.kind {
            _ if depth > 6 => return smallest,
            Kind::Array { items, .. } if smallest.as_array().is_some_and(Vec::is_empty) => {
                json!([self.sample_full_at(items, depth + 1)])
            }
            Kind::Object { .. } => {
                let mut map = smallest.as_object().cloned().unwrap_or_default();
                for property in self.properties(ty).iter().filter(|property| !property.ty.read_only) {
                    map.insert(property.name.clone(), self.sample_full_at(&property.ty, depth + 1));
                }
                Value::Object(map)
            }
            Kind::Union { variants, .. } => {
                let mut fulls = variants.iter().map(|variant| self.sample_full_at(variant, depth + 1));
                fulls.find(|value| self.check(ty, value).is_ok()).unwrap_or_else(|| smallest.clone())
            }
            _ => return smallest,
        };
        if self.check(ty, &full).is_ok() { full } else { smallest }
    }

    fn sample_at(&self, ty: &Type, depth: usize) -> Value {
        let (ty, nullable) = self.resolve(ty);
        if depth > DEEPEST {
            return if nullable { Value::Null } else { json!({}) };
        }
        match &ty.kind {
            Kind::Any => json!({}),
            Kind::Boolean => json!(false),
            Kind::Integer { min, max } | Kind::Number { min, max } => {
                let number = min.unwrap_or(0.0).max(0.0).min(max.unwrap_or(f64::MAX));
                if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
            }
            Kind::String { format, pattern, min, max } => {
                let limits = (min.unwrap_or(0), max.unwrap_or(u64::MAX));
                json!(self.sample_text(format.as_deref(), pattern.as_deref(), limits))
            }
            Kind::Enum(values) => json!(values.first()),
            Kind::Const(value) => value.clone(),
            Kind::Array { items, min, .. } => {
                (0..min.unwrap_or(0)).map(|index| distinct(self.sample_at(items, depth + 1), index)).collect()
            }
            Kind::Object { min, extra, .. } => {
                let properties = self.properties(ty);
                let mut map = Map::new();
                for property in properties.iter().filter(|property| property.required) {
                    map.insert(property.name.clone(), self.sample_at(&property.ty, depth + 1));
                }
                let optional = properties.iter().filter(|property| !property.required && !property.ty.read_only);
                for property in optional {
                    if map.len() as u64 >= min.unwrap_or(0) {
                        break;
                    }
                    map.insert(property.name.clone(), self.sample_at(&property.ty, depth + 1));
                }
                if let Extra::Allowed(ty) = extra {
                    while (map.len() as u64) < min.unwrap_or(0) {
                        map.insert(format!("sample{}", map.len()), self.sample_at(ty, depth + 1));
                    }
                }
                Value::Object(map)
            }
            Kind::Union { variants, .. } => {
                let samples = variants.iter().map(|variant| self.sample_at(variant, depth + 1));
                // The first that is valid, so that a variant that only leads in a circle is passed over.
                let mut first = None;
                for (variant, sample) in variants.iter().zip(samples) {
                    if self.check(variant, &sample).is_ok() {
                        return sample;
                    }
                    first.get_or_insert(sample);
                }
                first.unwrap_or(Value::Null)
            }
            Kind::Reference(_) => Value::Null,
        }
    }

    fn sample_text(&self, format: Option<&str>, pattern: Option<&str>, (min, max): (u64, u64)) -> String {
        let regex = pattern.and_then(|pattern| self.pattern(pattern));
        let fits = |text: &str| {
            let length = text.chars().count() as u64;
            (min..=max).contains(&length) && regex.as_ref().is_none_or(|regex| regex.is_match(text))
        };
        let by_format = match format {
            Some("date-time") => Some("2026-01-01T00:00:00.000Z"),
            Some("date") => Some("2026-01-01"),
            Some("uuid") => Some("00000000-0000-4000-a000-000000000000"),
            Some("email") => Some("user@example.com"),
            Some("ipv4" | "ip") => Some("127.0.0.1"),
            Some("ipv6") => Some("::1"),
            Some("hostname") => Some("example.com"),
            Some(other) if other.contains("uri") || other.contains("url") => Some("https://example.com"),
            _ => None,
        };
        if let Some(text) = by_format.filter(|text| fits(text)) {
            return text.to_owned();
        }
        if let Some(text) = CANDIDATES.iter().find(|text| fits(text)) {
            return (*text).to_owned();
        }
        let made = pattern.and_then(from_pattern).unwrap_or_default();
        let mut text = if fits(&made) { made.clone() } else { String::new() };
        for filler in ["a", "0"] {
            if !fits(&text) {
                text = made.clone();
                while (text.chars().count() as u64) < min {
                    text.push_str(filler);
                }
            }
        }
        text
    }

    /// The value with what a type requires of it and it lacks, down to its members.
    pub(crate) fn fill(&self, ty: &Type, value: &mut Value) {
        self.fill_at(ty, value, false, 0);
    }

    /// As [`Self::fill`], and without the members that the type forbids: a secret that was sent is not answered.
    pub(crate) fn shape(&self, ty: &Type, value: &mut Value) {
        self.fill_at(ty, value, true, 0);
    }

    fn fill_at(&self, ty: &Type, value: &mut Value, cut: bool, depth: usize) {
        let (ty, _) = self.resolve(ty);
        if depth > DEEPEST {
            return;
        }
        match (&ty.kind, &mut *value) {
            (Kind::Object { extra, max, .. }, Value::Object(map)) => {
                let properties = self.properties(ty);
                if cut && (*extra == Extra::Forbidden || *max == Some(0)) {
                    map.retain(|name, _| properties.iter().any(|property| property.name == *name));
                }
                for property in properties.iter() {
                    match map.get_mut(&property.name) {
                        Some(member) => self.fill_at(&property.ty, member, cut, depth + 1),
                        None if property.required => {
                            map.insert(property.name.clone(), self.sample_at(&property.ty, depth + 1));
                        }
                        None => {}
                    }
                }
                if let Extra::Allowed(extra) = extra {
                    for (name, member) in map.iter_mut() {
                        if !properties.iter().any(|property| property.name == *name) {
                            self.fill_at(extra, member, cut, depth + 1);
                        }
                    }
                }
            }
            (Kind::Array { items, .. }, Value::Array(list)) => {
                list.iter_mut().for_each(|item| self.fill_at(items, item, cut, depth + 1));
            }
            (Kind::Union { variants, .. }, _) => {
                if self.check(ty, value).is_ok() {
                    return;
                }
                for variant in variants {
                    let mut filled = value.clone();
                    self.fill_at(variant, &mut filled, cut, depth + 1);
                    if self.check(variant, &filled).is_ok() {
                        *value = filled;
                        return;
                    }
                }
            }
            _ => {}
        }
    }
}

/// Items of a list that must differ: texts get a number.
fn distinct(value: Value, index: u64) -> Value {
    match value {
        Value::String(text) if index > 0 => Value::String(format!("{text}{index}")),
        other => other,
    }
}

/// A text that a simple pattern matches: literals, classes, groups, `|` (the first way) and repetitions (the fewest).
/// `None` for what it does not know.
fn from_pattern(pattern: &str) -> Option<String> {
    let mut chars: Vec<char> = pattern.chars().collect();
    chars.reverse();
    let text = sequence(&mut chars)?;
    chars.is_empty().then_some(text)
}

/// Reads up to the end or a closing parenthesis. `rest` is the pattern backwards.
fn sequence(rest: &mut Vec<char>) -> Option<String> {
    let mut text = String::new();
    let mut first = None;
    while let Some(c) = rest.pop() {
        let unit = match c {
            '^' | '$' => continue,
            ')' => {
                rest.push(')');
                break;
            }
            '|' => {
                first.get_or_insert(std::mem::take(&mut text));
                continue;
            }
            '(' => {
                if rest.last() == Some(&'?') {
                    rest.pop();
                    if rest.pop() != Some(':') {
                        return None;
                    }
                }
                let inner = sequence(rest)?;
                if rest.pop() != Some(')') {
                    return None;
                }
                inner
            }
            '[' => class(rest)?.to_string(),
            '\\' => match rest.pop()? {
                'd' => "1".to_owned(),
                'w' => "a".to_owned(),
                's' => " ".to_owned(),
                'b' => continue,
                literal if !literal.is_ascii_alphanumeric() => literal.to_string(),
                _ => return None,
            },
            '.' => "a".to_owned(),
            literal => literal.to_string(),
        };
        text.push_str(&unit.repeat(repetitions(rest)?));
    }
    Some(first.unwrap_or(text))
}

/// The first letter or digit of a class, else its first character.
fn class(rest: &mut Vec<char>) -> Option<char> {
    let negated = rest.last() == Some(&'^');
    let mut members = Vec::new();
    loop {
        match rest.pop()? {
            ']' => break,
            '\\' => match rest.pop()? {
                'd' => members.push('1'),
                'w' => members.push('a'),
                's' => members.push(' '),
                other => members.push(other),
            },
            other => members.push(other),
        }
    }
    if negated {
        return ['a', '1', '-', '~'].into_iter().find(|c| !members.contains(c));
    }
    members.iter().find(|c| c.is_ascii_alphanumeric()).or(members.first()).copied()
}

/// The fewest times that what stands before may occur; at least once for `*` and `?`-less units.
fn repetitions(rest: &mut Vec<char>) -> Option<usize> {
    match rest.last() {
        Some('+') => {
            rest.pop();
            Some(1)
        }
        Some('*' | '?') => {
            rest.pop();
            Some(0)
        }
        Some('{') => {
            rest.pop();
            let mut digits = String::new();
            let mut least = None;
            loop {
                match rest.pop()? {
                    '}' => break,
                    ',' => least = Some(digits.clone()),
                    digit => digits.push(digit),
                }
            }
            least.unwrap_or(digits).parse().ok()
        }
        _ => Some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::from_pattern;

    #[test]
    fn texts_for_patterns() {
        for pattern in [
            "^con_[A-Za-z0-9]{16}$",
            "^[^/]{2,}$",
            r"^(?:https?|ftp)://[\w.]+\d*$",
            "^(a|b)+c?$",
            r"^#[0-9a-fA-F]{6}$",
            "^$|^https://x",
        ] {
            let text = from_pattern(pattern).expect(pattern);
            assert!(regex_lite::Regex::new(pattern).unwrap().is_match(&text), "{pattern} {text}");
        }
        assert_eq!(from_pattern("(?=a)"), None);
    }
}
