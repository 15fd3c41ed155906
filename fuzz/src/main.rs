//! Runs the targets on the stable toolchain, with changes of the seeds that a seed number determines.
//!
//! `cargo run --release --manifest-path fuzz/Cargo.toml -- TARGET|all [--seconds N] [--seed S] [--iterations N] [--input FILE]`
//!
//! Input that leads to an outcome not met before is kept and changed further. A panic, or input that takes longer than half a second, is
//! a finding: its input goes to `fuzz/findings/`, each kind once, and the exit code is 1. The work runs in a process of its own, so that a
//! crash which no code survives (a stack that is used up) is found too: the same seed then runs once more, noting each input.

mod arguments;
mod campaign;

use std::process::{Command, ExitCode};

use arguments::{Arguments, Role};
use campaign::Campaign;
use kmi_fuzz::{Target, targets};

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!("{wrong}\ntargets:");
            for target in targets::ALL {
                eprintln!("  {:<14} {}", target.name, target.about);
            }
            return ExitCode::from(2);
        }
    };
    let chosen: Vec<&Target> = targets::ALL
        .iter()
        .filter(|target| arguments.chooses(target.name))
        .collect();
    if chosen.is_empty() {
        eprintln!("there is no target {:?}", arguments.target);
        return ExitCode::from(2);
    }
    let mut clean = true;
    for target in chosen {
        clean &= run(target, &arguments);
    }
    if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether the target ran without a finding.
fn run(target: &'static Target, arguments: &Arguments) -> bool {
    match arguments.role {
        Role::Overseer => oversee(target, arguments),
        Role::Worker => Campaign::new(target, arguments).run(),
        Role::Tracer => Campaign::new(target, arguments).noting_each_input().run(),
    }
}

fn oversee(target: &Target, arguments: &Arguments) -> bool {
    let worker = |role: &str| {
        let program = std::env::current_exe().expect("this program has a path");
        let run = Command::new(program)
            .args(arguments.of_worker(target.name, role))
            .status();
        run.expect("this program can be started again").code()
    };
    match worker("--worker") {
        Some(0) => true,
        Some(1) => false,
        code => {
            eprintln!(
                "{}: the process died ({code:?}); running the same seed again to find the input",
                target.name
            );
            worker("--tracer");
            eprintln!(
                "{}: its input is the last one noted, {}",
                target.name,
                campaign::last_input(target).display()
            );
            false
        }
    }
}
