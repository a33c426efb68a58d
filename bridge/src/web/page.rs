//! Serves the built dashboard from its folder.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use hyper::{HeaderMap, Response, StatusCode};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::answer::{Body, text};

/// A file is sent in pieces of this size, so that a slow reader costs no more.
const PIECE: usize = 64 << 10;

/// The folder of the page, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    root: Option<PathBuf>,
}

impl Page {
    /// A page from `root`.
    pub(crate) fn new(root: Option<PathBuf>) -> Self {
        Self { root }
    }

    /// The file at `path`, an absolute path of a request.
    pub(crate) async fn answer(&self, path: &str, headers: &HeaderMap) -> Response<Body> {
        let Some(root) = &self.root else {
            return text(
                StatusCode::NOT_FOUND,
                "Lacewing is running, but has no dashboard to show: start it with --page DIR, where DIR is what \
                 `trunk build` made, or with `cargo xtask serve`.\nDevices connect to /mqtt, and /metrics and /healthz answer.\n",
            );
        };
        let Some(relative) = safe(path) else {
            return text(StatusCode::BAD_REQUEST, "The path of the request is not one of a file.\n");
        };
        match open(root, &relative).await {
            Ok((file, metadata)) => send(file, &metadata, &relative, headers),
            Err(_) => text(StatusCode::NOT_FOUND, "There is no such file.\n"),
        }
    }
}

/// The path below the root. `None` for everything that could lead elsewhere: `..`, hidden files, other systems'
/// separators.
fn safe(path: &str) -> Option<PathBuf> {
    let decoded = percent_decoded(path.strip_prefix('/')?)?;
    if decoded.is_empty() {
        return Some(PathBuf::from("index.html"));
    }
    let mut relative = PathBuf::new();
    for part in decoded.split('/') {
        let harmless = !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']);
        if !harmless {
            return None;
        }
        relative.push(part);
    }
    Some(relative)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

async fn open(root: &Path, relative: &Path) -> io::Result<(File, Metadata)> {
    let root = tokio::fs::canonicalize(root).await?;
    let path = tokio::fs::canonicalize(root.join(relative)).await?;
    // A link may lead out of the folder.
    if !path.starts_with(&root) {
        return Err(io::ErrorKind::NotFound.into());
    }
    let metadata = tokio::fs::metadata(&path).await?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok((File::open(&path).await?, metadata))
}

fn send(file: File, metadata: &Metadata, relative: &Path, asked: &HeaderMap) -> Response<Body> {
    let tag = tag(metadata);
    let name = relative.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut response = if asked.get(IF_NONE_MATCH) == Some(&tag) {
        let mut response = text(StatusCode::NOT_MODIFIED, "");
        response.headers_mut().remove(CONTENT_TYPE);
        response
    } else {
        let mut response = Response::new(pieces(file, metadata.len()));
        response.headers_mut().insert(CONTENT_LENGTH, metadata.len().into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
        response
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(caching(name)));
    response.headers_mut().insert(ETAG, tag);
    response
}

fn pieces(file: File, len: u64) -> Body {
    let pieces = stream::try_unfold(file.take(len), |mut file| async {
        let mut piece = Vec::with_capacity(PIECE);
        (&mut file).take(PIECE as u64).read_to_end(&mut piece).await?;
        Ok::<_, io::Error>((!piece.is_empty()).then(|| (Frame::data(Bytes::from(piece)), file)))
    });
    StreamBody::new(pieces).boxed_unsync()
}

fn tag(metadata: &Metadata) -> HeaderValue {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.unwrap_or_default().as_nanos();
    HeaderValue::try_from(format!("\"{modified:x}-{:x}\"", metadata.len()))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

/// A file whose name carries a hash of its content never changes; all others are asked for again each time, the
/// worker's too, whose name has none.
fn caching(name: &str) -> &'static str {
    const HASH: usize = 16;
    let stem = name.split('.').next().unwrap_or(name);
    let stem = stem.strip_suffix("_bg").unwrap_or(stem);
    let hashed = stem
        .rsplit_once('-')
        .is_some_and(|(_, hash)| hash.len() == HASH && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if hashed { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_folder() {
        assert_eq!(safe("/"), Some(PathBuf::from("index.html")));
        assert_eq!(safe("/a/b%20c.js"), Some(PathBuf::from("a/b c.js")));
        for path in [
            "/..",
            "/../etc/passwd",
            "/a/../b",
            "/%2e%2e/b",
            "/a%2f..%2fb",
            "//etc",
            "/.git/config",
            "/a\\b",
            "/c:",
            "/a%00",
            "/%",
            "/%4",
            "/%zz",
            "/%+1",
            "/%ff",
            "*",
            "",
        ] {
            assert_eq!(safe(path), None, "{path}");
        }
    }

    #[test]
    fn only_a_name_with_a_hash_is_kept_for_ever() {
        assert!(caching("app-0123456789abcdef.js").contains("immutable"));
        assert!(caching("app-0123456789abcdef_bg.wasm").contains("immutable"));
        for name in ["index.html", "worker.js", "worker_bg.wasm", "worker_loader.js", "a-b.css"] {
            assert_eq!(caching(name), "no-cache", "{name}");
        }
    }

    #[test]
    fn wasm_and_scripts_have_the_types_that_browsers_insist_on() {
        assert_eq!(content_type("worker_bg.wasm"), "application/wasm");
        assert_eq!(content_type("worker.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("LICENSE"), "application/octet-stream");
    }
}
