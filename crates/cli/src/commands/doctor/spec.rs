//! `kmi doctor --spec`: a specification of the exchange's against what this program was written for.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use kmi_kalshi::api::drift::{Difference, Flavour, Report, Spec, compare};
use serde_json::json;

use crate::output;

pub(super) fn run(path: &Path, as_json: bool) -> Result<ExitCode> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let spec = Spec::read(&text).with_context(|| path.display().to_string())?;
    let report = compare(&spec);
    let is_harmless = report.differences.iter().all(Difference::is_harmless);
    if as_json {
        output::json(&document(spec.flavour(), &report, is_harmless))?;
    } else {
        output::text(&page(spec.flavour(), &report))?;
    }
    Ok(if is_harmless {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

const fn name(flavour: Flavour) -> &'static str {
    match flavour {
        Flavour::OpenApi => "openapi",
        Flavour::AsyncApi => "asyncapi",
    }
}

fn document(flavour: Flavour, report: &Report, is_harmless: bool) -> serde_json::Value {
    let differences: Vec<_> = report
        .differences
        .iter()
        .map(|difference| {
            json!({
                "kind": difference.kind.as_str(),
                "subject": difference.subject,
                "name": difference.name,
                "was": difference.was,
                "now": difference.now,
                "harmless": difference.is_harmless(),
                "text": difference.to_string(),
            })
        })
        .collect();
    json!({
        "specification": name(flavour),
        "harmless": is_harmless,
        "differences": differences,
        "not_covered": report.not_covered,
    })
}

fn page(flavour: Flavour, report: &Report) -> String {
    let part = match flavour {
        Flavour::OpenApi => "operations",
        Flavour::AsyncApi => "channels",
    };
    let mut page = String::new();
    for (title, is_harmless) in [("Differs", false), ("New, and harmless", true)] {
        let lines: Vec<_> = report
            .differences
            .iter()
            .filter(|difference| difference.is_harmless() == is_harmless)
            .collect();
        if !lines.is_empty() {
            page.push_str(&format!("{title} ({}):\n", lines.len()));
        }
        for line in lines {
            page.push_str(&format!("  {line}\n"));
        }
    }
    if report.differences.is_empty() {
        page.push_str("The file says what this program was written for.\n");
    }
    page.push_str(&format!(
        "{} {part} of the file are knowingly not covered.\n",
        report.not_covered.len()
    ));
    page
}
