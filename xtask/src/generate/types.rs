//! Models as Rust text.

use super::models::{Form, List, Member, Models, Named, Rt};
use super::names;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A model inside of another one is boxed when it is larger than this, in bytes: most are absent most of the time.
const LARGEST_INLINE: usize = 200;

/// A constructor with more arguments than this is no help: what would be its arguments is set by name.
const MOST_ARGUMENTS: usize = 7;

pub(super) struct Emitter<'a> {
    pub(super) models: &'a Models,
    sizes: BTreeMap<usize, usize>,
}

impl<'a> Emitter<'a> {
    pub(super) fn new(models: &'a Models) -> Self {
        let mut this = Self { models, sizes: BTreeMap::new() };
        for index in 0..models.types.len() {
            this.size_of(index, &mut Vec::new());
        }
        this
    }

    fn size_of(&mut self, index: usize, stack: &mut Vec<usize>) -> usize {
        if let Some(size) = self.sizes.get(&index) {
            return *size;
        }
        if stack.contains(&index) {
            // A circle is cut by a box.
            return usize::MAX / 1024;
        }
        stack.push(index);
        let parts = self.models.at(index).form.parts();
        let mut sizes: Vec<usize> = Vec::new();
        for rt in &parts {
            sizes.push(match rt {
                Rt::Named(inner) => {
                    let size = self.size_of(*inner, stack);
                    if size > LARGEST_INLINE { 8 } else { size }
                }
                Rt::Bool => 1,
                Rt::Int | Rt::Float => 16,
                Rt::Json => 32,
                _ => 24,
            });
        }
        stack.pop();
        let size = match self.models.at(index).form {
            Form::Object { .. } => sizes.iter().sum::<usize>() + 24,
            Form::Union(_) => sizes.iter().max().copied().unwrap_or(0).max(32) + 8,
            _ => 24,
        };
        self.sizes.insert(index, size);
        size
    }

    /// Whether a member of this type is boxed. A type that is in the middle of a circle always is.
    fn boxed(&self, rt: &Rt) -> bool {
        matches!(rt, Rt::Named(index) if self.sizes.get(index).is_none_or(|size| *size > LARGEST_INLINE) || self.circular(*index))
    }

    /// Whether a type leads back to itself without an array or a map in between.
    fn circular(&self, index: usize) -> bool {
        let mut seen = vec![false; self.models.types.len()];
        let mut open = vec![index];
        while let Some(at) = open.pop() {
            for part in self.models.at(at).form.parts() {
                if let Rt::Named(next) = part {
                    if next == index {
                        return true;
                    }
                    if !std::mem::replace(&mut seen[next], true) {
                        open.push(next);
                    }
                }
            }
        }
        false
    }

    /// The Rust text of a type, seen from a home.
    pub(super) fn text(&self, rt: &Rt, home: &str) -> String {
        match rt {
            Rt::Text => "String".to_owned(),
            Rt::Const(value) if value.starts_with('"') => "String".to_owned(),
            Rt::Const(_) | Rt::Bool => "bool".to_owned(),
            Rt::Secret => "Secret".to_owned(),
            Rt::Int => "i64".to_owned(),
            Rt::Float => "f64".to_owned(),
            Rt::Json => "Json".to_owned(),
            Rt::Date => "DateTime".to_owned(),
            Rt::TextOrNumber => "TextOrNumber".to_owned(),
            Rt::Count => "Count".to_owned(),
            Rt::Vec(inner) => format!("Vec<{}>", self.text(inner, home)),
            Rt::Map(inner) => format!("BTreeMap<String, {}>", self.text(inner, home)),
            Rt::Opt(inner) => format!("Option<{}>", self.text(inner, home)),
            Rt::Named(index) => {
                let named = self.models.at(*index);
                if named.home == home {
                    named.rust.clone()
                } else {
                    format!("{}::{}", names::snake(&named.home), named.rust)
                }
            }
        }
    }

    /// What an argument of this type is declared as, and how `value` becomes it.
    pub(super) fn argument(&self, rt: &Rt, home: &str) -> (String, &'static str) {
        match rt {
            Rt::Vec(inner) => {
                (format!("impl IntoIterator<Item = impl Into<{}>>", self.text(inner, home)), "collect(value)")
            }
            Rt::Map(inner) => (
                format!("impl IntoIterator<Item = (impl Into<String>, impl Into<{}>)>", self.text(inner, home)),
                "entries(value)",
            ),
            Rt::Bool => (self.text(rt, home), "value"),
            Rt::Const(value) if !value.starts_with('"') => (self.text(rt, home), "value"),
            _ => (format!("impl Into<{}>", self.text(rt, home)), "value.into()"),
        }
    }

    /// An argument of this type, as an example would write it.
    pub(super) fn example(&self, rt: &Rt, home: &str) -> String {
        match rt {
            Rt::Text | Rt::Const(_) => "\"text\"".to_owned(),
            Rt::Secret => "\"secret\"".to_owned(),
            Rt::Json => "\"value\"".to_owned(),
            Rt::Int | Rt::Count => "1".to_owned(),
            Rt::Float => "1.5".to_owned(),
            Rt::Bool => "true".to_owned(),
            Rt::Date => "\"2026-01-01T00:00:00.000Z\"".to_owned(),
            Rt::TextOrNumber => "1".to_owned(),
            Rt::Vec(inner) => format!("[{}]", self.example(inner, home)),
            Rt::Map(inner) => format!("[(\"key\", {})]", self.example(inner, home)),
            Rt::Opt(inner) => match **inner {
                Rt::Text => "\"text\".to_owned()".to_owned(),
                _ => format!("Some({})", self.example(inner, home)),
            },
            Rt::Named(index) => {
                let named = self.models.at(*index);
                let name = self.text(rt, home);
                match &named.form {
                    Form::Object { members, .. } => {
                        let mut arguments: Vec<String> = members
                            .iter()
                            .filter(|member| member.required && !matches!(member.rt, Rt::Const(_)))
                            .map(|member| self.example(&member.rt, home))
                            .collect();
                        if arguments.len() > MOST_ARGUMENTS {
                            arguments.clear();
                        }
                        format!("{name}::new({})", arguments.join(", "))
                    }
                    Form::Enum(values) => {
                        let first = values.first().map(String::as_str).unwrap_or_default();
                        format!("{name}::{}", names::screaming(first))
                    }
                    Form::Union(variants) => {
                        let easy = |rt: &&Rt| matches!(rt, Rt::Named(_) | Rt::Text);
                        let first = variants.iter().find(easy).map(|rt| self.example(rt, home));
                        format!("{name}::from({})", first.unwrap_or_default())
                    }
                    Form::Pending => String::new(),
                }
            }
        }
    }

    fn is_field(named: &Named, member: &Member) -> bool {
        named.request && (member.nullable || named.patch)
    }

    /// The file with the types of a home.
    pub(super) fn file(&self, home: &str) -> Result<String, String> {
        let mut types: Vec<&Named> = self.models.types.iter().filter(|named| named.home == home).collect();
        types.sort_by(|a, b| a.rust.cmp(&b.rust));
        let mut out = format!("{}\n//! Models of `{home}`.\n\n", super::GENERATED);
        out += "use crate::management::model::*;\n";
        if home != "shared" {
            out += "use crate::management::shared;\n";
        }
        for named in types {
            out.push('\n');
            match &named.form {
                Form::Object { members, list } => self.object(&mut out, named, members, list.as_ref())?,
                Form::Enum(values) => self.enumeration(&mut out, named, values),
                Form::Union(variants) => self.union(&mut out, named, variants)?,
                Form::Pending => return Err(format!("{} was never built", named.source)),
            }
            for (source, alias) in &named.aliases {
                out.push('\n');
                let _ = writeln!(out, "/// The same as [`{}`].", named.rust);
                if alias != source {
                    let _ = writeln!(out, "#[doc(alias = {source:?})]");
                }
                let _ = writeln!(out, "pub type {alias} = {};", named.rust);
            }
        }
        Ok(out)
    }

    fn head(out: &mut String, named: &Named, what: &str) {
        let _ = writeln!(out, "/// {what}");
        if named.source != named.rust && !named.anonymous {
            let _ = writeln!(out, "#[doc(alias = {:?})]", named.source);
        }
    }

    fn object(&self, out: &mut String, named: &Named, members: &[Member], list: Option<&List>) -> Result<(), String> {
        let home = &named.home;
        let name = &named.rust;
        let what = match (named.request, named.response, list) {
            (_, _, Some(list)) => format!("A page of a list; the items are `{}`. Reads a bare array too.", list.items),
            (true, true, _) => "Sent and answered.".to_owned(),
            (true, false, _) => "Part of a request.".to_owned(),
            _ => "Part of an answer.".to_owned(),
        };
        Self::head(out, named, &what);
        out.push_str("#[derive(Clone, Debug, Default, PartialEq)]\n#[non_exhaustive]\n");
        let _ = writeln!(out, "pub struct {name} {{");
        for member in members {
            let text = self.text(&member.rt, home);
            let text = if self.boxed(&member.rt) { format!("Box<{text}>") } else { text };
            let wrapper = if Self::is_field(named, member) { "Field" } else { "Option" };
            if !member.facts.is_empty() {
                let _ = writeln!(out, "    /// {}", member.facts);
            }
            let _ = writeln!(out, "    pub {}: {wrapper}<{text}>,", member.rust);
        }
        out.push_str("    /// Members that this version does not know.\n    pub extra: Extra,\n}\n");
        if named.request {
            self.setters(out, named, members);
        }
        let _ = writeln!(out, "impl Model for {name} {{");
        out.push_str("    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {\n        match name {\n");
        for member in members {
            let read = match &member.rt {
                Rt::Int => "int",
                Rt::Float => "float",
                Rt::Bool => "flag",
                Rt::Const(value) if !value.starts_with('"') => "flag",
                Rt::Text | Rt::Const(_) => "text",
                Rt::Vec(item) if matches!(**item, Rt::Text | Rt::Const(_)) => "texts",
                Rt::Vec(_) => "items",
                _ => "get",
            };
            let _ = writeln!(out, "            {:?} => {read}(map, &mut self.{}),", member.name, member.rust);
        }
        out.push_str("            _ => other(map, name, &mut self.extra),\n        }\n    }\n");
        out.push_str("    fn write<S: SerializeMap>(&self, map: &mut S) -> Result<(), S::Error> {\n");
        for member in members {
            let put = if member.rt == Rt::Float { "put_number" } else { "put" };
            let _ = writeln!(out, "        {put}(map, {:?}, &self.{})?;", member.name, member.rust);
        }
        out.push_str("        others(map, &self.extra)\n    }\n}\n");
        match list {
            None => {
                let _ = writeln!(out, "model!({name});");
            }
            Some(list) => self.list(out, named, members, list)?,
        }
        Ok(())
    }

    fn list(&self, out: &mut String, named: &Named, members: &[Member], list: &List) -> Result<(), String> {
        let wrong = || format!("{}: the items of the list are no array", named.source);
        let items = members.iter().find(|member| member.name == list.items).ok_or_else(wrong)?;
        let Rt::Vec(item) = &items.rt else { return Err(wrong()) };
        let item_text = self.text(item, &named.home);
        let _ = writeln!(out, "list!({}, {}: {item_text});", named.rust, items.rust);
        if !list.paged {
            return Ok(());
        }
        let _ = writeln!(out, "impl PageOf for {} {{", named.rust);
        let _ = writeln!(out, "    type Item = {item_text};");
        let _ = writeln!(
            out,
            "    fn take_items(&mut self, _: &str) -> Option<Vec<{item_text}>> {{\n        self.{}.take()\n    }}",
            items.rust
        );
        let member = |name: &str, rt: &Rt| members.iter().find(|member| member.name == name && member.rt == *rt);
        let mut facts = String::new();
        for name in ["start", "limit", "total", "page", "per_page"] {
            if let Some(member) = member(name, &Rt::Int) {
                let _ = write!(facts, "{name}: self.{}, ", member.rust);
            }
        }
        if let Some(member) = member("next", &Rt::Text) {
            let _ = write!(facts, "next: self.{}.as_deref(), ", member.rust);
        }
        if let Some(cursor) = &list.cursor {
            let Rt::Named(index) = **item else { return Err(wrong()) };
            let Form::Object { members, .. } = &self.models.at(index).form else { return Err(wrong()) };
            let found = members.iter().find(|member| member.name == *cursor && member.rt == Rt::Text);
            let found = found.ok_or_else(|| format!("{}: the cursor {cursor} is no text", named.source))?;
            let last = format!("self.{}.iter().flatten().next_back()", items.rust);
            let _ = write!(facts, "cursor: {last}.and_then(|item| item.{}.as_deref()), ", found.rust);
        }
        let _ = writeln!(
            out,
            "    fn facts(&self) -> PageFacts<'_> {{\n        PageFacts {{ count: self.{}.as_ref().map(Vec::len), {facts}..PageFacts::default() }}\n    }}\n}}",
            items.rust
        );
        Ok(())
    }

    fn setters(&self, out: &mut String, named: &Named, members: &[Member]) {
        let home = &named.home;
        let required = members.iter().filter(|member| member.required);
        let (fixed, mut open): (Vec<&Member>, Vec<&Member>) =
            required.partition(|member| matches!(member.rt, Rt::Const(_)));
        let many = (open.len() > MOST_ARGUMENTS).then(|| std::mem::take(&mut open));
        let _ = writeln!(out, "impl {} {{", named.rust);
        let arguments: Vec<String> =
            open.iter().map(|member| format!("{}: {}", member.rust, self.argument(&member.rt, home).0)).collect();
        let _ = match &many {
            Some(many) => {
                let names: Vec<String> = many.iter().map(|member| format!("`{}`", member.rust)).collect();
                writeln!(out, "    /// Without members. The API requires {}.", names.join(", "))
            }
            None if open.is_empty() => writeln!(out, "    /// Without any member that is optional."),
            None => writeln!(out, "    /// With the required members."),
        };
        let start = if fixed.is_empty() && open.is_empty() {
            "Self::default()".to_owned()
        } else {
            let value = |member: &Member| {
                let convert = match &member.rt {
                    Rt::Const(value) if value.starts_with('"') => format!("{value}.to_owned()"),
                    Rt::Const(value) => value.clone(),
                    rt => self.argument(rt, home).1.replace("value", &member.rust),
                };
                let convert = if self.boxed(&member.rt) { format!("Box::new({convert})") } else { convert };
                let wrapper = if Self::is_field(named, member) { "Field::Value" } else { "Some" };
                format!("{}: {wrapper}({convert})", member.rust)
            };
            let values: Vec<String> = fixed.iter().chain(&open).map(|member| value(member)).collect();
            format!("Self {{ {}, ..Self::default() }}", values.join(", "))
        };
        let _ = writeln!(out, "    pub fn new({}) -> Self {{\n        {start}\n    }}", arguments.join(", "));
        for member in members {
            let ident = &member.rust;
            let text = self.text(&member.rt, home);
            let boxed = self.boxed(&member.rt);
            let (generics, argument, value) = if Self::is_field(named, member) {
                let boxing = if boxed { ".map(Box::new)" } else { "" };
                match &member.rt {
                    Rt::Vec(inner) => (
                        "<M>",
                        format!("impl IntoItems<{}, M>", self.text(inner, home)),
                        "value.into_items()".to_owned(),
                    ),
                    Rt::Map(inner) => (
                        "<M>",
                        format!("impl IntoEntries<{}, M>", self.text(inner, home)),
                        "value.into_entries()".to_owned(),
                    ),
                    _ => ("<M>", format!("impl IntoField<{text}, M>"), format!("value.into_field(){boxing}")),
                }
            } else {
                let (argument, convert) = self.argument(&member.rt, home);
                ("", argument, if boxed { format!("Some(Box::new({convert}))") } else { format!("Some({convert})") })
            };
            let _ = writeln!(out, "    /// Sets `{}`.", member.name);
            let _ = writeln!(
                out,
                "    pub fn {ident}{generics}(self, value: {argument}) -> Self {{ Self {{ {ident}: {value}, ..self }} }}"
            );
        }
        out.push_str("    /// Sets a member that this version does not know.\n");
        out.push_str("    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {\n");
        out.push_str("        self.extra.insert(name.into(), value.into());\n        self\n    }\n}\n");
    }

    fn enumeration(&self, out: &mut String, named: &Named, values: &[String]) {
        Self::head(out, named, "One of a few texts. One that this version does not know is kept as it is.");
        out.push_str("#[derive(Clone, Debug, PartialEq, Eq, Hash)]\n");
        let _ = writeln!(
            out,
            "pub struct {}(Cow<'static, str>);\nopen_enum!({});\nimpl {} {{",
            named.rust, named.rust, named.rust
        );
        let mut taken: Vec<String> = Vec::new();
        for value in values {
            let constant = names::unique(names::screaming(value), |name| taken.iter().any(|known| known == name));
            let _ =
                writeln!(out, "    /// `{value}`\n    pub const {constant}: Self = Self(Cow::Borrowed({value:?}));");
            taken.push(constant);
        }
        out.push_str("}\n");
    }

    pub(super) fn variant_names(&self, named: &Named, variants: &[Rt]) -> Vec<String> {
        let base = |rt: &Rt| match rt {
            Rt::Text | Rt::Const(_) | Rt::Secret => "Text".to_owned(),
            Rt::Date => "DateTime".to_owned(),
            Rt::Int | Rt::Float | Rt::TextOrNumber | Rt::Count => "Number".to_owned(),
            Rt::Bool => "Flag".to_owned(),
            Rt::Json | Rt::Map(_) => "Object".to_owned(),
            Rt::Vec(_) | Rt::Opt(_) => "Array".to_owned(),
            Rt::Named(index) => self.models.at(*index).rust.clone(),
        };
        let mut models: Vec<String> = variants.iter().filter(|rt| matches!(rt, Rt::Named(_))).map(base).collect();
        if models.len() == 1 {
            models.push(named.rust.clone());
        }
        let cut = names::common(&models);
        let mut taken: Vec<String> = vec!["Unknown".to_owned()];
        for rt in variants {
            let name = match rt {
                Rt::Named(_) => names::pascal(&names::without(&base(rt), cut)),
                _ => base(rt),
            };
            let name = if name.starts_with(|c: char| c.is_ascii_digit()) { format!("V{name}") } else { name };
            let name = names::unique(name, |name| taken.iter().any(|known| known == name));
            taken.push(name);
        }
        taken.remove(0);
        taken
    }

    fn union(&self, out: &mut String, named: &Named, variants: &[Rt]) -> Result<(), String> {
        let home = &named.home;
        let mut kept: Vec<Rt> = Vec::new();
        for rt in variants {
            if !kept.contains(rt) {
                kept.push(rt.clone());
            }
        }
        Self::head(out, named, "One of several types.");
        out.push_str("#[derive(Clone, Debug, PartialEq)]\n#[non_exhaustive]\n");
        let _ = writeln!(out, "#[allow(missing_docs)]\npub enum {} {{", named.rust);
        let names = self.variant_names(named, &kept);
        for (rt, name) in kept.iter().zip(&names) {
            let text = self.text(rt, home);
            let text = if self.boxed(rt) { format!("Box<{text}>") } else { text };
            let _ = writeln!(out, "    {name}({text}),");
        }
        out.push_str("    /// What is none of these.\n    Unknown(Json),\n}\n");
        let _ = writeln!(out, "union!({} {{", named.rust);
        for (index, (rt, name)) in kept.iter().zip(&names).enumerate() {
            let _ = writeln!(out, "    {index} => {name} {},", self.shape(rt, home));
        }
        out.push_str("});\n");
        for (rt, name) in kept.iter().zip(&names) {
            let text = self.text(rt, home);
            let from = |out: &mut String, text: &str, value: &str| {
                let _ = writeln!(
                    out,
                    "impl From<{text}> for {} {{ fn from(value: {text}) -> Self {{ Self::{name}({value}) }} }}",
                    named.rust
                );
            };
            match rt {
                Rt::Text => {
                    from(out, "&str", "value.to_owned()");
                    from(out, "String", "value");
                }
                Rt::Json | Rt::Vec(_) | Rt::Map(_) | Rt::Opt(_) => {}
                _ if self.boxed(rt) => from(out, &text, "Box::new(value)"),
                _ => from(out, &text, "value"),
            }
        }
        Ok(())
    }

    fn shape(&self, rt: &Rt, home: &str) -> String {
        let shape = |name: &str| format!("crate::management::model::Shape::{name}");
        match rt {
            Rt::Text | Rt::Secret | Rt::Date => shape("Text"),
            Rt::Int | Rt::Float | Rt::TextOrNumber | Rt::Count => shape("Number"),
            Rt::Bool | Rt::Const(_) => shape("Boolean"),
            Rt::Vec(_) | Rt::Opt(_) => shape("Array"),
            Rt::Json | Rt::Map(_) => shape("AnyObject"),
            Rt::Named(index) => {
                let named = self.models.at(*index);
                match &named.form {
                    Form::Enum(_) => shape("Text"),
                    Form::Union(_) => {
                        format!(
                            "{}(<{} as crate::management::model::Union>::SHAPES)",
                            shape("OneOf"),
                            self.text(rt, home)
                        )
                    }
                    Form::Object { members, .. } => {
                        let list = |names: Vec<&str>| {
                            let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
                            format!("&[{}]", quoted.join(", "))
                        };
                        // A null that is not written again cannot tell a variant by.
                        let required = members
                            .iter()
                            .filter(|member| member.required && !member.nullable)
                            .map(|member| member.name.as_str())
                            .collect();
                        let known = members.iter().map(|member| member.name.as_str()).collect();
                        let fixed: Vec<String> = members
                            .iter()
                            .filter_map(|member| {
                                let values = self.fixed(&member.rt)?;
                                Some(format!(
                                    "({:?}, {})",
                                    member.name,
                                    list(values.iter().map(String::as_str).collect())
                                ))
                            })
                            .collect();
                        format!(
                            "{} {{ required: {}, fixed: &[{}], known: {} }}",
                            shape("Object"),
                            list(required),
                            fixed.join(", "),
                            list(known)
                        )
                    }
                    Form::Pending => shape("AnyObject"),
                }
            }
        }
    }

    /// The values that a member may have, when they are few enough to tell a variant by.
    fn fixed(&self, rt: &Rt) -> Option<Vec<String>> {
        match rt {
            Rt::Const(value) => match serde_json::from_str(value).ok()? {
                Value::String(text) => Some(vec![text]),
                other => Some(vec![other.to_string()]),
            },
            Rt::Named(index) => match &self.models.at(*index).form {
                Form::Enum(values) if values.len() <= 4 => Some(values.clone()),
                _ => None,
            },
            _ => None,
        }
    }
}
