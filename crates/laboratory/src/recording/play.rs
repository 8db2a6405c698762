//! What a module finds of a recording, event by event.

use std::io::{BufRead, Seek};
use std::sync::Arc;

use super::{Crls, Recorded, Recording};
use crate::Error;
use crate::scene::{Properties, Scene};

impl<S: BufRead + Seek> Recording<S> {
    /// The events as they are played: each with the CRLs that the authority had then, which are those of the last event so far
    /// that reports CRLs. `stand_in` is read where that is not known, and in place of a base CRL that was left out.
    ///
    /// One event is held at a time, with the CRLs it finds.
    ///
    /// # Errors
    /// As for [`events`](Self::events).
    pub fn play<'a>(&'a mut self, stand_in: &'a [u8]) -> impl Iterator<Item = Result<Recorded, Error>> + 'a {
        let mut ahead = Some(self.ahead());
        let mut found = Found::default();
        std::iter::from_fn(move || {
            let (event, left) = match self.next_event(ahead.take()?) {
                Ok(event) => event?,
                Err(error) => return Some(Err(error)),
            };
            let played = found.put_into(event, self, stand_in);
            ahead = played.is_ok().then_some(left);
            Some(played)
        })
    }
}

/// What the last event found of the authority.
#[derive(Debug, Default)]
struct Found {
    /// The CRLs that were reported last.
    newest: Option<Crls>,
    /// The authority's properties without CRLs, and with them. CRLs may be long: they are read where something has changed.
    last: Option<(Arc<Properties>, Arc<Properties>)>,
}

impl Found {
    fn put_into<S: BufRead + Seek>(
        &mut self,
        mut event: Recorded,
        recording: &mut Recording<S>,
        stand_in: &[u8],
    ) -> Result<Recorded, Error> {
        if event.crls.is_some() && event.crls != self.newest {
            self.newest.clone_from(&event.crls);
            self.last = None;
        }
        let own = Arc::clone(&event.happening.scene.authority);
        let authority = match self.last.take().filter(|(before, _)| *before == own) {
            Some((_, authority)) => authority,
            None => Arc::new(with_crls(&own, self.newest.as_ref(), recording, stand_in)?),
        };
        self.last = Some((own, Arc::clone(&authority)));
        let contents = event.happening.scene.contents.clone();
        event.happening.scene = Arc::new(Scene { contents, authority });
        Ok(event)
    }
}

fn with_crls<S: BufRead + Seek>(
    authority: &Properties,
    crls: Option<&Crls>,
    recording: &mut Recording<S>,
    stand_in: &[u8],
) -> Result<Properties, Error> {
    let mut all = authority.clone();
    let Some(crls) = crls else {
        all.set("RawCRL", stand_in.to_vec());
        return Ok(all);
    };
    for (property, digest) in crls {
        let known = digest.as_ref().map(|digest| recording.crl(digest)).transpose()?.flatten();
        let stand_in = property.starts_with("RawCRL").then_some(stand_in);
        all.set_if(property, known.or_else(|| stand_in.map(<[u8]>::to_vec)));
    }
    Ok(all)
}
