//! Writes a pack of new objects: the quick way to write thousands at once.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::Digest;

use super::oid::{Format, Oid};

/// A pack being written. Objects are named as they are added; the pack can be used once
/// `finish` has returned and `git index-pack` has read it.
#[derive(Debug)]
pub struct PackWriter {
    file: BufWriter<File>,
    path: PathBuf,
    format: Format,
    written: HashSet<Oid>,
}

/// The kinds of objects that a backport writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Commit,
    Tree,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Commit => "commit",
            Kind::Tree => "tree",
        }
    }

    /// The number by which a pack knows the kind (gitformat-pack).
    fn number(self) -> u8 {
        match self {
            Kind::Commit => 1,
            Kind::Tree => 2,
        }
    }
}

/// Returns the name of an object of this kind and content.
pub fn name(format: Format, kind: Kind, content: &[u8]) -> Oid {
    format.hash(&[kind.name().as_bytes(), b" ", content.len().to_string().as_bytes(), b"\0", content])
}

impl PackWriter {
    /// Begins a pack at `path`, which must not exist.
    pub fn create(path: &Path, format: Format) -> std::io::Result<PackWriter> {
        let file = File::options().read(true).write(true).create_new(true).open(path)?;
        let mut file = BufWriter::new(file);
        file.write_all(b"PACK\0\0\0\x02\0\0\0\0")?;
        Ok(PackWriter { file, path: path.to_owned(), format, written: HashSet::new() })
    }

    /// Adds an object unless the pack has it, and returns its name.
    pub fn add(&mut self, kind: Kind, content: &[u8]) -> std::io::Result<Oid> {
        let oid = name(self.format, kind, content);
        if self.written.insert(oid) {
            self.file.write_all(&header(kind.number(), content.len()))?;
            self.deflate(content)?;
        }
        Ok(oid)
    }

    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Completes the pack (its count and its checksum) and returns where it is.
    pub fn finish(self) -> std::io::Result<PathBuf> {
        let count = u32::try_from(self.written.len()).map_err(std::io::Error::other)?;
        let mut file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(8))?;
        file.write_all(&count.to_be_bytes())?;
        file.seek(SeekFrom::Start(0))?;
        let checksum = checksum(&mut file, self.format)?;
        file.write_all(&checksum)?;
        file.sync_all()?;
        Ok(self.path)
    }

    fn deflate(&mut self, content: &[u8]) -> std::io::Result<()> {
        let mut encoder = ZlibEncoder::new(&mut self.file, Compression::fast());
        encoder.write_all(content)?;
        encoder.finish()?;
        Ok(())
    }
}

/// Returns the kind and the length of an entry as a pack spells them: four bits of the length in
/// the first byte, seven in each that follows.
fn header(number: u8, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4);
    let mut byte = (number << 4) | (length & 15) as u8;
    let mut rest = length >> 4;
    while rest > 0 {
        bytes.push(byte | 128);
        byte = (rest & 127) as u8;
        rest >>= 7;
    }
    bytes.push(byte);
    bytes
}

/// Returns the hash of the rest of the file.
fn checksum(file: &mut File, format: Format) -> std::io::Result<Vec<u8>> {
    fn digest<D: Digest>(file: &mut File) -> std::io::Result<Vec<u8>> {
        let mut hasher = D::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hasher.finalize().to_vec()),
                read => hasher.update(&buffer[..read]),
            }
        }
    }
    match format {
        Format::Sha1 => digest::<sha1::Sha1>(file),
        Format::Sha256 => digest::<sha2::Sha256>(file),
    }
}
