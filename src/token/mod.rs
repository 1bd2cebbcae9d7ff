//! Where a bearer token comes from: a fixed text, a callback, or client credentials with a cache.

mod flight;

pub(crate) use flight::Flights;

use crate::auth::client_credentials::ClientCredentials;
use crate::error::{Error, ErrorKind};
use crate::host::{Host, Lease, StoredToken};
use crate::http::Limits;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::secret::Secret;
use std::sync::Arc;
use std::time::Duration;

/// A cached token is not used in the last seconds of its life: the request still has to travel.
pub(crate) const MARGIN: Duration = Duration::from_secs(30);

/// How long one machine may take to buy the token for all, before another one tries.
const LEASE: Duration = Duration::from_secs(10);

/// How often a machine looks while another one buys.
const LOOK: Duration = Duration::from_millis(100);

/// Gives an access token for each attempt of a call. A closure that returns a future is one.
pub trait TokenProvider: MaybeSend + MaybeSync {
    /// The token to use now.
    ///
    /// # Errors
    /// What the program wants the failed call to say; use [`Error::new`] with [`ErrorKind::Auth`].
    fn token(&self) -> BoxFuture<'_, Result<Secret, Error>>;
}

impl<F, Fut, S> TokenProvider for F
where
    F: Fn() -> Fut + MaybeSend + MaybeSync,
    Fut: Future<Output = Result<S, Error>> + MaybeSend + 'static,
    S: Into<Secret> + 'static,
{
    fn token(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        let future = self();
        Box::pin(async move { Ok(future.await?.into()) })
    }
}

pub(crate) enum TokenSource {
    Fixed(Secret),
    Provider(Arc<dyn TokenProvider>),
    ClientCredentials(Box<ClientCredentials>),
    /// JavaScript asks its caller itself.
    #[cfg(target_arch = "wasm32")]
    Asked,
}

pub(crate) struct Bearer {
    pub(crate) token: Secret,
    /// True when it was kept from an earlier call, so that a 401 may mean that it was revoked since.
    pub(crate) cached: bool,
}

impl TokenSource {
    /// The token to use now. One that the API has just refused is not taken again, whatever a store still says.
    pub(crate) async fn bearer(&self, host: &Host, limits: &Limits, refused: Option<&Secret>) -> Result<Bearer, Error> {
        match self {
            TokenSource::Fixed(token) => Ok(Bearer { token: token.clone(), cached: false }),
            TokenSource::Provider(provider) => {
                let token = provider.token().await?;
                if token.expose().is_empty() {
                    return Err(Error::new(ErrorKind::Auth, "the token callback gave an empty token"));
                }
                Ok(Bearer { token, cached: false })
            }
            TokenSource::ClientCredentials(credentials) => {
                let key = key_of(host, credentials).await?;
                let wanted = Wanted { refused, lasting: MARGIN };
                if let Some(stored) = kept(host, key, wanted).await? {
                    return Ok(Bearer { token: stored.token, cached: true });
                }
                let request = fetch(host, credentials, key, limits.clone(), wanted);
                let stored = host.flights.join(key, &*host.timer, request).await?;
                Ok(Bearer { token: stored.token, cached: false })
            }
            #[cfg(target_arch = "wasm32")]
            TokenSource::Asked => Err(Error::new(ErrorKind::Internal, "only JavaScript knows the token")),
        }
    }

    /// Buys the next token before the one that is kept ends, if it ends within this time.
    pub(crate) async fn refresh_ahead(&self, host: &Host, limits: &Limits, ahead: Duration) -> Result<(), Error> {
        let TokenSource::ClientCredentials(credentials) = self else { return Ok(()) };
        let key = key_of(host, credentials).await?;
        // One that lives shorter than that would be bought with each call.
        let lasting = credentials.life().map_or(ahead, |life| ahead.min(life / 2)).max(MARGIN);
        let wanted = Wanted { refused: None, lasting };
        let now = host.timer.now();
        let stored = host.store.get_lasting(key, now.saturating_add(lasting)).await.map_err(store_failed)?;
        // Where there is none, or none that a call would take, the next call buys, if there is one.
        let left = stored.map_or(Duration::ZERO, |stored| stored.expires_at.saturating_sub(now));
        if MARGIN < left && left <= lasting {
            let request = fetch(host, credentials, key, limits.clone(), wanted);
            host.flights.join(key, &*host.timer, request).await?;
        }
        Ok(())
    }

    /// Forgets a token that the API refused, unless another one has taken its place.
    pub(crate) async fn discard(&self, host: &Host, refused: &Secret) -> Result<(), Error> {
        let TokenSource::ClientCredentials(credentials) = self else { return Ok(()) };
        let key = key_of(host, credentials).await?;
        match host.store.get(key).await? {
            Some(stored) if stored.token == *refused => host.store.remove(key).await,
            _ => Ok(()),
        }
    }
}

fn store_failed(error: Error) -> Error {
    error.with_kind(ErrorKind::Auth).with_hint("this came from the token store")
}

async fn key_of<'a>(host: &Host, credentials: &'a ClientCredentials) -> Result<&'a str, Error> {
    match host.store.is_shared() {
        true => credentials.shared_key(&*host.crypto).await,
        false => Ok(credentials.cache_key()),
    }
}

/// Which token will do.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    /// The API has just refused this one.
    refused: Option<&'a Secret>,
    /// How long it must still live.
    lasting: Duration,
}

/// The token in the store, when it will do.
async fn kept(host: &Host, key: &str, wanted: Wanted<'_>) -> Result<Option<StoredToken>, Error> {
    let until = host.timer.now().saturating_add(wanted.lasting);
    let stored = host.store.get_lasting(key, until).await.map_err(store_failed)?;
    Ok(stored.filter(|stored| until < stored.expires_at && wanted.refused != Some(&stored.token)))
}

/// Buys a token and keeps it. The request is repeated as any other: buying twice does no harm but its price.
async fn fetch(
    host: &Host,
    credentials: &ClientCredentials,
    key: &str,
    limits: Limits,
    wanted: Wanted<'_>,
) -> Result<StoredToken, Error> {
    let lease = turn(host, key, wanted).await?;
    // Another call may have bought one after this one looked into a slow store, and before its turn came.
    if let Some(stored) = kept(host, key, wanted).await? {
        return Ok(stored);
    }
    // The life of a token counts from before it was asked for, so that a slow answer does not make it look longer.
    let asked_at = host.timer.now();
    let answer = credentials.request(host, limits).await?;
    let token = credentials.parse(&answer)?;
    credentials.bought(token.expires_in);
    let expires_at = asked_at.saturating_add(token.expires_in);
    let stored = StoredToken { token: token.access_token, expires_at };
    if token.expires_in > MARGIN {
        host.store.put(key, stored.clone()).await.map_err(store_failed)?;
    }
    drop(lease);
    Ok(stored)
}

/// Waits until this machine may buy, or another one has bought. One that has died does not hold the others up for longer than
/// the lease, and neither does a store that grants none.
async fn turn(host: &Host, key: &str, wanted: Wanted<'_>) -> Result<Option<Lease>, Error> {
    let mut waited = Duration::ZERO;
    while waited < LEASE {
        if let Some(lease) = host.store.lease(key, LEASE).await.map_err(store_failed)? {
            return Ok(Some(lease));
        }
        // Spread, so that many who wait do not ask all at once.
        let wait = LOOK.mul_f64(0.5 + host.jitter());
        host.timer.sleep(wait).await;
        waited += wait;
        if kept(host, key, wanted).await?.is_some() {
            break;
        }
    }
    Ok(None)
}
