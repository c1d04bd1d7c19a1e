//! A workbook's archive, looked over before it is opened: whatever it claims and whatever it hides, reading it takes little memory.
//!
//! What the parts say of their sizes is believed only to refuse them. Then each is unpacked once to nowhere and counted; texts and cells
//! are bounded one by one (`xml`), since a reader holds a whole one in memory.

use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};

use zip::ZipArchive;

use super::{
    super::SheetFault,
    unreadable,
    xml::{XmlBounds, XmlGuard},
};

/// Parts of an archive.
const MAX_PARTS: usize = 4_096;

/// What marks a part in an archive's directory.
const DIRECTORY_ENTRY: &[u8; 4] = b"PK\x01\x02";

/// Looks a workbook over.
///
/// # Errors
/// `xlsx_unreadable`, `xlsx_too_large`, `xlsx_too_many_texts`.
pub(super) fn check<R: Read + Seek>(file: R, mut left: Budget) -> Result<(), SheetFault> {
    let mut file = BufReader::with_capacity(64 * 1024, file);
    check_directory(&mut file)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut archive = ZipArchive::new(file).map_err(unreadable)?;
    let mut declared = left.clone();
    let mut kinds = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(unreadable)?;
        let kind = Kind::of(&part.name().map_err(unreadable)?);
        declared.take(kind, part.size())?;
        kinds.push(kind);
    }
    for (index, kind) in kinds.into_iter().enumerate() {
        unpack(&mut archive.by_index(index).map_err(unreadable)?, kind, &mut left)?;
    }
    Ok(())
}

/// Counts the directory's entries by their mark, wherever the directory may be said to stand, before anybody makes room for them.
fn check_directory(file: &mut impl Read) -> Result<(), SheetFault> {
    let (mut count, mut matched) = (0, 0);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        for byte in &buffer[..read] {
            matched =
                if *byte == DIRECTORY_ENTRY[matched] { matched + 1 } else { usize::from(*byte == DIRECTORY_ENTRY[0]) };
            if matched == DIRECTORY_ENTRY.len() {
                (count, matched) = (count + 1, 0);
            }
        }
        if count > MAX_PARTS {
            return Err(unreadable("too many parts"));
        }
    }
}

fn unpack(part: &mut impl Read, kind: Kind, left: &mut Budget) -> Result<(), SheetFault> {
    let mut xml = kind.bounds().map(XmlGuard::new);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = match part.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        left.take(kind, read as u64)?;
        if let Some(xml) = &mut xml {
            xml.pass(&buffer[..read])?;
        }
    }
    xml.map_or(Ok(()), XmlGuard::finish)
}

/// What a part is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sheet,
    Texts,
    Styles,
    Relations,
    /// The list of sheets, and what a reader of cells passes by.
    Other,
    /// What no relation may lead a reader to: pictures, and XML of others that may hold anything.
    Unread,
}

impl Kind {
    fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase().replace('\\', "/");
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match name.trim_start_matches('/') {
            name if name.ends_with("sharedstrings.xml") => Self::Texts,
            name if name.ends_with("styles.xml") => Self::Styles,
            _ if ending == "rels" => Self::Relations,
            name if name.starts_with("customxml/") || name.starts_with("docprops/") => Self::Unread,
            _ if ending != "xml" => Self::Unread,
            name if name.starts_with("xl/worksheets/") => Self::Sheet,
            _ => Self::Other,
        }
    }

    /// What may stand in it. A reader keeps all of the styles and relations, and copies parts of them.
    fn bounds(self) -> Option<XmlBounds> {
        match self {
            Self::Sheet | Self::Texts | Self::Other => Some(XmlBounds { span: 1024 * 1024, tags: u64::MAX }),
            Self::Styles => Some(XmlBounds { span: 2 * 1024, tags: 300_000 }),
            Self::Relations => Some(XmlBounds { span: 8 * 1024, tags: 300_000 }),
            Self::Unread => None,
        }
    }
}

/// The bytes that may still be unpacked.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    /// All parts together.
    pub(super) all: u64,
    /// The texts that cells share.
    pub(super) texts: u64,
    /// Everything else that is not a sheet: styles, themes, pictures.
    pub(super) others: u64,
}

impl Budget {
    /// What a workbook may take.
    pub(super) const USUAL: Self = Self { all: 1024 * 1024 * 1024, texts: 64 * 1024 * 1024, others: 64 * 1024 * 1024 };

    fn take(&mut self, kind: Kind, bytes: u64) -> Result<(), SheetFault> {
        let too_large = |detail| SheetFault::new("xlsx_too_large", detail);
        let (part, detail) = match kind {
            Kind::Sheet => (None, ""),
            Kind::Texts => (
                Some(&mut self.texts),
                "The workbook's texts take more than 64 MiB; save the sheet as CSV, which may be larger.",
            ),
            Kind::Styles | Kind::Relations | Kind::Other | Kind::Unread => (
                Some(&mut self.others),
                "What the workbook holds beside its cells takes more than 64 MiB; save the sheet as CSV.",
            ),
        };
        if let Some(part) = part {
            *part = part.checked_sub(bytes).ok_or_else(|| too_large(detail))?;
        }
        let detail = "The workbook takes more than 1 GiB when it is unpacked; save the sheet as CSV.";
        self.all = self.all.checked_sub(bytes).ok_or_else(|| too_large(detail))?;
        Ok(())
    }
}
