//! The standard streams, kept for the protocol alone.

use std::io::{self, Read, Write};

type Streams = (Box<dyn Read + Send>, Box<dyn Write + Send>);

/// The streams the server speaks on. What the program itself reads and prints goes elsewhere from now on: its standard
/// input is empty, its standard output is its standard error.
#[cfg(unix)]
pub(crate) fn take() -> io::Result<Streams> {
    use std::fs::File;
    use std::os::fd::AsFd;

    io::stdout().flush()?;
    let reader = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let writer = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((Box::new(reader), Box::new(writer)))
}

/// The standard streams themselves: nothing else may be read or printed.
#[cfg(not(unix))]
pub(crate) fn take() -> io::Result<Streams> {
    io::stdout().flush()?;
    Ok((Box::new(io::stdin()), Box::new(io::stdout())))
}
