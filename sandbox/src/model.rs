//! What each operation means, read off its path, method and types: which collection it works on and what it does there.
//!
//! Paths are compared as templates without parameter names: `/users/{}/roles`. A template that ends in a parameter is an
//! item of the collection before it; other templates are collections, single values or actions.

use crate::error::SandboxError;
use crate::validate::Schema;
use auth0_api_description::{Description, Extra, Kind, Method, Operation, Type};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

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
    /// Removes the names that the body lists from a stored object.
    RemoveNames,
    /// A new client secret.
    RotateSecret,
    /// What happened, as server-sent events.
    Events,
    /// Nothing to remove; succeeds.
    Nothing,
}

/// The operations of [`Own`], and the collection that they work on where the path does not say it.
const OWN: &[(&str, Own, Option<&str>)] = &[
    ("GET /users-by-email", Own::UsersByEmail, Some("/users")),
    ("GET /organizations/name/{}", Own::FindBy("name"), Some("/organizations")),
    (
        "GET /organizations/{}/discovery-domains/name/{}",
        Own::FindBy("domain"),
        Some("/organizations/{}/discovery-domains"),
    ),
    ("GET /branding/themes/default", Own::First, Some("/branding/themes")),
    ("PATCH /connections/{}/clients", Own::ConnectionClients, None),
    ("DELETE /connections/{}/users", Own::ConnectionUser, Some("/users")),
    ("DELETE /hooks/{}/secrets", Own::RemoveNames, None),
    ("POST /clients/{}/rotate-secret", Own::RotateSecret, Some("/clients")),
    ("GET /events", Own::Events, None),
    ("DELETE /users/{}/authenticators", Own::Nothing, None),
    ("DELETE /users/{}/multifactor/{}", Own::Nothing, None),
    ("DELETE /users/{}/federated-connections-tokensets/{}", Own::Nothing, None),
    ("DELETE /user-blocks", Own::Nothing, None),
    ("DELETE /user-blocks/{}", Own::Nothing, None),
    ("DELETE /anomaly/blocks/ips/{}", Own::Nothing, None),
];

/// Operations that look like state and are actions.
const ACTIONS: &[&str] = &[
    "PATCH /branding/phone/templates/{}/reset",
    "PUT /keys/signing/{}/revoke",
    "POST /keys/encryption/{}",
    "POST /connections/{}/keys",
    "POST /keys/encryption/rekey",
    "PATCH /prompts/rendering",
    "DELETE /users/{}/identities/{}/{}",
];

/// Collections although nothing lists them and nothing creates in them: their records come from elsewhere.
const UNLISTED: &[&str] = &["/sessions", "/jobs", "/guardian/enrollments", "/actions/executions"];

/// What looks like a collection and is not one.
const VALUES: &[&str] = &["/user-blocks"];

/// Two collections that hold the same links, seen from either end.
const MIRRORS: &[(&str, &str)] = &[
    ("/users/{}/roles", "/roles/{}/users"),
    ("/groups/{}/roles", "/roles/{}/groups"),
    ("/organizations/{}/members", "/users/{}/organizations"),
    ("/groups/{}/members", "/users/{}/groups"),
];

/// Lists that show another collection.
const ALIASES: &[(&str, &str)] = &[
    ("/clients/search", "/clients"),
    ("/client-grants/search", "/client-grants"),
    ("/organizations/search", "/organizations"),
    ("/resource-servers/search", "/resource-servers"),
];

/// Single values that are not there before somebody makes them, although nothing in their types says so.
const ABSENT: &[&str] = &["/branding/templates/universal-login", "/hooks/{}/secrets"];

/// Lists that are made of others when they are asked for, and where the records on the way are.
pub(crate) const DERIVED: &[(&str, &str)] = &[("/organizations/{}/groups", "/groups")];

/// Two names of one collection, and the one that it is kept under.
const SAME: &[(&str, &str)] = &[("/organizations/{}/enabled_connections", "/organizations/{}/connections")];

/// The member that is a record's id, where neither `id` nor the parameter's name is right.
const ID_FIELDS: &[(&str, &str)] = &[
    ("/users", "user_id"),
    ("/clients", "client_id"),
    ("/logs", "log_id"),
    ("/users/{}/logs", "log_id"),
    ("/email-templates", "template"),
    ("/rules-configs", "key"),
    ("/guardian/factors", "name"),
    ("/keys/signing", "kid"),
    ("/keys/encryption", "kid"),
    ("/organizations/{}/members", "user_id"),
    ("/organizations/{}/connections", "connection_id"),
    ("/organizations/{}/enabled_connections", "connection_id"),
    ("/organizations/{}/clients", "client_id"),
    ("/connections/{}/clients", "client_id"),
    ("/connections/{}/scim-configuration/tokens", "token_id"),
    ("/custom-domains", "custom_domain_id"),
    ("/roles/{}/users", "user_id"),
    ("/groups/{}/members", "id"),
];

/// Links to what is not in the tenant: the groups of an identity provider.
const FOREIGN_LINKS: &[&str] = &["/connections/{}/directory-provisioning/synchronized-groups"];

/// What the member of a link's body names: the collection that the ids are looked up in.
const TARGETS: &[(&str, &str)] =
    &[("roles", "/roles"), ("users", "/users"), ("members", "/users"), ("groups", "/groups"), ("clients", "/clients")];

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

/// The templates with the methods they have, and what follows from them.
struct Templates<'a> {
    schema: &'a Schema,
    methods: BTreeMap<String, Vec<(Method, &'a Operation)>>,
    collections: BTreeSet<String>,
}

impl<'a> Templates<'a> {
    fn new(schema: &'a Schema, operations: &'a [Operation]) -> Self {
        let mut methods: BTreeMap<String, Vec<(Method, &Operation)>> = BTreeMap::new();
        for operation in operations {
            methods.entry(template(&operation.path)).or_default().push((operation.method, operation));
        }
        let mut this = Self { schema, methods, collections: BTreeSet::new() };
        let lists = this.methods.keys().filter(|template| this.is_list(template)).cloned();
        let parents = this.methods.keys().filter_map(|template| template.strip_suffix("/{}")).filter(|parent| {
            let item = format!("{parent}/{{}}");
            let has_items = [Method::Get, Method::Patch, Method::Put, Method::Delete]
                .iter()
                .any(|method| this.operation(&item, *method).is_some());
            let made_here = this.is_list(parent) || this.operation(parent, Method::Post).is_some();
            has_items && made_here || UNLISTED.contains(parent)
        });
        this.collections =
            lists.chain(parents.map(str::to_owned)).filter(|path| !VALUES.contains(&path.as_str())).collect();
        this
    }

    fn operation(&self, template: &str, method: Method) -> Option<&'a Operation> {
        self.methods.get(template)?.iter().find(|(known, _)| *known == method).map(|(_, operation)| *operation)
    }

    fn is_list(&self, template: &str) -> bool {
        let Some(operation) = self.operation(template, Method::Get) else { return false };
        let Some(response) = operation.response.as_ref().filter(|_| !template.ends_with('}')) else { return false };
        if operation.paging.is_some() {
            return true;
        }
        let has_items = self.methods.keys().any(|other| other.starts_with(&format!("{template}/{{}}")));
        if self.schema.items(response).is_some() {
            let written_whole = self.operation(template, Method::Put).is_some();
            return has_items || !written_whole;
        }
        has_items && self.only_array(response).is_some()
    }

    /// The name of an object's only property, when that is an array.
    fn only_array(&self, ty: &Type) -> Option<String> {
        let properties = self.schema.properties(ty);
        match &*properties {
            [only] if self.schema.items(&only.ty).is_some() => Some(only.name.clone()),
            _ => None,
        }
    }

    /// The name of the array that a body is about: its only required member, or its only member.
    fn body_array(&self, operation: &Operation) -> Option<String> {
        let body = &operation.body.as_ref()?.ty;
        let properties = self.schema.properties(body);
        let required: Vec<_> = properties.iter().filter(|property| property.required).collect();
        let member = match (required.as_slice(), &*properties) {
            ([one], _) => *one,
            ([], [one]) => one,
            _ => return None,
        };
        self.schema.items(&member.ty).map(|_| member.name.clone())
    }

    fn route(&self, operation: &Operation) -> Route {
        let path = template(&operation.path);
        let line = format!("{} {path}", operation.method.as_str());
        let own = OWN.iter().find(|(known, ..)| *known == line);
        let (action, target) = match own {
            Some((_, own, target)) => (Action::Own(*own), target.map_or_else(|| path.clone(), str::to_owned)),
            None if ACTIONS.contains(&line.as_str()) => (Action::Sample, path.clone()),
            None => self.action(operation, &path),
        };
        let target = kept_under(&target).to_owned();
        let list = (action == Action::List).then(|| {
            let narrow = self.item_type(operation).filter(|ty| self.is_narrow(ty, &target));
            ListShape { narrow, ..self.list_shape(operation) }
        });
        Route {
            parents: self.parents(&path, &action),
            id_field: self.id_field(&target),
            join: self.join(&target),
            operation: operation.clone(),
            action,
            target,
            list,
        }
    }

    fn action(&self, operation: &Operation, path: &str) -> (Action, String) {
        if let Some(collection) = path.strip_suffix("/{}").filter(|collection| self.collections.contains(*collection)) {
            let creates = self.operation(collection, Method::Post).is_some();
            let action = match operation.method {
                Method::Get => Action::Read,
                Method::Patch => Action::Update,
                Method::Put => Action::Replace(!creates || collection == "/email-templates"),
                Method::Delete => Action::Delete,
                Method::Post => Action::Sample,
            };
            return (action, collection.to_owned());
        }
        if let Some((_, target)) = ALIASES.iter().find(|(alias, _)| *alias == path) {
            return (Action::List, (*target).to_owned());
        }
        let action = if self.collections.contains(path) {
            self.on_collection(operation, path)
        } else {
            self.on_value(operation, path)
        };
        (action, path.to_owned())
    }

    fn on_collection(&self, operation: &Operation, path: &str) -> Action {
        let array = self.body_array(operation);
        match operation.method {
            Method::Get => Action::List,
            Method::Post => match array.filter(|_| self.links(path)) {
                Some(member) => Action::Link(member),
                None => Action::Create,
            },
            Method::Put | Method::Patch => Action::ReplaceAll(array),
            Method::Delete => array.map_or(Action::Clear, Action::Unlink),
        }
    }

    fn on_value(&self, operation: &Operation, path: &str) -> Action {
        let readable = self.operation(path, Method::Get).is_some();
        match operation.method {
            Method::Get => Action::ReadValue,
            Method::Post if readable => Action::CreateValue,
            Method::Post => Action::Sample,
            Method::Put => Action::PutValue,
            Method::Patch => Action::MergeValue,
            Method::Delete => Action::DeleteValue,
        }
    }

    /// The collections that a path leads through, without the one whose record the operation is about.
    fn parents(&self, path: &str, action: &Action) -> Vec<String> {
        let about_item = matches!(action, Action::Read | Action::Update | Action::Replace(_) | Action::Delete);
        let steps = path.match_indices("/{}").map(|(index, _)| &path[..index]);
        steps
            .filter(|step| self.collections.contains(*step))
            .filter(|step| !about_item || path.strip_suffix("/{}") != Some(step))
            .map(str::to_owned)
            .collect()
    }

    fn id_field(&self, collection: &str) -> String {
        if let Some((_, field)) = ID_FIELDS.iter().find(|(known, _)| *known == collection) {
            return (*field).to_owned();
        }
        let item = self.methods.get(&format!("{collection}/{{}}")).and_then(|methods| methods.first());
        let parameter =
            item.and_then(|(_, operation)| operation.path_parameters().last().map(|name| (*name).to_owned()));
        let types = self.types_of(collection);
        let has = |name: &str| types.iter().any(|ty| self.schema.property(ty, name).is_some());
        parameter.filter(|name| has(name) && !has("id")).unwrap_or_else(|| "id".to_owned())
    }

    /// The types in which a collection's records are answered.
    fn types_of(&self, collection: &str) -> Vec<Type> {
        let item = format!("{collection}/{{}}");
        let mut types: Vec<Type> =
            [(collection, Method::Post), (&item, Method::Get), (&item, Method::Patch), (&item, Method::Put)]
                .iter()
                .filter_map(|(template, method)| self.operation(template, *method)?.response.clone())
                .filter(|ty| !self.schema.properties(ty).is_empty() || self.schema.variants(ty).len() > 1)
                .collect();
        if let Some(list) = self.operation(collection, Method::Get) {
            types.extend(self.item_type(list));
        }
        types
    }

    fn item_type(&self, list: &Operation) -> Option<Type> {
        let shape = self.list_shape(list);
        let bare = list.response.as_ref().and_then(|response| self.schema.items(response));
        let wrapped = || {
            let ty = shape.envelopes.iter().find_map(|envelope| self.schema.property(envelope, &shape.items))?.ty;
            self.schema.items(&ty).cloned()
        };
        bare.cloned().or_else(wrapped)
    }

    fn list_shape(&self, operation: &Operation) -> ListShape {
        let variants = operation.response.as_ref().map_or_else(Vec::new, |response| self.schema.variants(response));
        let envelopes: Vec<Type> = variants
            .iter()
            .filter(|variant| matches!(variant.kind, Kind::Object { .. }))
            .map(|ty| (*ty).clone())
            .collect();
        let named = operation.paging.as_ref().map(|paging| paging.items.clone());
        let items = named.or_else(|| {
            let properties = envelopes.iter().flat_map(|envelope| self.schema.properties(envelope).into_owned());
            properties.filter(|property| self.schema.items(&property.ty).is_some()).map(|property| property.name).next()
        });
        ListShape {
            items: items.unwrap_or_default(),
            bare: variants.iter().any(|variant| matches!(variant.kind, Kind::Array { .. })),
            envelopes,
            narrow: None,
        }
    }

    /// Whether a collection holds links to records of another one.
    fn links(&self, collection: &str) -> bool {
        self.operation(collection, Method::Delete).is_some() || mirror(collection).is_some()
    }

    fn join(&self, collection: &str) -> Option<String> {
        if let Some(other) = mirror(collection) {
            return other.split_once("/{}").map(|(target, _)| target.to_owned());
        }
        if !self.links(collection) || FOREIGN_LINKS.contains(&collection) {
            return None;
        }
        let member = self.operation(collection, Method::Post).and_then(|operation| self.body_array(operation))?;
        TARGETS.iter().find(|(name, _)| *name == member).map(|(_, target)| (*target).to_owned())
    }

    /// Whether an item type forbids a member that another type of the collection's records has.
    fn is_narrow(&self, item: &Type, collection: &str) -> bool {
        let closed = |ty: &&Type| matches!(ty.kind, Kind::Object { extra: Extra::Forbidden, .. });
        let names = |ty: &Type| -> BTreeSet<String> {
            self.schema.properties(ty).iter().map(|property| property.name.clone()).collect()
        };
        let known: BTreeSet<String> = self.schema.variants(item).iter().flat_map(|variant| names(variant)).collect();
        self.schema.variants(item).iter().any(closed)
            && self.types_of(collection).iter().any(|ty| !names(ty).is_subset(&known))
    }

    /// The types of reading: the item's own, the list's items, or the value's.
    fn read_types(&self) -> BTreeMap<String, Vec<Type>> {
        let collections = self.collections.iter().map(|collection| {
            let item = self.operation(&format!("{collection}/{{}}"), Method::Get);
            let list = self.operation(collection, Method::Get).and_then(|operation| self.item_type(operation));
            let types = item.and_then(|operation| operation.response.clone()).into_iter().chain(list);
            (collection.clone(), types.collect())
        });
        let values = self.methods.keys().filter(|template| self.is_value(template)).map(|template| {
            let response = self.operation(template, Method::Get).and_then(|operation| operation.response.clone());
            (template.clone(), response.into_iter().collect())
        });
        collections.chain(values).collect()
    }

    fn is_value(&self, template: &str) -> bool {
        let item = template.strip_suffix("/{}").is_some_and(|collection| self.collections.contains(collection));
        !item && !self.collections.contains(template)
    }

    fn record_types(&self) -> BTreeMap<String, Vec<Type>> {
        let collections = self.collections.iter().map(|collection| (collection.clone(), self.types_of(collection)));
        let values = self.methods.keys().filter(|template| self.is_value(template)).map(|template| {
            let responses = self.methods[template].iter().filter_map(|(_, operation)| operation.response.clone());
            (template.clone(), responses.filter(|ty| !self.schema.properties(ty).is_empty()).collect())
        });
        collections.chain(values).collect()
    }

    fn creatable(&self) -> BTreeSet<String> {
        let values = self.methods.iter().filter(|(template, _)| self.is_value(template));
        values
            .filter(|(template, methods)| {
                let typed = self.operation(template, Method::Get).and_then(|operation| operation.response.as_ref());
                let made = methods.iter().any(|(method, operation)| match method {
                    Method::Post => true,
                    Method::Delete => self.route(operation).action == Action::DeleteValue,
                    _ => false,
                });
                made && typed.is_some_and(|ty| !self.schema.properties(ty).is_empty())
            })
            .map(|(template, _)| template.clone())
            .chain(ABSENT.iter().map(|template| (*template).to_owned()))
            .collect()
    }
}
