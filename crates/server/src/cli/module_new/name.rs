//! The name of a new module, and how it is spelt where a language has its own rules.

use std::str::FromStr;

use crate::Error;

/// The most characters.
const LENGTH_MAX: usize = 40;

/// What no Rust package may be called: keywords, and names that the language, its tools and the module's own dependencies have.
const TAKEN_IN_RUST: [&str; 54] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "example",
    "examples",
    "exeunt-module",
    "exeunt-stdio",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "type",
    "use",
];

/// What no module of a Python program may be called: Python's own modules, which it would hide, and Exeunt's package.
const TAKEN_IN_PYTHON: &str = "\
    abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii \
    bisect builtins bz2 calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys compileall compression \
    concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal \
    difflib dis distutils doctest email encodings ensurepip enum errno exeunt_module faulthandler fcntl filecmp fileinput \
    fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac \
    html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale \
    logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib \
    nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil \
    platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat \
    queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil \
    signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat \
    statistics string stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile \
    termios textwrap this threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty turtle \
    turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound \
    wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo";

/// A name that is one everywhere: `expiry-mail`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(String);

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let good = text.len() <= LENGTH_MAX
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(plain)
            && !text.ends_with('-')
            && !text.contains("--");
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err("write lower-case letters, digits and hyphens: expiry-mail".into())
        }
    }
}

impl Name {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// `expiry_mail`.
    pub(super) fn snake(&self) -> String {
        self.0.replace('-', "_")
    }

    /// `ExpiryMail`.
    pub(super) fn pascal(&self) -> String {
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
        };
        self.0.split('-').map(capital).collect()
    }

    /// Fails on what no Rust package may be called.
    pub(super) fn check_for_rust(&self) -> Result<(), Error> {
        if TAKEN_IN_RUST.contains(&self.as_str()) {
            return Err(Error::usage(format!("a Rust package cannot be called `{}`", self.0)).next("give another name"));
        }
        Ok(())
    }

    /// Fails on a name whose file would hide a module that the project's own tests need.
    pub(super) fn check_for_python(&self) -> Result<(), Error> {
        if TAKEN_IN_PYTHON.split_whitespace().any(|taken| taken == self.snake()) {
            let text = format!("Python has a module `{}` already, which {}.py would hide", self.snake(), self.snake());
            return Err(Error::usage(text).next("give another name"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_are_spelt_as_each_language_wants() {
        let name: Name = "expiry-mail2".parse().unwrap();
        assert_eq!((name.snake().as_str(), name.pascal().as_str()), ("expiry_mail2", "ExpiryMail2"));
        for text in ["", "-a", "a-", "a--b", "A", "1a", "a_b", "a.b", "../a", "ä", &"a".repeat(41)] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
        assert!("test".parse::<Name>().unwrap().check_for_rust().is_err());
        assert!(name.check_for_rust().is_ok());
        for text in ["logging", "json", "exeunt-module", "zipfile", "abc"] {
            assert!(text.parse::<Name>().unwrap().check_for_python().is_err(), "{text}");
        }
        assert!(name.check_for_python().is_ok());
    }
}
