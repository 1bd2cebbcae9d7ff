//! Tokens, where data says it badly: calls at the same time, stores, callbacks.

use crate::support::{DOMAIN, START, all, bearers, builder, milliseconds, paths, seconds, with_credentials};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on, host, poll_until_stuck};
use auth0_sdk::{
    BoxFuture, Error, ErrorKind, ManagementClient, MemoryStore, StoredToken, Timer, TokenStore, TransportError,
};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TOKEN: &str = "/oauth/token";
const USER: &str = "/api/v2/users/a";

fn token(token: &str) -> Reply {
    Reply::json(200, format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":86400}}"#))
}

fn get(auth0: &ManagementClient) -> BoxFuture<'static, Result<auth0_sdk::Json, Error>> {
    auth0.operation("users.get").path("a").into_future()
}

/// A transport whose answers wait until they are let go, so that calls overlap.
fn delayed(script: &ScriptedTransport, timer: &ManualTimer) -> impl auth0_sdk::Transport + use<> {
    let (script, timer) = (script.clone(), timer.clone());
    move |request| {
        let (script, timer) = (script.clone(), timer.clone());
        async move {
            timer.sleep(milliseconds(10)).await;
            auth0_sdk::Transport::send(&script, request).await
        }
    }
}

#[test]
fn ten_calls_at_once_make_one_token_request() {
    let script = ScriptedTransport::new(std::iter::once(token("t1")).chain((0..10).map(|_| Reply::json(200, "1"))));
    let timer = ManualTimer::new();
    let auth0 = ManagementClient::builder(DOMAIN)
        .host(host(delayed(&script, &timer), timer.clone()))
        .client_credentials("c", "the-secret")
        .build()
        .expect("a client");
    let mut calls = pin!(all((0..10).map(|_| get(&auth0))));
    for _ in 0..2 {
        assert!(poll_until_stuck(calls.as_mut()).is_pending());
        timer.advance(milliseconds(10));
    }
    let Poll::Ready(answers) = poll_until_stuck(calls.as_mut()) else { panic!("still waiting") };
    assert!(answers.iter().all(Result::is_ok));
    let sent = script.requests();
    assert_eq!(paths(&sent).iter().filter(|path| *path == TOKEN).count(), 1);
    assert_eq!((sent.len(), bearers(&sent)[1..].iter().all(|token| token == "t1")), (11, true));
}

#[test]
fn when_the_first_caller_goes_away_another_takes_over() {
    let script = ScriptedTransport::new([Reply::hang(), token("t2"), Reply::json(200, "1"), Reply::json(200, "1")]);
    let timer = ManualTimer::new();
    let auth0 = with_credentials(&script, &timer);
    let mut first = Box::pin(get(&auth0));
    let (mut second, mut third) = (pin!(get(&auth0)), pin!(get(&auth0)));
    assert!(poll_until_stuck(first.as_mut()).is_pending());
    assert!(poll_until_stuck(second.as_mut()).is_pending());
    assert!(poll_until_stuck(third.as_mut()).is_pending());
    assert_eq!((script.requests().len(), script.open()), (1, 1));
    drop(first);
    assert_eq!(script.open(), 0, "the request of the one who went away is aborted");
    // Those who wait are woken natively, and look every few milliseconds in JavaScript.
    timer.advance(milliseconds(10));
    assert!(matches!(poll_until_stuck(second.as_mut()), Poll::Ready(Ok(_))));
    assert!(matches!(poll_until_stuck(third.as_mut()), Poll::Ready(Ok(_))));
    let sent = script.requests();
    assert_eq!(paths(&sent), [TOKEN, TOKEN, USER, USER]);
    assert_eq!(bearers(&sent)[2..], ["t2", "t2"]);
}

#[test]
fn a_caller_with_little_time_does_not_take_it_from_the_others() {
    let script = ScriptedTransport::new([Reply::hang(), token("t2"), Reply::json(200, "1")]);
    let timer = ManualTimer::new();
    let auth0 = with_credentials(&script, &timer);
    let hurried = auth0.operation("users.get").path("a").timeout(seconds(1)).max_retries(0);
    let mut hurried = pin!(hurried.raw());
    let mut patient = pin!(get(&auth0));
    assert!(poll_until_stuck(hurried.as_mut()).is_pending());
    assert!(poll_until_stuck(patient.as_mut()).is_pending());
    timer.advance(seconds(1));
    let Poll::Ready(Err(error)) = poll_until_stuck(hurried.as_mut()) else { panic!("no timeout") };
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(matches!(poll_until_stuck(patient.as_mut()), Poll::Ready(Ok(_))));
}

#[test]
fn a_failed_token_request_fails_all_who_wait_and_is_not_kept() {
    let refused = Reply::json(401, r#"{"error":"access_denied","error_description":"Unauthorized"}"#);
    let script = ScriptedTransport::new([refused, token("t2"), Reply::json(200, "1")]);
    let timer = ManualTimer::new();
    let auth0 = ManagementClient::builder(DOMAIN)
        .host(host(delayed(&script, &timer), timer.clone()))
        .client_credentials("c", "the-secret")
        .build()
        .expect("a client");
    let mut calls = pin!(all((0..5).map(|_| get(&auth0))));
    assert!(poll_until_stuck(calls.as_mut()).is_pending());
    timer.advance(milliseconds(10));
    let Poll::Ready(answers) = poll_until_stuck(calls.as_mut()) else { panic!("still waiting") };
    for answer in answers {
        let error = answer.expect_err("refused");
        assert_eq!(
            (error.kind(), error.code(), error.operation()),
            (ErrorKind::Auth, Some("access_denied"), Some("oauth.token"))
        );
    }
    assert_eq!(script.requests().len(), 1);
    let mut next = pin!(get(&auth0));
    for _ in 0..2 {
        assert!(poll_until_stuck(next.as_mut()).is_pending());
        timer.advance(milliseconds(10));
    }
    assert!(matches!(poll_until_stuck(next.as_mut()), Poll::Ready(Ok(_))));
}

#[test]
fn many_calls_with_a_revoked_token_make_one_new_token_request() {
    let mut replies = vec![token("t1"), Reply::json(200, "0")];
    replies.extend((0..5).map(|_| Reply::status(401)));
    replies.push(token("t2"));
    replies.extend((0..5).map(|_| Reply::json(200, "1")));
    let script = ScriptedTransport::new(replies);
    let timer = ManualTimer::new();
    let auth0 = ManagementClient::builder(DOMAIN)
        .host(host(delayed(&script, &timer), timer.clone()))
        .client_credentials("c", "the-secret")
        .build()
        .expect("a client");
    let mut first = pin!(get(&auth0));
    while poll_until_stuck(first.as_mut()).is_pending() {
        timer.advance(milliseconds(10));
    }
    let mut calls = pin!(all((0..5).map(|_| get(&auth0))));
    let answers = loop {
        match poll_until_stuck(calls.as_mut()) {
            Poll::Ready(answers) => break answers,
            Poll::Pending => timer.advance(milliseconds(10)),
        }
    };
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let tokens = paths(&script.requests()).iter().filter(|path| *path == TOKEN).count();
    assert_eq!(tokens, 2);
}

/// A store that fails where it is told to, and counts.
#[derive(Clone, Default)]
struct Store {
    inner: Arc<MemoryStore>,
    fails: Option<&'static str>,
    hangs: Option<&'static str>,
    calls: Arc<AtomicU32>,
}

impl Store {
    async fn touch(&self, what: &str) -> Result<(), Error> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.hangs == Some(what) {
            std::future::pending::<()>().await;
        }
        match self.fails {
            Some(fails) if fails == what => Err(Error::new(ErrorKind::Internal, "the disk is full")),
            _ => Ok(()),
        }
    }
}

impl TokenStore for Store {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
        Box::pin(async move {
            self.touch("get").await?;
            self.inner.get(key).await
        })
    }

    fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.touch("put").await?;
            self.inner.put(key, token).await
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.touch("remove").await?;
            self.inner.remove(key).await
        })
    }
}

#[test]
fn what_a_store_fails_with_is_what_the_call_fails_with() {
    for fails in ["get", "put"] {
        let script = ScriptedTransport::new([token("t1")]);
        let store = Store { fails: Some(fails), ..Store::default() };
        let auth0 = builder(&script, &ManualTimer::skipping())
            .client_credentials("c", "the-secret")
            .token_store(store)
            .build()
            .expect("a client");
        let error = block_on(get(&auth0)).expect_err("the store fails");
        assert_eq!(error.kind(), ErrorKind::Auth, "{fails}");
        assert!(error.to_string().contains("the disk is full") && error.to_string().contains("token store"), "{error}");
    }
}

#[test]
fn a_store_that_does_not_answer_does_not_hang_the_call() {
    for hangs in ["get", "put"] {
        let script = ScriptedTransport::new([token("t1")]);
        let store = Store { hangs: Some(hangs), ..Store::default() };
        let auth0 = builder(&script, &ManualTimer::skipping())
            .client_credentials("c", "the-secret")
            .token_store(store)
            .max_retries(0)
            .build()
            .expect("a client");
        let error = block_on(get(&auth0)).expect_err("the store hangs");
        assert_eq!(error.kind(), ErrorKind::Timeout, "{hangs}");
    }
}

#[test]
fn the_refusal_is_not_lost_when_the_store_cannot_forget_the_token() {
    for (fails, hangs, says) in [(Some("remove"), None, "disk is full"), (None, Some("remove"), "did not answer")] {
        let script = ScriptedTransport::new([
            token("t1"),
            Reply::json(200, "1"),
            Reply::json(401, r#"{"message":"Invalid token"}"#),
        ]);
        let store = Store { fails, hangs, ..Store::default() };
        let auth0 = builder(&script, &ManualTimer::skipping())
            .client_credentials("c", "the-secret")
            .token_store(store)
            .build()
            .expect("a client");
        block_on(get(&auth0)).expect("a user");
        let error = block_on(get(&auth0)).expect_err("refused");
        assert_eq!((error.kind(), error.status()), (ErrorKind::Api, Some(401)));
        assert!(error.to_string().contains("Invalid token") && error.to_string().contains(says), "{error}");
        assert!(error.may_have_been_sent());
    }
}

#[test]
fn a_store_that_still_has_the_refused_token_is_not_believed() {
    /// Forgets nothing, as a replicated store does not at once.
    struct Stale(Store);
    impl TokenStore for Stale {
        fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
            self.0.get(key)
        }
        fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, Result<(), Error>> {
            self.0.put(key, token)
        }
        fn remove<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Error>> {
            Box::pin(async { Ok(()) })
        }
    }
    let script = ScriptedTransport::new([
        token("t1"),
        Reply::json(200, "1"),
        Reply::status(401),
        token("t2"),
        Reply::json(200, "2"),
    ]);
    let auth0 = builder(&script, &ManualTimer::skipping())
        .client_credentials("c", "the-secret")
        .token_store(Stale(Store::default()))
        .build()
        .expect("a client");
    block_on(get(&auth0)).expect("a user");
    assert_eq!(block_on(get(&auth0)).expect("a user"), 2);
    assert_eq!(bearers(&script.requests()), ["", "t1", "t1", "", "t2"]);
}

/// A store whose answers take as long as it is told, one after the other.
struct Slow {
    inner: MemoryStore,
    timer: ManualTimer,
    gets: Mutex<VecDeque<u64>>,
}

impl TokenStore for Slow {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
        let takes = self.gets.lock().expect("unlocked").pop_front().unwrap_or(0);
        Box::pin(async move {
            let found = self.inner.get(key).await;
            self.timer.sleep(milliseconds(takes)).await;
            found
        })
    }

    fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, Result<(), Error>> {
        self.inner.put(key, token)
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        self.inner.remove(key)
    }
}

#[test]
fn a_slow_store_does_not_buy_a_token_twice() {
    let script = ScriptedTransport::new([token("t1"), Reply::json(200, "1"), Reply::json(200, "2")]);
    let timer = ManualTimer::new();
    // One call looks while there is no token, and learns it when another one has bought one.
    let gets = Mutex::new(VecDeque::from([50]));
    let store = Slow { inner: MemoryStore::default(), timer: timer.clone(), gets };
    let auth0 =
        builder(&script, &timer).client_credentials("c", "the-secret").token_store(store).build().expect("a client");
    let (mut slow, mut quick) = (pin!(get(&auth0)), pin!(get(&auth0)));
    assert!(poll_until_stuck(slow.as_mut()).is_pending());
    assert!(poll_until_stuck(quick.as_mut()).is_ready());
    timer.advance(milliseconds(50));
    assert!(poll_until_stuck(slow.as_mut()).is_ready());
    assert_eq!(paths(&script.requests()), [TOKEN, USER, USER]);
}

#[test]
fn the_key_of_a_store_tells_tenants_clients_audiences_and_organizations_apart() {
    let script = ScriptedTransport::default();
    let timer = ManualTimer::skipping();
    let store = Arc::new(MemoryStore::default());
    struct Shared(Arc<MemoryStore>, Arc<Mutex<Vec<String>>>);
    impl TokenStore for Shared {
        fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<StoredToken>, Error>> {
            self.1.lock().expect("unlocked").push(key.to_owned());
            self.0.get(key)
        }
        fn put<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, Result<(), Error>> {
            self.0.put(key, token)
        }
        fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Error>> {
            self.0.remove(key)
        }
    }
    let keys: Arc<Mutex<Vec<String>>> = Arc::default();
    let sets = [
        ("a.example", "c", "https://x/", None),
        ("b.example", "c", "https://x/", None),
        ("a.example", "d", "https://x/", None),
        ("a.example", "c https://x/", "", None),
        ("a.example", "c", "https://x/ o", None),
        ("a.example", "c", "https://x/", Some("o")),
    ];
    for (domain, client, audience, organization) in sets {
        script.push(Reply::status(400));
        let mut builder = ManagementClient::builder(domain)
            .host(host(script.clone(), timer.clone()))
            .client_credentials(client, "secret-marker")
            .audience(audience)
            .token_store(Shared(store.clone(), keys.clone()));
        if let Some(organization) = organization {
            builder = builder.organization(organization);
        }
        assert!(block_on(get(&builder.build().expect("a client"))).is_err());
    }
    let mut keys = keys.lock().expect("unlocked").clone();
    keys.dedup();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), sets.len(), "{keys:?}");
    assert!(keys.iter().all(|key| !key.contains("secret-marker")));
}

#[test]
fn a_token_lives_from_when_it_was_asked_for() {
    // The answer takes 40 of the 100 seconds: 30 s after it came the token is 30 s from its end.
    let script = ScriptedTransport::new([
        Reply::json(200, r#"{"access_token":"t1","expires_in":100}"#),
        Reply::json(200, "1"),
        token("t2"),
        Reply::json(200, "2"),
    ]);
    let timer = ManualTimer::skipping();
    let (slow, clock) = (script.clone(), timer.clone());
    let transport = move |request: auth0_sdk::HttpRequest| {
        let (slow, clock) = (slow.clone(), clock.clone());
        async move {
            if request.url.ends_with(TOKEN) {
                clock.advance(seconds(40));
            }
            auth0_sdk::Transport::send(&slow, request).await
        }
    };
    let auth0 = ManagementClient::builder(DOMAIN)
        .host(host(transport, timer.clone()))
        .client_credentials("c", "the-secret")
        .build()
        .expect("a client");
    block_on(get(&auth0)).expect("a user");
    assert_eq!(timer.now(), START + seconds(40));
    timer.advance(seconds(30));
    block_on(get(&auth0)).expect("a user");
    assert_eq!(bearers(&script.requests()), ["", "t1", "", "t2"]);
}

#[test]
fn a_callback_gives_the_token_of_each_attempt() {
    let script = ScriptedTransport::new([Reply::status(503), Reply::json(200, "1")]);
    let count = Arc::new(AtomicU32::new(0));
    let counter = count.clone();
    let provider = move || {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        async move { Ok::<_, Error>(format!("token-{number}")) }
    };
    let auth0 = builder(&script, &ManualTimer::skipping()).token_provider(provider).build().expect("a client");
    block_on(get(&auth0)).expect("a user");
    assert_eq!(bearers(&script.requests()), ["token-0", "token-1"]);
}

#[test]
fn what_a_callback_fails_with_is_what_the_call_fails_with() {
    let script = ScriptedTransport::default();
    let timer = ManualTimer::skipping();
    let provider = || async { Err::<String, _>(Error::new(ErrorKind::Auth, "the vault is sealed")) };
    let auth0 = builder(&script, &timer).token_provider(provider).build().expect("a client");
    let error = block_on(get(&auth0)).expect_err("sealed");
    assert_eq!((error.kind(), error.operation(), error.attempts()), (ErrorKind::Auth, Some("users.get"), 1));
    assert!(error.to_string().contains("the vault is sealed"));
    for bad in ["", "a\r\nb", "ä"] {
        let provider = move || async move { Ok::<_, Error>(bad) };
        let auth0 = builder(&script, &timer).token_provider(provider).build().expect("a client");
        let error = block_on(get(&auth0)).expect_err("not a token");
        assert_eq!(error.kind(), ErrorKind::Auth, "{bad:?}");
    }
    assert!(script.requests().is_empty());
}

#[test]
fn an_unreachable_token_endpoint_is_a_transport_error_of_the_token_request() {
    let script =
        ScriptedTransport::new((0..3).map(|_| Reply::fail(TransportError::not_sent("the name does not resolve"))));
    let auth0 = with_credentials(&script, &ManualTimer::skipping());
    let error = block_on(get(&auth0)).expect_err("unreachable");
    assert_eq!((error.kind(), error.operation(), error.attempts()), (ErrorKind::Transport, Some("oauth.token"), 3));
    assert!(error.to_string().contains("the name does not resolve"), "{error}");
    assert_eq!(script.requests().len(), 3);
}
