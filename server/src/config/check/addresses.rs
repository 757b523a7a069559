//! Addresses, origins and networks, as settings have them.

use std::net::SocketAddr;

use ipnet::IpNet;
use url::Url;

pub(super) fn address(variable: &str, value: &str) -> Result<SocketAddr, String> {
    value.trim().parse().map_err(|_| {
        format!("{variable}: {value:?} is not an IP address and a port; write 127.0.0.1:3000 or [::1]:3000.")
    })
}

/// Reads an origin as browsers write it (RFC 6454, section 6.1), in lower case, without the default port and without a
/// path.
pub(super) fn origin(variable: &str, value: &str) -> Result<String, String> {
    let wrong = || {
        format!("{variable}: {value:?} is not an address of a site; write https://HOST or http://HOST:PORT.")
    };
    let url = bare_url(value).filter(|url| matches!(url.scheme(), "http" | "https"));
    Ok(url.ok_or_else(wrong)?.origin().ascii_serialization())
}

/// Reads the origin of a page, which is that of a site, or of an application that shows pages by a scheme of its own.
pub(super) fn page_origin(variable: &str, value: &str) -> Result<String, String> {
    let url = bare_url(value)
        .filter(|url| !matches!(url.scheme(), "http" | "https" | "ftp" | "file" | "ws" | "wss"));
    let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
        return origin(variable, value).map_err(|sentence| {
            format!("{sentence} An application's pages have an origin such as capacitor://HOST.")
        });
    };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{}://{}{port}", url.scheme(), host.to_ascii_lowercase()))
}

/// Reads whom a push service may write to (RFC 8292, section 2.1). Apple's refuses everything else.
pub(super) fn contact_address(value: &str) -> Result<String, String> {
    let is_mail = value.strip_prefix("mailto:").is_some_and(|address| {
        let parts = address.split_once('@');
        parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !address.contains(' '))
    });
    let is_site = Url::parse(value).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if is_mail || is_site {
        return Ok(value.to_owned());
    }
    Err(format!(
        "IUTSAI_PUSH_CONTACT: {value:?} is no contact; write mailto:office@iutsai.example or https://HOST."
    ))
}

/// Returns a URL that has nothing behind the host and the port.
fn bare_url(value: &str) -> Option<Url> {
    let url = Url::parse(value.trim()).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    let bare =
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none() && !has_user;
    Some(url).filter(|url| bare && url.has_host())
}

pub(super) fn network(value: &str) -> Result<IpNet, String> {
    let single = || value.parse().map(|address: std::net::IpAddr| IpNet::from(address)).ok();
    value.parse().ok().or_else(single).ok_or_else(|| {
        format!(
            "IUTSAI_TRUSTED_PROXIES: {value:?} is not an address or network; write 10.0.0.2 or 10.0.0.0/8."
        )
    })
}
