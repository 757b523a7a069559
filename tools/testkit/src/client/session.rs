//! A person who is signed in, with the commands of the contract, and the way to a socket.

use std::fmt;

use domain::{
    AlertId, Line, Resident,
    api::{AcceptRequest, CallRequest, LocationRequest, ProgressRequest, Recorded, SignedIn},
};
use reqwest::Method;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Error,
    client::{Ack, Answer, Client, Handshake, Snapshot, Socket, Subscribe},
};

/// A signed-in resident or administrator.
#[derive(Clone)]
pub struct Session {
    client: Client,
    token: String,
    resident: Resident,
}

/// Keeps the token to itself.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("resident", &self.resident).finish_non_exhaustive()
    }
}

/// A person's reports about a call besides pressing and accepting (`POST /alert/{id}/…`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The caller takes the call back.
    Cancel,
    /// The caller or an administrator reports that it is over.
    Resolve,
    /// A neighbour withdraws the accept.
    Withdraw,
    /// A neighbour is there.
    Arrived,
}

impl Step {
    const fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Resolve => "resolve",
            Self::Withdraw => "withdraw",
            Self::Arrived => "arrived",
        }
    }
}

impl Session {
    /// Makes the session of an answer to a sign-in.
    pub fn new(client: Client, SignedIn { token, resident, .. }: SignedIn) -> Self {
        Self { client, token, resident }
    }

    /// Returns who signed in.
    #[must_use]
    pub const fn resident(&self) -> &Resident {
        &self.resident
    }

    /// The token of `Authorization: Bearer` and of STOMP's `passcode`.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The server it belongs to.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the same person at another address, such as that of the server after a restart.
    #[must_use]
    pub fn at(&self, client: &Client) -> Self {
        Self { client: client.clone(), ..self.clone() }
    }

    /// The resident's line.
    ///
    /// # Errors
    /// [`Error::Usage`] for an administrator without a flat.
    pub fn line(&self) -> Result<&Line, Error> {
        self.resident.line.as_ref().ok_or_else(|| self.without_flat())
    }

    /// A call from the resident's own flat, to be changed and given to [`Session::press`].
    ///
    /// # Errors
    /// [`Error::Usage`] for an administrator without a flat.
    pub fn call(&self, text: &str) -> Result<CallRequest, Error> {
        let (line, house) = self.resident.flat().ok_or_else(|| self.without_flat())?;
        Ok(CallRequest {
            line: line.clone(),
            house: house.clone(),
            text: Some(text.into()),
            lat: None,
            lng: None,
            accuracy: None,
            kind: None,
            drill: false,
            alone: false,
        })
    }

    /// Calls the neighbours (`POST /alert`).
    ///
    /// # Errors
    /// As [`Client::send`]; a refusal is in the answer.
    pub async fn press(&self, call: &CallRequest, key: Option<Uuid>) -> Result<Answer<Recorded>, Error> {
        self.command("/alert", call, key).await
    }

    /// Comes to help (`POST /accept`).
    ///
    /// # Errors
    /// As [`Client::send`]; a refusal is in the answer.
    pub async fn accept(&self, accept: &AcceptRequest, key: Option<Uuid>) -> Result<Answer<Recorded>, Error> {
        self.command("/accept", accept, key).await
    }

    /// Reports progress (`POST /alert/{id}/cancel` and its kind).
    ///
    /// # Errors
    /// As [`Client::send`]; a refusal is in the answer.
    pub async fn progress(
        &self,
        alert: AlertId,
        step: Step,
        request: &ProgressRequest,
        key: Option<Uuid>,
    ) -> Result<Answer<Recorded>, Error> {
        self.command(&format!("/alert/{alert}/{}", step.word()), request, key).await
    }

    /// Reports where the caller is now (`POST /alert/{id}/location`).
    ///
    /// # Errors
    /// As [`Client::send`]; a refusal is in the answer.
    pub async fn moved(
        &self,
        alert: AlertId,
        request: &LocationRequest,
        key: Option<Uuid>,
    ) -> Result<Answer<Recorded>, Error> {
        self.command(&format!("/alert/{alert}/location"), request, key).await
    }

    /// Any command with any JSON body, bad ones too.
    ///
    /// # Errors
    /// As [`Client::send`]; a refusal is in the answer.
    pub async fn command(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
        key: Option<Uuid>,
    ) -> Result<Answer<Recorded>, Error> {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key.to_string());
        }
        self.client.send(request).await
    }

    /// Signs out (`DELETE /api/session`).
    ///
    /// # Errors
    /// As [`Client::send`]; a refusal is in the answer.
    pub async fn sign_out(&self) -> Result<Answer<()>, Error> {
        self.client.send(self.request(Method::DELETE, "/api/session")).await
    }

    /// Returns a request with this session's token that has no method of its own. Send it with [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, path).bearer_auth(&self.token)
    }

    /// A socket on which CONNECT has succeeded. The upgrade brings the token, too, as a browser's brings the cookie.
    ///
    /// # Errors
    /// As [`Socket::open`] and [`Socket::connect`].
    pub async fn connect(&self) -> Result<Socket, Error> {
        self.connect_by(Handshake::default()).await
    }

    /// [`Session::connect`] with further headers in the upgrade.
    ///
    /// # Errors
    /// As [`Socket::open`] and [`Socket::connect`].
    pub async fn connect_by(&self, handshake: Handshake) -> Result<Socket, Error> {
        let mut socket = Socket::open(&self.client, &handshake.signed_in(&self.token)).await?;
        socket.connect(&self.token).await?;
        Ok(socket)
    }

    /// Returns a socket that subscribes to the resident's own line (`client-individual`), and the line's snapshot.
    ///
    /// # Errors
    /// As [`Session::connect`], [`Socket::snapshot`] and [`Session::line`].
    pub async fn listen(&self) -> Result<(Socket, Snapshot), Error> {
        let subscribe = Subscribe::to_line(self.line()?).ack(Ack::ClientIndividual);
        let mut socket = self.connect().await?;
        socket.subscribe(&subscribe).await?;
        let snapshot = socket.snapshot(&subscribe.id).await?;
        Ok((socket, snapshot))
    }

    fn without_flat(&self) -> Error {
        Error::Usage(format!("{} has no flat; sign in as a resident", self.resident.name))
    }
}
