//! WebCrypto.

use super::Crypto;
use crate::error::{Error, ErrorKind};
use crate::maybe_send::BoxFuture;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(out: &js_sys::Uint8Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = digest)]
    fn digest(algorithm: &str, data: &js_sys::Uint8Array) -> Result<js_sys::Promise, JsValue>;
}

/// The `crypto` of browsers, workers, Node, Deno and Bun.
#[derive(Clone, Copy, Debug)]
pub struct WebCrypto;

fn refused(what: &'static str) -> impl FnOnce(JsValue) -> Error {
    move |cause| Error::new(ErrorKind::Config, [what, ": ", &super::fetch::describe(&cause)].concat())
}

impl Crypto for WebCrypto {
    fn random(&self, out: &mut [u8]) -> Result<(), Error> {
        let bytes = js_sys::Uint8Array::new_with_length(out.len() as u32);
        get_random_values(&bytes).map_err(refused("there is no crypto.getRandomValues here"))?;
        bytes.copy_to(out);
        Ok(())
    }

    fn sha256<'a>(&'a self, data: &'a [u8]) -> BoxFuture<'a, Result<[u8; 32], Error>> {
        const REFUSED: &str = "crypto.subtle is missing: browsers have it in secure contexts only (https or localhost)";
        Box::pin(async move {
            let promise = digest("SHA-256", &js_sys::Uint8Array::from(data)).map_err(refused(REFUSED))?;
            let buffer = JsFuture::from(promise).await.map_err(refused(REFUSED))?;
            let mut out = [0; 32];
            let bytes = js_sys::Uint8Array::new(&buffer);
            if bytes.length() != 32 {
                return Err(Error::new(ErrorKind::Internal, "crypto.subtle.digest answered with another length"));
            }
            bytes.copy_to(&mut out);
            Ok(out)
        })
    }
}
