//! The command line: noun, then verb. One file for each noun.
//!
//! Human output goes to standard output as tables and short reports, or with `--json` as JSON that stays stable: what
//! the admin API answers, unchanged. Progress and hints go to standard error. Exit codes are those of
//! [`crate::error::Kind`].

mod audit;
mod ca;
mod certificate;
mod config;
mod connection;
mod context;
mod control;
mod crl;
mod database;
mod describe;
mod event;
mod init;
mod input;
mod installed_module;
mod listing;
mod module_add;
mod module_command;
mod module_manifest;
mod module_new;
mod module_record;
mod module_replay;
mod module_sdk;
mod module_show;
mod module_source;
mod module_start;
mod module_tail;
mod module_test;
mod module_upgrade;
pub(crate) mod output;
mod request;
mod serve;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::Error;
pub(crate) use context::load as load_configuration;
pub use context::{Color, Context, Globals};
pub(crate) use input::pair;
pub(crate) use module_test::specimen;

/// A certification authority server whose centre is its modules.
#[derive(Debug, Parser)]
#[command(name = "exeunt", version, max_term_width = 100, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0 done (also: the request is pending)   4 refused by the authority, or the request was denied
  1 failed                                5 access denied
  2 wrong usage or configuration          6 conflict with the state of things, or with a file
  3 not found                             7 the server cannot be reached or cannot work now
                                          8 asked whether to go on, you said no";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new certification authority in the data folder
    Init(Box<init::Init>),
    /// Run the server; with no configuration at all, a development authority in ./exeunt-data
    Serve(serve::Serve),
    /// The authority's own certificates
    #[command(subcommand)]
    Ca(ca::Ca),
    /// The configuration file
    #[command(subcommand)]
    Config(config::Config),
    /// Certificate requests
    #[command(subcommand)]
    Request(request::Request),
    /// Certificates
    #[command(subcommand)]
    Certificate(certificate::Certificate),
    /// Certificate revocation lists
    #[command(subcommand)]
    Crl(crl::Crl),
    /// Exit and policy modules
    #[command(subcommand)]
    Module(installed_module::Module),
    /// Events: what happened in the authority, in order
    #[command(subcommand)]
    Event(event::Events),
    /// The audit trail
    #[command(subcommand)]
    Audit(audit::Audit),
    /// The database
    #[command(subcommand)]
    Db(database::Database),
    /// The server that runs
    #[command(subcommand)]
    Server(control::Server),
    /// Measure this machine: each figure beside its baseline
    #[command(subcommand)]
    Bench(crate::bench::Bench),
    /// An exit module that answers at once: what `bench` measures a program over stdio with
    #[command(hide = true)]
    AnswerModule,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The whole program: reads the command line, runs the command, says what failed.
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => run(cli),
        Err(error) => {
            // clap prints help and version to standard output, mistakes to standard error.
            let code = if error.use_stderr() { crate::error::Kind::Usage.exit_code() } else { 0 };
            match error.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::FAILURE,
            }
        }
    }
}

/// Reads a command line, the program's name first. For tests.
///
/// # Errors
/// What clap makes of it.
pub fn parse(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(arguments)
}

fn run(cli: Cli) -> ExitCode {
    let context = Context::new(cli.globals);
    let done = match cli.command {
        Command::Serve(serve) => serve.run(&context),
        Command::Completions { shell } => completions(&context, shell),
        Command::Bench(bench) => bench.run(&context),
        Command::AnswerModule => crate::bench::answer_module().map(|()| ExitCode::SUCCESS),
        Command::Init(init) => init.run(&context),
        Command::Ca(ca) => ca.run(&context),
        Command::Config(config) => config.run(&context),
        Command::Request(request) => request.run(&context),
        Command::Certificate(certificate) => certificate.run(&context),
        Command::Crl(crl) => crl.run(&context),
        Command::Module(module) => module.run(&context),
        Command::Event(event) => event.run(&context),
        Command::Audit(audit) => audit.run(&context),
        Command::Db(database) => database.run(&context),
        Command::Server(server) => server.run(&context),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            context.output().error(&error);
            ExitCode::from(error.kind.exit_code())
        }
    }
}

fn completions(context: &Context, shell: clap_complete::Shell) -> Result<ExitCode, Error> {
    context.output().bytes(&completion_script(shell))?;
    Ok(ExitCode::SUCCESS)
}

/// The script for a shell. What is hidden in the help is not offered.
fn completion_script(shell: clap_complete::Shell) -> Vec<u8> {
    let all = Cli::command();
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    let shown = clap::Command::new("exeunt").args(all.get_arguments().cloned()).subcommands(shown);
    let mut shown = shown.version(env!("CARGO_PKG_VERSION"));
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut shown, "exeunt", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_exit_codes_fit_the_width_of_the_help() {
        let width_max = 100;
        assert!(EXIT_CODES.lines().all(|line| line.len() <= width_max), "{EXIT_CODES}");
    }

    #[test]
    fn completions_offer_what_the_help_shows() {
        for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish] {
            let script = String::from_utf8(completion_script(shell)).unwrap_or_default();
            assert!(script.contains("rollback") && script.contains("canary-failures"), "{shell}");
            assert!(script.contains("--version") || script.contains("-l version"), "{shell}");
            assert!(!script.contains("answer-module"), "{shell}");
        }
    }
}
