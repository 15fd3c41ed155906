//! Whether every dependency may be used: its licence expression against the list in `deny.toml`.
//!
//! `cargo deny` does this and more where it is installed; building it takes longer than all our tests, so without it the
//! same list is checked here.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::shell;
use crate::workspace::Workspace;

/// Checks the licences of everything in the lock file.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    if shell::is_installed("cargo-deny") {
        return shell::run(&mut workspace.cargo(&["deny", "check", "licenses", "bans", "sources"]));
    }
    eprintln!("cargo-deny is not installed: checking licences against deny.toml with cargo metadata");
    let rules = std::fs::read_to_string(workspace.root.join("deny.toml")).context("cannot read deny.toml")?;
    let allowed = allow_list(&rules).context("deny.toml has no [licenses] allow list")?;
    let metadata = shell::output(&mut workspace.cargo(&["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is no JSON")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata lists no packages")?;
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| {
            let expression = package["license"].as_str().unwrap_or_default();
            !is_allowed(expression, &allowed)
        })
        .map(|package| {
            format!(
                "{} {} ({})",
                package["name"], package["version"], package["license"]
            )
        })
        .collect();
    ensure!(
        refused.is_empty(),
        "licences that deny.toml does not allow: {}",
        refused.join(", ")
    );
    eprintln!("{} packages, all under allowed licences", packages.len());
    Ok(())
}

/// The strings of `allow = […]` in `[licenses]`.
fn allow_list(rules: &str) -> Option<Vec<String>> {
    let section = rules.split("[licenses]").nth(1)?;
    let list = section.split("allow = [").nth(1)?.split(']').next()?;
    let without_comments = list
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    Some(
        without_comments
            .flat_map(|line| line.split(','))
            .map(|item| item.trim().trim_matches('"').to_owned())
            .filter(|item| !item.is_empty())
            .collect(),
    )
}

/// Whether an SPDX expression can be met with allowed licences alone: `AND` needs both sides, `OR` one. The old `/` is an
/// `OR`. No expression at all is not allowed.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let verdict = any_of(&mut rest, allowed);
    verdict && rest.is_empty()
}

fn any_of(words: &mut &[&str], allowed: &[String]) -> bool {
    let mut verdict = all_of(words, allowed);
    while words.first() == Some(&"OR") {
        *words = &words[1..];
        verdict |= all_of(words, allowed);
    }
    verdict
}

fn all_of(words: &mut &[&str], allowed: &[String]) -> bool {
    let mut verdict = licence(words, allowed);
    while words.first() == Some(&"AND") {
        *words = &words[1..];
        verdict &= licence(words, allowed);
    }
    verdict
}

fn licence(words: &mut &[&str], allowed: &[String]) -> bool {
    let Some((&first, rest)) = words.split_first() else {
        return false;
    };
    *words = rest;
    if first == "(" {
        let verdict = any_of(words, allowed);
        let closed = words.first() == Some(&")");
        *words = words.get(1..).unwrap_or_default();
        return verdict && closed;
    }
    let mut name = first.to_owned();
    if let [with, exception, ..] = **words
        && with == "WITH"
    {
        name = format!("{first} WITH {exception}");
        *words = &words[2..];
    }
    // What a licence grants it grants with an exception too: exceptions only add permissions.
    allowed.iter().any(|item| *item == name || item == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(expression: &str) -> bool {
        is_allowed(
            expression,
            &[
                "MIT".to_owned(),
                "Apache-2.0".to_owned(),
                "Unicode-3.0".to_owned(),
            ],
        )
    }

    #[test]
    fn an_expression_is_allowed_when_allowed_licences_can_meet_it() {
        assert!(allowed("MIT"));
        assert!(allowed("MIT OR GPL-3.0"));
        assert!(allowed("GPL-3.0/MIT"));
        assert!(allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(allowed("Apache-2.0 WITH LLVM-exception OR GPL-3.0"));
        assert!(!allowed("MIT AND GPL-3.0"));
        assert!(!allowed("GPL-3.0"));
        assert!(!allowed(""));
        assert!(!allowed("MIT MIT"));
        assert!(!allowed("(MIT"));
    }

    #[test]
    fn the_allow_list_is_read_without_its_comments() {
        let rules = "[bans]\nallow = [\"x\"]\n[licenses]\nallow = [\n  \"MIT\", # ours\n  \"ISC\",\n]\n";
        assert_eq!(allow_list(rules).unwrap(), ["MIT", "ISC"]);
        assert_eq!(allow_list("[bans]"), None);
    }
}
