//! What an operation is: one line of the generated table, read when it is called.

use super::api;
use crate::error::{Error, ErrorKind};
use crate::http::Method;
use crate::http::path::Query;
use crate::pagination::{Paging, Style};
use crate::text::quoted;

/// An operation. The grammar of its line stands in `xtask/src/generate.rs`, which writes it.
///
/// Lines, and not structs: 491 of them are 40 KB of text that compresses to a tenth, in the native table as in the npm
/// package, which keeps its lines on the JavaScript side and hands one over with each call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation<'a> {
    pub(crate) id: &'a str,
    pub(crate) method: Method,
    /// The template: `/users/{id}`.
    pub(crate) path: &'a str,
    flags: &'a str,
    pub(crate) paging: Option<Paging<'a>>,
}

impl Operation<'static> {
    /// The operation of an id.
    ///
    /// # Errors
    /// [`ErrorKind::Request`], with the ids that look alike, when there is none.
    pub(crate) fn find(id: &str) -> Result<Self, Error> {
        match api::OPERATIONS.binary_search_by(|(known, _)| (*known).cmp(id)) {
            Ok(index) => Self::parse(api::OPERATIONS[index].0, api::OPERATIONS[index].1),
            Err(_) => {
                let message = match alike(id) {
                    Some(known) => ["there is no operation ", &quoted(id), "; there is ", known].concat(),
                    None => "there is no operation ".to_owned() + &quoted(id),
                };
                Err(Error::new(ErrorKind::Request, message))
            }
        }
    }
}

impl<'a> Operation<'a> {
    /// Reads a line of the table.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when it is not one.
    pub(crate) fn parse(id: &'a str, line: &'a str) -> Result<Self, Error> {
        let broken =
            || Error::new(ErrorKind::Internal, ["the table's line of ", id, " is broken: ", &quoted(line)].concat());
        let mut fields = line.split(' ').map(|field| if field == "-" { "" } else { field });
        let target = fields.next().unwrap_or_default();
        let method = match target.as_bytes().first() {
            Some(b'G') => Method::Get,
            Some(b'P') => Method::Post,
            Some(b'U') => Method::Put,
            Some(b'A') => Method::Patch,
            Some(b'D') => Method::Delete,
            _ => return Err(broken()),
        };
        let path = target.get(1..).filter(|path| path.starts_with('/')).ok_or_else(broken)?;
        let flags = fields.next().unwrap_or_default();
        let paging = match fields.next().unwrap_or_default() {
            "" => None,
            text => Some(parse_paging(text).ok_or_else(broken)?),
        };
        // The fourth field names the query parameters that JavaScript takes out of the request.
        Ok(Self { id, method, path, flags, paging })
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    pub(crate) fn takes_body(&self) -> bool {
        self.flags.contains(['b', 'B', 'M'])
    }

    pub(crate) fn needs_body(&self) -> bool {
        self.flags.contains(['B', 'M'])
    }

    /// Adds to an error which call it was, and what a list's own error does not say.
    pub(crate) fn explain(&self, query: &Query, error: Error) -> Error {
        let error = match &self.paging {
            Some(paging) => paging.explain(query, error),
            None => error,
        };
        error.with_operation(self.id)
    }

    pub(crate) fn is_multipart(&self) -> bool {
        self.has('M')
    }

    pub(crate) fn is_event_stream(&self) -> bool {
        self.has('e')
    }

    #[cfg_attr(target_arch = "wasm32", allow(dead_code, reason = "JavaScript takes an answer as it comes"))]
    pub(crate) fn answers_nothing(&self) -> bool {
        self.has('v')
    }

    pub(crate) fn takes_custom_domain(&self) -> bool {
        self.has('d')
    }
}

/// `o50t:users`, `c100:logs:log_id`.
fn parse_paging(text: &str) -> Option<Paging<'_>> {
    let mut parts = text.split(':');
    let head = parts.next()?;
    let style = match head.as_bytes().first()? {
        b'o' => Style::Offset,
        b'c' => Style::Checkpoint,
        b'b' => Style::Both,
        _ => return None,
    };
    let size = head.get(1..)?;
    let totals = size.ends_with('t');
    let size = size.trim_end_matches('t').parse().ok()?;
    Some(Paging { style, size, totals, items: parts.next()?, cursor: parts.next() })
}

/// The known id that looks most like an unknown one: the same without regard to case and underscores, or the same last
/// segment in the same group.
fn alike(id: &str) -> Option<&'static str> {
    let fold = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let wanted = fold(id);
    let ids = || api::OPERATIONS.iter().map(|(known, _)| *known);
    ids().find(|known| fold(known) == wanted).or_else(|| {
        let group = wanted.split('.').next()?;
        let common = |known: &str| fold(known).bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
        ids()
            .filter(|known| known.split('.').next().map(fold).as_deref() == Some(group))
            .max_by_key(|known| common(known))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_line_of_the_table() {
        assert_eq!(api::OPERATIONS.len(), 491);
        for (id, line) in api::OPERATIONS {
            let operation = Operation::parse(id, line).expect(id);
            assert!(operation.flags.chars().all(|flag| "qbBMatevd".contains(flag)), "{id}");
            assert_eq!(Operation::find(id).expect(id).path, operation.path);
        }
    }

    #[test]
    fn an_unknown_operation_names_its_neighbour() {
        let message = |id| Operation::find(id).expect_err("unknown").to_string();
        assert!(message("users.authentication_methods.list").contains("there is users.authenticationMethods.list"));
        assert!(message("users.lst").contains("there is users.l"), "{}", message("users.lst"));
        assert!(message("nothing").ends_with("no operation \"nothing\""));
    }

    #[test]
    fn broken_lines_are_reported() {
        for line in ["", "X/users", "Gusers", "G/users q z50:users", "G/users q o:users", "G/users q o50"] {
            assert_eq!(Operation::parse("x", line).expect_err(line).kind(), ErrorKind::Internal);
        }
    }
}
