//! Tables from files: separated text in any usual encoding and dialect, and Excel workbooks. Memory holds what is being read, never the
//! file.

mod csv;
mod decode;
mod delimiter;
mod detect;
mod encoding;
mod fault;
mod head;
mod header;
mod limits;
mod piece;
mod record;
mod text;
pub mod xlsx;

#[cfg(test)]
mod tests;

pub use csv::CsvParser;
pub use decode::Decoder;
pub use delimiter::Delimiter;
pub use detect::{FileKind, SAMPLE};
pub use encoding::TextEncoding;
pub use fault::SheetFault;
pub use head::Head;
pub use header::Header;
pub use limits::Limits;
pub use piece::{pack, unpack};
pub use record::Record;
pub use text::{Dialect, DialectChoice, TextReader, survey};
