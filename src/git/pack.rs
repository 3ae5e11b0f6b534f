//! Writes a pack of new objects: the quick way to write thousands at once.

use std::collections::HashMap;
use std::fs::{File, Permissions};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::oid::{Format, Oid};
use super::pack_index::{self, Indexed};
use super::tree;

/// How many differences may build on each other (git's own `pack.depth`).
const DEPTH: u32 = 50;

/// A pack being written. Objects are named as they are added, and can be read once `finish` has
/// returned.
#[derive(Debug)]
pub struct PackWriter {
    file: BufWriter<File>,
    path: PathBuf,
    format: Format,
    end: u64,
    written: HashMap<Oid, Place>,
}

/// Where in the pack an object is.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    depth: u32,
    /// The CRC-32 of its bytes in the pack.
    crc: u32,
}

/// The number by which a pack knows a difference from an object that it has, too (gitformat-pack).
const OFFSET_DELTA: u8 = 6;

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
    /// Starts a pack in this directory.
    pub fn create(directory: &Path, format: Format) -> std::io::Result<PackWriter> {
        let (file, path) = tempfile::Builder::new().prefix("tmp_pack_").tempfile_in(directory)?.keep()?;
        let mut file = BufWriter::new(file);
        file.write_all(b"PACK\0\0\0\x02\0\0\0\0")?;
        Ok(PackWriter { file, path, format, end: 12, written: HashMap::new() })
    }

    /// Adds an object unless the pack has it, and returns its name.
    pub fn add(&mut self, kind: Kind, content: &[u8]) -> std::io::Result<Oid> {
        let oid = name(self.format, kind, content);
        if !self.written.contains_key(&oid) {
            self.entry(oid, 0, &header(kind.number(), content.len()), content)?;
        }
        Ok(oid)
    }

    /// Adds a tree as its difference from another, where that is in the pack and not too deep.
    pub fn add_tree_like(&mut self, content: &[u8], base: Option<(Oid, &[u8])>) -> std::io::Result<Oid> {
        let place = base.and_then(|(oid, base)| Some((*self.written.get(&oid)?, base)));
        let Some((place, base)) = place.filter(|(place, _)| place.depth < DEPTH) else {
            return self.add(Kind::Tree, content);
        };
        let oid = name(self.format, Kind::Tree, content);
        if !self.written.contains_key(&oid) {
            let delta = tree::delta(base, content, self.format);
            let mut start = header(OFFSET_DELTA, delta.len());
            start.extend(distance(self.end - place.offset));
            self.entry(oid, place.depth + 1, &start, &delta)?;
        }
        Ok(oid)
    }

    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Completes the pack (its count and its checksum), names it by that, and writes its index.
    pub fn finish(self) -> std::io::Result<()> {
        let count = u32::try_from(self.written.len()).map_err(std::io::Error::other)?;
        let mut file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(8))?;
        file.write_all(&count.to_be_bytes())?;
        file.seek(SeekFrom::Start(0))?;
        let checksum = checksum(&mut file, self.format)?;
        file.write_all(checksum.as_bytes())?;
        let objects = self.written.iter();
        let objects = objects.map(|(oid, place)| Indexed { oid: *oid, crc: place.crc, offset: place.offset });
        let index = self.path.with_extension("index");
        std::fs::write(&index, pack_index::content(objects.collect(), checksum))?;
        // Git looks for the index, which must be whole and have its pack from the moment it is there.
        for (path, extension) in [(&self.path, "pack"), (&index, "idx")] {
            // As git leaves them: for everyone to read, and for nobody to change.
            std::fs::set_permissions(path, Permissions::from_mode(0o444))?;
            std::fs::rename(path, path.with_file_name(format!("pack-{checksum}.{extension}")))?;
        }
        Ok(())
    }

    fn entry(&mut self, oid: Oid, depth: u32, start: &[u8], content: &[u8]) -> std::io::Result<()> {
        let mut encoder = ZlibEncoder::new(Vec::with_capacity(content.len() / 2 + 64), Compression::fast());
        encoder.write_all(content)?;
        let deflated = encoder.finish()?;
        let mut crc = Crc::new();
        for part in [start, &deflated] {
            crc.update(part);
            self.file.write_all(part)?;
        }
        self.written.insert(oid, Place { offset: self.end, depth, crc: crc.sum() });
        self.end += (start.len() + deflated.len()) as u64;
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

/// Returns how far back the base of a difference is, as a pack spells it.
fn distance(mut distance: u64) -> Vec<u8> {
    let mut bytes = vec![(distance & 127) as u8];
    distance >>= 7;
    while distance > 0 {
        distance -= 1;
        bytes.push((distance & 127) as u8 | 128);
        distance >>= 7;
    }
    bytes.reverse();
    bytes
}

/// Returns the hash of the rest of the file.
fn checksum(file: &mut File, format: Format) -> std::io::Result<Oid> {
    let mut hasher = format.hasher();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&buffer[..read]),
        }
    }
}
