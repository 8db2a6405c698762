//! The interpreter of the conformance suite, as a program: `interpreter exit`, `interpreter policy`.

use std::process::ExitCode;

use testkit::conformance::interpreter::Interpreter;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("exit") => exeunt_stdio::run_exit(|_| Ok(Interpreter::default())),
        Some("policy") => exeunt_stdio::run_policy(|_| Ok(Interpreter::default())),
        _ => {
            eprintln!("say `exit` or `policy`");
            ExitCode::from(2)
        }
    }
}
