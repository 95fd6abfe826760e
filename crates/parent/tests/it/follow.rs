//! Heads, reorganisations, and parents that do not answer.

use crate::anvil::{Anvil, ok, quick, within};
use altana_parent::{Follower, Options, Parent, ParentError};
use serde_json::json;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(20);

#[tokio::test]
async fn new_heads_are_told_with_their_ancestor() {
    let anvil = Anvil::start(&[]);
    let mut follower = Follower::new(anvil.parent().await, POLL);
    let first = ok(follower.next().await);
    assert_eq!((first.ancestor, first.heads.latest.number), (None, 0));
    assert_eq!(ok(follower.poll().await), None);

    anvil.mine().await;
    let second = ok(within(follower.next()).await);
    assert_eq!(second.ancestor, Some(first.heads.latest));
    anvil.call("anvil_mine", json!([5])).await;
    let third = ok(within(follower.next()).await);
    assert_eq!(third.ancestor, Some(second.heads.latest));
    assert_eq!(third.heads.latest.number, 6);
    assert!(!third.is_reorganisation(&second.heads.latest));
}

#[tokio::test]
async fn a_reorganisation_is_told_with_the_newest_block_that_is_left() {
    let anvil = Anvil::start(&[]);
    let mut follower = Follower::new(anvil.parent().await, POLL);
    let mut heads = Vec::new();
    for _ in 0..8 {
        heads.push(ok(within(follower.next()).await).heads.latest);
        anvil.mine().await;
    }
    let seen = ok(within(follower.next()).await).heads.latest;
    anvil.call("anvil_reorg", json!([3, []])).await;
    let change = ok(within(follower.next()).await);
    assert_eq!(change.ancestor, Some(heads[5]));
    assert!(change.is_reorganisation(&seen));
    assert_eq!(change.heads.latest.number, 8);
    assert_ne!(change.heads.latest.hash, seen.hash);
    anvil.mine().await;
    assert_eq!(ok(within(follower.next()).await).ancestor, Some(change.heads.latest));

    // Shorter than before, and nothing new.
    anvil.call("anvil_rollback", json!([4])).await;
    let change = ok(within(follower.next()).await);
    assert_eq!(change.ancestor, Some(heads[5]));
    assert_eq!(change.heads.latest, heads[5]);
    assert_eq!(ok(follower.poll().await), None);
}

#[tokio::test]
async fn a_follower_that_knows_nothing_of_the_chain_asks_for_a_reset() {
    let (old, new) =
        (Anvil::start(&["--timestamp", "1000"]), Anvil::start(&["--timestamp", "2000"]));
    let stale = ok(ok(Parent::connect_with(&old.url, None, quick()).await).heads().await).latest;
    new.mine().await;
    let mut follower = Follower::new(new.parent().await, POLL);
    follower.resume([stale]);
    assert!(matches!(follower.next().await, Err(ParentError::Reset(_))));
    assert_eq!(ok(follower.next().await).ancestor, None);
}

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
