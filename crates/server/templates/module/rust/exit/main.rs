//! @name@: an exit module. It adds a line to a file for each certificate that is issued or revoked.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use exeunt_module::{
    EventId, ExitEvent, ExitEvents, ExitModule, ModuleError, Notification, PropertyType, ServerExit, Settings,
};
use exeunt_stdio::Level;

struct @Type@ {
    /// Where lines are added; the server's log without it.
    file: Option<PathBuf>,
}

impl @Type@ {
    /// Settings come here, once for each process. An error is shown to the operator.
    fn new(settings: &Settings) -> Result<Self, ModuleError> {
        Ok(Self { file: settings.value("file").map(PathBuf::from) })
    }
}

impl ExitModule for @Type@ {
    fn initialize(&self, _ca: &str, _server: &dyn ServerExit) -> Result<ExitEvents, ModuleError> {
        Ok(ExitEvents::CERT_ISSUED | ExitEvents::CERT_REVOKED)
    }

    /// An event is done when this returns `Ok`, and comes again after an error. It can come twice, with the same number: the
    /// second time there is nothing to do.
    fn notify(&self, notification: &Notification, server: &dyn ServerExit) -> Result<(), ModuleError> {
        let event = notification.id;
        if !matches!(notification.event, ExitEvent::CertIssued | ExitEvent::CertRevoked) {
            return Ok(());
        }
        let request = server.request_property("RequestID", PropertyType::Long)?.into_long()?;
        let serial = server.certificate_property("SerialNumber", PropertyType::String)?.into_text()?;
        let line = format!("{event} {} request {request} serial {serial}", notification.event);
        match &self.file {
            None => exeunt_stdio::log(Level::Info, &line),
            Some(file) => add(file, event, &line).map_err(|error| ModuleError::from(error).at(file.display()))?,
        }
        Ok(())
    }

    fn description(&self) -> String {
        "one line for each certificate".to_owned()
    }
}

/// Adds the event's line, once.
fn add(file: &Path, event: EventId, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(file)?;
    let mut lines = String::new();
    file.read_to_string(&mut lines)?;
    // A line without an end was cut off by a crash: its event comes again.
    let (whole, cut_off) = lines.rsplit_once('\n').unwrap_or(("", &lines));
    if whole.lines().any(|known| known.starts_with(&format!("{event} "))) {
        return Ok(());
    }
    let begin = if cut_off.is_empty() { "" } else { "\n" };
    file.write_all(format!("{begin}{line}\n").as_bytes())?;
    // On disk before the event counts as done.
    file.sync_all()
}

fn main() -> ExitCode {
    exeunt_stdio::run_exit(@Type@::new)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use exeunt_stdio::testing::Server;

    use super::*;

    fn module(file: &str) -> Result<@Type@, ModuleError> {
        @Type@::new(&Settings::from([("file", file)]))
    }

    #[test]
    fn an_event_leaves_one_line_however_often_it_comes() -> Result<(), ModuleError> {
        let file = std::env::temp_dir().join(format!("@name@-{}", std::process::id()));
        let module = module(&file.to_string_lossy())?;
        let server = Server::issued("www.example.org").certificate("SerialNumber", "1a2b");
        server.notify(&module, ExitEvent::CertIssued)?;
        server.again().notify(&module, ExitEvent::CertIssued)?;
        let lines = fs::read_to_string(&file)?;
        fs::remove_file(&file)?;
        assert_eq!(lines, "41 cert-issued request 7 serial 1a2b\n");
        Ok(())
    }

    #[test]
    fn a_line_that_a_crash_cut_off_is_written_again() -> Result<(), ModuleError> {
        let file = std::env::temp_dir().join(format!("@name@-cut-off-{}", std::process::id()));
        fs::write(&file, "40 cert-issued request 6 serial 00\n41 cert-is")?;
        let server = Server::issued("www.example.org").certificate("SerialNumber", "1a2b");
        server.notify(&module(&file.to_string_lossy())?, ExitEvent::CertIssued)?;
        let lines = fs::read_to_string(&file)?;
        fs::remove_file(&file)?;
        assert_eq!(lines.lines().last(), Some("41 cert-issued request 7 serial 1a2b"));
        assert_eq!(lines.lines().count(), 3);
        Ok(())
    }

    #[test]
    fn without_a_file_the_line_is_logged() -> Result<(), ModuleError> {
        let module = @Type@::new(&Settings::default())?;
        let server = Server::issued("www.example.org").certificate("SerialNumber", "1a2b");
        server.notify(&module, ExitEvent::CertRevoked)?;
        assert_eq!(server.logged(), ["info: 41 cert-revoked request 7 serial 1a2b"]);
        Ok(())
    }

    #[test]
    fn what_cannot_be_written_comes_again() -> Result<(), ModuleError> {
        let module = module("/nonexistent/lines")?;
        let failed = Server::issued("www.example.org").notify(&module, ExitEvent::CertIssued);
        assert!(failed.is_err_and(|error| error.message.starts_with("/nonexistent/lines: ")));
        Ok(())
    }
}
