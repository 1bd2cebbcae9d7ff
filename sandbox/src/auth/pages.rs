//! The pages in HTML: they work without scripts, with a keyboard, in light and dark.

use super::visit::Visit;
use crate::message::Answer;
use serde_json::{Map, json};

const STYLE: &str = "\
:root{color-scheme:light dark}*{box-sizing:border-box}\
body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;\
background:Canvas;color:CanvasText}\
main{width:min(25rem,100vw - 2rem);padding:2rem 0}\
h1{font-size:1.5rem;margin:0 0 1rem}label{display:block;margin:1rem 0 .25rem}\
input,button{font:inherit;width:100%;padding:.6rem .75rem;border:1px solid GrayText;border-radius:.5rem}\
button{margin-top:1rem;cursor:pointer;background:#1a5fb4;border-color:#1a5fb4;color:#fff}\
button.second{background:transparent;color:inherit}\
[role=alert]{border-left:4px solid #c01c28;padding:.5rem .75rem}code{overflow-wrap:anywhere}\
small{display:block;margin-top:2rem;opacity:.8}";

/// Makes a text safe between tags and in attributes.
pub(crate) fn escape(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

/// A page around `content`, which is HTML.
pub(crate) fn page(status: u16, title: &str, content: &str) -> Answer {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{content}<small>auth0-sandbox: a local tenant for tests</small></main></body></html>"
    );
    Answer::of(status, "text/html; charset=utf-8", html)
        .with("cache-control", "no-store")
        .with("x-frame-options", "deny")
}

/// A text field with its label.
pub(crate) fn field(name: &str, label: &str, kind: &str, value: &str, more: &str) -> String {
    format!(
        "<label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" type=\"{kind}\" value=\"{}\" {more}>",
        escape(value)
    )
}

/// What went wrong, where something did.
pub(crate) fn alert(problem: Option<&str>) -> String {
    problem.map_or_else(String::new, |problem| format!("<p role=\"alert\">{}</p>", escape(problem)))
}

/// OAuth 2.0 Form Post Response Mode: sends itself, and has a button for browsers without scripts.
pub(crate) fn form_post(uri: &str, pairs: &[(&str, &str)]) -> Answer {
    let inputs: String = pairs
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)))
        .collect();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><link rel=\"icon\" href=\"data:,\"><title>Submit This Form</title></head>\
         <body onload=\"document.forms[0].submit()\"><form method=\"post\" action=\"{}\">{inputs}\
         <noscript><button type=\"submit\">Continue</button></noscript></form></body></html>",
        escape(uri)
    );
    Answer::of(200, "text/html; charset=utf-8", html)
}

/// OAuth 2.0 Web Message Response Mode: for a hidden frame or a popup.
pub(crate) fn web_message(uri: &str, pairs: &[(&str, &str)]) -> Answer {
    let response: Map<_, _> = pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let end = uri.match_indices('/').nth(2).map_or(uri.len(), |(index, _)| index);
    let message = json!({ "type": "authorization_response", "response": response }).to_string();
    // `<` inside a script could end it.
    let (message, origin) = (message.replace('<', "\\u003c"), json!(&uri[..end]).to_string().replace('<', "\\u003c"));
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><link rel=\"icon\" href=\"data:,\"><title>Authorization Response</title></head>\
         <body><script>(function(){{var t=window.opener||window.parent;t.postMessage({message},{origin});}})();\
         </script></body></html>"
    );
    Answer::of(200, "text/html; charset=utf-8", html)
}

impl Visit<'_> {
    /// A page for somebody whose request cannot be answered to the client.
    pub(crate) fn error_page(&self, status: u16, error: &str, description: &str) -> Answer {
        let content = format!("{}<p>Error: <code>{}</code></p>", alert(Some(description)), escape(error));
        page(status, "Oops!, something went wrong", &content)
    }

    pub(crate) fn message_page(&self, title: &str, text: &str) -> Answer {
        page(200, title, &format!("<p role=\"status\">{}</p>", escape(text)))
    }
}
