//! Random values of the description's types, for tests that look for what nobody thought of.
//!
//! The values have the shape of their type, and more: members come and go, what may be null sometimes is, texts and numbers
//! are odd ones, an enum has a value that the description does not know, an object a member. Patterns and lengths are not
//! kept to. The same seed gives the same values.

use crate::{Description, Extra, Kind, Type};
use serde_json::{Map, Value, json};

/// Types refer to each other in circles; a value ends here.
const DEEPEST: usize = 7;

/// Texts that have gone wrong somewhere before.
const TEXTS: &[&str] = &[
    "",
    "a",
    "auth0|5f7c8ec7c33c6c004bbafe82",
    "2026-01-01T00:00:00.000Z",
    "yesterday",
    "null",
    "true",
    "17",
    " ",
    "\u{0}",
    "line\nbreak\t\"quoted\" \\ back",
    "äöü ß 漢字 🦀",
    "\u{202e}rtl\u{feff}",
];

/// Where the randomness comes from: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts anew from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below another one; 0 below 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.bits() % (end.max(1) as u64)).unwrap_or(0)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }

    fn text(&mut self) -> String {
        match self.below(3) {
            0 => self.pick(TEXTS).copied().unwrap_or_default().to_owned(),
            1 => format!("text {}", self.below(1000)),
            _ => (0..self.below(12)).filter_map(|_| char::from_u32((self.bits() % 0x1_f9ff) as u32)).collect(),
        }
    }

    fn integer(&mut self) -> i64 {
        match self.below(4) {
            0 => 0,
            1 => [i64::MIN, i64::MAX, -1, 1 << 53, 4_294_967_296][self.below(5)],
            _ => self.below(100_000) as i64,
        }
    }

    fn float(&mut self) -> f64 {
        let float = f64::from_bits(self.bits());
        match self.below(3) {
            0 if float.is_finite() => float,
            1 => self.below(1000) as f64 / 8.0,
            _ => self.below(1000) as f64,
        }
    }

    /// Any JSON at all.
    pub fn json(&mut self, depth: usize) -> Value {
        match self.below(if depth < 3 { 8 } else { 6 }) {
            0 => Value::Null,
            1 => json!(self.once_in(2)),
            2 => json!(self.integer()),
            3 => json!(self.float()),
            4 | 5 => json!(self.text()),
            6 => (0..self.below(4)).map(|_| self.json(depth + 1)).collect(),
            _ => Value::Object((0..self.below(4)).map(|_| (self.text(), self.json(depth + 1))).collect()),
        }
    }

    /// Puts something else in one place of a value, which may be all of it: another kind of value, a member less, one twice
    /// as long.
    pub fn spoil(&mut self, value: &mut Value) {
        let inside = !self.once_in(4);
        match value {
            Value::Array(items) if inside && !items.is_empty() => {
                let index = self.below(items.len());
                if let Some(item) = items.get_mut(index) {
                    self.spoil(item);
                }
            }
            Value::Object(members) if inside && !members.is_empty() => {
                let name = members.keys().nth(self.below(members.len())).cloned().unwrap_or_default();
                if self.once_in(6) {
                    members.remove(&name);
                } else if let Some(member) = members.get_mut(&name) {
                    self.spoil(member);
                }
            }
            other => *other = self.json(0),
        }
    }
}

impl Description {
    /// A random value of a type.
    pub fn random(&self, ty: &Type, random: &mut Random) -> Value {
        self.random_at(ty, random, 0)
    }

    fn random_at(&self, ty: &Type, random: &mut Random, depth: usize) -> Value {
        let Ok((ty, nullable)) = self.resolve(ty) else { return Value::Null };
        if nullable && random.once_in(4) {
            return Value::Null;
        }
        match &ty.kind {
            Kind::Any => random.json(0),
            Kind::Boolean => json!(random.once_in(2)),
            Kind::Integer { .. } => json!(random.integer()),
            Kind::Number { .. } => json!(random.float()),
            Kind::String { .. } => json!(random.text()),
            Kind::Enum(_) if random.once_in(8) => json!(format!("new-{}", random.below(10))),
            Kind::Enum(values) => json!(random.pick(values)),
            Kind::Const(value) => value.clone(),
            Kind::Array { .. } if depth > DEEPEST => json!([]),
            Kind::Array { items, .. } => {
                (0..random.below(3)).map(|_| self.random_at(items, random, depth + 1)).collect()
            }
            Kind::Object { extra, .. } => {
                let properties = self.properties(ty).unwrap_or_default();
                let often = 1 + random.below(4);
                let mut members = Map::new();
                for property in properties.iter() {
                    if property.required || depth <= DEEPEST && random.once_in(often) {
                        members.insert(property.name.clone(), self.random_at(&property.ty, random, depth + 1));
                    }
                }
                match extra {
                    Extra::Allowed(ty) if properties.is_empty() => {
                        for _ in 0..random.below(3) {
                            members.insert(random.text(), self.random_at(ty, random, depth + 1));
                        }
                    }
                    _ if random.once_in(4) => drop(members.insert(format!("new {}", random.text()), random.json(1))),
                    _ => {}
                }
                Value::Object(members)
            }
            Kind::Union { variants, .. } => match random.pick(variants) {
                Some(variant) => self.random_at(variant, random, depth + 1),
                None => Value::Null,
            },
            Kind::Reference(_) => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_values_and_another_gives_others() {
        let description = Description::embedded().unwrap();
        let user = &description.types["UserResponseSchema"];
        let all =
            |seed: u64| (0..20).map(|at| description.random(user, &mut Random::new(seed + at))).collect::<Vec<_>>();
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(100));
        // Members come and go.
        let has = |value: &Value| value.get("email").is_some();
        assert!(all(1).iter().any(has) && !all(1).iter().all(has));
    }

    #[test]
    fn what_is_spoilt_is_another_value() {
        let value = json!({"a": [1, {"b": "c"}], "d": null});
        let mut random = Random::new(1);
        let changed = (0..100).filter(|_| {
            let mut spoilt = value.clone();
            random.spoil(&mut spoilt);
            spoilt != value
        });
        assert!(changed.count() > 80);
    }
}
