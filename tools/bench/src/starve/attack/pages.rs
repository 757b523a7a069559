//! Requests for pages. The resident's are of the application, and the strangers' of the sign-in and of unknown
//! addresses.

use reqwest::{Method, RequestBuilder, StatusCode, header};
use testkit::Error;

use super::{Crew, Load};

/// One after the other.
const PAGES: [&str; 3] = ["/", "/sign-in", "/nothing-here"];

pub(super) fn start(crew: &Crew, load: &mut Load) {
    for device in crew.devices() {
        let mut number = 0;
        load.repeat(move || {
            number += 1;
            read(device.request(Method::GET, PAGES[number % PAGES.len()]))
        });
    }
    for stranger in crew.strangers() {
        let mut number = 0;
        load.repeat(move || {
            number += 1;
            read(stranger.request(Method::GET, PAGES[number % PAGES.len()]))
        });
    }
}

async fn read(request: RequestBuilder) -> Result<(), Error> {
    let lost = |source| Error::NoAnswer { request: "GET a page".into(), source };
    let response = request.header(header::ACCEPT, "text/html").send().await.map_err(lost)?;
    let status = response.status();
    response.bytes().await.map_err(lost)?;
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return Err(Error::Usage(format!("the page was refused: {status}")));
    }
    Ok(())
}
