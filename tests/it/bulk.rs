//! Jobs over many items.

use crate::support::{builder, with_token};
use auth0_sdk::testing::{ManualTimer, Reply, ScriptedTransport, block_on, poll_until_stuck};
use auth0_sdk::{Budget, Bulk, BulkCheckpoint, BulkStop, BulkStopped, Error, ErrorKind, Json, ManagementClient};
use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn bad(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Request, text.into())
}

/// Comes back once before it ends, as a call does.
async fn later() {
    let mut polled = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[test]
fn ten_thousand_bad_ids_are_reported_each() {
    let ids: Vec<String> = (0..10_000).map(|number| format!("bad|{number}")).collect();
    let report = block_on(Bulk::of(ids.clone()).concurrency(50).run(|id| async move {
        later().await;
        Err(bad(id))
    }));
    assert_eq!((report.done, report.failures.len()), (0, 10_000));
    assert!(report.stopped.is_none());
    let mut seen: Vec<_> = report.failures.iter().map(|failure| (failure.index, failure.item.clone())).collect();
    seen.sort();
    assert!(
        seen.iter().zip(&ids).enumerate().all(|(number, ((index, item), id))| *index == number as u64 && item == id)
    );
    assert!(report.failures.iter().all(|failure| failure.error.message() == failure.item));
}

#[test]
fn ten_thousand_ids_that_the_client_or_the_tenant_refuses_are_reported_each() {
    let bad = [".", "..", "", "auth0|nobody", "a/b", "\u{0}", "ü", "%2e%2e"];
    let refused =
        r#"{"statusCode":404,"error":"Not Found","message":"The user does not exist.","errorCode":"inexistent_user"}"#;
    let transport = ScriptedTransport::new((0..6_250).map(|_| Reply::json(404, refused)));
    let client = with_token(&transport, &ManualTimer::new());
    let report = block_on(Bulk::of((0..10_000).map(|index| bad[index % 8])).concurrency(50).run(|id| {
        let call = client.operation("users.update").path(id).body(&serde_json::json!({"blocked": true}));
        async move { call.await.map(drop) }
    }));
    assert_eq!((report.done, report.failures.len()), (0, 10_000));
    assert!(report.stopped.is_none(), "{:?}", report.stopped);
    let indexes: BTreeSet<u64> = report.failures.iter().map(|failure| failure.index).collect();
    assert_eq!(indexes.len(), 10_000);
    for failure in &report.failures {
        let place = failure.index as usize % 8;
        assert_eq!(failure.item, bad[place]);
        // What is no id reaches nobody.
        let expected = if place < 3 { (ErrorKind::Request, None) } else { (ErrorKind::Api, Some(404)) };
        assert_eq!((failure.error.kind(), failure.error.status()), expected, "{:?}", failure.item);
    }
    assert_eq!(transport.requests().len(), 6_250);
}

#[test]
fn a_budget_ends_a_call_at_once_when_it_is_used_up() {
    let transport = ScriptedTransport::new([Reply::json(200, r#"{"access_token":"a","expires_in":86400}"#)]);
    (0..10).for_each(|_| transport.push(Reply::json(503, "{}")));
    let timer = ManualTimer::skipping();
    let host = auth0_sdk::testing::host(transport.clone(), timer.clone());
    let budget = Budget::over(&host, 6);
    let client = ManagementClient::builder("tenant.us.auth0.com")
        .host(host.with_transport(budget.clone()))
        .client_credentials("c", "s")
        .max_retries(2)
        .build()
        .expect("a client");
    let get = || block_on(async { client.operation("users.get").path("u").await }).expect_err("refused");
    assert_eq!((get().status(), budget.left()), (Some(503), 2));
    assert!(budget.spend(1));
    let error = get();
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (ErrorKind::RateLimited, Some(429), Some("budget_used_up"))
    );
    assert!(error.to_string().contains("6 requests"), "{error}");
    let waited = timer.slept().len();
    get();
    assert_eq!((transport.requests().len(), timer.slept().len(), budget.left()), (5, waited, 0));
    assert!(!budget.spend(1));
}

#[test]
fn so_many_at_once_and_progress_counts() {
    let running = Arc::new(Mutex::new((0u32, 0u32)));
    let told = Arc::new(Mutex::new(Vec::new()));
    let told_to = told.clone();
    let report = block_on(
        Bulk::of(0..100u32)
            .concurrency(7)
            .on_progress(move |progress| told_to.lock().expect("a lock").push((progress.done, progress.failed)))
            .run(|number| {
                let running = running.clone();
                async move {
                    {
                        let mut running = running.lock().expect("a lock");
                        running.0 += 1;
                        running.1 = running.1.max(running.0);
                    }
                    later().await;
                    running.lock().expect("a lock").0 -= 1;
                    if number % 10 == 0 { Err(bad("no")) } else { Ok(()) }
                }
            }),
    );
    assert_eq!((report.done, report.failures.len(), report.skipped), (90, 10, 0));
    assert_eq!(running.lock().expect("a lock").1, 7);
    let told = told.lock().expect("a lock");
    assert_eq!((told.len(), told.last()), (100, Some(&(90, 10))));
}

#[test]
fn a_checkpoint_goes_through_text_and_nothing_is_done_twice_or_lost() {
    let done = Arc::new(Mutex::new(Vec::new()));
    let mut checkpoint = BulkCheckpoint::default();
    let mut runs = 0;
    loop {
        runs += 1;
        let stop = BulkStop::new();
        let (stop_at, done_in) = (stop.clone(), done.clone());
        let report = block_on(
            Bulk::of(0..100u32)
                .concurrency(4)
                .resume(checkpoint)
                .stop(&stop)
                .on_progress(move |progress| {
                    if progress.done >= 30 {
                        stop_at.stop();
                    }
                })
                .run(|number| {
                    let done = done_in.clone();
                    async move {
                        later().await;
                        // Every item of these fails in the first run, and in no other.
                        if number % 13 == 0 && runs == 1 {
                            return Err(bad("for now"));
                        }
                        done.lock().expect("a lock").push(number);
                        Ok(())
                    }
                }),
        );
        let text = serde_json::to_string(&report.checkpoint).expect("a text");
        checkpoint = serde_json::from_str(&text).expect("a checkpoint");
        match report.stopped {
            Some(BulkStopped::Asked) => assert!(runs < 10, "it never ends"),
            None => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(runs > 2, "it was interrupted");
    let mut done = done.lock().expect("a lock").clone();
    assert_eq!(done.len(), 100);
    done.sort_unstable();
    assert_eq!(done, (0..100).collect::<Vec<_>>());
}

#[test]
fn bad_credentials_end_the_job_with_what_is_known() {
    let transport = ScriptedTransport::new((0..20).map(|_| Reply::json(200, "{}")));
    (0..20).for_each(|_| {
        transport.push(Reply::json(401, r#"{"statusCode":401,"error":"Unauthorized","message":"Invalid token"}"#))
    });
    let client = with_token(&transport, &ManualTimer::new());
    let report = block_on(Bulk::of(0..1000u32).concurrency(5).run(|number| {
        let call = client.operation("users.delete").path(number.to_string());
        async move { call.await.map(drop) }
    }));
    let Some(BulkStopped::Fatal(error)) = &report.stopped else { panic!("{:?}", report.stopped) };
    assert_eq!(error.status(), Some(401));
    assert_eq!(report.done, 20);
    let failed: BTreeSet<u64> = report.failures.iter().map(|failure| failure.index).collect();
    assert!(!failed.is_empty() && failed.len() <= 5, "{failed:?}");
    // The rest is to be done yet, and is known to be.
    let rest: Json = serde_json::to_value(&report.checkpoint).expect("a value");
    assert_eq!(rest["next"], report.done + failed.len() as u64);
    assert_eq!(rest["open"], serde_json::json!(failed));
}

#[test]
fn a_source_that_fails_is_told_and_what_was_read_is_done() {
    let page = |from: u32| {
        let users: Vec<_> =
            (from..from + 50).map(|number| serde_json::json!({"user_id": number.to_string()})).collect();
        Reply::json(200, serde_json::json!({"users": users, "start": from, "limit": 50, "total": 100}).to_string())
    };
    let transport = ScriptedTransport::new([page(0)]);
    (0..60).for_each(|_| transport.push(Reply::json(500, "{}")));
    let client = builder(&transport, &ManualTimer::skipping()).token("t").max_retries(0).build().expect("a client");
    let items = client.operation("users.list").items();
    let report = block_on(Bulk::over(items).run(|_: Json| async { Ok(()) }));
    let Some(BulkStopped::Source(error)) = &report.stopped else { panic!("{:?}", report.stopped) };
    assert_eq!((error.status(), report.done), (Some(500), 50));
}

#[test]
fn dropping_aborts_what_is_under_way() {
    let transport = ScriptedTransport::new((0..3).map(|_| Reply::hang()));
    let client = with_token(&transport, &ManualTimer::new());
    {
        let mut job = pin!(Bulk::of(0..10u32).concurrency(3).run(|number| {
            let call = client.operation("users.delete").path(number.to_string());
            async move { call.await.map(drop) }
        }));
        assert!(poll_until_stuck(job.as_mut()).is_pending());
        assert_eq!(transport.open(), 3);
    }
    assert_eq!(transport.open(), 0);
}
