//! Where a shared object crashed, in whatever way: in its own code, in a library's, in none, on another thread, by another's doing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

/// A file that registers itself by crashing, in the way that the variable `WAY` says.
const SOURCE: &str = r#"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int exeunt_attach(const void *host) { return 0; }

static void *volatile nowhere;
static volatile int zero, result;

#define FUNCTION __attribute__((noinline)) static void
FUNCTION writes(void) { *(volatile int *)((char *)nowhere + 0x1234) = 5; result = 1; }
FUNCTION runs(void) { ((void (*)(void))nowhere)(); result = 1; }
FUNCTION copies(void) { memcpy(nowhere, "a text", (size_t)zero + 6); result = 1; }
FUNCTION divides(void) { result = 7 / zero; }
#ifdef __x86_64__
FUNCTION traps(void) { __asm__ volatile("int3"); result = 1; }
#else
FUNCTION traps(void) { __builtin_trap(); }
#endif
FUNCTION aborts(void) { abort(); }
FUNCTION leaves(void) { exit(7); }
FUNCTION waits(void) { kill(getpid(), SIGSEGV); pause(); result = 1; }

FUNCTION loads(void)
{
    void *library = dlopen(getenv("LATER"), RTLD_NOW);
    void (*enters)(int *) = (void (*)(int *))dlsym(library, "enters");
    enters(nowhere);
    result = 1;
}

int DllGetClassObject(void)
{
    if (!strcmp(getenv("WAY"), "offers")) writes();
    return result;
}

static void *on_a_thread(void *data) { *(volatile int *)nowhere = 1; return data; }

int DllRegisterServer(void)
{
    const char *way = getenv("WAY");
    pthread_t thread;
    if (!strcmp(way, "writes")) writes();
    if (!strcmp(way, "runs")) runs();
    if (!strcmp(way, "copies")) copies();
    if (!strcmp(way, "divides")) divides();
    if (!strcmp(way, "traps")) traps();
    if (!strcmp(way, "aborts")) aborts();
    if (!strcmp(way, "leaves")) leaves();
    if (!strcmp(way, "waits")) waits();
    if (!strcmp(way, "loads")) loads();
    if (!strcmp(way, "forks")) { if (fork() == 0) exit(7); wait(0); }
    if (!strcmp(way, "forks, and crashes")) { if (fork() == 0) writes(); wait(0); }
    if (!strcmp(way, "ends")) pthread_exit(0);
    if (!strcmp(way, "threads")) { pthread_create(&thread, 0, on_a_thread, 0); pthread_join(thread, 0); }
    return result;
}
"#;

/// A library that it loads when it is already running.
const LATER: &str = r#"
#include <string.h>

static int deeper(volatile int *at, int more)
{
    volatile char room[200];
    memset((char *)room, more, sizeof room);
    if (more > 0) return deeper(at, more - 1) + room[3];
    *at = 5;
    return room[7];
}

int enters(int *at) { return deeper(at, 3) + 1; }
"#;

#[test]
fn a_crash_is_told_with_its_place_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let [file, later] = [("ways", SOURCE), ("later", LATER)].map(|(name, text)| {
        let (source, file) = (folder.path().join(format!("{name}.c")), folder.path().join(format!("{name}.so")));
        std::fs::write(&source, text).unwrap();
        let compiler = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-pthread", "-fno-builtin"])
            .arg(&source)
            .arg("-o")
            .arg(&file)
            .status();
        assert!(compiler.expect("cc is installed: apt install build-essential").success());
        file
    });
    let heard = |way: &str| {
        let mut host = Command::new(env!("CARGO_BIN_EXE_exeunt-comhost"));
        host.arg("register").arg(&file).arg("--registry").arg(folder.path().join("registry"));
        let output = host.env("WAY", way).env("LATER", &later).stdin(Stdio::null()).output().unwrap();
        (output.status, String::from_utf8(output.stderr).unwrap())
    };
    let told = |way: &str| {
        let (status, text) = heard(way);
        (status, text.lines().last().unwrap_or_default().to_owned())
    };
    let (method, memory) = ("the module crashed in DllRegisterServer: ", "an invalid memory access (SIGSEGV) at ");
    for (way, signal, start, parts) in [
        ("writes", libc::SIGSEGV, memory, &["ways.so+0x", "(writes+0x", ", writing to 0x1234"][..]),
        ("runs", libc::SIGSEGV, memory, &["0x0, running 0x0, called from ways.so+0x", "(runs+0x"]),
        ("copies", libc::SIGSEGV, memory, &["libc.so", ", writing to 0x0, called from ways.so+0x", "(copies+0x"]),
        ("loads", libc::SIGSEGV, memory, &["later.so+0x", ", writing to 0x0, called from ways.so+0x", "(loads+0x"]),
        ("divides", libc::SIGFPE, "an arithmetic error (SIGFPE) at ways.so+0x", &["(divides+0x"]),
        ("traps", libc::SIGTRAP, "a breakpoint, or a trap of the compiler's (SIGTRAP) at ways.so+0x", &["(traps+0x"]),
        (
            "aborts",
            libc::SIGABRT,
            "an exception that nobody caught, or abort",
            &["called from ways.so+0x", "(aborts+0x"],
        ),
        ("waits", libc::SIGSEGV, memory, &["libc.so", ", sent by process "]),
        ("ends", libc::SIGABRT, "an exception that nobody caught, or the end of its thread", &[]),
    ] {
        let (status, line) = told(way);
        assert_eq!(status.signal(), Some(signal), "{way}: {line}");
        let rest = line.strip_prefix(method).unwrap_or_else(|| panic!("{way}: {line}"));
        assert!(rest.starts_with(start) && parts.iter().all(|part| rest.contains(part)), "{way}: {line}");
    }
    // What is registered is asked for its class.
    let class = folder.path().join("registry/registry/HKEY_LOCAL_MACHINE/SOFTWARE/Classes/Ways.Exit/CLSID");
    std::fs::create_dir_all(&class).unwrap();
    let value = r#"{"": {"type": "REG_SZ", "value": "{00000000-0000-0000-0000-000000000001}"}}"#;
    std::fs::write(class.join(".values.json"), value).unwrap();
    let (_, line) = told("offers");
    assert!(line.starts_with("the module crashed in DllGetClassObject: ") && line.contains("(writes+0x"), "{line}");
    // On a thread of its own it is in no method.
    let (_, line) = told("threads");
    assert!(line.starts_with(&format!("the module crashed: {memory}ways.so+0x")), "{line}");
    assert!(line.contains("(on_a_thread+0x") && line.ends_with(", writing to 0x0"), "{line}");
    let (status, line) = told("leaves");
    assert_eq!(status.code(), Some(7));
    assert!(line.starts_with("the module called exit in DllRegisterServer at ways.so+0x"), "{line}");
    assert!(line.contains("(leaves+0x"), "{line}");

    // The end of a process that it has forked is not its own.
    let (_, text) = heard("forks");
    assert!(!text.contains("the module"), "{text}");
    let (status, text) = heard("forks, and crashes");
    let line = "a process that the module forked crashed in DllRegisterServer: an invalid memory access (SIGSEGV) at ways.so+0x";
    assert!(status.signal().is_none() && text.contains(line), "{text}");

    // Without names the place is still told.
    let stripped = Command::new("strip").arg(&file).status().expect("strip is installed: apt install binutils");
    assert!(stripped.success());
    let (_, line) = told("writes");
    assert!(line.contains(" at ways.so+0x") && !line.contains("(writes"), "{line}");
}
