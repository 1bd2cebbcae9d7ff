//! Auth0's Management API as data, and the reader of that data.
//!
//! The JSON files of this folder are the one source of everything that is generated, and what the sandbox routes and
//! validates by. `cargo xtask import` writes them from an OpenAPI document; nobody edits them by hand. One file is one
//! resource group; `shared.json` has the types that several groups use. [`Description::embedded`] reads them all.
//!
//! The format, by example:
//!
//! ```json
//! { "group": "users",
//!   "operations": [
//!     { "id": "users.list", "method": "GET", "path": "/users",
//!       "query": { "per_page": { "type": "integer", "min": 0, "max": 100 }, "q": "string" },
//!       "response": "ListUsersResponseContent", "statuses": [200], "errors": [400, 401],
//!       "paging": { "style": "offset", "items": "users", "size": 50, "totals": true },
//!       "scopes": ["read:users"], "stage": "GA", "idempotent": true } ],
//!   "types": { "UserIdentity": { "type": "object", "properties": { "user_id": "string", "name?": "string?" } } } }
//! ```
//!
//! A property name that ends in `?` may be absent; a type that ends in `?` may be null. See [`Type`] for the short forms.
#![forbid(unsafe_code)]

mod embedded;
pub mod random;
pub mod sample;
mod types;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use types::{Extra, Kind, Property, Type};

/// One file of the description: a top-level resource group, or the shared types (which has no operations).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Group {
    /// Says who wrote the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// The name of the group in camelCase, as the first segment of its operations' ids; `shared` for the shared types.
    pub group: String,
    /// In the order of the source document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Operation>,
    /// The types that only this group uses, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, Type>,
}

/// One operation: a method and a path, and everything a client or a server needs to know of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Operation {
    /// Group path and name in camelCase, as in the npm package: `users.authenticationMethods.list`.
    pub id: String,
    pub method: Method,
    /// The template below `/api/v2`, with parameters in braces: `/users/{id}`.
    pub path: String,
    /// The types of the path parameters, in the order in which they stand in the path. Empty when all are plain strings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub path_types: BTreeMap<String, Type>,
    /// Query parameters in the order of the source. A name that ends in `?` in the file is optional, as in an object.
    /// Arrays are sent as the key repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "types::property_map")]
    pub query: Vec<Property>,
    /// The name of the type that holds the query parameters in the peers' typings, when the source gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_name: Option<String>,
    /// The request body, when the operation takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// The type of the success response's JSON. `None`: the operation answers without a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Type>,
    /// True when the success response is a stream of server-sent events, whose events have the type `response`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub event_stream: bool,
    /// The documented success statuses.
    pub statuses: Vec<u16>,
    /// The documented error statuses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paging: Option<Paging>,
    /// Any one of these lets a token call the operation. Empty where the source names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Lifecycle stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// True when the API reads the `Auth0-Custom-Domain` header here.
    #[serde(default, skip_serializing_if = "is_false")]
    pub custom_domain: bool,
    /// True when sending the request twice has the effect of sending it once (RFC 9110, section 9.2.2).
    #[serde(default, skip_serializing_if = "is_false")]
    pub idempotent: bool,
}

impl Operation {
    /// The names of the path parameters, in the order of the path.
    pub fn path_parameters(&self) -> Vec<&str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    /// The method's name: the last segment of the id.
    pub fn name(&self) -> &str {
        self.id.rsplit('.').next().unwrap_or(&self.id)
    }

    /// The group path: the id without its last segment.
    pub fn group_path(&self) -> &str {
        self.id.rsplit_once('.').map_or("", |(group, _)| group)
    }

    /// The type of one path parameter.
    pub fn path_type(&self, name: &str) -> Type {
        self.path_types.get(name).cloned().unwrap_or_else(Type::string)
    }
}

/// The methods that the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// A request body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Body {
    pub kind: BodyKind,
    /// False when the operation may be called with no body at all.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    #[serde(rename = "type")]
    pub ty: Type,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyKind {
    Json,
    Multipart,
}

/// How a list is read page by page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Paging {
    pub style: PagingStyle,
    /// The key of the envelope under which the items are. A list may also answer with a bare array.
    pub items: String,
    /// The page size that is sent when the caller names none: 50, or the API's maximum where that is less.
    pub size: u32,
    /// True when the list takes `include_totals`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub totals: bool,
    /// For a cursor that is not answered as `next`: the member of the last item that is the next `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PagingStyle {
    /// `page` and `per_page`.
    Offset,
    /// `from` and `take`.
    Checkpoint,
    /// Either; the parameters that the caller gives decide, and checkpoint where they say nothing.
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    #[serde(rename = "GA")]
    GeneralAvailability,
    #[serde(rename = "EA")]
    EarlyAccess,
    #[serde(rename = "beta")]
    Beta,
    #[serde(rename = "deprecated")]
    Deprecated,
}

pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

/// The whole description: all groups and one namespace of types.
#[derive(Clone, Debug)]
pub struct Description {
    /// Sorted by name; without the shared types.
    pub groups: Vec<Group>,
    /// Every named type of every file.
    pub types: BTreeMap<String, Type>,
}

impl Description {
    /// The description that was compiled in.
    ///
    /// # Errors
    /// The text of the first file that is not in the format; never after `cargo xtask test` has passed.
    pub fn embedded() -> Result<Self, String> {
        Self::parse(embedded::FILES)
    }

    /// Reads files given as (name, text).
    ///
    /// # Errors
    /// Names the file and the place that is not in the format, and a type or an operation that stands in two files.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, String> {
        let mut groups = Vec::new();
        let mut types = BTreeMap::new();
        for (name, text) in files {
            let mut group: Group = serde_json::from_str(text).map_err(|error| format!("{name}: {error}"))?;
            for (type_name, ty) in std::mem::take(&mut group.types) {
                if types.insert(type_name.clone(), ty).is_some() {
                    return Err(format!("{name}: the type {type_name} stands in another file too"));
                }
            }
            if !group.operations.is_empty() {
                groups.push(group);
            }
        }
        groups.sort_by(|a: &Group, b: &Group| a.group.cmp(&b.group));
        Ok(Self { groups, types })
    }

    /// All operations, group by group.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.groups.iter().flat_map(|group| group.operations.iter())
    }

    /// Follows references until something else than a reference is reached. The nullability of every step counts.
    ///
    /// # Errors
    /// A reference to a type that does not exist.
    pub fn resolve<'a>(&'a self, ty: &'a Type) -> Result<(&'a Type, bool), String> {
        let (mut current, mut nullable) = (ty, ty.nullable);
        while let Kind::Reference(name) = &current.kind {
            current = self.types.get(name).ok_or_else(|| format!("no type is named {name}"))?;
            nullable |= current.nullable;
        }
        Ok((current, nullable))
    }

    /// The properties of an object type with those of the types it extends, which come first; a property that is
    /// repeated takes the later definition.
    ///
    /// # Errors
    /// A reference to a type that does not exist, or an extension of something that is not an object.
    pub fn properties(&self, ty: &Type) -> Result<Vec<Property>, String> {
        let (ty, _) = self.resolve(ty)?;
        let Kind::Object { properties, extends, .. } = &ty.kind else {
            return Err("not an object type".to_owned());
        };
        let mut all: Vec<Property> = Vec::new();
        let mut add = |property: Property| match all.iter_mut().find(|known| known.name == property.name) {
            Some(known) => *known = Property { required: known.required || property.required, ..property },
            None => all.push(property),
        };
        for base in extends {
            self.properties(&Type::reference(base))?.into_iter().for_each(&mut add);
        }
        properties.iter().cloned().for_each(&mut add);
        Ok(all)
    }
}
