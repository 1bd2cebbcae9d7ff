//! `JsTimer`: `setTimeout` and `clearTimeout`.

use crate::support::{Replaced, eval, for_a_while, milliseconds};
use auth0_sdk::{JsTimer, Timer};
use js_sys::Reflect;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

/// `setTimeout` and `clearTimeout` that remember. `fires` decides whether a timer fires, and then at once.
struct Clock {
    memory: JsValue,
    _replaced: [Replaced; 2],
}

impl Clock {
    fn new(fires: bool) -> Self {
        let memory = eval(&format!(
            "(() => {{
                const memory = {{ delays: [], cleared: [] }};
                memory.set = (callback, delay) => {{
                    const id = memory.delays.push(delay);
                    if ({fires}) Promise.resolve().then(callback);
                    return id;
                }};
                memory.clear = (id) => {{ memory.cleared.push(id); }};
                return memory;
            }})()"
        ));
        let member = |name: &str| Reflect::get(&memory, &name.into()).expect("a member");
        let _replaced = [Replaced::new("setTimeout", &member("set")), Replaced::new("clearTimeout", &member("clear"))];
        Self { memory, _replaced }
    }

    fn list(&self, name: &str) -> Vec<f64> {
        let list = Reflect::get(&self.memory, &name.into()).expect("a member");
        js_sys::Array::from(&list).iter().map(|number| number.as_f64().expect("a number")).collect()
    }
}

#[wasm_bindgen_test]
fn now_is_now() {
    let now = js_sys::Date::now();
    let said = JsTimer.now().as_secs_f64() * 1000.0;
    assert!((said - now).abs() < 5_000.0, "{said} is not {now}");
}

#[wasm_bindgen_test]
async fn a_wait_lasts() {
    let before = js_sys::Date::now();
    JsTimer.sleep(milliseconds(30)).await;
    let lasted = js_sys::Date::now() - before;
    // Timers of V8 may fire up to a millisecond early.
    assert!(lasted >= 28.0, "{lasted} ms");
    JsTimer.sleep(Duration::ZERO).await;
}

#[wasm_bindgen_test]
async fn delays_are_rounded_up_and_split() {
    for (wait, delays) in [
        (Duration::ZERO, &[0.0][..]),
        (Duration::from_micros(500), &[1.0]),
        (Duration::from_micros(2500), &[3.0]),
        (milliseconds(60_000), &[60_000.0]),
        (milliseconds(2_147_483_647), &[2_147_483_647.0]),
        (milliseconds(2_147_483_648), &[2_147_483_647.0, 1.0]),
        // 60 days.
        (milliseconds(5_184_000_000), &[2_147_483_647.0, 2_147_483_647.0, 889_032_706.0]),
    ] {
        let clock = Clock::new(true);
        JsTimer.sleep(wait).await;
        assert_eq!(clock.list("delays"), delays, "{wait:?}");
    }
}

#[wasm_bindgen_test]
async fn the_longest_wait_does_not_fire_at_once() {
    for wait in [Duration::MAX, milliseconds(1 << 31), milliseconds(1 << 32), milliseconds(u64::MAX)] {
        assert!(for_a_while(20, JsTimer.sleep(wait)).await.is_none(), "{wait:?} is over");
    }
}

#[wasm_bindgen_test]
async fn dropping_a_wait_clears_its_timer() {
    let clock = Clock::new(false);
    let mut sleep = JsTimer.sleep(milliseconds(1000));
    assert!(poll_fn(|context| Poll::Ready(sleep.as_mut().poll(context).is_pending())).await);
    assert_eq!((clock.list("delays"), clock.list("cleared")), (vec![1000.0], vec![]));
    drop(sleep);
    assert_eq!(clock.list("cleared"), [1.0]);
}

#[wasm_bindgen_test]
fn a_wait_that_nobody_polls_sets_no_timer() {
    let clock = Clock::new(false);
    drop(JsTimer.sleep(milliseconds(1000)));
    assert!(clock.list("delays").is_empty());
}
