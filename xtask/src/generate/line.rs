//! One operation as a line of the table. The grammar stands in the table's own comment, which [`super::table`] writes.

use auth0_api_description::{BodyKind, Description, Kind, Method, Operation, PagingStyle, Type};

pub(super) fn write(description: &Description, operation: &Operation) -> Result<String, String> {
    let method = match operation.method {
        Method::Get => 'G',
        Method::Post => 'P',
        Method::Put => 'U',
        Method::Patch => 'A',
        Method::Delete => 'D',
    };
    let mut flags = String::new();
    if !operation.query.is_empty() {
        flags.push('q');
    }
    if let Some(body) = &operation.body {
        flags.push(match (body.kind, body.required) {
            (BodyKind::Json, true) => 'B',
            (BodyKind::Json, false) => 'b',
            (BodyKind::Multipart, true) => 'M',
            (BodyKind::Multipart, false) => return Err(format!("{}: a form that may be left out", operation.id)),
        });
        flags.push_str(match shape(description, &body.ty)? {
            Shape::Object => "",
            Shape::Array => "a",
            Shape::Any => "t",
        });
    }
    if operation.event_stream {
        flags.push('e');
    }
    if operation.response.is_none() {
        flags.push('v');
    }
    if operation.custom_domain {
        flags.push('d');
    }
    let mut pages = String::new();
    if let Some(paging) = &operation.paging {
        pages.push(match paging.style {
            PagingStyle::Offset => 'o',
            PagingStyle::Checkpoint => 'c',
            PagingStyle::Both => 'b',
        });
        pages += &paging.size.to_string();
        if paging.totals {
            pages.push('t');
        }
        for part in [Some(&paging.items), paging.cursor.as_ref()].into_iter().flatten() {
            pages.push(':');
            pages += part;
        }
    }
    let mut names = String::new();
    if operation.body.is_some() {
        let all: Vec<&str> = operation.query.iter().map(|property| property.name.as_str()).collect();
        names = all.join(",");
    }
    let mut fields = vec![format!("{method}{}", operation.path), flags, pages, names];
    while fields.last().is_some_and(String::is_empty) {
        fields.pop();
    }
    for field in &mut fields {
        if field.contains(' ') || field == "-" {
            return Err(format!("{}: {field:?} does not fit into a line", operation.id));
        }
        if field.is_empty() {
            field.push('-');
        }
    }
    Ok(fields.join(" "))
}

/// What a body is at its top.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Object,
    Array,
    /// More than one of them, or a text.
    Any,
}

fn shape(description: &Description, ty: &Type) -> Result<Shape, String> {
    let (ty, _) = description.resolve(ty)?;
    Ok(match &ty.kind {
        Kind::Object { .. } => Shape::Object,
        Kind::Array { .. } => Shape::Array,
        Kind::Union { variants, .. } => {
            let mut shapes = variants.iter().map(|variant| shape(description, variant));
            let first = shapes.next().unwrap_or(Ok(Shape::Any))?;
            shapes.try_fold(first, |known, next| Ok::<_, String>(if known == next? { known } else { Shape::Any }))?
        }
        _ => Shape::Any,
    })
}
