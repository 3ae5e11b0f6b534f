//! The index of a pack: where in it each object is (gitformat-pack, version 2). Pure.

use super::oid::Oid;

/// An object of a pack.
#[derive(Clone, Copy, Debug)]
pub struct Indexed {
    pub oid: Oid,
    /// The CRC-32 of its bytes in the pack.
    pub crc: u32,
    pub offset: u64,
}

/// Offsets from here on have a table of their own.
const FAR: u64 = 1 << 31;

/// Returns the content of the index of a pack with this checksum.
pub fn content(mut objects: Vec<Indexed>, checksum: Oid) -> Vec<u8> {
    objects.sort_by_key(|object| object.oid);
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    let mut below = [0_u32; 256];
    for object in &objects {
        below[usize::from(object.oid.as_bytes()[0])] += 1;
    }
    let mut sum = 0;
    for count in below {
        sum += count;
        index.extend(sum.to_be_bytes());
    }
    objects.iter().for_each(|object| index.extend(object.oid.as_bytes()));
    objects.iter().for_each(|object| index.extend(object.crc.to_be_bytes()));
    let mut far: Vec<u64> = Vec::new();
    for object in &objects {
        let near = u32::try_from(object.offset).ok().filter(|offset| u64::from(*offset) < FAR);
        let offset = near.unwrap_or_else(|| {
            far.push(object.offset);
            FAR as u32 | (far.len() - 1) as u32
        });
        index.extend(offset.to_be_bytes());
    }
    far.iter().for_each(|offset| index.extend(offset.to_be_bytes()));
    index.extend(checksum.as_bytes());
    let own = checksum.format().hash(&[&index]);
    index.extend(own.as_bytes());
    index
}
