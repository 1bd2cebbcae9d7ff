//! Wakes those who wait for something to happen: streams of events.

/// Rings when there is something new to tell, when the clock was moved, and when the sandbox stops.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    #[cfg(not(target_arch = "wasm32"))]
    rings: tokio::sync::watch::Sender<bool>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Bell {
    pub(crate) fn ring(&self) {
        self.rings.send_modify(|_| {});
    }

    /// Nothing will happen any more.
    pub(crate) fn close(&self) {
        self.rings.send_replace(true);
    }

    /// Somebody's ear: `true` in it says that nothing will happen any more.
    pub(crate) fn listen(&self) -> tokio::sync::watch::Receiver<bool> {
        self.rings.subscribe()
    }
}

#[cfg(target_arch = "wasm32")]
impl Bell {
    /// Nobody can wait here: a request is a call, and ends with its answer.
    pub(crate) fn ring(&self) {}
}
