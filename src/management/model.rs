//! What the generated models are written with: small functions, so that a member costs one line each way.
//!
//! The models do not use serde's derive: it makes many lines of each member, and there are 8,000.
//! What they do alike in its place is here: null for a member that should not be null is nothing, a member that this
//! version does not know is kept, an integer may come as `3.0`, a text as a number, a flag as a text.

#![allow(dead_code, unused_imports, unused_macros, reason = "each group uses some of it")]

pub(crate) use crate::Json;
pub(crate) use crate::date_time::DateTime;
pub(crate) use crate::field::{Field, IntoEntries, IntoField, IntoItems};
pub(crate) use crate::management::{PageFacts, PageOf};
pub(crate) use crate::secret::Secret;
pub(crate) use serde::de::MapAccess;
pub(crate) use serde::ser::SerializeMap;
pub(crate) use std::borrow::Cow;
pub(crate) use std::collections::BTreeMap;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, SeqAccess, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// Members that this version of the crate does not know, by name.
pub type Extra = BTreeMap<String, Json>;

/// An object whose members are read and written one by one.
pub(crate) trait Model: Default {
    /// Reads the value of a member.
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
    /// Writes the members that are there.
    fn write<S: SerializeMap>(&self, map: &mut S) -> Result<(), S::Error>;
}

/// A list's envelope, which may also come as a bare array.
pub(crate) trait Envelope: Model {
    type Item;
    fn items(&mut self) -> &mut Option<Vec<Self::Item>>;
}

/// A member whose value may be missing.
pub(crate) trait Slot: Sized {
    type Value;
    fn put<S: SerializeMap>(&self, name: &'static str, map: &mut S) -> Result<(), S::Error>
    where
        Self::Value: Serialize;
    fn of(value: Option<Self::Value>) -> Self;
}

impl<T> Slot for Option<T> {
    type Value = T;
    fn put<S: SerializeMap>(&self, name: &'static str, map: &mut S) -> Result<(), S::Error>
    where
        T: Serialize,
    {
        self.as_ref().map_or(Ok(()), |value| map.serialize_entry(name, value))
    }
    fn of(value: Option<T>) -> Self {
        value
    }
}

impl<T> Slot for Field<T> {
    type Value = T;
    fn put<S: SerializeMap>(&self, name: &'static str, map: &mut S) -> Result<(), S::Error>
    where
        T: Serialize,
    {
        if self.is_absent() { Ok(()) } else { map.serialize_entry(name, self) }
    }
    fn of(value: Option<T>) -> Self {
        value.map_or(Field::Null, Field::Value)
    }
}

/// Reads a member.
pub(crate) fn get<'de, A: MapAccess<'de>, T: Slot>(map: &mut A, slot: &mut T) -> Result<(), A::Error>
where
    T::Value: Deserialize<'de>,
{
    *slot = T::of(map.next_value()?);
    Ok(())
}

/// Reads a member that is an integer.
pub(crate) fn int<'de, A: MapAccess<'de>, T: Slot<Value = i64>>(map: &mut A, slot: &mut T) -> Result<(), A::Error> {
    *slot = T::of(map.next_value::<Option<Loose<i64>>>()?.map(|int| int.0));
    Ok(())
}

/// Reads a member that is a text.
pub(crate) fn text<'de, A: MapAccess<'de>, T: Slot<Value = String>>(map: &mut A, slot: &mut T) -> Result<(), A::Error> {
    *slot = T::of(map.next_value::<Option<Loose<String>>>()?.map(|text| text.0));
    Ok(())
}

/// Reads a member that is a list of texts.
pub(crate) fn texts<'de, A, T>(map: &mut A, slot: &mut T) -> Result<(), A::Error>
where
    A: MapAccess<'de>,
    T: Slot<Value = Vec<String>>,
{
    let texts = map.next_value::<Option<Vec<Loose<String>>>>()?;
    *slot = T::of(texts.map(|texts| texts.into_iter().map(|text| text.0).collect()));
    Ok(())
}

/// Reads a member that is a list.
pub(crate) fn items<'de, A, T, V>(map: &mut A, slot: &mut T) -> Result<(), A::Error>
where
    A: MapAccess<'de>,
    T: Slot<Value = Vec<V>>,
    V: Deserialize<'de>,
{
    *slot = T::of(map.next_value::<Option<Few<V>>>()?.map(|few| few.0));
    Ok(())
}

/// A list, most often of one: room for the four that a `Vec` begins with is more than a kilobyte for many models, and
/// memory of that size is what takes the longest to come by.
struct Few<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FewVisitor(PhantomData)).map(Few)
    }
}

struct FewVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FewVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.is_empty() {
                items.reserve_exact(1);
            }
            items.push(item);
        }
        Ok(items)
    }
}

/// Reads a member that is a flag.
pub(crate) fn flag<'de, A: MapAccess<'de>, T: Slot<Value = bool>>(map: &mut A, slot: &mut T) -> Result<(), A::Error> {
    *slot = T::of(map.next_value::<Option<Loose<bool>>>()?.map(|flag| flag.0));
    Ok(())
}

/// Reads a member that is a number.
pub(crate) fn float<'de, A: MapAccess<'de>, T: Slot<Value = f64>>(map: &mut A, slot: &mut T) -> Result<(), A::Error> {
    *slot = T::of(map.next_value::<Option<Loose<f64>>>()?.map(|float| float.0));
    Ok(())
}

/// Keeps a member that is not known.
pub(crate) fn other<'de, A: MapAccess<'de>>(map: &mut A, name: &str, extra: &mut Extra) -> Result<(), A::Error> {
    extra.insert(name.to_owned(), map.next_value()?);
    Ok(())
}

/// Writes a member, when it is there.
pub(crate) fn put<S: SerializeMap, T: Slot>(map: &mut S, name: &'static str, slot: &T) -> Result<(), S::Error>
where
    T::Value: Serialize,
{
    slot.put(name, map)
}

/// Writes a number, when it is there: a whole one without a fraction, as JavaScript would.
pub(crate) fn put_number<S: SerializeMap, T>(map: &mut S, name: &'static str, slot: &T) -> Result<(), S::Error>
where
    T: Slot<Value = f64> + Copy + Into<Field<f64>>,
{
    match (*slot).into() {
        Field::Value(value) if value.fract() == 0.0 && value.abs() < 9e15 => map.serialize_entry(name, &(value as i64)),
        _ => slot.put(name, map),
    }
}

/// Writes the members that are not known.
pub(crate) fn others<S: SerializeMap>(map: &mut S, extra: &Extra) -> Result<(), S::Error> {
    extra.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))
}

/// The items that a setter was given.
pub(crate) fn collect<T>(items: impl IntoIterator<Item = impl Into<T>>) -> Vec<T> {
    items.into_iter().map(Into::into).collect()
}

/// The pairs that a setter was given.
pub(crate) fn entries<T>(pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<T>)>) -> BTreeMap<String, T> {
    pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

/// Serializes a model.
pub(crate) fn serialize<M: Model, S: Serializer>(model: &M, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    model.write(&mut map)?;
    map.end()
}

/// Deserializes a model. Null is a model without members, which is what an answer without a body reads as.
pub(crate) fn deserialize<'de, M: Model, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error> {
    deserializer.deserialize_any(ModelVisitor(PhantomData))
}

struct ModelVisitor<M>(PhantomData<M>);

impl<'de, M: Model> Visitor<'de> for ModelVisitor<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<M, E> {
        Ok(M::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        let mut model = M::default();
        while let Some(name) = map.next_key_seed(Name)? {
            model.read(&name, &mut map)?;
        }
        Ok(model)
    }
}

/// Deserializes a list: an envelope, or the bare array of its items.
pub(crate) fn deserialize_list<'de, M: Envelope, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error>
where
    M::Item: Deserialize<'de>,
{
    deserializer.deserialize_any(ListVisitor(PhantomData))
}

struct ListVisitor<M>(PhantomData<M>);

impl<'de, M: Envelope> Visitor<'de> for ListVisitor<M>
where
    M::Item: Deserialize<'de>,
{
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_unit<E>(self) -> Result<M, E> {
        Ok(M::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<M, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        let mut list = M::default();
        *list.items() = Some(items);
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<M, A::Error> {
        ModelVisitor(PhantomData).visit_map(map)
    }
}

/// The name of a member, borrowed where the input allows it.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }
}

/// A plain value that may come as another kind of plain value which says the same: what one identity provider gives as
/// `5` and `true`, another gives as `"5"` and `"true"`.
pub(crate) struct Loose<T>(pub(crate) T);

/// What [`Loose`] reads. Each may refuse what does not say the same.
pub(crate) trait Plain: Sized {
    const NAME: &'static str;
    fn of_text(text: &str) -> Option<Self>;
    fn of_owned_text(text: String) -> Option<Self> {
        Self::of_text(&text)
    }
    fn of_int(value: i64) -> Option<Self>;
    fn of_float(value: f64) -> Option<Self>;
    fn of_flag(value: bool) -> Option<Self>;
}

impl Plain for String {
    const NAME: &'static str = "a text";
    fn of_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
    fn of_owned_text(text: String) -> Option<Self> {
        Some(text)
    }
    fn of_int(value: i64) -> Option<Self> {
        Some(value.to_string())
    }
    fn of_float(value: f64) -> Option<Self> {
        serde_json::Number::from_f64(value).map(|number| number.to_string())
    }
    fn of_flag(value: bool) -> Option<Self> {
        Some(value.to_string())
    }
}

/// Of a fraction the whole part is kept.
impl Plain for i64 {
    const NAME: &'static str = "an integer";
    fn of_text(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }
    fn of_int(value: i64) -> Option<Self> {
        Some(value)
    }
    fn of_float(value: f64) -> Option<Self> {
        Some(value as i64)
    }
    fn of_flag(_: bool) -> Option<Self> {
        None
    }
}

impl Plain for f64 {
    const NAME: &'static str = "a number";
    fn of_text(text: &str) -> Option<Self> {
        text.trim().parse().ok().filter(|value: &f64| value.is_finite())
    }
    fn of_int(value: i64) -> Option<Self> {
        Some(value as f64)
    }
    fn of_float(value: f64) -> Option<Self> {
        Some(value)
    }
    fn of_flag(_: bool) -> Option<Self> {
        None
    }
}

impl Plain for bool {
    const NAME: &'static str = "true or false";
    fn of_text(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }
    fn of_int(value: i64) -> Option<Self> {
        match value {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
    fn of_float(_: f64) -> Option<Self> {
        None
    }
    fn of_flag(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl<'de, T: Plain> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor(PhantomData)).map(Loose)
    }
}

struct LooseVisitor<T>(PhantomData<T>);

impl<'de, T: Plain> Visitor<'de> for LooseVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::NAME)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        T::of_text(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_string<E: serde::de::Error>(self, text: String) -> Result<T, E> {
        T::of_owned_text(text).ok_or_else(|| E::custom(format_args!("the text is not {}", T::NAME)))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<T, E> {
        T::of_int(value).ok_or_else(|| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<T, E> {
        let int = i64::try_from(value).ok().and_then(T::of_int);
        // Beyond what an i64 holds: a text keeps every digit, a number what it can.
        int.or_else(|| T::of_text(&value.to_string()))
            .or_else(|| T::of_float(value as f64))
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<T, E> {
        T::of_float(value).ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<T, E> {
        T::of_flag(value).ok_or_else(|| E::invalid_type(Unexpected::Bool(value), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let text = number(map, &self)?.to_string();
        let float = || text.parse().ok().and_then(T::of_float);
        T::of_text(&text).or_else(float).ok_or_else(|| serde::de::Error::invalid_type(Unexpected::Map, &self))
    }
}

/// A number, as `serde_json` gives it when any crate of the program switches its `arbitrary_precision` on: an object that
/// only `serde_json` can read. Any other object is none.
fn number<'de, A: MapAccess<'de>>(map: A, expected: &dyn serde::de::Expected) -> Result<serde_json::Number, A::Error> {
    let number = serde_json::Number::deserialize(serde::de::value::MapAccessDeserializer::new(map));
    number.map_err(|_| serde::de::Error::invalid_type(Unexpected::Map, expected))
}

/// A text or a number: an id that some identity providers give as one and some as the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextOrNumber {
    /// A text.
    Text(String),
    /// A number.
    Number(serde_json::Number),
}

impl fmt::Display for TextOrNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextOrNumber::Text(text) => f.write_str(text),
            TextOrNumber::Number(number) => number.fmt(f),
        }
    }
}

impl From<&str> for TextOrNumber {
    fn from(text: &str) -> Self {
        TextOrNumber::Text(text.to_owned())
    }
}

impl From<String> for TextOrNumber {
    fn from(text: String) -> Self {
        TextOrNumber::Text(text)
    }
}

impl From<i64> for TextOrNumber {
    fn from(number: i64) -> Self {
        TextOrNumber::Number(number.into())
    }
}

impl Serialize for TextOrNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            TextOrNumber::Text(text) => serializer.serialize_str(text),
            TextOrNumber::Number(number) => number.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TextOrNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = TextOrNumber;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }
            fn visit_str<E>(self, text: &str) -> Result<TextOrNumber, E> {
                Ok(TextOrNumber::Text(text.to_owned()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<TextOrNumber, E> {
                Ok(TextOrNumber::Number(number.into()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<TextOrNumber, E> {
                Ok(TextOrNumber::Number(number.into()))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<TextOrNumber, E> {
                let number = serde_json::Number::from_f64(number).ok_or_else(|| E::custom("not a number"))?;
                Ok(TextOrNumber::Number(number))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TextOrNumber, A::Error> {
                number(map, &self).map(TextOrNumber::Number)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A count that is all of an answer; `None` where the answer has no body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Count(pub Option<i64>);

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<Loose<i64>>::deserialize(deserializer)?.map(|count| count.0)))
    }
}

/// What tells a variant of a union apart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Text,
    Number,
    Boolean,
    Array,
    /// Any object, when nothing fits better.
    AnyObject,
    Object {
        required: &'static [&'static str],
        /// Members that have one of a few values.
        fixed: &'static [(&'static str, &'static [&'static str])],
        known: &'static [&'static str],
    },
    /// What a nested union takes.
    OneOf(&'static [Shape]),
}

impl Shape {
    /// How well a value fits; `None` when it does not.
    fn fit(&self, value: &Json) -> Option<i64> {
        match (self, value) {
            (Shape::Text, Json::String(_))
            | (Shape::Number, Json::Number(_))
            | (Shape::Boolean, Json::Bool(_))
            | (Shape::Array, Json::Array(_)) => Some(0),
            (Shape::AnyObject, Json::Object(_)) => Some(i64::MIN),
            (Shape::OneOf(shapes), _) => shapes.iter().filter_map(|shape| shape.fit(value)).max(),
            (Shape::Object { required, fixed, known }, Json::Object(members)) => {
                let is = |value: &Json, wanted: &str| match value {
                    Json::String(text) => text == wanted,
                    Json::Bool(flag) => wanted == if *flag { "true" } else { "false" },
                    _ => false,
                };
                // A null may be gone when the value is written, and the value must then fit the same variant.
                let there = |name: &str| members.get(name).filter(|value| !value.is_null());
                let wrong = |(name, wanted): &(&str, &[&str])| {
                    there(name).is_some_and(|value| !wanted.iter().any(|wanted| is(value, wanted)))
                };
                if !required.iter().all(|name| there(name).is_some()) || fixed.iter().any(wrong) {
                    return None;
                }
                let fixed = fixed.iter().filter(|(name, _)| there(name).is_some()).count() as i64;
                let unknown = |(name, value): &(&String, &Json)| !value.is_null() && !known.contains(&name.as_str());
                let unknown = members.iter().filter(unknown).count() as i64;
                Some(fixed * 1000 + required.len() as i64 - 100 * unknown)
            }
            _ => None,
        }
    }
}

/// A value that is one of several types.
pub(crate) trait Union: Sized {
    const SHAPES: &'static [Shape];
    /// Reads the variant of an index of [`Union::SHAPES`].
    fn variant(index: usize, value: &Json) -> Result<Self, serde_json::Error>;
    fn unknown(value: Json) -> Self;
}

/// Deserializes a union: the variant that fits best, and what none fits, as it is.
pub(crate) fn deserialize_union<'de, U: Union, D: Deserializer<'de>>(deserializer: D) -> Result<U, D::Error> {
    let value = Json::deserialize(deserializer)?;
    let mut best: Option<(i64, usize)> = None;
    for (index, shape) in U::SHAPES.iter().enumerate() {
        if let Some(fit) = shape.fit(&value)
            && best.is_none_or(|(known, _)| fit > known)
        {
            best = Some((fit, index));
        }
    }
    let read = best.and_then(|(_, index)| U::variant(index, &value).ok());
    Ok(read.unwrap_or_else(|| U::unknown(value)))
}

/// Reads a variant.
pub(crate) fn from_json<'de, T: Deserialize<'de>>(value: &'de Json) -> Result<T, serde_json::Error> {
    T::deserialize(value)
}

macro_rules! model {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                crate::management::model::serialize(self, serializer)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::management::model::deserialize(deserializer)
            }
        }
    };
}

macro_rules! list {
    ($name:ident, $items:ident: $item:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                crate::management::model::serialize(self, serializer)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::management::model::deserialize_list(deserializer)
            }
        }
        impl crate::management::model::Envelope for $name {
            type Item = $item;
            fn items(&mut self) -> &mut Option<Vec<$item>> {
                &mut self.$items
            }
        }
    };
}

macro_rules! open_enum {
    ($name:ident) => {
        impl $name {
            /// A value that this version of the crate need not know.
            pub fn new(value: impl Into<std::borrow::Cow<'static, str>>) -> Self {
                Self(value.into())
            }
            /// The value as the API writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<&'static str> for $name {
            fn from(value: &'static str) -> Self {
                Self(value.into())
            }
        }
        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0.into_owned()
            }
        }
        impl From<$name> for crate::Json {
            fn from(value: $name) -> crate::Json {
                crate::Json::String(value.into())
            }
        }
        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text: crate::management::model::Loose<String> = serde::Deserialize::deserialize(deserializer)?;
                Ok(Self::from(text.0))
            }
        }
    };
}

macro_rules! union {
    ($name:ident { $($index:literal => $variant:ident $shape:expr,)* }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => value.serialize(serializer),)*
                    Self::Unknown(value) => value.serialize(serializer),
                }
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::management::model::deserialize_union(deserializer)
            }
        }
        impl crate::management::model::Union for $name {
            const SHAPES: &'static [crate::management::model::Shape] = &[$($shape),*];
            fn variant(index: usize, value: &crate::Json) -> Result<Self, serde_json::Error> {
                match index {
                    $($index => crate::management::model::from_json(value).map(Self::$variant),)*
                    _ => Ok(Self::Unknown(value.clone())),
                }
            }
            fn unknown(value: crate::Json) -> Self {
                Self::Unknown(value)
            }
        }
    };
}

pub(crate) use {list, model, open_enum, union};

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Plain>(text: &str) -> Option<T> {
        serde_json::from_str::<Loose<T>>(text).ok().map(|loose| loose.0)
    }

    #[test]
    fn plain_values_that_say_the_same_are_read() {
        for (text, string, int, float, flag) in [
            ("\"a\"", Some("a"), None, None, None),
            ("\"5\"", Some("5"), Some(5), Some(5.0), None),
            ("\"true\"", Some("true"), None, None, Some(true)),
            ("true", Some("true"), None, None, Some(true)),
            ("0", Some("0"), Some(0), Some(0.0), Some(false)),
            ("-7", Some("-7"), Some(-7), Some(-7.0), None),
            ("3.0", Some("3.0"), Some(3), Some(3.0), None),
            ("2.75", Some("2.75"), Some(2), Some(2.75), None),
            (
                "18446744073709551615",
                Some("18446744073709551615"),
                Some(i64::MAX),
                Some(1.844_674_407_370_955_2e19),
                None,
            ),
            ("\"NaN\"", Some("NaN"), None, None, None),
            ("[]", None, None, None, None),
            ("{}", None, None, None, None),
            ("{\"a\":1}", None, None, None, None),
        ] {
            assert_eq!(read::<String>(text).as_deref(), string, "{text} as a text");
            assert_eq!(read::<i64>(text), int, "{text} as an integer");
            assert_eq!(read::<f64>(text), float, "{text} as a number");
            assert_eq!(read::<bool>(text), flag, "{text} as a flag");
        }
    }
}
