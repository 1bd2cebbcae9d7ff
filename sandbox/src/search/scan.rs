//! Looks at one member of a record without parsing the rest of it: a search over a million users has no time for that.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// Whether the test holds for the value at a path in the text of a record; an array counts as each of its items.
pub(crate) fn any_in(record: &str, path: &[String], test: &dyn Fn(&Value) -> bool) -> bool {
    let mut found = false;
    let look = Look { path, lists: true, within: false, seen: &mut |value| found |= test(&value) };
    // It ends with an error when it has seen enough.
    look.deserialize(&mut serde_json::Deserializer::from_str(record)).ok();
    found
}

/// The value at a path in the text of a record, through objects alone.
pub(crate) fn value_at(record: &str, path: &[String]) -> Option<Value> {
    let mut found = None;
    let look = Look { path, lists: false, within: false, seen: &mut |value| found = Some(value) };
    look.deserialize(&mut serde_json::Deserializer::from_str(record)).ok();
    found
}

/// The same, for a text.
pub(crate) fn text_at(record: &str, path: &[String]) -> Option<String> {
    match value_at(record, path)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// A walk along a path.
struct Look<'a> {
    path: &'a [String],
    /// Whether lists are looked into.
    lists: bool,
    /// Whether this is in a list already, behind whose item more may follow.
    within: bool,
    seen: &'a mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Look<'_> {
    /// A value that is neither an object nor a list.
    fn single<E>(self, value: impl Into<Value>) -> Result<(), E> {
        if self.path.is_empty() {
            (self.seen)(value.into());
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.single(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.single(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.single(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.single(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.single(value)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.single(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if !self.lists {
            if self.path.is_empty() {
                let mut all = Vec::new();
                while let Some(one) = list.next_element::<Value>()? {
                    all.push(one);
                }
                return self.single(all);
            }
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while list.next_element_seed(Look { within: true, seen: &mut *self.seen, ..self })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((first, rest)) = self.path.split_first() else {
            let mut all = serde_json::Map::new();
            while let Some((name, value)) = map.next_entry::<String, Value>()? {
                all.insert(name, value);
            }
            return self.single(all);
        };
        while let Some(Name(name)) = map.next_key::<Name<'de>>()? {
            if name == first.as_str() {
                map.next_value_seed(Look { path: rest, seen: &mut *self.seen, ..self })?;
                // A name comes once: what follows is of no interest, and need not be read.
                return if self.within { skip(map) } else { Err(Error::custom("seen")) };
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Reads to the end of an object: there may be more in the list that it is in.
fn skip<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// The name of a member, borrowed where no escape is in it.
struct Name<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The same by way of the whole value.
    fn any_at(value: &Value, path: &[String], test: &dyn Fn(&Value) -> bool) -> bool {
        match (value, path.split_first()) {
            (Value::Array(list), _) => list.iter().any(|item| any_at(item, path, test)),
            (_, None) => test(value),
            (_, Some((first, rest))) => value.get(first).is_some_and(|member| any_at(member, rest, test)),
        }
    }

    #[test]
    fn what_is_found_is_what_the_whole_record_has() {
        let record = json!({"a": 1, "b": {"c": "x", "d": [1, {"e": -2.5}, [{"e": "y"}]]}, "é\"": null, "f": [], "g": {},
                            "h": [{"i": true}, {"i": false, "j": "k"}, "l"], "z": "end"});
        let text = record.to_string();
        let mut compared = 0;
        for path in ["a", "b", "b.c", "b.d", "b.d.e", "é\"", "f", "g", "h", "h.i", "h.j", "z", "q", "a.b", "b.c.d"] {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            for wanted in [
                json!(1),
                json!("x"),
                json!(-2.5),
                json!("y"),
                json!(null),
                json!({}),
                json!(true),
                json!(false),
                json!("k"),
                json!("l"),
                json!("end"),
                json!({"i": true}),
                json!({"e": -2.5}),
            ] {
                let test = |value: &Value| *value == wanted;
                assert_eq!(any_in(&text, &path, &test), any_at(&record, &path, &test), "{path:?} {wanted}");
                compared += usize::from(any_in(&text, &path, &test));
            }
        }
        assert!(compared > 12, "{compared}");
        let at = |path: &str| value_at(&text, &path.split('.').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!((at("b.c"), at("b.d"), at("h.i")), (Some(json!("x")), Some(record["b"]["d"].clone()), None));
        assert_eq!((at("é\""), at("none"), at("g")), (Some(json!(null)), None, Some(json!({}))));
    }
}
