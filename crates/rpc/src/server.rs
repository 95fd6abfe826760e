//! One port for HTTP, WebSocket and further routes.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use altana_ledger::Ledger;
use axum::{Router, body::Body};
use futures::{FutureExt, StreamExt, future::BoxFuture};
use jsonrpsee::{
    Methods, RpcModule,
    core::BoxError,
    server::{
        BatchRequestConfig, HttpBody, HttpRequest, HttpResponse, PingConfig, ServerBuilder,
        ServerConfig, middleware::rpc::RpcServiceBuilder,
    },
};
use tower::{Layer, Service, ServiceBuilder};
use tower_http::cors::CorsLayer;

use crate::{Backend, Limits, api::Api, methods, submit::SubmitLayer};

/// A server that is being set up.
pub struct Server {
    ledger: Ledger,
    backend: Arc<dyn Backend>,
    limits: Limits,
    methods: Methods,
    routes: Option<Router>,
}

impl Server {
    /// Serves this ledger's chain.
    pub fn new(ledger: Ledger, backend: Arc<dyn Backend>) -> Self {
        let limits = Limits::default();
        Self { ledger, backend, limits, methods: Methods::new(), routes: None }
    }

    /// Replaces the default limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds methods. They win over methods of the same name here.
    pub fn methods(mut self, methods: impl Into<Methods>) -> Self {
        self.methods = methods.into();
        self
    }

    /// Adds HTTP routes. They get every request but a `POST /` and a WebSocket handshake.
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = Some(routes);
        self
    }

    /// Binds the port and begins to serve, on the current tokio runtime.
    pub async fn serve(self, address: SocketAddr) -> io::Result<ServerHandle> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        self.serve_on(listener)
    }

    /// Begins to serve on a listener that is bound already, and not blocking.
    pub fn serve_on(self, listener: std::net::TcpListener) -> io::Result<ServerHandle> {
        let address = listener.local_addr()?;
        let config = config(&self.limits);
        let request_time = self.limits.request_time;
        let api = Api::new(self.ledger, self.backend, self.limits);
        let methods = merge(methods::all(&api), self.methods).map_err(io::Error::other)?;
        let rpc = RpcServiceBuilder::new().layer(SubmitLayer::new(api));
        let http = ServiceBuilder::new()
            .layer(CorsLayer::permissive())
            .layer(RoutesLayer { routes: self.routes, request_time });
        let server = ServerBuilder::with_config(config)
            .set_rpc_middleware(rpc)
            .set_http_middleware(http)
            .build_from_tcp(listener)?;
        Ok(ServerHandle { inner: server.start(methods), address })
    }
}

fn config(limits: &Limits) -> ServerConfig {
    ServerConfig::builder()
        .max_request_body_size(limits.request_bytes)
        .max_response_body_size(limits.response_bytes)
        .max_connections(limits.connections)
        .max_subscriptions_per_connection(limits.subscriptions_per_connection)
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch_len))
        .set_message_buffer_capacity(limits.subscription_buffer)
        .set_id_provider(SubscriptionIds)
        .enable_ws_ping(PingConfig::new())
        .build()
}

/// `0x` and 16 random bytes, as Ethereum's clients expect them.
#[derive(Debug)]
struct SubscriptionIds;

impl jsonrpsee::core::traits::IdProvider for SubscriptionIds {
    fn next_id(&self) -> jsonrpsee::types::SubscriptionId<'static> {
        format!("{}", alloy_primitives::B128::random()).into()
    }
}

/// The server's methods, with those of `extra` in place of methods of the same name.
fn merge(
    mut module: RpcModule<()>,
    extra: Methods,
) -> Result<Methods, jsonrpsee::core::RegisterMethodError> {
    for name in extra.method_names() {
        module.remove_method(name);
    }
    module.merge(extra)?;
    Ok(module.into())
}

/// A server that runs. It stops when the last clone of this is dropped.
#[derive(Clone, Debug)]
pub struct ServerHandle {
    inner: jsonrpsee::server::ServerHandle,
    address: SocketAddr,
}

impl ServerHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://…`.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `ws://…`.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Asks the server to stop: no new connections, requests that run are answered.
    pub fn stop(&self) {
        // An error only says that it has stopped already.
        let _ = self.inner.stop();
    }

    /// Waits until the server has stopped.
    pub async fn stopped(self) {
        self.inner.stopped().await;
    }
}

/// Sends requests that are not JSON-RPC to other routes, and waits for none for ever.
#[derive(Clone)]
struct RoutesLayer {
    routes: Option<Router>,
    request_time: Duration,
}

impl<S> Layer<S> for RoutesLayer {
    type Service = Routes<S>;

    fn layer(&self, inner: S) -> Routes<S> {
        Routes { inner, routes: self.routes.clone(), request_time: self.request_time }
    }
}

#[derive(Clone)]
struct Routes<S> {
    inner: S,
    routes: Option<Router>,
    request_time: Duration,
}

impl<S> Service<HttpRequest> for Routes<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<HttpResponse, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let upgrade = request.headers().contains_key("upgrade");
        let too_late = tokio::time::sleep(self.request_time);
        let request = request.map(|body| match upgrade {
            true => body,
            false => {
                let body = Body::new(body).into_data_stream().take_until(too_late);
                HttpBody::new(Body::from_stream(body))
            }
        });
        let rpc = upgrade || (request.method() == "POST" && request.uri().path() == "/");
        match &mut self.routes {
            Some(routes) if !rpc => {
                let response = Service::<HttpRequest>::call(routes, request);
                async move {
                    let response = response.await.map_err(|never: Infallible| match never {})?;
                    Ok(response.map(HttpBody::new))
                }
                .boxed()
            }
            _ => self.inner.call(request).boxed(),
        }
    }
}
