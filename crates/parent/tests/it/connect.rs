//! Parents that answer over WebSocket, not at all, or without end.

use crate::anvil::{Anvil, ok, quick, within};
use altana_parent::{Options, Parent, ParentError};
use std::time::Duration;

#[tokio::test]
async fn websockets_work_too() {
    let anvil = Anvil::start(&[]);
    let url = anvil.url.replace("http", "ws");
    let parent = ok(Parent::connect_with(&url, None, quick()).await);
    assert_eq!(parent.chain_id(), 31337);
    assert_eq!(ok(parent.heads().await).latest.number, 0);
}

#[tokio::test]
async fn a_parent_that_is_down_is_asked_again_until_the_deadline() {
    let options = Options { deadline: Duration::from_millis(200), ..quick() };
    let anvil = Anvil::start(&[]);
    let parent = ok(Parent::connect_with(&anvil.url, None, options).await);
    let url = anvil.url.clone();
    drop(anvil);
    assert!(matches!(parent.heads().await, Err(ParentError::Temporary(_))));
    let connected = Parent::connect_with(&url, None, options).await;
    assert!(matches!(connected, Err(ParentError::Temporary(_))));
    for bad in ["ftp://example.org", "nonsense", ""] {
        assert!(matches!(Parent::connect(bad, None).await, Err(ParentError::Fatal(_))), "{bad}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let endless = move || {
        let chunks =
            futures::stream::repeat_with(move || Ok::<_, std::io::Error>(vec![b' '; 1 << 20]));
        async { axum::body::Body::from_stream(chunks) }
    };
    let router = axum::Router::new().fallback(endless);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let error = within(Parent::connect_with(&url, None, quick())).await.unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}
