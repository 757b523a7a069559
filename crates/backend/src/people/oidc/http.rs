//! The way to the housing service, by the client that push and the webhook have. It follows no redirect.

use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use openssl::error::ErrorStack;

use crate::outgoing::{
    client::{HttpClient, NoAnswer},
    reach::Reach,
};

/// The connections that are kept to the service.
const CONNECTIONS: usize = 4;
/// The longest answer, in octets. The keys of a large service are some kilobytes.
const ANSWER_LIMIT: usize = 256 * 1024;

/// Sends the requests of the library.
pub(super) struct Http(HttpClient);

impl Http {
    /// Makes a client. The operator chooses the address, so it may be one of the own network.
    ///
    /// # Errors
    /// OpenSSL's.
    pub(super) fn new() -> Result<Self, ErrorStack> {
        HttpClient::new(Reach::Everywhere, CONNECTIONS).map(Self)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let request = request.map(|body| Full::new(Bytes::from(body)));
        Box::pin(async move {
            let answer = self.0.fetch(request, ANSWER_LIMIT).await?;
            Ok(answer.map(|body| body.to_vec()))
        })
    }
}
