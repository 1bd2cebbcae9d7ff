//! Jobs to their end: waiting for one, reading the errors of an import, downloading an export.

use super::api::jobs::{GetJobErrorResponse, GetJobResponse, JobsClient, JobsErrorsGetResponse};
use super::{ManagementClient, Work};
use crate::error::{Error, ErrorKind};
use crate::maybe_send::BoxFuture;
use crate::poll::Poll;
use std::future::IntoFuture;
use std::time::Duration;

/// Waits for a job: await it. See [`JobsClient::wait`].
#[derive(Clone, Debug)]
#[must_use = "a job is looked at when this is awaited"]
pub struct Waiting {
    client: ManagementClient,
    id: String,
    poll: Poll,
}

impl JobsClient {
    /// Waits until a job is completed, and gives it as it is then. It is looked at after one second, then less and less
    /// often, up to once in 15 s, for an hour at most.
    ///
    /// Awaiting it fails with [`ErrorKind::Job`] when the job failed or did not end in time, and as `jobs.get` does.
    ///
    /// ```no_run
    /// # async fn example(auth0: &auth0_sdk::ManagementClient) -> Result<(), auth0_sdk::Error> {
    /// let job = auth0.jobs().wait("job_1").give_up_after(std::time::Duration::from_secs(600)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(&self, id: impl Into<String>) -> Waiting {
        let poll =
            Poll { wait: Duration::from_secs(1), longest: Duration::from_secs(15), left: Duration::from_secs(3600) };
        Waiting { client: self.0.clone(), id: id.into(), poll }
    }

    /// The users that an import job could not import, with the reasons; none when it imported all.
    ///
    /// Awaiting it fails with [`ErrorKind::Job`] when the whole job failed, with what the API says of it, and as
    /// `jobs.errors.get` does.
    pub fn import_errors(&self, id: impl Into<String>) -> Work<Vec<GetJobErrorResponse>> {
        Work::new(&self.0.core, read_import_errors(self.clone(), id.into()))
    }
}

async fn read_import_errors(jobs: JobsClient, id: String) -> Result<Vec<GetJobErrorResponse>, Error> {
    match jobs.errors().get(id).await? {
        JobsErrorsGetResponse::Array(errors) => Ok(errors),
        JobsErrorsGetResponse::Unknown(value) if value.is_null() => Ok(Vec::new()),
        JobsErrorsGetResponse::Unknown(_) => {
            let message = "the errors of the job are neither a list nor a job that failed";
            Err(Error::new(ErrorKind::Decode, message).with_operation("jobs.errors.get"))
        }
        JobsErrorsGetResponse::GetJobGenericError(job) => {
            let message = job.status_details.unwrap_or_else(|| "the job failed, and the API does not say why".into());
            Err(Error::new(ErrorKind::Job, message).with_operation("jobs.errors.get"))
        }
    }
}

impl Waiting {
    #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
    pub(crate) fn core(&self) -> std::sync::Arc<super::Core> {
        self.client.core.clone()
    }

    /// The time after which the job is looked at first. 1 s by default; each wait is half as long again as the one before.
    pub fn first_look_after(mut self, wait: Duration) -> Self {
        self.poll.wait = wait;
        self
    }

    /// The longest time between two looks. 15 s by default.
    pub fn look_at_least_every(mut self, longest: Duration) -> Self {
        self.poll.longest = longest;
        self
    }

    /// The time that all waits together may take. An hour by default.
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.poll.left = time;
        self
    }

    async fn run(mut self) -> Result<GetJobResponse, Error> {
        let failed = |message: String| Error::new(ErrorKind::Job, message).with_operation("jobs.get");
        loop {
            let Some(wait) = self.poll.next() else {
                return Err(failed("the job did not end in the time that was given".to_owned()));
            };
            // A wait of nothing would ask without a pause.
            self.client.core.host.timer.sleep(wait.max(Duration::from_millis(10))).await;
            let job = self.client.jobs().get(self.id.as_str()).await?;
            match job.status.as_deref() {
                Some("completed") => return Ok(job),
                Some("failed") => {
                    let why = job.status_details.or_else(|| {
                        job.summary
                            .and_then(|summary| Some(format!("{} of {} failed", summary.failed?, summary.total?)))
                    });
                    return Err(failed(match why {
                        Some(why) => format!("the job failed: {why}"),
                        None => "the job failed; for an import, `import_errors` tells why".to_owned(),
                    }));
                }
                _ => {}
            }
        }
    }
}

impl IntoFuture for Waiting {
    type Output = Result<GetJobResponse, Error>;
    type IntoFuture = BoxFuture<'static, Result<GetJobResponse, Error>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

#[cfg(feature = "export")]
pub use download::Lines;

#[cfg(feature = "export")]
mod download {
    use super::super::Work;
    use super::super::api::jobs::{CreateExportUsers, GetJobResponse, JobFileFormat, JobsClient};
    use crate::error::{Error, ErrorKind};
    use crate::http::{self, ErrorBody, Headers, HttpBody, Method, Payload, Plan, Read, RequestBody};
    use crate::maybe_send::{BoxFuture, MaybeSend};
    use crate::pace::Priority;
    use crate::secret::Secret;
    use flate2::write::MultiGzDecoder;
    use futures_core::Stream;
    use serde::de::DeserializeOwned;
    use std::fmt;
    use std::future::poll_fn;
    use std::io::Write;
    use std::marker::PhantomData;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// A line that is longer is no user.
    const LONGEST_LINE: usize = 64 * 1024 * 1024;

    impl JobsClient {
        /// Every user of the tenant, or of a connection, past the 1,000 that a list gives: makes an export job, waits for
        /// it, and reads its file user by user, in memory for a few of them. `T` is
        #[cfg_attr(feature = "users", doc = "[`User`](crate::management::users::User)")]
        #[cfg_attr(not(feature = "users"), doc = "`User`")]
        /// , a type of your own, or [`Json`](crate::Json).
        ///
        /// Awaiting it fails with [`ErrorKind::Job`] when the job fails, with [`ErrorKind::Request`] for another format than
        /// JSON, and as the calls of the jobs API do.
        ///
        /// ```no_run
        /// # async fn example(auth0: &auth0_sdk::ManagementClient) -> Result<(), auth0_sdk::Error> {
        /// use auth0_sdk::management::jobs::CreateExportUsers;
        ///
        /// let mut users = auth0.jobs().export_users::<auth0_sdk::Json>(CreateExportUsers::new()).await?;
        /// while let Some(user) = users.next().await {
        ///     println!("{}", user?["user_id"]);
        /// }
        /// # Ok(())
        /// # }
        /// ```
        pub fn export_users<T: DeserializeOwned + 'static>(
            &self,
            body: impl Into<CreateExportUsers>,
        ) -> Work<Lines<T>> {
            let (jobs, mut body) = (self.clone(), body.into());
            Work::new(&self.0.core, async move {
                if body.format.get_or_insert(JobFileFormat::JSON) != &JobFileFormat::JSON {
                    return Err(Error::new(ErrorKind::Request, "an export is read as users only in the format json"));
                }
                let job = jobs.users_exports().create(body).await?;
                let id = job.id.ok_or_else(|| {
                    Error::new(ErrorKind::Decode, "the export job has no id").with_operation("jobs.usersExports.create")
                })?;
                let job = jobs.wait(id).await?;
                jobs.open(job.location).await
            })
        }

        /// Reads the file of an export job that is completed. It is fetched without the client's token.
        ///
        /// Awaiting it fails with [`ErrorKind::Job`] when the job has no file, and as a request may.
        pub fn download<T: DeserializeOwned + 'static>(&self, job: &GetJobResponse) -> Work<Lines<T>> {
            let (jobs, location) = (self.clone(), job.location.clone());
            Work::new(&self.0.core, async move { jobs.open(location).await })
        }

        async fn open<T>(&self, location: Option<String>) -> Result<Lines<T>, Error> {
            let operation = "jobs.download";
            let Some(url) = location.as_deref() else {
                return Err(Error::new(ErrorKind::Job, "the job has no file").with_operation(operation));
            };
            let loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
            let plain = loopback.iter().any(|start| {
                url.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
            });
            if !url.starts_with("https://") && !plain {
                let message = "the file of the job is not at an https URL";
                return Err(Error::new(ErrorKind::Job, message).with_operation(operation));
            }
            let core = &self.0.core;
            let plan = Plan {
                operation,
                method: Method::Get,
                template: "",
                url: url.to_owned(),
                headers: Headers::new(),
                body: RequestBody::Empty,
                idempotent: true,
                read: Read::Unread,
                token: None,
                // The URL is signed: who has it has the users.
                secrets: vec![Secret::new(url)],
                limits: core.settings.limits.clone(),
                priority: Priority::default(),
            };
            let answer = http::run(&core.host, plan).await?;
            let body = match answer.payload {
                Payload::Unread(body) => body,
                Payload::Bytes(bytes) => HttpBody::from_bytes(bytes),
                _ => HttpBody::from_bytes(Vec::new()),
            };
            Ok(Lines {
                state: State::Waiting(Box::new(Source::new(body))),
                item: PhantomData,
                #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
                core: core.clone(),
            })
        }
    }

    /// The users of an export: a [`Stream`], and [`Lines::next`].
    ///
    /// A line that is no user is an error of the kind [`ErrorKind::Decode`], whose [`Error::path`] is the number of the
    /// line; the lines after it still come. A connection that breaks ends the stream with an error.
    #[must_use = "nothing is read before a user is asked for"]
    pub struct Lines<T> {
        state: State,
        item: PhantomData<fn() -> T>,
        #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
        core: std::sync::Arc<crate::management::Core>,
    }

    enum State {
        Waiting(Box<Source>),
        Asking(BoxFuture<'static, Step>),
        Over,
    }

    /// What is left of the file, and a line.
    type Step = (Option<Box<Source>>, Option<Result<Vec<u8>, Error>>);

    enum Decoder {
        /// Nothing was read yet.
        Unknown,
        Plain,
        Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    }

    struct Source {
        body: HttpBody,
        decoder: Decoder,
        /// What was decoded and not given out yet, and from where.
        text: Vec<u8>,
        at: usize,
        /// Bytes of `text` that were searched for the end of a line.
        searched: usize,
        line: u64,
        ended: bool,
        /// What is wrong with the file, once the lines before it are given out.
        broken: Option<Error>,
    }

    impl Source {
        fn new(body: HttpBody) -> Self {
            Self {
                body,
                decoder: Decoder::Unknown,
                text: Vec::new(),
                at: 0,
                searched: 0,
                line: 0,
                ended: false,
                broken: None,
            }
        }

        fn take_line(&mut self) -> Option<Vec<u8>> {
            loop {
                let from = self.at.max(self.searched);
                let end = self.text.get(from..)?.iter().position(|byte| *byte == b'\n').map(|at| from + at);
                let line = match end {
                    Some(end) => {
                        let line = self.text.get(self.at..end)?.to_vec();
                        self.at = end + 1;
                        line
                    }
                    None if self.ended && self.at < self.text.len() => {
                        let line = self.text.get(self.at..)?.to_vec();
                        self.at = self.text.len();
                        line
                    }
                    None => {
                        self.text.drain(..self.at);
                        self.at = 0;
                        self.searched = self.text.len();
                        return None;
                    }
                };
                self.searched = self.at;
                self.line += 1;
                if !line.trim_ascii().is_empty() {
                    return Some(line);
                }
            }
        }

        async fn step(mut self: Box<Self>) -> Step {
            loop {
                if let Some(line) = self.take_line() {
                    return (Some(self), Some(Ok(line)));
                }
                if let Some(error) = self.broken.take() {
                    return (None, Some(Err(error)));
                }
                if self.ended {
                    return (None, None);
                }
                if self.text.len() > LONGEST_LINE {
                    return (None, Some(Err(self.error("a line does not end within 64 MiB"))));
                }
                match self.body.next().await {
                    Ok(Some(piece)) => {
                        if let Err(error) = self.decode(&piece) {
                            self.broken = Some(self.error("the file is not gzip to its end").with_source(error));
                        }
                    }
                    Ok(None) => match self.finish() {
                        Ok(()) => self.ended = true,
                        Err(error) => self.broken = Some(self.error("the file is cut off").with_source(error)),
                    },
                    Err(error) => self.broken = Some(error.into_error().with_operation("jobs.download")),
                }
            }
        }

        fn decode(&mut self, piece: &[u8]) -> std::io::Result<()> {
            if let Decoder::Unknown = self.decoder
                && !piece.is_empty()
            {
                // A store that sets Content-Encoding has it unpacked on the way.
                self.decoder = match piece.first() {
                    Some(0x1f) => Decoder::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
                    _ => Decoder::Plain,
                };
            }
            match &mut self.decoder {
                Decoder::Unknown => Ok(()),
                Decoder::Plain => {
                    self.text.extend_from_slice(piece);
                    Ok(())
                }
                Decoder::Gzip(decoder) => {
                    // Flushed, so that what came before a break is not lost with it.
                    let result = decoder.write_all(piece).and_then(|()| decoder.flush());
                    self.text.append(decoder.get_mut());
                    result
                }
            }
        }

        fn finish(&mut self) -> std::io::Result<()> {
            let Decoder::Gzip(decoder) = &mut self.decoder else { return Ok(()) };
            let result = decoder.try_finish();
            self.text.append(decoder.get_mut());
            result
        }

        fn error(&self, message: &'static str) -> Error {
            Error::new(ErrorKind::Decode, message)
                .with_path(format!("line {}", self.line + 1))
                .with_operation("jobs.download")
        }
    }

    impl<T: DeserializeOwned> Lines<T> {
        #[cfg(all(feature = "blocking", not(target_arch = "wasm32")))]
        pub(crate) fn core(&self) -> std::sync::Arc<crate::management::Core> {
            self.core.clone()
        }

        /// The next user; `None` at the end.
        pub async fn next(&mut self) -> Option<Result<T, Error>> {
            poll_fn(|context| self.poll(context)).await
        }

        fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
            loop {
                match std::mem::replace(&mut self.state, State::Over) {
                    State::Over => return Poll::Ready(None),
                    State::Waiting(mut source) => match source.take_line() {
                        // Most lines are there already: no future for those.
                        Some(line) => {
                            let read = parse(&line, source.line);
                            self.state = State::Waiting(source);
                            return Poll::Ready(Some(read));
                        }
                        None => self.state = State::Asking(Box::pin(source.step())),
                    },
                    State::Asking(mut future) => match future.as_mut().poll(context) {
                        Poll::Pending => {
                            self.state = State::Asking(future);
                            return Poll::Pending;
                        }
                        Poll::Ready((source, line)) => {
                            let number = source.as_ref().map_or(0, |source| source.line);
                            self.state = source.map_or(State::Over, State::Waiting);
                            return Poll::Ready(line.map(|line| parse(&line?, number)));
                        }
                    },
                }
            }
        }
    }

    fn parse<T: DeserializeOwned>(line: &[u8], number: u64) -> Result<T, Error> {
        serde_json::from_slice(line).map_err(|error| {
            Error::new(ErrorKind::Decode, format!("a line of the export is not the JSON expected: {error}"))
                .with_path(format!("line {number}"))
                .with_body(Some(ErrorBody::whole(line)))
                .with_source(error)
                .with_operation("jobs.download")
        })
    }

    // Nothing in it is pinned to its place: the one future is boxed.
    impl<T> Unpin for Lines<T> {}

    impl<T: DeserializeOwned + MaybeSend> Stream for Lines<T> {
        type Item = Result<T, Error>;

        fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.get_mut().poll(context)
        }
    }

    impl<T> fmt::Debug for Lines<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Lines")
        }
    }
}
