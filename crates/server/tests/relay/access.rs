//! Who gets in, and how one goes.

use futures::{SinkExt as _, StreamExt as _};
use kmi_server::{DoorSettings, RelayAccess};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::support::{House, Opening, TOKEN, within};

/// A request as it stands, and the answer's head and body.
pub(crate) async fn raw(house: &House, head: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let request = format!("{head}Host: {}\r\nConnection: close\r\n\r\n", house.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    let status = answer[9..12].parse().unwrap();
    (status, answer)
}

async fn closed_house() -> House {
    House::open(Opening {
        settings: DoorSettings {
            relay: RelayAccess::Session,
            ..DoorSettings::default()
        },
        ..Opening::default()
    })
    .await
}

const HANDSHAKE: &str = "GET /trade-api/ws/v2 HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

async fn handshake(house: &House, more: &str) -> String {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let request = format!(
        "{HANDSHAKE}{more}Host: {}\r\nConnection: Upgrade\r\n\r\n",
        house.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let read = within(stream.read(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test]
async fn without_a_session_or_the_token_the_answer_is_the_exchanges_401() {
    let house = closed_house().await;
    house.list(&["KX-1"]);
    let (status, answer) = raw(&house, "GET /trade-api/v2/markets/KX-1 HTTP/1.1\r\n").await;
    assert_eq!(status, 401);
    assert!(answer.ends_with(
        r#"{"error":{"code":"signature_is_missing_from_headers","message":"signature_is_missing_from_headers"}}"#
    ));
    assert!(handshake(&house, "").await.starts_with("HTTP/1.1 401 "));

    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    let (status, answer) = raw(
        &house,
        &format!("GET /trade-api/v2/markets/KX-1 HTTP/1.1\r\n{bearer}"),
    )
    .await;
    assert_eq!(status, 200, "{answer}");
    let answer = handshake(&house, &bearer).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
}

#[tokio::test]
async fn pages_of_others_and_proxies_do_not_get_in_even_where_everybody_may() {
    let house = House::usual().await;
    for header in ["Origin: http://evil.example\r\n", "X-Forwarded-For: 1.2.3.4\r\n"] {
        let answer = handshake(&house, header).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains(r#"{"error":{"code":"forbidden""#), "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_handshake_is_refused_and_says_why() {
    let house = House::usual().await;
    let (status, answer) = raw(&house, "GET /trade-api/ws/v2 HTTP/1.1\r\n").await;
    assert_eq!(status, 400);
    assert!(answer.contains("bad_request"), "{answer}");
    let (status, _) = raw(&house, "POST /trade-api/ws/v2 HTTP/1.1\r\nContent-Length: 0\r\n").await;
    assert_eq!(status, 405);
}

#[tokio::test]
async fn sockets_of_an_address_are_bounded_and_room_comes_back() {
    let house = House::open(Opening {
        settings: DoorSettings {
            relay: RelayAccess::Public,
            streams_per_address: 1,
            ..DoorSettings::default()
        },
        ..Opening::default()
    })
    .await;
    let mut first = house.connect().await;
    assert!(handshake(&house, "").await.starts_with("HTTP/1.1 429 "));
    first.0.close(None).await.unwrap();
    while first.text().await.is_some() {}
    within(async {
        while !handshake(&house, "").await.starts_with("HTTP/1.1 101 ") {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_ping_is_answered_and_a_goodbye_too() {
    let house = House::usual().await;
    let mut socket = house.connect().await;
    socket
        .0
        .send(Message::Ping(Bytes::from_static(b"are you there")))
        .await
        .unwrap();
    let pong = within(socket.0.next()).await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"are you there")));

    socket.0.send(Message::Close(None)).await.unwrap();
    let close = within(socket.0.next()).await.unwrap().unwrap();
    assert!(matches!(
        close,
        Message::Close(Some(CloseFrame {
            code: CloseCode::Normal,
            ..
        }))
    ));
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let house = House::usual().await;
    let mut socket = house.connect().await;
    socket.0.send(Message::text("x".repeat(300 << 10))).await.unwrap();
    let close = within(socket.0.next()).await;
    assert!(
        matches!(&close, Some(Ok(Message::Close(Some(frame)))) if frame.code == CloseCode::Size),
        "{close:?}"
    );
}

#[tokio::test]
async fn commands_beyond_the_allowance_are_refused_by_number() {
    let house = House::usual().await;
    let mut socket = house.connect().await;
    let list = r#"{"id":1,"cmd":"list_subscriptions"}"#;
    let mut refused = 0;
    for _ in 0..1_500 {
        socket.say(list).await;
    }
    for _ in 0..1_500 {
        let told = socket.json().await;
        if told["type"] == "error" {
            assert_eq!(told["msg"]["code"], 27);
            refused += 1;
        }
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let house = House::usual().await;
    let mut socket = house.connect().await;
    socket
        .ask(r#"{"id":1,"cmd":"subscribe","params":{"channels":["trade"]}}"#)
        .await;
    house.stop.cancel();
    let close = within(socket.0.next()).await.unwrap().unwrap();
    assert!(matches!(
        close,
        Message::Close(Some(CloseFrame {
            code: CloseCode::Away,
            ..
        }))
    ));
    within(house.serving).await.unwrap();
}
