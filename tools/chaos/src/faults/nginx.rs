//! nginx before the servers. It has the configuration of the documentation, in which only the addresses of the nodes, the
//! listeners, the certificate and the place of the log are others.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::settings::Settings;
use testkit::{Error, client::Client, real::words};

/// The upstream of the configuration with the servers that keep sockets. The servers of every other one take calls.
const FANOUTS: &str = "iutsai_fanouts";
/// The directory of the logs in the configuration.
const LOGS: &str = "/var/log/nginx/";

/// The proxy. It is stopped when this is dropped.
#[derive(Debug)]
pub(super) struct Nginx {
    program: PathBuf,
    directory: PathBuf,
    port: u16,
}

/// The addresses of a run.
struct Addresses<'a> {
    /// Servers that take calls, as HOST:PORT.
    producers: &'a [String],
    /// Servers that keep sockets, as HOST:PORT.
    fanouts: &'a [String],
    /// The port in place of 443.
    port: u16,
    /// The port in place of 80.
    redirecting: u16,
    /// The directory of the logs, with a slash at its end.
    logs: &'a str,
}

impl Nginx {
    /// Starts it with its files in a new directory.
    ///
    /// # Errors
    /// [`Error::File`], and [`Error::Usage`] with its own words.
    pub(super) async fn start(
        settings: &Settings,
        directory: &Path,
        producers: &[Client],
        fanouts: &[Client],
    ) -> Result<Self, Error> {
        let path = settings.nginx_conf.clone();
        let documented =
            fs::read_to_string(&path).map_err(|source| Error::File { what: "read", path, source })?;
        fs::create_dir_all(directory).map_err(|source| Error::File {
            what: "make",
            path: directory.into(),
            source,
        })?;
        let authorities =
            |clients: &[Client]| clients.iter().map(|client| client.authority().to_owned()).collect();
        let (producers, fanouts): (Vec<String>, Vec<String>) = (authorities(producers), authorities(fanouts));
        let [port, redirecting] = free_ports()?;
        let logs = format!("{}/", directory.display());
        let addresses =
            Addresses { producers: &producers, fanouts: &fanouts, port, redirecting, logs: &logs };
        write(directory.join("iutsai.conf"), &adapted(&documented, &addresses))?;
        write(directory.join("nginx.conf"), &around(directory))?;
        let nginx = Self { program: settings.nginx.clone(), directory: directory.into(), port };
        // It is in the background, and listens, when this returns.
        words(&mut nginx.command(None)).await?;
        Ok(nginx)
    }

    /// A client of the servers through it.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub(super) fn client(&self) -> Result<Client, Error> {
        Client::new(&format!("http://127.0.0.1:{}", self.port))
    }

    /// Reads the configuration again. The workers of before end within seconds, and so do their sockets.
    ///
    /// # Errors
    /// [`Error::Usage`] with its own words.
    pub(super) async fn reload(&self) -> Result<(), Error> {
        words(&mut self.command(Some("reload"))).await.map(drop)
    }

    /// Starts it, or sends a signal by its name to the one that runs.
    fn command(&self, signal: Option<&str>) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-p").arg(&self.directory).arg("-e").arg(self.directory.join("error.log"));
        command.arg("-c").arg(self.directory.join("nginx.conf"));
        if let Some(signal) = signal {
            command.args(["-s", signal]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let mut stop = self.command(Some("stop"));
        let stopped = stop.as_std_mut().stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !stopped.is_ok_and(|status| status.success()) {
            eprintln!("nginx may still run; see to the process in {}", self.directory.join("pid").display());
        }
    }
}

/// Returns the documented configuration with the addresses of a run and without TLS.
fn adapted(documented: &str, to: &Addresses<'_>) -> String {
    let mut lines = Vec::new();
    let mut nodes = None;
    for line in documented.lines() {
        let mut words = line.trim().trim_end_matches(';').split_whitespace();
        match (words.next().unwrap_or_default(), words.next().unwrap_or_default()) {
            ("upstream", name) => {
                nodes = Some(if name == FANOUTS { to.fanouts } else { to.producers });
                lines.push(line.to_owned());
            }
            // The first server of an upstream makes way for all, with its parameters.
            ("server", address) if address != "{" => {
                let parameters = words.collect::<Vec<_>>().join(" ");
                let all = nodes.take().unwrap_or_default().iter();
                lines.extend(all.map(|node| format!("    server {node} {parameters};")));
            }
            ("listen", "80") => lines.push(format!("    listen 127.0.0.1:{};", to.redirecting)),
            ("listen", "443") => lines.push(format!("    listen 127.0.0.1:{};", to.port)),
            ("listen", _) => {}
            (directive, _) if directive.starts_with("ssl_") => {}
            _ => lines.push(line.replace(LOGS, to.logs)),
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Returns the configuration around it, with everything that nginx writes in one directory. A reload closes the sockets of
/// before soon, so that a run sees it.
fn around(directory: &Path) -> String {
    let at = directory.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|name| format!("    {name}_temp_path {at}/temp-{name};\n")).concat();
    format!(
        "worker_processes 2;\nworker_shutdown_timeout 2s;\npid {at}/pid;\nerror_log {at}/error.log notice;\n\
         events {{\n    worker_connections 4096;\n}}\n\
         http {{\n{temporary}    access_log off;\n    include {at}/iutsai.conf;\n}}\n"
    )
}

fn write(path: PathBuf, text: &str) -> Result<(), Error> {
    fs::write(&path, text).map_err(|source| Error::File { what: "write", path, source })
}

/// Returns ports of loopback on which nothing listens.
fn free_ports() -> Result<[u16; 2], Error> {
    let bind = || TcpListener::bind(("127.0.0.1", 0)).map_err(Error::system("listen"));
    let port = |listener: &TcpListener| {
        listener.local_addr().map(|address| address.port()).map_err(Error::system("listen"))
    };
    // Both listen at one time, so that they are two.
    let (one, other) = (bind()?, bind()?);
    Ok([port(&one)?, port(&other)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations/nginx/iutsai.conf"));

    fn nodes(ports: std::ops::Range<u16>) -> Vec<String> {
        ports.map(|port| format!("127.0.0.1:{port}")).collect()
    }

    fn run(producers: &[String], fanouts: &[String]) -> String {
        let addresses = Addresses { producers, fanouts, port: 4001, redirecting: 4002, logs: "/run/" };
        adapted(DOCUMENTED, &addresses)
    }

    #[test]
    fn only_addresses_the_certificate_and_the_log_of_the_documentation_are_changed() {
        let adapted = run(&nodes(5000..5003), &nodes(6000..6003));
        let is_kept = |line: &&str| {
            let first = line.split_whitespace().next().unwrap_or_default();
            !line.contains(" 10.0.0.")
                && !line.contains(LOGS)
                && first != "listen"
                && !first.starts_with("ssl_")
        };
        let kept: Vec<_> = DOCUMENTED.lines().filter(is_kept).collect();
        let is_ours = |line: &&str| line.contains("127.0.0.1:") || line.contains("/run/");
        let found: Vec<_> = adapted.lines().filter(|line| !is_ours(line)).collect();
        assert_eq!(found, kept);
        let ours: Vec<_> = adapted.lines().filter(is_ours).collect();
        assert!(ours.contains(&"    listen 127.0.0.1:4001;") && ours.contains(&"    listen 127.0.0.1:4002;"));
        assert!(ours.contains(&"    access_log /run/iutsai.log iutsai;"), "{ours:?}");
    }

    #[test]
    fn every_producer_is_in_two_upstreams_and_every_fan_out_in_one() {
        let (producers, fanouts) = (nodes(5000..5002), nodes(6000..6004));
        let adapted = run(&producers, &fanouts);
        let count = |node: &String| {
            let line = format!("    server {node} max_fails=0;");
            adapted.lines().filter(|shown| *shown == line).count()
        };
        assert!(producers.iter().all(|node| count(node) == 2), "{adapted}");
        assert!(fanouts.iter().all(|node| count(node) == 1), "{adapted}");
        assert_eq!(adapted.lines().filter(|line| line.starts_with("    server ")).count(), 8, "{adapted}");
    }
}
