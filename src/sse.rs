//! Server-sent events (WHATWG HTML, section 9.2.6), parsed as they come. Pure: bytes in, events out.

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// `event:`; empty for `message`.
    pub(crate) name: String,
    /// The lines of `data:`, joined by LF.
    pub(crate) data: String,
    /// The last `id:` of the stream so far.
    pub(crate) id: Option<String>,
}

/// Reads a stream in pieces of any size; a line may end in CR, LF or CRLF, and a piece anywhere.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    begun: bool,
    event: Event,
    has_data: bool,
    id: Option<String>,
    /// The server's `retry:`, in milliseconds.
    pub(crate) retry: Option<u64>,
    /// Bytes of the event that is being read.
    held: usize,
}

/// An event that is larger than this is somebody's mistake, and would fill the memory.
const LARGEST_EVENT: usize = 16 * 1024 * 1024;

impl Parser {
    /// Reads a piece and gives the events that it ends; `None` for an event that does not end within 16 MiB.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Option<Vec<Event>> {
        let mut events = Vec::new();
        for byte in piece {
            match byte {
                b'\n' if std::mem::take(&mut self.after_cr) => {}
                b'\n' | b'\r' => {
                    self.after_cr = *byte == b'\r';
                    events.extend(self.end_line());
                }
                _ => {
                    self.after_cr = false;
                    self.held += 1;
                    if self.held > LARGEST_EVENT {
                        return None;
                    }
                    self.line.push(*byte);
                }
            }
        }
        Some(events)
    }

    /// The event that the stream ended in the middle of. The standard drops it; a server that closes after the last line
    /// of data has still sent it.
    pub(crate) fn finish(&mut self) -> Option<Event> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.dispatch()
    }

    fn end_line(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = String::from_utf8_lossy(&bytes).into_owned();
        if !std::mem::replace(&mut self.begun, true)
            && let Some(rest) = line.strip_prefix('\u{feff}')
        {
            line = rest.to_owned();
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.event.name),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => self.retry = value.parse().ok(),
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        self.held = 0;
        let event = std::mem::take(&mut self.event);
        let id = self.id.clone();
        std::mem::take(&mut self.has_data).then_some(Event { id, ..event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::default();
        let mut events: Vec<Event> =
            pieces.iter().flat_map(|piece| parser.push(piece).expect("events of a size")).collect();
        events.extend(parser.finish());
        events
    }

    fn event(name: &str, data: &str, id: Option<&str>) -> Event {
        Event { name: name.to_owned(), data: data.to_owned(), id: id.map(str::to_owned) }
    }

    #[test]
    fn any_line_end_and_any_border() {
        let wanted = [
            event("a", "1\n2", Some("x")),
            event("", "ä", Some("x")),
            event("", "", Some("x")),
            event("b", "end", Some("y")),
        ];
        for end in ["\n", "\r", "\r\n"] {
            let text =
                ["id: x", "event: a", "data: 1", "data:2", "", ": comment", "data: ä", "", "data", "", "event: b"]
                    .join(end)
                    + end
                    + "id:y"
                    + end
                    + "data: end";
            let text = format!("\u{feff}{text}");
            for size in 1..text.len() {
                let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
                assert_eq!(read(&pieces), wanted, "{end:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn what_is_no_event_is_none() {
        assert_eq!(read(&[b"event: a\n\n", b":\n\n", b"id: 1\n\n", b"unknown: 1\n\n"]), []);
        let mut parser = Parser::default();
        parser.push(b"retry: 250\nretry: x\nid: a\0b\n\n");
        assert_eq!((parser.retry, parser.id), (Some(250), None));
        let mut parser = Parser::default();
        assert_eq!(parser.push(&vec![b'x'; LARGEST_EVENT + 1]), None);
    }
}
