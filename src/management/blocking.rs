//! The same surface for programs without async: feature `blocking`.

use super::call::{Call, Response};
use super::pages::{Items, Page, PageOf, Pages};
use crate::error::{Error, ErrorKind};
use crate::maybe_send::MaybeSend;
use serde::de::DeserializeOwned;
use std::fmt;
#[cfg(feature = "jobs")]
use std::future::IntoFuture;
use std::sync::OnceLock;

/// The runtime of a client, made when it is first needed. It has no thread of its own: the thread that waits runs it.
#[derive(Default)]
pub(crate) struct Runtime(OnceLock<Result<tokio::runtime::Runtime, Error>>);

impl Runtime {
    pub(crate) fn run<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        if tokio::runtime::Handle::try_current().is_ok() {
            let message = "a blocking call would stop the async runtime that is running here: await the call instead";
            return Err(Error::new(ErrorKind::Config, message));
        }
        let runtime = self.0.get_or_init(|| {
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
                Error::new(ErrorKind::Config, "the runtime for blocking calls cannot be made").with_source(error)
            })
        });
        runtime.as_ref().map_err(Clone::clone)?.block_on(future)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A plain drop waits for its tasks, and panics where an async runtime is running.
        if let Some(Ok(runtime)) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl<T: DeserializeOwned, P> Call<T, P> {
    /// Makes the call and waits for the data.
    ///
    /// # Errors
    /// Any [`Error`]; [`ErrorKind::Config`] when an async runtime is running on this thread.
    pub fn call(self) -> Result<T, Error> {
        Ok(self.call_raw()?.data)
    }

    /// Makes the call and waits for the answer with its status and headers.
    ///
    /// # Errors
    /// Any [`Error`]; [`ErrorKind::Config`] when an async runtime is running on this thread.
    pub fn call_raw(self) -> Result<Response<T>, Error> {
        let core = self.core.clone();
        core.runtime.run(self.raw())
    }
}

impl<T, P> Call<T, P> {
    /// Makes the call and waits for the answer as it is, untyped; null where there was no body.
    ///
    /// # Errors
    /// Any [`Error`]; [`ErrorKind::Config`] when an async runtime is running on this thread.
    pub fn call_json(self) -> Result<crate::Json, Error> {
        let core = self.core.clone();
        core.runtime.run(self.json())
    }
}

#[cfg(feature = "jobs")]
impl<T> super::Work<T> {
    /// Does the work and waits for its result.
    ///
    /// # Errors
    /// As awaiting it; [`ErrorKind::Config`] when an async runtime is running on this thread.
    pub fn call(self) -> Result<T, Error> {
        self.core.runtime.run(self.future)
    }
}

#[cfg(feature = "jobs")]
impl super::Waiting {
    /// Waits for the job on this thread.
    ///
    /// # Errors
    /// As awaiting it; [`ErrorKind::Config`] when an async runtime is running on this thread.
    pub fn call(self) -> Result<super::jobs::GetJobResponse, Error> {
        let core = self.core();
        core.runtime.run(self.into_future())
    }
}

/// A list, an export or a subscription as an [`Iterator`] that waits for what comes next.
#[must_use = "nothing is requested before the iterator is asked"]
pub struct Blocking<L> {
    list: L,
    /// What was wrong with the surroundings ends the iterator.
    over: bool,
}

impl<L> Blocking<L> {
    fn step<T>(
        &mut self,
        core: &super::Core,
        next: impl AsyncFnOnce(&mut L) -> Option<Result<T, Error>>,
    ) -> Option<Result<T, Error>> {
        if self.over {
            return None;
        }
        let list = &mut self.list;
        match core.runtime.run(async { Ok(next(list).await) }) {
            Ok(item) => item,
            Err(error) => {
                self.over = true;
                Some(Err(error))
            }
        }
    }
}

impl<T: PageOf + DeserializeOwned + MaybeSend + 'static> Items<T> {
    /// The items as an iterator that waits.
    pub fn blocking(self) -> Blocking<Self> {
        Blocking { list: self, over: false }
    }
}

impl<T: PageOf + DeserializeOwned + MaybeSend + 'static> Pages<T> {
    /// The pages as an iterator that waits.
    pub fn blocking(self) -> Blocking<Self> {
        Blocking { list: self, over: false }
    }
}

impl<T: PageOf + DeserializeOwned + MaybeSend + 'static> Iterator for Blocking<Items<T>> {
    type Item = Result<T::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let core = self.list.core();
        self.step(&core, async |items| items.next().await)
    }
}

impl<T: PageOf + DeserializeOwned + MaybeSend + 'static> Iterator for Blocking<Pages<T>> {
    type Item = Result<Page<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let core = self.list.core();
        self.step(&core, async |pages| pages.next().await)
    }
}

#[cfg(feature = "export")]
impl<T: DeserializeOwned + MaybeSend> super::Lines<T> {
    /// The users as an iterator that waits.
    pub fn blocking(self) -> Blocking<Self> {
        Blocking { list: self, over: false }
    }
}

#[cfg(feature = "export")]
impl<T: DeserializeOwned + MaybeSend> Iterator for Blocking<super::Lines<T>> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let core = self.list.core();
        self.step(&core, async |lines| lines.next().await)
    }
}

#[cfg(feature = "events")]
impl<T: DeserializeOwned + MaybeSend + 'static> super::Subscription<T> {
    /// The events as an iterator that waits for each.
    pub fn blocking(self) -> Blocking<Self> {
        Blocking { list: self, over: false }
    }
}

#[cfg(feature = "events")]
impl<T: DeserializeOwned + MaybeSend + 'static> Iterator for Blocking<super::Subscription<T>> {
    type Item = Result<super::Received<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let core = self.list.core();
        self.step(&core, async |events| events.next().await)
    }
}

impl<L: fmt::Debug> fmt::Debug for Blocking<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blocking").field(&self.list).finish()
    }
}
