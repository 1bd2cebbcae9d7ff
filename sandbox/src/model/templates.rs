//! The templates of all paths, and what follows from them for each operation.

use super::tables::{ABSENT, ACTIONS, ALIASES, FOREIGN_LINKS, ID_FIELDS, OWN, TARGETS, UNLISTED, VALUES};
use super::{Action, ListShape, Route, kept_under, mirror, template};
use crate::validate::Schema;
use auth0_api_description::{Extra, Kind, Method, Operation, Type};
use std::collections::{BTreeMap, BTreeSet};

/// The templates with the methods they have, and what follows from them.
pub(super) struct Templates<'a> {
    schema: &'a Schema,
    methods: BTreeMap<String, Vec<(Method, &'a Operation)>>,
    pub(super) collections: BTreeSet<String>,
}

impl<'a> Templates<'a> {
    pub(super) fn new(schema: &'a Schema, operations: &'a [Operation]) -> Self {
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

    pub(super) fn route(&self, operation: &Operation) -> Route {
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
    pub(super) fn read_types(&self) -> BTreeMap<String, Vec<Type>> {
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

    pub(super) fn record_types(&self) -> BTreeMap<String, Vec<Type>> {
        let collections = self.collections.iter().map(|collection| (collection.clone(), self.types_of(collection)));
        let values = self.methods.keys().filter(|template| self.is_value(template)).map(|template| {
            let responses = self.methods[template].iter().filter_map(|(_, operation)| operation.response.clone());
            (template.clone(), responses.filter(|ty| !self.schema.properties(ty).is_empty()).collect())
        });
        collections.chain(values).collect()
    }

    pub(super) fn creatable(&self) -> BTreeSet<String> {
        let values = self.methods.iter().filter(|(template, _)| self.is_value(template));
        values
            .filter(|(template, methods)| {
                let typed = self.operation(template, Method::Get).and_then(|operation| operation.response.as_ref());
                let made = methods.iter().any(|(method, operation)| match method {
                    Method::Post => true,
                    Method::Delete => self.route(operation).action == Action::DeleteValue,
                    _ => false,
                });
                // Blocks are there when somebody is blocked.
                let blocks = VALUES.iter().any(|value| template.starts_with(value));
                made && !blocks && typed.is_some_and(|ty| !self.schema.properties(ty).is_empty())
            })
            .map(|(template, _)| template.clone())
            .chain(ABSENT.iter().map(|template| (*template).to_owned()))
            .collect()
    }
}
