//! A page of the manual as a script, and its run.

use std::fmt::Write;
use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::built;

/// How long a page may take. The machine may be busy, and one page builds the author's first modules.
const PATIENCE: Duration = Duration::from_secs(900);

/// How long to wait before the script is looked at again.
const AGAIN: Duration = Duration::from_millis(20);

/// The pages that are run.
const PAGES: [&str; 16] = [
    "first-steps.md",
    "requests.md",
    "crls.md",
    "modules.md",
    "administration.md",
    "performance.md",
    "../modules/laboratory.md",
    "../modules/first-module.md",
    "../modules/webhook.md",
    "../modules/com.md",
    "../modules/cpp.md",
    "../modules/porting.md",
    "../modules/process.md",
    "../modules/python.md",
    "../modules/rust.md",
    "../modules/wasm.md",
];

/// What pages call their folders, each below the page's own folder when it is run.
const FOLDERS: [&str; 3] = ["/srv/", "/var/lib/", "/usr/lib/exeunt/"];

/// What is run before a page's blocks.
const PRELUDE: &str = r#"
set -euo pipefail
declare -A servers=()
started=0
block=none
finish() {
    code=$?
    for pid in "${servers[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${servers[@]}"; do wait "$pid" || true; done
    [ "$code" = 0 ] || echo "failed with code $code: $block"
}
trap finish EXIT
serve() {
    local command=$1 line
    if [ -n "${servers[$command]:-}" ]; then
        kill "${servers[$command]}"
        wait "${servers[$command]}"
    fi
    started=$((started + 1))
    local said="$HARNESS/said.$started"
    mkfifo "$said"
    bash -c "exec $command" >"$said" &
    servers[$command]=$!
    exec {out}<"$said"
    while IFS= read -r line <&"$out"; do
        case $line in *" is ready.") return 0 ;; esac
    done
    echo "the server ended before it was ready"
    return 1
}
"#;

/// How often a block is tried until it succeeds, and what stands between the tries.
const TRIES: u32 = 600;
const UNTIL: &str = r#"[ "$code" != 0 ] || break; [ "$left" -gt 0 ]; sleep 0.1"#;

/// What a block is.
enum Kind<'a> {
    Run,
    Fails(i32),
    Until,
    Serve,
    /// What the reader saves under this name.
    File(&'a str),
    /// What the reader adds to the file of this name.
    Added(&'a str),
}

/// The text of a page.
pub fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a page, and returns the folder it was run in.
pub fn run(name: &str) -> TempDir {
    run_given(name, "", "")
}

/// Runs a page whose reader has something already, which the commands of `given` make, in the same shell. Those of `then` look at
/// what came of it.
pub fn run_given(name: &str, given: &str, then: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let script = script(name, folder.path(), given, then);
    let harness = tempfile::tempdir().unwrap();
    let path = harness.path().join("script");
    std::fs::write(&path, script).unwrap();
    let log = harness.path().join("log");
    let output = File::create(&log).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_exeunt")).parent().unwrap().to_owned();
    let others = std::env::var("PATH").unwrap();
    let for_wine = built::target().join("x86_64-pc-windows-gnu/debug");
    let child = Command::new("bash")
        .arg(&path)
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", format!("{}:{others}:{}:{}", programs.display(), python_programs().display(), for_wine.display()))
        .env("HOME", folder.path())
        .env("LANG", "C.UTF-8")
        .env("HARNESS", harness.path())
        .envs(tools())
        .stdin(Stdio::null())
        .stderr(output.try_clone().unwrap())
        .stdout(output)
        .process_group(0)
        .spawn()
        .expect("bash is installed");
    Script { child, log, ended: false }.finish(name);
    folder
}

/// What those have who write modules: Rust, and what is in the tests' Python environment, but not the source of Exeunt. What
/// cargo builds is kept from run to run, and nothing need be fast.
fn tools() -> Vec<(&'static str, PathBuf)> {
    let checkout = checkout();
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let folder = |name: &str, default: &str| std::env::var_os(name).map_or_else(|| home.join(default), PathBuf::from);
    vec![
        ("CARGO_HOME", folder("CARGO_HOME", ".cargo")),
        ("RUSTUP_HOME", folder("RUSTUP_HOME", ".rustup")),
        ("CARGO_BUILD_BUILD_DIR", checkout.join("target/module-new")),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0".into()),
        ("CARGO_PROFILE_RELEASE_LTO", "off".into()),
        ("OPTIMIZE", "-O0".into()),
        ("MAKEFLAGS", "-j2".into()),
        ("PYTHONDONTWRITEBYTECODE", "1".into()),
    ]
}

pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Programs that Python's packages brought.
fn python_programs() -> PathBuf {
    let venv = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/venv");
    std::env::var_os("EXEUNT_VENV").map_or(venv, PathBuf::from).join("bin")
}

/// A page's script: the blocks between the prelude's functions, folders and ports replaced.
fn script(name: &str, folder: &Path, given: &str, then: &str) -> String {
    let mut script = PRELUDE.to_owned();
    writeln!(script, "block='what the page takes for granted'\n{given}").unwrap();
    let page = text(name);
    let mut lines = page.lines().enumerate();
    let mut blocks = 0;
    while let Some((at, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body: String = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").fold(
            String::new(),
            |mut body, line| {
                writeln!(body, "{line}").unwrap();
                body
            },
        );
        let Some(kind) = kind(info) else { continue };
        let body = below(folder, body);
        blocks += 1;
        writeln!(script, "block='docs/manual/{name}, line {}'\necho \"== $block\"", at + 1).unwrap();
        match kind {
            Kind::Run => script.push_str(&body),
            Kind::Fails(code) => {
                writeln!(script, "{}\n[ \"$code\" = {code} ]", apart(&body)).unwrap();
            }
            Kind::Until => {
                let body = apart(&body);
                writeln!(script, "for ((left = {TRIES}; ; left--)); do\n{body}\n{UNTIL}\ndone").unwrap();
            }
            Kind::Serve => writeln!(script, "serve '{}'", body.trim()).unwrap(),
            Kind::File(file) => writeln!(script, "cat > {file} <<'END OF FILE'\n{body}END OF FILE").unwrap(),
            Kind::Added(file) => writeln!(script, "cat >> {file} <<'END OF FILE'\n{body}END OF FILE").unwrap(),
        }
    }
    assert!(blocks > 0, "{name} has no block that is run");
    writeln!(script, "block='what comes of the page'\n{then}").unwrap();
    with_free_ports(name, script)
}

/// A page's commands with its folders below this one, also as they are called under Wine.
fn below(folder: &Path, body: String) -> String {
    let folder = folder.display().to_string();
    let body = FOLDERS.iter().fold(body, |body, name| body.replace(name, &format!("{folder}{name}")));
    body.replace(r"Z:\srv\", &format!(r"Z:{}\srv\", folder.replace('/', r"\")))
}

/// A block in a shell of its own, which ends at the first command that fails; its code is kept.
fn apart(body: &str) -> String {
    format!("set +e; ( set -e\n{body}); code=$?; set -e")
}

fn kind(info: &str) -> Option<Kind<'_>> {
    match info.split(' ').collect::<Vec<_>>().as_slice() {
        ["sh", "run"] => Some(Kind::Run),
        ["sh", "serve"] => Some(Kind::Serve),
        ["sh", "until"] => Some(Kind::Until),
        ["sh", "fails", code] => Some(Kind::Fails(code.parse().unwrap())),
        [_, "file", name] => Some(Kind::File(name)),
        [_, "in", name] => Some(Kind::Added(name)),
        ["sh", "windows" | "browser"] => None,
        ["sh" | "toml" | "text" | "ini" | "json" | "rust" | "python" | "cpp"] => None,
        _ => panic!("a block cannot be `{info}`"),
    }
}

/// The ports that pages name, each replaced by one that nobody listens on.
fn with_free_ports(name: &str, mut script: String) -> String {
    // Pages run side by side: each looks in a range of its own, away from those of outgoing connections.
    let index = PAGES.iter().position(|page| *page == name).expect("every page is listed");
    let first = 30_000 + 400 * u16::try_from(index).unwrap();
    let mut free = (first..first + 400).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    for port in [8080, 8443, 9090] {
        script = script.replace(&format!(":{port}"), &format!(":{}", free.next().unwrap()));
    }
    script
}

/// A script that runs. One that does not end is killed, with its servers.
struct Script {
    child: Child,
    log: PathBuf,
    ended: bool,
}

impl Script {
    fn finish(mut self, name: &str) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.ended = true;
                break Some(status);
            }
            if Instant::now() > deadline {
                break None;
            }
            std::thread::park_timeout(AGAIN);
        };
        let log = || std::fs::read_to_string(&self.log).unwrap();
        match status {
            Some(status) => assert!(status.success(), "{name} does not work:\n{}", log()),
            None => panic!("{name} does not come to its end:\n{}", log()),
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // Its servers are in its process group; their modules end when their standard input closes.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}
