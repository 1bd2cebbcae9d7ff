//! Searching and quoting texts.
//!
//! The standard library's searcher for texts in texts, the escapes of `{:?}` and the panics of `text[a..b]` are 8 KB of
//! wasm together, and what is searched here is short. Formatting (`format!`, `to_string` of numbers) is another 5 KB: what the
//! npm package reaches puts texts together with `concat`.

/// Where a text stands in another.
fn find(text: &str, part: &str) -> Option<usize> {
    text.as_bytes().windows(part.len().max(1)).position(|window| window == part.as_bytes())
}

/// What stands before and after the first occurrence of a separator, which is not empty.
pub(crate) fn split_once<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, separator)?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// A text with every occurrence of a part replaced; `None` when there is none, or the part is empty.
pub(crate) fn replace(text: &str, part: &str, with: &str) -> Option<String> {
    let (mut before, mut rest) = split_once(text, part).filter(|_| !part.is_empty())?;
    let mut out = String::with_capacity(text.len());
    loop {
        out.push_str(before);
        out.push_str(with);
        match split_once(rest, part) {
            Some(next) => (before, rest) = next,
            None => {
                out.push_str(rest);
                return Some(out);
            }
        }
    }
}

/// A text in quotation marks, control characters as `?`.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    // A long text is somebody's mistake, and an error is one line.
    out.extend(text.chars().take(200).map(|character| if character.is_control() { '?' } else { character }));
    out.push('"');
    out
}

/// A number in decimal digits.
pub(crate) fn digits(mut number: u64) -> String {
    let mut reversed = Vec::new();
    loop {
        reversed.push(char::from(b'0' + (number % 10) as u8));
        number /= 10;
        if number == 0 {
            return reversed.iter().rev().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_and_replaces() {
        assert_eq!(split_once("a://b://c", "://"), Some(("a", "b://c")));
        assert_eq!((digits(0), digits(1090), digits(u64::MAX)), ("0".into(), "1090".into(), u64::MAX.to_string()));
        assert_eq!(split_once("ab", "://"), None);
        assert_eq!(split_once("", "x"), None);
        assert_eq!(split_once("äöü", "ö"), Some(("ä", "ü")));
        assert_eq!(replace("xaxbx", "x", "yy").as_deref(), Some("yyayybyy"));
        assert_eq!(replace("abc", "x", "y"), None);
        assert_eq!(replace("abc", "", "y"), None);
        assert_eq!(quoted("a\"b\n"), "\"a\"b?\"");
    }
}
