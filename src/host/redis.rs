//! Tokens in a Redis, for machines that share one.

use super::shared::{Kept, KeyValue, Lease};
use crate::error::{Error, ErrorKind};
use crate::maybe_send::BoxFuture;
use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, Cmd, FromRedisValue, RedisError, cmd};
use std::fmt;
use std::time::Duration;

/// How long the server is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Deletes a key, if it still has this value.
const REMOVE: &str = "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0";

/// Sets a key, if it still has the value that was read. There is no empty text.
const SWAP: &str = "if (redis.call('GET',KEYS[1]) or '')==ARGV[1] then redis.call('SET',KEYS[1],ARGV[2],'PX',ARGV[3]) return 1 end return 0";

/// Keeps texts in a Redis, or a Valkey. For a [`SharedStore`](crate::SharedStore).
///
/// Connects at the first use, inside of a tokio runtime, and again by itself after a failure. How long a token is good is told by the
/// server's remaining time, so that the clocks of the machines may differ. The lease is a key that the server forgets after its time.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    prefix: String,
}

impl Redis {
    /// A Redis by its URL: `redis://host:6379/0`, `rediss://user:password@host` for TLS, `redis+unix:///path`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a URL that is none.
    pub fn new(url: &str) -> Result<Self, Error> {
        // Not shown: it may hold a password.
        let refused = |_: RedisError| Error::new(ErrorKind::Config, "the URL of the Redis is not one");
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(0);
        let client = Client::open(url).map_err(refused)?;
        ConnectionManager::new_lazy_with_config(client, config).map(Self::with_connection).map_err(refused)
    }

    /// A Redis by a connection that the program has.
    pub fn with_connection(connection: ConnectionManager) -> Self {
        Self { connection, prefix: String::new() }
    }

    /// Puts this in front of each key, for a Redis that others use too.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Error> {
        command.query_async(&mut self.connection.clone()).await.map_err(failed)
    }
}

fn failed(error: RedisError) -> Error {
    Error::new(ErrorKind::Transport, format!("the Redis failed: {}", error.category())).with_source(error)
}

fn whole_milliseconds(life: Duration) -> u64 {
    crate::http::milliseconds(life).max(1)
}

impl KeyValue for Redis {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Kept>, Error>> {
        Box::pin(async move {
            let key = [&self.prefix, key].concat();
            let mut both = ::redis::pipe();
            both.atomic().cmd("GET").arg(&key).cmd("PTTL").arg(&key);
            let (text, left): (Option<Vec<u8>>, i64) =
                both.query_async(&mut self.connection.clone()).await.map_err(failed)?;
            Ok(text.map(|text| {
                let kept = Kept::new(String::from_utf8_lossy(&text));
                // Negative for a key that has no end.
                match u64::try_from(left) {
                    Ok(left) => kept.left(Duration::from_millis(left)),
                    Err(_) => kept,
                }
            }))
        })
    }

    fn put<'a>(&'a self, key: &'a str, text: &'a str, life: Duration) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let key = [&self.prefix, key].concat();
            self.ask(cmd("SET").arg(key).arg(text).arg("PX").arg(whole_milliseconds(life))).await
        })
    }

    fn remove<'a>(&'a self, key: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let key = [&self.prefix, key].concat();
            self.ask::<i64>(cmd("EVAL").arg(REMOVE).arg(1).arg(key).arg(text)).await.map(drop)
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        old: Option<&'a str>,
        new: &'a str,
        life: Duration,
    ) -> BoxFuture<'a, Result<Option<bool>, Error>> {
        Box::pin(async move {
            let key = [&self.prefix, key].concat();
            let swap = cmd("EVAL").arg(SWAP).arg(1).arg(key).arg(old.unwrap_or_default()).arg(new).to_owned();
            let done: i64 = self.ask(&swap.clone().arg(whole_milliseconds(life)).to_owned()).await?;
            Ok(Some(done == 1))
        })
    }

    fn lease<'a>(&'a self, key: &'a str, life: Duration) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(async move {
            let key = [&self.prefix, key, " lease"].concat();
            let mut random = [0; 16];
            getrandom::fill(&mut random)
                .map_err(|error| Error::new(ErrorKind::Internal, format!("no random source: {error}")))?;
            let set = cmd("SET").arg(&key).arg(&random).arg("NX").arg("PX").arg(whole_milliseconds(life)).to_owned();
            let granted: Option<String> = self.ask(&set).await?;
            let give_back = || GiveBack { connection: self.connection.clone(), key, random };
            Ok(granted.map(|_| Lease::new(give_back())))
        })
    }
}

/// Gives the lease back when it is dropped; if that fails, the server forgets it after its time.
struct GiveBack {
    connection: ConnectionManager,
    key: String,
    random: [u8; 16],
}

impl Drop for GiveBack {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let mut connection = self.connection.clone();
        let remove = cmd("EVAL").arg(REMOVE).arg(1).arg(&self.key).arg(&self.random).to_owned();
        runtime.spawn(async move {
            let _: Result<i64, RedisError> = remove.query_async(&mut connection).await;
        });
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
