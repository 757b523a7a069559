//! The machine that measures.

use std::fs;

use rustix::process::nice;

/// Returns cores, processor, memory and kernel, as far as the system shows them.
pub fn facts() -> String {
    let cores = std::thread::available_parallelism().map_or_else(|_| "?".into(), |cores| cores.to_string());
    let processor =
        after_colon("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.into());
    let memory = after_colon("/proc/meminfo", "MemTotal")
        .and_then(|text| text.trim_end_matches(" kB").parse::<f64>().ok())
        .map_or_else(String::new, |kilobytes| format!(", {:.1} GiB", kilobytes / 1024.0 / 1024.0));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores, {processor}{memory}, {} {}", std::env::consts::OS, kernel.trim())
}

/// Returns what else the machine does, as runnable processes on average; more than a few tenths disturb the measurement.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().filter(|one_minute| !one_minute.is_empty()).unwrap_or("?").to_owned()
}

/// From now on the calling thread has the lowest priority (nice(2); on Linux it is the thread's own).
pub fn give_way() {
    if let Err(error) = nice(19) {
        eprintln!("the load keeps its priority, which makes the measured server look slower: {error}");
    }
}

/// The value of a `name : value` line.
fn after_colon(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'))?.1;
    Some(value.trim().to_owned())
}
