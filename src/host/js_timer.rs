//! `Date.now` and `setTimeout`.

use super::Timer;
use crate::http::milliseconds;
use crate::maybe_send::BoxFuture;
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Closure<dyn FnMut()>, milliseconds: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: &JsValue);
}

/// The timer of every JavaScript runtime.
#[derive(Clone, Copy, Debug)]
pub struct JsTimer;

impl Timer for JsTimer {
    fn now(&self) -> Duration {
        Duration::from_millis(js_sys::Date::now() as u64)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        // Rounded up: a wait of half a millisecond is still a wait.
        let mut left =
            milliseconds(duration).saturating_add(u64::from(!duration.subsec_nanos().is_multiple_of(1_000_000)));
        Box::pin(async move {
            // setTimeout takes 31 bits; a longer delay would fire at once.
            loop {
                let step = left.min(i32::MAX as u64);
                Sleep::new(step as i32).await;
                left -= step;
                if left == 0 {
                    return;
                }
            }
        })
    }
}

#[derive(Default)]
struct State {
    fired: bool,
    waker: Option<Waker>,
}

struct Sleep {
    state: Rc<RefCell<State>>,
    id: JsValue,
    _callback: Closure<dyn FnMut()>,
}

impl Sleep {
    fn new(milliseconds: i32) -> Self {
        let state = Rc::new(RefCell::new(State::default()));
        let shared = state.clone();
        let callback = Closure::new(move || {
            let waker = {
                let mut state = shared.borrow_mut();
                state.fired = true;
                state.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        });
        let id = set_timeout(&callback, milliseconds);
        Self { state, id, _callback: callback }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.borrow_mut();
        if state.fired {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        clear_timeout(&self.id);
    }
}
