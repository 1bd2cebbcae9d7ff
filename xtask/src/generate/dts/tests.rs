use super::*;
use crate::generate;
use auth0_api_description::Type;

fn text(file: &str) -> String {
    let root = files::root();
    let description = generate::read(&root).unwrap();
    output(&description, &root).unwrap().remove(&PathBuf::from(FOLDER).join(file)).unwrap()
}

/// The declaration that begins so, up to its end.
fn declaration(text: &str, start: &str) -> String {
    let at = text.find(start).unwrap_or_else(|| panic!("{start} is not there"));
    let rest = &text[at..];
    rest[..rest.find("\n}\n").or_else(|| rest.find(";\n")).unwrap()].to_owned()
}

#[test]
fn names_are_those_of_the_package() {
    for (name, wanted) in [
        ("AnomalyIPFormat", "AnomalyIpFormat"),
        ("ListSCIMConfigurationsResponseContent", "ListScimConfigurationsResponseContent"),
        ("ClientMobileiOS", "ClientMobileiOs"),
        ("ConnectionAccessTokenURLOAuth1", "ConnectionAccessTokenUrloAuth1"),
        ("ConnectionOptionsOAuth2", "ConnectionOptionsOAuth2"),
        ("CreateUserRequestContent", "CreateUserRequestContent"),
        ("hmac-sha256", "HmacSha256"),
        ("regular_web", "RegularWeb"),
        ("create:actions", "CreateActions"),
    ] {
        assert_eq!(words::pascal(name), wanted);
    }
    assert_eq!(words::camel("authentication_method_id"), "authenticationMethodId");
    assert_eq!([words::member(""), words::member("1.0")], ["Empty", "One0"]);
}

#[test]
fn models_say_what_the_description_says() {
    let text = text("models.d.cts");
    let create = declaration(&text, "export interface CreateUserRequestContent {");
    assert!(create.contains("\n  connection: string;"), "{create}");
    assert!(create.contains("\n  email?: string | undefined;"), "{create}");
    let update = declaration(&text, "export interface UpdateUserRequestContent {");
    assert!(update.contains("\n  picture?: string | null | undefined;"), "{update}");
    // A misspelt member of a body is to be noticed.
    assert!(!update.contains("[key: string]"), "{update}");
    let list = declaration(&text, "export interface ListUsersRequestParameters {");
    assert!(list.contains("\n  page?: number | null | undefined;"), "{list}");
    let enumeration = declaration(&text, "export type ClientAppTypeEnum");
    assert!(enumeration.contains("| \"spa\"") && enumeration.contains("(string & {})"), "{enumeration}");
    assert!(declaration(&text, "export declare const ClientAppTypeEnum").contains("readonly Spa: \"spa\";"));
    let upload = declaration(&text, "export interface CreateImportUsersRequestContent {");
    assert!(upload.contains("\n  users: Uploadable;"), "{upload}");
    assert!(declaration(&text, "export interface UserResponseSchema {").contains("[key: string]: any;"));
}

#[test]
fn methods_say_what_the_description_says() {
    let text = text("clients.d.cts");
    let users = declaration(&text, "export declare class UsersClient {");
    assert!(users.contains("readonly authenticationMethods: UsersAuthenticationMethodsClient;"));
    assert!(users.contains(
        "list(request?: Management.ListUsersRequestParameters, requestOptions?: RequestOptions): \
         PagePromise<Management.UserResponseSchema, Management.ListUsersOffsetPaginatedResponseContent>;"
    ));
    assert!(users.contains("create(request: Management.CreateUserRequestContent, "));
    assert!(users.contains("delete(id: string, requestOptions?: RequestOptions): HttpResponsePromise<void>;"));
    assert!(users.contains("`GET /users/{id}`."));
    assert!(users.contains("@example await client.users.create({ connection: "));
    assert_eq!(text.matches("  requestOptions?: RequestOptions").count(), 0);
    // One more than there are operations: one is declared in two ways.
    assert_eq!(text.matches("requestOptions?: RequestOptions").count(), crate::import::OPERATIONS + 1);
}

#[test]
fn a_name_that_names_nothing_is_an_error() {
    let root = files::root();
    let description = generate::read(&root).unwrap();
    let finish = |change: fn(&mut Names)| {
        let mut names = Names::read(&root).unwrap();
        // What operations lead to is not declared here, and so not named.
        names.inline.clear();
        names.nullable.clear();
        names.not_null.clear();
        names.required.clear();
        change(&mut names);
        Models::new(&description, &names).and_then(Models::finish)
    };
    finish(|_| {}).unwrap();
    let error = finish(|names| names.nullable.extend(["User.nothing".to_owned()])).unwrap_err();
    assert!(error.contains("User.nothing says nothing"), "{error}");
    let error =
        finish(|names| names.aliases.extend([("UserResponseSchema".to_owned(), "string".to_owned())])).unwrap_err();
    assert!(error.contains("two types are named UserResponseSchema"), "{error}");
}

#[test]
fn names_get_their_namespace() {
    let known: BTreeSet<String> = ["User".to_owned(), "Role".to_owned()].into();
    assert_eq!(
        qualified("Page<User, Record<string, Role[]>> | \"User\"", &known),
        "Page<Management.User, Record<string, Management.Role[]>> | \"User\""
    );
    assert_eq!(qualified("UserList.User | User.Role", &known), "UserList.User | Management.User.Role");
}

#[test]
fn texts_and_members_are_quoted() {
    assert_eq!([key("a_b"), key("a-b"), key("1a"), key("")], ["a_b", "\"a-b\"", "\"1a\"", "\"\""]);
    assert_eq!(literal("a\"\\\n"), r#""a\"\\\n""#);
    let description = Description { groups: Vec::new(), types: [("A-B".to_owned(), Type::string())].into() };
    assert!(Models::new(&description, &Names::default()).unwrap().declared().contains("AB"));
}
