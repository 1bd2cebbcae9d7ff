//! What each operation means, read off its path, method and types: which collection it works on and what it does there.
//!
//! Paths are compared as templates without parameter names: `/users/{}/roles`. A template that ends in a parameter is an
//! item of the collection before it; other templates are collections, single values or actions.

mod tables;
mod templates;

pub(crate) use tables::DERIVED;

use crate::error::SandboxError;
use crate::validate::Schema;
use auth0_api_description::{Description, Method, Operation, Type};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};
use tables::{MIRRORS, SAME};
use templates::Templates;

/// What an operation does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// All records, page by page.
    List,
    Create,
    Read,
    /// Merges the body into a record.
    Update,
    /// Puts the body in the place of a record. `true`: makes the record when there is none.
    Replace(bool),
    Delete,
    /// Adds what the body's array member names.
    Link(String),
    /// Takes away what the body's array member names.
    Unlink(String),
    /// Puts the body's array (its member of this name, or the body itself) in the place of all records.
    ReplaceAll(Option<String>),
    /// Removes all records that the query selects.
    Clear,
    ReadValue,
    CreateValue,
    MergeValue,
    PutValue,
    DeleteValue,
    /// Something that only this operation does, by its id.
    Own(Own),
    /// Nothing: the answer is a sample.
    Sample,
}

/// Operations that no general rule describes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Own {
    UsersByEmail,
    /// The record whose member of this name has the value of the last path argument.
    FindBy(&'static str),
    /// The first record of the collection.
    First,
    /// Enables and disables connections' clients.
    ConnectionClients,
    /// Removes the user with this email address from a connection.
    ConnectionUser,
    /// A new client secret.
    RotateSecret,
    /// What happened, as server-sent events.
    Events,
}

/// How one list answers.
#[derive(Clone, Debug)]
pub(crate) struct ListShape {
    /// The key of the items in an envelope.
    pub(crate) items: String,
    /// Whether a bare array is among the documented answers.
    pub(crate) bare: bool,
    /// The envelopes that are documented, as the types of objects.
    pub(crate) envelopes: Vec<Type>,
    /// The type of the items, when it allows less than the records may have: then each item is cut to its shape.
    pub(crate) narrow: Option<Type>,
}

/// One operation and what it does.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) action: Action,
    /// The template of the collection or value that the action works on.
    pub(crate) target: String,
    pub(crate) id_field: String,
    /// The collections on the way whose record must exist, as templates.
    pub(crate) parents: Vec<String>,
    pub(crate) list: Option<ListShape>,
    /// For links: the collection whose records are linked.
    pub(crate) join: Option<String>,
}

/// The routes, found by method and path.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) schema: Schema,
    pub(crate) routes: Vec<Route>,
    root: Node,
    /// The types that a record of a collection, or a value, has to meet, by its template.
    pub(crate) record_types: BTreeMap<String, Vec<Type>>,
    /// Those of these types in which the record is read, not only answered once.
    pub(crate) read_types: BTreeMap<String, Vec<Type>>,
    /// Templates of all collections.
    pub(crate) collections: BTreeSet<String>,
    /// Templates of single values that have to be created before they can be read.
    pub(crate) creatable: BTreeSet<String>,
    /// All scopes that some operation asks for.
    pub(crate) scopes: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
    parameter: Option<Box<Node>>,
    routes: Vec<(Method, usize)>,
}

impl Model {
    /// The model of the compiled-in description, made once a process.
    pub(crate) fn embedded() -> Result<Arc<Self>, SandboxError> {
        static MODEL: OnceLock<Result<Arc<Model>, String>> = OnceLock::new();
        let model = MODEL.get_or_init(|| Description::embedded().map(|description| Arc::new(Self::new(description))));
        model.clone().map_err(SandboxError::Description)
    }

    pub(crate) fn new(description: Description) -> Self {
        let schema = Schema::new(description);
        let operations: Vec<Operation> = schema.description.operations().cloned().collect();
        let templates = Templates::new(&schema, &operations);
        let routes: Vec<Route> = operations.iter().map(|operation| templates.route(operation)).collect();
        let mut root = Node::default();
        for (index, route) in routes.iter().enumerate() {
            root.insert(&template(&route.operation.path), route.operation.method, index);
        }
        Self {
            root,
            record_types: templates.record_types(),
            read_types: templates.read_types(),
            creatable: templates.creatable(),
            scopes: operations.iter().flat_map(|operation| operation.scopes.iter().cloned()).collect(),
            collections: templates.collections,
            routes,
            schema,
        }
    }

    /// The member that is the id of a collection's records.
    pub(crate) fn id_field(&self, template: &str) -> &str {
        self.routes.iter().find(|route| route.target == template).map_or("id", |route| route.id_field.as_str())
    }

    /// Completes a record or value with what its types require, and takes out what no answer shows.
    pub(crate) fn complete(&self, template: &str, value: &mut Value) {
        let types = |map: &'_ BTreeMap<String, Vec<Type>>| map.get(template).cloned().unwrap_or_default();
        types(&self.record_types).iter().for_each(|ty| self.schema.fill(ty, value));
        let reading = types(&self.read_types);
        let Some(map) = value.as_object_mut() else { return };
        for ty in &reading {
            for property in self.schema.properties(ty).iter() {
                map.get_mut(&property.name).into_iter().for_each(|member| self.schema.shape(&property.ty, member));
            }
        }
    }

    /// The route of a request, and its decoded path arguments. Literal segments win over parameters.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<(&Route, Vec<String>)> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let mut arguments = Vec::new();
        let index = self.root.find(method, &segments, &mut arguments)?;
        Some((&self.routes[index], arguments.iter().map(|text| crate::message::decode(text)).collect()))
    }
}

impl Node {
    fn insert(&mut self, template: &str, method: Method, index: usize) {
        let mut node = self;
        for segment in template.split('/').skip(1) {
            node = match segment {
                "{}" => node.parameter.get_or_insert_default(),
                literal => node.literals.entry(literal.to_owned()).or_default(),
            };
        }
        node.routes.push((method, index));
    }

    fn find<'a>(&self, method: &str, segments: &[&'a str], arguments: &mut Vec<&'a str>) -> Option<usize> {
        let Some((first, rest)) = segments.split_first() else {
            return self.routes.iter().find(|(known, _)| known.as_str() == method).map(|(_, index)| *index);
        };
        if let Some(found) = self.literals.get(*first).and_then(|node| node.find(method, rest, arguments)) {
            return Some(found);
        }
        let node = self.parameter.as_ref().filter(|_| !first.is_empty())?;
        let known = arguments.len();
        arguments.push(first);
        let found = node.find(method, rest, arguments);
        if found.is_none() {
            arguments.truncate(known);
        }
        found
    }
}

/// `/users/{id}/roles` as `/users/{}/roles`.
pub(crate) fn template(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// The name that a collection is kept under.
pub(crate) fn kept_under(template: &str) -> &str {
    SAME.iter().find(|(name, _)| *name == template).map_or(template, |(_, kept)| kept)
}

/// The other end of a collection of links.
pub(crate) fn mirror(template: &str) -> Option<&'static str> {
    MIRRORS.iter().find_map(|(one, other)| match template {
        template if template == *one => Some(*other),
        template if template == *other => Some(*one),
        _ => None,
    })
}

/// A template with its parameters filled in, in order.
pub(crate) fn concrete(template: &str, arguments: &[String]) -> String {
    let mut arguments = arguments.iter();
    let mut path = String::with_capacity(template.len() + 32);
    for segment in template.split('/').skip(1) {
        path.push('/');
        match segment {
            "{}" => path.push_str(&crate::store::key(arguments.next().map_or("", String::as_str))),
            literal => path.push_str(literal),
        }
    }
    path
}
