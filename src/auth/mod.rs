//! The Authentication API, one flow a file, each with `prepare` (the request) and `parse` (the answer).

pub(crate) mod client_credentials;
