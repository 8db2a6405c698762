//! Reading DER: a thin layer over [`der::SliceReader`] that names the structure in every error.

use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber};

use crate::Error;

/// What an error of the DER layer is about until [`whole`] knows better.
const UNNAMED: &str = "DER";

impl From<der::Error> for Error {
    fn from(error: der::Error) -> Self {
        Self::malformed(UNNAMED, error)
    }
}

/// Reads all of `der` with `read`; bytes left over are an error. DER errors are reported as of `what`.
pub(crate) fn whole<'a, T>(
    what: &'static str,
    der: &'a [u8],
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, Error>,
) -> Result<T, Error> {
    let run = || {
        let mut reader = SliceReader::new(der)?;
        let value = read(&mut reader)?;
        reader.finish()?;
        Ok(value)
    };
    run().map_err(|error| match error {
        Error::Malformed { what: UNNAMED, detail } => Error::Malformed { what, detail },
        other => other,
    })
}

/// Reads all of `der` as one SEQUENCE whose contents `read` takes.
pub(crate) fn sequence<'a, T>(
    what: &'static str,
    der: &'a [u8],
    read: impl FnOnce(&mut SliceReader<'a>) -> Result<T, Error>,
) -> Result<T, Error> {
    whole(what, der, |r| r.sequence(read))
}

/// The next element: its tag and its contents.
pub(crate) fn element<'a>(r: &mut SliceReader<'a>) -> Result<(Tag, &'a [u8]), Error> {
    let header = Header::decode(r)?;
    Ok((header.tag(), r.read_slice(header.length())?))
}

/// The contents of the next element, which must have `tag`.
pub(crate) fn contents<'a>(r: &mut SliceReader<'a>, tag: Tag) -> Result<&'a [u8], Error> {
    let header = Header::decode(r)?;
    header.tag().assert_eq(tag)?;
    Ok(r.read_slice(header.length())?)
}

/// The contents of the next element if it has `tag`; otherwise nothing is read.
pub(crate) fn optional<'a>(r: &mut SliceReader<'a>, tag: Tag) -> Result<Option<&'a [u8]>, Error> {
    if next_is(r, tag)? { contents(r, tag).map(Some) } else { Ok(None) }
}

/// Whether another element follows and has `tag`.
pub(crate) fn next_is(r: &SliceReader<'_>, tag: Tag) -> Result<bool, Error> {
    Ok(!r.is_finished() && Tag::peek(r)? == tag)
}

/// Offset of the next element in the bytes the outermost reader was made for.
pub(crate) fn position(r: &SliceReader<'_>) -> usize {
    u32::from(r.position()) as usize
}

/// A BOOLEAN with default FALSE. An explicit FALSE, which DER forbids, is accepted: it is common and says the same.
pub(crate) fn boolean_or_false(r: &mut SliceReader<'_>) -> Result<bool, Error> {
    if next_is(r, Tag::Boolean)? { Ok(bool::decode(r)?) } else { Ok(false) }
}

/// A BIT STRING of whole octets.
pub(crate) fn octet_aligned_bits<'a>(r: &mut SliceReader<'a>) -> Result<&'a [u8], Error> {
    match contents(r, Tag::BitString)? {
        [0, bits @ ..] => Ok(bits),
        _ => Err(Error::malformed(UNNAMED, "BIT STRING with unused bits")),
    }
}

/// Reads elements with `read` until the reader is finished, at most `max` of them.
pub(crate) fn list<'a, T>(
    r: &mut SliceReader<'a>,
    what: &'static str,
    max: usize,
    mut read: impl FnMut(&mut SliceReader<'a>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    while !r.is_finished() {
        if items.len() == max {
            return Err(Error::Limit { what, max });
        }
        items.push(read(r)?);
    }
    Ok(items)
}

/// The tag `[number]` of a constructed element.
pub(crate) const fn constructed(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The tag `[number]` of a primitive element.
pub(crate) const fn primitive(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}
