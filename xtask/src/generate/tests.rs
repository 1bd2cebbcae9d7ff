use super::*;
use auth0_api_description::{Body, BodyKind, Description, Kind, Method, Operation, Paging, PagingStyle, Type};

/// What a reader of the table sees of an operation: the grammar read back, written apart from the writer.
#[derive(Debug, PartialEq)]
struct Row {
    method: Method,
    path: String,
    query: bool,
    body: Option<(BodyKind, bool)>,
    array: bool,
    any: bool,
    event_stream: bool,
    empty: bool,
    custom_domain: bool,
    paging: Option<Paging>,
    names: Vec<String>,
}

impl Row {
    fn of(description: &Description, operation: &Operation) -> Self {
        let body = operation.body.as_ref().map(|body: &Body| (body.kind, body.required));
        let names = operation.query.iter().filter(|_| body.is_some()).map(|property| property.name.clone());
        let kind = body.and(operation.body.as_ref()).map(|body| &description.resolve(&body.ty).unwrap().0.kind);
        Self {
            method: operation.method,
            path: operation.path.clone(),
            query: !operation.query.is_empty(),
            body,
            array: matches!(kind, Some(Kind::Array { .. })),
            any: matches!(kind, Some(Kind::Any | Kind::String { .. }))
                || matches!(kind, Some(Kind::Union { variants, .. }) if variants.iter().any(|ty| matches!(ty.kind, Kind::String { .. }))),
            event_stream: operation.event_stream,
            empty: operation.response.is_none(),
            custom_domain: operation.custom_domain,
            paging: operation.paging.clone(),
            names: names.collect(),
        }
    }

    fn parse(line: &str) -> Self {
        let mut fields = line.split(' ').map(|field| if field == "-" { "" } else { field });
        let place = fields.next().unwrap();
        let flags = fields.next().unwrap_or("");
        let pages = fields.next().unwrap_or("");
        let names = fields.next().unwrap_or("");
        assert_eq!(fields.next(), None);
        let method = match &place[..1] {
            "G" => Method::Get,
            "P" => Method::Post,
            "U" => Method::Put,
            "A" => Method::Patch,
            "D" => Method::Delete,
            other => panic!("{other}"),
        };
        let body = match (flags.contains('B'), flags.contains('b'), flags.contains('M')) {
            (false, false, false) => None,
            (true, false, false) => Some((BodyKind::Json, true)),
            (false, true, false) => Some((BodyKind::Json, false)),
            (false, false, true) => Some((BodyKind::Multipart, true)),
            _ => panic!("{flags}"),
        };
        let paging = (!pages.is_empty()).then(|| {
            let mut parts = pages.split(':');
            let head = parts.next().unwrap();
            let style = match &head[..1] {
                "o" => PagingStyle::Offset,
                "c" => PagingStyle::Checkpoint,
                "b" => PagingStyle::Both,
                other => panic!("{other}"),
            };
            let size = head[1..].trim_end_matches('t').parse().unwrap();
            let items = parts.next().unwrap().to_owned();
            Paging { style, items, size, totals: head.ends_with('t'), cursor: parts.next().map(str::to_owned) }
        });
        Self {
            method,
            path: place[1..].to_owned(),
            query: flags.contains('q'),
            body,
            array: flags.contains('a'),
            any: flags.contains('t'),
            event_stream: flags.contains('e'),
            empty: flags.contains('v'),
            custom_domain: flags.contains('d'),
            paging,
            names: names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        }
    }
}

#[test]
fn a_line_says_all_there_is_to_an_operation() {
    let description = read(&files::root()).unwrap();
    for operation in description.operations() {
        let line = line::write(&description, operation).unwrap();
        assert_eq!(Row::parse(&line), Row::of(&description, operation), "{line}");
    }
}

#[test]
fn a_line_may_have_an_empty_field_in_the_middle() {
    let description = read(&files::root()).unwrap();
    let mut operation = description.operations().find(|operation| operation.id == "users.create").unwrap().clone();
    operation.custom_domain = false;
    operation.query.push(auth0_api_description::Property { name: "a".into(), required: false, ty: Type::string() });
    operation.query.push(auth0_api_description::Property { name: "b".into(), required: false, ty: Type::string() });
    assert_eq!(line::write(&description, &operation).unwrap(), "P/users qB - a,b");
    operation.query[0].name = "with space".into();
    assert!(line::write(&description, &operation).unwrap_err().contains("users.create"));
}

#[test]
fn lines_that_are_known() {
    let description = read(&files::root()).unwrap();
    let line = |id: &str| {
        line::write(&description, description.operations().find(|operation| operation.id == id).unwrap()).unwrap()
    };
    assert_eq!(line("users.list"), "G/users q o50t:users");
    assert_eq!(line("users.update"), "A/users/{id} Bd");
    assert_eq!(line("logs.list"), "G/logs q b50t:logs:log_id");
    assert_eq!(line("eventStreams.deliveries.list"), "G/event-streams/{id}/deliveries q c50:deliveries:id");
    assert_eq!(line("events.subscribe"), "G/events qe");
    assert_eq!(line("jobs.usersImports.create"), "P/jobs/users-imports M");
    assert_eq!(line("connections.keys.rotate"), "P/connections/{id}/keys/rotate b");
    assert_eq!(line("roles.permissions.delete"), "D/roles/{id}/permissions Bv");
    assert_eq!(line("customDomains.list"), "G/custom-domains q");
    assert_eq!(line("guardian.policies.set"), "U/guardian/policies Ba");
    assert_eq!(line("branding.templates.updateUniversalLogin"), "U/branding/templates/universal-login Btv");
    assert_eq!(line("branding.phone.templates.reset"), "A/branding/phone/templates/{id}/reset Bt");
}

#[test]
fn the_table_is_sorted() {
    let text = table(&read(&files::root()).unwrap()).unwrap();
    let ids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("    (\"")?.split('"').next()).collect();
    assert_eq!(ids.len(), crate::import::OPERATIONS);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn a_check_sees_a_changed_a_missing_and_a_left_over_file() {
    let root = std::env::temp_dir().join(format!("auth0-xtask-generate-{}", std::process::id()));
    let output = output(&read(&files::root()).unwrap(), &homes(&files::root()).unwrap()).unwrap();
    let check = || verify(&root, &output, &present(&root).unwrap());
    assert!(check().unwrap_err().contains("src/management/api/table.rs differs"));
    files::update(&root, &output, &present(&root).unwrap()).unwrap();
    check().unwrap();

    let users = root.join("pkg-template/api/users.js");
    files::write(&users, "changed").unwrap();
    files::write(&root.join("pkg-template/api/gone.js"), "").unwrap();
    let error = check().unwrap_err();
    assert!(error.contains("pkg-template/api/users.js differs"), "{error}");
    assert!(error.contains("pkg-template/api/gone.js should not be there"), "{error}");
    assert_eq!(error.lines().count(), 3, "{error}");

    assert_eq!(files::update(&root, &output, &present(&root).unwrap()).unwrap(), (1, 1));
    check().unwrap();
    std::fs::remove_dir_all(&root).unwrap();
}

#[test]
fn the_generated_files_are_up_to_date() {
    let root = files::root();
    verify(&root, &output(&read(&root).unwrap(), &homes(&root).unwrap()).unwrap(), &present(&root).unwrap()).unwrap();
}
