//! The bytes of a stored CRL.

use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};

use crate::store::{CrlBody, CrlRow};
use crate::{Error, Store};

/// Reads a CRL from the store, a chunk at a time, and checks it on the way: when the bytes are not those that were
/// signed, the end is an error of the kind [`InvalidData`](io::ErrorKind::InvalidData), so that whoever copies a CRL
/// does not put a damaged one in the place of a good one.
pub struct CrlReader<'a> {
    store: &'a dyn Store,
    body: CrlBody,
    number: u64,
    sha256: [u8; 32],
    hash: Context,
    next: u32,
    chunk: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<'a> CrlReader<'a> {
    /// A reader from the first byte. [`Error::NotFound`] when the bytes were dropped after the CRL expired.
    pub fn new(store: &'a dyn Store, row: &CrlRow) -> Result<Self, Error> {
        let body = row.body.ok_or_else(|| {
            Error::NotFound(format!("the body of {} CRL {} of key {}", row.kind(), row.number, row.key))
        })?;
        Ok(Self {
            store,
            body,
            number: row.number,
            sha256: row.sha256,
            hash: Context::new(&SHA256),
            next: 0,
            chunk: Vec::new(),
            given: 0,
            ended: false,
        })
    }

    /// Fetches the next chunk, or notes the end.
    fn advance(&mut self) -> io::Result<()> {
        match self.store.crl_chunk(self.body, self.next).map_err(io::Error::other)? {
            Some(chunk) => {
                self.hash.update(&chunk);
                self.chunk = chunk;
                self.given = 0;
                self.next += 1;
            }
            None => {
                self.ended = true;
                if self.hash.clone().finish().as_ref() != self.sha256 {
                    let message =
                        format!("the bytes of CRL {} in the database are not those that were signed", self.number);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
            }
        }
        Ok(())
    }
}

impl Read for CrlReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() && !self.ended {
            self.advance()?;
        }
        let mut rest = self.chunk.get(self.given..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.given += read;
        Ok(read)
    }
}
