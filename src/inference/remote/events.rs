//! Server-sent events out of bytes, wherever the network cut them.

/// Longer events are no pieces of an answer.
const LONGEST: usize = 1 << 20;

/// An event that goes on without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

/// Gathers the `data` of events. Comments, ids and names are passed over; a field `error`, which is how some servers report one, counts as data.
#[derive(Default)]
pub struct EventReader {
    line: Vec<u8>,
    data: Option<String>,
    /// The last byte was a carriage return: a line feed after it belongs to the same end of line.
    after_return: bool,
    begun: bool,
}

impl EventReader {
    /// The data of the events that these bytes complete.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > LONGEST {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    /// The data of an event whose last line ends were left out: some servers close right after `[DONE]`.
    pub fn finish(mut self) -> Option<String> {
        self.end_line().or(self.data)
    }

    fn end_line(&mut self) -> Option<String> {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        let line = if std::mem::replace(&mut self.begun, true) { &line } else { line.trim_start_matches('\u{feff}') };
        if line.is_empty() {
            return self.data.take();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if matches!(field, "data" | "error") {
            let value = value.strip_prefix(' ').unwrap_or(value);
            let value = if field == "error" { format!("{{\"error\":{value}}}") } else { value.to_owned() };
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
                None => self.data = Some(value),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = "\u{feff}: keep-alive\n\ndata: {\"a\": \"d\u{e9}j\u{e0} \u{1f600}\"}\r\n\r\nevent: x\nid: 7\ndata:one\ndata: two\n\n\
                          retry\rdata\r\rerror: {\"code\":500}\n\n\n\ndata: [DONE]";

    fn read(parts: &[&[u8]]) -> Vec<String> {
        let mut reader = EventReader::default();
        let mut events: Vec<String> = parts.iter().flat_map(|part| reader.push(part).unwrap()).collect();
        events.extend(reader.finish());
        events
    }

    #[test]
    fn data_is_gathered_and_the_rest_is_passed_over() {
        let expected = ["{\"a\": \"d\u{e9}j\u{e0} \u{1f600}\"}", "one\ntwo", "", "{\"error\":{\"code\":500}}", "[DONE]"];
        assert_eq!(read(&[STREAM.as_bytes()]), expected);
        assert_eq!(read(&STREAM.as_bytes().chunks(1).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn an_event_without_an_end_is_refused() {
        let mut reader = EventReader::default();
        let line = vec![b'x'; 64 * 1024];
        assert!((0..17).map(|_| reader.push(&line)).any(|pushed| pushed == Err(TooLong)));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_network_cuts(cuts in proptest::collection::vec(0..STREAM.len(), 0..8)) {
            let mut cuts = [cuts, vec![0, STREAM.len()]].concat();
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|pair| &STREAM.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(read(&parts), read(&[STREAM.as_bytes()]));
        }

        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            read(&[&bytes]);
        }
    }
}
