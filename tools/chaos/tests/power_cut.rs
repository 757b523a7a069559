//! The power cut throws unsynced writes away, and nothing else, with plain files, and with SQLite.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use chaos::power_cut::{PowerCut, Thrown};

/// A directory that is kept, and what keeps it.
struct Disk {
    cut: PowerCut,
    kept: PathBuf,
    aside: PathBuf,
    _directory: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| {
            let path = directory.path().join(name);
            fs::create_dir(&path).unwrap();
            path.canonicalize().unwrap()
        };
        let (kept, logs, aside) = (at("kept"), at("logs"), at("aside"));
        let cut = PowerCut::new(&library(directory.path()), &kept, &logs).unwrap();
        Self { cut, kept, aside, _directory: directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.kept.join(name)
    }

    /// Starts a Python program in the kept directory. `aside` is its first argument.
    fn start(&self, program: &str) -> Child {
        Command::new("python3")
            .args(["-u", "-c", program])
            .arg(&self.aside)
            .current_dir(&self.kept)
            .envs(self.cut.environment())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs (script/setup --tests sees to it)")
    }

    /// Runs it until it prints `ready`, kills it, and cuts the power.
    fn cut_after(&self, program: &str) -> Thrown {
        let mut child = self.start(&format!("{program}\nprint('ready')\nimport time\ntime.sleep(60)"));
        let printed = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let is_ready = printed.into_iter().any(|line| line == "ready");
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_ready, "the program failed; see its words above");
        self.cut.cut(&self.kept).unwrap()
    }
}

/// The preloaded library, compiled.
fn library(directory: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("power_cut");
    let library = directory.join("power_cut.so");
    let sources = fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path());
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-std=gnu11", "-fvisibility=hidden", "-o"])
        .arg(&library)
        .args(sources.filter(|path| path.extension().is_some_and(|extension| extension == "c")))
        .args(["-ldl", "-pthread"])
        .status();
    assert!(compiled.unwrap().success());
    library
}

const OPEN: &str = "
import os
def make(name, octets):
    fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    os.write(fd, octets)
    os.fsync(fd)
    directory = os.open('.', os.O_RDONLY)
    os.fsync(directory)
    return fd
";

#[test]
fn octets_written_since_the_last_sync_are_gone() {
    let disk = Disk::new();
    let program = format!(
        "{OPEN}
fd = make('file', b'0123456789')
os.pwrite(fd, b'xyz', 2)
os.lseek(fd, 0, os.SEEK_END)
os.writev(fd, [b'more', b' and more'])
os.ftruncate(fd, 4)
os.posix_fallocate(fd, 0, 4096)"
    );
    assert_eq!(disk.cut_after(&program), Thrown { changes: 4, names: 0 });
    assert_eq!(fs::read_to_string(disk.path("file")).unwrap(), "0123456789");
}

#[test]
fn synced_octets_stay() {
    let disk = Disk::new();
    let thrown = disk.cut_after(&format!(
        "{OPEN}
fd = make('file', b'0123456789')
os.pwrite(fd, b'xyz', 2)
os.fdatasync(fd)
os.close(os.open('file', os.O_WRONLY | os.O_TRUNC))"
    ));
    assert_eq!(thrown, Thrown { changes: 1, names: 0 });
    assert_eq!(fs::read_to_string(disk.path("file")).unwrap(), "01xyz56789");
}

#[test]
fn a_name_is_durable_when_its_directory_was_synced() {
    let disk = Disk::new();
    let thrown = disk.cut_after(&format!(
        "{OPEN}
make('deleted', b'comes back')
make('moved', b'moves back')
make('replaced', b'is there again')
fd = os.open('made', os.O_RDWR | os.O_CREAT, 0o600)
os.write(fd, b'never was')
os.fsync(fd)
os.unlink('deleted')
os.rename('moved', 'replaced')"
    ));
    assert_eq!(thrown.names, 3);
    let text = |name| fs::read_to_string(disk.path(name)).ok();
    assert_eq!(text("made"), None);
    assert_eq!(text("deleted").as_deref(), Some("comes back"));
    assert_eq!(text("moved").as_deref(), Some("moves back"));
    assert_eq!(text("replaced").as_deref(), Some("is there again"));
}

#[test]
fn another_process_goes_on_with_the_same_log() {
    let disk = Disk::new();
    let first = format!("{OPEN}\nfd = make('file', b'synced')\nos.pwrite(fd, b'X', 0)");
    let mut child = disk.start(&first);
    assert!(child.wait().unwrap().success());
    disk.cut_after("import os\nfd = os.open('file', os.O_WRONLY | os.O_APPEND)\nos.write(fd, b' and not')");
    assert_eq!(fs::read_to_string(disk.path("file")).unwrap(), "synced");
}

/// Threads write and sync one file at random, and the program is killed at random.
const AT_RANDOM: &str = "
import os, random, sys, threading
random.seed(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
fd = os.open('file', os.O_RDWR | os.O_CREAT, 0o600)
os.fsync(fd); os.fsync(os.open('.', os.O_RDONLY))
lock = threading.Lock()
done = 0
def synced():
    global done
    with lock:
        done += 1
        with open(f'{sys.argv[1]}/{done}', 'wb') as copy:
            copy.write(os.pread(fd, 1 << 20, 0))
        print('syncing', done)
        os.fdatasync(fd)
        print('synced', done)
def change():
    with lock:
        if random.random() < 0.1: os.ftruncate(fd, random.randrange(0, 20000))
        else: os.pwrite(fd, os.urandom(random.randrange(1, 5000)), random.randrange(0, 20000))
def work():
    while True: random.choices([change, synced], [8, 1])[0]()
for _ in range(4): threading.Thread(target=work).start()
";

#[test]
fn whenever_it_comes_the_file_is_what_was_synced_last_or_was_being_synced() {
    for after in [1, 7, 40, 90] {
        let disk = Disk::new();
        let mut child = disk.start(AT_RANDOM);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed: Vec<String> = Vec::new();
        for line in lines.map_while(Result::ok) {
            printed.push(line);
            if printed.len() == after {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        disk.cut.cut(&disk.kept).unwrap();
        let last = |word: &str| {
            let number = printed.iter().rev().find_map(|line| line.strip_prefix(word));
            number.map(|number| fs::read(disk.aside.join(number)).unwrap())
        };
        let now = fs::read(disk.path("file")).unwrap();
        let (before, meant) = (last("synced ").unwrap_or_default(), last("syncing "));
        assert!(now == before || Some(now) == meant, "after {after} lines");
    }
}

/// Commits rows one by one, then counts those that a new start finds.
fn rows_after_a_cut(synchronous: &str) -> u64 {
    let disk = Disk::new();
    disk.cut_after(&format!(
        "
import sqlite3
db = sqlite3.connect('file.db', isolation_level=None)
db.execute('PRAGMA journal_mode=WAL')
db.execute('CREATE TABLE t (n INTEGER)')
db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
db.execute('PRAGMA synchronous={synchronous}')
for n in range(200):
    db.execute('INSERT INTO t VALUES (?)', (n,))"
    ));
    let count = "
import sqlite3
db = sqlite3.connect('file.db')
assert db.execute('PRAGMA integrity_check').fetchone() == ('ok',)
print(db.execute('SELECT count(*) FROM t').fetchone()[0])";
    let counted =
        Command::new("python3").args(["-c", count]).current_dir(&disk.kept).output().expect("python3 runs");
    String::from_utf8(counted.stdout).unwrap().trim().parse().expect("it counts")
}

#[test]
fn sqlite_keeps_every_committed_row_with_synchronous_full_and_loses_them_with_off() {
    assert_eq!(rows_after_a_cut("FULL"), 200);
    assert!(rows_after_a_cut("NORMAL") < 200);
    assert!(rows_after_a_cut("OFF") < 200);
}

#[test]
fn the_time_of_day_moves_and_the_monotonic_clock_does_not() {
    let disk = Disk::new();
    disk.cut.move_clock(-90_000_500).unwrap();
    let script = "import time\nprint(time.time(), time.monotonic())";
    let output = disk.start(script).wait_with_output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let times: Vec<f64> = printed.split_whitespace().map(|time| time.parse().unwrap()).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let moved = now - times[0];
    assert!((moved - 90_000.5).abs() < 60.0, "moved by {moved} s");
    let uptime: f64 = fs::read_to_string("/proc/uptime").unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((uptime - times[1]).abs() < 60.0);
}

#[test]
fn a_process_that_never_goes_ahead_goes_back_with_the_others() {
    let disk = Disk::new();
    for (milliseconds, expected) in [(90_000_000, 0.0), (-90_000_000, -90_000.0)] {
        disk.cut.move_clock(milliseconds).unwrap();
        let mut python = Command::new("python3");
        python.args(["-c", "import time; print(time.time())"]).envs(disk.cut.environment_never_ahead());
        let printed = String::from_utf8(python.output().expect("python3 runs").stdout).unwrap();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        let moved = printed.trim().parse::<f64>().unwrap() - now;
        assert!((moved - expected).abs() < 60.0, "moved by {moved} s");
    }
}
