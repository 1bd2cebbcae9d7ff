//! A token that many machines share: what the store keeps, who buys, and what happens when the store fails.

use crate::support::{DOMAIN, START, all, bearers, milliseconds, paths, seconds};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on, poll_until_stuck};
use auth0_sdk::{
    BoxFuture, Crypto, Error, ErrorKind, Hash, Host, Json, Kept, KeyValue, Lease, ManagementClient, SharedStore, Timer,
    Transport,
};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TOKEN: &str = "/oauth/token";

/// What the machines of a test share.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    values: Vec<(String, String)>,
    lives: Vec<Duration>,
    left: Option<Duration>,
    leased: bool,
    grants_leases: bool,
    reads: u32,
    fails: bool,
    hangs: bool,
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().expect("a lock"))
    }

    async fn touch(&self) -> Result<(), Error> {
        if self.with(|state| state.hangs) {
            std::future::pending::<()>().await;
        }
        match self.with(|state| state.fails) {
            true => Err(Error::new(ErrorKind::Transport, "the store is gone")),
            false => Ok(()),
        }
    }
}

struct Held(Shared);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.with(|state| state.leased = false);
    }
}

impl KeyValue for Shared {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Kept>, Error>> {
        Box::pin(async move {
            self.touch().await?;
            Ok(self.with(|state| {
                state.reads += 1;
                let kept =
                    state.values.iter().find(|(known, _)| known == key).map(|(_, text)| Kept::new(text.as_str()));
                match state.left {
                    Some(left) => kept.map(|kept| kept.left(left)),
                    None => kept,
                }
            }))
        })
    }

    fn put<'a>(&'a self, key: &'a str, text: &'a str, life: Duration) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.touch().await?;
            self.with(|state| {
                state.values.retain(|(known, _)| known != key);
                state.values.push((key.to_owned(), text.to_owned()));
                state.lives.push(life);
            });
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.touch().await?;
            self.with(|state| state.values.retain(|(known, kept)| known != key || kept != text));
            Ok(())
        })
    }

    fn lease<'a>(&'a self, _key: &'a str, _life: Duration) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(async move {
            self.touch().await?;
            Ok(self.with(|state| {
                if !state.grants_leases {
                    return Some(Lease::new(()));
                }
                (!std::mem::replace(&mut state.leased, true)).then(|| Lease::new(Held(self.clone())))
            }))
        })
    }
}

fn token(token: &str) -> Reply {
    Reply::json(200, format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":86400}}"#))
}

/// No cryptography: a digest that differs where the data does, and is there at once, also as wasm.
struct Toy;

impl Crypto for Toy {
    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        out.fill(128);
        Ok(())
    }

    fn digest<'a>(&'a self, hash: Hash, data: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        let mut digest = vec![0; hash.length()];
        let sum = data.iter().fold(17_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        digest[..8].copy_from_slice(&sum.to_le_bytes());
        Box::pin(std::future::ready(Ok(digest)))
    }
}

fn host(transport: impl Transport + 'static, timer: ManualTimer) -> Host {
    Host::new(transport, timer, Toy)
}

/// The problems that a store reported.
#[derive(Clone, Default)]
struct Problems(Arc<Mutex<Vec<Error>>>);

impl Problems {
    fn list(&self) -> Vec<String> {
        self.0.lock().expect("a lock").iter().map(ToString::to_string).collect()
    }
}

/// A machine of its own: own memory, own transport and clock.
fn machine(
    shared: &Shared,
    script: &ScriptedTransport,
    timer: &ManualTimer,
    secret: &str,
) -> (ManagementClient, Problems) {
    let problems = Problems::default();
    let reported = problems.clone();
    let host = host(script.clone(), timer.clone());
    let store = SharedStore::with_host(shared.clone(), &host)
        .on_problem(move |problem| reported.0.lock().expect("a lock").push(problem.clone()));
    let client = ManagementClient::builder(DOMAIN)
        .client_credentials("the-client", secret)
        .host(host)
        .token_store(store)
        .build()
        .expect("a client");
    (client, problems)
}

fn get(auth0: &ManagementClient) -> BoxFuture<'static, Result<Json, Error>> {
    auth0.operation("users.get").path("a").into_future()
}

fn bought(script: &ScriptedTransport) -> usize {
    paths(&script.requests()).iter().filter(|path| *path == TOKEN).count()
}

#[test]
fn the_second_machine_takes_the_token_of_the_first_and_asks_the_store_once() {
    let (shared, timer) = (Shared::default(), ManualTimer::skipping());
    let first = ScriptedTransport::new([token("t1"), Reply::json(200, "1")]);
    let second = ScriptedTransport::new([Reply::json(200, "1"), Reply::json(200, "2"), Reply::json(200, "3")]);
    block_on(get(&machine(&shared, &first, &timer, "s").0)).expect("a user");
    assert_eq!(shared.with(|state| state.lives.clone()), [seconds(86_400)]);
    let (client, problems) = machine(&shared, &second, &timer, "s");
    shared.with(|state| state.reads = 0);
    for _ in 0..3 {
        block_on(get(&client)).expect("a user");
    }
    assert_eq!(bearers(&second.requests()), ["t1", "t1", "t1"]);
    assert_eq!((shared.with(|state| state.reads), problems.list()), (1, Vec::new()));
}

#[test]
fn a_rotated_secret_does_not_get_the_token_of_the_old_one() {
    let (shared, timer) = (Shared::default(), ManualTimer::skipping());
    let script = ScriptedTransport::new([token("t1"), Reply::json(200, "1"), token("t2"), Reply::json(200, "1")]);
    block_on(get(&machine(&shared, &script, &timer, "old").0)).expect("a user");
    block_on(get(&machine(&shared, &script, &timer, "new").0)).expect("a user");
    assert_eq!(bearers(&script.requests()), ["", "t1", "", "t2"]);
    let keys = shared.with(|state| state.values.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
    assert!(keys.len() == 2 && keys.iter().all(|key| !key.contains("old") && !key.contains("new")), "{keys:?}");
}

#[test]
fn machines_that_start_together_buy_one_token() {
    let (shared, timer) = (Shared::default(), ManualTimer::new());
    shared.with(|state| state.grants_leases = true);
    let script = ScriptedTransport::new(std::iter::once(token("t1")).chain((0..20).map(|_| Reply::json(200, "1"))));
    let slow = {
        let (script, timer) = (script.clone(), timer.clone());
        move |request| {
            let (script, timer) = (script.clone(), timer.clone());
            async move {
                timer.sleep(seconds(3)).await;
                auth0_sdk::Transport::send(&script, request).await
            }
        }
    };
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let host = host(slow.clone(), timer.clone());
            let store = SharedStore::with_host(shared.clone(), &host);
            let builder = ManagementClient::builder(DOMAIN).client_credentials("the-client", "s").host(host);
            builder.token_store(store).build().expect("a client")
        })
        .collect();
    let mut calls = pin!(all(clients.iter().map(get)));
    let mut moved = Duration::ZERO;
    let answers = loop {
        if let Poll::Ready(answers) = poll_until_stuck(calls.as_mut()) {
            break answers;
        }
        timer.advance(milliseconds(50));
        moved += milliseconds(50);
        assert!(moved < seconds(30), "still waiting");
    };
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(bought(&script), 1);
    assert!(bearers(&script.requests())[1..].iter().all(|token| token == "t1"));
}

#[test]
fn a_machine_that_dies_while_it_buys_does_not_hold_the_others_up() {
    let (shared, timer) = (Shared::default(), ManualTimer::skipping());
    // Nobody will ever give this one back, and the store does not forget it.
    shared.with(|state| (state.grants_leases, state.leased) = (true, true));
    let script = ScriptedTransport::new([token("t1"), Reply::json(200, "1")]);
    block_on(get(&machine(&shared, &script, &timer, "s").0)).expect("a user");
    assert!(timer.now() - START <= seconds(11), "{:?}", timer.now() - START);
}

#[test]
fn a_call_that_is_dropped_gives_the_lease_back() {
    let (shared, timer) = (Shared::default(), ManualTimer::new());
    shared.with(|state| state.grants_leases = true);
    let script = ScriptedTransport::new([Reply::hang(), token("t2"), Reply::json(200, "1")]);
    let (client, _) = machine(&shared, &script, &timer, "s");
    let mut call = Box::pin(get(&client));
    assert!(poll_until_stuck(call.as_mut()).is_pending());
    assert!(shared.with(|state| state.leased));
    drop(call);
    assert!(!shared.with(|state| state.leased));
    block_on(get(&machine(&shared, &script, &timer, "s").0)).expect("a user");
}

#[test]
fn a_revoked_token_is_replaced_once_and_the_others_take_the_new_one() {
    let (shared, timer) = (Shared::default(), ManualTimer::skipping());
    let refused = || Reply::json(401, r#"{"statusCode":401,"message":"Invalid token"}"#);
    let script = ScriptedTransport::new([
        token("t1"),
        Reply::json(200, "1"),
        Reply::json(200, "1"),
        refused(),
        token("t2"),
        Reply::json(200, "1"),
        refused(),
        Reply::json(200, "1"),
    ]);
    let ((one, _), (two, _)) = (machine(&shared, &script, &timer, "s"), machine(&shared, &script, &timer, "s"));
    block_on(get(&one)).expect("a user");
    block_on(get(&two)).expect("a user");
    block_on(get(&one)).expect("a user");
    // This one still has the old token in memory. It does not remove the new one from the store.
    block_on(get(&two)).expect("a user");
    assert_eq!(bearers(&script.requests()), ["", "t1", "t1", "t1", "", "t2", "t1", "t2"]);
}

#[test]
fn clocks_that_differ_do_not_matter_where_the_store_tells_what_is_left() {
    let shared = Shared::default();
    let script = ScriptedTransport::new([token("t1"), Reply::json(200, "1"), Reply::json(200, "1")]);
    block_on(get(&machine(&shared, &script, &ManualTimer::skipping(), "s").0)).expect("a user");
    shared.with(|state| state.left = Some(seconds(80_000)));
    // Two days ahead: by its own clock the token has expired.
    let ahead = ManualTimer::new();
    ahead.advance(seconds(2 * 86_400));
    block_on(get(&machine(&shared, &script, &ahead, "s").0)).expect("a user");
    assert_eq!(bearers(&script.requests()), ["", "t1", "t1"]);
}

#[test]
fn without_the_store_each_machine_goes_on_by_itself_and_recovers() {
    for hangs in [false, true] {
        let (shared, timer) = (Shared::default(), ManualTimer::skipping());
        shared.with(|state| (state.fails, state.hangs) = (!hangs, hangs));
        let script = ScriptedTransport::new([token("t1"), Reply::json(200, "1"), Reply::json(200, "2")]);
        let (client, problems) = machine(&shared, &script, &timer, "s");
        for _ in 0..2 {
            block_on(get(&client)).expect("a user");
        }
        assert_eq!(bearers(&script.requests()), ["", "t1", "t1"]);
        let wanted = if hangs { "did not answer" } else { "the store is gone" };
        let said = problems.list();
        assert!(!said.is_empty() && said.iter().all(|problem| problem.contains(wanted)), "{said:?}");
        // The store is back, and the token over: what is bought now is kept for all.
        shared.with(|state| (state.fails, state.hangs) = (false, false));
        timer.advance(seconds(86_400));
        script.push(token("t2"));
        script.push(Reply::json(200, "3"));
        block_on(get(&client)).expect("a user");
        assert_eq!(shared.with(|state| state.values.len()), 1);
    }
}

#[test]
fn a_store_for_two_clients() {
    let (shared, timer) = (Shared::default(), ManualTimer::skipping());
    let script = ScriptedTransport::new([token("t1"), Reply::json(200, "1"), Reply::json(200, "1")]);
    let store = Arc::new(SharedStore::with_host(shared.clone(), &host(script.clone(), timer.clone())));
    for _ in 0..2 {
        let builder = ManagementClient::builder(DOMAIN).host(host(script.clone(), timer.clone()));
        let client = builder.client_credentials("c", "s").token_store(store.clone()).build().expect("a client");
        block_on(get(&client)).expect("a user");
    }
    assert_eq!(bearers(&script.requests()), ["", "t1", "t1"]);
}

#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod native {
    use super::*;
    use auth0_sdk::{Files, NativeCrypto};

    const KNOWN: &str = include_str!("../stored_values.json");

    fn key(text: &str) -> [u8; 32] {
        let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).expect("hex") as u8).collect();
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        bytes.try_into().expect("32 bytes")
    }

    fn client(
        known: &Json,
        shared: &Shared,
        script: &ScriptedTransport,
        keys: &[&str],
    ) -> (ManagementClient, Problems) {
        let problems = Problems::default();
        let reported = problems.clone();
        let host = Host::new(script.clone(), ManualTimer::skipping(), NativeCrypto);
        let mut store = SharedStore::with_host(shared.clone(), &host)
            .on_problem(move |problem| reported.0.lock().expect("a lock").push(problem.clone()));
        for text in keys {
            store = store.encrypted(key(text));
        }
        let text = |name: &str| known["client"][name].as_str().expect("a text").to_owned();
        let builder =
            ManagementClient::builder(text("domain")).client_credentials(text("clientId"), text("clientSecret"));
        (builder.host(host).token_store(store).build().expect("a client"), problems)
    }

    #[test]
    fn known_values_are_read_and_what_is_of_no_use_is_reported_and_replaced() {
        let known: Json = serde_json::from_str(KNOWN).expect("JSON");
        let name = known["key"].as_str().expect("a text");
        let keys: Vec<&str> = known["keys"].as_array().expect("an array").iter().filter_map(Json::as_str).collect();
        let cases = known["cases"].as_array().expect("an array");
        assert!(cases.len() > 20);
        for case in cases {
            let shared = Shared::default();
            let value = case["value"].as_str().expect("a text");
            shared.with(|state| state.values.push((name.to_owned(), value.to_owned())));
            let keys = if case["encrypted"] == true { &keys[..] } else { &[] };
            let script = match case["token"].is_string() {
                true => ScriptedTransport::new([Reply::json(200, "1")]),
                false => ScriptedTransport::new([token("new"), Reply::json(200, "1")]),
            };
            let (client, problems) = client(&known, &shared, &script, keys);
            block_on(get(&client)).unwrap_or_else(|error| panic!("{case}: {error}"));
            let used = bearers(&script.requests()).pop();
            assert_eq!(used.as_deref(), case["token"].as_str().or(Some("new")), "{case}");
            let said = problems.list();
            match case["problem"].as_str() {
                Some(problem) => assert!(said.iter().any(|said| said.contains(problem)), "{case}: {said:?}"),
                None => assert!(said.is_empty(), "{case}: {said:?}"),
            }
            // One entry: what was of no use has been replaced, under the same key.
            let kept = shared.with(|state| state.values.clone());
            assert_eq!((kept.len(), &*kept[0].0), (1, name), "{case}");
        }
    }

    #[test]
    fn what_is_written_with_a_key_shows_nothing_and_is_read_with_it() {
        let known: Json = serde_json::from_str(KNOWN).expect("JSON");
        let keys: Vec<&str> = known["keys"].as_array().expect("an array").iter().filter_map(Json::as_str).collect();
        let (shared, script) = (Shared::default(), ScriptedTransport::new([token("the-token"), Reply::json(200, "1")]));
        block_on(get(&client(&known, &shared, &script, &keys[..1]).0)).expect("a user");
        let value = shared.with(|state| state.values[0].1.clone());
        assert!(value.starts_with("v1.gcm.") && !value.contains("the-token"), "{value}");
        script.push(Reply::json(200, "1"));
        // A machine that has the next key already, and this one behind it.
        block_on(get(&client(&known, &shared, &script, &[keys[1], keys[0]]).0)).expect("a user");
        assert_eq!(bearers(&script.requests()), ["", "the-token", "the-token"]);
    }

    #[test]
    fn files_keep_a_token_for_its_owner_alone() {
        let folder = std::env::temp_dir().join(format!("auth0-sdk-files-{}", std::process::id()));
        let script = ScriptedTransport::new([token("t1"), Reply::json(200, "1"), Reply::json(200, "1")]);
        let client = || {
            let host = host(script.clone(), ManualTimer::skipping());
            let store = SharedStore::with_host(Files::new(folder.join("deep")), &host)
                .on_problem(|problem| panic!("{problem}"));
            let builder = ManagementClient::builder(DOMAIN).client_credentials("c", "s").host(host);
            builder.token_store(store).build().expect("a client")
        };
        block_on(get(&client())).expect("a user");
        block_on(get(&client())).expect("a user");
        assert_eq!(bearers(&script.requests()), ["", "t1", "t1"]);
        let mut names = Vec::new();
        for file in std::fs::read_dir(folder.join("deep")).expect("a folder") {
            let file = file.expect("a file");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = file.metadata().expect("metadata").permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
            }
            names.push(file.path().extension().expect("an ending").to_string_lossy().into_owned());
        }
        names.sort();
        assert_eq!(names, ["lock", "token"]);
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn the_lock_of_a_file_ends_with_the_one_who_has_it() {
        let folder = std::env::temp_dir().join(format!("auth0-sdk-lock-{}", std::process::id()));
        let (one, two) = (Files::new(&folder), Files::new(&folder));
        let lease = |files: &Files| block_on(files.lease("k", seconds(1))).expect("the disk");
        let held = lease(&one).expect("free");
        assert!(lease(&two).is_none());
        drop(held);
        assert!(lease(&two).is_some());
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_file_goes_only_with_the_text_that_was_meant() {
        let folder = std::env::temp_dir().join(format!("auth0-sdk-remove-{}", std::process::id()));
        let files = Files::new(&folder);
        assert_eq!(block_on(files.get("k")).expect("the disk"), None);
        block_on(files.put("k", "new", seconds(1))).expect("the disk");
        block_on(files.remove("k", "old")).expect("the disk");
        assert_eq!(block_on(files.get("k")).expect("the disk"), Some(Kept::new("new")));
        block_on(files.remove("k", "new")).expect("the disk");
        assert_eq!(block_on(files.get("k")).expect("the disk"), None);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}

#[test]
fn the_next_token_is_bought_ahead_by_one_machine_and_no_call_waits_for_it() {
    let (shared, timer) = (Shared::default(), ManualTimer::skipping());
    let script = ScriptedTransport::new([token("t1"), Reply::json(200, "1"), Reply::json(200, "1")]);
    let ((one, _), (two, problems)) = (machine(&shared, &script, &timer, "s"), machine(&shared, &script, &timer, "s"));
    for client in [&one, &two] {
        block_on(get(client)).expect("a user");
        block_on(client.refresh_token_ahead(seconds(3_600))).expect("nothing to do");
    }
    assert_eq!(bought(&script), 1);
    timer.advance(seconds(86_400 - 3_000));
    script.push(token("t2"));
    // The second one has the old token in memory, and looks into the store before it buys.
    for client in [&one, &two, &one] {
        block_on(client.refresh_token_ahead(seconds(3_600))).expect("a token");
    }
    assert_eq!(bought(&script), 2);
    for client in [&one, &two] {
        script.push(Reply::json(200, "1"));
        block_on(get(client)).expect("a user");
    }
    assert_eq!(bearers(&script.requests())[3..], ["", "t2", "t2"]);
    assert_eq!(problems.list(), Vec::<String>::new());
}

#[test]
fn a_token_that_lives_shorter_than_the_time_ahead_is_not_bought_again_and_again() {
    let timer = ManualTimer::skipping();
    let short = |name: &str| Reply::json(200, format!(r#"{{"access_token":"{name}","expires_in":600}}"#));
    let script = ScriptedTransport::new([short("t1"), Reply::json(200, "1")]);
    let host = host(script.clone(), timer.clone());
    let client = ManagementClient::builder(DOMAIN).client_credentials("c", "s").host(host).build().expect("a client");
    block_on(get(&client)).expect("a user");
    for _ in 0..5 {
        block_on(client.refresh_token_ahead(seconds(3_600))).expect("nothing to do");
    }
    assert_eq!(bought(&script), 1);
    timer.advance(seconds(301));
    script.push(short("t2"));
    for _ in 0..5 {
        block_on(client.refresh_token_ahead(seconds(3_600))).expect("a token");
    }
    assert_eq!(bought(&script), 2);
    // What goes wrong is told, and the token that is kept stays.
    timer.advance(seconds(301));
    script.push(Reply::json(401, r#"{"error":"access_denied","error_description":"Unauthorized"}"#));
    let error = block_on(client.refresh_token_ahead(seconds(3_600))).expect_err("refused");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Auth, Some("access_denied")));
    script.push(Reply::json(200, "1"));
    block_on(get(&client)).expect("a user");
    assert_eq!(bearers(&script.requests()).last().map(String::as_str), Some("t2"));
}
