//! Bodies of several parts (RFC 7578).

use std::fmt;

/// The body of an upload: texts and files, each under a name.
///
/// ```
/// let users = r#"[{"email":"jo@example.com"}]"#;
/// let form = auth0_sdk::Multipart::new()
///     .text("connection_id", "con_0123456789abcdef")
///     .file("users", "users.json", "application/json", users);
/// # let _ = form;
/// ```
#[derive(Clone, Default)]
#[must_use = "a form does nothing before a call sends it"]
pub struct Multipart(Vec<Part>);

#[derive(Clone)]
struct Part {
    name: String,
    /// Name and media type.
    file: Option<(String, String)>,
    content: Vec<u8>,
}

impl Multipart {
    /// A form without parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub fn text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.0.push(Part { name: name.into(), file: None, content: text.into().into_bytes() });
        self
    }

    /// Adds a file: the name of its part, its own name, its media type and its content.
    pub fn file(
        mut self,
        name: impl Into<String>,
        file_name: impl Into<String>,
        media_type: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        let file = Some((file_name.into(), media_type.into()));
        self.0.push(Part { name: name.into(), file, content: content.into() });
        self
    }

    /// The content type, with the boundary, and the body.
    pub(crate) fn encode(&self) -> (String, Vec<u8>) {
        let boundary = self.boundary();
        let mut body = Vec::new();
        for part in &self.0 {
            let mut head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(&part.name));
            if let Some((name, media_type)) = &part.file {
                head.push_str(&format!("; filename=\"{}\"\r\nContent-Type: {}", quoted(name), quoted(media_type)));
            }
            head.push_str("\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(&part.content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body)
    }

    /// A boundary that no part has in it, the same each time, so that a repeated request is the same request.
    fn boundary(&self) -> String {
        let mut number = 0_u64;
        loop {
            let boundary = format!("auth0-sdk-{number:016}");
            let inside = |part: &Part| part.content.windows(boundary.len()).any(|window| window == boundary.as_bytes());
            if !self.0.iter().any(inside) {
                return boundary;
            }
            number += 1;
        }
    }
}

/// A name between quotation marks, as the WHATWG HTML standard writes it ("Multipart form data").
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => out.push_str("%22"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            other => out.push(other),
        }
    }
    out
}

impl fmt::Debug for Multipart {
    /// Shows names only: a part may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|part| &part.name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_whatever_they_hold() {
        let form = Multipart::new().text("a\"\r\nb", "x\r\n--auth0-sdk-0000000000000000\r\n").file(
            "users",
            "u.json",
            "application/json",
            b"[]\xff".to_vec(),
        );
        let (content_type, body) = form.encode();
        assert_eq!(content_type, "multipart/form-data; boundary=auth0-sdk-0000000000000001");
        let mut wanted = b"--auth0-sdk-0000000000000001\r\nContent-Disposition: form-data; name=\"a%22%0D%0Ab\"\r\n\r\n\
            x\r\n--auth0-sdk-0000000000000000\r\n\r\n--auth0-sdk-0000000000000001\r\n\
            Content-Disposition: form-data; name=\"users\"; filename=\"u.json\"\r\nContent-Type: application/json\r\n\r\n"
            .to_vec();
        wanted.extend_from_slice(b"[]\xff\r\n--auth0-sdk-0000000000000001--\r\n");
        assert_eq!(body, wanted);
        assert_eq!(format!("{form:?}"), r#"["a\"\r\nb", "users"]"#);
    }
}
