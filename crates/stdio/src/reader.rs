//! The thread that reads what the server says.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use exeunt_module::wire::{Incoming, method};

use crate::Broken;
use crate::inbox::Call;
use crate::link::Link;

/// Starts it. It ends with the input, at `shutdown`, or at a breach; then it waits as long as a call may take for the
/// module to return, and calls `overdue` where it does not.
pub(crate) fn start(
    reader: impl Read + Send + 'static,
    link: Arc<Link>,
    overdue: Option<fn(Duration)>,
) -> Result<(), Broken> {
    let read = move || {
        let end = listen(BufReader::new(reader), &link);
        link.close(end);
        let limit = link.call_limit();
        if let Some(overdue) = overdue
            && !link.inbox.wait_finished(limit)
        {
            overdue(limit);
        }
    };
    let started = thread::Builder::new().name("reader".to_owned()).spawn(read);
    started.map(|_| ()).map_err(|error| Broken(format!("no thread to read with: {error}")))
}

/// Reads messages until there are no more.
fn listen(mut reader: impl BufRead, link: &Link) -> Result<(), Broken> {
    let mut line = Vec::new();
    while read_line(&mut reader, &mut line, link.message_bytes_max())? {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match Incoming::parse(&line).map_err(|what| Broken(format!("the server sent {what}")))? {
            Incoming::Answer { id, result } => link.answered(id, result)?,
            Incoming::Call { id: Some(id), method, params } => link.inbox.push(Call { id, method, params })?,
            Incoming::Call { id: None, method, .. } if method == method::SHUTDOWN => break,
            Incoming::Call { id: None, .. } => {}
        }
    }
    Ok(())
}

/// Reads one line without its end; false at the end of the input, where a line without a line feed is no message.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>, bytes_max: u64) -> Result<bool, Broken> {
    line.clear();
    match reader.take(bytes_max).read_until(b'\n', line) {
        Ok(_) if line.last() == Some(&b'\n') => {
            line.pop();
            Ok(true)
        }
        Ok(read) if read as u64 >= bytes_max => {
            Err(Broken(format!("the server sent a line of more than {bytes_max} bytes")))
        }
        Ok(_) => Ok(false),
        // The other end of a pipe was closed; Windows says so by an error.
        Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => Ok(false),
        Err(error) => Err(Broken(format!("the server cannot be heard: {error}"))),
    }
}
