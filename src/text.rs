//! Searching and quoting texts.
//!
//! The standard library's searcher for texts in texts, the escapes of `{:?}` and the panics of `text[a..b]` are 8 KB of
//! wasm together, and what is searched here is short.

use std::fmt;

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

/// Shows a text in quotation marks, control characters as `?`.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        // A long text is somebody's mistake, and an error is one line.
        for character in self.0.chars().take(200) {
            let shown = if character.is_control() { '?' } else { character };
            f.write_str(shown.encode_utf8(&mut [0; 4]))?;
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_and_replaces() {
        assert_eq!(split_once("a://b://c", "://"), Some(("a", "b://c")));
        assert_eq!(split_once("ab", "://"), None);
        assert_eq!(split_once("", "x"), None);
        assert_eq!(split_once("äöü", "ö"), Some(("ä", "ü")));
        assert_eq!(replace("xaxbx", "x", "yy").as_deref(), Some("yyayybyy"));
        assert_eq!(replace("abc", "x", "y"), None);
        assert_eq!(replace("abc", "", "y"), None);
        assert_eq!(Quoted("a\"b\n").to_string(), "\"a\"b?\"");
    }
}
