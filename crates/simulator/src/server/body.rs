//! Reading the body of a request within its bounds.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt as _;
use kmi_kalshi::api::code::ErrorAnswer;

use super::answer::ApiError;
use super::config::Bounds;

/// The whole body, or 413, or 408.
pub(crate) async fn read(headers: &HeaderMap, body: Body, bounds: &Bounds) -> Result<Bytes, ApiError> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced == Some(0) {
        return Ok(Bytes::new());
    }
    let is_too_large = announced.is_some_and(|length| length > bounds.body_bytes as u64);
    if is_too_large && headers.contains_key(EXPECT) {
        // It waits for our word before it sends anything, so nothing needs to be thrown away.
        return Err(ApiError::too_large(bounds.body_bytes));
    }
    match tokio::time::timeout(bounds.body_time, collect(body, bounds)).await {
        Ok(read) => read,
        Err(_) if is_too_large => Err(ApiError::too_large(bounds.body_bytes)),
        Err(_) => Err(ApiError::too_slow()),
    }
}

async fn collect(mut body: Body, bounds: &Bounds) -> Result<Bytes, ApiError> {
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    let mut discarded = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::from(ErrorAnswer::bad_request("the body ended early")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if let Some(bytes) = &mut discarded {
            *bytes += data.len() as u64;
            if *bytes > bounds.discarded_bytes {
                break;
            }
        } else if first.as_ref().map_or(0, Bytes::len) + rest.len() + data.len() > bounds.body_bytes {
            discarded = Some(data.len() as u64);
            first = None;
            rest = BytesMut::new();
        } else if first.is_none() {
            first = Some(data);
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if discarded.is_some() {
        return Err(ApiError::too_large(bounds.body_bytes));
    }
    Ok(match first {
        None => Bytes::new(),
        Some(first) if rest.is_empty() => first,
        Some(first) => [&first[..], &rest[..]].concat().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{StreamExt as _, stream};
    use http::StatusCode;
    use std::convert::Infallible;
    use std::time::Duration;

    fn chunks(count: usize, size: usize) -> Body {
        let chunk = Bytes::from(vec![b'x'; size]);
        Body::from_stream(stream::iter(
            (0..count).map(move |_| Ok::<_, Infallible>(chunk.clone())),
        ))
    }

    #[tokio::test]
    async fn a_body_up_to_the_bound_is_read_whole() {
        let bounds = Bounds::default();
        let read = super::read(&HeaderMap::new(), chunks(16, 65_536), &bounds).await;
        assert_eq!(read.unwrap().len(), 1 << 20);
        let read = super::read(&HeaderMap::new(), Body::from("{}"), &bounds).await;
        assert_eq!(read.unwrap(), "{}");
    }

    #[tokio::test]
    async fn a_hundred_megabytes_are_413_and_are_not_kept() {
        let error = super::read(&HeaderMap::new(), chunks(1_600, 65_536), &Bounds::default())
            .await
            .unwrap_err();
        assert_eq!(error.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(error.body().code(), Some("request_body_too_large"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_408() {
        let endless = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"{"))]).chain(stream::pending());
        let error = super::read(&HeaderMap::new(), Body::from_stream(endless), &Bounds::default())
            .await
            .unwrap_err();
        assert_eq!(error.status(), StatusCode::REQUEST_TIMEOUT);
    }

    #[tokio::test]
    async fn who_asks_first_is_told_before_sending() {
        let mut headers = HeaderMap::new();
        headers.insert(EXPECT, "100-continue".parse().unwrap());
        headers.insert(CONTENT_LENGTH, "104857600".parse().unwrap());
        let never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let bounds = Bounds {
            body_time: Duration::from_hours(1),
            ..Bounds::default()
        };
        assert!(super::read(&headers, never, &bounds).await.is_err());
    }
}
