//! Tokens in files, for command line programs, and for functions whose instances share a disk.

use super::shared::{Kept, KeyValue, Lease};
use crate::error::{Error, ErrorKind};
use crate::maybe_send::BoxFuture;
use ring::digest;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// More than any token has; what is longer is none of ours.
const LONGEST: u64 = 256 * 1024;

/// A file for each key, in a folder that is made when it is missing (for its owner alone, on Unix). For a
/// [`SharedStore`](crate::SharedStore).
///
/// Files are replaced as a whole, so that no reader sees half of one. The lease is the operating system's lock on a file beside it,
/// which ends with the process that has it, however that ends. The folder must be on a disk where locks work: NFS has them, some
/// network disks have not, and then each process buys its own token.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Keeps tokens in this folder. Nothing is touched before the first token.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The name tells nothing, has one length, and no character that a file system dislikes.
    fn path(&self, key: &str, ending: &str) -> PathBuf {
        let digest = digest::digest(&digest::SHA256, key.as_bytes());
        let name: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("auth0-sdk-{name}.{ending}"))
    }
}

/// Runs work that touches the disk, away from the threads that run futures where there are such.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Error> {
    let done = match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.unwrap_or_else(|ended| Err(io::Error::other(ended))),
        Err(_) => work(),
    };
    done.map_err(|error| Error::new(ErrorKind::Internal, format!("the file of the token: {error}")).with_source(error))
}

fn owned(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

impl KeyValue for Files {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Kept>, Error>> {
        let path = self.path(key, "token");
        Box::pin(async move { Ok(on_disk(move || read(&path)).await?.map(Kept::new)) })
    }

    fn put<'a>(&'a self, key: &'a str, text: &'a str, _life: Duration) -> BoxFuture<'a, Result<(), Error>> {
        let (folder, path, text) = (self.folder.clone(), self.path(key, "token"), text.to_owned());
        Box::pin(on_disk(move || {
            make_folder(&folder)?;
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(io::Error::other)?;
            let new = path.with_extension(format!("{:016x}.new", u64::from_ne_bytes(random)));
            let mut file = owned(OpenOptions::new().write(true).create_new(true)).open(&new)?;
            let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&new, &path));
            if written.is_err() {
                // What went wrong first is what counts.
                let _ = fs::remove_file(&new);
            }
            written
        }))
    }

    fn remove<'a>(&'a self, key: &'a str, text: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        let (path, text) = (self.path(key, "token"), text.to_owned());
        Box::pin(on_disk(move || match read(&path)? {
            Some(kept) if kept == text => fs::remove_file(&path),
            _ => Ok(()),
        }))
    }

    fn lease<'a>(&'a self, key: &'a str, _life: Duration) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        let (folder, path) = (self.folder.clone(), self.path(key, "lock"));
        Box::pin(on_disk(move || {
            make_folder(&folder)?;
            let file = owned(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?;
            match file.try_lock() {
                // The lock ends when the file is closed.
                Ok(()) => Ok(Some(Lease::new(file))),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        }))
    }
}
