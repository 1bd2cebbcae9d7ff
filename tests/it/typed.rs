//! The typed API: every operation is sent and its answer decoded, and every type is read and written again.

use super::conformance::{DESCRIPTION, differences};
use super::support::{self, with_token};
use super::typed_generated::{TYPES, calls};
use auth0_api_description::random::Random;
use auth0_api_description::sample::{Request, Size};
use auth0_api_description::{Description, Extra, Kind, Operation, Type};
use auth0_sdk::management::users::{ListUsersResponse, UpdateUser, User};
use auth0_sdk::management::{PageOf, TextOrNumber};
use auth0_sdk::testing::{ManualTimer, Recorded, Reply, ScriptedTransport, block_on, host};
use auth0_sdk::{Call, Error, ErrorKind, HttpRequest, Json, ManagementClient, Null, Transport};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Answered {
    /// 0 for an event of a stream.
    pub(crate) status: u16,
    /// The answer, written again.
    pub(crate) written: Json,
    /// Its Debug.
    pub(crate) shown: String,
    /// How many items a list has.
    pub(crate) items: Option<usize>,
}

/// A call that is being made.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<Answered, Error>>>>;

/// What a call is made with: JSON, which becomes what the method takes.
#[derive(Clone, Debug)]
pub(crate) struct Arguments(pub(crate) Request);

impl Arguments {
    pub(crate) fn path(&self, index: usize) -> String {
        self.0.path[index].clone()
    }

    /// A required query parameter.
    pub(crate) fn query<T: DeserializeOwned>(&self, name: &str) -> T {
        read(&self.0.query[name])
    }

    /// Sets a query parameter that is optional, when it is there.
    pub(crate) fn set<C, T: DeserializeOwned>(&self, call: C, name: &str, set: impl FnOnce(C, T) -> C) -> C {
        match self.0.query.get(name) {
            Some(value) => set(call, read(value)),
            None => call,
        }
    }

    pub(crate) fn body<T: DeserializeOwned>(&self) -> T {
        read(self.0.body.as_ref().expect("a body"))
    }

    pub(crate) fn optional_body<T: DeserializeOwned>(&self) -> Option<T> {
        self.0.body.as_ref().map(read)
    }
}

fn read<T: DeserializeOwned>(value: &Json) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

/// Reads a value as a type: it, written again, and its Debug.
pub(crate) type Check = fn(&Json) -> Result<(Json, String), String>;

fn answered<T: Serialize + Debug>(status: u16, data: &T, items: Option<usize>) -> Answered {
    let written = serde_json::to_value(data).expect("an answer can be written");
    Answered { status, written, shown: format!("{data:?}"), items }
}

pub(crate) fn send<T: Serialize + DeserializeOwned + Debug + 'static, P: 'static>(call: Call<T, P>) -> Answer {
    Box::pin(async move {
        let response = call.raw().await?;
        Ok(answered(response.status, &response.data, None))
    })
}

pub(crate) fn list<T, P: 'static>(call: Call<T, P>) -> Answer
where
    T: PageOf + Serialize + DeserializeOwned + Debug + 'static,
{
    Box::pin(async move {
        let mut response = call.raw().await?;
        let mut answered = answered(response.status, &response.data, None);
        // What the key is, a typed page knows.
        answered.items = response.data.take_items("").map(|items| items.len());
        Ok(answered)
    })
}

/// The first event of a stream.
pub(crate) fn stream<T, P: 'static>(call: Call<T, P>) -> Answer
where
    T: Serialize + DeserializeOwned + Debug + Send + 'static,
{
    Box::pin(async move {
        let received = call.events().next().await.expect("an event or an error")?;
        Ok(answered(0, &received.event, None))
    })
}

pub(crate) fn check<T: Serialize + DeserializeOwned + Debug + Clone + PartialEq>(
    value: &Json,
) -> Result<(Json, String), String> {
    let text = value.to_string();
    let read: T = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let written = serde_json::to_string(&read).map_err(|error| error.to_string())?;
    let again: T = serde_json::from_str(&written).map_err(|error| error.to_string())?;
    if again != read || again.clone() != again {
        return Err(format!("{read:?} came back as {again:?}"));
    }
    // The same from a value as from a text.
    let from_value: T = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    if from_value != read {
        return Err(format!("{read:?} is {from_value:?} when it is read from a value"));
    }
    Ok((serde_json::from_str(&written).map_err(|error| error.to_string())?, format!("{read:?}")))
}

/// Makes values of the description's types: with all members, and one variant after the other.
struct Sampler<'a> {
    description: &'a Description,
    choice: usize,
    /// Adds a member that no description knows to each object that has members of its own.
    unknown: bool,
}

impl Sampler<'_> {
    fn sample(&self, ty: &Type, depth: usize) -> Json {
        let (ty, _) = self.description.resolve(ty).expect("a type");
        match &ty.kind {
            Kind::Any => json!({"any": [1, null, "x"]}),
            Kind::Boolean => json!(self.choice.is_multiple_of(2)),
            Kind::Integer { .. } => json!(7 + self.choice as i64),
            Kind::Number { .. } => json!(3),
            Kind::String { format: Some(format), .. } if format == "date-time" => json!("2026-01-01T00:00:00.000Z"),
            Kind::String { .. } => json!(format!("text {}", self.choice)),
            Kind::Enum(values) => json!(values[self.choice % values.len()]),
            Kind::Const(value) => value.clone(),
            Kind::Array { .. } if depth > 6 => json!([]),
            Kind::Array { items, .. } => json!([self.sample(items, depth + 1), self.sample(items, depth + 1)]),
            Kind::Object { extra, .. } => {
                let properties = self.description.properties(ty).expect("properties");
                let mut members = serde_json::Map::new();
                for property in properties.iter().filter(|property| property.required || depth <= 4) {
                    members.insert(property.name.clone(), self.sample(&property.ty, depth + 1));
                }
                match extra {
                    Extra::Allowed(ty) if properties.is_empty() => {
                        members.insert("key".to_owned(), self.sample(ty, depth + 1));
                    }
                    _ if !properties.is_empty() && self.unknown => {
                        members.insert("not_in_this_version".to_owned(), json!({"a": 1}));
                    }
                    _ => {}
                }
                Json::Object(members)
            }
            Kind::Union { variants, .. } => self.sample(&variants[self.choice % variants.len()], depth + 1),
            Kind::Reference(_) => Json::Null,
        }
    }

    /// How many choices it takes until every variant of a type's own unions has had its turn.
    fn choices(&self, ty: &Type) -> usize {
        let (ty, _) = self.description.resolve(ty).expect("a type");
        match &ty.kind {
            Kind::Union { variants, .. } => {
                variants.iter().map(|ty| self.choices(ty)).max().unwrap_or(1) * variants.len()
            }
            Kind::Array { items, .. } => self.choices(items),
            _ => 6,
        }
    }
}

/// Whether a value came back as it went; a bare array comes back in its envelope.
fn same(sent: &Json, got: &Json) -> bool {
    let enveloped = |got: &Json| {
        got.as_object().is_some_and(|members| members.len() == 1 && members.values().all(|items| items == sent))
    };
    equal(sent, got) || (sent.is_array() && enveloped(got)) || (sent == &json!([]) && got == &json!({}))
}

/// Equality of JSON, in which 3 is 3.0.
fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| equal(value, other)))
        }
        _ => a == b,
    }
}

#[test]
fn every_type_comes_back_as_it_went() {
    let description = Description::embedded().expect("the description");
    let mut wrong = BTreeMap::new();
    for (source, check) in TYPES {
        let ty = &description.types[*source];
        let choices = Sampler { description: &description, choice: 0, unknown: false }.choices(ty).min(24);
        for choice in 0..choices {
            for unknown in [false, true] {
                let value = Sampler { description: &description, choice, unknown }.sample(ty, 0);
                let problem = match check(&value) {
                    Ok((written, _)) if !same(&value, &written) => format!("{value}\n   came back as {written}"),
                    Ok((_, shown)) if shown.contains("Unknown(") => format!("{value}\n   fits no variant: {shown}"),
                    Ok(_) => continue,
                    Err(error) => format!("{value}\n   {error}"),
                };
                wrong.entry(*source).or_insert(problem);
            }
        }
    }
    let report: String = wrong.iter().take(12).map(|(source, problem)| format!("\n{source}: {problem}")).collect();
    assert!(TYPES.len() > 1000, "{}", TYPES.len());
    assert!(wrong.is_empty(), "{} of {} types{report}", wrong.len(), TYPES.len());
}

#[test]
fn no_json_makes_a_type_panic() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1.5),
        json!(u64::MAX),
        json!("x"),
        json!([]),
        json!([1, null, {}]),
        json!({}),
        json!({"": null, "type": 5, "id": [], "name": {}, "created_at": "never", "total": "many", "next": 1e300}),
    ];
    for (_, check) in TYPES {
        for value in &odd {
            // Whether it fits is the type's matter; a wrong value of a member is an error and no panic.
            let _ = check(value);
        }
    }
}

/// The least arguments of an operation.
fn least(id: &str) -> Arguments {
    Arguments(DESCRIPTION.sample_request(operation(id), Size::Least))
}

fn operation(id: &str) -> &'static Operation {
    DESCRIPTION.operations().find(|operation| operation.id == id).expect(id)
}

/// An answer as a server sends it: a stream has it as an event.
fn reply(operation: &Operation, answer: Option<&Json>) -> Reply {
    match answer {
        None => Reply::status(204),
        Some(answer) if operation.event_stream => {
            Reply::status(200).header("content-type", "text/event-stream").body(format!("data: {answer}\n\n"))
        }
        Some(answer) => Reply::json(200, answer.to_string()),
    }
}

/// Makes the typed call of every operation, each with these arguments and this answer, and gives what was sent and what
/// came of it to a judge.
fn every_operation(
    of: impl Fn(&Operation) -> Arguments,
    answer: impl Fn(&Operation) -> Option<Json>,
    judge: impl Fn(&Operation, &Arguments, Option<&Json>, &[Recorded], Result<Answered, Error>) -> Vec<String>,
) -> usize {
    // The script is another one for each call.
    let script = Arc::new(Mutex::new(ScriptedTransport::default()));
    let current = script.clone();
    let transport = move |request: HttpRequest| {
        let script = current.lock().expect("a lock").clone();
        async move { script.send(request).await }
    };
    let auth0 = ManagementClient::builder(support::DOMAIN)
        .host(host(transport, ManualTimer::skipping()))
        .token("test-token")
        .custom_domain("login.example.com")
        .build()
        .expect("a client");
    let (mut wrong, mut called) = (Vec::new(), 0);
    for (id, call) in calls(&auth0, &|id| of(operation(id))) {
        let operation = operation(id);
        let answer = answer(operation);
        let replies = ScriptedTransport::new([reply(operation, answer.as_ref())]);
        *script.lock().expect("a lock") = replies.clone();
        let result = block_on(call);
        wrong.extend(judge(operation, &of(operation), answer.as_ref(), &replies.requests(), result));
        called += 1;
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    called
}

#[test]
fn every_typed_request_is_what_the_description_says() {
    for size in [Size::Least, Size::Full] {
        let called = every_operation(
            |operation| Arguments(DESCRIPTION.sample_request(operation, size)),
            |operation| operation.event_stream.then(|| json!({})),
            |operation, arguments, _, requests, result| match (requests, result) {
                ([made], Ok(_)) => differences(operation, &arguments.0, made),
                (requests, result) => vec![format!("{}: {} requests, {result:?}", operation.id, requests.len())],
            },
        );
        assert_eq!(called, 491);
    }
}

#[test]
fn every_typed_answer_is_decoded() {
    for choice in 0..6 {
        let sampler = Sampler { description: &DESCRIPTION, choice, unknown: !choice.is_multiple_of(2) };
        let called = every_operation(
            |operation| least(&operation.id),
            |operation| operation.response.as_ref().map(|ty| sampler.sample(ty, 0)),
            |operation, _, answer, _, result| {
                let answered = match result {
                    Ok(answered) => answered,
                    Err(error) => return vec![format!("{}: {error}", operation.id)],
                };
                let kept = answer.map_or(answered.written.is_null(), |answer| same(answer, &answered.written));
                if kept && !answered.shown.contains("Unknown(") {
                    return Vec::new();
                }
                vec![format!("{}: {answer:?}\n came back as {answered:?}", operation.id)]
            },
        );
        assert_eq!(called, 491);
    }
}

#[test]
fn every_list_is_read_as_an_envelope_and_as_a_bare_array() {
    let sampler = Sampler { description: &DESCRIPTION, choice: 0, unknown: false };
    let items = |operation: &Operation| {
        let paging = operation.paging.as_ref()?;
        let answer = sampler.sample(operation.response.as_ref()?, 0);
        let items = if answer.is_array() { answer } else { answer[paging.items.as_str()].clone() };
        assert_eq!(items.as_array().map(Vec::len), Some(2), "{}", operation.id);
        Some((paging.items.clone(), items))
    };
    let lists = DESCRIPTION.operations().filter(|operation| operation.paging.is_some()).count();
    assert!(lists > 70, "{lists}");
    for bare in [false, true] {
        every_operation(
            |operation| least(&operation.id),
            |operation| match items(operation) {
                Some((_, items)) if bare => Some(items),
                Some((key, items)) => Some(json!({key: items})),
                None => operation.response.as_ref().map(|ty| sampler.sample(ty, 0)),
            },
            |operation, _, _, _, result| match result {
                Ok(answered) if answered.items == operation.paging.as_ref().map(|_| 2) => Vec::new(),
                other => vec![format!("{}: {other:?}", operation.id)],
            },
        );
    }
}

#[test]
fn an_empty_answer_is_no_error_for_any_operation() {
    every_operation(
        |operation| least(&operation.id),
        |operation| operation.event_stream.then(|| json!({})),
        |operation, _, _, _, result| match result {
            Ok(_) => Vec::new(),
            Err(error) => vec![format!("{}: {error}", operation.id)],
        },
    );
}

/// The JSON objects that a body may be, with every member that it may have null.
fn all_null(ty: &Type) -> Vec<Json> {
    let (ty, _) = DESCRIPTION.resolve(ty).expect("a type");
    match &ty.kind {
        Kind::Union { variants, .. } => variants.iter().flat_map(all_null).collect(),
        Kind::Object { .. } => {
            let properties = DESCRIPTION.properties(ty).expect("properties");
            let fixed = |ty: &Type| match &DESCRIPTION.resolve(ty).expect("a type").0.kind {
                Kind::Const(value) => value.clone(),
                Kind::Enum(values) if values.len() == 1 => json!(values[0]),
                _ => Json::Null,
            };
            vec![properties.iter().map(|property| (property.name.clone(), fixed(&property.ty))).collect()]
        }
        _ => Vec::new(),
    }
}

#[test]
fn absent_null_and_value_are_three_things_in_every_patch() {
    let patches: Vec<&Operation> =
        DESCRIPTION.operations().filter(|operation| operation.method.as_str() == "PATCH").collect();
    assert!(patches.len() > 60, "{}", patches.len());
    let variants = |operation: &Operation| operation.body.as_ref().map(|body| all_null(&body.ty)).unwrap_or_default();
    let most = patches.iter().map(|operation| variants(operation).len()).max().expect("a PATCH");
    let mut members = 0;
    for index in 0..most {
        let body = |operation: &Operation| match operation.method.as_str() {
            "PATCH" => variants(operation).get(index).cloned(),
            _ => None,
        };
        members += patches.iter().filter_map(|of| Some(body(of)?.as_object()?.len())).sum::<usize>();
        every_operation(
            |operation| match body(operation) {
                Some(body) => Arguments(Request { body: Some(body), ..least(&operation.id).0 }),
                None => least(&operation.id),
            },
            |operation| operation.event_stream.then(|| json!({})),
            |operation, arguments, _, requests, result| {
                if body(operation).is_none() {
                    return Vec::new();
                }
                let sent: Json = serde_json::from_str(&requests[0].text()).expect("JSON");
                match (result, &arguments.0.body) {
                    (Ok(_), Some(body)) if *body == sent => Vec::new(),
                    (_, body) => vec![format!("{}: {body:?}\n was sent as {sent}", operation.id)],
                }
            },
        );
    }
    assert!(members > 350, "{members}");
}

/// A seed that no run before had, or the one that is to be tried again.
fn seed() -> u64 {
    let again = std::env::var("SEED").ok().map(|seed| seed.parse().expect("SEED is a number"));
    again.unwrap_or_else(|| std::hash::BuildHasher::hash_one(&std::collections::hash_map::RandomState::new(), 0))
}

/// Whether everything that an answer says is in what was written of it; a bare array comes back in its envelope.
pub(crate) fn answer_kept(sent: &Json, got: &Json) -> bool {
    let enveloped = |got: &Json| got.as_object().is_some_and(|got| got.values().any(|got| kept(sent, got)));
    kept(sent, got) || (sent.is_array() && enveloped(got)) || (sent == &json!([]) && got == &json!({}))
}

/// Whether everything that a value says is in what was written: null may be gone, a plain value may have changed its kind.
fn kept(sent: &Json, got: &Json) -> bool {
    match (sent, got) {
        (Json::Null, _) => true,
        (Json::Object(sent), Json::Object(got)) => sent.iter().all(|(name, value)| match got.get(name) {
            Some(other) => kept(value, other),
            None => value.is_null(),
        }),
        (Json::Array(sent), Json::Array(got)) => {
            sent.len() == got.len() && sent.iter().zip(got).all(|(sent, got)| kept(sent, got))
        }
        // The fraction of a count is cut.
        (Json::Number(sent), Json::Number(got)) => match (sent.as_f64(), got.as_f64()) {
            (Some(sent), Some(got)) => sent == got || sent.trunc() == got || got.abs() >= 9e18,
            _ => false,
        },
        _ => sent == got,
    }
}

#[test]
fn any_value_of_a_type_comes_back_as_it_went() {
    let seed = seed();
    println!("SEED={seed} cargo test … any_value_of_a_type runs this again");
    let mut random = Random::new(seed);
    let mut wrong = BTreeMap::new();
    for (source, check) in TYPES {
        for _ in 0..20 {
            let value = DESCRIPTION.random(&DESCRIPTION.types[*source], &mut random);
            if value.is_null() {
                // Whether a type may be null is its member's matter.
                continue;
            }
            let problem = match check(&value) {
                Ok((written, _)) if answer_kept(&value, &written) => continue,
                Ok((written, _)) => format!("{value}\n   came back as {written}"),
                Err(error) => format!("{value}\n   {error}"),
            };
            wrong.entry(*source).or_insert(problem);
        }
    }
    let report: String = wrong.iter().take(12).map(|(source, problem)| format!("\n{source}: {problem}")).collect();
    assert!(wrong.is_empty(), "SEED={seed}: {} of {} types{report}", wrong.len(), TYPES.len());
}

#[test]
fn no_value_makes_a_type_panic_nor_change_when_it_is_read() {
    let seed = seed();
    println!("SEED={seed} cargo test … no_value_makes_a_type_panic runs this again");
    let mut random = Random::new(seed);
    let (mut refused, mut read, mut wrong) = (0, 0, Vec::new());
    for (source, check) in TYPES {
        for _ in 0..20 {
            let mut value = DESCRIPTION.random(&DESCRIPTION.types[*source], &mut random);
            for _ in 0..=random.below(3) {
                random.spoil(&mut value);
            }
            match check(&value) {
                Ok(_) => read += 1,
                // What is refused is refused when it is read, and what is read comes back.
                Err(error) if error.contains("came back") || error.contains("read from a value") => {
                    wrong.push(format!("{source}: {value}\n   {error}"));
                }
                Err(_) => refused += 1,
            }
        }
    }
    let report = wrong.iter().take(12).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "SEED={seed}: {} values\n{report}", wrong.len());
    assert!(refused > 100 && read > 100, "{refused} {read}");
}

fn scripted(replies: impl IntoIterator<Item = Reply>) -> (ManagementClient, ScriptedTransport) {
    let transport = ScriptedTransport::new(replies);
    (with_token(&transport, &ManualTimer::skipping()), transport)
}

#[test]
fn absent_null_and_value_are_three_things() {
    let (auth0, transport) = scripted([Reply::json(200, "{}")]);
    let body = UpdateUser::new()
        .nickname("Jo")
        .picture(Null)
        .user_metadata(json!({"a": null}))
        .blocked(false)
        .name(None::<String>)
        .password("hunter2")
        .extra("new_member", [1, 2].as_slice());
    assert!(!format!("{body:?}").contains("hunter2"));
    block_on(async { auth0.users().update("auth0|1", body).await }).expect("an answer");
    let sent: Json = serde_json::from_str(&transport.requests()[0].text()).expect("JSON");
    assert_eq!(
        sent,
        json!({"nickname": "Jo", "picture": null, "user_metadata": {"a": null}, "blocked": false, "password": "hunter2",
               "new_member": [1, 2]})
    );
}

#[test]
fn odd_answers_decode() {
    let read = |text: &str| serde_json::from_str::<User>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let user = read(
        r#"{"user_id":"auth0|1","logins_count":3.0,"email":null,"created_at":"yesterday","favourite":"tea",
            "identities":[{"user_id":191919191,"provider":"a-new-one"},{"user_id":"x"}]}"#,
    );
    assert_eq!(user.logins_count, Some(3));
    assert_eq!(user.created_at.as_ref().map(|at| (at.get(), at.as_str())), Some((None, "yesterday")));
    assert_eq!(user.extra["favourite"], "tea");
    let identities = user.identities.expect("identities");
    assert_eq!(identities[0].user_id, Some(TextOrNumber::from(191_919_191)));
    assert_eq!(identities[1].user_id, Some(TextOrNumber::from("x")));
    assert_eq!(identities[0].provider.as_ref().map(|provider| provider.as_str()), Some("a-new-one"));
    // What one identity provider gives as one kind, another gives as another.
    let user = read(
        r#"{"user_id":17,"email_verified":"true","blocked":0,"name":true,"created_at":1767225600,"multifactor":["a",1],
            "identities":[{"provider":5,"isSocial":"false"}]}"#,
    );
    assert_eq!((user.user_id.as_deref(), user.email_verified, user.blocked), (Some("17"), Some(true), Some(false)));
    assert_eq!(user.created_at.map(|at| at.to_string()).as_deref(), Some("1767225600"));
    assert_eq!((user.name.as_deref(), user.multifactor), (Some("true"), Some(vec!["a".to_owned(), "1".to_owned()])));
    let identity = &user.identities.expect("identities")[0];
    assert_eq!((identity.provider.as_ref().map(|it| it.as_str()), identity.is_social), (Some("5"), Some(false)));
    // What the description requires and the answer lacks is not there, and that is all.
    assert_eq!((read("{}"), read("null")), (User::default(), User::default()));
    let page = |text: &str| serde_json::from_str::<ListUsersResponse>(text).expect(text);
    assert_eq!(page(r#"[{"user_id":"a"}]"#).users.map(|users| users.len()), Some(1));
    let enveloped = page(r#"{"users":[{"user_id":"a"}],"total":1.0,"start":"0","limit":50}"#);
    assert_eq!((enveloped.total, enveloped.start, enveloped.limit), (Some(1), Some(0), Some(50)));
}

#[test]
fn an_empty_body_is_no_error() {
    let (auth0, _) =
        scripted([Reply::status(204), Reply::status(200), Reply::status(200), Reply::json(200, "{\"a\":1}")]);
    block_on(async {
        assert_eq!(auth0.users().get("a").await.expect("a user"), User::default());
        assert_eq!(auth0.users().list_users_by_email("a").await.expect("users"), []);
        assert_eq!(auth0.users().list().await.expect("a page"), ListUsersResponse::default());
        auth0.users().delete("a").await.expect("nothing, whatever the body");
    });
}

#[test]
fn an_answer_that_does_not_decode_says_where_and_keeps_all() {
    let text = r#"{"users":[{"user_id":"a"},{"user_id":"b","email_verified":"perhaps"}],"total":2}"#;
    let reply = || Reply::json(200, text).header("x-auth0-requestid", "r1");
    let (auth0, _) = scripted([reply(), reply(), reply(), reply()]);
    block_on(async {
        let error = auth0.users().list().await.expect_err("no users");
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.path(), Some("users[1].email_verified"));
        assert_eq!((error.status(), error.request_id().as_deref()), (Some(200), Some("r1")));
        assert_eq!(error.operation(), Some("users.list"));
        assert_eq!(error.body().map(|body| body.text()).as_deref(), Some(text));
        assert_eq!(auth0.users().list().json().await.expect("JSON")["total"], 2);
        let error = auth0.users().list().items().next().await.expect("a result").expect_err("no users");
        assert_eq!(error.path(), Some("users[1].email_verified"));
    });
}

#[test]
fn typed_pages_walk_as_untyped_ones_do() {
    let users = |from: usize, count: usize| -> Vec<Json> {
        (from..from + count).map(|index| json!({"user_id": format!("u{index}")})).collect()
    };
    let envelope = |from: usize, count: usize, total: usize| {
        Reply::json(200, json!({"users": users(from, count), "start": from, "limit": 2, "total": total}).to_string())
    };
    let (auth0, transport) = scripted([envelope(0, 2, 5), envelope(2, 2, 5), envelope(4, 1, 5)]);
    let ids = block_on(async {
        let mut items = auth0.users().list().per_page(2).q("x").items();
        let mut ids = Vec::new();
        while let Some(user) = items.next().await {
            ids.push(user.expect("a user").user_id.expect("an id"));
        }
        ids
    });
    assert_eq!(ids, ["u0", "u1", "u2", "u3", "u4"]);
    let urls: Vec<String> = transport.requests().into_iter().map(|request| request.url).collect();
    assert!(urls[2].contains("page=2") && urls[2].contains("per_page=2") && urls[2].contains("q=x"), "{urls:?}");
    assert_eq!(urls.len(), 3);

    // By cursor, and by the cursor that is a member of the last item.
    let logs = |from: u32| {
        Reply::json(200, json!([{"log_id": from.to_string()}, {"log_id": (from + 1).to_string()}]).to_string())
    };
    let (auth0, transport) = scripted([logs(1), logs(3), Reply::json(200, "[]")]);
    let count = block_on(async {
        let mut pages = auth0.logs().list().take(2).pages();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = page.expect("a page");
            assert_eq!(page.response.status, 200);
            count += page.items.len();
        }
        count
    });
    assert_eq!(count, 4);
    assert!(transport.requests()[2].url.contains("from=4"), "{:?}", transport.requests());

    // A cursor that comes again, garbage, and an envelope with `next: null` and nothing else.
    let grants = |next: &str| Reply::json(200, format!(r#"{{"client_grants":[{{"id":"1"}}],"next":{next}}}"#));
    let (auth0, _) = scripted([grants("\"a\""), grants("\"b\""), grants("\"b\""), grants("\"b\"")]);
    let error = block_on(async {
        let mut items = auth0.client_grants().list().items();
        loop {
            match items.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => return error,
                None => panic!("a walk in a circle ended"),
            }
        }
    });
    assert_eq!(error.kind(), ErrorKind::Paging);
    let (auth0, _) = scripted([Reply::json(200, r#"{"error":"x"}"#), Reply::json(200, r#"{"next":null}"#)]);
    block_on(async {
        let error = auth0.client_grants().list().items().next().await.expect("a result").expect_err("garbage");
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(auth0.client_grants().list().items().next().await.is_none());
    });
}

#[test]
fn a_page_that_is_cut_off_ends_the_walk_with_an_error_after_what_came_before() {
    let page = r#"{"users":[{"user_id":"u0"},{"user_id":"u1"}],"start":0,"limit":2,"total":4}"#;
    let second = r#"{"users":[{"user_id":"u2"},{"user_id":"u"#;
    for (broken, kind) in [
        (Reply::json(200, second), ErrorKind::Decode),
        (Reply::status(200).body(second).then_breaks(), ErrorKind::Transport),
    ] {
        let (auth0, transport) = scripted([Reply::json(200, page), broken]);
        block_on(async {
            let mut items = auth0.users().list().per_page(2).max_retries(0).items();
            for wanted in ["u0", "u1"] {
                assert_eq!(items.next().await.expect("a user").expect("a user").user_id.as_deref(), Some(wanted));
            }
            let error = items.next().await.expect("an error").expect_err("half a page");
            assert_eq!((error.kind(), error.operation()), (kind, Some("users.list")), "{error}");
            if kind == ErrorKind::Decode {
                assert_eq!(error.body().map(|body| body.text()).as_deref(), Some(second));
                assert!(error.path().is_some_and(|path| path.starts_with("line 1")), "{:?}", error.path());
            }
            assert!(items.next().await.is_none());
        });
        assert_eq!(transport.requests().len(), 2);
    }
}

#[test]
fn a_typed_page_whose_cursor_came_before_is_given_and_then_the_error() {
    // The first cursor is a number, which is followed like any other.
    let page = |id: &str| Reply::json(200, format!(r#"{{"client_grants":[{{"id":"{id}"}}],"next":17}}"#));
    let (auth0, transport) = scripted([page("1"), page("2")]);
    block_on(async {
        let mut items = auth0.client_grants().list().items();
        for wanted in ["1", "2"] {
            assert_eq!(items.next().await.expect("an item").expect("an item").id.as_deref(), Some(wanted));
        }
        assert_eq!(items.next().await.expect("an error").expect_err("an error").kind(), ErrorKind::Paging);
        assert!(items.next().await.is_none());
    });
    assert!(transport.requests()[1].url.contains("from=17"));
}

#[test]
fn a_union_that_no_variant_fits_is_kept() {
    use auth0_sdk::management::log_streams::LogStream;
    let value = json!([1, 2]);
    let read: LogStream = serde_json::from_value(value.clone()).expect("anything");
    assert_eq!(read, LogStream::Unknown(value.clone()));
    assert_eq!(serde_json::to_value(&read).expect("JSON"), value);
}

#[test]
fn a_form_has_the_file_and_the_texts() {
    use auth0_sdk::management::jobs::CreateImportUsers;
    let (auth0, transport) = scripted([Reply::json(202, r#"{"id":"job_1","status":"pending"}"#)]);
    let body = CreateImportUsers::new("[{\"email\":\"a@b.c\"}]", "con_0123456789abcdef").upsert(true);
    let job = block_on(async { auth0.jobs().users_imports().create(body).await }).expect("a job");
    assert_eq!(job.id.as_deref(), Some("job_1"));
    let text = transport.requests()[0].text();
    for part in ["name=\"users\"; filename=\"users.json\"", "[{\"email\":\"a@b.c\"}]", "name=\"upsert\"\r\n\r\ntrue"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_number_that_is_whole_is_written_as_one() {
    use auth0_sdk::management::branding::BrandingThemeBorders;
    let read: BrandingThemeBorders =
        serde_json::from_value(json!({"button_border_radius": 3, "button_border_weight": 1.5})).expect("borders");
    let written = serde_json::to_string(&read).expect("JSON");
    assert_eq!(written, r#"{"button_border_radius":3,"button_border_weight":1.5}"#);
}

fn event(offset: &str) -> String {
    format!("id: {offset}\nevent: user.created\ndata: {{\"type\":\"offset-only\",\"offset\":\"{offset}\"}}\n\n")
}

#[test]
fn events_go_on_where_they_broke_off() {
    use auth0_sdk::management::events::EventStreamSubscribeEventsResponse as Event;
    let stream = |text: String| Reply::status(200).header("content-type", "text/event-stream").body(text);
    let (auth0, transport) = scripted([
        stream(event("a") + &event("b") + "id: c\ndata: {\"type\":\"offset").then_breaks(),
        stream(": nothing yet\n\n".to_owned()),
        stream(
            event("c")
                + "data: {\"type\":\"brand.new\",\"offset\":\"d\"}\n\ndata: broken\n\n"
                + "data: {\"type\":\"offset-only\",\"offset\":\"e\"}",
        ),
        Reply::json(410, r#"{"statusCode":410,"error":"Gone","message":"the cursor expired"}"#),
    ]);
    block_on(async {
        let mut events = auth0.events().subscribe().from_timestamp("2026").events();
        let mut next = async || events.next().await.expect("an event");
        for wanted in ["a", "b", "c"] {
            let received = next().await.expect(wanted);
            assert_eq!(received.offset.as_deref(), Some(wanted));
            assert!(matches!(received.event, Event::OffsetOnlyMessage(_)), "{:?}", received.event);
        }
        assert!(matches!(next().await.expect("a new type").event, Event::Unknown(_)));
        let broken = next().await.expect_err("a broken event");
        assert_eq!(
            (broken.kind(), broken.body().map(|body| body.text())),
            (ErrorKind::Decode, Some("broken".to_owned()))
        );
        assert_eq!(next().await.expect("the last one").offset.as_deref(), Some("e"));
        assert_eq!(next().await.expect_err("the end").status(), Some(410));
        assert!(events.next().await.is_none());
    });
    let urls: Vec<String> = transport.requests().into_iter().map(|request| request.url).collect();
    assert!(urls[0].contains("from_timestamp=2026") && !urls[0].contains("from="), "{urls:?}");
    for (url, from) in urls[1..].iter().zip(["from=b", "from=b", "from=e"]) {
        assert!(url.contains(from) && !url.contains("from_timestamp"), "{urls:?}");
    }
    assert_eq!(transport.requests()[0].headers.get("accept").as_deref(), Some("text/event-stream"));
    let (auth0, _) = scripted((0..9).map(|_| Reply::status(200)));
    let error =
        block_on(async { auth0.events().subscribe().events().next().await }).expect("a result").expect_err("an end");
    assert!(error.to_string().contains("five streams"), "{error}");
    let error =
        block_on(async { auth0.users().list().events().next().await }).expect("a result").expect_err("no stream");
    assert_eq!(error.kind(), ErrorKind::Request);
}

#[test]
fn jobs_are_waited_for() {
    let job = |status: &str| Reply::json(200, json!({"id": "job_1", "type": "x", "status": status}).to_string());
    let transport = ScriptedTransport::new([job("pending"), job("processing"), job("completed")]);
    let timer = ManualTimer::skipping();
    let auth0 = with_token(&transport, &timer);
    let done = block_on(async { auth0.jobs().wait("job_1").await }).expect("a job");
    assert_eq!(done.status.as_deref(), Some("completed"));
    assert_eq!(transport.requests().len(), 3);
    let waited: u128 = timer.slept().iter().map(std::time::Duration::as_millis).sum();
    assert_eq!(waited, 1000 + 1500 + 2250);

    let failed = json!({"status": "failed", "type": "x", "id": "j", "status_details": "no such connection"});
    let (auth0, _) = scripted([Reply::json(200, failed.to_string())]);
    let error = block_on(async { auth0.jobs().wait("j").await }).expect_err("a failed job");
    assert_eq!(error.kind(), ErrorKind::Job);
    assert!(error.to_string().contains("no such connection"), "{error}");
    let (auth0, _) = scripted((0..99).map(|_| job("pending")));
    let minute = std::time::Duration::from_secs(60);
    let error = block_on(async { auth0.jobs().wait("j").give_up_after(minute).await }).expect_err("no end");
    assert!(error.to_string().contains("did not end"), "{error}");

    let errors = json!([{"user": {"email": "x"}, "errors": [{"code": "INVALID_FORMAT"}]}]);
    let whole = json!({"status": "failed", "type": "users_import", "id": "j", "status_details": "too large"});
    let (auth0, _) =
        scripted([Reply::json(200, errors.to_string()), Reply::status(204), Reply::json(200, whole.to_string())]);
    block_on(async {
        let errors = auth0.jobs().import_errors("j").await.expect("errors");
        let first = errors[0].errors.as_ref().and_then(|errors| errors[0].code.clone());
        assert_eq!(first.as_deref(), Some("INVALID_FORMAT"));
        assert!(auth0.jobs().import_errors("j").await.expect("no errors").is_empty());
        let error = auth0.jobs().import_errors("j").await.expect_err("a failed job");
        assert!(error.to_string().contains("too large"), "{error}");
    });
}

#[cfg(feature = "export")]
#[test]
fn an_export_is_read_user_by_user() {
    use auth0_sdk::management::jobs::CreateExportUsers;
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let lines = "{\"user_id\":\"a\"}\n\n{\"user_id\":[5]}\r\n{\"user_id\":\"c\",\"mine\":1}";
    gzip.write_all(lines.as_bytes()).expect("gzip");
    let file = gzip.finish().expect("gzip");
    let job = |status: &str| {
        let location = "https://files.example/export.gz?signature=hidden";
        Reply::json(200, json!({"id": "job_1", "type": "x", "status": status, "location": location}).to_string())
    };
    for size in [1, 7, file.len()] {
        for cut in [false, true] {
            let content = if cut { &file[..file.len() - 9] } else { &file[..] };
            let reply = content.chunks(size).fold(Reply::status(200), |reply, piece| reply.body(piece));
            let (auth0, transport) = scripted([job("pending"), job("completed"), reply]);
            block_on(async {
                let mut users = auth0.jobs().export_users::<User>(CreateExportUsers::new()).await.expect("an export");
                assert_eq!(users.next().await.expect("a").expect("a").user_id.as_deref(), Some("a"));
                let error = users.next().await.expect("a result").expect_err("a broken line");
                assert_eq!((error.kind(), error.path()), (ErrorKind::Decode, Some("line 3")));
                if cut {
                    let rest = users.next().await.expect("a result");
                    assert!(rest.is_err_and(|error| error.to_string().contains("cut off")));
                } else {
                    assert_eq!(users.next().await.expect("c").expect("c").extra["mine"], 1);
                }
                assert!(users.next().await.is_none());
            });
            let requests = transport.requests();
            assert_eq!(requests[2].headers.get("authorization"), None);
            assert!(requests[0].text().contains("\"format\":\"json\""), "{}", requests[0].text());
        }
    }
}

#[cfg(feature = "blocking")]
#[test]
fn blocking_calls_give_the_same() {
    let page = |users: Json| Reply::json(200, json!({"users": users, "start": 0, "limit": 50, "total": 1}).to_string());
    let list = || page(json!([{"user_id": "a"}]));
    let (auth0, _) = scripted([Reply::json(200, "{\"user_id\":\"a\"}"), list(), list()]);
    assert_eq!(auth0.users().get("a").call().expect("a user").user_id.as_deref(), Some("a"));
    let users: Vec<_> = auth0.users().list().items().blocking().collect::<Result<_, _>>().expect("users");
    assert_eq!(users.len(), 1);
    assert_eq!(auth0.users().list().pages().blocking().count(), 1);
    let (jobs, _) = scripted([
        Reply::json(200, r#"{"user_id":7}"#),
        Reply::json(200, r#"{"id":"j","type":"x","status":"completed"}"#),
        Reply::json(200, r#"[{"user":{},"errors":[]}]"#),
    ]);
    assert_eq!(jobs.users().get("a").call_json().expect("JSON")["user_id"], 7);
    assert_eq!(jobs.jobs().wait("j").call().expect("a job").status.as_deref(), Some("completed"));
    assert_eq!(jobs.jobs().import_errors("j").call().expect("errors").len(), 1);
    let stream = Reply::status(200).header("content-type", "text/event-stream").body(event("a") + &event("b"));
    let (events, _) = scripted([stream]);
    let events: Vec<_> =
        events.events().subscribe().events().blocking().take(2).collect::<Result<_, _>>().expect("two");
    assert_eq!(events.iter().filter_map(|event| event.offset.as_deref()).collect::<Vec<_>>(), ["a", "b"]);
    #[cfg(feature = "export")]
    {
        use auth0_sdk::management::jobs::CreateExportUsers;
        let location = "https://files.example/export.json";
        let job = json!({"id": "j", "type": "x", "status": "completed", "location": location}).to_string();
        let file = Reply::status(200).body("{\"user_id\":\"a\"}\n{\"user_id\":\"b\"}\n");
        let (export, _) = scripted([Reply::json(200, job.clone()), Reply::json(200, job), file]);
        let users = export.jobs().export_users::<User>(CreateExportUsers::new()).call().expect("an export");
        assert_eq!(users.blocking().collect::<Result<Vec<_>, _>>().expect("users").len(), 2);
    }
    // Inside a runtime it says so, and the client may be dropped there.
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async move {
        let error = auth0.users().get("a").call().expect_err("an async runtime");
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(auth0.users().list().items().blocking().filter(Result::is_err).count(), 1);
        drop(auth0);
    });
}

#[cfg(feature = "native")]
#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_answers_every_typed_call() {
    let sandbox = auth0_sandbox::Sandbox::builder().users(2).sample_refused(true).start().await.expect("a sandbox");
    let auth0 = ManagementClient::builder(sandbox.origin())
        .client_credentials(sandbox.client_id(), sandbox.client_secret())
        .audience(sandbox.audience())
        .build()
        .expect("a client");
    let (mut wrong, mut called) = (Vec::new(), 0);
    for size in [Size::Least, Size::Full] {
        let arguments = |id: &str| {
            let mut request = DESCRIPTION.sample_request(operation(id), size);
            if id == "users.create"
                && let Some(body) = &mut request.body
            {
                // What no type says: the connection must be one that there is.
                body["connection"] = json!("Username-Password-Authentication");
                body["email"] = json!(format!("{size:?}@example.com"));
            }
            Arguments(request)
        };
        for (id, call) in calls(&auth0, &arguments) {
            called += 1;
            match call.await {
                Ok(answered) if answered.shown.contains("Unknown(") => {
                    wrong.push(format!("{id} {size:?}: {answered:?}"))
                }
                Ok(answered) if answered.status == 0 || operation(id).statuses.contains(&answered.status) => {}
                Ok(answered) => wrong.push(format!("{id} {size:?}: status {}", answered.status)),
                Err(error) => {
                    let body = error.body().map(|body| body.text()).unwrap_or_default();
                    wrong.push(format!("{id} {size:?}: {error} {body}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {called} calls are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(called, 2 * 491);
    sandbox.shutdown().await;
}

#[cfg(feature = "native")]
#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_answers_typed_calls() {
    use auth0_sdk::management::users::CreateUser;
    let sandbox = auth0_sandbox::Sandbox::builder().users(130).start().await.expect("a sandbox");
    let builder = || {
        ManagementClient::builder(sandbox.origin())
            .client_credentials(sandbox.client_id(), sandbox.client_secret())
            .audience(sandbox.audience())
    };
    let auth0 = builder().build().expect("a client");
    let body = CreateUser::new("Username-Password-Authentication").email("jo@example.com").password("Str0ng!pass-word");
    let user = auth0.users().create(body).await.expect("a user");
    let id = user.user_id.expect("an id");
    assert!(user.created_at.and_then(|at| at.get()).is_some());
    let changed = auth0.users().update(&id, UpdateUser::new().nickname("Jo").name("Jo")).await.expect("a user");
    assert_eq!(changed.nickname.as_deref(), Some("Jo"));
    auth0.users().update(&id, UpdateUser::new().nickname(Null)).await.expect("a user");
    let read = auth0.users().get(&id).raw().await.expect("a user");
    assert_eq!((read.status, read.data.nickname, read.data.name.as_deref()), (200, None, Some("Jo")));
    let only = auth0.users().get(&id).fields("email").await.expect("a user");
    assert_eq!((only.email.as_deref(), only.user_id), (Some("jo@example.com"), None));
    let mut items = auth0.users().list().items();
    let mut count = 0;
    while let Some(user) = items.next().await {
        assert!(user.expect("a user").user_id.is_some());
        count += 1;
    }
    assert_eq!(count, 131);
    auth0.users().delete(&id).await.expect("nothing");
    assert_eq!(auth0.users().get(&id).await.expect_err("no user").status(), Some(404));
    #[cfg(feature = "blocking")]
    {
        let auth0 = builder().build().expect("a client");
        let counted = std::thread::spawn(move || auth0.users().list().per_page(100).items().blocking().count());
        assert_eq!(tokio::task::spawn_blocking(move || counted.join()).await.expect("a task").expect("a count"), 130);
    }
}
