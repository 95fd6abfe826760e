//! The fixtures of execution-apis against a real server over a ledger that imported their chain.
//!
//! A fixture is a file of `>>` requests and `<<` responses. Responses must be equal as JSON, as
//! execution-apis' own checker has it, with its two exceptions: of two errors the texts may
//! differ, and where a comment says `speconly` only the shape must match. `exceptions.txt` lists
//! the fixtures that do not pass, each with its reason; one that is listed and passes is an error
//! too.

mod chain;
mod compare;
mod pool;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use alloy::transports::http::reqwest::Client;
use altana_rpc::Server;
use serde_json::Value;

const FIXTURES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures/execution-apis/tests");
const EXCEPTIONS: &str = include_str!("exceptions.txt");

#[tokio::test(flavor = "multi_thread")]
async fn fixtures_of_execution_apis_get_the_answers_that_they_expect() {
    let folder = Path::new(FIXTURES);
    if !folder.is_dir() {
        println!("skipped: no fixtures at {}", folder.display());
        return;
    }
    let ledger = chain::import(folder);
    let server = Server::new(ledger.clone(), pool::Pool::over(ledger))
        .serve(([127, 0, 0, 1], 0).into())
        .await
        .expect("a port is free");
    let (client, url) = (Client::new(), server.http_url());

    let mut failures = BTreeMap::new();
    let fixtures = fixtures(folder);
    for path in &fixtures {
        if let Err(why) = run(&client, &url, path).await {
            failures.insert(name(folder, path), why);
        }
    }
    server.stop();
    report(&fixtures.iter().map(|path| name(folder, path)).collect(), &failures);
}

fn report(all: &BTreeSet<String>, failures: &BTreeMap<String, String>) {
    let exceptions = exceptions();
    let unexpected: Vec<_> =
        failures.iter().filter(|(name, _)| !exceptions.contains_key(name.as_str())).collect();
    let passing: Vec<_> = exceptions.keys().filter(|name| !failures.contains_key(**name)).collect();
    println!("{} of {} fixtures pass", all.len() - failures.len(), all.len());
    for (name, why) in &unexpected {
        println!("FAILS {name}\n{why}");
    }
    for name in &passing {
        let what = if all.contains(**name) { "passes" } else { "does not exist" };
        println!("LISTED in exceptions.txt, but {what}: {name}");
    }
    assert!(unexpected.is_empty() && passing.is_empty(), "see above");
}

/// Names of fixtures that do not pass, with the reason.
fn exceptions() -> BTreeMap<&'static str, &'static str> {
    let lines = EXCEPTIONS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").expect("an exception is `name: reason`")).collect()
}

fn fixtures(folder: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("the folder can be read");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    };
    let methods = entries(folder).into_iter().filter(|path| path.is_dir());
    let files = methods.flat_map(|method| entries(&method));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "io")).collect()
}

fn name(folder: &Path, path: &Path) -> String {
    let name = path.strip_prefix(folder).expect("a fixture is in the folder").with_extension("");
    name.to_string_lossy().into_owned()
}

async fn run(client: &Client, url: &str, path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let spec_only = text.lines().any(|line| line.starts_with("// speconly"));
    let mut got = Value::Null;
    for line in text.lines() {
        if let Some(request) = line.strip_prefix(">> ") {
            let response = client
                .post(url)
                .header("content-type", "application/json")
                .body(request.to_owned())
                .send()
                .await
                .map_err(|error| error.to_string())?;
            let body = response.bytes().await.map_err(|error| error.to_string())?;
            got = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        } else if let Some(expect) = line.strip_prefix("<< ") {
            let expect = serde_json::from_str(expect).map_err(|error| error.to_string())?;
            compare::check(&expect, &got, spec_only)?;
        }
    }
    Ok(())
}
