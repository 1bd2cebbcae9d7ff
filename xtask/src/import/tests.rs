use super::*;
use crate::generate;
use auth0_api_description::{Description, Extra, Group, Kind};
use serde_json::json;

/// Two documents that have one operation between them, with this schema as its body and its answer.
fn documents(schema: Value) -> (Value, Value) {
    let content = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } });
    let management = json!({
        "openapi": "3.1.0", "info": {}, "servers": [], "security": [],
        "paths": { "/things/{id}": { "put": {
            "operationId": "put_thing", "tags": [],
            "x-operation-group": ["things"], "x-operation-name": "set", "x-release-lifecycle": "GA",
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
            "requestBody": { "content": content },
            "responses": { "200": { "description": "", "content": content }, "404": { "description": "" } },
            "security": [{ "bearerAuth": [] }, { "oAuth2ClientCredentials": ["update:things"] }],
        } } },
        "components": { "responses": {}, "securitySchemes": {}, "schemas": { "Thing": schema } },
    });
    let additions = json!({
        "openapi": "3.1.0", "info": {}, "paths": {}, "components": { "schemas": {} },
        "x-added-query-parameters": {}, "x-added-body-properties": {}, "x-added-properties": {}, "x-added-enum-values": {},
    });
    (management, additions)
}

fn read(schema: Value) -> Result<Type, String> {
    let (management, additions) = documents(schema);
    let mut imported = import(&management, &additions, &Corrections::default())?;
    Ok(imported.groups[0].types.remove("Thing").unwrap())
}

fn short(schema: Value) -> Value {
    serde_json::to_value(read(schema).unwrap()).unwrap()
}

#[test]
fn every_file_is_what_the_importer_writes() {
    let paths = files::list(&files::root().join("api"), "json").unwrap();
    assert!(paths.len() > 40);
    for path in paths {
        let on_disk = files::read(&path).unwrap();
        let group: Group = serde_json::from_str(&on_disk).unwrap();
        assert_eq!(text(&group).unwrap(), on_disk, "{}", path.display());
    }
}

#[test]
fn the_description_holds_together() {
    let description = generate::read(&files::root()).unwrap();
    assert_eq!(description.operations().count(), OPERATIONS);
    let (mut ids, mut places, mut used) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for operation in description.operations() {
        let id = &operation.id;
        assert!(ids.insert(id.clone()), "{id} stands twice");
        assert!(places.insert((operation.method, schema::shape(&operation.path))), "{id}: the place of another");
        let names = operation.path_parameters();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{id}");
        assert_eq!(names.len(), operation.path.matches('{').count(), "{id}");
        assert!(operation.path_types.keys().all(|name| names.contains(&name.as_str())), "{id}");
        assert!(operation.statuses.iter().all(|status| (200..300).contains(status)), "{id}");
        types_of(operation).into_iter().for_each(|ty| references(ty, &mut used));
    }
    for (name, ty) in &description.types {
        references(ty, &mut used);
        if matches!(&ty.kind, Kind::Object { .. }) {
            description.properties(ty).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    let missing: Vec<&String> = used.iter().filter(|name| !description.types.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let unused: Vec<&String> = description.types.keys().filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn what_is_compiled_in_is_what_is_on_the_disk() {
    let (embedded, disk) = (Description::embedded().unwrap(), generate::read(&files::root()).unwrap());
    assert_eq!(embedded.groups, disk.groups);
    assert_eq!(embedded.types, disk.types);
}

#[test]
fn a_type_of_one_group_stands_in_its_file() {
    let root = files::root();
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files::list(&root.join("api"), "json").unwrap() {
        let group: Group = serde_json::from_str(&files::read(&path).unwrap()).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str().unwrap(), group.group);
        let mut names = BTreeSet::new();
        group.operations.iter().flat_map(types_of).for_each(|ty| references(ty, &mut names));
        group.types.values().for_each(|ty| references(ty, &mut names));
        for name in names {
            users.entry(name).or_default().insert(group.group.clone());
        }
    }
    for path in files::list(&root.join("api"), "json").unwrap() {
        let group: Group = serde_json::from_str(&files::read(&path).unwrap()).unwrap();
        for name in group.types.keys().filter(|_| group.group != SHARED) {
            assert_eq!(users[name].iter().collect::<Vec<_>>(), [&group.group], "{name}");
        }
    }
}

#[test]
fn the_methods_of_the_npm_package_are_all_there() {
    let root = files::root();
    let description = generate::read(&root).unwrap();
    let mut differences = Corrections::read(&root).unwrap().peers;
    let ours: BTreeMap<&str, String> = description
        .operations()
        .map(|operation| {
            let mut arguments = operation.path_parameters();
            if !operation.query.is_empty() || operation.body.is_some() {
                arguments.push("request");
            }
            let page = if operation.paging.is_some() { " page" } else { "" };
            (operation.id.as_str(), format!("({}){page}", arguments.join(", ")))
        })
        .collect();
    let text = files::read(&root.join("xtask/tests/peers.txt")).unwrap();
    let mut seen = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, theirs) = line.split_at(line.find('(').unwrap());
        seen += 1;
        if ours.get(name).is_none_or(|ours| ours != theirs) {
            assert!(differences.remove(name).is_some(), "{line}: ours is {:?}", ours.get(name));
        }
    }
    assert_eq!(seen, 457);
    assert!(differences.is_empty(), "no longer different: {differences:?}");
}

#[test]
fn what_is_not_understood_stops_the_import_and_is_named() {
    let nested = |schema: Value| json!({ "type": "object", "properties": { "a": schema } });
    for (schema, place) in [
        (json!({ "type": "string", "colour": 1 }), "/components/schemas/Thing/properties/a/colour"),
        (json!({ "type": "integer", "maxLength": 1 }), "/components/schemas/Thing/properties/a/maxLength"),
        (json!({ "type": ["string", "integer"] }), "/components/schemas/Thing/properties/a/type"),
        (json!({ "minLength": 1 }), "/components/schemas/Thing/properties/a"),
        (json!({ "$ref": "#/components/schemas/Nothing" }), "Nothing"),
        (json!({ "type": "object", "required": ["x"] }), "/components/schemas/Thing/properties/a/required"),
        (json!({ "type": "string", "x-release-lifecycle": "soon" }), "/components/schemas/Thing/properties/a"),
    ] {
        let error = read(nested(schema)).unwrap_err();
        assert!(error.contains(place), "{error}");
    }
    let operation = "/paths/~1things~1{id}/put";
    for (at, value, place) in [
        ("/deprecated", json!(true), format!("{operation}/deprecated")),
        ("/parameters/0/style", json!("deepObject"), format!("{operation}/parameters/0")),
        ("/parameters/0/in", json!("cookie"), format!("{operation}/parameters/0")),
        ("/requestBody/content/text~1plain", json!({ "schema": {} }), format!("{operation}/requestBody/content")),
        ("/responses/302", json!({}), format!("{operation}/responses/302")),
        ("/security/0", json!({ "cookie": [] }), format!("{operation}/security/cookie")),
    ] {
        let (mut management, additions) = documents(json!({ "type": "string" }));
        let (parent, key) = at.rsplit_once('/').unwrap();
        let parent = management.pointer_mut(&format!("{operation}{parent}")).unwrap();
        match parent {
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
            other => other[key.replace("~1", "/")] = value,
        }
        let error = import(&management, &additions, &Corrections::default()).unwrap_err();
        assert!(error.contains(&place), "{error}");
    }
}

#[test]
fn schemas_become_types() {
    for (schema, wanted) in [
        (
            json!({ "type": ["string", "null"], "maxLength": 3 }),
            json!({ "type": "string", "max": 3, "nullable": true }),
        ),
        (json!({ "enum": ["a", null] }), json!({ "enum": ["a"], "nullable": true })),
        (json!({ "type": "boolean", "enum": [true] }), json!({ "const": true })),
        (json!({ "type": "boolean", "default": true }), json!({ "type": "boolean", "default": true })),
        (json!({ "type": "string", "default": "sample" }), json!("string")),
        (json!({ "type": "string", "enum": ["a"], "default": "a" }), json!({ "enum": ["a"], "default": "a" })),
        (json!({ "oneOf": [{ "const": "a" }, { "enum": ["b"] }] }), json!({ "enum": ["a", "b"] })),
        (json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] }), json!("integer?")),
        (json!({ "type": "object", "additionalProperties": true }), json!("{any}")),
        (json!({ "type": "object", "additionalProperties": false }), json!({ "type": "object", "extra": false })),
        (
            json!({ "type": "string", "oneOf": [{ "format": "ipv4" }, { "format": "ipv6" }] }),
            json!({ "oneOf": [{ "type": "string", "format": "ipv4" }, { "type": "string", "format": "ipv6" }] }),
        ),
    ] {
        assert_eq!(short(schema), wanted);
    }
}

#[test]
fn parts_become_one_type() {
    let (mut management, additions) = documents(json!({
        "allOf": [{ "$ref": "#/components/schemas/Base" }, {}, { "type": "object", "properties": { "b": { "type": "string" } }, "required": ["b"] }],
        "required": ["a"], "x-release-lifecycle": "EA",
    }));
    management["components"]["schemas"]["Base"] = json!({ "type": "object", "properties": { "a": { "allOf": [{ "$ref": "#/components/schemas/Text" }, { "maxLength": 4 }] } } });
    management["components"]["schemas"]["Text"] = json!({ "type": "string", "minLength": 1, "maxLength": 9 });
    let imported = import(&management, &additions, &Corrections::default()).unwrap();
    let types = &imported.groups[0].types;
    assert_eq!(
        serde_json::to_value(&types["Thing"]).unwrap(),
        json!({ "type": "object", "extends": ["Base"], "stage": "EA",
                "properties": { "b": "string", "a": { "type": "string", "min": 1, "max": 4 } } }),
    );
    assert_eq!(imported.unreached.types.keys().collect::<Vec<_>>(), ["Text"]);
}

#[test]
fn additions_are_read_in_their_own_way() {
    let (management, mut additions) = documents(json!({ "type": "object", "properties": {} }));
    let open = json!({ "anyOf": [{ "type": "string", "enum": ["x"] }, {}, { "type": "null" }], "default": null });
    additions["x-added-properties"] = json!({ "Thing": { "kind": open } });
    additions["x-added-query-parameters"] = json!({ "PUT /things/{thing_id}": { "kind": open } });
    additions["paths"] = json!({ "/more_things": { "get": {
        "x-operation-group": ["more_things"], "x-operation-name": "list_all", "x-pagination": "checkpoint", "x-items": "things",
        "parameters": [{ "name": "from", "in": "query", "required": false, "schema": { "type": "string" } },
                       { "name": "take", "in": "query", "required": false, "schema": { "type": "integer", "maximum": 20 } }],
        "responses": { "200": { "content": { "application/json": { "schema": {
            "type": "object", "properties": { "things": { "type": "array", "items": { "type": "string" } }, "next": { "type": "string" } } } } } } },
    } } });
    let imported = import(&management, &additions, &Corrections::default()).unwrap();
    let more = &imported.groups[0].operations[0];
    assert_eq!(more.id, "moreThings.listAll");
    assert_eq!(
        serde_json::to_value(&more.paging).unwrap(),
        json!({ "style": "checkpoint", "items": "things", "size": 20 })
    );
    let set = &imported.groups[1].operations[0];
    // In a request null says only that the member is optional; in a type that is answered too it stays.
    assert_eq!(serde_json::to_value(&set.query[0].ty).unwrap(), json!({ "enum": ["x"] }));
    let Kind::Object { properties, extra: Extra::Unsaid, .. } = &imported.groups[1].types["Thing"].kind else {
        panic!()
    };
    assert_eq!(serde_json::to_value(&properties[0].ty).unwrap(), json!({ "enum": ["x"], "nullable": true }));

    additions["paths"]["/more_things"]["get"]["x-items"] = json!("others");
    let error = import(&management, &additions, &Corrections::default()).unwrap_err();
    assert!(error.contains("/paths/~1more_things/get/x-pagination"), "{error}");
}

#[test]
fn a_body_that_others_use_is_not_added_to() {
    let (management, mut additions) = documents(json!({ "type": "object", "properties": {} }));
    additions["x-added-body-properties"] = json!({ "PUT /things/{id}": { "a": { "type": "string" } } });
    let error = import(&management, &additions, &Corrections::default()).unwrap_err();
    assert!(error.contains("Thing is used elsewhere too"), "{error}");
}

#[test]
fn a_correction_that_no_longer_applies_stops_the_import() {
    let corrections = |at: &str, was: Value| -> Corrections {
        let change = json!({ "at": at, "was": was, "is": { "type": "integer" } });
        let patch = json!({ "name": "thing", "reason": "wrong", "changes": [change] });
        serde_json::from_value(json!({ "patches": [patch] })).unwrap()
    };
    let (management, additions) = documents(json!({ "type": "string" }));
    let right = corrections("/components/schemas/Thing", json!({ "type": "string" }));
    let imported = import(&management, &additions, &right).unwrap();
    assert_eq!(serde_json::to_value(&imported.groups[0].types["Thing"]).unwrap(), json!("integer"));
    for wrong in [corrections("/components/schemas/Thing", json!(1)), corrections("/nowhere/Thing", json!(1))] {
        let error = import(&management, &additions, &wrong).unwrap_err();
        assert!(error.contains("the correction \"thing\" no longer applies"), "{error}");
    }
    let unknown: Corrections = serde_json::from_value(json!({ "notPaged": { "a.b": "" } })).unwrap();
    assert!(import(&management, &additions, &unknown).unwrap_err().contains("a.b"));
}
