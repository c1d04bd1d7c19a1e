//! What a body held that is passed on as it comes.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a body without the boundary of its form, which clients draw anew each time, and without the line's end that may follow it.
#[derive(Clone)]
pub(super) struct UploadHash(Arc<Mutex<Running>>);

struct Running {
    boundary: Vec<u8>,
    hash: Sha256,
    /// What may yet turn out to be the beginning of a boundary.
    tail: Vec<u8>,
}

impl UploadHash {
    /// Of a body of this kind, by its `Content-Type`.
    pub(super) fn new(content_type: &str) -> Self {
        let boundary = multer::parse_boundary(content_type).unwrap_or_default().into_bytes();
        Self(Arc::new(Mutex::new(Running { boundary, hash: Sha256::new(), tail: Vec::new() })))
    }

    /// The body, noted as it is read.
    pub(super) fn noting(&self, body: Body) -> Body {
        let noting = self.clone();
        Body::new(body.map_frame(move |frame| {
            if let Some(data) = frame.data_ref() {
                noting.running(|running| running.take(data));
            }
            frame
        }))
    }

    /// What was held by all that was read.
    pub(super) fn digest(&self) -> Vec<u8> {
        self.running(|running| {
            let rest = running.tail.strip_suffix(b"\r\n").unwrap_or(&running.tail);
            running.hash.clone().chain_update(rest).finalize().to_vec()
        })
    }

    fn running<T>(&self, then: impl FnOnce(&mut Running) -> T) -> T {
        then(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Running {
    fn take(&mut self, part: &[u8]) {
        if self.boundary.is_empty() {
            return self.hash.update(part);
        }
        self.tail.extend_from_slice(part);
        let mut done = 0;
        while let Some(at) = find(&self.tail[done..], &self.boundary) {
            self.hash.update(&self.tail[done..done + at]);
            done += at + self.boundary.len();
        }
        let certain = done.max(self.tail.len().saturating_sub(self.boundary.len().max(3) - 1));
        self.hash.update(&self.tail[done..certain]);
        self.tail.drain(..certain);
    }
}

fn find(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, sought)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(boundary: &str, body: &str, size: usize) -> Vec<u8> {
        let hash = UploadHash::new(&format!("multipart/form-data; boundary={boundary}"));
        for part in body.replace('@', boundary).as_bytes().chunks(size) {
            hash.running(|running| running.take(part));
        }
        hash.digest()
    }

    #[test]
    fn the_boundary_says_nothing_and_all_else_does() {
        let body = "--@\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nemail\r\njane@x.example\r\n--@--\r\n";
        let same = digest("abcdef", body, 1);
        for size in [2, 3, 7, 1000] {
            assert_eq!(digest("abcdef", body, size), same, "{size}");
            assert_eq!(digest("0123456789", body, size), same, "{size}");
            assert_eq!(digest("abcdef", body.trim_end(), size), same, "{size}");
            assert_ne!(digest("abcdef", &body.replace("jane", "joan"), size), same, "{size}");
        }
    }
}
