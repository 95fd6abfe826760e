//! HTTP with bounded answers.

use crate::ParentError;
use alloy::{
    rpc::json_rpc::{RequestPacket, ResponsePacket},
    transports::{TransportError, TransportErrorKind, TransportFut, http::reqwest},
};
use reqwest::{Client, Response, Url};
use std::task::{Context, Poll};

/// Largest answer of a JSON-RPC or a beacon node, in bytes: 128 blobs in hex.
pub(crate) const RESPONSE_BYTES_MAX: usize = 64 << 20;

/// JSON-RPC over HTTP that reads at most [`RESPONSE_BYTES_MAX`] of an answer.
#[derive(Clone, Debug)]
pub(crate) struct BoundedHttp {
    client: Client,
    url: Url,
}

impl BoundedHttp {
    pub(crate) fn new(url: Url) -> Self {
        Self { client: Client::new(), url }
    }

    async fn request(self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let post = self.client.post(self.url).json(&request).headers(request.headers());
        let response = post.send().await.map_err(TransportErrorKind::custom)?;
        let status = response.status();
        let body = read(response).await.map_err(TransportErrorKind::non_retryable)?;
        match serde_json::from_slice::<ResponsePacket>(&body) {
            // Some servers send JSON-RPC errors with an HTTP error status.
            Ok(packet) if status.is_success() || packet.is_error() => Ok(packet),
            _ if !status.is_success() => {
                let body = String::from_utf8_lossy(&body).into_owned();
                Err(TransportErrorKind::http_error(status.as_u16(), body))
            }
            Ok(packet) => Ok(packet),
            Err(error) => Err(TransportError::deser_err(error, String::from_utf8_lossy(&body))),
        }
    }
}

impl tower::Service<RequestPacket> for BoundedHttp {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        Box::pin(self.clone().request(request))
    }
}

/// The body of an answer, if it is not too long.
pub(crate) async fn read(mut response: Response) -> Result<Vec<u8>, ParentError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ParentError::temporary)? {
        if body.len() + chunk.len() > RESPONSE_BYTES_MAX {
            return Err(ParentError::temporary("an answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
