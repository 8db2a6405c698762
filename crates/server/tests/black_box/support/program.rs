//! Modules in Python that a test writes: it says what becomes of each call, and no more.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::authority::Place;

/// Reads calls and writes answers. A program defines a function for each method it answers, by the method's name: it is given the
/// parameters, and what it returns is the result; nothing returned is an empty one. A `Failure` is an error with this message and,
/// where it is given one, this code.
const LOOP: &str = r#"
class Failure(Exception):
    def __init__(self, message, hresult=None):
        self.error = {"code": -32000, "message": message}
        if hresult is not None:
            self.error["data"] = {"hresult": hresult}

def serve(methods):
    for line in sys.stdin:
        call = json.loads(line)
        if "id" not in call:
            continue
        answer = {"jsonrpc": "2.0", "id": call["id"]}
        try:
            method = methods.get(call["method"], lambda params: None)
            answer["result"] = method(call.get("params", {})) or {}
        except Failure as failure:
            answer["error"] = failure.error
        print(json.dumps(answer), flush=True)

serve(globals())
"#;

/// The text of a module that answers as `methods` say.
pub fn source(methods: &str) -> String {
    format!("#!/usr/bin/env python3\nimport json, os, sys\n{methods}{LOOP}")
}

/// Writes a file that can be run, over the one in its place if there is one: a program that runs is not disturbed.
pub fn install(file: &Path, content: &[u8]) {
    let fresh = file.with_extension("fresh");
    std::fs::write(&fresh, content).unwrap();
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(&fresh, file).unwrap();
}

impl Place {
    /// Writes a module that answers as `methods` say, and runs in the folder.
    pub fn module(&self, name: &str, methods: &str) -> PathBuf {
        let file = self.path(name);
        let folder = self.path("");
        install(&file, source(&format!("os.chdir({:?})\n{methods}", folder.to_str().unwrap())).as_bytes());
        file
    }
}
