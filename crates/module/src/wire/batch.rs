//! The result of `notify_batch`: how many of the events are delivered.

use serde_json::{Value as Json, json};

use super::CallError;
use super::row::unfit;
use crate::ModuleError;

/// How far a module got in a batch of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Events delivered, from the front.
    pub delivered: usize,
    /// Why the first of the others is not; none where all are delivered. Those behind it were not attempted.
    pub failure: Option<ModuleError>,
}

impl Progress {
    /// Every event of the batch is delivered.
    pub const fn all(count: usize) -> Self {
        Self { delivered: count, failure: None }
    }

    /// The result as the module writes it.
    pub fn to_json(&self) -> Json {
        let mut result = json!({"delivered": self.delivered});
        if let (Some(failure), Some(members)) = (&self.failure, result.as_object_mut()) {
            members.insert("error".to_owned(), CallError::Contract(failure.clone()).to_json());
        }
        result
    }

    /// Reads the result of a batch of `count` events. `ERROR_INVALID_DATA`: `delivered` is missing, no whole number, or
    /// more than there were; some are not delivered, and no error says why; all are, and there is an error.
    pub fn read(result: &Json, count: usize) -> Result<Self, ModuleError> {
        let said = result.get("delivered").unwrap_or(&Json::Null);
        let delivered = said.as_u64().and_then(|delivered| usize::try_from(delivered).ok());
        let delivered = delivered.filter(|delivered| *delivered <= count);
        let delivered = delivered.ok_or_else(|| {
            unfit(format!("`notify_batch`: `delivered` is {said}, not a whole number from 0 to {count}"))
        })?;
        let failure = match result.get("error") {
            None | Some(Json::Null) => None,
            Some(error) => Some(
                super::incoming::error(error)
                    .map_err(|why| unfit(format!("`notify_batch`: `error` is not an error ({why})")))?,
            ),
        };
        match failure {
            Some(_) if delivered == count => {
                Err(unfit(format!("`notify_batch`: all {count} events are delivered, and one failed")))
            }
            None if delivered < count => {
                let text =
                    format!("`notify_batch`: {delivered} of {count} events are delivered, and no `error` says why");
                Err(unfit(text))
            }
            failure => Ok(Self { delivered, failure }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::HResult;

    #[test]
    fn progress_comes_back_as_it_went() {
        let failure = ModuleError::new(HResult::ERROR_FILE_EXISTS, "7.cer exists");
        for progress in [Progress::all(3), Progress { delivered: 1, failure: Some(failure) }] {
            assert_eq!(Progress::read(&progress.to_json(), 3), Ok(progress));
        }
    }

    #[test]
    fn a_result_that_cannot_be_is_refused() {
        let error = json!({"code": -32000, "message": "no"});
        for result in [
            json!(null),
            json!({}),
            json!([]),
            json!({"delivered": 4}),
            json!({"delivered": -1}),
            json!({"delivered": 1.5}),
            json!({"delivered": "3"}),
            json!({"delivered": 1}),
            json!({"delivered": 1, "error": "no"}),
            json!({"delivered": 3, "error": error}),
        ] {
            assert_eq!(Progress::read(&result, 3).unwrap_err().code, HResult::ERROR_INVALID_DATA, "{result}");
        }
    }
}
