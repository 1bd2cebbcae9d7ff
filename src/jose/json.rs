//! JSON as a token may hold it, read strictly (RFC 8259): a member that comes twice is refused, at any depth, and so is
//! deep nesting, and half of a surrogate pair.
//!
//! Our own, because a security decision must not hang on which of two members a parser takes: `JSON.parse` and `serde_json`
//! take the last one and say nothing. It also keeps `serde_json` out of the wasm of the npm package.

/// How deep arrays and objects may be nested.
const MAX_DEPTH: u32 = 32;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    Array(Vec<Node>),
    Object(Members),
}

/// The members of an object, in order; each name is there once.
pub(crate) type Members = Vec<(String, Node)>;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    Syntax,
    Duplicate,
}

/// The member of a name.
pub(crate) fn member<'a>(members: &'a [(String, Node)], name: &str) -> Option<&'a Node> {
    // Nearly all names of claims have three letters: the last tells them apart without a call.
    let last = name.as_bytes().last();
    members.iter().find(|(known, _)| known.as_bytes().last() == last && known == name).map(|(_, value)| value)
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn object(&self) -> Option<&Members> {
        match self {
            Node::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The texts of an array of nothing else.
    pub(crate) fn texts(&self) -> Option<Vec<&str>> {
        match self {
            Node::Array(items) => items.iter().map(Node::text).collect(),
            _ => None,
        }
    }

    /// A whole number from 0 up to 2^53 - 1, as JavaScript can hold it, written without a point or an exponent.
    pub(crate) fn whole(&self) -> Option<u64> {
        match self {
            Node::Number(text) if text.len() <= 16 => text.parse().ok().filter(|number| *number < 1 << 53),
            _ => None,
        }
    }

    /// The value in serde's terms.
    pub(crate) fn to_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Node::Null => Value::Null,
            Node::Bool(flag) => Value::Bool(*flag),
            // Not by serde, which reads fractions to their last digit with a feature only. Out of all range is null.
            Node::Number(text) => match (text.parse::<u64>(), text.parse::<i64>()) {
                (Ok(whole), _) => Value::from(whole),
                (_, Ok(whole)) => Value::from(whole),
                _ => text.parse::<f64>().map_or(Value::Null, Value::from),
            },
            Node::Text(text) => Value::String(text.clone()),
            Node::Array(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Node::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), value.to_value())).collect())
            }
        }
    }
}

/// Reads an object and nothing else.
pub(crate) fn object(bytes: &[u8]) -> Result<Members, Problem> {
    match document(bytes)? {
        Node::Object(members) => Ok(members),
        _ => Err(Problem::Syntax),
    }
}

fn document(bytes: &[u8]) -> Result<Node, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::Syntax)?;
    let mut reader = Reader { text, at: 0, depth: 0, duplicate: false };
    let value = reader.value()?;
    reader.space();
    if reader.at != text.len() {
        return Err(Problem::Syntax);
    }
    // What is no JSON is that first, whatever else it is.
    if reader.duplicate { Err(Problem::Duplicate) } else { Ok(value) }
}

/// True when an object in a JSON text has a member twice, at any depth. What is no JSON at all, another reader tells better.
pub(crate) fn has_duplicate(bytes: &[u8]) -> bool {
    document(bytes) == Err(Problem::Duplicate)
}

/// Writes a text as JSON (RFC 8259, section 7).
pub(crate) fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\0'..='\x1f' => {
                out.push_str("\\u00");
                for digit in [character as u32 >> 4, character as u32 & 15] {
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    duplicate: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, byte: u8) -> Result<(), Problem> {
        if self.eat(byte) { Ok(()) } else { Err(Problem::Syntax) }
    }

    fn word(&mut self, word: &str, node: Node) -> Result<Node, Problem> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(Problem::Syntax);
        }
        self.at += word.len();
        Ok(node)
    }

    fn value(&mut self) -> Result<Node, Problem> {
        self.space();
        match self.peek() {
            Some(b'"') => self.string().map(Node::Text),
            Some(b'{' | b'[') => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(Problem::Syntax);
                }
                let node = if self.eat(b'{') { self.members() } else { self.items() };
                self.depth -= 1;
                node
            }
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            _ => self.number(),
        }
    }

    fn members(&mut self) -> Result<Node, Problem> {
        // As many as a token has; and not for each of a thousand empty ones inside.
        let mut members = Members::with_capacity(if self.depth == 1 { 12 } else { 0 });
        if !self.eat(b'}') {
            loop {
                self.space();
                let name = self.string()?;
                self.expect(b':')?;
                let value = self.value()?;
                self.duplicate |= member(&members, &name).is_some();
                members.push((name, value));
                if !self.eat(b',') {
                    break;
                }
            }
            self.expect(b'}')?;
        }
        Ok(Node::Object(members))
    }

    fn items(&mut self) -> Result<Node, Problem> {
        let mut items = Vec::new();
        self.expect(b'[')?;
        if !self.eat(b']') {
            loop {
                items.push(self.value()?);
                if !self.eat(b',') {
                    break;
                }
            }
            self.expect(b']')?;
        }
        Ok(Node::Array(items))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Node, Problem> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let zero = self.peek() == Some(b'0');
        let digits = self.digits();
        if digits == 0 || (zero && digits > 1) {
            return Err(Problem::Syntax);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(Problem::Syntax);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(Problem::Syntax);
            }
        }
        Ok(Node::Number(self.text.get(start..self.at).unwrap_or_default().to_owned()))
    }

    fn string(&mut self) -> Result<String, Problem> {
        if self.peek() != Some(b'"') {
            return Err(Problem::Syntax);
        }
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..).ok_or(Problem::Syntax)?;
            let ends = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
            let length = rest.as_bytes().iter().position(ends).unwrap_or(rest.len());
            let plain = rest.get(..length).ok_or(Problem::Syntax)?;
            self.at += length;
            let byte = self.peek();
            self.at += 1;
            // Nearly all of them: without an escape.
            if byte == Some(b'"') && out.is_empty() {
                return Ok(plain.to_owned());
            }
            out.push_str(plain);
            match byte {
                Some(b'"') => return Ok(out),
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(Problem::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let byte = self.peek().ok_or(Problem::Syntax)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.hex()?;
                if code & 0xfc00 == 0xd800 {
                    self.word("\\u", Node::Null)?;
                    let low = self.hex()?;
                    if low & 0xfc00 != 0xdc00 {
                        return Err(Problem::Syntax);
                    }
                    code = 0x1_0000 + ((code & 0x3ff) << 10 | low & 0x3ff);
                }
                char::from_u32(code).ok_or(Problem::Syntax)?
            }
            _ => return Err(Problem::Syntax),
        })
    }

    fn hex(&mut self) -> Result<u32, Problem> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16)).ok_or(Problem::Syntax)?;
            self.at += 1;
            code = code << 4 | digit;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_serde_reads() {
        for text in [
            "{}",
            " { \"a\" : [ 1 , -0.5e+3 , true , false , null , {} , [] , \"x\" ] } \n",
            r#"{"a":"\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00 \u0000","ä":"€","":{"a":{"a":1}}}"#,
        ] {
            let made = Node::Object(object(text.as_bytes()).unwrap()).to_value();
            assert_eq!(made, serde_json::from_str::<serde_json::Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_object() {
        for text in ["", "[]", "1", "}", "{} x", "{\"a\":1,}", "{\"a\":\"", "\u{feff}{}", "{\"a\":1}\0"] {
            assert_eq!(object(text.as_bytes()), Err(Problem::Syntax), "{text}");
        }
        for text in ["\n", "\\x", "\\ud800", "\\udc00", "\\ud800\\u0041", "\\u12"] {
            assert_eq!(object(["{\"a\":\"", text, "\"}"].concat().as_bytes()), Err(Problem::Syntax), "{text}");
        }
        for value in ["", "/**/1", "01", "1.", ".5", "-", "1e", "+1", "tru", "[1,]", "[1 2]"] {
            assert_eq!(object(["{\"a\":", value, "}"].concat().as_bytes()), Err(Problem::Syntax), "{value}");
        }
        for name in ["a", "'a'", ""] {
            assert_eq!(object(["{", name, ":1}"].concat().as_bytes()), Err(Problem::Syntax), "{name}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}"), Err(Problem::Syntax));
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"b":[{"a":1,"c":2,"a":3}]}"#] {
            assert_eq!(object(text.as_bytes()), Err(Problem::Duplicate), "{text}");
        }
        assert!(has_duplicate(br#"[{"a":1},{"a":1,"b":{"c":1,"c":1}}]"#));
        for text in [r#"{"a":1,"a":1"#, r#"{"a":1,"a":1,"b":"\ud800"}"#, r#"{"a":1,"a":1} x"#] {
            assert_eq!(object(text.as_bytes()), Err(Problem::Syntax), "{text}");
        }
        for text in ["", "[1", r#"[{"a":1},{"a":1}]"#, "null"] {
            assert!(!has_duplicate(text.as_bytes()), "{text}");
        }
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(object(nested(31).as_bytes()).is_ok());
        assert!(object(nested(32).as_bytes()).is_err());
        assert!(object(nested(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn whole_numbers() {
        let whole = |text: &str| Node::Number(text.to_owned()).whole();
        assert_eq!((whole("0"), whole("9007199254740991")), (Some(0), Some(9_007_199_254_740_991)));
        for text in ["-1", "-0", "1.0", "1e3", "9007199254740992", "99999999999999999999999"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_to_the_last_digit() {
        let read = |text: &str| Node::Number(text.to_owned()).to_value().to_string();
        assert_eq!(read("12456789012345678901234567890"), "1.2456789012345678e+28");
        assert_eq!((read("-7"), read("18446744073709551615")), ("-7".to_owned(), u64::MAX.to_string()));
        assert_eq!((read("1e400"), read("-0.5e-3")), ("null".to_owned(), "-0.0005".to_owned()));
    }

    #[test]
    fn writes_texts() {
        let mut out = String::new();
        push_text(&mut out, "a\"\\\n\u{1f}ä");
        assert_eq!(out, "\"a\\\"\\\\\\u000a\\u001fä\"");
    }
}
