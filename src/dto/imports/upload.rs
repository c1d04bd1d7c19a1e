//! A file on the wire: a part of a form (RFC 7578), or the body itself. It is passed on as it comes.

use axum::{
    RequestExt as _,
    body::Bytes,
    extract::{FromRequest, FromRequestParts as _, Request},
    http::{HeaderMap, header},
};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream, stream::BoxStream};
use multer::{Constraints, Field, Multipart, SizeLimit};
use utoipa::ToSchema;

use super::{ImportOptionsRequest, ImportParams};
use crate::{
    dto::extract::{Checked as _, QueryParams, body_broken_off, broken, fit, parse},
    errors::{AppError, Kind, Result},
    services::imports::{ImportFile, ImportOptions},
    state::AppState,
    utils::{sheet::TextEncoding, text},
};

/// The largest part `options`, in bytes.
const MAX_OPTIONS: u64 = 256 * 1024;
/// Kinds of bodies that are a file themselves. `text/plain` is what some programs call a CSV file.
const FILES: [&str; 6] = [
    "text/csv",
    "text/plain",
    "text/tab-separated-values",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/octet-stream",
];

/// A file, and how it is to be imported.
pub struct Upload {
    /// The file.
    pub file: ImportFile<BoxStream<'static, Result<Bytes>>>,
    /// How it is to be imported.
    pub options: ImportOptions,
}

/// A form with a file.
#[derive(Debug, ToSchema)]
pub struct ImportForm {
    /// How the file is to be imported. This part comes before the file.
    pub options: Option<ImportOptionsRequest>,
    /// The file, CSV or XLSX. It is the last part.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    pub file: String,
}

impl FromRequest<AppState> for Upload {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self> {
        let request = request.with_limited_body();
        let (mut parts, body) = request.into_parts();
        let is_plain = parts.uri.query().unwrap_or_default().is_empty();
        let QueryParams((mut options, name)) =
            QueryParams::<ImportParams>::from_request_parts(&mut parts, state).await?;
        let bytes = body.into_data_stream().map_err(|error| broken(&error));
        let Some(boundary) = boundary(&parts.headers)? else {
            let name = name.as_deref().and_then(file_name);
            believe(&mut options, parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()))?;
            return Ok(Self { file: ImportFile { name, bytes: bytes.boxed() }, options });
        };
        if !is_plain {
            let detail = "The parameters are for a file that is the body itself; a form says it in its part `options`.";
            return Err(AppError::new(Kind::BadRequest, "invalid_parameter", detail));
        }
        form(Multipart::with_constraints(bytes, boundary, constraints()), state).await
    }
}

/// The boundary of a form's parts; none if the body is a file itself.
fn boundary(headers: &HeaderMap) -> Result<Option<String>> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if FILES.contains(&essence.as_str()) {
        return Ok(None);
    }
    if essence != "multipart/form-data" {
        let detail = "Send a form (multipart/form-data) with the part `file`, or the file itself as text/csv or as an Excel workbook.";
        return Err(AppError::new(Kind::UnsupportedMedia, "unsupported_media_type", detail));
    }
    multer::parse_boundary(content_type).map(Some).map_err(|_| malformed("The form has no boundary between its parts."))
}

/// Takes the encoding from a `charset` beside the file's content type, unless the options name one.
fn believe(options: &mut ImportOptions, content_type: Option<&str>) -> Result<()> {
    let mut parameters =
        content_type.unwrap_or_default().split(';').skip(1).map(|parameter| parameter.trim().split_once('='));
    let charset = parameters.find_map(|pair| pair.filter(|(name, _)| name.trim_end().eq_ignore_ascii_case("charset")));
    let (None, Some((_, charset))) = (options.reading.dialect.encoding, charset) else { return Ok(()) };
    let encoding = TextEncoding::named(charset.trim().trim_matches('"'));
    options.reading.dialect.encoding = Some(encoding.ok_or_else(|| {
        let detail = "The charset is not an encoding that browsers know, such as `utf-8` or `windows-1252`.";
        AppError::new(Kind::UnsupportedMedia, "unsupported_charset", detail)
    })?);
    Ok(())
}

fn constraints() -> Constraints {
    Constraints::new().size_limit(SizeLimit::new().for_field("options", MAX_OPTIONS))
}

/// Reads a form up to its file.
async fn form(mut form: Multipart<'static>, state: &AppState) -> Result<Upload> {
    let mut options = None;
    while let Some(part) = form.next_field().await.map_err(unreadable)? {
        match part.name() {
            Some("options") if options.is_none() => {
                let bytes = part.bytes().await.map_err(unreadable)?;
                options = Some(fit(state.schemas(), parse(&bytes)?, ImportOptionsRequest::check)?);
            }
            Some("file") => {
                let name = part.file_name().and_then(file_name);
                let mut options = match options {
                    Some(options) => options,
                    None => ImportOptionsRequest::default().check().map_err(AppError::invalid)?,
                };
                believe(&mut options, part.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()))?;
                return Ok(Upload { file: ImportFile { name, bytes: to_the_end(part, form).boxed() }, options });
            }
            _ => return Err(malformed("The form has at most one part `options`, and then the part `file`.")),
        }
    }
    Err(AppError::fault("/file", "required", "The form has no part `file`."))
}

/// A part's bytes; an error at their end if another part follows, for it would be left unread.
fn to_the_end(part: Field<'static>, form: Multipart<'static>) -> impl Stream<Item = Result<Bytes>> + Send {
    stream::try_unfold(Some((part, form)), |state| async {
        let Some((mut part, mut form)) = state else { return Ok(None) };
        if let Some(bytes) = part.chunk().await.map_err(unreadable)? {
            return Ok(Some((bytes, Some((part, form)))));
        }
        drop(part);
        match form.next_field().await.map_err(unreadable)? {
            None => Ok(None),
            Some(_) => Err(malformed("The part `file` must be the last one of the form.")),
        }
    })
}

/// A file's name as it is kept: without the folders that some browsers put before it.
fn file_name(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let tidy: String = name.chars().filter(|c| !c.is_control()).take(255).collect();
    let tidy = text::trim(&tidy);
    (!tidy.is_empty()).then(|| tidy.to_owned())
}

fn unreadable(error: multer::Error) -> AppError {
    match error {
        multer::Error::StreamReadFailed(source) => match source.downcast::<AppError>() {
            Ok(error) => *error,
            Err(_) => body_broken_off(),
        },
        multer::Error::FieldSizeExceeded { .. } => {
            AppError::fault("/options", "too_large", "The part `options` is larger than 256 KiB.")
        }
        multer::Error::IncompleteStream | multer::Error::IncompleteFieldData { .. } => body_broken_off(),
        error => malformed("The form cannot be read.").with_source(error),
    }
}

#[track_caller]
fn malformed(detail: &'static str) -> AppError {
    AppError::new(Kind::BadRequest, "invalid_form", detail)
}
