//! The enum objects, `ClientAppTypeEnum.Spa === "spa"`: data that a program takes only if it names it, which is why they
//! stand in a module of their own.

use super::{GENERATED, key, literal, models::Enums, words};
use std::collections::BTreeMap;

/// The enums of one top-level name: the one of that name, and those in its namespace.
type Of<'a> = (Option<&'a [String]>, Vec<(&'a str, &'a [String])>);
type ByOwner<'a> = BTreeMap<&'a str, Of<'a>>;

fn by_owner(enums: &Enums) -> ByOwner<'_> {
    let mut owners = ByOwner::new();
    for (name, values) in enums {
        let (owner, own) = name.split_once('.').map_or((name.as_str(), None), |(owner, own)| (owner, Some(own)));
        let entry = owners.entry(owner).or_default();
        match own {
            None => entry.0 = Some(values),
            Some(own) => entry.1.push((own, values)),
        }
    }
    owners
}

/// The module.
pub(super) fn values(enums: &Enums) -> String {
    let object = |values: &[String]| {
        let members: Vec<String> =
            values.iter().map(|value| format!("{}:{}", key(&words::member(value)), literal(value))).collect();
        members.join(",")
    };
    let mut text = format!("{GENERATED}\n");
    for (owner, (own, nested)) in by_owner(enums) {
        let nested = nested.iter().map(|(name, values)| format!("{name}:{{{}}}", object(values)));
        let members: Vec<String> = own.map(object).into_iter().chain(nested).collect();
        text += &format!("export const {owner}={{{}}};\n", members.join(","));
    }
    text
}

/// The declarations of the objects, by top-level name. The types of the same names stand beside them.
pub(super) fn declarations(enums: &Enums) -> BTreeMap<&str, String> {
    let object = |values: &[String], pad: &str| {
        let member = |value: &String| format!("{pad}  readonly {}: {};\n", key(&words::member(value)), literal(value));
        format!("{{\n{}{pad}}}", values.iter().map(member).collect::<String>())
    };
    let declare = |(owner, (own, nested)): (_, Of<'_>)| {
        let nested: String =
            nested.iter().map(|(name, values)| format!("  readonly {name}: {};\n", object(values, "  "))).collect();
        let own = own.map(|values| object(values, ""));
        let text = own.unwrap_or_else(|| format!("{{\n{nested}}}"));
        (owner, format!("export declare const {owner}: {text};\n"))
    };
    by_owner(enums).into_iter().map(declare).collect()
}
