//! Rows are written as they were read, or not at all: whoever was overtaken reads them again.
//!
//! Requests are changed by several at once: an officer revokes a certificate while its requester fetches it for the first time.
//! The store takes the next version of a row only from whoever has read the one before ([`StoreError::Conflict`]). That is
//! nobody's mistake, and none of the caller's business as long as the answer is the same.
//!
//! What is judged by people or by policy is not judged again by itself: see [`Engine::approve`] and [`Engine::revoke`].
//!
//! [`StoreError::Conflict`]: crate::StoreError::Conflict

use crate::store::Change;
use crate::{Engine, Error};

/// How often one act begins at most. More than as many as can be noted to have fetched a certificate, who may all come at once.
const TRIES_MAX: usize = 40;

impl Engine {
    /// Commits the change that `judge` makes of what it reads, and returns its answer; where there is nothing to change, the
    /// answer alone. Where somebody else has written one of the rows since it was read, `judge` reads and judges again.
    ///
    /// # Errors
    /// Those of `judge`, at once, and those of the commit. [`Error::Conflict`] of the commit where others were faster every time.
    pub(crate) fn read_judge_commit<T>(
        &self,
        mut judge: impl FnMut() -> Result<(Option<Change>, T), Error>,
    ) -> Result<T, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (change, answer) = judge()?;
            let Some(change) = change else { return Ok(answer) };
            match self.commit(change) {
                Ok(_) => return Ok(answer),
                Err(Error::Conflict { .. }) if tries < TRIES_MAX => {}
                Err(error) => return Err(error),
            }
        }
    }
}
