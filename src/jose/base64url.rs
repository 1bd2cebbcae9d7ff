//! base64url without padding, strictly (RFC 7515, section 2): no `=`, no white space, no `+` or `/`, and no bits behind the
//! last byte, so that a text has one form only.
//!
//! Our own, because the `base64` crate costs the wasm 3 KB.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The value of each byte as a digit; 255 for what is none.
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < 64 {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Writes bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=chunk.len() {
            out.push(char::from(ALPHABET[(group >> (18 - 6 * digit)) as usize & 63]));
        }
    }
    out
}

/// Reads a text; `None` when it is not what [`encode`] writes.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    let mut out = Vec::with_capacity(groups.len() * 3 + 2);
    out.resize(groups.len() * 3, 0);
    // Judged at the end: a loop without a way out is half as long.
    let mut all = 0;
    for (group, bytes) in groups.iter().zip(out.as_chunks_mut::<3>().0) {
        let [a, b, c, d] = group.map(|byte| VALUES[usize::from(byte)]);
        all |= a | b | c | d;
        *bytes = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    if all & 0xc0 != 0 {
        return None;
    }
    let value = |byte: &u8| Some(VALUES[usize::from(*byte)]).filter(|value| *value < 64);
    match rest {
        [] => {}
        [a, b] => {
            let (a, b) = (value(a)?, value(b)?);
            out.push(a << 2 | b >> 4);
            if b & 15 != 0 {
                return None;
            }
        }
        [a, b, c] => {
            let (a, b, c) = (value(a)?, value(b)?, value(c)?);
            out.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2]);
            if c & 3 != 0 {
                return None;
            }
        }
        _ => return None,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_each_value() {
        // RFC 4648, section 10, and RFC 7515, appendix C.
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (&[3, 236, 255, 224, 193], "A-z_4ME"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes));
        }
        for wrong in ["Z", "Zg=", "Zg==", "Zh", "Zm9", "Zm9v\n", " Zm9v", "Zm 9", "A+z/", "Zm9vY", "Zä"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
        let all: Vec<u8> = (0..=255).collect();
        for end in 0..=all.len() {
            assert_eq!(decode(&encode(&all[..end])).as_deref(), Some(&all[..end]));
        }
    }
}
