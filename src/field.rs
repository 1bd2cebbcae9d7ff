//! Members of request bodies that tell absent, null and a value apart.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// JSON null, where a setter takes a value: `UpdateUser::new().picture(Null)` removes the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Null;

/// A member that is left out, null, or a value. The API treats the three differently: what is left out keeps its value,
/// null removes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Field<T> {
    /// Not sent.
    #[default]
    Absent,
    /// Sent as null.
    Null,
    /// Sent with this value.
    Value(T),
}

impl<T> Field<T> {
    /// The value; `None` for null and for what is left out.
    pub fn as_ref(&self) -> Option<&T> {
        match self {
            Field::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The value, without the field.
    pub fn into_option(self) -> Option<T> {
        match self {
            Field::Value(value) => Some(value),
            _ => None,
        }
    }

    /// True for what is not sent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Field::Absent)
    }

    /// True for null.
    pub fn is_null(&self) -> bool {
        matches!(self, Field::Null)
    }

    /// The field with its value changed.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Field::Absent => Field::Absent,
            Field::Null => Field::Null,
            Field::Value(value) => Field::Value(change(value)),
        }
    }
}

impl<T> From<Option<T>> for Field<T> {
    /// `None` is absent.
    fn from(value: Option<T>) -> Self {
        value.map_or(Field::Absent, Field::Value)
    }
}

impl<T: Serialize> Serialize for Field<T> {
    /// Absent, which a model leaves out before it comes here, is written as null.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Field::Value(value) => value.serialize(serializer),
            _ => serializer.serialize_none(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Field::Null, Field::Value))
    }
}

/// Tells the implementations of [`IntoField`] apart; the compiler finds the right one.
#[derive(Debug)]
pub enum ByValue {}
/// Tells the implementations of [`IntoField`] apart; the compiler finds the right one.
#[derive(Debug)]
pub enum ByNull {}
/// Tells the implementations of [`IntoField`] apart; the compiler finds the right one.
#[derive(Debug)]
pub enum ByOption {}

/// What a setter of a nullable member takes: a value, [`Null`], a [`Field`], or an `Option` whose `None` leaves the
/// member out.
pub trait IntoField<T, M> {
    /// The field.
    fn into_field(self) -> Field<T>;
}

impl<T, U: Into<T>> IntoField<T, ByValue> for U {
    fn into_field(self) -> Field<T> {
        Field::Value(self.into())
    }
}

impl<T> IntoField<T, ByNull> for Null {
    fn into_field(self) -> Field<T> {
        Field::Null
    }
}

impl<T, U: Into<T>> IntoField<T, ByOption> for Option<U> {
    fn into_field(self) -> Field<T> {
        self.map_or(Field::Absent, |value| Field::Value(value.into()))
    }
}

impl<T> IntoField<T, Field<T>> for Field<T> {
    fn into_field(self) -> Field<T> {
        self
    }
}

/// What a setter of a nullable array takes: items, or [`Null`].
pub trait IntoItems<T, M> {
    /// The field.
    fn into_items(self) -> Field<Vec<T>>;
}

impl<T, I> IntoItems<T, ByValue> for I
where
    I: IntoIterator,
    I::Item: Into<T>,
{
    fn into_items(self) -> Field<Vec<T>> {
        Field::Value(self.into_iter().map(Into::into).collect())
    }
}

impl<T> IntoItems<T, ByNull> for Null {
    fn into_items(self) -> Field<Vec<T>> {
        Field::Null
    }
}

/// What a setter of a nullable map takes: pairs, or [`Null`].
pub trait IntoEntries<T, M> {
    /// The field.
    fn into_entries(self) -> Field<BTreeMap<String, T>>;
}

impl<T, I, K, V> IntoEntries<T, ByValue> for I
where
    I: IntoIterator<Item = (K, V)>,
    K: Into<String>,
    V: Into<T>,
{
    fn into_entries(self) -> Field<BTreeMap<String, T>> {
        Field::Value(self.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl<T> IntoEntries<T, ByNull> for Null {
    fn into_entries(self) -> Field<BTreeMap<String, T>> {
        Field::Null
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field<T, M>(value: impl IntoField<T, M>) -> Field<T> {
        value.into_field()
    }

    fn items<M>(value: impl IntoItems<String, M>) -> Field<Vec<String>> {
        value.into_items()
    }

    #[test]
    fn setters_take_what_one_would_write() {
        assert_eq!(field::<String, _>("Jo"), Field::Value("Jo".to_owned()));
        assert_eq!(field::<String, _>(Null), Field::Null);
        assert_eq!(field::<String, _>(None::<&str>), Field::Absent);
        assert_eq!(field::<String, _>(Field::<String>::Absent), Field::Absent);
        assert_eq!(field::<i64, _>(5), Field::Value(5));
        assert_eq!(items(["a"]), Field::Value(vec!["a".to_owned()]));
        assert_eq!(items(Null), Field::Null);
    }
}
