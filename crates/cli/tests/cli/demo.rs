//! `kmi demo`: first price, restart, what it refuses; and that what the README says to type works.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::house::{Answer, Running};
use crate::support::Desk;

fn start(desk: &Desk, args: &[&str]) -> Running {
    Running::start(desk, &[&["demo", "--port", "0"], args].concat(), &[])
}

/// Whether a list of markets has one with a price.
fn is_priced(answer: &Answer) -> bool {
    let is_priced = |market: &Value| market["yes_bid"].is_string() || market["last_price"].is_string();
    answer.status == 200
        && answer.json()["items"]
            .as_array()
            .is_some_and(|items| items.iter().any(is_priced))
}

#[test]
fn a_demo_shows_live_prices_and_goes_on_where_it_was_killed() {
    let desk = Desk::new();
    let mut demo = start(&desk, &["--seed", "42", "--markets", "20"]);
    assert_eq!(
        (demo.word("exchange"), demo.word("database")),
        ("simulator", "sqlite")
    );
    let list = "/api/v1/markets?status=open&limit=1000";
    let first = demo.until(list, is_priced).json();
    // Live: what is shown does not stay as it was.
    demo.until(list, |answer| answer.status == 200 && answer.json() != first);
    demo.until("/health/ready", |answer| answer.status == 200);

    // Two on one folder would write one journal.
    let second = desk.run(&["demo", "--port", "0", "--json"]);
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert!(
        second.stderr.contains("another demo runs in"),
        "{}",
        second.stderr
    );
    // Nor does it become another.
    let other = desk.run(&["demo", "--port", "0", "--json", "--seed", "7"]);
    assert_eq!(other.code, 2, "{}", other.stderr);
    assert!(other.stderr.contains("seed 42"), "{}", other.stderr);

    demo.kill();
    let mut again = start(&desk, &[]);
    let names = |list: &Value| {
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|market| market["ticker"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let before = names(&first);
    let after = names(&again.until(list, is_priced).json());
    assert!(
        after.iter().any(|ticker| before.contains(ticker)),
        "another world: {before:?}, {after:?}"
    );
    again.stop();
    assert_eq!(again.exit_code(), Some(0), "{}", again.log());
}

/// Blocks of shell in the README that ask something with curl.
fn blocks() -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let mut blocks = Vec::new();
    let mut rest = readme.as_str();
    while let Some((_, after)) = rest.split_once("\n```sh\n") {
        let (block, after) = after.split_once("\n```\n").unwrap();
        blocks.push(block.to_owned());
        rest = after;
    }
    // One-liners are indented.
    let indented = readme.lines().filter_map(|line| line.strip_prefix("    "));
    blocks.extend(
        indented
            .filter(|line| line.starts_with("curl "))
            .map(str::to_owned),
    );
    blocks.retain(|block| block.contains("curl "));
    blocks
}

#[cfg(unix)]
#[test]
fn every_curl_of_the_readme_works() {
    let desk = Desk::new();
    let demo = start(&desk, &[]);
    demo.until("/api/v1/markets?status=open", is_priced);
    demo.until("/health/ready", |answer| answer.status == 200);
    let exchange = Running::start(&desk, &["exchange", "--port", "0", "--markets", "5"], &[]);
    let exchange = exchange
        .word("rest")
        .strip_suffix("/trade-api/v2")
        .unwrap()
        .to_owned();
    let blocks = blocks();
    assert!(!blocks.is_empty(), "the README has no curl");
    // A stream is cut by its -m, which is curl's 28; every other failure, and every refusal, ends the script.
    let check = "curl() { command curl --fail-with-body \"$@\" || [ $? -eq 28 ]; }\n";
    for block in &blocks {
        let script = block
            .replace("http://127.0.0.1:8000", demo.word("url"))
            .replace("http://127.0.0.1:8100", &exchange);
        let output = Command::new("sh")
            .args(["-eu", "-c", &format!("{check}{script}")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{script}\n{said}\n{complaint}\n{}",
            demo.log()
        );
        assert!(!said.trim().is_empty(), "{script}");
    }
}
