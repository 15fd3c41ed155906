//! WebSocket frames (RFC 6455) as a server writes and reads them.
//!
//! A server's frames are not masked, so that a message is its text behind two to ten bytes; many of them are put together and written
//! at once, which no library at hand does. Reading is the reverse, with the checks the standard asks of a server.

use bytes::{Buf as _, BytesMut};

/// Longest message taken from a client, in bytes, all of its frames together.
pub(super) const MAX_MESSAGE: usize = 256 << 10;
/// Longest payload of a control frame.
const MAX_CONTROL: usize = 125;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Why a connection is closed, as its last frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CloseCode {
    /// All was said.
    Normal,
    /// The server stops.
    Away,
    /// What came was no WebSocket frame.
    Protocol,
    /// What came was too long.
    TooLong,
}

impl CloseCode {
    const fn number(self) -> u16 {
        match self {
            CloseCode::Normal => 1000,
            CloseCode::Away => 1001,
            CloseCode::Protocol => 1002,
            CloseCode::TooLong => 1009,
        }
    }
}

/// Begins a frame with a text of `length` bytes, which is to follow.
pub(super) fn begin_text(out: &mut Vec<u8>, length: usize) {
    out.push(FIN | TEXT);
    if let Ok(short) = u8::try_from(length)
        && length <= MAX_CONTROL
    {
        out.push(short);
    } else if let Ok(medium) = u16::try_from(length) {
        out.push(126);
        out.extend_from_slice(&medium.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

/// Writes a ping.
pub(super) fn ping(out: &mut Vec<u8>, payload: &[u8]) {
    control(out, PING, payload);
}

/// Writes the answer to a ping.
pub(super) fn pong(out: &mut Vec<u8>, payload: &[u8]) {
    control(out, PONG, payload);
}

/// Writes the last frame.
pub(super) fn close(out: &mut Vec<u8>, code: CloseCode) {
    control(out, CLOSE, &code.number().to_be_bytes());
}

fn control(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    let payload = &payload[..payload.len().min(MAX_CONTROL)];
    let length = u8::try_from(payload.len()).expect("at most 125 bytes were kept");
    out.extend_from_slice(&[FIN | opcode, length]);
    out.extend_from_slice(payload);
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A whole message, text or binary.
    Message(BytesMut),
    /// It wants a pong with this payload.
    Ping(BytesMut),
    /// It is there.
    Pong,
    /// It goes.
    Close,
}

/// Puts frames together from bytes as they come.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    bytes: BytesMut,
    /// Frames of a message that is not at its end yet.
    begun: Option<BytesMut>,
}

/// The head of a frame.
#[derive(Clone, Copy)]
struct Head {
    opcode: u8,
    is_last: bool,
    mask: [u8; 4],
    /// Bytes of the head itself.
    length: usize,
    /// Bytes of the payload after it.
    payload: usize,
}

impl Inbox {
    /// Where bytes are read to. Holds no more than one message and what came behind it in one read.
    pub(super) fn room(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// The next message, when all of it is there.
    ///
    /// # Errors
    /// The code to close with, for what breaks the standard or the bounds.
    pub(super) fn next(&mut self) -> Result<Option<Incoming>, CloseCode> {
        loop {
            let Some(head) = self.head()? else {
                return Ok(None);
            };
            if self.bytes.len() < head.length + head.payload {
                return Ok(None);
            }
            self.bytes.advance(head.length);
            let mut payload = self.bytes.split_to(head.payload);
            unmask(&mut payload, head.mask);
            if let Some(incoming) = self.take(head, payload)? {
                return Ok(Some(incoming));
            }
        }
    }

    fn head(&self) -> Result<Option<Head>, CloseCode> {
        let bytes = &self.bytes;
        let [first, second, ..] = bytes[..] else {
            return Ok(None);
        };
        let (opcode, is_last) = (first & 0x0f, first & FIN != 0);
        // No extension was agreed upon, and a client's frames are masked.
        if first & 0x70 != 0 || second & MASKED == 0 {
            return Err(CloseCode::Protocol);
        }
        let extended = match second & !MASKED {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let head = 2 + extended + 4;
        if bytes.len() < head {
            return Ok(None);
        }
        let payload = match extended {
            0 => u64::from(second & !MASKED),
            _ => bytes[2..2 + extended]
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        let is_control = opcode >= CLOSE;
        if is_control && (!is_last || payload > MAX_CONTROL as u64) {
            return Err(CloseCode::Protocol);
        }
        let begun = self.begun.as_ref().map_or(0, BytesMut::len);
        let payload = usize::try_from(payload)
            .ok()
            .filter(|payload| *payload <= MAX_MESSAGE && payload + begun <= MAX_MESSAGE)
            .ok_or(CloseCode::TooLong)?;
        let mask = [bytes[head - 4], bytes[head - 3], bytes[head - 2], bytes[head - 1]];
        Ok(Some(Head {
            opcode,
            is_last,
            mask,
            length: head,
            payload,
        }))
    }

    fn take(&mut self, head: Head, payload: BytesMut) -> Result<Option<Incoming>, CloseCode> {
        match (head.opcode, &mut self.begun) {
            (PING, _) => Ok(Some(Incoming::Ping(payload))),
            (PONG, _) => Ok(Some(Incoming::Pong)),
            (CLOSE, _) => Ok(Some(Incoming::Close)),
            (TEXT | BINARY, None) if head.is_last => Ok(Some(Incoming::Message(payload))),
            (TEXT | BINARY, None) => {
                self.begun = Some(payload);
                Ok(None)
            }
            (CONTINUATION, Some(begun)) => {
                begun.extend_from_slice(&payload);
                let whole = if head.is_last { self.begun.take() } else { None };
                Ok(whole.map(Incoming::Message))
            }
            _ => Err(CloseCode::Protocol),
        }
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};
    use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

    fn masked(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
        let header = FrameHeader {
            is_final,
            opcode,
            mask: Some([7, 0, 255, 66]),
            ..FrameHeader::default()
        };
        let mut bytes = Vec::new();
        Frame::from_payload(header, payload.to_vec().into())
            .format(&mut bytes)
            .unwrap();
        bytes
    }

    fn all(inbox: &mut Inbox) -> Result<Vec<Incoming>, CloseCode> {
        let mut all = Vec::new();
        while let Some(incoming) = inbox.next()? {
            all.push(incoming);
        }
        Ok(all)
    }

    fn message(payload: &[u8]) -> Incoming {
        Incoming::Message(BytesMut::from(payload))
    }

    proptest! {
        #[test]
        fn what_another_implementation_wrote_is_read_however_it_is_cut(
            payload in proptest::collection::vec(any::<u8>(), 0..70_000),
            parts in 1_usize..4,
            cut in 1_usize..5_000,
        ) {
            let size = payload.len().div_ceil(parts).max(1);
            let mut chunks: Vec<&[u8]> = payload.chunks(size).collect();
            if chunks.is_empty() {
                chunks.push(&[]);
            }
            let mut wire = Vec::new();
            for (place, chunk) in chunks.iter().enumerate() {
                let opcode = if place == 0 { OpCode::Data(Data::Text) } else { OpCode::Data(Data::Continue) };
                wire.extend(masked(opcode, place + 1 == chunks.len(), chunk));
                wire.extend(masked(OpCode::Control(Control::Ping), true, b"p"));
            }
            let mut inbox = Inbox::default();
            let mut read = Vec::new();
            for piece in wire.chunks(cut) {
                inbox.room().extend_from_slice(piece);
                read.extend(all(&mut inbox).unwrap());
            }
            let pings = read.iter().filter(|it| matches!(it, Incoming::Ping(body) if &body[..] == b"p")).count();
            read.retain(|it| !matches!(it, Incoming::Ping(_)));
            prop_assert_eq!(pings, chunks.len());
            prop_assert_eq!(read, vec![message(&payload)]);
        }

        #[test]
        fn no_bytes_are_too_strange_to_be_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut inbox = Inbox::default();
            inbox.room().extend_from_slice(&bytes);
            let _ = all(&mut inbox);
        }

        #[test]
        fn what_is_written_another_implementation_reads(length in prop_oneof![0_usize..300, 65_530_usize..65_540]) {
            let mut out = Vec::new();
            begin_text(&mut out, length);
            let mut cursor = std::io::Cursor::new(out.as_slice());
            let (header, parsed) = FrameHeader::parse(&mut cursor).unwrap().unwrap();
            prop_assert_eq!(usize::try_from(parsed).unwrap(), length);
            prop_assert_eq!(cursor.position(), out.len() as u64);
            prop_assert!(header.is_final && header.mask.is_none());
            prop_assert_eq!(header.opcode, OpCode::Data(Data::Text));
        }
    }

    #[test]
    fn what_breaks_the_standard_closes_the_connection() {
        let refused = |bytes: &[u8]| {
            let mut inbox = Inbox::default();
            inbox.room().extend_from_slice(bytes);
            all(&mut inbox).unwrap_err()
        };
        assert_eq!(refused(&[0x81, 0x01, b'x']), CloseCode::Protocol, "not masked");
        assert_eq!(
            refused(&[0xc1, 0x80, 0, 0, 0, 0]),
            CloseCode::Protocol,
            "a reserved bit"
        );
        assert_eq!(
            refused(&[0x09, 0x80, 0, 0, 0, 0]),
            CloseCode::Protocol,
            "a ping in parts"
        );
        assert_eq!(
            refused(&[0x80, 0x80, 0, 0, 0, 0]),
            CloseCode::Protocol,
            "the rest of nothing"
        );
        assert_eq!(
            refused(&[0x83, 0x80, 0, 0, 0, 0]),
            CloseCode::Protocol,
            "an unknown kind"
        );
        let mut long = vec![0x81, 0xff];
        long.extend((MAX_MESSAGE as u64 + 1).to_be_bytes());
        long.extend([0; 4]);
        assert_eq!(refused(&long), CloseCode::TooLong);
    }

    #[test]
    fn a_message_in_parts_is_bounded_as_a_whole() {
        let half = vec![b'x'; MAX_MESSAGE / 2 + 1];
        let mut inbox = Inbox::default();
        inbox
            .room()
            .extend_from_slice(&masked(OpCode::Data(Data::Text), false, &half));
        inbox
            .room()
            .extend_from_slice(&masked(OpCode::Data(Data::Continue), true, &half));
        assert_eq!(all(&mut inbox), Err(CloseCode::TooLong));
    }
}
