//! Points in time.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time as the API wrote it (RFC 3339, `2026-01-01T00:00:00.000Z`).
///
/// The text is kept as it came, so that one which is no date is not lost: [`DateTime::as_str`] always gives it, and
/// [`DateTime::get`] reads it as the `time` crate's [`OffsetDateTime`]. Two are equal when their texts are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DateTime(String);

impl DateTime {
    /// The point in time; `None` when the text is no date of RFC 3339.
    pub fn get(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::parse(&self.0, &Rfc3339).ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<OffsetDateTime> for DateTime {
    /// A year that RFC 3339 cannot write (before 0 or after 9999) gives the `time` crate's own form.
    fn from(at: OffsetDateTime) -> Self {
        Self(at.format(&Rfc3339).unwrap_or_else(|_| at.to_string()))
    }
}

impl From<&str> for DateTime {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for DateTime {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A time in seconds keeps its digits.
        crate::management::model::Loose::deserialize(deserializer).map(|text| Self(text.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_texts_are_kept() {
        let date: DateTime = serde_json::from_str("\"2026-01-01T00:00:00.5Z\"").expect("a date");
        assert_eq!(date.get().map(|at| at.unix_timestamp()), Some(1_767_225_600));
        assert_eq!(date.to_string(), "2026-01-01T00:00:00.5Z");
        let never: DateTime = serde_json::from_str("\"never\"").expect("a text");
        assert_eq!((never.get(), never.as_str()), (None, "never"));
        let number: DateTime = serde_json::from_str("1767225600").expect("a text");
        assert_eq!((number.get(), number.as_str()), (None, "1767225600"));
        let at = OffsetDateTime::from_unix_timestamp(0).expect("a time");
        assert_eq!(DateTime::from(at).as_str(), "1970-01-01T00:00:00Z");
    }
}
