//! What cannot be read or kept: each refusal names file, line and rule, and leaves nothing half-written.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Desk, Finished, cents_trade, gz, small_world};

fn many_trades(count: u32) -> String {
    (0..count)
        .map(|n| {
            let time = format!(
                "2024-01-01T{:02}:{:02}:{:02}.{:06}Z",
                n / 3_600 % 24,
                n / 60 % 60,
                n % 60,
                n
            );
            // Ids that do not compress, so that the file has a middle to be cut in.
            let id = format!(
                "{:08x}-{:08x}",
                n.wrapping_mul(2_654_435_761),
                n.wrapping_mul(0x9E37_79B9) ^ 0x5bd1_e995
            );
            cents_trade(&id, "S-E1-A", &time, 50, 1, "yes")
        })
        .collect()
}

fn only_file(report: &Value) -> &Value {
    assert_eq!(report["files"].as_array().unwrap().len(), 1);
    &report["files"][0]
}

/// No trade is kept: the same good lines are all new to the database.
fn nothing_is_kept(desk: &Desk, lines: &str, rows: u32) {
    let (code, report) = desk.import(&desk.write("again.jsonl", lines));
    assert_eq!((code, &only_file(&report)["inserted"]), (0, &Value::from(rows)));
}

#[test]
fn a_truncated_gz_is_rolled_back_whole_and_the_other_files_go_on() {
    let desk = Desk::new();
    let lines = many_trades(30_000);
    let packed = gz(&lines);
    desk.write("in/a-cut.jsonl.gz", &packed[..packed.len() / 2]);
    desk.write(
        "in/b-good.jsonl",
        cents_trade("good", "S-E1-B", "2024-01-01T00:00:00Z", 50, 1, "no"),
    );

    let (code, report) = desk.import(&desk.path("in"));

    assert_eq!(code, 1);
    let (cut, good) = (&report["files"][0], &report["files"][1]);
    assert_eq!(
        (&cut["inserted"], &good["inserted"]),
        (&0.into(), &1.into()),
        "{report}"
    );
    assert!(cut["path"].as_str().unwrap().ends_with("a-cut.jsonl.gz"));
    assert!(
        cut["error"].as_str().unwrap().contains("truncated"),
        "{}",
        cut["error"]
    );
    nothing_is_kept(&desk, &lines, 30_000);
}

#[test]
fn bad_lines_are_counted_named_and_skipped() {
    let desk = Desk::new();
    let good = |id| cents_trade(id, "S-E1-A", "2024-01-01T00:00:00Z", 50, 1, "yes");
    let lines = [
        good("1"),
        cents_trade("2", "S-E1-A", "2024-01-01T00:00:00Z", 101, 1, "yes"),
        "%% garbage %%\n".to_owned(),
        cents_trade("4", "S-E1-A", "yesterday", 50, 1, "yes"),
        cents_trade("5", "S-E1-A", "2024-01-01T00:00:00Z", 50, 0, "yes"),
        cents_trade("6", "S-E1-A", "2024-01-01T00:00:00Z", 50, 1, "maybe"),
        good("7"),
    ];
    let path = desk.write("trades.jsonl", lines.concat());

    let (code, report) = desk.import(&path);

    assert_eq!(code, 0);
    let file = only_file(&report);
    assert_eq!(
        (&file["rows"], &file["inserted"], &file["rejected"]),
        (&7.into(), &2.into(), &5.into())
    );
    let reasons = file["first_rejections"].as_array().unwrap();
    assert_eq!(
        reasons
            .iter()
            .map(|r| r["line"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [2, 3, 4, 5, 6]
    );
    for (reason, expected) in reasons.iter().zip([
        "yes_price: 101 is outside 0..100 cents",
        "",
        "created_time",
        "count",
        "taker_side",
    ]) {
        assert!(reason["reason"].as_str().unwrap().contains(expected), "{reason}");
    }
}

#[test]
fn strict_makes_a_bad_line_an_error_of_its_file() {
    let desk = Desk::new();
    let good = cents_trade("1", "S-E1-A", "2024-01-01T00:00:00Z", 50, 1, "yes");
    let path = desk.write("trades.jsonl", format!("{good}garbage\n"));

    let finished = desk.run(&["import", "--strict", path.to_str().unwrap(), "--json"]);

    assert_eq!(finished.code, 1);
    let report = finished.document();
    let error = only_file(&report)["error"].as_str().unwrap();
    assert!(error.contains("line 2"), "{error}");
    nothing_is_kept(&desk, &good, 1);
}

#[test]
fn a_file_in_neither_format_is_named_with_what_was_expected() {
    let desk = Desk::new();
    for (name, content) in [
        ("picture.json", &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..]),
        ("other.json", b"{\"hello\": \"world\"}\n"),
        ("other.csv", b"first,second\n1,2\n"),
    ] {
        let (code, report) = desk.import(&desk.write(name, content));
        assert_eq!(code, 1, "{name}: {report}");
        let error = only_file(&report)["error"].as_str().unwrap();
        assert!(!error.is_empty(), "{name}");
    }
}

#[test]
fn a_path_that_is_not_there_is_an_error_that_names_it() {
    let desk = Desk::new();
    let finished = desk.run(&["import", "no/such/place", "--json"]);
    assert_eq!(finished.code, 1);
    assert!((finished.stderr + &finished.stdout).contains("no/such/place"));
}

#[test]
fn a_data_directory_without_rights_is_an_error_that_names_it() {
    let desk = Desk::new();
    let world = small_world(&desk);
    let Some(mut command) = as_nobody(&desk.command(&["import", world.to_str().unwrap()])) else {
        eprintln!("skipped: this machine cannot run a command as another user");
        return;
    };
    // The test's own folder belongs to us, so another user may read the recordings but make no data directory.
    open_to_all(&desk.path("."));

    let finished = Finished::from(command.output().unwrap());

    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let data_dir = desk.data_dir();
    assert!(
        finished.stderr.contains(data_dir.to_str().unwrap()),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.to_lowercase().contains("permission denied"),
        "{}",
        finished.stderr
    );
    assert!(!data_dir.exists());
}

#[test]
fn a_full_disk_rolls_the_file_back_and_says_so() {
    let desk = Desk::new();
    let lines = many_trades(60_000);
    let path = desk.write("trades.jsonl", &lines);
    let small_disk = desk.path("small");
    std::fs::create_dir(&small_disk).unwrap();
    // A disk of two megabytes, in a mount namespace of its own that ends with the command.
    let kmi = env!("CARGO_BIN_EXE_kmi");
    let script = format!(
        "mount -t tmpfs -o size=2m tmpfs {small} || exit 77; {kmi} migrate --data-dir {small} >&2 || exit 78; \
         {kmi} import {file} --data-dir {small} --json; code=$?; \
         {kmi} import {one} --data-dir {small} --json >&2 || exit 79; exit $code",
        small = small_disk.display(),
        file = path.display(),
        one = desk
            .write(
                "one.jsonl",
                cents_trade("a-new-one", "S-E1-A", "2024-01-01T00:00:00Z", 50, 1, "yes")
            )
            .display(),
    );
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script])
        .output();
    let Ok(output) = output else {
        eprintln!("skipped: no unshare on this machine");
        return;
    };
    let finished = Finished::from(output);
    if finished.code == 77 || finished.stderr.contains("unshare failed") {
        eprintln!("skipped: this machine lets no one mount a small disk");
        return;
    }

    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let report = finished.document();
    let file = only_file(&report);
    assert_eq!(file["inserted"], 0);
    let error = file["error"].as_str().unwrap().to_lowercase();
    assert!(error.contains("full") || error.contains("no space"), "{error}");
    // The database still works on the full disk's remains: the file was rolled back, not half kept.
    assert!(finished.stderr.contains("\"inserted\":1"), "{}", finished.stderr);
}

/// The same command as the unprivileged user `nobody`, where that can be done.
fn as_nobody(command: &Command) -> Option<Command> {
    let is_root = Command::new("id").arg("-u").output().ok()?.stdout == b"0\n";
    let mut other = Command::new("setpriv");
    other
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(command.get_program());
    other.args(command.get_args());
    let program_runs = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(command.get_program())
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    (is_root && program_runs).then_some(other)
}

fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
