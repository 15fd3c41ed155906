//! What goes wrong: a full disk, no rights, a dead server, a killed process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use kmi_domain::PublicTrade;
use kmi_storage::{StorageError, Store, StoreLocation, throwaway};

use crate::archive::{frames, record};
use crate::house::{House, meta, trade};

/// As many trades as it takes to fill a few megabytes, of one day.
fn many(from: usize, count: usize) -> Vec<PublicTrade> {
    (from..from + count)
        .map(|number| trade(&format!("{number:036}"), "A-1", "2T10:00:00", "0.42"))
        .collect()
}

pub(crate) async fn an_open_store_opens_again(house: House) {
    house.take(&many(0, 3)).await;
    let location = house.store.location().clone();
    let again = Store::open(location.clone()).await.unwrap();
    assert_eq!(again.counts().await.unwrap().tables["public_trades"], 3);
    assert_eq!(again.meta("format").await.unwrap().as_deref(), Some("1"));
    assert!(again.health().await.unwrap().problems.is_empty());
    let steps = Store::migration_status(&location).await.unwrap();
    assert!(!steps.is_empty() && steps.iter().all(|step| step.applied));
    again.close().await.unwrap();
}

pub(crate) async fn opening_waits_for_no_import(house: House) {
    let mut import = house.store.begin_import(meta("long")).await.unwrap();
    import.put_trades(&many(0, 3)).await.unwrap();
    let opening = Store::open(house.store.location().clone());
    let opened = tokio::time::timeout(std::time::Duration::from_secs(15), opening).await;
    opened.unwrap().unwrap().close().await.unwrap();
    import.commit("trades", 3, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_store_may_be_opened_by_several_at_once() {
    let mut urls = vec![None];
    urls.extend(throwaway::postgres_database().map(Some));
    for url in urls {
        let folder = tempfile::tempdir().unwrap();
        let mut location = StoreLocation::in_folder(folder.path());
        location.database_url = url;
        let opened: Vec<_> = (0..6)
            .map(|_| tokio::spawn(Store::open(location.clone())))
            .collect();
        for store in opened {
            store.await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_database_of_a_later_program_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let location = StoreLocation::in_folder(folder.path());
    let steps = Store::migration_status(&location).await.unwrap();
    assert!(steps.iter().all(|step| !step.applied), "asking applies nothing");
    Store::open(location.clone())
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    let database = rusqlite::Connection::open(location.market_db()).unwrap();
    let sql = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)";
    database.execute(sql, []).unwrap();

    let error = Store::open(location).await.unwrap_err();

    assert!(
        matches!(&error, StorageError::Newer { found, .. } if found == "m29991231_000001_later"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("market.db"),
        "this is no database at all, but long enough".repeat(50),
    )
    .unwrap();
    let error = Store::open(StoreLocation::in_folder(folder.path()))
        .await
        .unwrap_err();
    assert!(matches!(error, StorageError::Damaged { .. }), "{error:?}");
}

/// Fills a store until it refuses; what was committed stays, what was not is gone.
async fn fill(store: &Store) {
    let mut import = store.begin_import(meta("first")).await.unwrap();
    import.put_trades(&many(0, 100)).await.unwrap();
    import.commit("trades", 100, 0).await.unwrap();

    let mut import = store.begin_import(meta("too much")).await.unwrap();
    let mut outcome = Ok(());
    for round in 1..200 {
        if let Err(error) = import.put_trades(&many(round * 2_000, 2_000)).await {
            outcome = Err(error);
            break;
        }
    }
    let outcome = match outcome {
        Ok(()) => import.commit("trades", 0, 0).await.map(|_| ()),
        Err(error) => {
            drop(import);
            Err(error)
        }
    };
    let error = outcome.unwrap_err();
    assert!(matches!(error, StorageError::Full { .. }), "{error:?}");
    assert_eq!(store.counts().await.unwrap().tables["public_trades"], 100);
}

#[tokio::test]
async fn a_full_database_keeps_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let location = StoreLocation {
        size_limit_bytes: Some(2_000_000),
        ..StoreLocation::in_folder(folder.path())
    };
    fill(&Store::open(location).await.unwrap()).await;
    // With room again, the same import goes through.
    let store = Store::open(StoreLocation::in_folder(folder.path()))
        .await
        .unwrap();
    let mut import = store.begin_import(meta("too much")).await.unwrap();
    assert_eq!(
        import.put_trades(&many(0, 20_000)).await.unwrap().inserted,
        19_900
    );
    import.commit("trades", 20_000, 0).await.unwrap();
}

/// A small disk, where mounting one is allowed.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(SmallDisk(folder));
        }
        eprintln!("skipped: no right to mount a small disk");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}

#[tokio::test]
async fn a_full_disk_keeps_what_was_committed() {
    let Some(disk) = SmallDisk::mount("3m") else {
        return;
    };
    fill(
        &Store::open(StoreLocation::in_folder(disk.0.path()))
            .await
            .unwrap(),
    )
    .await;
}

#[tokio::test]
async fn a_disk_too_full_for_the_archive_leaves_the_days_in_the_database() {
    let Some(disk) = SmallDisk::mount("8m") else {
        return;
    };
    let store = Store::open(StoreLocation::in_folder(disk.0.path()))
        .await
        .unwrap();
    let house = House {
        store,
        folder: tempfile::tempdir().unwrap(),
    };
    house.take(&many(0, 5_000)).await;
    let ballast = disk.0.path().join("ballast");
    let mut filled = std::fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut filled, &[0; 4096]).is_ok() {}

    let error = house
        .store
        .roll("2026-01-05T00:00:00Z".parse().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, StorageError::Full { .. }), "{error:?}");
    assert!(house.store.archive_files().await.unwrap().is_empty());

    drop(filled);
    std::fs::remove_file(ballast).unwrap();
    assert_eq!(house.trades().await.len(), 5_000);
    house
        .store
        .roll("2026-01-05T00:00:00Z".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(house.trades().await.len(), 5_000);
}

/// Runs this test again in a process of its own, told by the environment to play `role` in `folder`.
fn played(test: &str, role: &str, folder: &Path, program: &[&str]) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut words = program.iter().map(std::ffi::OsString::from).collect::<Vec<_>>();
    words.push(this.into_os_string());
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .args(["--exact", test, "--nocapture"])
        .env("KMI_TEST_ROLE", role)
        .env("KMI_TEST_FOLDER", folder);
    command
}

fn role() -> Option<(String, StoreLocation)> {
    let folder = std::env::var("KMI_TEST_FOLDER").ok()?;
    let mut location = StoreLocation::in_folder(folder);
    location.database_url = std::env::var("KMI_TEST_URL").ok();
    Some((std::env::var("KMI_TEST_ROLE").ok()?, location))
}

#[tokio::test]
async fn a_killed_import_leaves_nothing() {
    if let Some((_, location)) = role() {
        let store = Store::open(location).await.unwrap();
        let mut import = store.begin_import(meta("killed")).await.unwrap();
        import.put_trades(&many(0, 50_000)).await.unwrap();
        println!("\nmidway");
        std::thread::sleep(std::time::Duration::from_mins(10));
    }
    let mut urls = vec![None];
    urls.extend(throwaway::postgres_database().map(Some));
    for url in urls {
        let folder = tempfile::tempdir().unwrap();
        let mut location = StoreLocation::in_folder(folder.path());
        location.database_url.clone_from(&url);
        let mut command = played(
            "failures::a_killed_import_leaves_nothing",
            "import",
            folder.path(),
            &[],
        );
        if let Some(url) = &url {
            command.env("KMI_TEST_URL", url);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        assert!(output.lines().any(|line| line.unwrap() == "midway"));
        child.kill().unwrap();
        child.wait().unwrap();

        let store = Store::open(location).await.unwrap();
        assert_eq!(store.counts().await.unwrap().tables["public_trades"], 0);
        let mut import = store.begin_import(meta("killed")).await.unwrap();
        assert_eq!(
            import.put_trades(&many(0, 50_000)).await.unwrap().inserted,
            50_000
        );
        import.commit("trades", 50_000, 0).await.unwrap();
        assert!(store.health().await.unwrap().problems.is_empty());
    }
}

#[tokio::test]
async fn a_folder_without_rights_is_named() {
    if let Some((_, location)) = role() {
        let error = Store::open(location).await.unwrap_err();
        println!(
            "\n{}",
            if matches!(error, StorageError::Denied { .. }) {
                "denied"
            } else {
                "other"
            }
        );
        println!("{error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let locked = folder.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    let mut rights = std::fs::metadata(&locked).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o500);
    std::fs::set_permissions(&locked, rights).unwrap();
    let outer = std::fs::metadata(folder.path()).unwrap();
    let mut rights = outer.permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o755);
    std::fs::set_permissions(folder.path(), rights).unwrap();
    // No folder is locked to root, so root becomes nobody for this.
    let root = std::os::unix::fs::MetadataExt::uid(&outer) == 0;
    let nobody: &[&str] = &["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"];
    let mut command = played(
        "failures::a_folder_without_rights_is_named",
        "open",
        &locked,
        if root { nobody } else { &[] },
    );
    let Ok(output) = command.output() else {
        eprintln!("skipped: cannot become an unprivileged user");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() && said.is_empty() {
        eprintln!("skipped: an unprivileged user cannot run this test program");
        return;
    }
    assert!(said.contains("\ndenied\n"), "{said}");
    assert!(said.contains("locked"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let location = StoreLocation::on_server(folder.path(), "postgres://kmi:secret@127.0.0.1:1/kmi");
    let error = Store::open(location).await.unwrap_err();
    assert!(matches!(error, StorageError::Unavailable { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "postgres://kmi@127.0.0.1:1/kmi does not answer"
    );

    let error = Store::open(StoreLocation::on_server(folder.path(), "mysql://db"))
        .await
        .unwrap_err();
    assert!(matches!(error, StorageError::Url(_)), "{error:?}");
}

#[tokio::test]
async fn a_connection_lost_midway_leaves_nothing() {
    let Some(url) = throwaway::postgres_database() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreLocation::on_server(folder.path(), &url))
        .await
        .unwrap();
    let mut import = store.begin_import(meta("lost")).await.unwrap();
    import.put_trades(&many(0, 1_000)).await.unwrap();
    throwaway::crash_connections(&url);

    let error = import.put_trades(&many(1_000, 1_000)).await.unwrap_err();

    assert!(matches!(error, StorageError::Unavailable { .. }), "{error:?}");
    drop(import);
    assert_eq!(
        store.counts().await.unwrap().tables["public_trades"],
        0,
        "and the store goes on"
    );
}

#[tokio::test]
async fn a_url_that_cannot_be_parsed_is_never_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "postgres://kmi:hunter2@127.0.0.1:notaport/db",
        "postgres://kmi:hunter2#x@127.0.0.1/db",
        "postgres://kmi:hunter2@127.0.0.1/db?sslmode=hunter2",
    ] {
        let location = StoreLocation::on_server(folder.path(), url);
        let name = location.name();
        let error = Store::open(location).await.unwrap_err();
        assert!(matches!(error, StorageError::Url(_)), "{error:?}");
        assert!(
            !format!("{name} {error} {error:?}").contains("hunter2"),
            "{error:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_takes_its_files_back() {
    let Some(url) = throwaway::postgres_database() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreLocation::on_server(folder.path(), &url))
        .await
        .unwrap();
    let mut import = store.begin_import(meta("lost")).await.unwrap();
    import.begin_capture("c0ffee").await.unwrap();
    import.put_book(&frames()).await.unwrap();
    import.end_capture(&record("c0ffee", &frames())).await.unwrap();
    throwaway::crash_connections(&url);

    import.commit("capture", 8, 0).await.unwrap_err();

    assert!(store.archive_files().await.unwrap().is_empty());
    assert!(store.verify_archive().await.unwrap().is_sound());
}
