//! What a specification file of the exchange says that this crate was not written for:
//! `cargo run --example specification -- openapi.yaml`. With `--table` it prints the facts of the file instead, as
//! `src/api/drift` keeps them.

use std::process::ExitCode;

use kmi_kalshi::api::drift::{Spec, compare};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (path, table) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [path] => (path, false),
        ["--table", path] | [path, "--table"] => (path, true),
        _ => {
            eprintln!("usage: specification [--table] FILE");
            return ExitCode::FAILURE;
        }
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let spec = match Spec::read(&text) {
        Ok(spec) => spec,
        Err(error) => {
            eprintln!("{path} {error}");
            return ExitCode::FAILURE;
        }
    };
    if table {
        print!("{}", spec.table());
        return ExitCode::SUCCESS;
    }
    let report = compare(&spec);
    for difference in &report.differences {
        println!("{difference}");
    }
    println!(
        "{} differences, {} not covered",
        report.differences.len(),
        report.not_covered.len()
    );
    ExitCode::SUCCESS
}
