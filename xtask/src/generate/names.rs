//! From the API's names to Rust's.

/// Words of a name: `users.authenticationMethods`, `client_id`, `clientID`, `org.iso.18013.5.1`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    let characters: Vec<char> = name.chars().collect();
    for (index, &c) in characters.iter().enumerate() {
        let next_is_lower = characters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        let starts = c.is_ascii_uppercase()
            && (last.is_ascii_lowercase() || last.is_ascii_digit() || (last.is_ascii_uppercase() && next_is_lower));
        if !c.is_ascii_alphanumeric() {
            last = ' ';
            continue;
        }
        if last == ' ' || starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
        last = c;
    }
    words
}

/// `authentication_methods`, a keyword as a raw identifier.
pub(super) fn snake(name: &str) -> String {
    let joined = words(name).iter().map(|word| word.to_ascii_lowercase()).collect::<Vec<_>>().join("_");
    match joined.as_str() {
        "" => "empty".to_owned(),
        "self" | "super" | "crate" => joined + "_",
        "as" | "async" | "await" | "box" | "break" | "const" | "continue" | "do" | "dyn" | "else" | "enum"
        | "extern" | "false" | "final" | "fn" | "for" | "if" | "impl" | "in" | "let" | "loop" | "macro" | "match"
        | "mod" | "move" | "mut" | "override" | "priv" | "pub" | "ref" | "return" | "static" | "struct" | "trait"
        | "true" | "try" | "type" | "typeof" | "unsafe" | "use" | "where" | "while" | "yield" | "gen" => {
            format!("r#{joined}")
        }
        _ if joined.starts_with(|c: char| c.is_ascii_digit()) => format!("n{joined}"),
        _ => joined,
    }
}

/// `AuthenticationMethods`; what is capitalised already stays as it is.
pub(super) fn pascal(name: &str) -> String {
    let capital = |word: &String| word[..1].to_ascii_uppercase() + &word[1..];
    words(name).iter().map(capital).collect()
}

/// `NON_INTERACTIVE`.
pub(super) fn screaming(value: &str) -> String {
    if value.is_empty() {
        return "EMPTY".to_owned();
    }
    let negative = if value.starts_with('-') { "MINUS_" } else { "" };
    let joined = words(value).iter().map(|word| word.to_ascii_uppercase()).collect::<Vec<_>>().join("_");
    match joined.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("{negative}N{joined}"),
        false if joined.is_empty() => "OTHER".to_owned(),
        false => format!("{negative}{joined}"),
    }
}

/// `client-grants`, the name of a feature.
pub(super) fn kebab(name: &str) -> String {
    words(name).iter().map(|word| word.to_ascii_lowercase()).collect::<Vec<_>>().join("-")
}

/// A name that no other has yet.
pub(super) fn unique(wanted: String, taken: impl Fn(&str) -> bool) -> String {
    if !taken(&wanted) {
        return wanted;
    }
    let mut number = 2;
    loop {
        let name = if wanted.starts_with(|c: char| c.is_ascii_uppercase()) && !wanted.contains('_') {
            format!("{wanted}{number}")
        } else {
            format!("{}_{number}", wanted.trim_start_matches("r#"))
        };
        if !taken(&name) {
            return name;
        }
        number += 1;
    }
}

/// The words that all names have in common at the start, and at the end.
pub(super) fn common(names: &[String]) -> (usize, usize) {
    let all: Vec<Vec<String>> = names.iter().map(|name| words(name)).collect();
    let shortest = all.iter().map(Vec::len).min().unwrap_or(0);
    let same = |index: &dyn Fn(&Vec<String>) -> Option<String>| {
        let first = all.first().and_then(index);
        first.is_some() && all.iter().all(|words| index(words) == first)
    };
    let mut start = 0;
    while start + 1 < shortest && same(&|words| words.get(start).cloned()) {
        start += 1;
    }
    let mut end = 0;
    while start + end + 1 < shortest
        && same(&|words| words.len().checked_sub(end + 1).and_then(|at| words.get(at).cloned()))
    {
        end += 1;
    }
    (start, end)
}

/// A name without words at its start and its end.
pub(super) fn without(name: &str, (start, end): (usize, usize)) -> String {
    let words = words(name);
    words[start.min(words.len())..words.len().saturating_sub(end)].concat()
}
