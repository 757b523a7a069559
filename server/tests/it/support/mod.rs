//! The real program for each test, with the demo complex, on a free port and a new data directory.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use domain::{AlertId, api::AcceptRequest};
use reqwest::{Method, RequestBuilder};
use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use testkit::{
    Error,
    client::{Client, Session},
    server::{Program, Server},
};

/// The outcome of a test; an error fails it.
pub(crate) type Outcome = Result<(), Error>;

/// The caller of most tests, house 1203 of line 101-1.
pub(crate) const CALLER: &str = "resident-1203";
/// A neighbour on the caller's line, house 1204.
pub(crate) const NEIGHBOUR: &str = "resident-1204";
/// Another neighbour on the caller's line, house 1301.
pub(crate) const SECOND_NEIGHBOUR: &str = "resident-1301";
/// Somebody on another line, 101-2.
pub(crate) const STRANGER: &str = "resident-0501";
/// The administrator, who has no flat.
pub(crate) const ADMINISTRATOR: &str = "admin";
/// The password of all of them.
pub(crate) const PASSWORD: &str = "neighbour";

/// Returns the program under test, which is `IUTSAI_PROGRAM` where a script has built everything, else this build's
/// own.
pub(crate) fn path() -> PathBuf {
    std::env::var_os("IUTSAI_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_iutsai").into(), PathBuf::from)
}

/// The program, not started yet.
pub(crate) fn program() -> Program {
    let program = Program::new(path());
    if std::env::var_os("IUTSAI_SITE_DIR").is_some() || path().with_file_name("site").is_dir() {
        return program;
    }
    // Cargo's own build has no site beside it; what is tested here needs the icons at most.
    program.env("IUTSAI_SITE_DIR", Path::new(env!("CARGO_MANIFEST_DIR")).join("../public"))
}

/// The program, ready.
pub(crate) async fn server() -> Result<Server, Error> {
    program().start().await
}

/// The program, ready, and a client of it.
pub(crate) async fn server_and_client() -> Result<(Server, Client), Error> {
    let server = server().await?;
    let client = server.client()?;
    Ok((server, client))
}

/// Somebody of the demo complex.
pub(crate) async fn sign_in(client: &Client, name: &str) -> Result<Session, Error> {
    client.sign_in(name, PASSWORD).await
}

/// Makes a resident of a line of its own by the command line, and signs in.
pub(crate) async fn resident_of(server: &Server, client: &Client, line: &str) -> Result<Session, Error> {
    person_of(server, client, "resident", (line, "101"), line).await
}

/// Makes the account of somebody who lives in a flat by the command line, and signs in.
pub(crate) async fn person_of(
    server: &Server,
    client: &Client,
    role: &str,
    (line, house): (&str, &str),
    name: &str,
) -> Result<Session, Error> {
    let mut child = Command::new(path())
        .args(["admin", "create", "--role", role, "--house", house, "--line", line, "--name", name])
        .env("IUTSAI_DATA_DIR", server.data_dir())
        .env_remove("DATABASE_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "the account of {name} is made");
    sign_in(client, name).await
}

/// Runs a command of the program on the data of a server, and returns whether it succeeded and what it printed.
pub(crate) fn command(server: &Server, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(path());
    command.args(arguments).env("IUTSAI_DATA_DIR", server.data_dir()).env("DATABASE_URL", server.database());
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.success(), text.concat())
}

/// Changes the accounts' database behind the server's back, as another program would.
pub(crate) async fn change_accounts(server: &Server, statement: &'static str) {
    let file = SqliteConnectOptions::new().filename(server.data_dir().join("iutsai.db"));
    let mut database = SqliteConnection::connect_with(&file).await.unwrap();
    let changed = sqlx::query(statement).execute(&mut database).await.unwrap();
    assert_eq!(changed.rows_affected(), 1, "{statement}");
    database.close().await.unwrap();
}

/// A client whose connections come from another address of this machine.
pub(crate) fn client_at(server: &Server, address: &str) -> Result<Client, Error> {
    server.client()?.with_source(address.parse().unwrap())
}

/// A header of a plain response as text; empty where it is absent.
pub(crate) fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Sends a request as it is.
pub(crate) async fn send(request: RequestBuilder) -> reqwest::Response {
    request.send().await.expect("the server answers")
}

/// Asks for a page in Korean, as the browser of somebody who is signed in does.
pub(crate) fn page_request(of: &Session, path: &str) -> RequestBuilder {
    let cookie = format!("iutsai-session={}", of.token());
    let request = of.client().request(Method::GET, path).header("cookie", cookie);
    request.header("accept", "text/html").header("accept-language", "ko")
}

/// The status of a page, and its HTML.
pub(crate) async fn answered_page(of: &Session, path: &str) -> (u16, String) {
    let response = send(page_request(of, path)).await;
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The HTML of a page that is shown.
pub(crate) async fn page(of: &Session, path: &str) -> String {
    let (status, html) = answered_page(of, path).await;
    assert_eq!(status, 200, "{path}: {html}");
    html
}

/// The accept by which a neighbour comes to a call of the caller, or to the newest one.
pub(crate) fn accept_of(neighbour: &Session, caller: &Session, call: Option<AlertId>) -> AcceptRequest {
    AcceptRequest {
        line: caller.resident().line.clone().unwrap(),
        accept_house: neighbour.resident().house.clone().unwrap(),
        target_house: caller.resident().house.clone().unwrap(),
        alert: call,
    }
}
