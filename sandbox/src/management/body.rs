//! Reads the body of a request as its operation describes it.

use super::*;

/// Longer JSON is not read, in bytes: 1 MiB, which no record of Auth0's comes near.
const LONGEST_JSON: usize = 1 << 20;

pub(super) fn read_body(tenant: &Tenant, route: &Route, request: &Request) -> Result<Option<Value>, ApiError> {
    let schema = &tenant.model.schema;
    let Some(body) = &route.operation.body else {
        return match request.body.is_empty() {
            true => Ok(None),
            false => Err(ApiError::invalid_body(format!("{} takes no body", route.operation.id))),
        };
    };
    if request.body.is_empty() {
        return match body.required {
            true => Err(ApiError::invalid_body("Expected type object but found no body")),
            false => Ok(None),
        };
    }
    if body.kind == BodyKind::Json && request.body.len() > LONGEST_JSON {
        let message = format!("The body has {} bytes, and at most {LONGEST_JSON} are taken", request.body.len());
        return Err(ApiError::plain(413, message));
    }
    let media_type = request.media_type().unwrap_or_default();
    let value = match (body.kind, media_type.as_str()) {
        (BodyKind::Json, "application/json") => serde_json::from_slice(&request.body).map_err(|error| {
            ApiError::new(400, format!("Invalid request payload JSON format: {error}"), "invalid_body")
        })?,
        (BodyKind::Json, "application/x-www-form-urlencoded") => {
            let text = String::from_utf8_lossy(&request.body);
            let typed = |(name, text): (String, String)| {
                let ty = schema.property(&body.ty, &name).map_or_else(Type::string, |property| property.ty);
                let value = schema.coerce(&ty, &text);
                (name, value)
            };
            Value::Object(form_pairs(&text).into_iter().map(typed).collect())
        }
        (BodyKind::Multipart, "multipart/form-data") => {
            let parts = multipart(request).ok_or_else(|| ApiError::invalid_body("the multipart body is malformed"))?;
            let typed = |(name, text): (String, String)| {
                let ty = schema.property(&body.ty, &name).map_or_else(Type::string, |property| property.ty);
                let value = schema.coerce(&ty, &text);
                (name, value)
            };
            Value::Object(parts.into_iter().map(typed).collect())
        }
        (kind, _) => {
            let wanted = if kind == BodyKind::Json { "application/json" } else { "multipart/form-data" };
            let message = format!("The content type is {media_type:?}, and should be {wanted}");
            return Err(ApiError::plain(415, message));
        }
    };
    schema.check(&body.ty, &value).map_err(ApiError::invalid_body)?;
    Ok(Some(value))
}

/// The parts of a multipart body (RFC 7578), as name and text.
fn multipart(request: &Request) -> Option<Vec<(String, String)>> {
    let (_, boundary) = request.header("content-type")?.split_once("boundary=")?;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut closed = false;
    for part in text.split(&delimiter).skip(1) {
        if part.starts_with("--") {
            closed = true;
            break;
        }
        let (head, content) = part.split_once("\r\n\r\n")?;
        let (_, name) = head.split_once("name=\"")?;
        let (name, _) = name.split_once('"')?;
        parts.push((name.to_owned(), content.strip_suffix("\r\n").unwrap_or(content).to_owned()));
    }
    closed.then_some(parts)
}
