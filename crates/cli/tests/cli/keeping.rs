//! What is kept stays the same wherever it lies: database or archive, SQLite or PostgreSQL.

use serde_json::{Value, json};

use crate::support::{Desk, small_world};

fn answers(desk: &Desk) -> [Value; 2] {
    let mut run = desk.json(&[
        "backtest",
        "run",
        "--strategy",
        "fixed_horizon",
        "--param",
        "side=no",
    ]);
    for changing in ["id", "created_at", "seconds", "events_per_s"] {
        run.as_object_mut().unwrap().remove(changing);
    }
    [desk.json(&["calibrate", "--by", "series"]), run]
}

#[test]
fn the_archive_answers_as_the_database_did() {
    let desk = Desk::new();
    let world = small_world(&desk);
    desk.import(&world);
    let before = answers(&desk);

    let rolled = desk.json(&["archive", "roll", "--before", "2025-01-01"]);
    assert_eq!(rolled["rows_by_kind"]["trades"], 8, "{rolled}");

    assert_eq!(answers(&desk), before);
    let list = desk.json(&["archive", "list"]);
    let trades = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["kind"] == "trades")
        .unwrap();
    assert_eq!(
        (&trades["day"], &trades["rows"]),
        (&json!("2024-01-01"), &json!(8))
    );
    assert_eq!(desk.json(&["archive", "verify"])["damaged"], json!([]));
    let (_, again) = desk.import(&world);
    assert_eq!(again["totals"]["trades"], 0, "a trade in the archive is known");
}

#[test]
fn a_damaged_archive_file_is_named() {
    let desk = Desk::new();
    desk.import(&small_world(&desk));
    desk.json(&["archive", "roll", "--before", "2025-01-01"]);
    let list = desk.json(&["archive", "list"]);
    let path = list["items"][0]["path"].as_str().unwrap();
    let file = desk.data_dir().join("archive").join(path);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xFF;
    std::fs::write(&file, bytes).unwrap();

    let finished = desk.run(&["archive", "verify", "--json"]);

    assert_eq!(finished.code, 1);
    assert_eq!(finished.document()["damaged"][0]["path"], path);
}

#[test]
fn postgresql_answers_as_sqlite_does() {
    // Says so itself when there is no PostgreSQL.
    let Some(url) = kmi_storage::throwaway::postgres_database() else {
        return;
    };
    let (sqlite, postgres) = (Desk::new(), Desk::new().on(url));
    for desk in [&sqlite, &postgres] {
        let (code, report) = desk.import(&small_world(desk));
        assert_eq!(code, 0, "{report}");
    }

    assert_eq!(answers(&postgres), answers(&sqlite));
}

#[test]
fn a_database_that_is_not_there_is_an_error_without_its_password() {
    let desk = Desk::new().on("postgres://user:hunter2@127.0.0.1:1/none".to_owned());

    let finished = desk.run(&["calibrate"]);

    assert_eq!(finished.code, 1);
    assert!(
        finished.stderr.contains("127.0.0.1") && !finished.stderr.contains("hunter2"),
        "{}",
        finished.stderr
    );
}

#[test]
fn the_doctor_finds_a_sound_house_sound() {
    let desk = Desk::new();
    desk.import(&small_world(&desk));

    let doctor = desk.json(&["doctor"]);

    assert!(
        doctor["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["ok"] == true),
        "{doctor}"
    );
}

#[test]
fn the_same_seed_writes_the_same_history_and_it_is_taken_in_whole() {
    let desk = Desk::new();
    for out in ["one", "two"] {
        desk.json(&[
            "synth",
            "--seed",
            "7",
            "--markets",
            "40",
            "--out",
            desk.path(out).to_str().unwrap(),
        ]);
    }
    for name in ["series.jsonl.gz", "events.jsonl.gz", "trades.jsonl.gz"] {
        let read = |folder| std::fs::read(desk.path(folder).join(name)).unwrap();
        assert!(read("one") == read("two"), "{name} differs");
    }

    let (code, report) = desk.import(&desk.path("one"));

    assert_eq!(code, 0, "{report}");
    assert!(
        report["files"]
            .as_array()
            .unwrap()
            .iter()
            .all(|file| file["rejected"] == 0),
        "{report}"
    );
    assert!(report["totals"]["markets"].as_u64().unwrap() >= 40);
}
