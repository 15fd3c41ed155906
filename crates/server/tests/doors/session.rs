//! `/session`: who is let in, and what for.

use crate::support::{TOKEN, served};

#[tokio::test]
async fn a_link_begins_a_session_once_and_its_cookie_is_for_this_server_alone() {
    let served = served().await;
    let link = served.doors.session_link(served.address);
    let path = link.strip_prefix(&format!("http://{}", served.address)).unwrap();

    let looked = served.send("HEAD", path, &[], "").await;
    assert_eq!(looked.status, 405, "who only looks does not use it up");
    let begun = served.get(path).await;
    assert_eq!(begun.status, 303);
    assert_eq!(begun.header("location"), "/");
    let cookie = begun.header("set-cookie");
    let port = served.address.port();
    assert!(cookie.starts_with(&format!("kmi_session_{port}=ey")), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=86400"),
        "{cookie}"
    );

    let again = served.get(path).await;
    assert_eq!((again.status.as_u16(), again.code().as_str()), (403, "FORBIDDEN"));
    assert_eq!(again.header("set-cookie"), "");
}

#[tokio::test]
async fn a_link_that_is_none_or_came_too_late_begins_nothing() {
    let served = served().await;
    let path = format!("/session/begin?token={}", "0".repeat(64));
    assert_eq!(served.get(&path).await.status, 403);
    assert_eq!(served.get("/session/begin").await.status, 403);

    let link = served.doors.session_link(served.address);
    served.pass(600);
    let path = link.strip_prefix(&format!("http://{}", served.address)).unwrap();
    assert_eq!(served.get(path).await.status, 403);
}

#[tokio::test]
async fn a_session_tells_its_token_is_renewed_by_use_and_ends() {
    let served = served().await;
    let cookie = served.session().await;
    let look = served.send("GET", "/session", &[("cookie", &cookie)], "").await;
    assert_eq!(look.json()["by"], "session");
    assert_eq!(look.header("set-cookie"), "", "young sessions keep their cookie");
    let csrf = look.json()["csrf_token"].as_str().unwrap().to_owned();

    served.pass(23 * 3_600);
    let look = served.send("GET", "/session", &[("cookie", &cookie)], "").await;
    let renewed = look.header("set-cookie").split(';').next().unwrap().to_owned();
    assert!(renewed.starts_with("kmi_session_"), "{renewed}");
    served.pass(23 * 3_600);
    let look = served.send("GET", "/session", &[("cookie", &cookie)], "").await;
    assert_eq!(
        look.json()["by"],
        "anonymous",
        "the old cookie has come to its end"
    );
    let look = served.send("GET", "/session", &[("cookie", &renewed)], "").await;
    assert_eq!(look.json()["by"], "session");

    let end = [("cookie", renewed.as_str()), ("x-csrf-token", csrf.as_str())];
    let ended = served.send("DELETE", "/session", &end, "").await;
    assert_eq!(ended.status, 204);
    assert!(ended.header("set-cookie").contains("Max-Age=0"));
    let look = served.send("GET", "/session", &[("cookie", &renewed)], "").await;
    assert_eq!(
        look.json()["by"],
        "anonymous",
        "a cookie of an ended session is good for nothing"
    );
}

#[tokio::test]
async fn what_changes_something_needs_the_session_and_its_token_or_the_bearer() {
    let served = served().await;
    let cookie = served.session().await;
    let look = served.send("GET", "/session", &[("cookie", &cookie)], "").await;
    let csrf = look.json()["csrf_token"].as_str().unwrap().to_owned();
    let other = served.session().await;
    let ask = async |headers: &[(&str, &str)]| {
        let answer = served.send("POST", "/session/link", headers, "").await;
        answer.status.as_u16()
    };
    let bearer = format!("Bearer {TOKEN}");

    assert_eq!(ask(&[]).await, 401);
    assert_eq!(ask(&[("cookie", &cookie)]).await, 403);
    assert_eq!(ask(&[("cookie", &cookie), ("x-csrf-token", "guess")]).await, 403);
    assert_eq!(ask(&[("cookie", &other), ("x-csrf-token", &csrf)]).await, 403);
    assert_eq!(ask(&[("x-csrf-token", &csrf)]).await, 401);
    assert_eq!(ask(&[("cookie", &cookie), ("x-csrf-token", &csrf)]).await, 201);
    assert_eq!(ask(&[("authorization", &bearer)]).await, 201);
    assert_eq!(ask(&[("authorization", "Bearer wrong")]).await, 401);
    assert_eq!(
        ask(&[
            ("authorization", "Basic a"),
            ("cookie", &cookie),
            ("x-csrf-token", &csrf)
        ])
        .await,
        401
    );
}

#[tokio::test]
async fn a_new_link_from_a_program_begins_a_session() {
    let served = served().await;
    let answer = served.with_token("POST", "/session/link", "").await;
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&format!("http://{}", served.address)).unwrap();

    assert_eq!(served.get(path).await.status, 303);
}
